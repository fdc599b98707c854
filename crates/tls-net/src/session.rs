//! Sessions on a server: how one is made, and how one that comes back is judged.
//!
//! rustls checks nothing of a session that comes back but suite, extended master secret and server
//! name. So a session is opened here, before rustls sees the hello, under the context that it is
//! offered to; its age, its context and its client certificate are judged; and only then are its
//! bytes laid ready for rustls.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use tls_context::SecureContext;
use tls_session_store::{
    ContextId, Envelope, Kind, NotResumed, OpenFailure, SharedSecret, TicketKeys, Verdict,
};
use zeroize::Zeroizing;

use crate::store_guard::StoreGuard;

/// A ticket larger than this is not sent, since every hello carries it. A client chain stands in it
/// twice, ours to be judged and rustls's own: two RSA certificates of 2,048 bits come to some
/// 4.5 KiB. A session with a longer chain is stored instead, where there is a store.
const MAX_TICKET: usize = 6 * 1024;

/// Length of the ids that rustls makes for stateful sessions.
pub(crate) const SESSION_ID_LEN: usize = 32;

/// The id of what is in the store and no session. Of another length: whoever offers a session by its
/// id has it looked up, and taken away in TLS 1.3, before he has proved anything.
pub(crate) type StoredId = [u8; 24];

/// The stateful half: a store, and the secret that seals what lies in it.
#[derive(Clone)]
pub(crate) struct StoredSessions {
    pub(crate) guard: Arc<StoreGuard>,
    pub(crate) secret: SharedSecret,
}

impl std::fmt::Debug for StoredSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredSessions").finish_non_exhaustive()
    }
}

/// What a full handshake proved of the client, and when. A session carries it, and one renewed
/// from it carries the same: its age counts from the first full handshake.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    /// Unix time, in seconds.
    pub(crate) at: u64,
    pub(crate) verdict: Verdict,
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

impl Authenticated {
    /// A client of whom nothing was proved.
    pub(crate) fn nobody(now: UnixTime) -> Self {
        Self {
            at: now.as_secs(),
            verdict: Verdict::NoCertificate,
            chain: Vec::new(),
        }
    }
}

/// Makes the sessions of one connection.
#[derive(Debug)]
pub(crate) struct SessionIssuer {
    pub(crate) keys: Option<TicketKeys>,
    pub(crate) secret: Option<SharedSecret>,
    pub(crate) context_id: ContextId,
    pub(crate) lifetime: Duration,
    pub(crate) generation: u64,
    /// The name of this worker.
    pub(crate) maker: Arc<str>,
}

impl SessionIssuer {
    /// Whether there are ticket keys.
    pub(crate) fn can_seal(&self) -> bool {
        self.keys.is_some()
    }

    /// Whether there is a store beside the ticket keys.
    pub(crate) fn can_store(&self) -> bool {
        self.secret.is_some()
    }

    /// Seconds that a ticket made now is said to live.
    pub(crate) fn lifetime_hint(&self) -> u32 {
        u32::try_from(self.lifetime.as_secs()).unwrap_or(u32::MAX)
    }

    /// How long a session of this client may still be used.
    pub(crate) fn remaining(&self, client: &Authenticated, now: UnixTime) -> Duration {
        let end = client.at.saturating_add(self.lifetime.as_secs());
        Duration::from_secs(end.saturating_sub(now.as_secs()))
    }

    /// A ticket for `state`, or none where it would be too large.
    pub(crate) fn seal_ticket(&self, client: &Authenticated, state: &[u8]) -> Option<Vec<u8>> {
        let envelope = self.envelope(Kind::RustlsTicket, client, state);
        let ticket = self.keys.as_ref()?.seal_envelope(&envelope).ok()?;
        (ticket.len() <= MAX_TICKET).then_some(ticket)
    }

    /// The value to store for `state` under `id`.
    pub(crate) fn seal_stored(
        &self,
        client: &Authenticated,
        id: &[u8],
        state: &[u8],
    ) -> Option<Vec<u8>> {
        let envelope = self
            .envelope(Kind::StoredSession, client, state)
            .encode()
            .ok()?;
        let secret = self.secret.as_ref()?;
        secret
            .seal_value(Kind::StoredSession, &self.context_id, id, &envelope)
            .ok()
    }

    fn envelope(&self, kind: Kind, client: &Authenticated, state: &[u8]) -> Envelope {
        Envelope {
            kind,
            context_id: self.context_id,
            first_authenticated: client.at,
            verdict: client.verdict.clone(),
            generation: self.generation,
            maker: self.maker.to_string(),
            chain: client
                .chain
                .iter()
                .map(|certificate| certificate.to_vec())
                .collect(),
            payload: Zeroizing::new(state.to_vec()),
        }
    }
}

/// A session that stood up to every check.
pub(crate) struct OpenedSession {
    pub(crate) state: Zeroizing<Vec<u8>>,
    /// Under which it opened: that of now, or one from before the watched trust changed.
    pub(crate) context_id: ContextId,
    pub(crate) client: Authenticated,
    pub(crate) maker: String,
}

impl std::fmt::Debug for OpenedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedSession").finish_non_exhaustive()
    }
}

/// Opens a session under the id of `context`, else under those that it had before its watched
/// trust changed: [`judge`] asks today's trust in any case. Under the ids of `replaced` contexts
/// only to tell the reason.
pub(crate) fn open_under_ids<T>(
    context: &SecureContext,
    replaced: impl FnOnce() -> Vec<ContextId>,
    open: impl Fn(&ContextId) -> Result<T, OpenFailure>,
) -> Result<(ContextId, T), NotResumed> {
    let id = ContextId(context.context_id());
    let failure = match open(&id) {
        Ok(opened) => return Ok((id, opened)),
        Err(failure) => failure,
    };
    for id in context.earlier_context_ids().into_iter().map(ContextId) {
        if let Ok(opened) = open(&id) {
            return Ok((id, opened));
        }
    }
    if failure == OpenFailure::NotAuthentic && replaced().iter().any(|id| open(id).is_ok()) {
        return Err(NotResumed::PolicyChanged);
    }
    Err(failure.into())
}

/// Judges the envelope of a session that came back to `context`, and was opened under
/// `context_id`.
pub(crate) fn judge(
    context: &SecureContext,
    context_id: &ContextId,
    kind: Kind,
    envelope: &[u8],
    now: UnixTime,
) -> Result<OpenedSession, NotResumed> {
    let envelope = Envelope::decode(envelope).map_err(|_| NotResumed::Malformed)?;
    let lifetime = context.session_timeout();
    envelope.check(
        kind,
        context_id,
        Duration::from_secs(now.as_secs()),
        lifetime,
    )?;
    let client = Authenticated {
        at: envelope.first_authenticated,
        verdict: envelope.verdict,
        chain: envelope
            .chain
            .into_iter()
            .map(CertificateDer::from)
            .collect(),
    };
    judge_client(context, &client, now)?;
    Ok(OpenedSession {
        state: envelope.payload,
        context_id: *context_id,
        client,
        maker: envelope.maker,
    })
}

/// The stored client chain against today's policy, trust and dates.
fn judge_client(
    context: &SecureContext,
    client: &Authenticated,
    now: UnixTime,
) -> Result<(), NotResumed> {
    let demanded = context.client_auth().is_required() && !context.accepts_any_certificate();
    match &client.verdict {
        Verdict::NoCertificate if demanded => Err(NotResumed::PolicyChanged),
        Verdict::NoCertificate if client.chain.is_empty() => Ok(()),
        Verdict::NoCertificate => Err(NotResumed::Malformed),
        Verdict::Good => {
            let verifier = context.client_verifier().ok_or(NotResumed::PolicyChanged)?;
            verifier
                .verify(&client.chain, now)
                .map_err(|_| NotResumed::ChainNoLongerGood)
        }
        // Accepted without proof then; a full handshake says what it is today.
        _ => Err(NotResumed::ChainNoLongerGood),
    }
}
