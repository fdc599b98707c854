//! TLS 1.3 KeyUpdates and tickets, and renegotiation requests of TLS 1.2, in every cut.

use tls_record::{Aead, Error, Opened, Role};
use tls_wire::ProtocolVersion;

use crate::raw_end::{AEADS, ALERT, DATA, HANDSHAKE, Pair, ROLES, for_all, message};

const TLS13: ProtocolVersion = ProtocolVersion::Tls13;

fn for_tls13(mut check: impl FnMut(Pair)) {
    for aead in AEADS {
        for role in ROLES {
            check(Pair::new(TLS13, aead, role));
        }
    }
}

#[test]
fn a_request_is_answered_once_and_before_the_next_data() {
    for_tls13(|mut pair| {
        for _ in 0..5 {
            let mut update = pair.raw.key_update(true);
            pair.handled(&mut update);
            let mut data = pair.raw.seal(DATA, b"under the new key");
            assert_eq!(pair.data(&mut data), b"under the new key");
        }
        let wire = pair.sealed(b"data");
        let answer = (HANDSHAKE, vec![24, 0, 0, 1, 0]);
        assert_eq!(pair.raw.open_all(&wire), [answer, (DATA, b"data".to_vec())]);
        assert!(!pair.layer.has_control());
    });
}

#[test]
fn an_update_without_request_is_not_answered() {
    for_tls13(|mut pair| {
        let mut update = pair.raw.key_update(false);
        pair.handled(&mut update);
        assert!(!pair.layer.has_control());
    });
}

/// The answer is never sent once the write side is closed.
#[test]
fn no_answer_after_our_close_notify() {
    for_tls13(|mut pair| {
        pair.layer.queue_close_notify();
        let mut update = pair.raw.key_update(true);
        pair.handled(&mut update);
        assert_eq!(pair.control(), [(ALERT, vec![1, 0])]);
        let mut update = pair.raw.key_update(true);
        pair.handled(&mut update);
        assert!(!pair.layer.has_control());
        let mut data = pair.raw.seal(DATA, b"data");
        assert_eq!(pair.data(&mut data), b"data");
    });
}

/// Requests that cross are both answered: "each side will also send a response" (RFC 8446, 4.6.3).
#[test]
fn crossing_requests_move_both_sides_twice() {
    for_tls13(|mut pair| {
        pair.layer.request_key_update().unwrap();
        let mut update = pair.raw.key_update(true);
        pair.handled(&mut update);
        let wire = pair.sealed(b"data");
        assert_eq!(
            pair.raw.open_all(&wire),
            [
                (HANDSHAKE, vec![24, 0, 0, 1, 1]),
                (HANDSHAKE, vec![24, 0, 0, 1, 0]),
                (DATA, b"data".to_vec())
            ]
        );
    });
}

#[test]
fn a_key_update_may_span_records() {
    for_tls13(|mut pair| {
        for part in [&[24][..], &[0, 0], &[1]] {
            let mut record = pair.raw.seal(HANDSHAKE, part);
            pair.handled(&mut record);
        }
        // The last byte goes out under the old key; the helper builds it and moves on.
        let whole = pair.raw.seal(HANDSHAKE, &[0]);
        let _ = pair.raw.key_update(false);
        pair.handled(&mut whole.clone());
        let mut data = pair.raw.seal(DATA, b"data");
        assert_eq!(pair.data(&mut data), b"data");
    });
}

#[test]
fn tickets_reach_the_client_however_they_are_cut() {
    for aead in AEADS {
        let mut pair = Pair::new(TLS13, aead, Role::Client);
        let big = message(4, &[9; 40_000]);
        let all = [
            message(4, b"one"),
            message(4, b""),
            big.clone(),
            message(4, b"two"),
        ]
        .concat();
        for chunk in all.chunks(16_384) {
            let mut record = pair.raw.seal(HANDSHAKE, chunk);
            pair.handled(&mut record);
        }
        for chunk in message(4, b"three").chunks(1) {
            let mut record = pair.raw.seal(HANDSHAKE, chunk);
            pair.handled(&mut record);
        }
        let tickets = pair.tickets.lock().unwrap();
        let expected = [&b"one"[..], b"", &big[4..], b"two", b"three"];
        assert_eq!(*tickets, expected);
    }
}

#[test]
fn a_ticket_and_a_key_update_may_share_a_record() {
    let mut pair = Pair::new(TLS13, Aead::Aes128Gcm, Role::Client);
    let both = [message(4, b"ticket"), message(24, &[1])].concat();
    let mut record = pair.raw.seal(HANDSHAKE, &both);
    let _ = pair.raw.key_update(true);
    pair.handled(&mut record);
    assert_eq!(pair.tickets.lock().unwrap().len(), 1);
    assert_eq!(pair.control(), [(HANDSHAKE, vec![24, 0, 0, 1, 0])]);
}

/// The row `key_update_without_an_engine` of docs/alerts.md.
#[test]
fn key_update_without_an_engine() {
    let mut pair = Pair::without_engine(TLS13, Aead::Aes128Gcm, Role::Client);
    let mut ticket = pair.raw.seal(HANDSHAKE, &message(4, b"dropped"));
    pair.handled(&mut ticket);
    assert_eq!(
        pair.layer.request_key_update(),
        Err(Error::KeyUpdateUnavailable)
    );
    assert_eq!(pair.layer.failure(), None);
    let mut update = pair.raw.key_update(false);
    assert_eq!(pair.refused(&mut update), Error::KeyUpdateRefused);
    assert_eq!(pair.control(), [(ALERT, vec![2, 80])]);
}

#[test]
fn tls12_has_no_key_update() {
    let mut pair = Pair::new(ProtocolVersion::Tls12, Aead::Aes128Gcm, Role::Client);
    assert_eq!(
        pair.layer.request_key_update(),
        Err(Error::KeyUpdateUnavailable)
    );
    assert!(!pair.layer.has_control());
}

/// A renegotiation is refused with a warning, and the connection goes on (RFC 5246, 7.2.2).
#[test]
fn renegotiation_is_refused_with_a_warning() {
    for aead in AEADS {
        for (role, request) in [
            (Role::Client, message(0, &[])),
            (Role::Server, message(1, &[1; 20_000])),
        ] {
            let mut pair = Pair::new(ProtocolVersion::Tls12, aead, role);
            for chunk in request.chunks(16_384) {
                let mut record = pair.raw.seal(HANDSHAKE, chunk);
                pair.handled(&mut record);
            }
            let wire = pair.sealed(b"data");
            let refusal = (ALERT, vec![1, 100]);
            assert_eq!(
                pair.raw.open_all(&wire),
                [refusal, (DATA, b"data".to_vec())]
            );
            let mut data = pair.raw.seal(DATA, b"data");
            assert_eq!(pair.data(&mut data), b"data");
        }
    }
}

/// What was not data leaves nothing in the buffer where data is looked for.
#[test]
fn a_control_record_leaves_nothing_in_the_buffers() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        let mut record = pair.raw.seal(ALERT, &[1, 90]);
        let consumed = record.len();
        let mut out = [0; 100];
        assert_eq!(
            pair.layer.open(&mut record, &mut out),
            Ok(Opened::Control { consumed })
        );
        assert_eq!(out, [0; 100]);
        let mut record = pair.raw.seal(ALERT, &[1, 90]);
        let front = consumed - 16 - 2;
        let _ = pair.layer.open(&mut record, &mut []).unwrap();
        let content = &record[front..consumed - 16];
        assert!(content.iter().all(|&byte| byte == 0), "{content:?}");
    });
}
