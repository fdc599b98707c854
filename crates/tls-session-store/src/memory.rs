//! Sessions in the memory of this process.

mod budget;
mod recency;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use zeroize::{Zeroize, Zeroizing};

use self::budget::Budget;
use self::recency::{Place, Recency};
use crate::limits::{DEFAULT_MAX_BYTES, DEFAULT_MAX_ENTRIES, MAX_VALUE_LEN};
use crate::{Clock, Error, SessionId, SessionStore};

/// How often in one eviction a session is spared for having been used lately; then the next one goes
/// in any case, so that an eviction has a bounded cost.
const MAX_SPARED: usize = 64;

/// A [`SessionStore`] in memory, bounded in sessions and bytes; clones share it.
///
/// When it is full, sessions that were not read since they were last considered go first, in the order
/// in which they came (the *second chance* rule). Expired sessions are never handed out; they leave
/// when they are met: at a look-up, at an eviction, or by the three that each `put` looks at.
/// Values are wiped when they leave. [`take`](SessionStore::take) is atomic.
///
/// Shared by the threads of one process only; sessions are gone when it ends.
///
/// ```
/// use std::time::Duration;
/// use tls_session_store::{MemoryStore, SessionStore};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryStore::with_limits(10_000, 16 << 20);
/// store.put(b"id", b"sealed session".to_vec(), Duration::from_secs(300)).await?;
/// assert_eq!(store.take(b"id").await?.as_deref(), Some(&b"sealed session"[..]));
/// assert_eq!(store.take(b"id").await?, None);
/// # Ok::<_, tls_session_store::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    sessions: DashMap<SessionId, Entry>,
    budget: Budget,
    recency: Recency,
    clock: Clock,
    stamps: AtomicU64,
}

struct Entry {
    value: Zeroizing<Box<[u8]>>,
    expires: Duration,
    /// Tells this entry from earlier and later ones under the same id.
    stamp: u64,
    /// Read since an eviction last considered it.
    used: AtomicBool,
}

impl MemoryStore {
    /// What one session costs beside its id and value, in bytes: the tables' share, measured and rounded
    /// up. It counts against the limit of bytes.
    pub const ENTRY_OVERHEAD: usize = 256;

    /// A store of at most 100,000 sessions and 64 MiB.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(DEFAULT_MAX_ENTRIES, DEFAULT_MAX_BYTES)
    }

    /// A store of at most `max_entries` sessions (at least one) and `max_bytes` bytes of ids, values and
    /// [`ENTRY_OVERHEAD`](Self::ENTRY_OVERHEAD) each.
    #[must_use]
    pub fn with_limits(max_entries: usize, max_bytes: usize) -> Self {
        Self::with_clock(max_entries, max_bytes, Clock::monotonic())
    }

    /// As [`with_limits`](Self::with_limits), with a clock of your own; for tests.
    #[must_use]
    pub fn with_clock(max_entries: usize, max_bytes: usize, clock: Clock) -> Self {
        let max_entries = max_entries.max(1);
        Self {
            shared: Arc::new(Shared {
                sessions: DashMap::new(),
                budget: Budget::new(max_entries, max_bytes),
                recency: Recency::new(max_entries),
                clock,
                stamps: AtomicU64::new(0),
            }),
        }
    }

    /// Sessions held, expired ones that nobody has met yet included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.budget.entries()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held: ids, values and [`ENTRY_OVERHEAD`](Self::ENTRY_OVERHEAD) each.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shared.budget.bytes()
    }

    /// Drops all expired sessions at once. Looks at every session; only for those who want idle memory
    /// back, for nothing depends on it.
    pub fn purge_expired(&self) {
        let shared = &self.shared;
        let now = shared.clock.now();
        let mut expired = Vec::new();
        for session in &shared.sessions {
            if session.expires <= now {
                expired.push((*session.key(), session.stamp));
            }
        }
        for (id, stamp) in expired {
            shared.remove_if(&id, |entry| entry.stamp == stamp);
        }
    }

    pub(crate) fn put_now(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        self.shared.put(SessionId::try_from(id)?, value, ttl)
    }

    fn put_new_now(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        self.shared.put_new(SessionId::try_from(id)?, value, ttl)
    }

    pub(crate) fn get_now(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.shared.get(&SessionId::try_from(id).ok()?)
    }

    pub(crate) fn take_now(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.shared.take(&SessionId::try_from(id).ok()?)
    }

    fn remove_now(&self, id: &[u8]) {
        if let Ok(id) = SessionId::try_from(id) {
            self.shared.remove_if(&id, |_| true);
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("sessions", &self.len())
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

impl SessionStore for MemoryStore {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        self.put_now(id, value, ttl)
    }

    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        self.put_new_now(id, value, ttl)
    }

    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.get_now(id))
    }

    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.take_now(id))
    }

    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        self.remove_now(id);
        Ok(())
    }

    /// For ever: what this store forgets is gone for all who share it.
    fn undisturbed_for(&self) -> Option<Duration> {
        Some(Duration::MAX)
    }
}

impl Shared {
    fn put(&self, id: SessionId, value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        let cost = self.check_size(&id, value.len())?;
        self.remove_if(&id, |_| true);
        if ttl.is_zero() {
            return Ok(());
        }
        self.make_room(cost)?;
        let place = self.place(id, ttl);
        if let Some(raced) = self.sessions.insert(id, Entry::new(value, &place)) {
            self.left(&id, &raced);
        }
        self.came(place);
        Ok(())
    }

    fn put_new(&self, id: SessionId, value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        let cost = self.check_size(&id, value.len())?;
        if self
            .sessions
            .get(&id)
            .is_some_and(|there| there.expires > self.clock.now())
        {
            return Ok(false);
        }
        self.make_room(cost)?;
        let place = self.place(id, ttl);
        let now = self.clock.now();
        // Decided under the lock of the entry; the accounts are settled when it is open again.
        let gone = match self.sessions.entry(id) {
            dashmap::Entry::Occupied(there) if there.get().expires > now => {
                drop(there);
                self.budget.release(cost);
                return Ok(false);
            }
            dashmap::Entry::Occupied(mut expired) => {
                Some(expired.insert(Entry::new(value, &place)))
            }
            dashmap::Entry::Vacant(free) => {
                free.insert(Entry::new(value, &place));
                None
            }
        };
        if let Some(gone) = gone {
            self.left(&id, &gone);
        }
        self.came(place);
        Ok(true)
    }

    fn make_room(&self, cost: usize) -> Result<(), Error> {
        while !self.budget.reserve(cost) {
            if !self.evict_one() {
                return Err(Error::StoreFull);
            }
        }
        Ok(())
    }

    fn place(&self, id: SessionId, ttl: Duration) -> Place {
        Place {
            id,
            expires: self.clock.now().saturating_add(ttl),
            stamp: self.stamps.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn came(&self, place: Place) {
        self.recency.push(place, |place| self.holds(place));
        self.drop_expired(place.stamp);
    }

    fn check_size(&self, id: &SessionId, len: usize) -> Result<usize, Error> {
        let cost = cost(id, len);
        if len > MAX_VALUE_LEN {
            return Err(Error::TooLarge {
                given: len,
                limit: MAX_VALUE_LEN,
            });
        }
        if cost > self.budget.max_bytes() {
            return Err(Error::TooLarge {
                given: cost,
                limit: self.budget.max_bytes(),
            });
        }
        Ok(cost)
    }

    fn get(&self, id: &SessionId) -> Option<Vec<u8>> {
        let entry = self.sessions.get(id)?;
        if entry.expires > self.clock.now() {
            entry.used.store(true, Ordering::Relaxed);
            return Some(entry.value.to_vec());
        }
        let stamp = entry.stamp;
        drop(entry);
        self.remove_if(id, |entry| entry.stamp == stamp);
        None
    }

    fn take(&self, id: &SessionId) -> Option<Vec<u8>> {
        let mut entry = self.remove_if(id, |_| true)?;
        let fresh = entry.expires > self.clock.now();
        fresh.then(|| std::mem::take(&mut *entry.value).into_vec())
    }

    /// Removes the entry under `id` if `condition` holds, and settles the accounts.
    fn remove_if(&self, id: &SessionId, condition: impl FnOnce(&Entry) -> bool) -> Option<Entry> {
        let (_, entry) = self.sessions.remove_if(id, |_, entry| condition(entry))?;
        self.left(id, &entry);
        Some(entry)
    }

    fn left(&self, id: &SessionId, entry: &Entry) {
        self.budget.release(cost(id, entry.value.len()));
        self.recency.left(entry.stamp);
    }

    fn holds(&self, place: &Place) -> bool {
        self.sessions
            .get(&place.id)
            .is_some_and(|entry| entry.stamp == place.stamp)
    }

    /// Makes room for one; `false` if there is nothing to evict.
    fn evict_one(&self) -> bool {
        let now = self.clock.now();
        let mut spared = 0;
        while let Some(place) = self.recency.pop() {
            let mut spare = false;
            let evicted = self.remove_if(&place.id, |entry| {
                if entry.stamp != place.stamp {
                    return false;
                }
                let used = entry.used.swap(false, Ordering::Relaxed);
                spare = used && entry.expires > now && spared < MAX_SPARED;
                !spare
            });
            if evicted.is_some() {
                self.recency.forgotten(place.stamp);
                return true;
            }
            if spare {
                spared += 1;
                self.recency.push_back(place);
            } else {
                self.recency.forgotten(place.stamp);
            }
        }
        false
    }

    /// Looks at a few places near the one just taken.
    fn drop_expired(&self, stamp: u64) {
        let expired = self.recency.sample_expired(stamp, self.clock.now());
        for place in expired.iter().flatten() {
            self.remove_if(&place.id, |entry| entry.stamp == place.stamp);
        }
        if let [Some(oldest), ..] = expired {
            self.recency.forgotten(oldest.stamp);
        }
    }
}

impl Entry {
    fn new(mut value: Vec<u8>, place: &Place) -> Self {
        let exact = if value.len() == value.capacity() {
            value.into_boxed_slice()
        } else {
            // Shrinking could move the bytes and leave the old ones behind.
            let copy = value.as_slice().into();
            value.zeroize();
            copy
        };
        Self {
            value: Zeroizing::new(exact),
            expires: place.expires,
            stamp: place.stamp,
            used: AtomicBool::new(false),
        }
    }
}

fn cost(id: &SessionId, value_len: usize) -> usize {
    id.as_bytes().len() + value_len + MemoryStore::ENTRY_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_taken_sessions_do_not_pile_up() {
        let store = MemoryStore::with_limits(1_000, 1 << 20);
        for id in 0..20_000u32 {
            let id = id.to_be_bytes();
            store
                .put_now(&id, vec![1], Duration::from_secs(300))
                .unwrap();
            assert!(store.take_now(&id).is_some());
            assert!(store.shared.recency.places() < 100);
        }
    }

    #[test]
    fn of_many_that_put_the_same_new_id_one_succeeds() {
        let store = MemoryStore::with_limits(1_000, 1 << 20);
        let threads = (0..8u8).map(|thread| {
            let store = store.clone();
            std::thread::spawn(move || {
                (0..200u32)
                    .filter(|id| {
                        let id = id.to_be_bytes();
                        store
                            .put_new_now(&id, vec![thread], Duration::from_secs(300))
                            .unwrap()
                    })
                    .count()
            })
        });
        let threads: Vec<_> = threads.collect();
        let kept: usize = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        assert_eq!((kept, store.len()), (200, 200));
        for id in 0..200u32 {
            store.take_now(&id.to_be_bytes()).unwrap();
        }
        assert_eq!((store.len(), store.bytes()), (0, 0));
    }

    #[test]
    fn an_expired_value_is_no_hindrance_to_a_new_one() {
        let now = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now);
        let clock = Clock::from_fn(move || Duration::from_secs(clock.load(Ordering::Relaxed)));
        let store = MemoryStore::with_clock(10, 1 << 20, clock);
        let put = |value| store.put_new_now(b"id", vec![value], Duration::from_secs(10));
        assert!(put(1).unwrap());
        assert!(!put(2).unwrap());
        now.store(10, Ordering::Relaxed);
        assert!(put(3).unwrap());
        assert_eq!(store.get_now(b"id").as_deref(), Some(&[3][..]));
        assert_eq!(store.len(), 1);
    }

    #[test]
    fn a_value_is_kept_without_spare_room() {
        let mut value = Vec::with_capacity(1_000);
        value.extend_from_slice(b"session");
        let place = Place {
            id: SessionId::try_from(&b"id"[..]).unwrap(),
            expires: Duration::MAX,
            stamp: 0,
        };
        assert_eq!(**Entry::new(value, &place).value, *b"session");
    }
}
