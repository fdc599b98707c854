//! TCP to a host by name: resolution and happy eyeballs, by hyper-util's connector.

use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::connector::{ConnectError, ip_literal};

const DEFAULT_PORT: u16 = 443;

/// Splits `host:port`, `[v6]:port`, `host` or a bare address.
pub(crate) fn split_host_port(text: &str) -> Result<(&str, u16), ConnectError> {
    let wrong = || ConnectError::Address(text.to_owned());
    if ip_literal(text).is_some() {
        return Ok((text, DEFAULT_PORT));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (text, DEFAULT_PORT),
    };
    let bare_v6 = host.contains(':') && !host.starts_with('[');
    if host.is_empty() || bare_v6 {
        return Err(wrong());
    }
    Ok((host, port))
}

/// The name to check, from the host to connect to.
pub(crate) fn server_name(host: &str, text: &str) -> Result<ServerName<'static>, ConnectError> {
    if let Some(ip) = ip_literal(host) {
        return Ok(ServerName::from(ip));
    }
    ServerName::try_from(host.to_owned()).map_err(|_| ConnectError::Address(text.to_owned()))
}

/// Connects to the first of the host's addresses that answers, both families side by side.
pub(crate) async fn dial(
    host: &str,
    port: u16,
    limit: Duration,
) -> Result<TcpStream, ConnectError> {
    let authority = match ip_literal(host) {
        Some(std::net::IpAddr::V6(ip)) => format!("[{ip}]:{port}"),
        _ => format!("{host}:{port}"),
    };
    let uri = Uri::builder()
        .scheme("https")
        .authority(authority.as_str())
        .path_and_query("/");
    let uri = uri
        .build()
        .map_err(|_| ConnectError::Address(authority.clone()))?;
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    match tokio::time::timeout(limit, connector.call(uri)).await {
        Ok(Ok(io)) => Ok(io.into_inner()),
        Ok(Err(error)) => Err(ConnectError::Unreachable {
            host: host.to_owned(),
            port,
            source: io_error(error),
        }),
        Err(_) => Err(ConnectError::Timeout {
            host: host.to_owned(),
            port,
            limit,
        }),
    }
}

/// The system's error from within the connector's, so that its kind is known.
fn io_error(error: impl std::error::Error + Send + Sync + 'static) -> std::io::Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return match io.raw_os_error() {
                Some(code) => std::io::Error::from_raw_os_error(code),
                // What resolvers report has no number.
                None => std::io::Error::new(std::io::ErrorKind::NotFound, io.to_string()),
            };
        }
        source = inner.source();
    }
    std::io::Error::other(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_told_apart() {
        let table: [(&str, Option<(&str, u16)>); 9] = [
            ("example.org:8443", Some(("example.org", 8443))),
            ("example.org", Some(("example.org", 443))),
            ("127.0.0.1:1", Some(("127.0.0.1", 1))),
            ("::1", Some(("::1", 443))),
            ("[::1]:8443", Some(("[::1]", 8443))),
            ("[::1]", Some(("[::1]", 443))),
            ("example.org:", None),
            (":443", None),
            ("example.org:port", None),
        ];
        for (text, expected) in table {
            assert_eq!(split_host_port(text).ok(), expected, "{text}");
        }
    }
}
