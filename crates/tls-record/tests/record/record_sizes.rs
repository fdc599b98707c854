//! rustls at the other end: every record size, both ways, and what happens between records.

use std::sync::{Arc, Mutex};

use tls_record::{Aead, Opened, Role};
use tls_wire::ProtocolVersion;

use crate::raw_end::{ALERT, DATA, Pair, for_all};
use crate::rustls_end::{RustlsPair, configs};

/// Every size is too slow for every combination in a debug build; these hit each kind of boundary.
const SIZES: [usize; 14] = [
    1, 2, 15, 16, 17, 255, 256, 1000, 4095, 4096, 4097, 16_367, 16_383, 16_384,
];

fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| (index * 7 + length) as u8)
        .collect()
}

#[test]
fn sizes_both_ways_against_rustls() {
    let mut out = vec![0; 16_400];
    for_all(|version, aead, role| {
        let mut pair = RustlsPair::new(version, aead, role);
        for size in SIZES {
            let data = pattern(size);
            pair.send(&data);
            pair.receive(&data, &mut out);
            // With no room at all, records are opened where they are.
            pair.receive(&data, &mut []);
        }
        // Many records in one call, the last of them short.
        let data = pattern(100_001);
        pair.send(&data);
        for chunk in data.chunks(16_384) {
            pair.receive(chunk, &mut out);
        }
    });
}

#[test]
fn every_size_to_rustls() {
    let mut pair = RustlsPair::new(ProtocolVersion::Tls13, Aead::Aes128Gcm, Role::Server);
    let data = pattern(16_384);
    for size in 1..=16_384 {
        pair.send(&data[..size]);
    }
}

#[test]
fn every_size_from_rustls() {
    let mut pair = RustlsPair::new(ProtocolVersion::Tls13, Aead::Aes128Gcm, Role::Server);
    let data = pattern(16_384);
    let mut out = vec![0; 16_385];
    for size in 1..=16_384 {
        pair.receive(&data[..size], &mut out);
    }
}

/// TLS 1.2 and the other AEADs see each size at least once, between them.
#[test]
fn every_size_in_tls12() {
    let data = pattern(16_384);
    let mut out = vec![0; 16_384];
    for (index, aead) in [Aead::ChaCha20Poly1305, Aead::Aes256Gcm, Aead::Aes128Gcm]
        .iter()
        .enumerate()
    {
        let mut pair = RustlsPair::new(ProtocolVersion::Tls12, *aead, Role::Client);
        for size in (1 + index..=16_384).step_by(3) {
            pair.send(&data[..size]);
            pair.receive(&data[..size], &mut out);
        }
    }
}

/// Sizes that rustls never sends: empty records, and padding up to the limit.
#[test]
fn empty_and_padded_records() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        let mut empty = pair.raw.seal(DATA, &[]);
        pair.handled(&mut empty);
        if version != ProtocolVersion::Tls13 {
            return;
        }
        for (size, padding) in [
            (0, 1),
            (0, 16_384),
            (1, 0),
            (1, 16_383),
            (100, 100),
            (16_384, 0),
        ] {
            let data = pattern(size);
            let mut record = pair.raw.seal_padded(DATA, &data, padding);
            let mut in_place = pair.raw.seal_padded(DATA, &data, padding);
            if size == 0 {
                pair.handled(&mut record);
                pair.handled(&mut in_place);
                continue;
            }
            assert_eq!(pair.data(&mut record), data);
            let Ok(Opened::InPlace { plaintext, .. }) = pair.layer.open(&mut in_place, &mut [])
            else {
                panic!("opened in place");
            };
            assert_eq!(in_place[plaintext], data);
        }
    });
}

/// The content type and padding of TLS 1.3 do not spill into the caller's bytes.
#[test]
fn nothing_spills_behind_the_data() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        let mut record = pair.raw.seal_padded(DATA, b"data", 9);
        let mut out = [0; 100];
        let consumed = record.len();
        let opened = pair.layer.open(&mut record, &mut out);
        assert_eq!(
            opened,
            Ok(Opened::Data {
                consumed,
                written: 4
            })
        );
        assert_eq!(&out[..4], b"data");
        assert_eq!(out[4..], [0; 96]);
    });
}

/// One byte short of content and type, a record is opened in place; with it, in the buffer.
#[test]
fn room_for_the_content_type_decides_where_a_record_is_opened() {
    let mut pair = Pair::new(ProtocolVersion::Tls13, Aead::Aes128Gcm, Role::Client);
    let mut record = pair.raw.seal(DATA, &[7; 100]);
    let mut out = [0; 100];
    let opened = pair.layer.open(&mut record, &mut out);
    assert_eq!(
        opened,
        Ok(Opened::InPlace {
            consumed: 122,
            plaintext: 5..105
        })
    );
    assert_eq!((record[5..105].to_vec(), out), (vec![7; 100], [0; 100]));
    let mut record = pair.raw.seal(DATA, &[7; 100]);
    let mut out = [0; 101];
    let opened = pair.layer.open(&mut record, &mut out);
    assert_eq!(
        opened,
        Ok(Opened::Data {
            consumed: 122,
            written: 100
        })
    );
    // TLS 1.2 needs no more than the content.
    let mut pair = Pair::new(ProtocolVersion::Tls12, Aead::Aes128Gcm, Role::Client);
    let mut record = pair.raw.seal(DATA, &[7; 100]);
    let mut out = [0; 100];
    let opened = pair.layer.open(&mut record, &mut out);
    assert_eq!(
        opened,
        Ok(Opened::Data {
            consumed: 129,
            written: 100
        })
    );
}

// Spec: SOP-24, T-FRG-01
#[test]
fn sop_24_fragments_are_no_larger_than_asked_for() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        for outside in [0, 511, 16_385, usize::MAX] {
            assert!(pair.layer.set_max_fragment(outside).is_err());
        }
        for size in [512, 768, 16_384] {
            pair.layer.set_max_fragment(size).unwrap();
            let data = pattern(10_000);
            let wire = pair.sealed(&data);
            assert_eq!(
                wire.len(),
                10_000 + 10_000usize.div_ceil(size) * pair.layer.overhead()
            );
            let records = pair.raw.open_all(&wire);
            assert!(records.iter().all(|record| record.1.len() <= size));
            assert_eq!(
                records
                    .iter()
                    .flat_map(|record| record.1.clone())
                    .collect::<Vec<_>>(),
                data
            );
        }
    });
}

#[test]
fn key_updates_both_ways_against_rustls() {
    let mut out = vec![0; 17_000];
    for aead in [Aead::Aes128Gcm, Aead::Aes256Gcm, Aead::ChaCha20Poly1305] {
        for role in [Role::Client, Role::Server] {
            let mut pair = RustlsPair::new(ProtocolVersion::Tls13, aead, role);
            for _ in 0..3 {
                // Ours: rustls answers.
                pair.layer.request_key_update().unwrap();
                pair.send(b"after our update");
                pair.receive(b"after rustls's answer", &mut out);
                // Theirs: we answer.
                pair.peer.refresh_traffic_keys().unwrap();
                pair.receive(b"after rustls's update", &mut out);
                assert!(pair.layer.has_control());
                pair.send(b"after our answer");
                assert!(!pair.layer.has_control());
                pair.receive(b"and on", &mut out);
            }
        }
    }
}

/// Tickets of a rustls server arrive as records of ours, in the number that it was told to send.
#[test]
fn tickets_of_rustls_arrive() {
    for count in [0, 1, 5] {
        let (client, mut server) = configs(ProtocolVersion::Tls13, Aead::Aes128Gcm);
        server.send_tls13_tickets = count;
        let tickets = Arc::new(Mutex::new(0));
        let seen = Arc::clone(&tickets);
        let version = ProtocolVersion::Tls13;
        let mut pair = RustlsPair::with_configs(version, Role::Client, (client, server), tickets);
        pair.receive(b"data", &mut [0; 17_000]);
        assert_eq!(*seen.lock().unwrap(), count);
    }
}

#[test]
fn close_notify_both_ways_against_rustls() {
    for_all(|version, aead, role| {
        let mut pair = RustlsPair::new(version, aead, role);
        pair.send(b"last");
        pair.layer.queue_close_notify();
        pair.send_control();
        assert!(pair.peer.process_new_packets().unwrap().peer_has_closed());
        pair.receive(b"the other side goes on", &mut [0; 17_000]);
        pair.peer.send_close_notify();
        pair.pump(&mut [0; 17_000], &mut Vec::new());
        assert!(pair.layer.read_closed() && pair.layer.failure().is_none());
        assert_eq!(pair.layer.end_of_stream(), Ok(()));
    });
}

/// rustls understands our alert when one of its records was changed.
#[test]
fn rustls_is_told_what_was_wrong() {
    for_all(|version, aead, role| {
        let mut pair = RustlsPair::new(version, aead, role);
        pair.pump(&mut [0; 17_000], &mut Vec::new());
        let mut noise = [&[DATA, 3, 3, 0, 50], &[9; 50][..]].concat();
        let error = pair.layer.open(&mut noise, &mut []).unwrap_err();
        assert_eq!(error.code(), "bad_record_mac");
        let mut wire = vec![0; pair.layer.control_len()];
        let written = pair.layer.write_control(&mut wire).unwrap();
        pair.peer.read_tls(&mut &wire[..written]).unwrap();
        let alert = rustls::AlertDescription::BadRecordMac;
        assert_eq!(
            pair.peer.process_new_packets(),
            Err(rustls::Error::AlertReceived(alert))
        );
    });
}

/// Sequence numbers of our first records are what rustls reports, and its alerts are understood.
#[test]
fn the_alert_of_rustls_is_understood() {
    for_all(|version, aead, role| {
        let mut pair = RustlsPair::new(version, aead, role);
        pair.pump(&mut [0; 17_000], &mut Vec::new());
        let noise = [&[DATA, 3, 3, 0, 50], &[9; 50][..]].concat();
        pair.peer.read_tls(&mut &noise[..]).unwrap();
        assert!(pair.peer.process_new_packets().is_err());
        crate::rustls_end::take(&mut pair.peer, &mut pair.wire);
        let mut wire = std::mem::take(&mut pair.wire);
        let error = pair.layer.open(&mut wire, &mut []).unwrap_err();
        assert_eq!(error.code(), "alert_received");
        assert!(!pair.layer.has_control(), "{ALERT} is not answered");
    });
}

/// rustls hands over the sequence numbers of the records that it sealed itself, one for each ticket
/// included: they are never assumed.
#[test]
fn sequence_numbers_come_from_rustls() {
    for_all(|version, aead, role| {
        let pair = RustlsPair::new(version, aead, role);
        let expected = match (version, role) {
            (ProtocolVersion::Tls12, _) => (1, 1),
            (_, Role::Client) => (0, 0),
            // Both tickets share a record.
            (_, Role::Server) => (1, 0),
        };
        assert_eq!(pair.sequences, expected);
    });
    let version = ProtocolVersion::Tls13;
    let (client, mut server) = configs(version, Aead::Aes128Gcm);
    server.send_tls13_tickets = 0;
    let pair = RustlsPair::with_configs(version, Role::Server, (client, server), Arc::default());
    assert_eq!(pair.sequences, (0, 0));
}
