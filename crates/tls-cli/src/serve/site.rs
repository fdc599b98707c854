//! What the server answers to a request.

use std::sync::Arc;

use hyper::header::{self, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response, StatusCode, Version};
use serde_json::json;
use tls::net::ConnectionInfo;
use tls::wire::ClientHello;

use super::early::{Arrival, gateway_says_early, may_be_repeated};
use super::page;
use super::zeros::{Content, MOST};
use crate::connection_report::ConnectionReport;
use crate::named_contexts::NamedContexts;
use crate::names;

/// One visitor's connection.
pub(super) struct Visit {
    pub(super) contexts: Arc<NamedContexts>,
    pub(super) info: ConnectionInfo,
    pub(super) arrival: Arc<Arrival>,
}

impl Visit {
    pub(super) fn answer<B>(&self, request: &Request<B>) -> Response<Content> {
        let host = host(request);
        if self
            .contexts
            .is_misdirected(host.as_deref(), self.info.context_rule())
        {
            let text = "This connection was made for another name. Connect anew.\n";
            return respond(StatusCode::MISDIRECTED_REQUEST, TEXT, text.to_owned());
        }
        let early = self.arrival.next_is_early();
        if (early || gateway_says_early(request.headers())) && !may_be_repeated(request.method()) {
            let text = "Somebody may have sent this request before. Send it again.\n";
            return respond(StatusCode::TOO_EARLY, TEXT, text.to_owned());
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut refused = respond(
                StatusCode::METHOD_NOT_ALLOWED,
                TEXT,
                "Only GET and HEAD.\n".to_owned(),
            );
            refused
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        let response = self.get(request.uri().path(), request.version(), early);
        if request.method() == Method::HEAD {
            without_content(response)
        } else {
            response
        }
    }

    fn get(&self, path: &str, version: Version, early: bool) -> Response<Content> {
        match path {
            "/" => respond(
                StatusCode::OK,
                HTML,
                page::render(&self.report(), &self.info, early),
            ),
            "/connection.json" => respond(
                StatusCode::OK,
                JSON,
                format!("{:#}\n", self.json(version, early)),
            ),
            _ => match path.strip_prefix("/bytes/") {
                Some(count) => bytes(count),
                None => respond(StatusCode::NOT_FOUND, TEXT, PATHS.to_owned()),
            },
        }
    }

    fn report(&self) -> ConnectionReport {
        ConnectionReport::of(&self.info)
    }

    /// The report, and what does not fit into the line of an event.
    fn json(&self, version: Version, early: bool) -> serde_json::Value {
        let mut json = json!(self.report());
        if let Some(fields) = json.as_object_mut() {
            fields.insert("v".to_owned(), json!(1));
            fields.insert("pid".to_owned(), json!(std::process::id()));
            fields.insert("http".to_owned(), json!(format!("{version:?}")));
            fields.insert("request_early".to_owned(), json!(early));
            fields.insert("offers".to_owned(), json!(self.info.hello().map(offers)));
        }
        json
    }
}

/// What the client offered, by name.
pub(super) fn offers(hello: &ClientHello) -> serde_json::Value {
    let suite = |suite: tls::wire::CipherSuite| {
        suite
            .iana_name()
            .map_or_else(|| format!("0x{:04x}", suite.0), str::to_owned)
    };
    let protocol = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    json!({
        "versions": hello.supported_versions().map(|v| v.to_string()).collect::<Vec<_>>(),
        "ciphers": hello.cipher_suites().map(suite).collect::<Vec<_>>(),
        "groups": hello.named_groups().map(|g| names::wire_group(g.0)).collect::<Vec<_>>(),
        "alpn": hello.alpn_protocols().map(protocol).collect::<Vec<_>>(),
    })
}

fn bytes(count: &str) -> Response<Content> {
    match count.parse::<u64>() {
        Ok(count) if count <= MOST => respond(StatusCode::OK, BINARY, Content::Zeros(count)),
        _ => {
            let text = format!("A whole number from 0 to {MOST} belongs here.\n");
            respond(StatusCode::BAD_REQUEST, TEXT, text)
        }
    }
}

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const BINARY: &str = "application/octet-stream";
const PATHS: &str = "Nothing here. There is /, /connection.json and /bytes/N.\n";

fn respond(
    status: StatusCode,
    kind: &'static str,
    content: impl Into<Content>,
) -> Response<Content> {
    let content = content.into();
    let length = hyper::body::Body::size_hint(&content).exact();
    let mut response = Response::new(content);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        // Each connection has its own page.
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, page::POLICY),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

/// The answer to HEAD: the length is told, the content is not sent.
fn without_content(response: Response<Content>) -> Response<Content> {
    response.map(|_| Content::Text(hyper::body::Bytes::new()))
}

/// The host that is asked for, without port: of the URI (h2), else of the header.
fn host<B>(request: &Request<B>) -> Option<String> {
    if let Some(host) = request.uri().host() {
        return Some(host.to_owned());
    }
    let value = request.headers().get(header::HOST)?;
    Authority::try_from(value.as_bytes())
        .ok()
        .map(|authority| authority.host().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_comes_from_the_uri_or_the_header() {
        let request = |uri: &str, host: &str| {
            let request = Request::builder().uri(uri).header(header::HOST, host);
            super::host(&request.body(()).unwrap())
        };
        assert_eq!(request("/", "a.test:8443").as_deref(), Some("a.test"));
        assert_eq!(
            request("https://b.test/", "a.test").as_deref(),
            Some("b.test")
        );
        assert_eq!(request("/", "[::1]:1").as_deref(), Some("[::1]"));
        assert_eq!(request("/", "not a host"), None);
    }

    #[test]
    fn bytes_are_bounded() {
        for (count, status) in [
            ("0", 200),
            ("10737418240", 200),
            ("10737418241", 400),
            ("-1", 400),
            ("1e3", 400),
            ("", 400),
        ] {
            assert_eq!(bytes(count).status().as_u16(), status, "{count}");
        }
    }
}
