//! The cipher list.

use proptest::prelude::*;
use rustls::{AlertDescription, CipherSuite, Error as RustlsError, PeerIncompatible, version};
use tls_context::{
    Error,
    ProtocolVersion::{Tls12, Tls13},
    SecureContext,
};
use tls_testing::{Pki, plain_rustls};

use crate::handshake::{between, client, handshake, lower_client, lower_server, server};

const AES_256: &str = "TLS_AES_256_GCM_SHA384";
const AES_128: &str = "TLS_AES_128_GCM_SHA256";
const CHACHA: &str = "TLS_CHACHA20_POLY1305_SHA256";
const ECDHE_AES_128: &str = "ECDHE-ECDSA-AES128-GCM-SHA256";
const ECDHE_AES_256: &str = "ECDHE-ECDSA-AES256-GCM-SHA384";

fn suites(context: &SecureContext) -> Vec<CipherSuite> {
    context
        .provider()
        .cipher_suites
        .iter()
        .map(rustls::SupportedCipherSuite::suite)
        .collect()
}

fn build(list: &str) -> Result<SecureContext, Error> {
    client().ciphers(list).build()
}

// Spec: MOD-03, MOD-04, MOD-12, CIP-05
#[test]
fn the_default_is_nodes_order() {
    use CipherSuite as S;
    let expected = [
        S::TLS13_AES_256_GCM_SHA384,
        S::TLS13_CHACHA20_POLY1305_SHA256,
        S::TLS13_AES_128_GCM_SHA256,
        S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        S::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        S::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        S::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        S::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    for list in ["", tls_context::DEFAULT_CIPHERS] {
        assert_eq!(suites(&build(list).unwrap()), expected, "{list}");
    }
    assert_eq!(suites(&client().build().unwrap()), expected);
}

// Spec: CIP-01, CIP-02
#[test]
fn both_kinds_of_names_and_all_separators_are_read() {
    use CipherSuite as S;
    let expected = [
        S::TLS13_AES_128_GCM_SHA256,
        S::TLS13_AES_256_GCM_SHA384,
        S::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        S::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    for list in [
        "ECDHE-ECDSA-AES256-GCM-SHA384:TLS_AES_128_GCM_SHA256:ECDHE-RSA-CHACHA20-POLY1305:TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305",
        "::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_AES_128_GCM_SHA256::\
         TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,TLS_AES_256_GCM_SHA384:",
    ] {
        assert_eq!(suites(&build(list).unwrap()), expected, "{list}");
    }
}

// Spec: T-CIP-10
#[test]
fn one_side_decides_when_the_other_has_the_default() {
    for name in [AES_256, AES_128, CHACHA] {
        let by_client = between(client().ciphers(name), server()).unwrap();
        let by_server = between(client(), server().ciphers(name)).unwrap();
        assert_eq!(iana(by_client.suite), name);
        assert_eq!(iana(by_server.suite), name);
    }
}

// Spec: T-CIP-11
#[test]
fn without_a_common_cipher_the_client_gets_handshake_failure() {
    let mixed = format!("{ECDHE_AES_128}:{CHACHA}");
    for (client_list, server_list, max) in [
        (AES_256, CHACHA, Tls13),
        (ECDHE_AES_256, ECDHE_AES_128, Tls12),
        (mixed.as_str(), ECDHE_AES_256, Tls12),
    ] {
        let client = client().ciphers(client_list).max_version(max);
        let failed = between(client, server().ciphers(server_list).max_version(max)).unwrap_err();
        assert_eq!(
            failed.alert_at_client(),
            Some(AlertDescription::HandshakeFailure)
        );
        assert_eq!(
            failed.server,
            Some(RustlsError::PeerIncompatible(
                PeerIncompatible::NoCipherSuitesInCommon
            ))
        );
    }
}

// A cipher that exists here stands for AES256-SHA.
// Spec: T-CIP-12, CIP-09
#[test]
fn a_1_3_cipher_wins_over_a_1_2_cipher_in_front_of_it() {
    let list = format!("{ECDHE_AES_128}:{AES_256}");
    assert_eq!(
        iana(between(client().ciphers(&list), server()).unwrap().suite),
        AES_256
    );
    assert_eq!(
        iana(between(client(), server().ciphers(&list)).unwrap().suite),
        AES_256
    );
}

// A cipher that exists here stands for AES256-SHA.
// Spec: T-CIP-13, CIP-03
#[test]
fn naming_only_1_2_ciphers_leaves_1_3_on() {
    assert_eq!(
        iana(
            between(client().ciphers(ECDHE_AES_128), server())
                .unwrap()
                .suite
        ),
        AES_256
    );
    assert_eq!(
        iana(
            between(client(), server().ciphers(ECDHE_AES_128))
                .unwrap()
                .suite
        ),
        AES_256
    );
    let client_of_old = plain_rustls::client(&version::TLS12).into();
    let agreed = handshake(
        &client_of_old,
        &lower_server(server().ciphers(ECDHE_AES_128)),
    )
    .unwrap();
    assert_eq!(
        agreed.suite,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    );
}

// Spec: CIP-04
#[test]
fn naming_only_1_3_ciphers_turns_1_2_off() {
    let context = build(AES_128).unwrap();
    assert_eq!(context.versions(), [&version::TLS13]);
    let server_of_old = plain_rustls::server(&version::TLS12, &Pki::shared().server).into();
    let failed = handshake(&context.rustls_client().unwrap(), &server_of_old).unwrap_err();
    assert_eq!(
        failed.alert_at_client(),
        Some(AlertDescription::ProtocolVersion)
    );
}

// Spec: CIP-06
#[test]
fn a_list_without_a_word_is_an_error() {
    for list in [":", " ", ", :"] {
        let error = build(list).unwrap_err();
        assert_eq!(error.code(), "empty_cipher_list", "{list:?}");
        assert_eq!(error.node_code(), Some("ERR_INVALID_ARG_VALUE"));
    }
}

// Spec: CIP-07, T-CIP-16
#[test]
fn an_unknown_word_is_no_cipher_match_and_named() {
    let beside_a_good_one = format!("{AES_256}:FOOBARBAZ");
    for (list, word) in [
        ("aes256-sha", "aes256-sha"),
        ("FOOBARBAZ", "FOOBARBAZ"),
        ("TLS_not_a_cipher", "TLS_not_a_cipher"),
        ("no-such-cipher", "no-such-cipher"),
        (beside_a_good_one.as_str(), "FOOBARBAZ"),
        (
            "ecdhe-ecdsa-aes128-gcm-sha256",
            "ecdhe-ecdsa-aes128-gcm-sha256",
        ),
        ("tls_aes_256_gcm_sha384", "tls_aes_256_gcm_sha384"),
    ] {
        for builder in [client(), server()] {
            let error = builder.ciphers(list).build().unwrap_err();
            assert_eq!(error.code(), "no_cipher_match", "{list}");
            assert_eq!(error.node_code(), Some("ERR_SSL_NO_CIPHER_MATCH"));
            assert!(error.to_string().starts_with("no cipher match"), "{error}");
            assert!(error.to_string().contains(word), "{error}");
        }
    }
    let error = build("tls_aes_256_gcm_sha384").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("did you mean TLS_AES_256_GCM_SHA384?"),
        "{error}"
    );
}

// Spec: CIP-07, MOD-12
#[test]
fn a_cipher_that_exists_elsewhere_is_unsupported_with_the_reason() {
    for (name, reason) in [
        ("AES256-SHA", "RSA without forward secrecy"),
        ("AES128-GCM-SHA256", "RSA without forward secrecy"),
        ("DHE-RSA-AES128-GCM-SHA256", "finite fields"),
        ("ECDHE-RSA-AES128-SHA256", "CBC"),
        ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "CBC"),
        ("PSK-AES128-GCM-SHA256", "pre-shared keys"),
        ("TLS_AES_128_CCM_SHA256", "CCM"),
        ("TLS_AES_128_CCM_8_SHA256", "CCM"),
        ("ECDHE-ECDSA-AES128-CCM", "CCM"),
    ] {
        let error = build(name).unwrap_err();
        assert_eq!(error.code(), "unsupported", "{name}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn no_cipher_left_for_the_versions_is_an_error() {
    let error = client()
        .ciphers(AES_256)
        .max_version(Tls12)
        .build()
        .unwrap_err();
    assert_eq!(error.code(), "no_cipher_for_versions");
    // The other way round TLS 1.3 keeps its defaults (CIP-03).
    client()
        .ciphers(ECDHE_AES_128)
        .min_version(Tls13)
        .build()
        .unwrap();
}

#[test]
fn ciphers_of_a_version_that_is_off_are_off() {
    for (version, max) in [(Tls12, Tls12), (Tls13, Tls13)] {
        let context = client()
            .min_version(version)
            .max_version(max)
            .build()
            .unwrap();
        let is_1_3 = |suite: &rustls::SupportedCipherSuite| suite.tls13().is_some();
        assert!(
            context
                .provider()
                .cipher_suites
                .iter()
                .all(|s| is_1_3(s) == (version == Tls13))
        );
    }
}

// Spec: T-CIP-17
#[test]
fn a_1_2_cipher_is_negotiated_by_its_openssl_name() {
    for (name, leaf) in [
        ("ECDHE-RSA-AES256-GCM-SHA384", &Pki::shared().server_rsa),
        ("ECDHE-RSA-AES128-GCM-SHA256", &Pki::shared().server_rsa),
        ("ECDHE-RSA-CHACHA20-POLY1305", &Pki::shared().server_rsa),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", &Pki::shared().server),
        ("ECDHE-ECDSA-AES128-GCM-SHA256", &Pki::shared().server),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", &Pki::shared().server),
    ] {
        let server = SecureContext::server(crate::handshake::identity(leaf));
        let agreed = between(client(), server.ciphers(name).max_version(Tls12)).unwrap();
        let suite = tls_wire::CipherSuite(u16::from(agreed.suite));
        assert_eq!(suite.openssl_name(), Some(name));
    }
}

// Spec: T-CIP-18
#[test]
fn in_1_3_the_client_narrows_the_servers_list() {
    let server_list = format!("{CHACHA}:{AES_256}");
    let agreed = between(client().ciphers(AES_256), server().ciphers(&server_list)).unwrap();
    assert_eq!(iana(agreed.suite), AES_256);
    let agreed = between(client(), server().ciphers(&server_list)).unwrap();
    assert_eq!(iana(agreed.suite), CHACHA);
}

// Spec: T-CIP-20, CIP-10
#[test]
fn the_servers_order_counts_unless_it_is_told_otherwise() {
    let lists_1_2 = (
        format!("{ECDHE_AES_128}:{ECDHE_AES_256}"),
        format!("{ECDHE_AES_256}:{ECDHE_AES_128}"),
    );
    let lists_1_3 = (
        format!("{AES_128}:{AES_256}"),
        format!("{AES_256}:{AES_128}"),
    );
    for (max, (client_list, server_list)) in [(Tls12, lists_1_2), (Tls13, lists_1_3)] {
        let client = || lower_client(client().ciphers(&client_list).max_version(max));
        let server = || server().ciphers(&server_list).max_version(max);
        let suite = |server| {
            let suite = handshake(&client(), &lower_server(server)).unwrap().suite;
            tls_wire::CipherSuite(u16::from(suite))
                .openssl_name()
                .unwrap()
        };
        let first = |list: &str| list.split(':').next().unwrap().to_owned();
        assert_eq!(suite(server()), first(&server_list));
        assert_eq!(
            suite(server().honor_cipher_order(true)),
            first(&server_list)
        );
        assert_eq!(
            suite(server().honor_cipher_order(false)),
            first(&client_list)
        );
    }
}

fn iana(suite: CipherSuite) -> &'static str {
    tls_wire::CipherSuite(u16::from(suite)).iana_name().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_read_or_refused_by_a_word_in_it(list in "[A-Za-z0-9_:, !+@=-]{0,60}") {
        match build(&list) {
            Ok(context) => prop_assert!(!context.provider().cipher_suites.is_empty()),
            Err(Error::NoCipherMatch { word, .. } | Error::CipherWordNotSupported { word, .. }) => {
                prop_assert!(list.contains(&word));
                prop_assert!(!word.contains([':', ',', ' ']));
            }
            Err(Error::Unsupported { feature, .. }) => prop_assert!(list.contains(&feature)),
            Err(Error::NoCipherLeft { .. }) => prop_assert!(list.contains(['!', '-', '+', '@'])),
            Err(Error::EmptyCipherList { .. }) => {
                prop_assert!(list.chars().all(|c| ":, ".contains(c)));
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }

    #[test]
    fn a_list_of_names_keeps_their_order_and_drops_repeats(
        picks in prop::collection::vec(0..9usize, 1..20),
    ) {
        let names: Vec<&str> = tls_context::DEFAULT_CIPHERS.split(':').collect();
        let list: Vec<&str> = picks.iter().map(|pick| names[*pick]).collect();
        let context = build(&list.join(":")).unwrap();
        let mut expected: Vec<&str> = Vec::new();
        for is_1_3 in [true, false] {
            for name in list.iter().filter(|name| name.starts_with("TLS_") == is_1_3) {
                if !expected.contains(name) {
                    expected.push(name);
                }
            }
        }
        let all: Vec<&str> = suites(&context)
            .into_iter()
            .map(|suite| tls_wire::CipherSuite(u16::from(suite)).openssl_name().unwrap())
            .collect();
        // A list without any suite of TLS 1.3 has their defaults in front.
        prop_assert!(all.ends_with(&expected));
        prop_assert!(all.len() == expected.len() || all.len() == expected.len() + 3);
    }
}
