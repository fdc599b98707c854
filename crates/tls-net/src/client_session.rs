//! `ClientSession`: a session that one connection hands out and another takes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use tls_certs::Refusal;
use tls_context::SecureContext;
use tls_ocsp::StaplePolicy;
use tls_psk::PskSession;
use tls_session_store::NotResumed;
use tls_wire::new_session_ticket::MAX_LIFETIME;

use crate::engine::client_slot::SessionValue;
use crate::stream::SharedInbox;

/// A session to resume: given out by [`TlsStream::session`](crate::TlsStream::session), taken by
/// [`TlsConnector::resuming`](crate::TlsConnector::resuming).
///
/// It is used once: a ticket offered twice lets an observer link the two connections (RFC 8446,
/// Appendix C.4). It works in this process only, since rustls can't serialise it, and only under
/// the server name and the verification policy that made it; otherwise the connection makes a full
/// handshake and says why.
///
/// Offer it with the [`SecureContext`] that made it or a clone of that: rustls drops sessions of
/// a context that is merely built alike, and the session is then used up.
#[derive(Clone)]
#[doc(alias = "session")]
pub struct ClientSession(Arc<Inner>);

struct Inner {
    bound_to: Binding,
    value: Mutex<Option<Kept>>,
}

/// A session as its engine keeps it.
pub(crate) enum Kept {
    Rustls(SessionValue),
    Psk(PskSession),
}

/// What a session is bound to.
#[derive(Clone)]
pub(crate) struct Binding {
    pub(crate) server_name: ServerName<'static>,
    pub(crate) port: Option<u16>,
    /// The context's verification identity.
    pub(crate) verification_id: [u8; 32],
    pub(crate) proof: Proven,
    /// When that was verified in a full handshake.
    pub(crate) first_verified: UnixTime,
    pub(crate) refusal: Option<Refusal>,
    /// What was made of the staple in that handshake.
    pub(crate) staples: StaplePolicy,
}

/// How the server proved who it is.
#[derive(Clone)]
pub(crate) enum Proven {
    /// With this chain, which is verified again.
    ByChain(Arc<[CertificateDer<'static>]>),
    /// With the pre-shared key, which has to be offered again.
    ByKey,
}

/// Where sessions wait until the application takes them.
pub(crate) enum Inbox {
    Rustls(SharedInbox),
    /// With the clock by which their age counts.
    Psk(tls_psk::SessionInbox, Option<Arc<dyn TimeProvider>>),
}

impl Inbox {
    /// The newest, since its ticket lives longest.
    fn take(&self) -> Option<Kept> {
        match self {
            Self::Rustls(inbox) => inbox.take().map(Kept::Rustls),
            Self::Psk(inbox, clock) => {
                let now = clock.as_ref().and_then(|clock| clock.current_time());
                let now = now.unwrap_or_else(UnixTime::now).as_secs();
                inbox.take(Duration::from_secs(now)).pop().map(Kept::Psk)
            }
        }
    }
}

/// Where a stream takes its sessions from.
pub(crate) struct SessionSource {
    pub(crate) inbox: Inbox,
    pub(crate) bound_to: Binding,
    /// A TLS 1.2 session without the extended master secret must not be resumed (RFC 7627).
    pub(crate) usable: bool,
}

impl SessionSource {
    pub(crate) fn take(&self) -> Option<ClientSession> {
        if !self.usable {
            return None;
        }
        let value = Mutex::new(Some(self.inbox.take()?));
        Some(ClientSession(Arc::new(Inner {
            bound_to: self.bound_to.clone(),
            value,
        })))
    }
}

impl ClientSession {
    /// The name that it is for.
    pub fn server_name(&self) -> &ServerName<'static> {
        &self.0.bound_to.server_name
    }

    /// Whether it was used already.
    pub fn is_used(&self) -> bool {
        self.0
            .value
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }

    pub(crate) fn binding(&self) -> &Binding {
        &self.0.bound_to
    }

    /// Takes the session for a connection to `server_name` under `context`, if it may be offered
    /// there: never under another name or another policy, and only if its chain is still good.
    pub(crate) fn take_for(
        &self,
        context: &SecureContext,
        server_name: &ServerName<'static>,
        port: Option<u16>,
        now: UnixTime,
    ) -> Result<Kept, NotResumed> {
        let bound = &self.0.bound_to;
        let same_port = bound.port.is_none() || port.is_none() || bound.port == port;
        if bound.server_name != *server_name || !same_port {
            return Err(NotResumed::OtherContext);
        }
        if bound.verification_id != context.verification_id() {
            return Err(NotResumed::PolicyChanged);
        }
        let age = now.as_secs().checked_sub(bound.first_verified.as_secs());
        if age.is_none_or(|age| age > MAX_LIFETIME.as_secs()) {
            return Err(NotResumed::Expired);
        }
        if let (Proven::ByChain(chain), false) = (&bound.proof, context.accepts_any_certificate()) {
            let verifier = context.server_verifier().ok_or(NotResumed::PolicyChanged)?;
            let verified = verifier.verify(chain, server_name, now);
            verified.map_err(|_| NotResumed::ChainNoLongerGood)?;
        }
        let mut value = self.0.value.lock().unwrap_or_else(PoisonError::into_inner);
        value.take().ok_or(NotResumed::Unknown)
    }
}

impl std::fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSession")
            .field("server_name", &self.0.bound_to.server_name)
            .field("used", &self.is_used())
            .finish_non_exhaustive()
    }
}
