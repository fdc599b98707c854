//! Ticket keys: layout, sharing, rotation, and what never opens.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tls_session_store::limits::MAX_RING_KEYS;
use tls_session_store::{Clock, ContextId, Kind, OpenFailure, TicketKey, TicketKeys};

const KIND: Kind = Kind::RustlsTicket;
const CONTEXT: ContextId = ContextId([3; 32]);

fn key(name: u8) -> [u8; 48] {
    [name; 48]
}

fn seal(keys: &TicketKeys) -> Vec<u8> {
    keys.seal(KIND, &CONTEXT, b"session").unwrap()
}

fn open(keys: &TicketKeys, ticket: &[u8]) -> Result<Vec<u8>, OpenFailure> {
    keys.open(KIND, &CONTEXT, ticket)
        .map(|plain| plain.to_vec())
}

/// A clock in seconds, and its hand.
fn settable_clock() -> (Clock, Arc<AtomicU64>) {
    let hand = Arc::new(AtomicU64::new(1_000_000));
    let seconds = hand.clone();
    let clock = Clock::from_fn(move || Duration::from_secs(seconds.load(Ordering::Relaxed)));
    (clock, hand)
}

// Spec: TKT-03
#[test]
fn tkt_03_workers_with_equal_keys_open_each_others_tickets() {
    let (first, second) = (
        TicketKeys::from_bytes(key(1)),
        TicketKeys::from_bytes(key(1)),
    );
    assert_eq!(open(&second, &seal(&first)).unwrap(), b"session");
    assert_eq!(open(&first, &seal(&second)).unwrap(), b"session");
}

// Spec: TKT-04, CTX-11
#[test]
fn tkt_04_other_keys_contexts_and_kinds_do_not_open() {
    let keys = TicketKeys::from_bytes(key(1));
    let ticket = seal(&keys);
    let other_key = TicketKeys::from_bytes(key(2));
    assert_eq!(open(&other_key, &ticket), Err(OpenFailure::NotOurs));
    for (kind, context) in [
        (KIND, ContextId([4; 32])),
        (Kind::PskTicket, CONTEXT),
        (Kind::StoredSession, CONTEXT),
        (Kind::ClientSession, CONTEXT),
    ] {
        let failure = keys.open(kind, &context, &ticket).unwrap_err();
        assert_eq!(failure, OpenFailure::NotAuthentic);
    }
    // One name and another secret: what a guessed name is worth.
    let mut same_name = key(1);
    same_name[47] ^= 1;
    let impostor = TicketKeys::from_bytes(same_name);
    assert_eq!(open(&impostor, &ticket), Err(OpenFailure::NotAuthentic));
}

// Spec: TKT-05
#[test]
fn tkt_05_a_set_key_replaces_the_old_and_setting_it_back_revives_its_tickets() {
    let keys = TicketKeys::from_bytes(key(1));
    let ticket = seal(&keys);
    let clone = keys.clone();
    keys.set(&key(2));
    assert_eq!(clone.to_bytes(), key(2));
    assert_eq!(open(&clone, &ticket), Err(OpenFailure::NotOurs));
    assert!(!clone.recognises(&ticket));
    keys.set(&key(1));
    assert_eq!(open(&clone, &ticket).unwrap(), b"session");
}

// Spec: T-SES-06, CTX-12
#[test]
fn t_ses_06_keys_of_another_length_are_refused() {
    for len in [0, 47, 49] {
        let error = TicketKeys::try_from(&vec![0; len][..]).unwrap_err();
        assert!(error.to_string().contains("must be exactly 48 bytes"));
    }
    let keys = TicketKeys::try_from(&key(7)[..]).unwrap();
    assert_eq!(keys.to_bytes(), key(7));
}

// Spec: TKT-01
#[test]
fn the_layout_is_name_salt_ciphertext_tag() {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    let ticket = seal(&TicketKeys::from_bytes(key(5)));
    assert_eq!(ticket.len(), 16 + 32 + b"session".len() + 16);
    assert_eq!(ticket[..16], key(5)[..16]);

    // Derived and opened once more, by hand.
    let mut okm = [0; 44];
    let info = [&b"tls-ticket v1"[..], &[1], &CONTEXT.0].concat();
    hkdf::Hkdf::<sha2::Sha256>::new(Some(&ticket[16..48]), &key(5))
        .expand(&info, &mut okm)
        .unwrap();
    let aad = [&ticket[..16], &[1], &CONTEXT.0].concat();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &okm[..32]).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(&okm[32..]).unwrap();
    let mut sealed = ticket[48..].to_vec();
    let plain = key
        .open_in_place(nonce, Aad::from(aad), &mut sealed)
        .unwrap();
    assert_eq!(plain, b"session");
}

#[test]
fn each_ticket_has_a_salt_of_its_own() {
    let keys = TicketKeys::from_bytes(key(1));
    assert_ne!(seal(&keys)[16..48], seal(&keys)[16..48]);
}

#[test]
fn a_rotated_key_opens_its_tickets_until_its_lifetime_is_over() {
    let (clock, hand) = settable_clock();
    let keys = TicketKeys::from_bytes(key(1))
        .with_clock(clock)
        .with_lifetime(Duration::from_secs(100));
    let old = seal(&keys);
    keys.rotate().unwrap();
    assert_ne!(keys.to_bytes(), key(1));
    let new = seal(&keys);
    assert_ne!(old[..16], new[..16]);

    hand.fetch_add(99, Ordering::Relaxed);
    assert_eq!(open(&keys, &old).unwrap(), b"session");
    hand.fetch_add(1, Ordering::Relaxed);
    assert_eq!(open(&keys, &old), Err(OpenFailure::NotOurs));
    assert!(!keys.recognises(&old));
    assert_eq!(open(&keys, &new).unwrap(), b"session");
}

#[test]
fn rotating_to_the_same_key_changes_nothing_and_to_its_namesake_is_refused() {
    let keys = TicketKeys::from_bytes(key(1));
    keys.rotate_to(&TicketKey::from(key(1))).unwrap();
    assert_eq!(keys.to_bytes(), key(1));
    let mut namesake = key(1);
    namesake[20] = 9;
    let error = keys.rotate_to(&TicketKey::from(namesake)).unwrap_err();
    assert_eq!(error.code(), "duplicate_ticket_key");
}

#[test]
fn a_retired_key_that_issues_again_retires_anew() {
    let (clock, hand) = settable_clock();
    let keys = TicketKeys::from_bytes(key(1))
        .with_clock(clock)
        .with_lifetime(Duration::from_secs(100));
    keys.rotate_to(&TicketKey::from(key(2))).unwrap();
    keys.rotate_to(&TicketKey::from(key(1))).unwrap();
    let ticket = seal(&keys);
    hand.fetch_add(1_000, Ordering::Relaxed);
    assert_eq!(open(&keys, &ticket).unwrap(), b"session");
}

#[test]
fn a_ring_keeps_sixteen_keys_and_drops_the_oldest() {
    let keys = TicketKeys::from_bytes(key(0));
    let first = seal(&keys);
    for name in 1..MAX_RING_KEYS as u8 {
        keys.rotate_to(&TicketKey::from(key(name))).unwrap();
    }
    assert!(open(&keys, &first).is_ok());
    keys.rotate_to(&TicketKey::from(key(99))).unwrap();
    assert_eq!(open(&keys, &first), Err(OpenFailure::NotOurs));

    let many = (0..=MAX_RING_KEYS as u8).map(|name| TicketKey::from(key(name)));
    let error = TicketKeys::from_keys(many).unwrap_err();
    assert_eq!(error.code(), "too_many_ticket_keys");
    let twins = [TicketKey::from(key(1)), TicketKey::from(key(1))];
    assert_eq!(
        TicketKeys::from_keys(twins).unwrap_err().code(),
        "duplicate_ticket_key"
    );
    assert_eq!(
        TicketKeys::from_keys([]).unwrap_err().code(),
        "ticket_key_length"
    );
}

#[test]
fn the_first_of_several_keys_issues_and_all_open() {
    let keys = TicketKeys::from_keys([key(1).into(), key(2).into()]).unwrap();
    assert_eq!(keys.to_bytes(), key(1));
    let of_second = seal(&TicketKeys::from_bytes(key(2)));
    assert_eq!(open(&keys, &of_second).unwrap(), b"session");
}

#[test]
fn a_cut_ticket_is_malformed_or_not_authentic_never_a_panic() {
    let keys = TicketKeys::from_bytes(key(1));
    let ticket = seal(&keys);
    for len in 0..ticket.len() {
        let expected = if len < 64 {
            OpenFailure::Malformed
        } else {
            OpenFailure::NotAuthentic
        };
        assert_eq!(open(&keys, &ticket[..len]), Err(expected), "cut at {len}");
    }
}

#[test]
fn nothing_of_a_key_is_shown() {
    let shown = format!("{:?}", TicketKeys::from_bytes([0xab; 48]));
    assert_eq!(shown, "TicketKeys { keys: 1, lifetime: 7200s, .. }");
}

// Spec: CTX-13
#[test]
fn ctx_13_a_lifetime_is_two_hours_unless_set_and_at_most_seven_days() {
    let keys = TicketKeys::from_bytes(key(1));
    assert_eq!(keys.lifetime(), Duration::from_secs(7_200));
    let keys = keys.with_lifetime(Duration::MAX);
    assert_eq!(keys.lifetime(), Duration::from_secs(604_800));
}

#[test]
fn what_is_beyond_the_limit_is_not_sealed() {
    let keys = TicketKeys::from_bytes(key(1));
    let limit = tls_session_store::limits::MAX_SEALED_PLAINTEXT;
    let largest = keys.seal(KIND, &CONTEXT, &vec![1; limit]).unwrap();
    assert_eq!(open(&keys, &largest).unwrap().len(), limit);
    let error = keys.seal(KIND, &CONTEXT, &vec![1; limit + 1]).unwrap_err();
    assert_eq!(error.code(), "session_too_large");
}

#[test]
fn readers_see_one_ring_or_the_other_while_it_turns() {
    let keys = TicketKeys::from_bytes(key(1));
    let ticket = seal(&keys);
    std::thread::scope(|scope| {
        scope.spawn(|| (0..200).for_each(|_| keys.rotate().unwrap_or(())));
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let fresh = seal(&keys);
                    // Sixteen rotations may have passed in between.
                    assert!(matches!(
                        open(&keys, &fresh),
                        Ok(_) | Err(OpenFailure::NotOurs)
                    ));
                    assert!(matches!(
                        open(&keys, &ticket),
                        Ok(_) | Err(OpenFailure::NotOurs)
                    ));
                }
            });
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_sealed_opens(plain in prop::collection::vec(any::<u8>(), 0..600)) {
        let keys = TicketKeys::from_bytes(key(1));
        let ticket = keys.seal(KIND, &CONTEXT, &plain).unwrap();
        prop_assert!(keys.recognises(&ticket));
        prop_assert_eq!(open(&keys, &ticket), Ok(plain));
    }

    #[test]
    fn any_flipped_bit_is_noticed(at in 0usize..71, bit in 0u8..8) {
        let keys = TicketKeys::from_bytes(key(1));
        let mut ticket = seal(&keys);
        ticket[at] ^= 1 << bit;
        let expected = if at < 16 { OpenFailure::NotOurs } else { OpenFailure::NotAuthentic };
        prop_assert_eq!(open(&keys, &ticket), Err(expected));
    }

    #[test]
    fn arbitrary_bytes_never_open(bytes in prop::collection::vec(any::<u8>(), 0..300), named in any::<bool>()) {
        let keys = TicketKeys::from_bytes(key(1));
        let mut bytes = bytes;
        if named && bytes.len() >= 16 {
            bytes[..16].copy_from_slice(&key(1)[..16]);
        }
        prop_assert!(open(&keys, &bytes).is_err());
        prop_assert!(keys.open_envelope(KIND, &CONTEXT, &bytes).is_err());
    }
}

#[test]
fn the_names_are_those_of_the_open_keys_the_issuing_one_first() {
    let keys = TicketKeys::from_bytes([1; 48]);
    assert_eq!(keys.names(), [[1; 16]]);
    keys.rotate_to(&TicketKey::from([2; 48])).unwrap();
    assert_eq!(keys.names(), [[2; 16], [1; 16]]);
}
