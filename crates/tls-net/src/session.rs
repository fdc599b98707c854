//! Sessions on a server: how one is made, and how one that comes back is judged.
//!
//! rustls checks nothing of a session that comes back but suite, extended master secret and server
//! name. So a session is opened here, before rustls sees the hello, under the context that it is
//! offered to; its age, its context and its client certificate are judged; and only then are its
//! bytes laid ready for rustls.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use tls_context::{ClientAuth, SecureContext};
use tls_session_store::{
    ContextId, DynSessionStore, Envelope, Kind, NotResumed, SharedSecret, TicketKeys, Verdict,
};
use zeroize::Zeroizing;

/// A ticket larger than this (long client chains) is not sent: hellos grow with it, and middleboxes
/// drop large ones. A stored session takes its place where there is a store.
const MAX_TICKET: usize = 2048;

/// Length of the ids that rustls makes for stateful sessions.
pub(crate) const SESSION_ID_LEN: usize = 32;

/// The stateful half: a store, and the secret that seals what lies in it.
#[derive(Clone)]
pub(crate) struct StoredSessions {
    pub(crate) store: Arc<dyn DynSessionStore>,
    pub(crate) secret: SharedSecret,
}

impl std::fmt::Debug for StoredSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredSessions").finish_non_exhaustive()
    }
}

/// Makes the sessions of one connection.
#[derive(Debug)]
pub(crate) struct SessionIssuer {
    keys: Option<TicketKeys>,
    secret: Option<SharedSecret>,
    context_id: ContextId,
    /// Seconds; a renewed session keeps the time of the first full handshake.
    lifetime: u64,
    /// Inherited from the session that was resumed.
    first_authenticated: Option<u64>,
    verdict: Option<Verdict>,
    generation: u64,
    maker: Arc<str>,
}

impl SessionIssuer {
    pub(crate) fn new(
        context: &SecureContext,
        keys: Option<TicketKeys>,
        secret: Option<SharedSecret>,
        generation: u64,
        maker: Arc<str>,
    ) -> Self {
        Self {
            keys,
            secret,
            context_id: ContextId(context.context_id()),
            lifetime: context.session_timeout().as_secs(),
            first_authenticated: None,
            verdict: None,
            generation,
            maker,
        }
    }

    /// Sessions made from now on continue this one: its age and verdict are inherited.
    pub(crate) fn inherit(&mut self, session: &OpenedSession) {
        self.first_authenticated = Some(session.first_authenticated);
        self.verdict = Some(session.verdict.clone());
    }

    /// What was found about the client's certificate in this full handshake.
    pub(crate) fn set_verdict(&mut self, verdict: Verdict) {
        self.verdict = Some(verdict);
    }

    /// Whether there is a store beside the ticket keys.
    pub(crate) fn can_store(&self) -> bool {
        self.secret.is_some()
    }

    pub(crate) fn lifetime_hint(&self) -> u32 {
        u32::try_from(self.lifetime).unwrap_or(u32::MAX)
    }

    fn envelope(
        &self,
        kind: Kind,
        now: UnixTime,
        chain: &[CertificateDer<'static>],
        state: &[u8],
    ) -> Envelope {
        let verdict = self.verdict.clone().unwrap_or(if chain.is_empty() {
            Verdict::NoCertificate
        } else {
            Verdict::Good
        });
        Envelope {
            kind,
            context_id: self.context_id,
            first_authenticated: self.first_authenticated.unwrap_or_else(|| now.as_secs()),
            verdict,
            generation: self.generation,
            maker: self.maker.to_string(),
            chain: chain.iter().map(|certificate| certificate.to_vec()).collect(),
            payload: Zeroizing::new(state.to_vec()),
        }
    }

    /// A ticket for `state`, or none where it would be too large.
    pub(crate) fn seal_ticket(
        &self,
        now: UnixTime,
        chain: &[CertificateDer<'static>],
        state: &[u8],
    ) -> Option<Vec<u8>> {
        let envelope = self.envelope(Kind::RustlsTicket, now, chain, state);
        let ticket = self.keys.as_ref()?.seal_envelope(&envelope).ok()?;
        (ticket.len() <= MAX_TICKET).then_some(ticket)
    }

    /// The value to store for `state` under `id`.
    pub(crate) fn seal_stored(
        &self,
        now: UnixTime,
        id: &[u8],
        chain: &[CertificateDer<'static>],
        state: &[u8],
    ) -> Option<Vec<u8>> {
        let envelope = self.envelope(Kind::StoredSession, now, chain, state).encode().ok()?;
        self.secret
            .as_ref()?
            .seal_value(Kind::StoredSession, &self.context_id, id, &envelope)
            .ok()
    }

    /// How long a session made now may still be used.
    pub(crate) fn remaining(&self, now: UnixTime) -> Duration {
        let begun = self.first_authenticated.unwrap_or_else(|| now.as_secs());
        Duration::from_secs((begun + self.lifetime).saturating_sub(now.as_secs()))
    }
}

/// A session that stood up to every check.
pub(crate) struct OpenedSession {
    pub(crate) state: Zeroizing<Vec<u8>>,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) first_authenticated: u64,
    pub(crate) verdict: Verdict,
    pub(crate) maker: String,
}

impl std::fmt::Debug for OpenedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedSession").finish_non_exhaustive()
    }
}

/// Judges the envelope of a session that came back to `context`.
pub(crate) fn judge(
    context: &SecureContext,
    kind: Kind,
    envelope: &[u8],
    now: UnixTime,
) -> Result<OpenedSession, NotResumed> {
    let envelope = Envelope::decode(envelope).map_err(|_| NotResumed::Malformed)?;
    let now_since_epoch = Duration::from_secs(now.as_secs());
    envelope.check(kind, &ContextId(context.context_id()), now_since_epoch, context.session_timeout())?;
    let chain: Vec<_> = envelope.chain.into_iter().map(CertificateDer::from).collect();
    judge_client(context, &chain, &envelope.verdict, now)?;
    Ok(OpenedSession {
        state: envelope.payload,
        chain,
        first_authenticated: envelope.first_authenticated,
        verdict: envelope.verdict,
        maker: envelope.maker,
    })
}

/// The stored client chain against today's trust and dates.
fn judge_client(
    context: &SecureContext,
    chain: &[CertificateDer<'static>],
    verdict: &Verdict,
    now: UnixTime,
) -> Result<(), NotResumed> {
    let demanded = matches!(context.client_auth(), ClientAuth::Required(_));
    match verdict {
        Verdict::NoCertificate if demanded && !context.accepts_any_certificate() => {
            Err(NotResumed::PolicyChanged)
        }
        Verdict::NoCertificate if chain.is_empty() => Ok(()),
        Verdict::NoCertificate => Err(NotResumed::Malformed),
        Verdict::Good => {
            let verifier = context.client_verifier().ok_or(NotResumed::PolicyChanged)?;
            verifier.verify(chain, now).map_err(|_| NotResumed::ChainNoLongerGood)
        }
        // Accepted without proof then; a full handshake says what it is today.
        _ => Err(NotResumed::ChainNoLongerGood),
    }
}
