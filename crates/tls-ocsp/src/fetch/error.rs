//! Why something could not be fetched.

use std::io;
use std::time::Duration;

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address is no `http` or `https` URL.
    #[error("{0:?} is no http or https URL")]
    Url(String),
    /// The address is `https`, and no TLS configuration was given.
    #[error("an https address, and no TLS configuration was given to the fetcher")]
    NoTls,
    /// The port is neither 80 nor 443.
    #[error("port {0} is neither 80 nor 443; allow private addresses if this PKI is your own")]
    Port(u16),
    /// The name can't be resolved.
    #[error("the name {0} can't be resolved: {1}")]
    Resolve(String, io::ErrorKind),
    /// The name leads into a private network, or to this host.
    #[error("{0} leads into a private network; allow private addresses if this PKI is your own")]
    PrivateAddress(String),
    /// The place can't be reached.
    #[error("it can't be reached: {0}")]
    Connect(#[source] io::Error),
    /// The connection, or what came over it, is no good HTTP.
    #[error("HTTP failed: {0}")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another status than 200.
    #[error("it answers with the HTTP status {0}")]
    Status(u16),
    /// More redirects than are followed.
    #[error("it sends from one place to the next")]
    TooManyRedirects,
    /// The body is larger than allowed.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// It took longer than the time limit.
    #[error("no answer within {0:?}")]
    Late(Duration),
}

impl FetchError {
    /// A stable name for this error, in snake case; `docs/errors.md` lists all.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url(_) => "fetch_url",
            Self::NoTls => "fetch_no_tls",
            Self::Port(_) => "fetch_port",
            Self::Resolve(..) => "fetch_resolve",
            Self::PrivateAddress(_) => "fetch_private_address",
            Self::Connect(_) => "fetch_connect",
            Self::Http(_) => "fetch_http",
            Self::Status(_) => "fetch_status",
            Self::TooManyRedirects => "fetch_redirects",
            Self::TooLarge(_) => "fetch_too_large",
            Self::Late(_) => "fetch_late",
        }
    }
}
