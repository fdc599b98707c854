//! A memory store as rustls wants it.

use std::time::Duration;

use rustls::server::StoresServerSessions;

use crate::limits::{DEFAULT_LIFETIME, MAX_LIFETIME};
use crate::{
    Clock, ContextId, Envelope, Error, Kind, MemoryStore, NotResumed, SharedSecret, Verdict,
};

/// Sessions of plain rustls in a [`MemoryStore`]: for
/// [`ServerConfig::session_storage`](rustls::ServerConfig::session_storage).
///
/// Several configs may share one store: each session is sealed under the [`ContextId`] that made it, and
/// opens under that one only. **The context must differ between configs that differ in client
/// authentication**, since rustls resumes without looking at it.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tls_session_store::{ContextId, MemoryStore, RustlsSessions, SharedSecret};
///
/// # fn main() -> Result<(), tls_session_store::Error> {
/// let (store, secret) = (MemoryStore::new(), SharedSecret::generate()?);
/// let public = RustlsSessions::new(store.clone(), secret.clone(), ContextId::from_label("public"));
/// let staff = RustlsSessions::new(store, secret, ContextId::from_label("staff: client certificates of CA 7"))
///     .with_lifetime(Duration::from_secs(300));
/// // config.session_storage = Arc::new(public);
/// # let _ = (Arc::new(public), Arc::new(staff));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RustlsSessions {
    store: MemoryStore,
    secret: SharedSecret,
    context: ContextId,
    lifetime: Duration,
    clock: Clock,
}

impl RustlsSessions {
    /// Sessions of one context in `store`, good for 7,200 s.
    #[must_use]
    pub fn new(store: MemoryStore, secret: SharedSecret, context: ContextId) -> Self {
        Self {
            store,
            secret,
            context,
            lifetime: DEFAULT_LIFETIME,
            clock: Clock::unix(),
        }
    }

    /// How long a session resumes; at most seven days (RFC 8446, Section 4.6.1).
    ///
    /// rustls announces 24 hours to TLS 1.3 clients in any case; a client that comes too late makes a
    /// full handshake.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime.min(MAX_LIFETIME);
        self
    }

    /// Another clock, of Unix time; for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn seal(&self, id: &[u8], payload: Vec<u8>) -> Result<Vec<u8>, Error> {
        let envelope = Envelope {
            first_authenticated: self.clock.now().as_secs(),
            // rustls does not tell a store what it verified.
            verdict: Verdict::NotRecorded,
            generation: 0,
            maker: String::new(),
            context_id: self.context,
            kind: Kind::StoredSession,
            chain: Vec::new(),
            payload: payload.into(),
        };
        self.secret
            .seal_value(Kind::StoredSession, &self.context, id, &envelope.encode()?)
    }

    fn open(&self, id: &[u8], sealed: &[u8]) -> Result<Vec<u8>, NotResumed> {
        let plain = self
            .secret
            .open_value(Kind::StoredSession, &self.context, id, sealed)?;
        let mut envelope = Envelope::decode(&plain).map_err(|_| NotResumed::Malformed)?;
        envelope.check(
            Kind::StoredSession,
            &self.context,
            self.clock.now(),
            self.lifetime,
        )?;
        Ok(std::mem::take(&mut *envelope.payload))
    }

    fn found(&self, id: &[u8], sealed: Option<Vec<u8>>) -> Option<Vec<u8>> {
        self.open(id, &sealed?)
            .inspect_err(|reason| tracing::debug!(reason = reason.code(), "session not resumed"))
            .ok()
    }
}

impl StoresServerSessions for RustlsSessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.seal(&key, value)
            .and_then(|sealed| self.store.put_now(&key, sealed, self.lifetime))
            .inspect_err(|error| tracing::warn!(code = error.code(), "session not stored"))
            .is_ok()
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.found(key, self.store.get_now(key))
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.found(key, self.store.take_now(key))
    }

    fn can_cache(&self) -> bool {
        true
    }
}
