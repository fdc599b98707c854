//! Puts a stapler together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pki_types::CertificateDer;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use tokio::runtime::Handle;

use super::certified_keys::CertifiedKeys;
use super::{Shared, Stapler};
use crate::keep_fresh::{Queue, Retry, Upkeep};
use crate::limits::{QUESTIONS, QUESTIONS_OF_ONE_HOST};
use crate::{Fetcher, ResponseCache, ResponseVerifier};

/// Puts a [`Stapler`] together.
pub struct StaplerBuilder {
    verifier: ResponseVerifier,
    fetcher: Fetcher,
    caches: Vec<Arc<dyn ResponseCache>>,
    issuers: Vec<CertificateDer<'static>>,
    responder: Option<String>,
    nonce: bool,
    clock: Arc<dyn TimeProvider>,
    retry: Retry,
}

impl std::fmt::Debug for StaplerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaplerBuilder")
            .field("fetcher", &self.fetcher)
            .finish_non_exhaustive()
    }
}

impl StaplerBuilder {
    pub(super) fn new(verifier: ResponseVerifier) -> Self {
        Self {
            verifier,
            fetcher: Fetcher::new(),
            caches: Vec::new(),
            issuers: Vec::new(),
            responder: None,
            nonce: false,
            clock: Arc::new(DefaultTimeProvider),
            retry: Retry::default(),
        }
    }

    /// How responders are reached.
    #[must_use]
    pub fn fetcher(mut self, fetcher: Fetcher) -> Self {
        self.fetcher = fetcher;
        self
    }

    /// Another place where staples are kept, and looked for first; repeatable.
    #[must_use]
    pub fn cache(mut self, cache: impl ResponseCache) -> Self {
        self.caches.push(Arc::new(cache));
        self
    }

    /// Certificates of issuers, for chains that leave theirs out.
    #[must_use]
    pub fn issuers(mut self, issuers: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        self.issuers.extend(issuers);
        self
    }

    /// Asks this responder, whatever the certificates say.
    #[must_use]
    pub fn responder(mut self, url: &str) -> Self {
        self.responder = Some(url.to_owned());
        self
    }

    /// Sends a nonce with each question (RFC 9654), so that nobody on the way can give an old answer.
    /// Off by default: caches and large responders answer without (RFC 5019, Section 4), and an answer
    /// without a nonce is taken all the same; one that repeats another nonce is not.
    #[must_use]
    pub fn nonce(mut self, send: bool) -> Self {
        self.nonce = send;
        self
    }

    /// The clock by which answers are judged; the system's by default.
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

    /// Puts it together; its work is done on the tokio runtime of the caller.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(self) -> Stapler {
        self.start_on(Handle::current())
    }

    /// Puts it together; its work is done on `runtime`.
    #[must_use]
    pub fn start_on(self, runtime: Handle) -> Stapler {
        Stapler(Arc::new(Shared {
            verifier: self.verifier,
            fetcher: self.fetcher,
            issuers: self.issuers,
            responder: self.responder,
            nonce: self.nonce,
            upkeep: Upkeep::new(
                self.caches,
                self.clock,
                self.retry,
                Duration::MAX,
                Queue::new(QUESTIONS, QUESTIONS_OF_ONE_HOST),
                runtime,
            ),
            entries: Mutex::new(HashMap::new()),
            keys: CertifiedKeys::default(),
        }))
    }
}
