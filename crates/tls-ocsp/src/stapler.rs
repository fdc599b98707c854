//! Keeps staples fresh, for all certificates of a server; no handshake ever waits for one.

mod builder;
mod certified_keys;
mod entry;
mod refresh;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

pub use self::builder::StaplerBuilder;
use self::certified_keys::CertifiedKeys;
use self::entry::Entry;
pub use self::entry::StapleReport;
use crate::keep_fresh::Upkeep;
use crate::{Fetcher, ResponseVerifier, Result, Staple, Target};

/// SHA-256 of a certificate.
type Fingerprint = [u8; 32];

/// Keeps a staple fresh for each certificate that it is told of, or that a
/// [`StaplingResolver`](crate::StaplingResolver) meets. Cheap to clone; clones share everything.
///
/// - A staple is asked for at once, then at half of its life, with some jitter; after a failure with
///   growing pauses, and at the certificate's several responders in turn.
/// - The last good one serves until it ends. One that is expired, or was not verified, is never sent.
/// - "Revoked" is sent, as its owner should know, and reported as an error; "unknown" is not sent.
/// - Caches ([`DiskCache`](crate::DiskCache), or your own [`ResponseCache`](crate::ResponseCache)) let it survive a restart, and let one worker
///   ask for all.
///
/// It ends when the last clone is dropped.
#[derive(Clone)]
pub struct Stapler(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    verifier: ResponseVerifier,
    fetcher: Fetcher,
    /// Issuers that are not in the chains.
    issuers: Vec<CertificateDer<'static>>,
    /// Asked in place of those that the certificates name.
    responder: Option<String>,
    nonce: bool,
    upkeep: Upkeep,
    entries: Mutex<HashMap<Fingerprint, Arc<Entry>>>,
    keys: CertifiedKeys,
}

impl Stapler {
    /// Begins one whose background work runs on the current tokio runtime.
    #[must_use]
    pub fn builder(verifier: ResponseVerifier) -> StaplerBuilder {
        StaplerBuilder::new(verifier)
    }

    /// Keeps a staple for the first certificate of `chain` from now on. What stands in the way of
    /// that is in the [`report`](Self::report), not an error: a server serves without a staple, too.
    pub fn watch(&self, chain: &[CertificateDer<'_>]) {
        if let Some(leaf) = chain.first() {
            self.entry(leaf, chain).keep();
        }
    }

    /// Staples `response` to the first certificate of `chain`, until it ends; for those who fetch
    /// themselves.
    ///
    /// # Errors
    ///
    /// It does not verify, has no end, or says "unknown".
    pub fn set(&self, chain: &[CertificateDer<'_>], response: Vec<u8>) -> Result<()> {
        let leaf = chain.first().ok_or(crate::Error::NoIssuer)?;
        let entry = self.entry(leaf, chain);
        entry.keep();
        entry.adopt(self.0.verify(entry.target()?, response, None)?);
        self.0.upkeep.changed();
        Ok(())
    }

    /// The staple of this certificate, if there is one that holds now.
    #[must_use]
    pub fn staple(&self, end_entity: &CertificateDer<'_>) -> Option<Arc<Staple>> {
        let entry = self.0.lock().get(&key_of(end_entity)).cloned();
        entry?.current(self.0.upkeep.now())
    }

    /// `key` with its staple, if there is one that holds now; else `key` itself. A certificate that
    /// was not known is watched from now on. Never waits.
    #[must_use]
    pub fn stapled(&self, key: Arc<CertifiedKey>) -> Arc<CertifiedKey> {
        self.0.keys.stapled(self, key)
    }

    /// How it stands with each certificate.
    #[must_use]
    pub fn report(&self) -> Vec<StapleReport> {
        let now = self.0.upkeep.now();
        let entries: Vec<_> = self.0.lock().values().cloned().collect();
        let responder = self.0.responder.is_some();
        entries
            .iter()
            .map(|entry| entry.report(now, responder))
            .collect()
    }

    /// Counts what happened: a fresh staple, a failure, a certificate forgotten. Waits for the next
    /// with [`changed`](watch::Receiver::changed), for status pages and metrics.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.upkeep.changes.subscribe()
    }

    fn entry(&self, leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) -> Arc<Entry> {
        let key = key_of(leaf);
        let known = self.0.lock().get(&key).cloned();
        if let Some(entry) = &known
            && entry.is_hopeless().is_none()
        {
            return Arc::clone(entry);
        }
        let provider = self.0.verifier.provider();
        let target = Target::from_chain(chain, &self.0.issuers, provider);
        // Another chain may have the issuer that was missing.
        match known {
            Some(entry) if target.is_err() => entry,
            known => self.begin(known.as_ref(), Entry::new(key, leaf, target)),
        }
    }

    /// Puts `fresh` in the place of `before`, unless somebody was faster.
    fn begin(&self, before: Option<&Arc<Entry>>, fresh: Entry) -> Arc<Entry> {
        let mut entries = self.0.lock();
        if let Some(entry) = entries.get(&fresh.key)
            && before.is_none_or(|before| !Arc::ptr_eq(before, entry))
        {
            return Arc::clone(entry);
        }
        let fresh = Arc::new(fresh);
        entries.insert(fresh.key, Arc::clone(&fresh));
        drop(entries);
        if let Some(before) = before {
            before.give_way_to(&fresh);
            self.0.keys.forget(before);
        }
        refresh::begin(&self.0, &fresh);
        fresh
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Fingerprint, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `nonce`: of the request that this answers, if it had one.
    fn verify(&self, target: &Target, response: Vec<u8>, nonce: Option<&[u8]>) -> Result<Staple> {
        let now = self.upkeep.now();
        let verified = self
            .verifier
            .verify_with_nonce(target, &response, now, nonce)?;
        Staple::new(response, verified)
    }
}

fn key_of(end_entity: &CertificateDer<'_>) -> Fingerprint {
    Sha256::digest(end_entity).into()
}

impl fmt::Debug for Stapler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stapler")
            .field("certificates", &self.0.lock().len())
            .finish_non_exhaustive()
    }
}
