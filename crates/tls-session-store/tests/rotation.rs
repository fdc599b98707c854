//! Keys that rotate by themselves in one process, without a thread.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tls_session_store::limits::MAX_RING_KEYS;
use tls_session_store::{Clock, ContextId, KeyState, Kind, OpenFailure, TicketKeys};

const KIND: Kind = Kind::RustlsTicket;
const CONTEXT: ContextId = ContextId([3; 32]);
const HOUR: u64 = 3_600;

/// Keys on a clock in seconds, and its hand.
fn keys_on_a_clock(period: u64) -> (TicketKeys, Arc<AtomicU64>) {
    let hand = Arc::new(AtomicU64::new(1_000_000));
    let seconds = hand.clone();
    let clock = Clock::from_fn(move || Duration::from_secs(seconds.load(Ordering::Relaxed)));
    let keys = TicketKeys::from_bytes([1; 48])
        .with_clock(clock)
        .rotate_every(Duration::from_secs(period));
    (keys, hand)
}

fn seal(keys: &TicketKeys) -> Vec<u8> {
    keys.seal(KIND, &CONTEXT, b"session").unwrap()
}

fn opens(keys: &TicketKeys, ticket: &[u8]) -> bool {
    keys.open(KIND, &CONTEXT, ticket).is_ok()
}

// Spec: TKT-05
#[test]
fn another_key_issues_after_each_period_and_the_old_one_opens_for_the_lifetime() {
    let (keys, hand) = keys_on_a_clock(HOUR);
    let clone = keys.clone();
    let first = seal(&keys);
    hand.fetch_add(HOUR - 1, Ordering::Relaxed);
    assert_eq!(keys.to_bytes(), [1; 48]);

    hand.fetch_add(1, Ordering::Relaxed);
    let second = seal(&clone);
    assert_ne!(second[..16], first[..16], "the first use turned the ring");
    assert_eq!(keys.to_bytes()[..16], second[..16], "for all clones");
    assert_eq!(keys.names().len(), 2);
    assert!(opens(&keys, &first));

    hand.fetch_add(2 * HOUR - 1, Ordering::Relaxed);
    assert!(opens(&keys, &first), "two hours after it issued last");
    hand.fetch_add(1, Ordering::Relaxed);
    let failure = keys.open(KIND, &CONTEXT, &first).unwrap_err();
    assert_eq!(failure, OpenFailure::NotOurs);
    assert_eq!(keys.names().len(), 2, "the third issues, the second opens");
}

#[test]
fn an_idle_server_keeps_what_its_last_key_issued() {
    let (keys, hand) = keys_on_a_clock(HOUR);
    hand.fetch_add(100 * HOUR, Ordering::Relaxed);
    let ticket = seal(&keys);
    assert_ne!(
        ticket[..16],
        [1; 16],
        "the first use turned the ring, long after"
    );
    // Whether the first key issued a minute before is not noted, so it is kept for the lifetime.
    assert_eq!(keys.names().len(), 2);
}

#[test]
fn a_key_opens_for_as_long_as_the_longest_ticket() {
    let (keys, hand) = keys_on_a_clock(HOUR);
    let ticket = seal(&keys);
    hand.fetch_add(HOUR, Ordering::Relaxed);
    seal(&keys);
    // Said after the key retired, as a context does that is added while the server runs.
    keys.cover_lifetime(Duration::from_secs(24 * HOUR));
    keys.cover_lifetime(Duration::from_secs(HOUR));
    assert_eq!(keys.lifetime(), Duration::from_secs(24 * HOUR));
    hand.fetch_add(24 * HOUR - 1, Ordering::Relaxed);
    assert!(opens(&keys, &ticket));
    hand.fetch_add(1, Ordering::Relaxed);
    assert!(!opens(&keys, &ticket));
}

#[test]
fn a_key_given_by_hand_starts_the_period_anew() {
    let (keys, hand) = keys_on_a_clock(HOUR);
    hand.fetch_add(HOUR - 1, Ordering::Relaxed);
    keys.set(&[2; 48]);
    hand.fetch_add(HOUR - 1, Ordering::Relaxed);
    assert_eq!(keys.to_bytes(), [2; 48]);
    hand.fetch_add(1, Ordering::Relaxed);
    assert_ne!(keys.to_bytes(), [2; 48]);
    keys.rotate().unwrap();
    assert_eq!(keys.names().len(), 3);
}

#[test]
fn threads_that_come_at_once_turn_the_ring_once() {
    let (keys, hand) = keys_on_a_clock(HOUR);
    for _ in 0..20 {
        hand.fetch_add(HOUR, Ordering::Relaxed);
        let names = std::thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(|| seal(&keys)[..16].to_vec()));
            threads.map(|thread| thread.join().unwrap())
        });
        assert!(names.iter().all(|name| *name == names[0]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the period and the lifetime: no ticket dies before its time, and the ring stays small.
    #[test]
    fn tickets_open_for_their_lifetime(
        period in 1u64..20_000,
        lifetime in 1u64..700_000,
        steps in prop::collection::vec(0u64..30_000, 1..80),
    ) {
        let (keys, hand) = keys_on_a_clock(period);
        let keys = keys.with_lifetime(Duration::from_secs(lifetime));
        let lifetime = keys.lifetime().as_secs();
        let mut issued = Vec::new();
        for step in steps {
            let now = hand.fetch_add(step, Ordering::Relaxed) + step;
            issued.push((now, seal(&keys)));
            for (at, ticket) in &issued {
                prop_assert!(now - at >= lifetime || opens(&keys, ticket));
            }
            prop_assert!(keys.names().len() <= MAX_RING_KEYS);
        }
    }
}

#[test]
fn a_list_says_since_when_each_key_issues_and_until_when() {
    let (keys, hand) = keys_on_a_clock(HOUR);
    hand.fetch_add(HOUR, Ordering::Relaxed);
    let listed: Vec<_> = keys
        .list()
        .into_iter()
        .map(|key| (key.state, key.issues_from, key.retired))
        .collect();
    let at = |seconds| Some(Duration::from_secs(seconds));
    let (start, turn) = (at(1_000_000), at(1_000_000 + HOUR));
    assert_eq!(
        listed,
        [
            (KeyState::Issues, turn, None),
            (KeyState::Opens, start, turn)
        ]
    );
    let names: Vec<_> = keys.list().iter().map(|key| key.name).collect();
    assert_eq!(names, keys.names());
    // Nobody has said when a given key was made.
    assert_eq!(TicketKeys::from_bytes([1; 48]).list()[0].issues_from, None);
}
