//! Fetches small things over HTTP, from addresses that a stranger's certificate names.
//!
//! So that such a certificate can't make a server call inside its own network, the address is
//! checked after it was resolved, and connected to as checked; at a redirect again.

pub(crate) mod address;
mod dial;
mod error;
mod http;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ::http::Uri;
use ::http::uri::Scheme;
use bytes::Bytes;

pub use self::error::FetchError;
use self::http::Exchange;
use crate::limits::{MAX_LIST_LEN, MAX_RESPONSE_LEN};

/// Redirects followed.
const MAX_REDIRECTS: usize = 3;

/// How a responder is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// By POST: every responder takes it.
    #[default]
    Post,
    /// By GET, which caches on the way can answer (RFC 5019, Section 5), where the request is short
    /// enough (255 bytes); else by POST.
    Get,
}

/// Asks responders and fetches revocation lists. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    pub(crate) method: Method,
    time_limit: Duration,
    allow_private: bool,
    max_list_len: usize,
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Fetcher {
    /// Plain HTTP to public addresses on port 80, ten seconds in all, three redirects.
    ///
    /// What is fetched is signed, so plain HTTP is enough, and usual: HTTPS would have to ask for
    /// the status of its own certificate first.
    #[must_use]
    pub fn new() -> Self {
        Self {
            method: Method::Post,
            time_limit: Duration::from_secs(10),
            allow_private: false,
            max_list_len: MAX_LIST_LEN,
            tls: None,
        }
    }

    /// How responders are asked.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// From the look-up of the name to the last byte, redirects included; ten seconds by default.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Allows addresses of private networks and of this host, and any port: for a PKI of one's own.
    /// Whoever can present a certificate can then make this program send requests there.
    #[must_use]
    pub fn allow_private(mut self, allow: bool) -> Self {
        self.allow_private = allow;
        self
    }

    /// Bytes of a revocation list; 32 MiB by default.
    #[must_use]
    pub fn max_list_len(mut self, bytes: usize) -> Self {
        self.max_list_len = bytes;
        self
    }

    /// Allows `https`, with this configuration.
    #[must_use]
    pub fn tls(mut self, config: Arc<rustls::ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Sends an OCSP request to the responder at `url`: its answer, not verified.
    ///
    /// # Errors
    ///
    /// [`FetchError`] says what stands in the way.
    pub async fn ask(&self, url: &str, request: &crate::OcspRequest) -> Result<Bytes, FetchError> {
        let short = request.as_der().len() * 4 / 3 < 250;
        let exchange = if self.method == Method::Get && short {
            Exchange::get(get_url(url, request.as_der()), MAX_RESPONSE_LEN)
        } else {
            Exchange::post(url.to_owned(), request.as_der(), MAX_RESPONSE_LEN)
        };
        self.fetch(exchange).await
    }

    /// Fetches the revocation list at `url`, as it is: not verified.
    ///
    /// # Errors
    ///
    /// [`FetchError`] says what stands in the way.
    pub async fn list(&self, url: &str) -> Result<Bytes, FetchError> {
        self.fetch(Exchange::get(url.to_owned(), self.max_list_len))
            .await
    }

    async fn fetch(&self, exchange: Exchange) -> Result<Bytes, FetchError> {
        match tokio::time::timeout(self.time_limit, self.follow(exchange)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(FetchError::Late(self.time_limit)),
        }
    }

    /// Follows redirects; each place is judged anew.
    async fn follow(&self, mut exchange: Exchange) -> Result<Bytes, FetchError> {
        for _ in 0..=MAX_REDIRECTS {
            let place = self.place(&exchange.url).await?;
            match http::exchange(&place, &exchange, self.tls.as_ref()).await? {
                http::Answer::Body(body) => return Ok(body),
                http::Answer::Moved(to) => exchange.url = to,
            }
        }
        Err(FetchError::TooManyRedirects)
    }

    /// Where `url` leads, resolved and judged.
    async fn place(&self, url: &str) -> Result<Place, FetchError> {
        let bad = || FetchError::Url(shown(url));
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let https = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(bad()),
        };
        if https && self.tls.is_none() {
            return Err(FetchError::NoTls);
        }
        let host = uri.host().ok_or_else(bad)?.to_owned();
        let usual = if https { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
        if port != 80 && port != 443 && !self.allow_private {
            return Err(FetchError::Port(port));
        }
        let addresses = self.resolve(&host, port).await?;
        Ok(Place {
            uri,
            host,
            addresses,
            https,
        })
    }

    async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, FetchError> {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        let addresses: Vec<SocketAddr> = match literal.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => tokio::net::lookup_host((host, port))
                .await
                .map_err(|error| FetchError::Resolve(shown(host), error.kind()))?
                .collect(),
        };
        self.permitted(host, &addresses)
    }

    /// Those of the addresses of `host` that may be connected to. One bad one among them is left out,
    /// and does not spoil the others.
    fn permitted(
        &self,
        host: &str,
        addresses: &[SocketAddr],
    ) -> Result<Vec<SocketAddr>, FetchError> {
        let allowed =
            |address: &&SocketAddr| self.allow_private || address::is_public(address.ip());
        let permitted: Vec<_> = addresses.iter().filter(allowed).copied().collect();
        match (permitted.is_empty(), addresses.is_empty()) {
            (false, _) => Ok(permitted),
            (true, true) => Err(FetchError::Resolve(
                shown(host),
                std::io::ErrorKind::NotFound,
            )),
            (true, false) => Err(FetchError::PrivateAddress(shown(host))),
        }
    }
}

/// A place on the network that was judged; connected to as it stands here.
struct Place {
    uri: Uri,
    host: String,
    addresses: Vec<SocketAddr>,
    https: bool,
}

/// The URL of a GET: the request in base64 behind the responder's own (RFC 6960, Appendix A.1).
fn get_url(url: &str, request: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(request);
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '+' => escaped.push_str("%2B"),
            '/' => escaped.push_str("%2F"),
            '=' => escaped.push_str("%3D"),
            c => escaped.push(c),
        }
    }
    format!("{}/{escaped}", url.trim_end_matches('/'))
}

/// A stranger's text, bounded and escaped.
fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(200)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(200).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name whose addresses change between two look-ups, or are of both kinds, leads nowhere else:
    /// what was judged is what is connected to.
    #[test]
    fn of_the_addresses_of_a_name_only_the_public_ones_are_used() {
        let at = |ips: &[&str]| -> Vec<SocketAddr> {
            let ips = ips.iter().map(|ip| ip.parse().unwrap());
            ips.map(|ip| SocketAddr::new(ip, 80)).collect()
        };
        let all = at(&["127.0.0.1", "2606:4700::1111", "10.0.0.1", "1.1.1.1"]);
        let permitted = Fetcher::new().permitted("a.test", &all).unwrap();
        assert_eq!(permitted, at(&["2606:4700::1111", "1.1.1.1"]));
        let own = Fetcher::new().allow_private(true);
        assert_eq!(own.permitted("a.test", &all).unwrap(), all);
        let code = |ips: &[&str]| {
            Fetcher::new()
                .permitted("a.test", &at(ips))
                .unwrap_err()
                .code()
        };
        assert_eq!(code(&["127.0.0.1", "::1"]), "fetch_private_address");
        assert_eq!(code(&[]), "fetch_resolve");
    }
}
