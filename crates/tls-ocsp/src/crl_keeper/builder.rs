//! Puts a keeper of lists together.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use tls_certs::{Crls, Watched};
use tokio::runtime::Handle;

use super::{CrlKeeper, Shared};
use crate::keep_fresh::{HALF_A_DAY, Queue, Retry, Upkeep};
use crate::limits::{FETCHES, FETCHES_OF_ONE_HOST};
use crate::{Fetcher, ResponseCache};

/// Puts a [`CrlKeeper`] together.
pub struct CrlKeeperBuilder {
    provider: Arc<CryptoProvider>,
    fetcher: Fetcher,
    given: Crls,
    given_watched: Vec<Watched<Crls>>,
    caches: Vec<Arc<dyn ResponseCache>>,
    clock: Arc<dyn TimeProvider>,
    retry: Retry,
    at_least_every: Duration,
}

impl std::fmt::Debug for CrlKeeperBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CrlKeeperBuilder")
            .field("fetcher", &self.fetcher)
            .finish_non_exhaustive()
    }
}

impl CrlKeeperBuilder {
    pub(super) fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            fetcher: Fetcher::new(),
            given: Crls::empty(),
            given_watched: Vec::new(),
            caches: Vec::new(),
            clock: Arc::new(DefaultTimeProvider),
            retry: Retry::default(),
            at_least_every: HALF_A_DAY,
        }
    }

    /// How lists are fetched.
    #[must_use]
    pub fn fetcher(mut self, fetcher: Fetcher) -> Self {
        self.fetcher = fetcher;
        self
    }

    /// Lists that are there from the beginning, and stay.
    #[must_use]
    pub fn with(mut self, lists: &Crls) -> Self {
        self.given = self.given.with(lists);
        self
    }

    /// The same where they may change, such as those of files
    /// ([`Crls::watch_paths`]); repeatable.
    #[must_use]
    pub fn with_watched(mut self, lists: &Watched<Crls>) -> Self {
        self.given_watched.push(lists.clone());
        self
    }

    /// Another place where lists are kept, and looked for first; repeatable.
    #[must_use]
    pub fn cache(mut self, cache: impl ResponseCache) -> Self {
        self.caches.push(Arc::new(cache));
        self
    }

    /// The clock by which lists are judged; the system's by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn TimeProvider>) -> Self {
        self.clock = clock;
        self
    }

    /// The pause after a first failure, 5 s by default, doubled with each further one up to `longest`,
    /// an hour by default; both with jitter.
    #[must_use]
    pub fn retry(mut self, first: Duration, longest: Duration) -> Self {
        self.retry = Retry { first, longest };
        self
    }

    /// How old what is known of a list may be, half a day by default: a CA may publish a list before
    /// the next one was due, and some are due in a year. Not below ten seconds.
    #[must_use]
    pub fn at_least_every(mut self, time: Duration) -> Self {
        self.at_least_every = time;
        self
    }

    /// Puts it together; its work is done on the tokio runtime of the caller.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(self) -> CrlKeeper {
        self.start_on(Handle::current())
    }

    /// Puts it together; its work is done on `runtime`.
    #[must_use]
    pub fn start_on(self, runtime: Handle) -> CrlKeeper {
        let watched = self.given_watched.iter().map(Watched::get);
        let lists = watched.fold(self.given.clone(), |all, lists| all.with(&lists));
        let shared = Arc::new(Shared {
            provider: self.provider,
            fetcher: self.fetcher,
            lists: Watched::new(lists),
            given: self.given,
            given_watched: self.given_watched,
            upkeep: Upkeep::new(
                self.caches,
                self.clock,
                self.retry,
                self.at_least_every,
                Queue::new(FETCHES, FETCHES_OF_ONE_HOST),
                runtime,
            ),
            known: Mutex::default(),
            seen: Mutex::default(),
            full: AtomicBool::new(false),
            publishing: Mutex::new(()),
        });
        for watched in &shared.given_watched {
            let shared = Arc::downgrade(&shared);
            watched.on_change(move |_, _| {
                if let Some(shared) = shared.upgrade() {
                    shared.publish();
                }
            });
        }
        CrlKeeper(shared)
    }
}
