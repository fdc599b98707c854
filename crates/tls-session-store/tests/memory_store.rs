//! The memory store: bounds, accounts, eviction, expiry, threads.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tls_session_store::{Clock, MemoryStore, SessionStore};

const TTL: Duration = Duration::from_secs(300);
const OVERHEAD: usize = MemoryStore::ENTRY_OVERHEAD;

/// The futures of a memory store are ready at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// A store with its own time, called without futures.
struct Fixture {
    store: MemoryStore,
    seconds: Arc<AtomicU64>,
}

impl Fixture {
    fn new(max_entries: usize, max_bytes: usize) -> Self {
        let seconds = Arc::new(AtomicU64::new(0));
        let hand = seconds.clone();
        let clock = Clock::from_fn(move || Duration::from_secs(hand.load(Ordering::Relaxed)));
        Self {
            store: MemoryStore::with_clock(max_entries, max_bytes, clock),
            seconds,
        }
    }

    fn wait(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    fn put(&self, id: u32, value: Vec<u8>, ttl: Duration) {
        now(self.store.put(&id.to_be_bytes(), value, ttl)).unwrap();
    }

    fn get(&self, id: u32) -> Option<Vec<u8>> {
        now(self.store.get(&id.to_be_bytes())).unwrap()
    }

    fn take(&self, id: u32) -> Option<Vec<u8>> {
        now(self.store.take(&id.to_be_bytes())).unwrap()
    }
}

#[test]
fn bytes_are_counted_exactly() {
    let f = Fixture::new(10, 100_000);
    f.put(1, vec![0; 100], TTL);
    f.put(2, vec![0; 50], TTL);
    assert_eq!(f.store.bytes(), 4 + 100 + 4 + 50 + 2 * OVERHEAD);
    f.put(1, vec![0; 10], TTL);
    assert_eq!(f.store.bytes(), 4 + 10 + 4 + 50 + 2 * OVERHEAD);
    f.take(2);
    now(f.store.remove(&1u32.to_be_bytes())).unwrap();
    assert_eq!((f.store.len(), f.store.bytes()), (0, 0));
    assert!(f.store.is_empty());
}

#[test]
fn the_recently_used_stay() {
    let f = Fixture::new(100, 1 << 20);
    for id in 0..100 {
        f.put(id, vec![1], TTL);
    }
    for id in 0..10 {
        assert!(f.get(id).is_some());
    }
    for id in 100..190 {
        f.put(id, vec![1], TTL);
    }
    assert!((0..10).all(|id| f.get(id).is_some()), "those read stay");
    assert!(
        (10..100).all(|id| f.get(id).is_none()),
        "the others made room"
    );
    assert!((100..190).all(|id| f.get(id).is_some()));
}

#[test]
fn an_eviction_ends_though_all_are_in_use() {
    let f = Fixture::new(500, 1 << 20);
    for id in 0..500 {
        f.put(id, vec![1], TTL);
    }
    assert!((0..500).all(|id| f.get(id).is_some()));
    f.put(500, vec![1], TTL);
    assert_eq!(f.store.len(), 500);
    assert!(f.get(500).is_some());
}

#[test]
fn a_large_value_makes_room_for_itself_or_is_refused() {
    let f = Fixture::new(100, 10 * (OVERHEAD + 104));
    for id in 0..10 {
        f.put(id, vec![1; 100], TTL);
    }
    assert_eq!(f.store.len(), 10);
    f.put(10, vec![1; 5 * (OVERHEAD + 104)], TTL);
    assert!(f.get(10).is_some());
    assert_eq!(f.store.len(), 5);

    let too_large = vec![1; 10 * (OVERHEAD + 104)];
    let error = now(f.store.put(b"x", too_large, TTL)).unwrap_err();
    assert_eq!(error.code(), "session_too_large");
    assert_eq!(f.store.len(), 5, "a refused value evicts nothing");
    let beyond = vec![1; tls_session_store::limits::MAX_VALUE_LEN + 1];
    let error = now(MemoryStore::new().put(b"x", beyond, TTL)).unwrap_err();
    assert_eq!(error.code(), "session_too_large");
}

#[test]
fn expired_sessions_leave_without_being_asked_for() {
    let f = Fixture::new(1_000, 1 << 20);
    for id in 0..500 {
        f.put(id, vec![1], Duration::from_secs(10));
    }
    f.wait(10);
    for id in 1_000..1_300 {
        f.put(id, vec![1], TTL);
    }
    assert_eq!(f.store.len(), 300, "puts swept the expired away");
}

#[test]
fn expired_sessions_behind_long_lived_ones_leave_too() {
    let f = Fixture::new(1_000, 1 << 20);
    f.put(0, vec![1], Duration::from_secs(100_000));
    for id in 1..300 {
        f.put(id, vec![1], Duration::from_secs(10));
    }
    f.wait(10);
    for id in 1_000..1_600 {
        f.put(id, vec![1], TTL);
    }
    assert_eq!(f.store.len(), 601);
}

#[test]
fn a_purge_drops_exactly_the_expired() {
    let f = Fixture::new(1_000, 1 << 20);
    for id in 0..100 {
        f.put(id, vec![1; 3], Duration::from_secs(10 + u64::from(id % 2)));
    }
    f.wait(10);
    f.store.purge_expired();
    assert_eq!(f.store.len(), 50);
    assert_eq!(f.store.bytes(), 50 * (4 + 3 + OVERHEAD));
}

#[test]
fn a_ttl_beyond_all_time_is_no_overflow() {
    let f = Fixture::new(10, 1 << 20);
    f.wait(u64::MAX / 2);
    f.put(1, vec![1], Duration::MAX);
    assert!(f.get(1).is_some());
}

#[derive(Clone, Debug)]
enum Step {
    Put(u32, usize, u64),
    Get(u32),
    Take(u32),
    Remove(u32),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = 0u32..20;
    let step = prop_oneof![
        4 => (id.clone(), 0usize..100, 1u64..20).prop_map(|(id, len, ttl)| Step::Put(id, len, ttl)),
        2 => id.clone().prop_map(Step::Get),
        1 => id.clone().prop_map(Step::Take),
        1 => id.prop_map(Step::Remove),
        1 => (1u64..8).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..120)
}

/// What was put and is still good: value and end.
type Model = HashMap<u32, (Vec<u8>, u64)>;

/// Plays `steps`; every answer of the store is what the model has, or a miss if it may forget.
fn play(f: &Fixture, steps: &[Step], may_forget: bool, max: (usize, usize)) -> Model {
    let mut model = Model::new();
    for (number, step) in steps.iter().enumerate() {
        let time = f.seconds.load(Ordering::Relaxed);
        model.retain(|_, (_, end)| *end > time);
        let (answer, expected) = match *step {
            Step::Put(id, len, ttl) => {
                let value = vec![number as u8; len];
                f.put(id, value.clone(), Duration::from_secs(ttl));
                model.insert(id, (value, time + ttl));
                (f.get(id), model.get(&id).cloned())
            }
            Step::Get(id) => (f.get(id), model.get(&id).cloned()),
            Step::Take(id) => (f.take(id), model.remove(&id)),
            Step::Remove(id) => {
                now(f.store.remove(&id.to_be_bytes())).unwrap();
                model.remove(&id);
                (f.get(id), None)
            }
            Step::Wait(seconds) => {
                f.wait(seconds);
                (None, None)
            }
        };
        if !may_forget || answer.is_some() {
            assert_eq!(answer, expected.map(|(value, _)| value));
        }
        assert!(f.store.len() <= max.0 && f.store.bytes() <= max.1);
    }
    let time = f.seconds.load(Ordering::Relaxed);
    model.retain(|_, (_, end)| *end > time);
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_store_with_room_agrees_with_its_model(steps in steps()) {
        let f = Fixture::new(1_000, 1 << 20);
        let model = play(&f, &steps, false, (1_000, 1 << 20));
        f.store.purge_expired();
        prop_assert_eq!(f.store.len(), model.len());
        let bytes: usize = model.values().map(|(value, _)| 4 + value.len() + OVERHEAD).sum();
        prop_assert_eq!(f.store.bytes(), bytes);
    }

    #[test]
    fn a_full_store_never_passes_its_limits_nor_invents_sessions(steps in steps()) {
        let max = (6, 6 * OVERHEAD + 250);
        let f = Fixture::new(max.0, max.1);
        play(&f, &steps, true, max);
        f.store.purge_expired();
        let held: Vec<_> = (0..20).filter_map(|id| f.get(id)).collect();
        prop_assert_eq!(f.store.len(), held.len());
        let bytes: usize = held.iter().map(|value| 4 + value.len() + OVERHEAD).sum();
        prop_assert_eq!(f.store.bytes(), bytes);
    }
}

#[test]
fn each_session_is_taken_by_exactly_one_thread() {
    let store = MemoryStore::with_limits(10_000, 64 << 20);
    let wins: Vec<AtomicUsize> = (0..2_000).map(|_| AtomicUsize::new(0)).collect();
    for id in 0..2_000u32 {
        now(store.put(&id.to_be_bytes(), id.to_be_bytes().to_vec(), TTL)).unwrap();
    }
    std::thread::scope(|scope| {
        for thread in 0..8u32 {
            let (store, wins) = (&store, &wins);
            scope.spawn(move || {
                for step in 0..2_000u32 {
                    let id = (step * (2 * thread + 1)) % 2_000;
                    if let Some(value) = now(store.take(&id.to_be_bytes())).unwrap() {
                        assert_eq!(value, id.to_be_bytes());
                        wins[id as usize].fetch_add(1, Ordering::Relaxed);
                    }
                }
                for id in 0..2_000u32 {
                    if now(store.take(&id.to_be_bytes())).unwrap().is_some() {
                        wins[id as usize].fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(wins.iter().all(|wins| wins.load(Ordering::Relaxed) == 1));
    assert_eq!((store.len(), store.bytes()), (0, 0));
}

#[test]
fn accounts_are_exact_after_threads_fought_over_few_places() {
    let (max_entries, max_bytes) = (50, 50 * (OVERHEAD + 60));
    let store = MemoryStore::with_limits(max_entries, max_bytes);
    std::thread::scope(|scope| {
        for thread in 0..6u32 {
            let store = &store;
            scope.spawn(move || {
                for step in 0..3_000u32 {
                    let id = (step.wrapping_mul(7).wrapping_add(thread * 13) % 120).to_be_bytes();
                    match step % 4 {
                        0 | 1 => {
                            now(store.put(&id, vec![1; (step % 90) as usize], TTL)).unwrap();
                        }
                        2 => drop(now(store.get(&id)).unwrap()),
                        _ => drop(now(store.take(&id)).unwrap()),
                    }
                    assert!(store.len() <= max_entries && store.bytes() <= max_bytes);
                }
            });
        }
    });
    let held: Vec<_> = (0..120u32)
        .filter_map(|id| now(store.take(&id.to_be_bytes())).unwrap())
        .collect();
    assert!(!held.is_empty());
    assert_eq!((store.len(), store.bytes()), (0, 0));
}
