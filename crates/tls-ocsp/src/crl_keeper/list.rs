//! One revocation list.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use arc_swap::ArcSwapOption;
use tls_certs::Crls;

use super::Shared;
use crate::CacheKey;
use crate::keep_fresh::{Life, Subject};
use crate::limits::{CLOCK_SKEW, MAX_ISSUERS};
use crate::signature::PublicKey;

pub(super) struct List {
    url: String,
    /// Where it is, in turn; `url` is the first.
    places: Vec<String>,
    /// Who may sign it: a CA that was renewed has two certificates.
    issuers: Mutex<Vec<PublicKey>>,
    current: ArcSwapOption<Verified>,
    last_error: Mutex<Option<String>>,
    kept: AtomicBool,
    asked: AtomicBool,
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
        }
    }

    pub(super) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    pub(super) fn asked_for_by(&self, issuer: PublicKey) {
        self.asked.store(true, Ordering::Relaxed);
        let mut issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        if issuers.len() < MAX_ISSUERS && !issuers.contains(&issuer) {
            issuers.push(issuer);
        }
    }

    pub(super) fn crls(&self) -> Option<Crls> {
        self.current.load().as_ref().map(|list| list.crls.clone())
    }

    pub(super) fn report(&self) -> ListReport {
        let crls = self.crls();
        let list = crls.as_ref().and_then(|crls| crls.lists().first());
        ListReport {
            url: self.url.clone(),
            issuer: list.map(tls_certs::Crl::issuer),
            this_update: list.and_then(tls_certs::Crl::this_update),
            next_update: list.and_then(tls_certs::Crl::next_update),
            last_error: self.last_error().clone(),
        }
    }

    fn last_error(&self) -> MutexGuard<'_, Option<String>> {
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

    async fn ask(&self, shared: &Shared, url: &str) -> Result<Verified, String> {
        let fetched = shared.fetcher.list(url).await;
        let fetched = fetched.map_err(|error| error.to_string())?;
        self.verify(shared, fetched.to_vec())
    }

    fn verify(&self, shared: &Shared, bytes: Vec<u8>) -> Result<Verified, String> {
        // Some publish PEM, against RFC 5280, Section 4.2.1.13.
        let crls = if bytes.starts_with(b"-----BEGIN") {
            Crls::from_pem(&bytes)
        } else {
            Crls::from_der([&bytes])
        };
        let crls = crls.map_err(|error| error.to_string())?;
        let [crl] = crls.lists() else {
            return Err("not one list, but several".to_owned());
        };
        let issuers = self.list.issuers.lock();
        let issuers = issuers.unwrap_or_else(PoisonError::into_inner).clone();
        let signed = |key: &PublicKey| key.verify_signed(&shared.provider, crl.der()).is_ok();
        if !issuers.iter().any(signed) {
            return Err("the list is not signed by the issuer of the certificates".to_owned());
        }
        let seconds = |date: Option<i64>| date.and_then(|date| u64::try_from(date).ok());
        let (Some(begin), Some(end)) = (seconds(crl.this_update()), seconds(crl.next_update()))
        else {
            return Err("the list does not say when it holds".to_owned());
        };
        let life = Life { begin, end };
        let now = shared.upkeep.now();
        if begin > now.as_secs().saturating_add(CLOCK_SKEW.as_secs()) {
            return Err("the list is of a time to come; is the clock right?".to_owned());
        }
        if !life.holds_at(now) {
            return Err("the list has ended".to_owned());
        }
        Ok(Verified { crls, life })
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
        self.list.current.store(Some(Arc::new(list)));
        shared.publish();
    }

    fn failed(&self, shared: &Shared, error: &str) {
        crate::metrics::list_refreshed("failed");
        let url = &self.list.url;
        let left = self.current();
        let left = left.map(|life| life.remaining(shared.upkeep.now()));
        let mut last = self.list.last_error();
        if last.as_deref() == Some(error) {
            // The same again is not worth a line.
            tracing::debug!(url, ?left, "no fresh revocation list: {error}");
        } else {
            tracing::warn!(url, ?left, "no fresh revocation list: {error}");
        }
        *last = Some(error.to_owned());
    }

    fn forget(&self, shared: &Shared) {
        shared.lock().remove(&self.list.url);
        shared.publish();
    }
}
