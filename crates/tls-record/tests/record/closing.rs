//! close_notify, truncation, alerts of our own.

use tls_record::{Error, Fault, Opened, Sealed};
use tls_wire::AlertDescription;

use crate::raw_end::{ALERT, DATA, Pair, for_all};

/// The row `stream_that_just_stops` of docs/alerts.md.
#[test]
fn stream_that_just_stops() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        let mut data = pair.raw.seal(DATA, b"data");
        assert_eq!(pair.data(&mut data), b"data");
        let error = pair.layer.end_of_stream().unwrap_err();
        assert_eq!((error, error.alert()), (Error::Truncated, None));
        assert_eq!(error.fault(), Fault::Peer);
        // Our own side is not cut off by that.
        assert!(!pair.sealed(b"data").is_empty());
    });
}

#[test]
fn a_close_notify_closes_one_side_only() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        let mut close = pair.raw.seal(ALERT, &[1, 0]);
        let consumed = close.len();
        assert_eq!(
            pair.layer.open(&mut close, &mut []),
            Ok(Opened::CloseNotify { consumed })
        );
        assert!(pair.layer.read_closed() && !pair.layer.write_closed());
        let wire = pair.sealed(b"still sending");
        assert_eq!(
            pair.raw.open_all(&wire),
            [(DATA, b"still sending".to_vec())]
        );
    });
}

#[test]
fn our_close_notify_is_the_last_record() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        assert!(!pair.layer.has_control());
        pair.layer.queue_close_notify();
        pair.layer.queue_close_notify();
        assert!(pair.layer.write_closed() && pair.layer.has_control());
        assert_eq!(
            pair.layer.seal(b"more", &mut [0; 100]),
            Err(Error::WriteClosed)
        );
        assert_eq!(pair.control(), [(ALERT, vec![1, 0])]);
        assert_eq!(pair.control(), []);
        // Reading goes on.
        let mut data = pair.raw.seal(DATA, b"data");
        assert_eq!(pair.data(&mut data), b"data");
        // A fault after close_notify is answered with nothing: the write side is over.
        let mut noise = vec![DATA, 3, 3, 0, 0];
        assert_eq!(pair.refused(&mut noise), Error::BadRecordMac);
        assert_eq!(pair.control(), []);
    });
}

#[test]
fn an_alert_of_ours_ends_both_sides() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        pair.layer
            .queue_alert(AlertDescription::CertificateRequired);
        let ended = Error::AlertSent(AlertDescription::CertificateRequired);
        let mut data = pair.raw.seal(DATA, b"data");
        assert_eq!(pair.refused(&mut data), ended);
        assert_eq!(pair.layer.seal(b"more", &mut [0; 100]), Err(ended));
        assert_eq!(pair.control(), [(ALERT, vec![2, 116])]);
        let mut pair = Pair::new(version, aead, role);
        pair.layer.queue_alert(AlertDescription::CloseNotify);
        assert_eq!(pair.layer.failure(), None);
        assert_eq!(pair.control(), [(ALERT, vec![1, 0])]);
    });
}

#[test]
fn control_waits_until_there_is_room() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        pair.layer.queue_close_notify();
        let needed = pair.layer.control_len();
        assert_eq!(pair.layer.write_control(&mut vec![0; needed - 1]), Ok(0));
        assert_eq!(pair.control(), [(ALERT, vec![1, 0])]);
    });
}

#[test]
fn a_record_that_does_not_fit_is_not_sealed() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        let plaintext = [7; 1000];
        let needed = pair.layer.sealed_len(plaintext.len());
        let mut small = vec![0; needed - 1];
        let nothing = Sealed {
            consumed: 0,
            written: 0,
        };
        assert_eq!(pair.layer.seal(&plaintext, &mut small), Ok(nothing));
        assert_eq!(pair.layer.seal(&[], &mut [0; 100]), Ok(nothing));
        let wire = pair.sealed(&plaintext);
        assert_eq!(wire.len(), needed);
        assert_eq!(pair.raw.open_all(&wire), [(DATA, plaintext.to_vec())]);
    });
}
