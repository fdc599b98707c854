//! Every fragmentation gives the same hello; every limit holds before the bytes it is about.

use proptest::prelude::*;

use super::*;
use crate::alert::AlertDescription;
use crate::cipher_suite::CipherSuite;
use crate::client_hello::ClientHelloBuilder;

fn hello(padding: usize) -> Vec<u8> {
    ClientHelloBuilder::new([3; 32])
        .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
        .server_name("example.com")
        .extension(21u16, &vec![0; padding])
        .build()
        .unwrap()
}

fn record(content_type: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    [&[content_type, 3, 1][..], &length.to_be_bytes(), content].concat()
}

fn refused(wire: &[u8]) -> Error {
    let whole = ClientHelloReader::default().read(wire).unwrap_err();
    let mut reader = ClientHelloReader::default();
    let bytewise = wire.iter().find_map(|byte| reader.read(&[*byte]).err());
    let bytewise = bytewise.expect("refused whole but not byte by byte");
    assert_eq!(bytewise.code(), whole.code());
    whole
}

#[test]
fn one_record_is_read_and_what_follows_is_left() {
    let message = hello(10);
    let wire = [reframe(&message), vec![23, 3, 3, 0, 1, 9]].concat();
    let Progress::Whole(whole) = ClientHelloReader::default().read(&wire).unwrap() else {
        panic!("not whole");
    };
    assert_eq!(whole.message, message);
    assert_eq!(whole.consumed, wire.len() - 6);
    assert_eq!((whole.wire_len, whole.records), (whole.consumed, 1));
}

/// Fragments of one byte are legal, however many records they make.
#[test]
fn one_byte_records_one_byte_at_a_time_are_read() {
    let message = hello(1500);
    let mut reader = ClientHelloReader::default();
    let mut result = Progress::NeedMore(5);
    for byte in message.iter().flat_map(|byte| record(22, &[*byte])) {
        assert!(matches!(result, Progress::NeedMore(1..=5)));
        result = reader.read(&[byte]).unwrap();
    }
    let Progress::Whole(whole) = result else {
        panic!("not whole")
    };
    assert_eq!(whole.message, message);
    assert_eq!(
        (whole.wire_len, whole.records),
        (6 * message.len(), message.len())
    );
}

/// The largest hello in the fewest records, and the cost of one-byte records beyond the budget.
#[test]
fn the_largest_hello_is_read_and_its_wire_bytes_are_budgeted() {
    let largest = hello(MAX_CLIENT_HELLO - hello(0).len());
    assert_eq!(largest.len(), MAX_CLIENT_HELLO);
    let wire = reframe(&largest);
    assert_eq!(wire.len(), largest.len() + 4 * RecordHeader::LEN);
    let read = ClientHelloReader::default().read(&wire);
    assert!(matches!(read, Ok(Progress::Whole(whole)) if whole.message == largest));

    let mut reader = ClientHelloReader::default();
    let wire: Vec<u8> = largest
        .iter()
        .flat_map(|byte| record(22, &[*byte]))
        .collect();
    let error = wire.chunks(1000).find_map(|chunk| reader.read(chunk).err());
    assert_eq!(
        error,
        Some(Error::WireBudget {
            limit: MAX_HELLO_WIRE
        })
    );
    assert!(reader.held() <= MAX_CLIENT_HELLO && reader.wire_len() == MAX_HELLO_WIRE);
}

#[test]
fn lengths_are_refused_from_the_bytes_that_announce_them() {
    assert_eq!(
        refused(&[22, 3, 1, 0x40, 0x01]),
        Error::RecordOverflow {
            length: 16_385,
            limit: MAX_PLAINTEXT
        }
    );
    assert_eq!(
        refused(&[22, 3, 1, 0x40, 0x00, 1, 0, 0xff, 0xfd]),
        Error::TooLarge {
            length: 65_537,
            limit: MAX_CLIENT_HELLO
        }
    );
}

#[test]
fn a_few_empty_records_pass_and_more_do_not() {
    let empty = record(22, &[]);
    let wire = [empty.repeat(MAX_EMPTY_RECORDS), reframe(&hello(0))].concat();
    assert!(matches!(
        ClientHelloReader::default().read(&wire),
        Ok(Progress::Whole(_))
    ));
    let error = refused(&empty.repeat(MAX_EMPTY_RECORDS + 1));
    assert_eq!(
        error,
        Error::EmptyRecords {
            limit: MAX_EMPTY_RECORDS
        }
    );
}

#[test]
fn a_second_message_in_the_record_of_the_hello_is_refused() {
    let wire = record(22, &[&hello(0)[..], &[20, 0, 0, 0]].concat());
    assert_eq!(refused(&wire), Error::BytesAfterHello { count: 4 });
    assert_eq!(
        refused(&wire).alert(),
        Some(AlertDescription::UnexpectedMessage)
    );
}

#[test]
fn other_records_and_messages_are_refused() {
    for (wire, code, alert) in [
        (
            record(21, &[2, 40]),
            "unexpected_record",
            AlertDescription::UnexpectedMessage,
        ),
        (
            record(20, &[1]),
            "unexpected_record",
            AlertDescription::UnexpectedMessage,
        ),
        (
            record(22, &[2, 0, 0, 9]),
            "unexpected_message",
            AlertDescription::UnexpectedMessage,
        ),
        (
            [&record(22, &[1])[..], &[22, 2, 0, 0, 1]].concat(),
            "record_version",
            AlertDescription::ProtocolVersion,
        ),
        (
            [&record(22, &[1])[..], &record(23, &[0])].concat(),
            "unexpected_record",
            AlertDescription::UnexpectedMessage,
        ),
    ] {
        let error = refused(&wire);
        assert_eq!(
            (error.code(), error.alert()),
            (code, Some(alert)),
            "{error}"
        );
    }
}

#[test]
fn other_protocols_are_named_and_hear_what_they_understand() {
    for (wire, kind, line, alert) in [
        (
            &b"GET /a HTTP/1.1\r\nHost: b\r\n"[..],
            FirstBytes::Http,
            "GET /a HTTP/1.1",
            None,
        ),
        (
            b"SSH-2.0-OpenSSH_9.6\r\n",
            FirstBytes::Ssh,
            "SSH-2.0-OpenSSH_9.6",
            None,
        ),
        (
            b"\x80\x2e\x01\x00\x02\x00",
            FirstBytes::SslV2,
            r"\x80.\x01\x00\x02\x00",
            Some(AlertDescription::ProtocolVersion),
        ),
        (
            b"\x16\x02\x00",
            FirstBytes::Junk,
            r"\x16\x02\x00",
            Some(AlertDescription::RecordOverflow),
        ),
    ] {
        let error = refused(wire);
        assert_eq!(error.alert(), alert);
        assert_eq!(
            error,
            Error::NotTls {
                first_bytes: kind,
                first_line: line.to_owned()
            }
        );
    }
}

// Spec: T-CLS-02, T-CLS-04, T-CLS-05
#[test]
fn t_cls_junk_hears_what_node_says_and_has_its_code() {
    for (wire, code, alert) in [
        (
            &[0x2a; 1024][..],
            "ERR_SSL_WRONG_VERSION_NUMBER",
            Some(AlertDescription::RecordOverflow),
        ),
        (
            b"blah\nblah\nblah\n",
            "ERR_SSL_WRONG_VERSION_NUMBER",
            Some(AlertDescription::RecordOverflow),
        ),
        (b"GET / HTTP/1.1\r\n\r\n", "ERR_SSL_HTTP_REQUEST", None),
    ] {
        let error = refused(wire);
        assert_eq!((error.node_code(), error.alert()), (Some(code), alert));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// However a hello is cut into records, and the records into segments, it is the same hello.
    #[test]
    fn every_fragmentation_gives_the_same_hello(
        padding in 0..600usize,
        records in prop::collection::vec(1..200usize, 1..6),
        segments in prop::collection::vec(1..300usize, 1..6),
    ) {
        let message = hello(padding);
        let mut wire = Vec::new();
        let mut rest = &message[..];
        for &length in records.iter().cycle() {
            let (content, left) = rest.split_at(length.min(rest.len()));
            wire.extend(record(22, content));
            rest = left;
            if rest.is_empty() { break; }
        }
        let mut reader = ClientHelloReader::default();
        let mut rest = &wire[..];
        for &length in segments.iter().cycle() {
            let (segment, left) = rest.split_at(length.min(rest.len()));
            rest = left;
            match reader.read(segment).unwrap() {
                Progress::NeedMore(count) => prop_assert!(count > 0 && !rest.is_empty()),
                Progress::Whole(whole) => {
                    prop_assert!(rest.is_empty());
                    prop_assert_eq!(whole.message, message);
                    prop_assert_eq!(whole.consumed, segment.len());
                    prop_assert_eq!(whole.wire_len, wire.len());
                    break;
                }
            }
        }
    }

    /// Any bytes at all: no panic, nothing held beyond the limits, and the same answer whole and
    /// byte by byte.
    #[test]
    fn arbitrary_bytes_never_panic(
        start in prop::sample::select(vec![&b""[..], &[22], &[22, 3, 1], &[22, 3, 1, 0, 20, 1, 0, 0]]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let wire = [start, &bytes].concat();
        let whole = ClientHelloReader::default().read(&wire);
        let mut reader = ClientHelloReader::default();
        let mut bytewise = Ok(Progress::NeedMore(5));
        for byte in &wire {
            bytewise = reader.read(&[*byte]);
            if !matches!(bytewise, Ok(Progress::NeedMore(_))) { break; }
        }
        match (whole, bytewise) {
            (Ok(Progress::NeedMore(a)), Ok(Progress::NeedMore(b))) => prop_assert_eq!(a, b),
            (Ok(Progress::Whole(a)), Ok(Progress::Whole(b))) => prop_assert_eq!(a.message, b.message),
            (Err(a), Err(b)) => prop_assert_eq!(a.code(), b.code()),
            (a, b) => prop_assert!(false, "{:?} but byte by byte {:?}", a, b),
        }
        prop_assert!(reader.held() <= wire.len());
    }
}
