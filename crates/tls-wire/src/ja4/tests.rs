//! The worked example of the published specification, and its rules one by one.

use super::*;
use crate::cipher_suite::CipherSuite;
use crate::client_hello::ClientHelloBuilder;

/// The suites of the specification's example, in the order of the hello, with GREASE in front.
const SUITES: [u16; 16] = [
    0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
    0x009c, 0x009d, 0x002f, 0x0035,
];

/// Its extensions, with GREASE at both ends.
const EXTENSIONS: [u16; 18] = [
    0x1a1a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012,
    0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0xfafa,
];

/// Its signature schemes.
const SCHEMES: [u16; 8] = [
    0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
];

fn suites(numbers: &[u16]) -> Vec<CipherSuite> {
    numbers.iter().copied().map(CipherSuite).collect()
}

fn vector<const PREFIX: usize>(numbers: &[u16]) -> Vec<u8> {
    let content: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect();
    [&content.len().to_be_bytes()[8 - PREFIX..], &content].concat()
}

fn body(number: u16) -> Vec<u8> {
    match number {
        0x0000 => b"\x00\x0e\x00\x00\x0bexample.com".to_vec(),
        0x0005 => vec![1, 0, 0, 0, 0],
        0x000a => vector::<2>(&[0x3a3a, 29, 23]),
        0x000d => vector::<2>(&SCHEMES),
        0x0010 => b"\x00\x0c\x02h2\x08http/1.1".to_vec(),
        0x002b => vector::<1>(&[0x4a4a, 0x0304, 0x0303]),
        0x002d => vec![1, 1],
        0x0033 => vec![0, 0],
        0xff01 => vec![0],
        _ => vec![],
    }
}

fn example(extensions: &[u16]) -> Vec<u8> {
    let builder = ClientHelloBuilder::new([0; 32]).cipher_suites(&suites(&SUITES));
    let add = |builder: ClientHelloBuilder, &number: &u16| builder.extension(number, &body(number));
    extensions.iter().fold(builder, add).build().unwrap()
}

fn ja4(message: &[u8]) -> String {
    ClientHelloView::parse(message).unwrap().ja4()
}

#[test]
fn the_published_example_has_the_published_fingerprint() {
    let message = example(&EXTENSIONS);
    assert_eq!(ja4(&message), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    let hello = ClientHelloView::parse(&message).unwrap();
    assert_eq!(
        raw_fingerprint(&hello, Transport::Tcp),
        "t13d1516h2_\
         002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_\
         0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_\
         0403,0804,0401,0503,0805,0501,0806,0601"
    );
    assert!(fingerprint(&hello, Transport::Quic).starts_with("q13d1516h2_"));
    assert!(fingerprint(&hello, Transport::Dtls).starts_with("d13d1516h2_"));
}

#[test]
fn the_published_hashes_are_met() {
    let extensions = "0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01";
    assert_eq!(hash(extensions), "6d807ffa2a79");
    assert_eq!(
        hash(&format!(
            "{extensions}_0403,0804,0401,0503,0805,0501,0806,0601"
        )),
        "e5627efa2ab1"
    );
    assert_eq!(hash(""), "000000000000");
}

#[test]
fn the_order_of_extensions_does_not_matter() {
    let mut reversed = EXTENSIONS;
    reversed.reverse();
    assert_eq!(ja4(&example(&reversed)), ja4(&example(&EXTENSIONS)));
}

#[test]
fn neither_server_name_nor_alpn_changes_the_last_part() {
    let without: Vec<u16> = EXTENSIONS
        .into_iter()
        .filter(|number| ![0x0000, 0x0010].contains(number))
        .collect();
    assert_eq!(
        ja4(&example(&without)),
        "t13i151400_8daaf6152771_e5627efa2ab1"
    );
}

#[test]
fn a_hello_without_extensions_has_zeros() {
    let message = example(&[]);
    assert_eq!(ja4(&message), "t12i150000_8daaf6152771_000000000000");
    assert_eq!(
        ja4(&example(&[0x0000, 0x0010])),
        "t12d1502h2_8daaf6152771_000000000000"
    );
}

#[test]
fn counts_are_capped_at_99() {
    let many: Vec<CipherSuite> = (0..120).map(CipherSuite).collect();
    let mut builder = ClientHelloBuilder::new([0; 32]).cipher_suites(&many);
    for number in 1000..1150u16 {
        builder = builder.extension(number, &[]);
    }
    assert!(ja4(&builder.build().unwrap()).starts_with("t12i999900_"));
}

#[test]
fn characters_of_alpn_follow_the_published_table() {
    for (name, expected) in [
        (&b"h2"[..], "h2"),
        (b"http/1.1", "h1"),
        (b"h", "hh"),
        (&[0xab], "ab"),
        (&[0xab, 0xcd], "ad"),
        (&[0x30, 0xab], "3b"),
        (&[0x30, 0x31, 0xab, 0xcd], "3d"),
        (&[0x30, 0xab, 0xcd, 0x31], "01"),
    ] {
        assert_eq!(String::from_iter(alpn_characters(Some(name))), expected);
    }
    assert_eq!(alpn_characters(None), ['0', '0']);
}

#[test]
fn the_highest_version_that_is_not_grease_counts() {
    for (versions, legacy, expected) in [
        (Some(&[0xfafa, 0x0303, 0x0304][..]), 0x0303, "13"),
        (Some(&[0xfafa][..]), 0x0303, "00"),
        (None, 0x0303, "12"),
        (None, 0x0302, "11"),
        (None, 0x0301, "10"),
        (None, 0x0300, "s3"),
        (None, 0xfefd, "d2"),
        (None, 0x7f1c, "00"),
    ] {
        let mut builder = ClientHelloBuilder::new([0; 32])
            .legacy_version(ProtocolVersion::from(legacy))
            .cipher_suites(&suites(&[0x1301]));
        if let Some(numbers) = versions {
            builder = builder.extension(ExtensionType::SUPPORTED_VERSIONS, &vector::<1>(numbers));
        }
        let message = builder.build().unwrap();
        assert_eq!(
            version(&ClientHelloView::parse(&message).unwrap()),
            expected
        );
    }
}
