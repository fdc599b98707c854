//! A staple as something that is kept fresh.

use std::sync::{Arc, Weak};

use super::Shared;
use super::entry::Entry;
use crate::keep_fresh::{Failure, Life, Owner, Subject, Upkeep};
use crate::{CacheKey, CertificateStatus, Error, OcspRequest, Staple};

/// The staple of one certificate.
struct WatchedStaple {
    shared: Weak<Shared>,
    entry: Arc<Entry>,
}

/// Begins to keep the staple of `entry` fresh.
pub(super) fn begin(shared: &Arc<Shared>, entry: &Arc<Entry>) {
    let certificate = entry.short_name();
    entry.set_missing(true);
    if entry.must_staple() {
        tracing::info!(%certificate, "the certificate demands a staple; there is none yet");
    }
    if let Some(error) = entry.is_hopeless() {
        let expected = entry.must_staple() || entry.names_responder() || shared.responder.is_some();
        if expected {
            tracing::warn!(%certificate, code = error.code(), "no staple: {error}");
        } else {
            // Such as one of a development CA, of which nobody expects any.
            tracing::debug!(%certificate, code = error.code(), "no staple: {error}");
        }
    }
    // Also then: so that it is forgotten when nobody asks for it any more.
    shared.upkeep.begin(WatchedStaple {
        shared: Arc::downgrade(shared),
        entry: Arc::clone(entry),
    });
}

impl Owner for Shared {
    fn upkeep(&self) -> &Upkeep {
        &self.upkeep
    }
}

impl Subject for WatchedStaple {
    type Owner = Shared;
    type Value = Staple;

    fn owner(&self) -> Option<Arc<Shared>> {
        self.shared.upgrade()
    }

    fn cache_key(&self) -> CacheKey {
        CacheKey::response(self.entry.key)
    }

    fn is_wanted(&self) -> bool {
        let now = self.owner().map(|shared| shared.upkeep.now());
        now.is_some_and(|now| self.entry.is_wanted(now))
    }

    fn places(&self, shared: &Shared) -> Vec<String> {
        match (&shared.responder, self.entry.target()) {
            (Some(url), _) => vec![url.clone()],
            (None, Ok(target)) => target.responders().to_vec(),
            (None, Err(_)) => Vec::new(),
        }
    }

    fn nobody_to_ask(&self) -> Error {
        let hopeless = self.entry.is_hopeless().cloned();
        hopeless.unwrap_or(Error::NobodyToAsk)
    }

    async fn ask(&self, shared: &Shared, url: &str) -> Result<Staple, Failure> {
        let target = self.entry.target()?;
        let request = match shared.nonce {
            true => OcspRequest::with_nonce(target, shared.verifier.provider())?,
            false => OcspRequest::new(target)?,
        };
        let answer = shared.fetcher.ask(url, &request).await?;
        Ok(shared.verify(target, answer.into(), request.nonce())?)
    }

    async fn verify(&self, shared: &Shared, bytes: Vec<u8>) -> Result<Staple, Failure> {
        Ok(shared.verify(self.entry.target()?, bytes, None)?)
    }

    fn bytes(staple: &Staple) -> &[u8] {
        staple.as_der()
    }

    fn life(staple: &Staple) -> Life {
        staple.life()
    }

    fn current(&self) -> Option<Life> {
        self.entry.latest().map(|staple| staple.life())
    }

    fn adopt(&self, shared: &Shared, staple: Staple) {
        shared.keys.forget_dead();
        self.entry.adopt(staple);
    }

    fn failed(&self, shared: &Shared, failure: Failure) {
        shared.keys.forget_dead();
        let certificate = self.entry.short_name();
        let now = shared.upkeep.now();
        let left = self.current().map(|life| life.remaining(now));
        crate::metrics::staple_refreshed("failed");
        if left.is_none_or(|left| left.is_zero()) {
            self.entry.set_missing(true);
        }
        let (code, text) = (failure.code, failure.text.clone());
        let nobody = shared.responder.is_none() && !self.entry.names_responder();
        if !self.entry.failed(failure) || (nobody && !self.entry.must_staple()) {
            // The same again is not worth a line, nor a certificate that asks for none.
            tracing::debug!(%certificate, ?left, code, "no fresh staple: {text}");
        } else if self.entry.must_staple() && left.is_none_or(|left| left.is_zero()) {
            tracing::error!(%certificate, code, "no staple, and the certificate demands one: {text}");
        } else {
            tracing::warn!(%certificate, ?left, code, "no fresh staple: {text}");
        }
    }

    fn forget(&self, shared: &Shared) {
        self.entry.set_missing(false);
        let mut entries = shared.lock();
        let ours = entries.get(&self.entry.key);
        if ours.is_some_and(|entry| Arc::ptr_eq(entry, &self.entry)) {
            entries.remove(&self.entry.key);
        }
        drop(entries);
        shared.keys.forget(&self.entry);
    }
}

impl Entry {
    /// Takes a staple into use. "Revoked" is told loudly, once.
    pub(super) fn adopt(&self, staple: Staple) {
        let before = self.latest().map(|before| before.response().status);
        let status = staple.response().status;
        crate::metrics::staple_refreshed(status.as_str());
        let certificate = self.short_name();
        match status {
            CertificateStatus::Revoked { .. } if before != Some(status) => {
                tracing::error!(%certificate, ?status, "the certificate is revoked: replace it");
            }
            _ => tracing::debug!(%certificate, ?status, "a fresh staple"),
        }
        self.store(staple);
    }

    /// Enough of the certificate's hash to find it.
    pub(super) fn short_name(&self) -> String {
        let start = self.key.iter().take(8);
        start.map(|byte| format!("{byte:02x}")).collect()
    }
}
