//! `TlsAcceptor`: everything a server asks or waits for, around contexts that are plain data.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::time_provider::TimeProvider;
use tls_context::{SecureContext, SniMap};
use tls_session_store::{DynSessionStore, SessionStore, SharedSecret, TicketKeys};
use tls_wire::ClientHello;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::ToSocketAddrs;
use tokio::time::Instant;

use crate::accept::{self, AtWork};
use crate::admission::Admission;
use crate::early_data::MOST_EARLY_DATA;
use crate::engine;
use crate::error::{Error, HandshakeError, HandshakeErrorKind, Phase};
use crate::hooks::{BoxError, ChooseContext, ChooseProtocol, Hook, OcspResponse};
use crate::limits::Limits;
use crate::listener::Listener;
use crate::server::Server;
use crate::session::StoredSessions;
use crate::staples::StapleQuestion;
use crate::stream::TlsStream;

/// The contexts of an acceptor, swapped as one.
#[derive(Clone, Debug)]
pub(crate) struct Contexts {
    pub(crate) default: SecureContext,
    pub(crate) named: SniMap<(Arc<str>, SecureContext)>,
    pub(crate) generation: u64,
    /// The longest lifetime of a session in any of them, as long as it was there.
    pub(crate) longest_session: Duration,
}

impl Contexts {
    pub(crate) fn add(&mut self, pattern: &str, context: SecureContext) -> Result<(), Error> {
        engine::lowered::server(&context).map_err(|source| Error::NamedContext {
            pattern: pattern.to_owned(),
            source,
        })?;
        self.longest_session = self.longest_session.max(context.session_timeout());
        self.named
            .insert(pattern, (Arc::from(pattern), context))
            .map_err(|source| Error::Pattern {
                pattern: pattern.to_owned(),
                source,
            })
    }
}

pub(crate) type OnFailure = Arc<dyn Fn(&HandshakeError) + Send + Sync>;

/// What all clones of an acceptor share.
pub(crate) struct Shared {
    pub(crate) contexts: ArcSwap<Contexts>,
    pub(crate) choose_context: Option<ChooseContext>,
    pub(crate) choose_protocol: Option<ChooseProtocol>,
    pub(crate) ocsp_response: Option<OcspResponse>,
    #[cfg(feature = "ocsp")]
    pub(crate) stapler: Option<tls_ocsp::Stapler>,
    pub(crate) ticket_keys: Option<TicketKeys>,
    pub(crate) tickets: bool,
    pub(crate) stored: Option<StoredSessions>,
    /// Bytes of early data that a client may send; 0 for none.
    pub(crate) early_data: u32,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) limits: Limits,
    pub(crate) admission: Arc<Admission>,
    pub(crate) keep_hello: bool,
    pub(crate) worker: Arc<str>,
    pub(crate) clock: Option<Arc<dyn TimeProvider>>,
}

/// Accepts TLS connections: over sockets it binds, a listener it is given, or any duplex stream.
///
/// Cheap to clone; clones share contexts, sessions, ticket keys and limits.
///
/// ```no_run
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// use tls_certs::Identity;
/// use tls_context::SecureContext;
/// use tls_net::TlsAcceptor;
///
/// let context = SecureContext::server(Identity::from_pem_files("cert.pem", "key.pem")?).build()?;
/// let server = TlsAcceptor::from(context).bind("127.0.0.1:8443").await?;
/// while let Some(stream) = server.accept().await? {
///     tokio::spawn(async move {
///         let (mut r, mut w) = tokio::io::split(stream);
///         tokio::io::copy(&mut r, &mut w).await
///     });
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "createServer")]
pub struct TlsAcceptor(pub(crate) Arc<Shared>);

impl std::fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsAcceptor")
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

impl From<SecureContext> for TlsAcceptor {
    /// An acceptor with defaults. A context that can't serve is told by each connection's
    /// [`HandshakeError`]; [`TlsAcceptor::builder`] tells it at once.
    fn from(context: SecureContext) -> Self {
        AcceptorBuilder::new(context).finish(TicketKeys::generate().ok())
    }
}

impl TlsAcceptor {
    /// Begins an acceptor whose connections get `default` unless a name or a hook says otherwise.
    pub fn builder(default: SecureContext) -> AcceptorBuilder {
        AcceptorBuilder::new(default)
    }

    /// Makes the handshake over `io`, which can be any duplex stream, another `TlsStream` included.
    ///
    /// # Errors
    ///
    /// Whatever [`HandshakeError`] tells; it was also given to `on_failure`. `io` is closed then.
    pub async fn accept<IO>(&self, io: IO) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.accept_from(io, &[], None)
            .await
            .map(|(stream, _)| stream)
    }

    /// As [`accept`](Self::accept), with bytes that were already read from `io`.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub async fn accept_prefixed<IO>(
        &self,
        io: IO,
        prefix: &[u8],
    ) -> Result<TlsStream<IO>, HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.accept_from(io, prefix, None)
            .await
            .map(|(stream, _)| stream)
    }

    pub(crate) async fn accept_from<IO>(
        &self,
        io: IO,
        prefix: &[u8],
        peer: Option<SocketAddr>,
    ) -> Result<(TlsStream<IO>, AtWork), HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let watched = Watched {
            shared: &self.0,
            peer,
            begun: Instant::now(),
            done: false,
        };
        let outcome = accept::accept(&self.0, io, prefix, peer, watched.begun).await;
        watched.end(outcome)
    }

    /// Binds TCP sockets and serves them.
    ///
    /// # Errors
    ///
    /// The address can't be bound (in use, no permission, unknown name).
    pub async fn bind(&self, addr: impl ToSocketAddrs) -> io::Result<Server> {
        Ok(self.listen(tokio::net::TcpListener::bind(addr).await?))
    }

    /// Serves the connections of `listener`.
    pub fn listen<L: Listener>(&self, listener: L) -> Server<L> {
        Server::new(self.clone(), listener)
    }
}

/// Sees to it that a handshake that failed is reported, also one that nobody waits for any more.
struct Watched<'a> {
    shared: &'a Shared,
    peer: Option<SocketAddr>,
    begun: Instant,
    done: bool,
}

impl Watched<'_> {
    fn end<T>(mut self, outcome: Result<T, HandshakeError>) -> Result<T, HandshakeError> {
        self.done = true;
        outcome.map_err(|error| self.report(error))
    }

    fn report(&self, error: HandshakeError) -> HandshakeError {
        let error = error.with_peer(self.peer, self.begun.elapsed());
        accept::report(self.shared, &error);
        error
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        // A second panic would end the process.
        if !self.done && !std::thread::panicking() {
            let kind = HandshakeErrorKind::Abandoned;
            self.report(HandshakeError::new(kind, Phase::Handshake));
        }
    }
}

/// Puts an acceptor together.
pub struct AcceptorBuilder {
    contexts: Contexts,
    choose_context: Option<ChooseContext>,
    choose_protocol: Option<ChooseProtocol>,
    ocsp_response: Option<OcspResponse>,
    #[cfg(feature = "ocsp")]
    stapler: Option<tls_ocsp::Stapler>,
    ticket_keys: Option<TicketKeys>,
    tickets: bool,
    stored: Option<StoredSessions>,
    early_data: u32,
    on_failure: Option<OnFailure>,
    limits: Limits,
    keep_hello: bool,
    worker: Arc<str>,
    clock: Option<Arc<dyn TimeProvider>>,
    /// The first thing that was wrong; told by `build`.
    error: Option<Error>,
}

impl std::fmt::Debug for AcceptorBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AcceptorBuilder")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl AcceptorBuilder {
    fn new(default: SecureContext) -> Self {
        Self {
            contexts: Contexts {
                longest_session: default.session_timeout(),
                default,
                named: SniMap::new(),
                generation: 1,
            },
            choose_context: None,
            choose_protocol: None,
            ocsp_response: None,
            #[cfg(feature = "ocsp")]
            stapler: None,
            ticket_keys: None,
            tickets: true,
            stored: None,
            early_data: 0,
            on_failure: None,
            limits: Limits::default(),
            keep_hello: false,
            worker: Arc::from(std::process::id().to_string()),
            clock: None,
            error: None,
        }
    }

    /// Serves `context` to clients that ask for `pattern`: a host name, or one with `*` for one
    /// label or a part of it (`SNI-01`, `SNI-02`). An exact name beats a pattern; of several
    /// patterns that match, the newest wins. Its client-certificate policy comes with it.
    #[doc(alias = "addContext")]
    pub fn context(mut self, pattern: &str, context: SecureContext) -> Self {
        if let Err(error) = self.contexts.add(pattern, context) {
            self.error.get_or_insert(error);
        }
        self
    }

    /// Asks `choose` for the context where no name added by [`context`](Self::context) matched.
    /// `None` means the default. An error, a panic or a delay ends that one connection.
    #[doc(alias = "SNICallback")]
    pub fn choose_context<F, Fut, E>(mut self, choose: F) -> Self
    where
        F: Fn(ClientHello) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<SecureContext>, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.choose_context = Some(Hook::new("choose_context", choose));
        self
    }

    /// Asks `choose` for the application protocol of each client that offers any (`ALP-05`), in
    /// place of the context's list. `None`, or a protocol that was not offered, refuses the
    /// connection with `no_application_protocol`.
    #[doc(alias = "ALPNCallback")]
    pub fn choose_protocol<F, Fut, E>(mut self, choose: F) -> Self
    where
        F: Fn(ClientHello) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Vec<u8>>, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.choose_protocol = Some(Hook::new("choose_protocol", choose));
        self
    }

    /// Asks `respond` for the OCSP response to staple, for each client that wants one and with the
    /// certificate that it will get (`OCS-02`); the handshake waits (`OCS-04`). `None` staples none,
    /// an error, a panic or a delay ends that one connection. The bytes are sent as they are
    /// (`OCS-07`). What fetches, verifies and refreshes by itself is the stapler (feature `ocsp`).
    #[doc(alias = "OCSPRequest")]
    pub fn ocsp_response<F, Fut, E>(mut self, respond: F) -> Self
    where
        F: Fn(StapleQuestion) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Vec<u8>>, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.ocsp_response = Some(Hook::new("ocsp_response", respond));
        self
    }

    /// Staples what `stapler` has for the certificate of each connection, and lets it watch every
    /// certificate that is served from the first time on. No handshake waits for it. Where
    /// [`ocsp_response`](Self::ocsp_response) is set, that answers instead.
    #[cfg(feature = "ocsp")]
    pub fn stapler(mut self, stapler: tls_ocsp::Stapler) -> Self {
        self.stapler = Some(stapler);
        self
    }

    /// Keeps sessions in `store`, sealed under `secret`: session ids of TLS 1.2, stateful tickets
    /// of TLS 1.3. Tickets sealed under ticket keys are then no longer made, unless
    /// [`ticket_keys`](Self::ticket_keys) are given as well.
    #[doc(alias = "newSession")]
    #[doc(alias = "resumeSession")]
    pub fn sessions(mut self, store: impl SessionStore, secret: SharedSecret) -> Self {
        let store: Arc<dyn DynSessionStore> = Arc::new(store);
        self.stored = Some(StoredSessions { store, secret });
        self.tickets = self.ticket_keys.is_some();
        self
    }

    /// Seals tickets under `keys` (`TKT-01`); workers with the same keys and equal contexts resume
    /// each other's. Without this, each acceptor makes keys of its own, which do not rotate.
    ///
    /// The keys' [lifetime](TicketKeys::lifetime) becomes at least that of the contexts' sessions.
    /// Keys [by the clock](TicketKeys::by_clock) seal no tickets in TLS 1.2 unless
    /// [allowed](TicketKeys::allow_tls12_tickets): such a session goes to the store, if there is one.
    #[doc(alias = "ticketKeys")]
    pub fn ticket_keys(mut self, keys: TicketKeys) -> Self {
        self.ticket_keys = Some(keys);
        self.tickets = true;
        self
    }

    /// Takes up to `bytes` of early data (0-RTT) from clients that resume a session of TLS 1.3
    /// (`SES-12`); 0, the default, takes none. Needs [`sessions`](Self::sessions), and makes every
    /// session of TLS 1.3 a stored one, ticket keys or not: each is taken from the store once, so
    /// a replay finds nothing, on whichever worker.
    ///
    /// At most once holds against the network, not against whoever can write to the store; and early
    /// data is refused until the store has been connected for two minutes, since a failover may
    /// undo what was taken. Workers' clocks should agree to some seconds.
    ///
    /// Streams are handed out when the handshake is done, which no replay ever does, so early bytes
    /// are safe to act on once they can be read;
    /// [`TlsStream::early_data_len`](crate::TlsStream::early_data_len) says which they are. Raising
    /// the limit is free; lowering it ends connections of clients whose tickets allow more.
    pub fn early_data(mut self, bytes: u32) -> Self {
        self.early_data = bytes;
        self
    }

    /// Called once for each connection whose handshake failed (`SEV-03`). Must not block.
    #[doc(alias = "tlsClientError")]
    pub fn on_failure(mut self, f: impl Fn(&HandshakeError) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Arc::new(f));
        self
    }

    /// From the accepted connection to the whole ClientHello; 5 s by default.
    pub fn hello_timeout(mut self, limit: Duration) -> Self {
        self.limits.hello_timeout = limit;
        self
    }

    /// From the accepted connection to the finished handshake; 10 s by default (`SRV-03`: Node
    /// gives 120 s).
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.limits.handshake_timeout = limit;
        self
    }

    /// The time limit of each hook; 5 s by default.
    pub fn hook_timeout(mut self, limit: Duration) -> Self {
        self.limits.hook_timeout = limit;
        self
    }

    /// How long a handshake waits for the session store; 25 ms by default.
    pub fn store_timeout(mut self, limit: Duration) -> Self {
        self.limits.store_timeout = limit;
        self
    }

    /// Connections that have not sent a whole hello; when full, the oldest goes. 4,096 by default.
    pub fn max_pending(mut self, connections: usize) -> Self {
        self.limits.max_pending = connections;
        self
    }

    /// Handshakes at work at once; when full, others wait. 256 by default.
    pub fn max_handshakes(mut self, handshakes: usize) -> Self {
        self.limits.max_handshakes = handshakes;
        self
    }

    /// Streams in the application's hands at once; when full, the server accepts no more until
    /// one goes. Unlimited by default.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.limits.max_connections = Some(connections);
        self
    }

    /// For each stream, as [`TlsStream::set_idle_timeout`]; no limit by default.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle_timeout = Some(limit);
        self
    }

    /// For each stream, as [`TlsStream::set_write_timeout`]; no limit by default.
    pub fn write_timeout(mut self, limit: Duration) -> Self {
        self.limits.write_timeout = Some(limit);
        self
    }

    /// Keeps each connection's hello (offers, JA4) in its `ConnectionInfo`. Off by default, since
    /// it costs half a kilobyte or more for as long as the connection lives.
    pub fn keep_hello(mut self, keep: bool) -> Self {
        self.keep_hello = keep;
        self
    }

    /// The name of this worker, told to whoever resumes a session it made; the process id by
    /// default.
    pub fn worker_name(mut self, name: &str) -> Self {
        self.worker = Arc::from(name);
        self
    }

    /// The clock by which certificates and sessions are judged; the system's by default.
    pub fn clock(mut self, clock: Arc<dyn TimeProvider>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Puts the acceptor together.
    ///
    /// # Errors
    ///
    /// A context that can't serve, a pattern that can't match, a limit of zero, early data without a
    /// session store or above 64 KiB.
    pub fn build(self) -> Result<TlsAcceptor, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        engine::lowered::server(&self.contexts.default).map_err(Error::DefaultContext)?;
        self.limits.check()?;
        if self.early_data > 0 && self.stored.is_none() {
            return Err(Error::EarlyDataWithoutStore);
        }
        if self.early_data > MOST_EARLY_DATA {
            return Err(Error::EarlyDataLimit {
                bytes: self.early_data,
                most: MOST_EARLY_DATA,
            });
        }
        let fresh = match self.ticket_keys {
            None if self.tickets => Some(TicketKeys::generate().map_err(Error::TicketKeys)?),
            _ => None,
        };
        Ok(self.finish(fresh))
    }

    fn finish(self, fresh: Option<TicketKeys>) -> TlsAcceptor {
        let keys = self.ticket_keys.or(fresh);
        if let Some(keys) = &keys {
            // Before the first ticket: keys that were published earlier may already be old.
            keys.cover_lifetime(self.contexts.longest_session);
        }
        TlsAcceptor(Arc::new(Shared {
            contexts: ArcSwap::from_pointee(self.contexts),
            choose_context: self.choose_context,
            choose_protocol: self.choose_protocol,
            ocsp_response: self.ocsp_response,
            #[cfg(feature = "ocsp")]
            stapler: self.stapler,
            tickets: self.tickets && keys.is_some(),
            ticket_keys: keys,
            stored: self.stored,
            early_data: self.early_data,
            on_failure: self.on_failure,
            admission: Admission::new(self.limits.max_pending, self.limits.max_handshakes),
            limits: self.limits,
            keep_hello: self.keep_hello,
            worker: self.worker,
            clock: self.clock,
        }))
    }
}
