//! One request and its answer, by hyper, over a connection of its own.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{FetchError, Place, dial};

/// What is asked.
pub(super) struct Exchange {
    pub(super) url: String,
    body: Option<Bytes>,
    max_len: usize,
}

impl Exchange {
    pub(super) fn get(url: String, max_len: usize) -> Self {
        Self {
            url,
            body: None,
            max_len,
        }
    }

    pub(super) fn post(url: String, body: &[u8], max_len: usize) -> Self {
        Self {
            url,
            body: Some(Bytes::copy_from_slice(body)),
            max_len,
        }
    }

    fn request(&self, place: &Place) -> Result<Request<Full<Bytes>>, FetchError> {
        let path = place.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = place
            .uri
            .authority()
            .map_or("", |authority| authority.as_str());
        // Names and passwords before the host are nobody's business.
        let host = authority.rsplit('@').next().unwrap_or_default();
        let builder = Request::builder()
            .uri(path)
            .header(HOST, host)
            .header(USER_AGENT, concat!("tls-ocsp/", env!("CARGO_PKG_VERSION")));
        match &self.body {
            Some(body) => builder
                .method(Method::POST)
                .header(CONTENT_TYPE, "application/ocsp-request")
                .body(Full::new(body.clone())),
            None => builder.method(Method::GET).body(Full::default()),
        }
        .map_err(http_error)
    }
}

/// What came back.
pub(super) enum Answer {
    Body(Bytes),
    Moved(String),
}

pub(super) async fn exchange(
    place: &Place,
    exchange: &Exchange,
    tls: Option<&Arc<rustls::ClientConfig>>,
) -> Result<Answer, FetchError> {
    let request = exchange.request(place)?;
    let tcp = dial::first(&place.addresses).await;
    let tcp = tcp.map_err(FetchError::Connect)?;
    if !place.https {
        return over(tcp, request, place, exchange.max_len).await;
    }
    let config = tls.ok_or(FetchError::NoTls)?;
    let host = place.host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned()).map_err(http_error)?;
    let tls = TlsConnector::from(Arc::clone(config))
        .connect(name, tcp)
        .await;
    over(
        tls.map_err(FetchError::Connect)?,
        request,
        place,
        exchange.max_len,
    )
    .await
}

async fn over<IO>(
    io: IO,
    request: Request<Full<Bytes>>,
    place: &Place,
    max_len: usize,
) -> Result<Answer, FetchError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io))
        .await
        .map_err(http_error)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(http_error)?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION);
            let to = to.and_then(|to| redirected(&place.uri, to));
            return to
                .map(Answer::Moved)
                .ok_or(FetchError::Status(status.as_u16()));
        }
        if status != StatusCode::OK {
            return Err(FetchError::Status(status.as_u16()));
        }
        body(response.into_body(), max_len).await.map(Answer::Body)
    };
    // Both in this task: dropping the future ends the connection too.
    tokio::pin!(answer, connection);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        ended = &mut connection => match ended {
            // The last bytes of the body may be on their way within.
            Ok(()) => answer.await,
            Err(error) => Err(http_error(error)),
        },
    }
}

async fn body(mut body: Incoming, max_len: usize) -> Result<Bytes, FetchError> {
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(http_error)?;
        if let Ok(data) = frame.into_data() {
            if collected.len() + data.len() > max_len {
                return Err(FetchError::TooLarge(max_len));
            }
            collected.extend_from_slice(&data);
        }
    }
    Ok(collected.freeze())
}

/// Where a `Location` leads: a whole URL, or a path on the same host. It can't leave HTTPS.
fn redirected(from: &Uri, to: &HeaderValue) -> Option<String> {
    let to: Uri = to.to_str().ok()?.parse().ok()?;
    match (to.scheme_str(), from.scheme_str()) {
        (Some("http"), Some("https")) => None,
        (Some(_), _) => Some(to.to_string()),
        (None, Some(scheme)) if to.path().starts_with('/') => {
            Some(format!("{scheme}://{}{}", from.authority()?, to))
        }
        _ => None,
    }
}

fn http_error(error: impl std::error::Error + Send + Sync + 'static) -> FetchError {
    FetchError::Http(Box::new(error))
}
