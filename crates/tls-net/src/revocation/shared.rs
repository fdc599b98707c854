//! Revocations that all workers with one store know of.
//!
//! An entry is a sealed time under an id that is made of what was revoked and the secret of the
//! workers. Those who resume a session with a client certificate ask for the entries that could be
//! about it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use tls_context::MAX_SESSION_TIMEOUT;
use tls_session_store::{ContextId, Error, Kind, NotResumed};

use super::{Key, Revocations};
use crate::accept::Incoming;
use crate::acceptor::Shared;
use crate::limits::{MAX_REVOCATION_KEYS, REVOKE_AGAIN, REVOKE_PACE, REVOKE_TIMEOUT};
use crate::session::{StoredId, StoredSessions};

/// Tells the other workers that nothing of `key` resumes that was made until `until`.
pub(crate) async fn publish(stored: &StoredSessions, key: Key, until: u64) -> Result<(), Error> {
    let id = key.stored_ids(&stored.secret).next();
    // A secret is never empty, so that there is one.
    let id = id.ok_or(Error::Randomness)?;
    let value =
        stored
            .secret
            .seal_value(Kind::Revocation, &context(), &id, &until.to_be_bytes())?;
    // No session lives longer, whatever its context says.
    let put = stored.guard.put_patiently(&id, value, MAX_SESSION_TIMEOUT);
    match tokio::time::timeout(REVOKE_TIMEOUT, put).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::StoreLate {
            limit: REVOKE_TIMEOUT,
        }),
    }
}

/// The same for all that is known here, to a store that may have forgotten it.
pub(crate) async fn publish_all(stored: &StoredSessions, revocations: &Revocations, now: u64) {
    for (key, until) in revocations.to_publish(now) {
        if publish(stored, key, until).await.is_err() {
            return;
        }
    }
}

/// Begins to tell the store again and again of all that is known here, unless somebody does: one that
/// was restarted or emptied, or makes room, forgets without a word.
pub(crate) fn keep_published(shared: &Arc<Shared>) {
    let begun = &shared.revocations.telling;
    if shared.stored.is_some() && !begun.swap(true, Ordering::AcqRel) {
        tokio::spawn(tell_again(Telling(Arc::downgrade(shared))));
    }
}

/// Whoever ends it, the runtime included, lets another begin.
struct Telling(Weak<Shared>);

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.revocations.telling.store(false, Ordering::Release);
        }
    }
}

/// Until the last acceptor is gone.
async fn tell_again(telling: Telling) {
    let mut known = 0;
    loop {
        tokio::time::sleep(REVOKE_AGAIN.max(REVOKE_PACE * known)).await;
        let Some(shared) = telling.0.upgrade() else {
            return;
        };
        let now = shared.now().as_secs();
        known = u32::try_from(shared.revocations.to_publish(now).len()).unwrap_or(u32::MAX);
        if let Some(stored) = &shared.stored {
            publish_all(stored, &shared.revocations, now).await;
        }
    }
}

/// Asks whether another worker revoked a session of the client of `keys`, first authenticated at
/// `at`.
pub(crate) async fn ask(
    incoming: &Incoming<'_>,
    stored: &StoredSessions,
    keys: &[Key],
    at: u64,
) -> Result<(), NotResumed> {
    if keys.len() > MAX_REVOCATION_KEYS {
        return Err(NotResumed::TooManyLookups);
    }
    let (keys, ids): (Vec<&Key>, Vec<StoredId>) = keys
        .iter()
        .flat_map(|key| key.stored_ids(&stored.secret).map(move |id| (key, id)))
        .unzip();
    let found = stored.guard.get_all(&ids, &incoming.store_time).await?;
    for ((key, id), found) in keys.into_iter().zip(&ids).zip(found) {
        let Some(value) = found else { continue };
        let opened = stored
            .secret
            .open_value(Kind::Revocation, &context(), id, &value);
        // Junk where a revocation belongs is taken for one: a full handshake harms nobody.
        let until = opened
            .ok()
            .and_then(|until| <[u8; 8]>::try_from(until.as_slice()).ok())
            .map_or(u64::MAX, u64::from_be_bytes);
        if until != u64::MAX {
            incoming
                .shared
                .revocations
                .learn(*key, until, incoming.now.as_secs());
            keep_published(incoming.shared);
        }
        if at <= until {
            return Err(NotResumed::Revoked);
        }
    }
    Ok(())
}

/// Revocations are of no context.
fn context() -> ContextId {
    ContextId([0; 32])
}
