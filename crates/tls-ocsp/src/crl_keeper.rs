//! Revocation lists that keep themselves fresh, in the use of live servers and clients.

mod builder;
mod list;
mod path;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pki_types::CertificateDer;
use rustls::crypto::CryptoProvider;
use tls_certs::{Crls, Trust, Watched};
use tokio::sync::watch;

pub use self::builder::CrlKeeperBuilder;
pub use self::list::ListReport;
use self::list::{KeptList, List};
use self::seen::Seen;
use crate::keep_fresh::{Owner, Upkeep};
use crate::limits::MAX_LISTS;
use crate::signature::PublicKey;
use crate::{Fetcher, Result};

/// Fetches revocation lists, verifies them, and puts them into [`lists`](Self::lists), from where
/// contexts and verifiers take them. Cheap to clone; clones share everything.
///
/// - A list is fetched when it is [told of](Self::watch_list), or named by a
///   [chain](Self::watch_chain); then again at half of its life, or after
///   [half a day](CrlKeeperBuilder::at_least_every), with some jitter, and after failures with growing
///   pauses. The last good one serves until it ends.
/// - It counts only if the issuer that the list is about signed it, if it holds now, and if it is not
///   older than the one in use: an old list would hide who was revoked since.
/// - Caches let lists survive a restart and one worker fetch for all.
///
/// How much is made of lists that are missing or stale is the verifier's
/// [`CrlPolicy`](tls_certs::CrlPolicy).
///
/// ```no_run
/// # async fn run(trust: tls_certs::Trust) -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use tls_certs::{CrlPolicy, ServerVerifier, Watched, WatchedServerVerifier};
/// use tls_ocsp::{CrlKeeper, DiskCache};
///
/// let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
/// let keeper = CrlKeeper::builder(provider.clone())
///     .cache(DiskCache::new("/var/cache/crls")?)
///     .start();
/// for ca in trust.certificates() {
///     keeper.watch_list("http://crl.corp.example/ca.crl", ca.der())?;
/// }
/// let (trust, lists) = (Watched::new(trust), keeper.lists().clone());
/// let policy = CrlPolicy::default().accept_missing(true);
/// let build = move |trust, lists: Option<_>| {
///     let builder = ServerVerifier::builder(trust, provider.clone()).crl_policy(policy);
///     lists.into_iter().fold(builder, |builder, lists| builder.crls(lists)).build()
/// };
/// let verifier = WatchedServerVerifier::with_crls(trust, Some(lists), build)?;
/// # Ok(()) }
/// ```
///
/// It ends when the last clone is dropped; the lists stay as they are.
#[derive(Clone)]
pub struct CrlKeeper(Arc<Shared>);

struct Shared {
    provider: Arc<CryptoProvider>,
    fetcher: Fetcher,
    /// Lists that were given, beside those that are fetched.
    given: Crls,
    /// The same, where they can change.
    given_watched: Vec<Watched<Crls>>,
    lists: Watched<Crls>,
    upkeep: Upkeep,
    known: Mutex<HashMap<String, Arc<List>>>,
    /// What chains name that were seen before.
    seen: Mutex<Seen>,
    /// There are as many as there may be, and that was said.
    full: AtomicBool,
    /// One set at a time, so that no older one comes after a newer one.
    publishing: Mutex<()>,
}

impl CrlKeeper {
    /// Begins one, whose signatures are verified by `provider`.
    #[must_use]
    pub fn builder(provider: Arc<CryptoProvider>) -> CrlKeeperBuilder {
        CrlKeeperBuilder::new(provider)
    }

    /// The lists: those that were given, and the newest of each that is fetched. For
    /// `SecureContextBuilder::crls` or a watched verifier.
    #[must_use]
    pub fn lists(&self) -> &Watched<Crls> {
        &self.0.lists
    }

    /// Keeps the list at `url` fresh, which `issuer` signs.
    ///
    /// # Errors
    ///
    /// The issuer's certificate can't be read.
    pub fn watch_list(&self, url: &str, issuer: &CertificateDer<'_>) -> Result<()> {
        let key = PublicKey::of_certificate(issuer)?;
        if let Some(list) = self.0.list(&[url.to_owned()], key) {
            list.keep();
        }
        Ok(())
    }

    /// Keeps the lists fresh that the certificates of `chain` name (CRL distribution points): those
    /// from the first certificate up to one that a certificate of `trust` signed. Whatever else a peer
    /// sends along, or can't be read, names none.
    ///
    /// For each verified chain of a server or client; the signatures of one that was not seen of late are
    /// verified once more. A chain that nobody brings any more is forgotten.
    pub fn watch_chain(&self, chain: &[CertificateDer<'_>], trust: &Trust) {
        let key = seen::key(chain, trust);
        if self.0.seen().ask_again(&key) {
            return;
        }
        let targets = path::to_trust(chain, trust, &self.0.provider);
        let named = targets.iter().filter_map(|target| {
            let places = target.crl_distribution_points();
            (!places.is_empty()).then(|| self.0.list(places, target.issuer_key.clone()))
        });
        // Where there are too many lists, room may come.
        let lists: Vec<Option<Arc<List>>> = named.collect();
        if let Some(lists) = lists.into_iter().collect() {
            self.0.seen().insert(key, lists);
        }
    }

    /// How it stands with each list.
    #[must_use]
    pub fn report(&self) -> Vec<ListReport> {
        let known: Vec<_> = self.0.lock().values().cloned().collect();
        known.iter().map(|list| list.report()).collect()
    }

    /// Counts what happened: a fresh list, a failure. Waits for the next with
    /// [`changed`](watch::Receiver::changed).
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.upkeep.changes.subscribe()
    }
}

impl Shared {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<List>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list at one of `places`, known from now on by the first; `None` if there are too many.
    fn list(self: &Arc<Self>, places: &[String], issuer: PublicKey) -> Option<Arc<List>> {
        let url = places.first()?;
        let mut known = self.lock();
        if let Some(list) = known.get(url) {
            list.asked_for_by(issuer);
            return Some(Arc::clone(list));
        }
        if known.len() >= MAX_LISTS {
            if !self.full.swap(true, Ordering::Relaxed) {
                tracing::warn!("more than {MAX_LISTS} revocation lists; {url:?} is not fetched");
            }
            return None;
        }
        let list = Arc::new(List::new(places, issuer));
        known.insert(url.to_owned(), Arc::clone(&list));
        drop(known);
        let kept = KeptList::new(Arc::downgrade(self), Arc::clone(&list));
        self.upkeep.begin(kept);
        Some(list)
    }

    /// Puts all lists into use.
    fn publish(&self) {
        let publishing = &self.publishing;
        let _one = publishing.lock().unwrap_or_else(PoisonError::into_inner);
        // Handshakes look into what is known, and so may whoever is told of the change.
        let known: Vec<_> = self.lock().values().cloned().collect();
        let lists = known.iter().filter_map(|list| list.crls());
        let watched = self.given_watched.iter().map(Watched::get);
        let all = watched.chain(lists);
        let all = all.fold(self.given.clone(), |all, list| all.with(&list));
        // Each was compared with the one that it replaces; and those that are forgotten are lost.
        self.lists.set(all);
    }
}

impl Owner for Shared {
    fn upkeep(&self) -> &Upkeep {
        &self.upkeep
    }
}

impl std::fmt::Debug for CrlKeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CrlKeeper")
            .field("lists", &self.0.lock().len())
            .finish_non_exhaustive()
    }
}
