//! One revocation list.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use pki_types::UnixTime;
use rustls::crypto::CryptoProvider;
use tls_certs::Crls;

use super::Shared;
use crate::keep_fresh::{Failure, Life, Subject};
use crate::limits::{CLOCK_SKEW, MAX_ISSUERS};
use crate::signature::PublicKey;
use crate::{CacheKey, Error};

pub(super) struct List {
    url: String,
    /// Where it is, in turn; `url` is the first.
    places: Vec<String>,
    /// Who may sign it: a CA that was renewed has two certificates.
    issuers: Mutex<Vec<PublicKey>>,
    current: ArcSwapOption<Verified>,
    last_error: Mutex<Option<Failure>>,
    kept: AtomicBool,
    asked: AtomicBool,
    forgotten: AtomicBool,
}

/// A list that was verified.
pub(super) struct Verified {
    crls: Crls,
    life: Life,
}

/// How it stands with one revocation list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListReport {
    /// Where it is fetched from: the first address of the certificates.
    pub url: String,
    /// Who issued it.
    pub issuer: Option<String>,
    /// When it was issued, seconds since 1970.
    pub this_update: Option<i64>,
    /// When the next one is due, seconds since 1970.
    pub next_update: Option<i64>,
    /// What went wrong since the last success.
    pub last_error: Option<String>,
    /// The same as a stable code, one of `docs/errors.md`.
    pub last_error_code: Option<&'static str>,
}

impl List {
    pub(super) fn new(places: &[String], issuer: PublicKey) -> Self {
        Self {
            url: places.first().cloned().unwrap_or_default(),
            places: places.to_vec(),
            issuers: Mutex::new(vec![issuer]),
            current: ArcSwapOption::empty(),
            last_error: Mutex::new(None),
            kept: AtomicBool::new(false),
            asked: AtomicBool::new(true),
            forgotten: AtomicBool::new(false),
        }
    }

    pub(super) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    /// Somebody wants it.
    pub(super) fn ask(&self) {
        // Written only when it changes: the line is shared by all cores.
        if !self.asked.load(Ordering::Relaxed) {
            self.asked.store(true, Ordering::Relaxed);
        }
    }

    /// Whether nobody keeps it fresh any more.
    pub(super) fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Relaxed)
    }

    pub(super) fn asked_for_by(&self, issuer: PublicKey) {
        self.ask();
        let mut issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        if issuers.len() < MAX_ISSUERS && !issuers.contains(&issuer) {
            issuers.push(issuer);
        }
    }

    pub(super) fn crls(&self) -> Option<Crls> {
        self.current.load().as_ref().map(|list| list.crls.clone())
    }

    /// Whether the list in use is this one, to the byte.
    fn has(&self, other: &Crls) -> bool {
        let ours = self.crls();
        let ours = ours.as_ref().and_then(|ours| ours.lists().first());
        let other = other.lists().first();
        ours.map(tls_certs::Crl::der) == other.map(tls_certs::Crl::der)
    }

    pub(super) fn report(&self) -> ListReport {
        let crls = self.crls();
        let list = crls.as_ref().and_then(|crls| crls.lists().first());
        let last_error = self.last_error().clone();
        ListReport {
            url: self.url.clone(),
            issuer: list.map(tls_certs::Crl::issuer),
            this_update: list.and_then(tls_certs::Crl::this_update),
            next_update: list.and_then(tls_certs::Crl::next_update),
            last_error_code: last_error.as_ref().map(|failure| failure.code),
            last_error: last_error.map(|failure| failure.text),
        }
    }

    fn last_error(&self) -> MutexGuard<'_, Option<Failure>> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A list as something that is kept fresh.
pub(super) struct KeptList {
    shared: Weak<Shared>,
    list: Arc<List>,
}

impl KeptList {
    pub(super) fn new(shared: Weak<Shared>, list: Arc<List>) -> Self {
        Self { shared, list }
    }
}

impl Subject for KeptList {
    type Owner = Shared;
    type Value = Verified;

    fn owner(&self) -> Option<Arc<Shared>> {
        self.shared.upgrade()
    }

    fn cache_key(&self) -> CacheKey {
        CacheKey::list(&self.list.url)
    }

    fn is_wanted(&self) -> bool {
        self.list.kept.load(Ordering::Relaxed) || self.list.asked.swap(false, Ordering::Relaxed)
    }

    fn places(&self, _: &Shared) -> Vec<String> {
        self.list.places.clone()
    }

    async fn ask(&self, shared: &Shared, url: &str) -> Result<Verified, Failure> {
        let fetched = shared.fetcher.list(url).await?;
        self.verify(shared, fetched.into()).await
    }

    async fn verify(&self, shared: &Shared, bytes: Vec<u8>) -> Result<Verified, Failure> {
        let issuers = self.list.issuers.lock();
        let judge = Judge {
            issuers: issuers.unwrap_or_else(PoisonError::into_inner).clone(),
            provider: Arc::clone(&shared.provider),
            now: shared.upkeep.now(),
        };
        if bytes.len() < LARGE {
            return judge.verify(&bytes);
        }
        // Some ten milliseconds for each of its megabytes: not on a thread that serves connections.
        let verified = tokio::task::spawn_blocking(move || judge.verify(&bytes)).await;
        verified.unwrap_or_else(|_| Err(Error::ListDates.into()))
    }

    fn bytes(list: &Verified) -> &[u8] {
        list.crls.lists().first().map_or(&[], |crl| crl.der())
    }

    fn life(list: &Verified) -> Life {
        list.life
    }

    fn current(&self) -> Option<Life> {
        self.list.current.load().as_ref().map(|list| list.life)
    }

    fn adopt(&self, shared: &Shared, list: Verified) {
        tracing::debug!(url = self.list.url, "a fresh revocation list");
        crate::metrics::list_refreshed("good");
        *self.list.last_error() = None;
        let before = self.list.current.swap(Some(Arc::new(list)));
        let same = |before: &Arc<Verified>| self.list.has(&before.crls);
        // Nobody need hear of one that is in use.
        if !before.as_ref().is_some_and(same) {
            shared.publish();
        }
    }

    fn failed(&self, shared: &Shared, failure: Failure) {
        crate::metrics::list_refreshed("failed");
        let url = &self.list.url;
        let left = self.current();
        let left = left.map(|life| life.remaining(shared.upkeep.now()));
        let (code, text) = (failure.code, &failure.text);
        let mut last = self.list.last_error();
        if last.as_ref() == Some(&failure) {
            // The same again is not worth a line.
            tracing::debug!(url, ?left, code, "no fresh revocation list: {text}");
        } else {
            tracing::warn!(url, ?left, code, "no fresh revocation list: {text}");
        }
        *last = Some(failure);
    }

    fn forget(&self, shared: &Shared) {
        self.list.forgotten.store(true, Ordering::Relaxed);
        shared.lock().remove(&self.list.url);
        shared.publish();
    }
}

/// A list from this size on is verified on a thread of its own.
const LARGE: usize = 64 * 1024;

/// All that says whether a list is good.
struct Judge {
    issuers: Vec<PublicKey>,
    provider: Arc<CryptoProvider>,
    now: UnixTime,
}

impl Judge {
    fn verify(&self, bytes: &[u8]) -> Result<Verified, Failure> {
        // Some publish PEM, against RFC 5280, Section 4.2.1.13.
        let crls = if bytes.starts_with(b"-----BEGIN") {
            Crls::from_pem(bytes)?
        } else {
            Crls::from_der([bytes])?
        };
        let [crl] = crls.lists() else {
            return Err(Error::SeveralLists.into());
        };
        let signed = |key: &PublicKey| key.verify_signed(&self.provider, crl.der()).is_ok();
        if !self.issuers.iter().any(signed) {
            return Err(Error::ListSigner.into());
        }
        let seconds = |date: Option<i64>| date.and_then(|date| u64::try_from(date).ok());
        let begin = seconds(crl.this_update()).ok_or(Error::ListDates)?;
        let end = seconds(crl.next_update()).ok_or(Error::ListDates)?;
        let life = Life { begin, end };
        if begin > self.now.as_secs().saturating_add(CLOCK_SKEW.as_secs()) {
            return Err(Error::ListNotYetValid.into());
        }
        if !life.holds_at(self.now) {
            return Err(Error::ListExpired.into());
        }
        Ok(Verified { crls, life })
    }
}
