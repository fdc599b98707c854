//! Keys that follow from a shared secret and the time.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tls_session_store::{
    Clock, ContextId, Envelope, KeyState, Kind, NotResumed, SharedSecret, TicketKeys,
    TicketKeysWarning, Verdict,
};

const KIND: Kind = Kind::RustlsTicket;
const CONTEXT: ContextId = ContextId([3; 32]);
const HOUR: u64 = 3_600;
const LIFETIME: u64 = 7_200;
const TOLERANCE: u64 = 300;
/// An epoch of an hour begins here.
const START: u64 = 1_000_000 * HOUR;

fn secret(byte: u8) -> SharedSecret {
    SharedSecret::from_bytes(&[byte; 32]).unwrap()
}

fn clock(start: u64) -> (Clock, Arc<AtomicU64>) {
    let hand = Arc::new(AtomicU64::new(start));
    let seconds = hand.clone();
    let clock = Clock::from_fn(move || Duration::from_secs(seconds.load(Ordering::Relaxed)));
    (clock, hand)
}

/// A worker that was just started, and its clock's hand.
fn worker_at(seconds: u64, period: u64, secret: &SharedSecret) -> (TicketKeys, Arc<AtomicU64>) {
    let (clock, hand) = clock(seconds);
    let period = Duration::from_secs(period);
    let keys = TicketKeys::by_clock(secret.clone(), period).unwrap();
    (keys.with_clock(clock), hand)
}

fn seal(keys: &TicketKeys) -> Vec<u8> {
    keys.seal(KIND, &CONTEXT, b"session").unwrap()
}

fn opens(keys: &TicketKeys, ticket: &[u8]) -> bool {
    keys.open(KIND, &CONTEXT, ticket).is_ok()
}

// Spec: TKT-03, T-SES-05
#[test]
fn workers_with_one_secret_resume_each_others_tickets_without_a_word() {
    let secret = secret(7);
    let (one, _) = worker_at(START, HOUR, &secret);
    let (other, _) = worker_at(START + HOUR - 1, HOUR, &secret);
    assert!(opens(&other, &seal(&one)) && opens(&one, &seal(&other)));
    assert_eq!(one.to_bytes(), other.to_bytes());
    assert!(one.warnings().is_empty());
}

/// A ticket issued at `START`, offered to a worker started at another time.
// Spec: TKT-04, TKT-05
#[test]
fn a_key_opens_from_shortly_before_its_epoch_until_its_tickets_have_expired() {
    let secret = secret(7);
    let (issuer, _) = worker_at(START, HOUR, &secret);
    let ticket = seal(&issuer);
    for (at, expected) in [
        (START - TOLERANCE - 1, false),
        (START - TOLERANCE, true),
        (START, true),
        (START + HOUR, true),
        (START + HOUR + LIFETIME + TOLERANCE - 1, true),
        (START + HOUR + LIFETIME + TOLERANCE, false),
        (START + 1_000 * HOUR, false),
    ] {
        let (worker, _) = worker_at(at, HOUR, &secret);
        assert_eq!(opens(&worker, &ticket), expected, "at {at}");
        assert_eq!(worker.recognises(&ticket), expected, "at {at}");
    }
}

#[test]
fn what_was_issued_by_a_clock_ahead_is_not_too_new() {
    let secret = secret(7);
    let (ahead, _) = worker_at(START, HOUR, &secret);
    let envelope = Envelope {
        first_authenticated: START,
        verdict: Verdict::NoCertificate,
        generation: 1,
        maker: String::new(),
        context_id: CONTEXT,
        kind: KIND,
        chain: Vec::new(),
        payload: b"session".to_vec().into(),
    };
    let ticket = ahead.seal_envelope(&envelope).unwrap();
    let (behind, _) = worker_at(START - TOLERANCE, HOUR, &secret);
    assert!(behind.open_envelope(KIND, &CONTEXT, &ticket).is_ok());
    let (later, _) = worker_at(START + LIFETIME, HOUR, &secret);
    let refused = later.open_envelope(KIND, &CONTEXT, &ticket).unwrap_err();
    assert_eq!(refused, NotResumed::Expired, "by its age, not its key");
    let (much_later, _) = worker_at(START + 4 * HOUR, HOUR, &secret);
    let refused = much_later.open_envelope(KIND, &CONTEXT, &ticket);
    assert_eq!(refused.unwrap_err(), NotResumed::WrongKey);
}

#[test]
fn other_secrets_and_other_periods_share_no_key() {
    let (issuer, _) = worker_at(START, HOUR, &secret(7));
    let ticket = seal(&issuer);
    for (other, period) in [
        (secret(8), HOUR),
        (secret(7), HOUR / 2),
        (secret(7), 2 * HOUR),
    ] {
        let (worker, _) = worker_at(START, period, &other);
        assert!(!opens(&worker, &ticket) && !worker.recognises(&ticket));
    }
}

#[test]
fn a_secret_is_replaced_without_losing_a_ticket() {
    let (old, new) = (secret(7), secret(8));
    let stages = [
        old.clone(),
        old.with_previous(&new).unwrap(),
        new.with_previous(&old).unwrap(),
        new,
    ];
    // Neighbouring stages run side by side while a fleet is told.
    for (index, pair) in stages.windows(2).enumerate() {
        let [(before, _), (after, _)] = [&pair[0], &pair[1]].map(|s| worker_at(START, HOUR, s));
        assert!(opens(&after, &seal(&before)) || index == 2, "to {index}");
        assert!(opens(&before, &seal(&after)), "from {index}");
    }
}

#[test]
fn a_secret_replaced_in_its_file_takes_hold_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let write = |text: &str| {
        let _ = std::fs::remove_file(&path);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::io::Write::write_all(&mut options.open(&path).unwrap(), text.as_bytes()).unwrap();
    };
    let (old, new) = ("a".repeat(64), "b".repeat(64));
    write(&old);
    let secret = SharedSecret::from_file(&path).unwrap();
    let (worker, _) = worker_at(START, HOUR, &secret);
    let ticket = seal(&worker);
    write(&format!("{new}\n{old}\n"));
    secret.set_from_file(&path).unwrap();
    assert!(opens(&worker, &ticket));
    assert_ne!(seal(&worker)[..8], ticket[..8]);
    write(&new);
    secret.set_from_file(&path).unwrap();
    assert!(!opens(&worker, &ticket));
    write("short");
    assert!(secret.set_from_file(&path).is_err());
    assert!(opens(&worker, &seal(&worker)), "the secret stayed");
}

#[test]
fn a_clock_set_back_makes_no_key_of_the_past_issue() {
    let (unix, unix_hand) = clock(START + HOUR / 2);
    let (monotonic, monotonic_hand) = clock(5);
    let keys = TicketKeys::by_clock(secret(7), Duration::from_secs(HOUR))
        .unwrap()
        .with_clocks(unix, monotonic);
    let before = seal(&keys);
    monotonic_hand.fetch_add(HOUR, Ordering::Relaxed);
    unix_hand.store(START - 10 * HOUR, Ordering::Relaxed);
    let after = seal(&keys);
    let (right, _) = worker_at(START + HOUR / 2 + HOUR, HOUR, &secret(7));
    assert_eq!(after[..16], seal(&right)[..16], "by the time passed");
    assert!(opens(&keys, &before) && opens(&right, &after));
    let [TicketKeysWarning::ClockSetBack { by }] = keys.warnings()[..] else {
        panic!("{:?}", keys.warnings());
    };
    assert_eq!(by.as_secs(), 11 * HOUR + HOUR / 2);

    unix_hand.store(START + 3 * HOUR / 2, Ordering::Relaxed);
    assert!(keys.warnings().is_empty(), "right again");
    unix_hand.store(START + 30 * HOUR, Ordering::Relaxed);
    assert_eq!(keys.warnings()[0].code(), "clock_set_ahead");
}

#[test]
fn a_genuine_ticket_from_the_future_tells_of_a_wrong_clock() {
    let secret = secret(7);
    let (ahead, _) = worker_at(START + 2 * HOUR, HOUR, &secret);
    let ticket = seal(&ahead);
    let (behind, hand) = worker_at(START, HOUR, &secret);
    let mut forged = ticket.clone();
    forged[60] ^= 1;
    assert!(!opens(&behind, &forged));
    assert!(behind.warnings().is_empty(), "a stranger's word is nothing");
    assert!(!opens(&behind, &ticket));
    let by = Duration::from_secs(2 * HOUR);
    assert_eq!(
        behind.warnings(),
        [TicketKeysWarning::ClockBehindFleet { by }]
    );
    hand.fetch_add(HOUR, Ordering::Relaxed);
    assert!(behind.warnings().is_empty(), "not for ever");
}

#[test]
fn without_forward_secrecy_tls12_tickets_have_to_be_allowed() {
    let (keys, _) = worker_at(START, HOUR, &secret(7));
    assert!(!keys.tls12_tickets());
    let ticketer = keys.ticketer_for(CONTEXT);
    assert!(!ticketer.enabled());
    assert_eq!(ticketer.encrypt(b"session"), None);
    let keys = keys.allow_tls12_tickets();
    assert!(keys.tls12_tickets() && ticketer.enabled());
    let ticket = ticketer.encrypt(b"session").unwrap();
    assert_eq!(ticketer.decrypt(&ticket).unwrap(), b"session");
    assert!(TicketKeys::generate().unwrap().tls12_tickets());
}

#[test]
fn one_worker_alone_rotates_nothing_and_a_key_given_by_hand_ends_it() {
    let (keys, hand) = worker_at(START, HOUR, &secret(7));
    assert_eq!(keys.rotate().unwrap_err().code(), "fleet_ticket_keys");
    keys.set(&[9; 48]);
    hand.fetch_add(HOUR, Ordering::Relaxed);
    assert_eq!(keys.to_bytes(), [9; 48]);
    assert!(keys.tls12_tickets() && keys.rotate().is_ok());
}

#[test]
fn the_names_are_of_the_epochs_that_open() {
    let (keys, hand) = worker_at(START + 1_800, HOUR, &secret(7));
    let names = keys.names();
    assert_eq!(names[0], keys.to_bytes()[..16]);
    assert_eq!(
        names.len(),
        3,
        "this one, and two hours back and five minutes"
    );
    hand.fetch_add(1_700, Ordering::Relaxed);
    assert_eq!(keys.names().len(), 4, "and the next");
    let keys = keys.rotate_every(Duration::from_secs(60));
    assert_eq!(keys.names().len(), 16, "the nearest");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any two workers, at any time, with clocks that differ by minutes.
    #[test]
    fn a_ticket_opens_for_its_lifetime_at_every_worker(
        issued in START..START + 100 * HOUR,
        later in 0u64..LIFETIME,
        period in 1u64..3 * HOUR,
        skew in -150i64..=150,
        other_skew in -150i64..=150,
    ) {
        let secret = secret(7);
        let (issuer, _) = worker_at(issued.saturating_add_signed(skew), period, &secret);
        let (opener, _) = worker_at((issued + later).saturating_add_signed(other_skew), period, &secret);
        prop_assert!(opens(&opener, &seal(&issuer)));
    }

    #[test]
    fn arbitrary_names_never_panic(epoch: u64, at: u64, period: u64) {
        let (keys, _) = worker_at(at, period, &secret(7));
        let mut ticket = seal(&keys);
        ticket[8..16].copy_from_slice(&epoch.to_be_bytes());
        let _ = (opens(&keys, &ticket), keys.names(), keys.warnings());
    }
}

#[test]
fn a_list_says_when_each_epoch_is() {
    let (keys, _) = worker_at(START + HOUR - 60, HOUR, &secret(7));
    let listed = keys.list();
    let at = |epoch: u64| Some(Duration::from_secs(START + epoch * HOUR));
    assert_eq!(
        (listed[0].state, listed[0].issues_from, listed[0].retired),
        (KeyState::Issues, at(0), at(1))
    );
    // Clocks that are ahead issue under the next one already.
    assert_eq!(
        (listed[1].state, listed[1].issues_from),
        (KeyState::Comes, at(1))
    );
    assert!(listed[2..].iter().all(|key| key.state == KeyState::Opens));
}
