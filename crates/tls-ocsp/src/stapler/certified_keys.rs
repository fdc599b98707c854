//! rustls takes a staple as part of an `Arc<CertifiedKey>`: one is made for each refresh, not for
//! each handshake.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use arc_swap::{ArcSwap, ArcSwapOption};
use rustls::sign::CertifiedKey;

use super::Stapler;
use super::entry::Entry;
use crate::Staple;

/// More keys than this at once are not remembered: reloads make new ones again and again.
const MAX_KEYS: usize = 16 * 1024;

/// Keys of one certificate that are remembered: several contexts may serve it, and a resolver may make
/// a new one for each handshake.
const MAX_OF_ONE: usize = 8;

/// The keys that were met, by address: to hash a certificate for each handshake would cost a percent
/// of it. A `Weak` keeps the address from others, and not the private key: that is gone, with what was
/// made of it, when it has left its context.
#[derive(Default)]
pub(super) struct CertifiedKeys(ArcSwap<HashMap<usize, Arc<Known>>>);

struct Known {
    key: Weak<CertifiedKey>,
    entry: Arc<Entry>,
    /// The last one that was made.
    stapled: ArcSwapOption<(Arc<Staple>, Arc<CertifiedKey>)>,
}

impl CertifiedKeys {
    pub(super) fn stapled(&self, stapler: &Stapler, key: Arc<CertifiedKey>) -> Arc<CertifiedKey> {
        let Some(known) = self.known(stapler, &key) else {
            return key;
        };
        let Some(staple) = known.entry.current(stapler.0.upkeep.now()) else {
            return key;
        };
        if let Some(made) = &*known.stapled.load()
            && Arc::ptr_eq(&made.0, &staple)
        {
            return Arc::clone(&made.1);
        }
        let mut with_staple = CertifiedKey::clone(&key);
        with_staple.ocsp = Some(staple.as_der().to_vec());
        let with_staple = Arc::new(with_staple);
        let made = Arc::new((staple, Arc::clone(&with_staple)));
        known.stapled.store(Some(made));
        with_staple
    }

    fn known(&self, stapler: &Stapler, key: &Arc<CertifiedKey>) -> Option<Arc<Known>> {
        let address = Arc::as_ptr(key).addr();
        if let Some(known) = self.0.load().get(&address) {
            return Some(Arc::clone(known));
        }
        let leaf = key.cert.first()?;
        let known = Arc::new(Known {
            key: Arc::downgrade(key),
            entry: stapler.entry(leaf, &key.cert),
            stapled: ArcSwapOption::empty(),
        });
        self.0.rcu(|all| {
            let mut all = alive(all);
            if all.len() >= MAX_KEYS {
                all.clear();
            }
            let same = |other: &Arc<Known>| Arc::ptr_eq(&other.entry, &known.entry);
            if all.values().filter(|other| same(other)).count() >= MAX_OF_ONE {
                all.retain(|_, other| !same(other));
            }
            all.insert(address, Arc::clone(&known));
            all
        });
        Some(known)
    }

    /// Forgets the keys of an entry that nobody asks for any more.
    pub(super) fn forget(&self, entry: &Arc<Entry>) {
        self.0.rcu(|all| {
            let mut all = alive(all);
            all.retain(|_, known| !Arc::ptr_eq(&known.entry, entry));
            all
        });
    }

    /// Forgets the keys that nobody has any more.
    pub(super) fn forget_dead(&self) {
        if self.0.load().values().any(|known| !known.is_alive()) {
            self.0.rcu(|all| alive(all));
        }
    }
}

fn alive(all: &HashMap<usize, Arc<Known>>) -> HashMap<usize, Arc<Known>> {
    let alive = all.iter().filter(|(_, known)| known.is_alive());
    alive
        .map(|(address, known)| (*address, Arc::clone(known)))
        .collect()
}

impl Known {
    fn is_alive(&self) -> bool {
        self.key.strong_count() > 0
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known")
            .field("alive", &self.is_alive())
            .finish_non_exhaustive()
    }
}
