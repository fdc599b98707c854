//! A key's confidentiality limit, with small numbers in place of 2^24.

use tls_record::{Aead, Error, Fault, RecordLimits, Role};
use tls_wire::ProtocolVersion;

use crate::raw_end::{AEADS, ALERT, DATA, HANDSHAKE, Pair, ROLES};

fn limits(records_per_key: u64) -> RecordLimits {
    let mut limits = RecordLimits::default();
    limits.records_per_key = Some(records_per_key);
    limits
}

/// TLS 1.3 changes its key on the way, inside one call, and everything arrives.
#[test]
fn tls13_updates_the_key_before_its_limit() {
    for aead in AEADS {
        for role in ROLES {
            let mut pair = Pair::with_limits(ProtocolVersion::Tls13, aead, role, limits(16));
            pair.layer.set_max_fragment(512).unwrap();
            let plaintext: Vec<u8> = (0..60_000u32).map(|i| i as u8).collect();
            let wire = pair.sealed(&plaintext);
            let records = pair.raw.open_all(&wire);
            let data: Vec<u8> = records
                .iter()
                .filter(|r| r.0 == DATA)
                .flat_map(|r| r.1.clone())
                .collect();
            assert_eq!(data, plaintext);
            let updates: Vec<_> = records.iter().filter(|r| r.0 == HANDSHAKE).collect();
            // 118 records, twelve of them under each key before the four that are kept back.
            assert_eq!(updates.len(), 9);
            assert!(updates.iter().all(|update| update.1 == [24, 0, 0, 1, 0]));
            let longest = records.split(|r| r.0 == HANDSHAKE).map(<[_]>::len).max();
            assert_eq!(longest, Some(12));
        }
    }
}

/// The row `tls12_key_at_its_limit` of docs/alerts.md: TLS 1.2 ends in time, in an orderly way.
#[test]
fn tls12_key_at_its_limit() {
    for aead in AEADS {
        for role in ROLES {
            let mut pair = Pair::with_limits(ProtocolVersion::Tls12, aead, role, limits(16));
            pair.layer.set_max_fragment(512).unwrap();
            let mut wire = vec![0; 20_000];
            let sealed = pair.layer.seal(&[7; 10_000], &mut wire).unwrap();
            // Sequence number 0 was Finished; four records are kept back.
            assert_eq!(sealed.consumed, 11 * 512);
            assert_eq!(pair.raw.open_all(&wire[..sealed.written]).len(), 11);
            let error = pair.layer.seal(&[7; 10_000], &mut wire).unwrap_err();
            assert_eq!((error, error.fault()), (Error::KeyLimit, Fault::Nobody));
            assert_eq!(pair.control(), [(ALERT, vec![1, 0])]);
            assert_eq!(pair.layer.seal(&[7], &mut wire), Err(Error::KeyLimit));
        }
    }
}

#[test]
fn tls12_counts_what_comes_as_well() {
    for aead in AEADS {
        let mut pair = Pair::with_limits(ProtocolVersion::Tls12, aead, Role::Client, limits(16));
        for _ in 1..16 {
            let mut record = pair.raw.seal(DATA, b"data");
            assert_eq!(pair.data(&mut record), b"data");
        }
        let mut record = pair.raw.seal(DATA, b"data");
        assert_eq!(pair.refused(&mut record), Error::KeyLimit);
        assert_eq!(pair.control(), [(ALERT, vec![1, 0])]);
    }
}

/// A TLS 1.3 peer that does not update by itself is asked once, and may take its time.
#[test]
fn tls13_asks_a_peer_to_update() {
    for aead in AEADS {
        let mut pair = Pair::with_limits(ProtocolVersion::Tls13, aead, Role::Client, limits(16));
        for _ in 0..20 {
            let mut record = pair.raw.seal(DATA, b"data");
            assert_eq!(pair.data(&mut record), b"data");
        }
        assert_eq!(pair.control(), [(HANDSHAKE, vec![24, 0, 0, 1, 1])]);
        let mut update = pair.raw.key_update(false);
        pair.handled(&mut update);
        for _ in 0..16 {
            let mut record = pair.raw.seal(DATA, b"data");
            assert_eq!(pair.data(&mut record), b"data");
        }
        assert_eq!(pair.control(), []);
    }
}

/// A peer that was asked and goes on as long again is cut off.
#[test]
fn tls13_does_not_wait_for_ever() {
    let (version, aead) = (ProtocolVersion::Tls13, Aead::Aes128Gcm);
    let mut pair = Pair::with_limits(version, aead, Role::Client, limits(16));
    for _ in 0..32 {
        let mut record = pair.raw.seal(DATA, b"data");
        assert_eq!(pair.data(&mut record), b"data");
    }
    let mut record = pair.raw.seal(DATA, b"data");
    assert_eq!(pair.refused(&mut record), Error::KeyLimit);
}

/// Refusals to renegotiate can't push a key over its limit.
#[test]
fn tls12_refusals_stay_below_the_limit() {
    let (version, aead) = (ProtocolVersion::Tls12, Aead::Aes128Gcm);
    let mut pair = Pair::with_limits(version, aead, Role::Client, limits(8));
    let mut answers = 0;
    for _ in 0..7 {
        let mut request = pair.raw.seal(HANDSHAKE, &[0, 0, 0, 0]);
        pair.handled(&mut request);
        pair.layer.renegotiation_window_elapsed();
        let mut wire = vec![0; 200];
        let written = pair.layer.write_control(&mut wire).unwrap();
        let records = pair.raw.open_all(&wire[..written]);
        answers += 1;
        if records != [(ALERT, vec![1, 100])] {
            assert_eq!(records, [(ALERT, vec![1, 0])]);
            break;
        }
    }
    assert_eq!(answers, 7);
    assert_eq!(pair.layer.failure(), Some(Error::KeyLimit));
}
