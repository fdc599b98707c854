//! Round trips, every refusal, and no panic on any bytes.

use proptest::prelude::*;

use super::*;
use crate::alert::AlertDescription;
use crate::extension::key_share::KeyShareEntry;
use crate::extension::pre_shared_key::PskIdentity;
use crate::limits::MAX_CLIENT_HELLO;

const SUITES: [CipherSuite; 2] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

fn builder() -> ClientHelloBuilder {
    ClientHelloBuilder::new([5; 32])
        .session_id(&[6; 32])
        .cipher_suites(&SUITES)
}

/// A hello with every extension that there is a method for.
fn full() -> Vec<u8> {
    builder()
        .server_name("Example.COM.")
        .alpn(&["h2", "http/1.1"])
        .supported_versions(&[ProtocolVersion::Tls13, ProtocolVersion::Tls12])
        .named_groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
        .signature_schemes(&[
            SignatureScheme::ED25519,
            SignatureScheme::RSA_PSS_RSAE_SHA256,
        ])
        .key_shares(&[KeyShareEntry {
            group: NamedGroup::X25519,
            key_exchange: &[7; 32],
        }])
        .psk_modes(&[PskKeyExchangeMode::PskDheKe])
        .session_ticket(b"old ticket")
        .status_request()
        .early_data()
        .extended_master_secret()
        .cookie(b"crumb")
        .extension(0x1a1au16, &[0])
        .pre_shared_keys(
            &[PskIdentity {
                identity: b"gate-7",
                obfuscated_ticket_age: 9,
            }],
            &[[8; 32]],
        )
        .build()
        .unwrap()
}

fn refused(message: &[u8]) -> Error {
    let error = ClientHelloView::parse(message).unwrap_err();
    assert_eq!(
        ClientHello::parse(Bytes::copy_from_slice(message)).unwrap_err(),
        error
    );
    error
}

#[test]
fn a_full_hello_round_trips() {
    let message = full();
    let hello = ClientHello::parse(message.clone().into()).unwrap();
    assert_eq!(hello.as_bytes(), message);
    assert_eq!(hello.legacy_version(), ProtocolVersion::Tls12);
    assert_eq!(
        (hello.random(), hello.session_id()),
        (&[5; 32], &[6; 32][..])
    );
    assert!(hello.cipher_suites().eq(SUITES));
    assert_eq!(hello.compression_methods(), [0]);
    assert_eq!(hello.server_name(), Some("example.com"));
    assert!(hello.alpn_protocols().eq([&b"h2"[..], b"http/1.1"]));
    assert!(
        hello
            .supported_versions()
            .eq([ProtocolVersion::Tls13, ProtocolVersion::Tls12])
    );
    assert!(
        hello
            .named_groups()
            .eq([NamedGroup::X25519, NamedGroup::SECP256R1])
    );
    assert_eq!(hello.signature_schemes().count(), 2);
    assert!(hello.key_share_groups().eq([NamedGroup::X25519]));
    assert!(hello.psk_modes().eq([PskKeyExchangeMode::PskDheKe]));
    assert_eq!(hello.session_ticket(), Some(&b"old ticket"[..]));
    assert!(hello.status_request() && hello.early_data() && hello.extended_master_secret());
    assert_eq!(hello.cookie(), Some(&b"crumb"[..]));
    assert_eq!(hello.extension(0x1a1au16), Some(&[0][..]));
    let psk = hello.psk_identities().next().unwrap();
    assert_eq!(
        (psk.identity, psk.obfuscated_ticket_age),
        (&b"gate-7"[..], 9)
    );
    assert!(hello.psk_binders().eq([[8; 32]]));
    assert_eq!(
        hello.without_binders(),
        Some(&message[..message.len() - 35])
    );
    assert_eq!(hello.extensions().count(), 14);
}

#[test]
fn a_hello_without_extensions_offers_its_legacy_version() {
    let message = builder().build().unwrap();
    let hello = ClientHelloView::parse(&message).unwrap();
    assert!(hello.supported_versions().eq([ProtocolVersion::Tls12]));
    assert!(hello.offers(ProtocolVersion::Tls12) && hello.offers(ProtocolVersion::Tls10));
    assert!(!hello.offers(ProtocolVersion::Tls13));
    assert_eq!(hello.server_name(), None);
    assert_eq!(hello.alpn_protocols().count(), 0);
    assert_eq!(
        hello.psk_identities().count() + hello.psk_binders().count(),
        0
    );
    assert_eq!(
        (hello.session_ticket(), hello.without_binders()),
        (None, None)
    );
    assert!(!hello.status_request() && !hello.early_data() && !hello.extended_master_secret());
}

/// RFC 8446, Section 4.2.1: without the extension nobody may negotiate TLS 1.3.
#[test]
fn a_legacy_version_above_tls12_is_no_offer_of_tls13() {
    let message = builder()
        .legacy_version(ProtocolVersion::Tls13)
        .build()
        .unwrap();
    let hello = ClientHelloView::parse(&message).unwrap();
    assert!(!hello.offers(ProtocolVersion::Tls13) && hello.offers(ProtocolVersion::Tls12));
}

#[test]
fn only_the_extension_says_which_versions_are_offered() {
    let message = builder()
        .supported_versions(&[ProtocolVersion::Tls13])
        .build()
        .unwrap();
    let hello = ClientHelloView::parse(&message).unwrap();
    assert!(hello.offers(ProtocolVersion::Tls13) && !hello.offers(ProtocolVersion::Tls12));
}

#[test]
fn each_refusal_has_its_code_and_alert() {
    let decode = AlertDescription::DecodeError;
    let illegal = AlertDescription::IllegalParameter;
    let long_session_id = builder().session_id(&[6; 33]);
    let early_psk = builder()
        .pre_shared_keys(
            &[PskIdentity {
                identity: b"a",
                obfuscated_ticket_age: 0,
            }],
            &[[8; 32]],
        )
        .early_data();
    for (hello, code, alert) in [
        (
            builder().alpn(&["h2"]).alpn(&["h2"]),
            "duplicate_extension",
            illegal,
        ),
        (early_psk, "pre_shared_key_not_last", illegal),
        (builder().server_name("a b"), "illegal_value", illegal),
        (
            builder().compression_methods(&[1]),
            "illegal_value",
            illegal,
        ),
        (builder().compression_methods(&[]), "bad_length", decode),
        (builder().cipher_suites(&[]), "bad_length", decode),
        (long_session_id, "bad_length", decode),
        (builder().alpn(&[""; 2]), "bad_length", decode),
        (
            builder().extension(43u16, &[3, 3, 4, 3]),
            "bad_length",
            decode,
        ),
        (
            builder().extension(10u16, &[0, 4, 0, 29]),
            "truncated",
            decode,
        ),
        (builder().extension(42u16, &[0]), "trailing_bytes", decode),
    ] {
        let error = refused(&hello.build().unwrap());
        assert_eq!(
            (error.code(), error.alert()),
            (code, Some(alert)),
            "{error}"
        );
    }
}

#[test]
fn the_message_is_held_to_its_own_length_and_the_limit() {
    let message = full();
    assert_eq!(refused(&message[..message.len() - 1]).code(), "truncated");
    assert_eq!(
        refused(&[&message[..], &[0]].concat()).code(),
        "trailing_bytes"
    );
    assert_eq!(
        refused(&[&[2], &message[1..]].concat()).code(),
        "unexpected_message"
    );
    let base = builder().extension(21u16, &[]).build().unwrap().len();
    let largest = builder()
        .extension(21u16, &vec![0; MAX_CLIENT_HELLO - base])
        .build()
        .unwrap();
    assert!(ClientHelloView::parse(&largest).is_ok());
    assert_eq!(refused(&[&largest[..], &[0]].concat()).code(), "too_large");
}

/// A hello that ends inside any field is refused, whatever the header of the message claims.
#[test]
fn every_truncation_is_refused() {
    let message = full();
    for length in 0..message.len() {
        let mut cut = message[..length].to_vec();
        if let Some(field) = cut.get_mut(1..4) {
            let body = u32::try_from(length - 4).unwrap();
            field.copy_from_slice(&body.to_be_bytes()[1..]);
        }
        // Up to the end of the compression methods it is a hello without extensions.
        if length == 4 + 2 + 32 + 33 + 6 + 2 {
            assert!(ClientHelloView::parse(&cut).is_ok());
        } else {
            refused(&cut);
        }
    }
}

#[test]
fn debug_output_has_no_ticket_and_description_no_control_characters() {
    let message = builder()
        .alpn(&[&b"\x1b[31mred\n"[..]])
        .session_ticket(b"old ticket")
        .build()
        .unwrap();
    let hello = ClientHelloView::parse(&message).unwrap();
    assert!(!format!("{hello:?}").contains("old ticket"));
    let text = hello.describe().to_string();
    assert!(
        text.contains(r"alpn: \x1b[31mred\n") && !text.contains('\x1b'),
        "{text}"
    );
    assert!(!text.contains("old ticket"));
}

/// Asks a hello everything there is to ask.
fn use_all(hello: &ClientHello) {
    let _ = (
        hello.describe().to_string(),
        hello.ja4(),
        format!("{hello:?}"),
    );
    let _ = (
        hello.random(),
        hello.session_id(),
        hello.server_name(),
        hello.cookie(),
    );
    let _ = (
        hello.without_binders(),
        hello.session_ticket(),
        hello.offers(ProtocolVersion::Tls13),
    );
    assert_eq!(hello.psk_identities().count(), hello.psk_binders().count());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(hello) = ClientHello::parse(bytes.into()) {
            use_all(&hello);
        }
    }

    /// Arbitrary extensions behind a good beginning, so that more than the header is reached.
    #[test]
    fn arbitrary_extensions_never_panic(
        extensions in prop::collection::vec(
            (0..60u16, prop::collection::vec(0..6u8, 0..24)), 0..8),
    ) {
        let mut hello = builder();
        for (number, body) in &extensions {
            hello = hello.extension(*number, body);
        }
        if let Ok(hello) = ClientHello::parse(hello.build().unwrap().into()) {
            use_all(&hello);
            prop_assert_eq!(hello.extensions().count(), extensions.len());
        }
    }

    #[test]
    fn mutated_hellos_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut message = full();
        for (index, byte) in edits {
            let at = index.index(message.len());
            message[at] = byte;
        }
        if let Ok(hello) = ClientHello::parse(message.into()) {
            use_all(&hello);
        }
    }

    #[test]
    fn what_is_written_is_read(
        name in "[a-z]{1,20}(\\.[a-z]{1,20}){1,3}",
        alpn in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 1..5),
        suites in prop::collection::vec(any::<u16>(), 1..40),
        groups in prop::collection::vec(any::<u16>(), 1..20),
        random: [u8; 32],
    ) {
        let suites: Vec<_> = suites.into_iter().map(CipherSuite).collect();
        let groups: Vec<_> = groups.into_iter().map(NamedGroup).collect();
        let message = ClientHelloBuilder::new(random)
            .cipher_suites(&suites)
            .server_name(&name)
            .alpn(&alpn)
            .named_groups(&groups)
            .build()
            .unwrap();
        let hello = ClientHello::parse(message.into()).unwrap();
        prop_assert_eq!(hello.random(), &random);
        prop_assert_eq!(hello.server_name(), Some(&name[..]));
        prop_assert!(hello.alpn_protocols().eq(alpn.iter().map(Vec::as_slice)));
        prop_assert!(hello.cipher_suites().eq(suites));
        prop_assert!(hello.named_groups().eq(groups));
    }
}
