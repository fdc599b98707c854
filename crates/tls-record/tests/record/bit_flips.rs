//! One bit flipped anywhere, random changes, cuts: the right alert and never a wrong byte.

use proptest::prelude::*;
use tls_record::{Aead, Error, Opened, Role};
use tls_wire::ProtocolVersion;

use crate::raw_end::{ALERT, DATA, HANDSHAKE, Pair, VERSIONS, for_all};

fn aeads() -> impl Strategy<Value = Aead> {
    prop::sample::select(vec![
        Aead::Aes128Gcm,
        Aead::Aes256Gcm,
        Aead::ChaCha20Poly1305,
    ])
}

fn versions() -> impl Strategy<Value = ProtocolVersion> {
    prop::sample::select(VERSIONS.to_vec())
}

/// What a flipped bit of the header's first three bytes must give; `None` leaves it to the AEAD.
fn header_error(version: ProtocolVersion, record: &[u8], at: usize) -> Option<&'static str> {
    match (at, record[0]) {
        (0, HANDSHAKE | ALERT) if version == ProtocolVersion::Tls12 => Some("bad_record_mac"),
        (0, _) => Some("unexpected_content_type"),
        (1 | 2, _) => Some("wrong_record_version"),
        _ => None,
    }
}

/// Feeds `wire` until something is wrong, more bytes of the peer following as they are needed.
fn feed(pair: &mut Pair, mut wire: Vec<u8>, room: usize) -> Error {
    let mut out = vec![0; room];
    loop {
        match pair.layer.open(&mut wire, &mut out) {
            Ok(Opened::NeedBytes(needed)) => {
                assert!(needed > wire.len() && needed <= 5 + 16_384 + 24);
                let more = pair.raw.seal(DATA, &[0x5a; 16_000]);
                wire.extend_from_slice(&more);
            }
            Ok(other) => panic!("a changed record gave {other:?}"),
            Err(error) => {
                assert!(
                    out.iter().all(|&byte| byte == 0),
                    "bytes of a record that was refused"
                );
                return error;
            }
        }
    }
}

/// The AEAD may leave what it decrypted before it found the tag wrong; we do not.
#[test]
fn a_refused_record_is_overwritten_with_zeros() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        let mut record = pair.raw.seal(DATA, &[0x77; 100]);
        *record.last_mut().unwrap() ^= 1;
        let mut out = [0xee; 300];
        assert_eq!(
            pair.layer.open(&mut record, &mut out),
            Err(Error::BadRecordMac)
        );
        assert_eq!(out[..100], [0; 100]);
        // Behind the record the buffer is as it was.
        assert_eq!(out[101..], [0xee; 199]);
        // Opened in place, the record itself is overwritten.
        let mut pair = Pair::new(version, aead, role);
        let mut record = pair.raw.seal(DATA, &[0x77; 100]);
        *record.last_mut().unwrap() ^= 1;
        assert_eq!(
            pair.layer.open(&mut record, &mut []),
            Err(Error::BadRecordMac)
        );
        let tag = record.len() - 16;
        assert_eq!(record[tag - 100..tag], [0; 100]);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_bit_flip_anywhere_is_refused(
        version in versions(),
        aead in aeads(),
        length in 0..700usize,
        padding in 0..40usize,
        place in any::<prop::sample::Index>(),
        small_room in any::<bool>(),
    ) {
        let mut pair = Pair::new(version, aead, Role::Server);
        let mut record = pair.raw.seal_padded(DATA, &vec![0x77; length], padding);
        let bit = place.index(record.len() * 8);
        record[bit / 8] ^= 1 << (bit % 8);
        let expected = header_error(version, &record, bit / 8);
        let error = feed(&mut pair, record, if small_room { 0 } else { 17_000 });
        match expected {
            Some(code) => prop_assert_eq!(error.code(), code),
            None if bit / 8 < 5 => prop_assert!(
                matches!(error, Error::BadRecordMac | Error::RecordTooLong { .. }), "{:?}", error
            ),
            None => prop_assert_eq!(error, Error::BadRecordMac),
        }
    }

    #[test]
    fn any_change_is_refused(
        version in versions(),
        aead in aeads(),
        content in prop::collection::vec(any::<u8>(), 1..300),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 1..6),
    ) {
        let mut pair = Pair::new(version, aead, Role::Client);
        let right = pair.raw.seal(DATA, &content);
        let mut record = right.clone();
        for (place, change) in changes {
            record[place.index(right.len())] ^= change;
        }
        prop_assume!(record != right);
        let error = feed(&mut pair, record, 17_000);
        prop_assert!(error.alert().is_some());
    }

    /// Cut anywhere, a record waits for its rest, opens when it is there, and is a truncation when
    /// the stream ends.
    #[test]
    fn a_cut_record_waits_and_an_end_is_a_truncation(
        version in versions(),
        aead in aeads(),
        content in prop::collection::vec(any::<u8>(), 1..300),
        place in any::<prop::sample::Index>(),
    ) {
        let mut pair = Pair::new(version, aead, Role::Client);
        let mut record = pair.raw.seal(DATA, &content);
        let cut = place.index(record.len());
        let mut out = vec![0; 17_000];
        let needed = if cut < 5 { 5 } else { record.len() };
        prop_assert_eq!(
            pair.layer.open(&mut record[..cut], &mut out),
            Ok(Opened::NeedBytes(needed))
        );
        prop_assert_eq!(pair.layer.end_of_stream(), Err(Error::Truncated));
        prop_assert_eq!(pair.data(&mut record), content);
    }

    /// Noise never panics, and never gives a byte.
    #[test]
    fn noise_is_refused(
        version in versions(),
        aead in aeads(),
        noise in prop::collection::vec(any::<u8>(), 5..200),
    ) {
        let mut pair = Pair::new(version, aead, Role::Client);
        let mut wire = noise;
        let mut out = vec![0; 17_000];
        let opened = pair.layer.open(&mut wire, &mut out);
        prop_assert!(matches!(opened, Err(_) | Ok(Opened::NeedBytes(_))), "{:?}", opened);
        prop_assert!(out.iter().all(|&byte| byte == 0));
    }
}
