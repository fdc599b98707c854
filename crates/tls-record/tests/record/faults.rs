//! A row per fault: what the peer does, which alert it gets, and where the RFC says so. The rows
//! are those of `docs/alerts.md`, see `alerts_page`.

use tls_record::{Aead, Error, Opened, RecordLimits, Role};
use tls_wire::ProtocolVersion;

use crate::raw_end::{
    ALERT, BAD_TICKET, CHANGE_CIPHER_SPEC, DATA, HANDSHAKE, Pair, RawEnd, for_all, message,
};

/// One row. `make` gives the records: all but the last are right, the last is refused.
pub(crate) struct Fault {
    /// Its test.
    pub(crate) name: &'static str,
    /// The alert in reply, or `none`.
    pub(crate) alert: &'static str,
    /// The error.
    pub(crate) code: &'static str,
    /// Where the RFCs say so.
    pub(crate) section: &'static str,
    versions: &'static [ProtocolVersion],
    roles: &'static [Role],
    make: fn(&mut RawEnd) -> Vec<Vec<u8>>,
}

const TLS12: &[ProtocolVersion] = &[ProtocolVersion::Tls12];
const TLS13: &[ProtocolVersion] = &[ProtocolVersion::Tls13];
const BOTH: &[ProtocolVersion] = &[ProtocolVersion::Tls12, ProtocolVersion::Tls13];
const CLIENT: &[Role] = &[Role::Client];
const SERVER: &[Role] = &[Role::Server];
const EITHER: &[Role] = &[Role::Client, Role::Server];

macro_rules! faults {
    ($($name:ident: $versions:ident $roles:ident, $alert:literal, $code:literal, $section:literal, $make:expr;)*) => {
        /// Every row.
        pub(crate) const FAULTS: &[Fault] = &[$(Fault {
            name: stringify!($name),
            alert: $alert,
            code: $code,
            section: $section,
            versions: $versions,
            roles: $roles,
            make: $make,
        }),*];

        $(#[test]
        fn $name() {
            check(FAULTS.iter().find(|fault| fault.name == stringify!($name)).unwrap());
        })*
    };
}

faults! {
    changed_byte: BOTH EITHER, "bad_record_mac", "bad_record_mac", "RFC 8446, 5.2; RFC 5246, 7.2.2",
        |raw| { let mut record = raw.seal(DATA, b"data"); *record.last_mut().unwrap() ^= 1; vec![record] };
    record_under_other_keys: BOTH EITHER, "bad_record_mac", "bad_record_mac", "RFC 8446, 5.2; RFC 5246, 7.2.2",
        |raw| { let _unsent = raw.key_update(false); vec![raw.seal(DATA, b"data")] };
    replayed_record: BOTH EITHER, "bad_record_mac", "bad_record_mac", "RFC 8446, 5.3; RFC 5246, 6.1",
        |raw| { let record = raw.seal(DATA, b"data"); vec![record.clone(), record] };
    reordered_records: BOTH EITHER, "bad_record_mac", "bad_record_mac", "RFC 8446, 5.3; RFC 5246, 6.1",
        |raw| { let _first = raw.seal(DATA, b"first"); vec![raw.seal(DATA, b"second")] };
    record_left_out: BOTH EITHER, "bad_record_mac", "bad_record_mac", "RFC 8446, 5.3; RFC 5246, 6.1",
        |raw| { let first = raw.seal(DATA, b"first"); raw.skip(); vec![first, raw.seal(DATA, b"third")] };
    reflected_record: BOTH EITHER, "bad_record_mac", "bad_record_mac", "RFC 8446, 5.2; RFC 5246, 6.3",
        |raw| {
            let role = match raw.role { Role::Client => Role::Server, Role::Server => Role::Client };
            vec![Pair::new(raw.version, raw.aead, role).sealed(b"data")]
        };
    shortened_record: BOTH EITHER, "bad_record_mac", "bad_record_mac", "RFC 8446, 5.2; RFC 5246, 6.2.3.3",
        |raw| { let mut record = raw.seal(DATA, b"some data"); record.pop(); record[4] -= 1; vec![record] };
    record_shorter_than_its_tag: BOTH EITHER, "bad_record_mac", "bad_record_mac", "RFC 8446, 5.2; RFC 5246, 6.2.3.3",
        |_| vec![[&[DATA, 3, 3, 0, 15], &[0; 15][..]].concat()];
    empty_outer_record: BOTH EITHER, "bad_record_mac", "bad_record_mac", "RFC 8446, 5.2; RFC 5246, 6.2.3.3",
        |_| vec![vec![DATA, 3, 3, 0, 0]];
    header_over_the_limit: BOTH EITHER, "record_overflow", "record_too_long", "RFC 8446, 5.2; RFC 5246, 6.2.3",
        |_| vec![vec![DATA, 3, 3, 0xff, 0xff]];
    content_over_2_14: BOTH EITHER, "record_overflow", "record_too_long", "RFC 8446, 5.4; RFC 5246, 6.2.1",
        |raw| vec![raw.seal(DATA, &[1; 16_385])];
    padding_over_2_14: TLS13 EITHER, "record_overflow", "record_too_long", "RFC 8446, 5.4",
        |raw| vec![raw.seal_padded(DATA, &[1; 16_000], 385)];
    wrong_record_version: BOTH EITHER, "protocol_version", "wrong_record_version", "RFC 8446, 5.2; RFC 5246, 6.2.1",
        |raw| { let mut record = raw.seal(DATA, b"data"); record[2] = 4; vec![record] };
    change_cipher_spec_after_the_handshake: BOTH EITHER, "unexpected_message", "unexpected_content_type", "RFC 8446, 5; RFC 5246, 7.1",
        |_| vec![vec![CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1]];
    protected_change_cipher_spec: BOTH EITHER, "unexpected_message", "unexpected_content_type", "RFC 8446, 5; RFC 5246, 7.1",
        |raw| vec![raw.seal(CHANGE_CIPHER_SPEC, &[1])];
    unknown_outer_type: BOTH EITHER, "unexpected_message", "unexpected_content_type", "RFC 8446, 5; RFC 5246, 6.2.1",
        |_| vec![vec![b'G', b'E', b'T', b' ', b'/']];
    unknown_inner_type: TLS13 EITHER, "unexpected_message", "unexpected_content_type", "RFC 8446, 5",
        |raw| vec![raw.seal(24, b"heartbeat")];
    unprotected_alert: TLS13 EITHER, "unexpected_message", "unexpected_content_type", "RFC 8446, 5.2",
        |_| vec![vec![ALERT, 3, 3, 0, 2, 1, 0]];
    unprotected_handshake: TLS13 EITHER, "unexpected_message", "unexpected_content_type", "RFC 8446, 5.2",
        |_| vec![vec![HANDSHAKE, 3, 3, 0, 5, 24, 0, 0, 1, 0]];
    unprotected_alert_in_tls12: TLS12 EITHER, "bad_record_mac", "bad_record_mac", "RFC 5246, 6.2.3",
        |_| vec![vec![ALERT, 3, 3, 0, 2, 1, 0]];
    nothing_but_padding: TLS13 EITHER, "unexpected_message", "no_content_type", "RFC 8446, 5.4",
        |raw| vec![raw.seal_inner(&[0; 100])];
    no_inner_plaintext: TLS13 EITHER, "unexpected_message", "no_content_type", "RFC 8446, 5.4",
        |raw| vec![raw.seal_inner(&[])];
    empty_handshake_record: BOTH EITHER, "unexpected_message", "empty_fragment", "RFC 8446, 5.1 and 5.4; RFC 5246, 6.2.1",
        |raw| vec![raw.seal(HANDSHAKE, &[])];
    empty_alert_record: BOTH EITHER, "unexpected_message", "empty_fragment", "RFC 8446, 5.1 and 5.4; RFC 5246, 6.2.1",
        |raw| vec![raw.seal(ALERT, &[])];
    data_inside_a_handshake_message: TLS13 EITHER, "unexpected_message", "interrupted_message", "RFC 8446, 5.1",
        |raw| vec![raw.seal(HANDSHAKE, &[24, 0]), raw.seal(DATA, b"data")];
    alert_inside_a_handshake_message: TLS13 EITHER, "unexpected_message", "interrupted_message", "RFC 8446, 5.1",
        |raw| vec![raw.seal(HANDSHAKE, &[24, 0]), raw.seal(ALERT, &[1, 0])];
    data_inside_a_renegotiating_hello: TLS12 SERVER, "unexpected_message", "interrupted_message", "RFC 5246, 6.2.1",
        |raw| vec![raw.seal(HANDSHAKE, &[1, 0, 0, 50, 3, 3]), raw.seal(DATA, b"data")];
    finished_again: BOTH EITHER, "unexpected_message", "unexpected_handshake", "RFC 8446, 4; RFC 5246, 7.4",
        |raw| vec![raw.seal(HANDSHAKE, &message(20, &[0; 32]))];
    renegotiation_in_tls13: TLS13 SERVER, "unexpected_message", "unexpected_handshake", "RFC 8446, 4.1.2",
        |raw| vec![raw.seal(HANDSHAKE, &message(1, &[0; 50]))];
    hello_request_in_tls13: TLS13 CLIENT, "unexpected_message", "unexpected_handshake", "RFC 8446, 4",
        |raw| vec![raw.seal(HANDSHAKE, &message(0, &[]))];
    certificate_request_that_nobody_offered: TLS13 CLIENT, "unexpected_message", "unexpected_handshake", "RFC 8446, 4.6.2",
        |raw| vec![raw.seal(HANDSHAKE, &message(13, &[0; 8]))];
    ticket_at_a_server: TLS13 SERVER, "unexpected_message", "unexpected_handshake", "RFC 8446, 4.6.1",
        |raw| vec![raw.seal(HANDSHAKE, &message(4, b"ticket"))];
    ticket_in_tls12: TLS12 CLIENT, "unexpected_message", "unexpected_handshake", "RFC 5077, 3.3",
        |raw| vec![raw.seal(HANDSHAKE, &message(4, b"ticket"))];
    key_update_in_tls12: TLS12 EITHER, "unexpected_message", "unexpected_handshake", "RFC 5246, 7.4",
        |raw| vec![raw.seal(HANDSHAKE, &message(24, &[0]))];
    hello_request_at_a_server: TLS12 SERVER, "unexpected_message", "unexpected_handshake", "RFC 5246, 7.4.1.1",
        |raw| vec![raw.seal(HANDSHAKE, &message(0, &[]))];
    key_update_not_at_the_end: TLS13 EITHER, "unexpected_message", "key_update_not_last", "RFC 8446, 5.1",
        |raw| vec![raw.seal(HANDSHAKE, &[24, 0, 0, 1, 0, 24])];
    key_update_neither_0_nor_1: TLS13 EITHER, "illegal_parameter", "illegal_key_update", "RFC 8446, 4.6.3",
        |raw| vec![raw.seal(HANDSHAKE, &message(24, &[2]))];
    key_update_of_two_bytes: TLS13 EITHER, "decode_error", "malformed_handshake", "RFC 8446, 6.2",
        |raw| vec![raw.seal(HANDSHAKE, &message(24, &[0, 0]))];
    hello_request_with_a_body: TLS12 CLIENT, "decode_error", "malformed_handshake", "RFC 5246, 7.2.2",
        |raw| vec![raw.seal(HANDSHAKE, &message(0, &[0]))];
    handshake_message_over_64_kib: TLS13 EITHER, "decode_error", "handshake_too_long", "RFC 8446, 6.2",
        |raw| vec![raw.seal(HANDSHAKE, &[24, 1, 0, 1])];
    renegotiating_hello_over_64_kib: TLS12 SERVER, "decode_error", "handshake_too_long", "RFC 5246, 7.2.2",
        |raw| vec![raw.seal(HANDSHAKE, &[1, 1, 0, 1])];
    malformed_ticket: TLS13 CLIENT, "decode_error", "ticket_refused", "RFC 8446, 6.2",
        |raw| vec![raw.seal(HANDSHAKE, &message(4, b"good")), raw.seal(HANDSHAKE, &message(4, BAD_TICKET))];
    alert_of_three_bytes: BOTH EITHER, "decode_error", "malformed_alert", "RFC 8446, 5.1 and 6.2; RFC 5246, 7.2.2",
        |raw| vec![raw.seal(ALERT, &[1, 0, 0])];
    half_an_alert: BOTH EITHER, "decode_error", "malformed_alert", "RFC 8446, 5.1 and 6.2; RFC 5246, 7.2.2",
        |raw| vec![raw.seal(ALERT, &[1])];
    alert_of_unknown_level: TLS12 EITHER, "illegal_parameter", "unknown_alert_level", "RFC 5246, 7.2",
        |raw| vec![raw.seal(ALERT, &[3, 90])];
    too_many_empty_records: BOTH EITHER, "unexpected_message", "too_many_empty_records", "RFC 8446, 5.1; RFC 5246, 6.2.1",
        |raw| (0..33).map(|_| raw.seal(DATA, &[])).collect();
    too_many_key_updates: TLS13 EITHER, "unexpected_message", "too_many_key_updates", "RFC 8446, 4.6.3",
        |raw| (0..33).map(|_| raw.key_update(true)).collect();
    too_many_tickets: TLS13 CLIENT, "unexpected_message", "too_many_messages", "RFC 8446, 4.6.1",
        |raw| (0..65).map(|_| raw.seal(HANDSHAKE, &message(4, b"ticket"))).collect();
    too_many_warnings: BOTH EITHER, "unexpected_message", "too_many_warnings", "RFC 8446, 6.1; RFC 5246, 7.2",
        |raw| (0..5).map(|_| raw.seal(ALERT, &[1, 90])).collect();
    too_many_hello_requests: TLS12 CLIENT, "handshake_failure", "too_many_renegotiations", "RFC 5246, 7.4.1.1",
        |raw| (0..4).map(|_| raw.seal(HANDSHAKE, &message(0, &[]))).collect();
    too_many_renegotiating_hellos: TLS12 SERVER, "handshake_failure", "too_many_renegotiations", "RFC 5246, 7.2.2",
        |raw| (0..4).map(|_| raw.seal(HANDSHAKE, &message(1, &[0; 50]))).collect();
    fatal_alert: BOTH EITHER, "none", "alert_received", "RFC 8446, 6.2; RFC 5246, 7.2.2",
        |raw| vec![raw.seal(ALERT, &[2, 40])];
    error_alert_that_calls_itself_a_warning: TLS13 EITHER, "none", "alert_received", "RFC 8446, 6.2",
        |raw| vec![raw.seal(ALERT, &[1, 40])];
}

/// Feeds a fault to a layer in every version, role and AEAD that it applies to. Whatever happens,
/// no wrong byte comes out.
fn check(fault: &Fault) {
    let mut applied = 0;
    for_all(|version, aead, role| {
        if fault.versions.contains(&version) && fault.roles.contains(&role) {
            applied += 1;
            for room in [17_000, 0] {
                check_one(fault, version, aead, role, room);
            }
        }
    });
    assert!(applied > 0);
}

fn check_one(fault: &Fault, version: ProtocolVersion, aead: Aead, role: Role, room: usize) {
    let mut pair = Pair::new(version, aead, role);
    let mut records = (fault.make)(&mut pair.raw);
    let mut last = records.pop().unwrap();
    for record in &mut records {
        let opened = pair.layer.open(record, &mut vec![0; room]);
        assert!(opened.is_ok(), "{}: {opened:?}", fault.name);
    }
    let mut out = vec![0; room];
    let error = pair.layer.open(&mut last, &mut out).unwrap_err();
    let what = (fault.name, version, aead, role, room);
    assert_eq!(error.code(), fault.code, "{what:?}");
    assert_eq!(
        error.alert().map_or("none", |alert| alert.name()),
        fault.alert,
        "{what:?}"
    );
    assert!(
        out.iter().all(|&byte| byte == 0),
        "{what:?}: bytes of a refused record"
    );
    check_ended(&mut pair, error, fault, &what);
}

/// The alert goes out and nothing else ever does.
fn check_ended(pair: &mut Pair, error: Error, fault: &Fault, what: &dyn std::fmt::Debug) {
    assert!(pair.layer.read_closed() && pair.layer.write_closed());
    assert_eq!(
        pair.layer.seal(b"more", &mut [0; 100]),
        Err(error),
        "{what:?}"
    );
    let mut more = pair.raw.seal(DATA, b"more");
    assert_eq!(
        pair.layer.open(&mut more, &mut [0; 100]),
        Err(error),
        "{what:?}"
    );
    pair.layer.queue_close_notify();
    let alerts = pair.control();
    match alerts.as_slice() {
        [] => assert_eq!(fault.alert, "none", "{what:?}"),
        [(ALERT, alert)] => {
            assert_eq!(alert, &[2, error.alert().unwrap().into()], "{what:?}");
        }
        other => panic!("{what:?}: {other:?}"),
    }
    assert!(!pair.layer.has_control());
}

/// Data after close_notify is no fault: it is ignored (RFC 8446, 6.1).
#[test]
fn data_after_close_notify_is_ignored() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        let mut close = pair.raw.seal(ALERT, &[1, 0]);
        let consumed = close.len();
        let mut out = [0; 100];
        assert_eq!(
            pair.layer.open(&mut close, &mut out),
            Ok(Opened::CloseNotify { consumed })
        );
        for mut later in [pair.raw.seal(DATA, b"data"), b"GET / HTTP/1.0".to_vec()] {
            let consumed = later.len();
            assert_eq!(
                pair.layer.open(&mut later, &mut out),
                Ok(Opened::CloseNotify { consumed })
            );
        }
        assert_eq!(out, [0; 100]);
        assert_eq!(pair.layer.end_of_stream(), Ok(()));
    });
}

/// A limit of zero answers nothing.
#[test]
fn limits_are_settings() {
    let mut limits = RecordLimits::default();
    limits.renegotiations = 0;
    limits.empty_records = 0;
    let (version, aead) = (ProtocolVersion::Tls12, Aead::Aes128Gcm);
    let mut pair = Pair::with_limits(version, aead, Role::Client, limits);
    let mut record = pair.raw.seal(HANDSHAKE, &message(0, &[]));
    assert_eq!(
        pair.refused(&mut record),
        Error::TooManyRenegotiations { limit: 0 }
    );
    let mut pair = Pair::with_limits(version, aead, Role::Client, limits);
    let mut record = pair.raw.seal(DATA, &[]);
    assert_eq!(
        pair.refused(&mut record),
        Error::TooManyEmptyRecords { limit: 0 }
    );
}

/// Data in between ends a row; a window that is over forgets renegotiations.
#[test]
fn rows_end_with_data() {
    for_all(|version, aead, role| {
        let mut pair = Pair::new(version, aead, role);
        for _ in 0..5 {
            for _ in 0..32 {
                let mut empty = pair.raw.seal(DATA, &[]);
                pair.handled(&mut empty);
            }
            for _ in 0..4 {
                let mut warning = pair.raw.seal(ALERT, &[1, 90]);
                pair.handled(&mut warning);
            }
            let mut data = pair.raw.seal(DATA, b"data");
            assert_eq!(pair.data(&mut data), b"data");
        }
    });
    let mut pair = Pair::new(ProtocolVersion::Tls12, Aead::Aes128Gcm, Role::Client);
    for _ in 0..5 {
        for _ in 0..3 {
            let mut request = pair.raw.seal(HANDSHAKE, &message(0, &[]));
            pair.handled(&mut request);
            assert_eq!(pair.control(), [(ALERT, vec![1, 100])]);
        }
        pair.layer.renegotiation_window_elapsed();
    }
}
