//! `TlsAcceptor`: everything a server asks or waits for, around contexts that are plain data.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tls_context::{SecureContext, SniMap};
use tls_session_store::{ContextId, DynSessionStore, SessionStore, SharedSecret, TicketKeys};
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
use crate::limits::{Limits, MAX_REPLACED};
use crate::listener::Listener;
use crate::psk_server::PskServer;
use crate::revocation::{self, Revocations, SessionsOf};
use crate::server::Server;
use crate::session::StoredSessions;
use crate::staples::StapleQuestion;
use crate::store_guard::{OnStoreState, StoreGuard};
use crate::store_state::StoreState;
use crate::stream::TlsStream;

/// The contexts of an acceptor, swapped as one.
#[derive(Clone, Debug)]
pub(crate) struct Contexts {
    pub(crate) default: SecureContext,
    pub(crate) named: SniMap<(Arc<str>, SecureContext)>,
    pub(crate) generation: u64,
    /// The longest lifetime of a session in any of them, as long as it was there.
    pub(crate) longest_session: Duration,
    /// The ids of contexts that were replaced by others, the latest first.
    pub(crate) replaced: Vec<ContextId>,
}

impl Contexts {
    /// Adds `context`; the one that had this pattern before.
    pub(crate) fn add(
        &mut self,
        pattern: &str,
        context: SecureContext,
    ) -> Result<Option<SecureContext>, Error> {
        engine::lowered::server(&context).map_err(|source| Error::NamedContext {
            pattern: pattern.to_owned(),
            source,
        })?;
        self.longest_session = self.longest_session.max(context.session_timeout());
        let before = self.named.remove(pattern).map(|(_, context)| context);
        let id = context.context_id();
        self.named
            .insert(pattern, (Arc::from(pattern), context))
            .map_err(|source| Error::Pattern {
                pattern: pattern.to_owned(),
                source,
            })?;
        if let Some(before) = &before {
            self.note_replaced(before, id);
        }
        Ok(before)
    }

    /// The default context, and all that have a name.
    #[cfg(feature = "ocsp")]
    fn all(&self) -> impl Iterator<Item = &SecureContext> {
        let named = self.named.values().map(|(_, context)| context);
        std::iter::once(&self.default).chain(named)
    }

    /// Makes `context` the default; the one before.
    pub(crate) fn set_default(&mut self, context: SecureContext) -> SecureContext {
        let id = context.context_id();
        let before = std::mem::replace(&mut self.default, context);
        self.note_replaced(&before, id);
        before
    }

    fn note_replaced(&mut self, before: &SecureContext, id: [u8; 32]) {
        let before = ContextId(before.context_id());
        self.replaced.retain(|one| *one != before);
        if before.0 != id {
            self.replaced.insert(0, before);
        }
        self.replaced.truncate(MAX_REPLACED);
    }
}

pub(crate) type OnFailure = Arc<dyn Fn(&HandshakeError) + Send + Sync>;

/// What all clones of an acceptor share.
pub(crate) struct Shared {
    pub(crate) contexts: ArcSwap<Contexts>,
    pub(crate) choose_context: Option<ChooseContext>,
    pub(crate) choose_protocol: Option<ChooseProtocol>,
    pub(crate) psk: Option<PskServer>,
    pub(crate) ocsp_response: Option<OcspResponse>,
    #[cfg(feature = "ocsp")]
    pub(crate) stapler: Option<tls_ocsp::Stapler>,
    #[cfg(feature = "ocsp")]
    pub(crate) crl_keeper: Option<tls_ocsp::CrlKeeper>,
    pub(crate) ticket_keys: Option<TicketKeys>,
    pub(crate) tickets: bool,
    pub(crate) stored: Option<StoredSessions>,
    /// Bytes of early data that a client may send; 0 for none.
    pub(crate) early_data: u32,
    pub(crate) revocations: Revocations,
    pub(crate) end_sessions_on_replace: bool,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) limits: Limits,
    pub(crate) admission: Arc<Admission>,
    pub(crate) keep_hello: bool,
    pub(crate) worker: Arc<str>,
    pub(crate) clock: Option<Arc<dyn TimeProvider>>,
}

impl Shared {
    /// The time by which certificates and sessions are judged.
    pub(crate) fn now(&self) -> UnixTime {
        self.clock
            .as_ref()
            .and_then(|clock| clock.current_time())
            .unwrap_or_else(UnixTime::now)
    }

    /// See [`TlsAcceptor::revoke_sessions`].
    pub(crate) async fn revoke_sessions(&self, whose: &SessionsOf) -> Result<(), Error> {
        let key = whose.key();
        let until = self.revocations.revoke(key, self.now().as_secs());
        match &self.stored {
            Some(stored) => revocation::publish(stored, key, until)
                .await
                .map_err(Error::RevocationNotShared),
            None => Ok(()),
        }
    }

    /// `context` is no longer used at its place.
    pub(crate) fn context_was_replaced(&self, context: &SecureContext) {
        if self.end_sessions_on_replace {
            let now = self.now().as_secs();
            let earlier = context.earlier_context_ids();
            for id in std::iter::once(context.context_id()).chain(earlier) {
                self.revocations.revoke_context(&ContextId(id), now);
            }
        }
    }
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

    /// The session store as the handshakes see it; `None` without one.
    pub fn store_state(&self) -> Option<StoreState> {
        self.0.stored.as_ref().map(|stored| stored.guard.state())
    }

    /// Ends the sessions of some clients: what was made until now, and in the five minutes after it
    /// (the clocks of workers differ), does not resume, whether the client keeps it as a ticket or the
    /// store does. At once in this process, once the call is polled. Where there is a store, other
    /// workers with it hear of it too: they ask it about each session that carries a client
    /// certificate, and make a full handshake when it can't say. This process tells a store that has
    /// forgotten it again within a minute, as long as it lives.
    ///
    /// Connections that exist go on, and a full handshake succeeds as before as long as the
    /// certificate verifies: to shut a client out, put its certificate on a
    /// [CRL](tls_certs::Crls), or take its CA away. Both are asked at each resumption as well.
    ///
    /// # Errors
    ///
    /// The store did not take it: other workers go on resuming these sessions. Call again.
    pub async fn revoke_sessions(&self, whose: &SessionsOf) -> Result<(), Error> {
        revocation::keep_published(&self.0);
        self.0.revoke_sessions(whose).await
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

/// A store that is back may have lost what was revoked: it is told again. Then the application is.
fn on_store_state(shared: Weak<Shared>, tell: Option<OnStoreState>) -> OnStoreState {
    Arc::new(move |state| {
        if let (StoreState::Working, Some(shared)) = (state, shared.upgrade()) {
            tokio::spawn(async move {
                if let Some(stored) = &shared.stored {
                    let now = shared.now().as_secs();
                    revocation::publish_all(stored, &shared.revocations, now).await;
                }
            });
        }
        if let Some(tell) = &tell {
            tell(state);
        }
    })
}

/// Puts an acceptor together.
pub struct AcceptorBuilder {
    contexts: Contexts,
    choose_context: Option<ChooseContext>,
    choose_protocol: Option<ChooseProtocol>,
    pub(crate) psk: Option<PskServer>,
    ocsp_response: Option<OcspResponse>,
    #[cfg(feature = "ocsp")]
    stapler: Option<tls_ocsp::Stapler>,
    #[cfg(feature = "ocsp")]
    crl_keeper: Option<tls_ocsp::CrlKeeper>,
    ticket_keys: Option<TicketKeys>,
    tickets: bool,
    early_data: u32,
    store: Option<(Arc<dyn DynSessionStore>, SharedSecret)>,
    on_store_state: Option<OnStoreState>,
    end_sessions_on_replace: bool,
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
                replaced: Vec::new(),
            },
            choose_context: None,
            choose_protocol: None,
            psk: None,
            ocsp_response: None,
            #[cfg(feature = "ocsp")]
            stapler: None,
            #[cfg(feature = "ocsp")]
            crl_keeper: None,
            ticket_keys: None,
            tickets: true,
            early_data: 0,
            store: None,
            on_store_state: None,
            end_sessions_on_replace: false,
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

    /// Staples what `stapler` has for the certificate of each connection. It watches those of all
    /// contexts, also of contexts that are added and of files that are read again, before a client asks;
    /// and those of contexts that a hook chooses from the first time on. No handshake waits for it.
    /// Where [`ocsp_response`](Self::ocsp_response) is set, that answers instead.
    #[cfg(feature = "ocsp")]
    pub fn stapler(mut self, stapler: tls_ocsp::Stapler) -> Self {
        self.stapler = Some(stapler);
        self
    }

    /// Lets `keeper` fetch the revocation lists that clients' certificates name. Contexts that judge
    /// by them take [`CrlKeeper::lists`](tls_ocsp::CrlKeeper::lists) as their `crls`. Until a list is
    /// there, its certificates are refused, or taken under
    /// [`CrlPolicy::accept_missing`](tls_certs::CrlPolicy::accept_missing): no handshake waits.
    #[cfg(feature = "ocsp")]
    pub fn crl_keeper(mut self, keeper: tls_ocsp::CrlKeeper) -> Self {
        self.crl_keeper = Some(keeper);
        self
    }

    /// Keeps sessions in `store`, sealed under `secret`: session ids of TLS 1.2, stateful tickets
    /// of TLS 1.3, each of which resumes once. Workers with equal contexts, the same store and the
    /// same secret resume each other's.
    ///
    /// With a store alone, nothing else is made. With [`ticket_keys`](Self::ticket_keys) as well,
    /// clients get tickets under those keys, which need no store to resume; stored are the sessions
    /// of clients that take no tickets (TLS 1.2) and those whose certificates are too long for one.
    ///
    /// No handshake waits for the store longer than [`store_timeout`](Self::store_timeout). After a
    /// few misses in a row none asks it any more, and no stateful session is made, until it
    /// answers again: see [`on_store_state`](Self::on_store_state). A store must not block its
    /// thread; one that panics is taken for one that is away.
    #[doc(alias = "newSession")]
    #[doc(alias = "resumeSession")]
    pub fn sessions(mut self, store: impl SessionStore, secret: SharedSecret) -> Self {
        self.store = Some((Arc::new(store), secret));
        self.tickets = self.ticket_keys.is_some();
        self
    }

    /// Called at each change of the [state of the store](StoreState), which `tracing` and the
    /// metrics tell as well. Must not block.
    pub fn on_store_state(mut self, f: impl Fn(&StoreState) + Send + Sync + 'static) -> Self {
        self.on_store_state = Some(Arc::new(f));
        self
    }

    /// Whether replacing a context ([`ServerHandle::set_context`](crate::ServerHandle::set_context),
    /// [`add_context`](crate::ServerHandle::add_context)) also ends the sessions that it made, in
    /// this process. Off by default: sessions of an equal policy still resume (`SRV-18`), those of
    /// another never do.
    pub fn end_sessions_on_replace(mut self, end: bool) -> Self {
        self.end_sessions_on_replace = end;
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

    /// How long a handshake waits for the session store, all its calls together; 25 ms by default.
    pub fn store_timeout(mut self, limit: Duration) -> Self {
        self.limits.store_timeout = limit;
        self
    }

    /// Session look-ups in the store at once; beyond them a handshake is a full one. 128 by default.
    pub fn max_lookups(mut self, lookups: usize) -> Self {
        self.limits.max_lookups = lookups;
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
        if let Some(psk) = &self.psk {
            psk.check(&self.contexts)?;
        }
        if self.early_data > 0 && self.store.is_none() {
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
        let shared = Arc::new_cyclic(|shared| Shared {
            contexts: ArcSwap::from_pointee(self.contexts),
            choose_context: self.choose_context,
            choose_protocol: self.choose_protocol,
            psk: self.psk,
            ocsp_response: self.ocsp_response,
            #[cfg(feature = "ocsp")]
            stapler: self.stapler,
            #[cfg(feature = "ocsp")]
            crl_keeper: self.crl_keeper,
            tickets: self.tickets && keys.is_some(),
            ticket_keys: keys,
            early_data: self.early_data,
            stored: self.store.map(|(store, secret)| StoredSessions {
                guard: StoreGuard::new(
                    store,
                    &self.limits,
                    on_store_state(shared.clone(), self.on_store_state),
                ),
                secret,
            }),
            revocations: Revocations::default(),
            end_sessions_on_replace: self.end_sessions_on_replace,
            on_failure: self.on_failure,
            admission: Admission::new(self.limits.max_pending, self.limits.max_handshakes),
            limits: self.limits,
            keep_hello: self.keep_hello,
            worker: self.worker,
            clock: self.clock,
        });
        #[cfg(feature = "ocsp")]
        for context in shared.contexts.load().all() {
            crate::staples::watch_identities(&shared, context);
        }
        TlsAcceptor(shared)
    }
}
