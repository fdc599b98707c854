//! One certificate and its staple.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use pki_types::{CertificateDer, UnixTime};

use super::Fingerprint;
use crate::keep_fresh::Failure;
use crate::target::{names_responder, not_after};
use crate::{CertificateStatus, Error, Result, Staple, Target, demands_staple};

pub(crate) struct Entry {
    pub(super) key: Fingerprint,
    target: Result<Target>,
    must_staple: bool,
    names_responder: bool,
    staple: ArcSwapOption<Staple>,
    /// When the certificate ends, Unix time.
    not_after: u64,
    last_error: Mutex<Option<Failure>>,
    /// To be kept also when nobody asks.
    kept: AtomicBool,
    asked: AtomicBool,
    /// A staple is demanded and there is none, and this was counted.
    missing: AtomicBool,
}

/// How it stands with the staple of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StapleReport {
    /// SHA-256 of the certificate.
    pub certificate: [u8; 32],
    /// Its serial number, upper-case hex, if the certificate could be read.
    pub serial: Option<String>,
    /// Whether the certificate demands a staple (RFC 7633): without one, clients that care refuse.
    pub must_staple: bool,
    /// Whether there is a responder to ask.
    pub has_responder: bool,
    /// What the staple says that is sent now; `None` if none is sent.
    pub status: Option<CertificateStatus>,
    /// When the responder knew that.
    pub this_update: Option<UnixTime>,
    /// Until when it is sent.
    pub next_update: Option<UnixTime>,
    /// What went wrong since the last success.
    pub last_error: Option<String>,
    /// The same as a stable code, one of `docs/errors.md`.
    pub last_error_code: Option<&'static str>,
}

impl StapleReport {
    /// Whether a certificate that demands a staple has none.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.must_staple && self.status.is_none()
    }
}

impl Entry {
    pub(super) fn new(key: Fingerprint, leaf: &CertificateDer<'_>, target: Result<Target>) -> Self {
        // Also where its issuer is missing: then somebody has to hear of that.
        let names_responder = names_responder(leaf);
        let last_error = target.as_ref().err().cloned().map(Failure::from);
        Self {
            key,
            must_staple: demands_staple(leaf),
            names_responder,
            not_after: not_after(leaf),
            target,
            staple: ArcSwapOption::empty(),
            last_error: Mutex::new(last_error),
            kept: AtomicBool::new(false),
            asked: AtomicBool::new(true),
            missing: AtomicBool::new(false),
        }
    }

    pub(super) fn target(&self) -> Result<&Target> {
        self.target.as_ref().map_err(Clone::clone)
    }

    pub(super) fn must_staple(&self) -> bool {
        self.must_staple
    }

    /// Counts a demanded staple that is not there, or is there again.
    pub(super) fn set_missing(&self, missing: bool) {
        let missing = missing && self.must_staple;
        if self.missing.swap(missing, Ordering::Relaxed) != missing {
            crate::metrics::staple_missing(missing);
        }
    }

    /// Another one knows more of the same certificate.
    pub(super) fn give_way_to(&self, other: &Self) {
        self.set_missing(false);
        if self.kept.swap(false, Ordering::Relaxed) {
            other.keep();
        }
    }

    pub(super) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    /// Whether anybody wants it still; asking begins anew. Nobody is to keep what has ended.
    pub(super) fn is_wanted(&self, now: UnixTime) -> bool {
        let asked = self.asked.swap(false, Ordering::Relaxed);
        asked || self.kept.load(Ordering::Relaxed) && now.as_secs() <= self.not_after
    }

    pub(super) fn store(&self, staple: Staple) {
        *self.lock() = None;
        self.set_missing(false);
        self.staple.store(Some(Arc::new(staple)));
    }

    /// Whether this is new: the same error again is not worth a line.
    pub(super) fn failed(&self, failure: Failure) -> bool {
        let mut last = self.lock();
        let new = last.as_ref() != Some(&failure);
        *last = Some(failure);
        new
    }

    /// Whatever there is, also one that has ended.
    pub(super) fn latest(&self) -> Option<Arc<Staple>> {
        self.staple.load_full()
    }

    pub(super) fn current(&self, now: UnixTime) -> Option<Arc<Staple>> {
        // Written only when it changes: the line is shared by all cores.
        if !self.asked.load(Ordering::Relaxed) {
            self.asked.store(true, Ordering::Relaxed);
        }
        self.latest().filter(|staple| staple.holds_at(now))
    }

    /// Whether the certificate itself names one.
    pub(super) fn names_responder(&self) -> bool {
        self.names_responder
    }

    /// `responder`: whether one is asked in any case.
    pub(super) fn report(&self, now: UnixTime, responder: bool) -> StapleReport {
        let current = self.latest().filter(|staple| staple.holds_at(now));
        let response = current.as_ref().map(|staple| staple.response());
        let last_error = self.lock().clone();
        StapleReport {
            certificate: self.key,
            serial: self.target.as_ref().ok().map(Target::serial),
            must_staple: self.must_staple,
            has_responder: responder || self.names_responder(),
            status: response.map(|response| response.status),
            this_update: response.map(|response| response.this_update),
            next_update: response.and_then(|response| response.next_update),
            last_error_code: last_error.as_ref().map(|failure| failure.code),
            last_error: last_error.map(|failure| failure.text),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Failure>> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// No way to a staple but by hand.
    pub(super) fn is_hopeless(&self) -> Option<&Error> {
        self.target.as_ref().err()
    }
}
