//! Where the time comes from, so that a test can set it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock: the time since some fixed moment.
///
/// Ticket keys want Unix time, since workers compare it; a [`MemoryStore`](crate::MemoryStore) only
/// measures spans. Cheap to clone.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// let seconds = Arc::new(AtomicU64::new(0));
/// let hand = seconds.clone();
/// let clock = tls_session_store::Clock::from_fn(move || Duration::from_secs(hand.load(Ordering::Relaxed)));
/// seconds.store(30, Ordering::Relaxed);
/// assert_eq!(clock.now(), Duration::from_secs(30));
/// ```
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    Unix,
    Monotonic(Instant),
    Function(Arc<dyn Fn() -> Duration + Send + Sync>),
}

impl Clock {
    /// The system's time since the Unix epoch; follows corrections of the clock.
    #[must_use]
    pub fn unix() -> Self {
        Self(Source::Unix)
    }

    /// Time since this call; never goes backwards, says nothing to another process.
    #[must_use]
    pub fn monotonic() -> Self {
        Self(Source::Monotonic(Instant::now()))
    }

    /// A clock of your own.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Source::Function(Arc::new(now)))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Duration {
        match &self.0 {
            // A clock before 1970 is broken; zero makes every session too new, thus a miss.
            Source::Unix => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default(),
            Source::Monotonic(start) => start.elapsed(),
            Source::Function(now) => now(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Unix => "Clock::unix",
            Source::Monotonic(_) => "Clock::monotonic",
            Source::Function(_) => "Clock::from_fn",
        })
    }
}
