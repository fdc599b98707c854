//! `TlsConnector`: the client's side.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::time_provider::TimeProvider;
use tls_context::SecureContext;
use tls_ocsp::StaplePolicy;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::client_session::ClientSession;
use crate::connect;
use crate::dial;
use crate::error::HandshakeError;
use crate::hooks::BoxError;
use crate::limits::{CONNECT_TIMEOUT, HANDSHAKE_TIMEOUT};
use crate::psk_client::PskClient;
use crate::staples::StapleCheck;
use crate::stream::TlsStream;

/// Makes TLS connections to servers.
///
/// Cheap to clone.
///
/// ```no_run
/// # async fn get() -> Result<(), Box<dyn std::error::Error>> {
/// use tls_certs::Trust;
/// use tls_context::SecureContext;
/// use tls_net::TlsConnector;
/// use tokio::io::AsyncWriteExt;
///
/// let connector =
///     TlsConnector::from(SecureContext::client(Trust::mozilla()).alpn(["http/1.1"]).build()?);
/// match connector.connect_to("example.org:443").await {
///     Ok(mut stream) => stream.write_all(b"GET / HTTP/1.1\r\nhost: example.org\r\n\r\n").await?,
///     Err(error) => {
///         if let Some(why) = error.certificate() {
///             eprintln!("{}: {}: {}", why.code.as_str(), why.subject, why.hint);
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "connect")]
pub struct TlsConnector {
    pub(crate) context: SecureContext,
    pub(crate) session: Option<ClientSession>,
    pub(crate) psk: Option<PskClient>,
    pub(crate) connect_timeout: Duration,
    pub(crate) handshake_timeout: Duration,
    pub(crate) server_name: Option<ServerName<'static>>,
    pub(crate) clock: Option<Arc<dyn TimeProvider>>,
    pub(crate) staples: StapleCheck,
    #[cfg(feature = "ocsp")]
    pub(crate) crl_keeper: Option<tls_ocsp::CrlKeeper>,
}

impl std::fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsConnector")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl From<SecureContext> for TlsConnector {
    fn from(context: SecureContext) -> Self {
        Self {
            context,
            session: None,
            psk: None,
            connect_timeout: CONNECT_TIMEOUT,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            server_name: None,
            clock: None,
            staples: StapleCheck::default(),
            #[cfg(feature = "ocsp")]
            crl_keeper: None,
        }
    }
}

impl TlsConnector {
    /// The time limit of finding and reaching the server; 10 s by default.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// The time limit of the handshake; 10 s by default.
    #[must_use]
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    /// The name that [`connect_to`](Self::connect_to) sends and checks, in place of the host it
    /// connects to (`CON-09`, `CON-11`).
    #[doc(alias = "servername")]
    #[must_use]
    pub fn server_name(mut self, name: ServerName<'static>) -> Self {
        self.server_name = Some(name);
        self
    }

    /// The clock by which certificates and sessions are judged; the system's by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn TimeProvider>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How much is made of OCSP staples: by default ([`StaplePolicy::Prefer`]) a verified "revoked"
    /// refuses the server, and a certificate that demands a staple (RFC 7633) is held to it. The
    /// verdict is in [`ConnectionInfo::staple_verdict`](crate::ConnectionInfo::staple_verdict).
    #[must_use]
    pub fn staples(mut self, policy: StaplePolicy) -> Self {
        self.staples.policy = policy;
        self
    }

    /// Keeps the server's OCSP response for
    /// [`ConnectionInfo::ocsp_response`](crate::ConnectionInfo::ocsp_response) (`OCS-01`). It is asked
    /// for, and judged, in any case.
    #[doc(alias = "requestOCSP")]
    #[must_use]
    pub fn request_ocsp(mut self, keep: bool) -> Self {
        self.staples.keep = keep;
        self
    }

    /// Lets `keeper` fetch the revocation lists that servers' certificates name. The context takes
    /// [`CrlKeeper::lists`](tls_ocsp::CrlKeeper::lists) as its `crls`. Until a list is there, its
    /// certificates are refused, or taken under
    /// [`CrlPolicy::accept_missing`](tls_certs::CrlPolicy::accept_missing): no handshake waits.
    #[cfg(feature = "ocsp")]
    #[must_use]
    pub fn crl_keeper(mut self, keeper: tls_ocsp::CrlKeeper) -> Self {
        self.crl_keeper = Some(keeper);
        self
    }

    /// Shows each server's OCSP response, or that there is none, to `check` before the connection is
    /// there (`OCS-05`); an error ends the handshake. Not called for resumed sessions, which have
    /// none. Must not block.
    #[doc(alias = "OCSPResponse")]
    #[must_use]
    pub fn check_ocsp_response<F, E>(mut self, check: F) -> Self
    where
        F: Fn(Option<&[u8]>) -> Result<(), E> + Send + Sync + 'static,
        E: Into<BoxError>,
    {
        self.staples.hook = Some(Arc::new(move |response| {
            check(response).map_err(Into::into)
        }));
        self
    }

    /// Offers `session` in the next connection (`SES-01`). It is never an error if it does not
    /// resume: [`ConnectionInfo::resumption`](crate::ConnectionInfo::resumption) says why.
    #[must_use]
    pub fn resuming(&self, session: ClientSession) -> Self {
        Self {
            session: Some(session),
            ..self.clone()
        }
    }

    /// Makes the handshake over `io`, which can be any duplex stream, another `TlsStream` included
    /// (`CON-04`).
    ///
    /// # Errors
    ///
    /// Whatever [`HandshakeError`] tells. `io` is closed then.
    pub async fn connect<IO>(
        &self,
        name: ServerName<'static>,
        io: IO,
    ) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        connect::connect(self, name, None, None, io).await
    }

    /// Connects to `host:port` over TCP, then makes the handshake. All addresses of the host are
    /// tried, IPv6 and IPv4 side by side (RFC 8305); without a port, 443.
    ///
    /// # Errors
    ///
    /// The text is no `host:port`, the host can't be found or reached, or the handshake fails.
    pub async fn connect_to(&self, host_port: &str) -> Result<TlsStream<TcpStream>, ConnectError> {
        let (host, port) = dial::split_host_port(host_port)?;
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => dial::server_name(host, host_port)?,
        };
        let io = dial::dial(host, port, self.connect_timeout).await?;
        let peer = io.peer_addr().ok();
        let error = match connect::connect(self, name.clone(), Some(port), peer, io).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let may_try_again = self.psk.as_ref().is_some_and(|psk| psk.or_certificate);
        if !may_try_again || !error.is_psk_not_accepted() {
            return Err(ConnectError::Handshake(error));
        }
        // A connection of its own, under the ordinary verification.
        let without_psk = Self {
            psk: None,
            ..self.clone()
        };
        let io = dial::dial(host, port, self.connect_timeout).await?;
        let peer = io.peer_addr().ok();
        let stream = connect::connect(&without_psk, name, Some(port), peer, io).await;
        stream.map_err(ConnectError::Handshake)
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The text is no `host:port`.
    #[error("\"{0}\" is no HOST:PORT; write example.org:443, or [::1]:443 for an IPv6 address")]
    Address(String),
    /// The host can't be found or reached.
    #[error("can't reach {host}:{port}: {source}")]
    Unreachable {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Nothing answered in time.
    #[error("{host}:{port} did not answer within {limit:?}")]
    Timeout {
        /// The host asked for.
        host: String,
        /// The port asked for.
        port: u16,
        /// The limit.
        limit: Duration,
    },
    /// The handshake failed.
    #[error(transparent)]
    Handshake(HandshakeError),
}

impl ConnectError {
    /// A stable name for this error, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Unreachable { .. } => "unreachable",
            Self::Timeout { .. } => "connect_timeout",
            Self::Handshake(error) => error.code(),
        }
    }

    /// Node's code, where it has one.
    pub fn node_code(&self) -> Option<&'static str> {
        match self {
            Self::Address(_) => Some("ERR_INVALID_ARG_VALUE"),
            Self::Unreachable { source, .. } => match source.kind() {
                io::ErrorKind::ConnectionRefused => Some("ECONNREFUSED"),
                io::ErrorKind::NotFound => Some("ENOTFOUND"),
                _ => None,
            },
            Self::Timeout { .. } => Some("ETIMEDOUT"),
            Self::Handshake(error) => error.node_code(),
        }
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &str {
        match self {
            Self::Address(_) => "give host and port",
            Self::Unreachable { .. } => "check the name, the port, and that the server runs",
            Self::Timeout { .. } => "check the address and any firewall in between",
            Self::Handshake(error) => error.hint(),
        }
    }

    /// Why the server's certificate was refused, if that is what happened.
    pub fn certificate(&self) -> Option<&tls_certs::Refusal> {
        self.handshake()?.certificate()
    }

    /// The failed handshake, if it came to one.
    pub fn handshake(&self) -> Option<&HandshakeError> {
        match self {
            Self::Handshake(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ConnectError> for io::Error {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Handshake(error) => error.into(),
            ConnectError::Unreachable { source, .. } => source,
            ConnectError::Timeout { .. } => Self::new(io::ErrorKind::TimedOut, error),
            ConnectError::Address(_) => Self::new(io::ErrorKind::InvalidInput, error),
        }
    }
}

/// `IpAddr` parsing lives here so that brackets are dealt with once.
pub(crate) fn ip_literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}
