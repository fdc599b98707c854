//! Early data of a client is refused without harm (RFC 8446, Section 4.2.10).

use tls_psk::Error;
use tls_wire::{ContentType, RecordHeader};

use crate::bad_hellos::Hello;
use crate::ends::*;

/// A record that looks as early data does to a server that has not its key.
fn early_record(length: u16) -> Vec<u8> {
    let header = RecordHeader {
        content_type: ContentType::ApplicationData,
        version: 0x0303,
        length,
    };
    [&header.encode()[..], &vec![0xa5; usize::from(length)]].concat()
}

/// A server that has answered a hello with early data.
fn server() -> End<tls_psk::ServerHandshake> {
    let hello = Hello {
        early_data: true,
        ..Hello::default()
    };
    let started = hello.offer(&server_config(), &mut Vec::new());
    End::Under(started.unwrap())
}

/// As much as a ticket may have allowed at another server: 64 KiB of content, in small records.
#[test]
fn it_is_skipped_up_to_a_limit() {
    let mut wire = Vec::new();
    for _ in 0..64 {
        wire.extend(early_record(1024 + 17));
    }
    let mut out = Vec::new();
    let end = feed(server(), &mut wire, &mut out);
    assert!(matches!(end, End::Under(_)) && out.is_empty());
    let mut more = early_record(16_000).repeat(5);
    let end = feed(end, &mut more, &mut out);
    assert!(matches!(end.error(), Some(Error::TooMuchEarlyData { .. })));
}

#[test]
fn without_the_extension_it_is_no_early_data() {
    let started = Hello::default().offer(&server_config(), &mut Vec::new());
    let mut wire = early_record(100);
    let end = feed(End::Under(started.unwrap()), &mut wire, &mut Vec::new());
    let refused = Error::Record(tls_record::Error::BadRecordMac);
    assert_eq!(end.error(), Some(&refused));
}
