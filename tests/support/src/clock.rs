//! A clock that a test sets: no test waits for a certificate to expire.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustls::{pki_types::UnixTime, time_provider::TimeProvider};

/// 2026-01-01 00:00:00 UTC, in Unix seconds: within the validity of all certificates of
/// [`Pki`](crate::Pki) that are meant to be valid.
pub const START: u64 = 1_767_225_600;

/// A clock in whole Unix seconds. Clones share the time; it moves only when a test moves it.
///
/// ```
/// use std::time::Duration;
///
/// let clock = tls_testing::Clock::new();
/// let seen_elsewhere = clock.clone();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(seen_elsewhere.seconds(), tls_testing::clock::START + 60);
/// ```
#[derive(Debug, Clone)]
pub struct Clock {
    seconds: Arc<AtomicU64>,
}

impl Clock {
    /// A clock standing at [`START`].
    #[must_use]
    pub fn new() -> Self {
        Self::at(START)
    }

    /// A clock standing at `seconds` since 1970-01-01 UTC.
    #[must_use]
    pub fn at(seconds: u64) -> Self {
        Self {
            seconds: Arc::new(AtomicU64::new(seconds)),
        }
    }

    /// Unix seconds now.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.seconds.load(Ordering::SeqCst)
    }

    /// The same as rustls and webpki take it.
    #[must_use]
    pub fn unix_time(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(self.seconds()))
    }

    /// Sets the time, backwards too.
    pub fn set(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::SeqCst);
    }

    /// Moves the time on by the whole seconds of `by`.
    pub fn advance(&self, by: Duration) {
        self.seconds.fetch_add(by.as_secs(), Ordering::SeqCst);
    }

    /// The clock for a rustls config.
    #[must_use]
    pub fn time_provider(&self) -> Arc<dyn TimeProvider> {
        Arc::new(self.clone())
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.unix_time())
    }
}
