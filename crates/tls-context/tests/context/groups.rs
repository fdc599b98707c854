//! Key exchange groups.

use rustls::{AlertDescription, Error as RustlsError, NamedGroup, PeerIncompatible};
use tls_context::ProtocolVersion::Tls12;
use tls_testing::plain_rustls;

use crate::handshake::{between, client, only, server};

fn groups(list: &str) -> Vec<NamedGroup> {
    let context = client().groups(list).build().unwrap();
    context
        .provider()
        .kx_groups
        .iter()
        .map(|group| group.name())
        .collect()
}

// Spec: CIP-17, CIP-18, MOD-05
#[test]
fn the_default_begins_with_the_hybrid() {
    let expected = [
        NamedGroup::X25519MLKEM768,
        NamedGroup::X25519,
        NamedGroup::secp256r1,
        NamedGroup::secp384r1,
    ];
    assert_eq!(groups("auto"), expected);
    assert_eq!(groups(tls_context::DEFAULT_GROUPS), expected);
    let context = client().build().unwrap();
    let by_default: Vec<_> = context
        .provider()
        .kx_groups
        .iter()
        .map(|group| group.name())
        .collect();
    assert_eq!(by_default, expected);
}

// Spec: CIP-17
#[test]
fn every_name_of_a_group_is_read_in_any_case() {
    for (names, group) in [
        (["P-256", "prime256v1", "secp256r1"], NamedGroup::secp256r1),
        (["P-384", "secp384r1", "p-384"], NamedGroup::secp384r1),
        (["X25519", "x25519", "X25519:X25519"], NamedGroup::X25519),
        (
            [
                "X25519MLKEM768",
                "x25519mlkem768",
                "X25519MLKEM768:x25519mlkem768",
            ],
            NamedGroup::X25519MLKEM768,
        ),
    ] {
        for name in names {
            assert_eq!(groups(name), [group], "{name}");
        }
    }
    assert_eq!(
        groups("P-384:X25519"),
        [NamedGroup::secp384r1, NamedGroup::X25519]
    );
}

// Spec: CIP-17
#[test]
fn an_unknown_group_has_nodes_code_and_words() {
    for list in ["no-such-curve", "X25519:no-such-curve", "", "X25519:"] {
        let error = server().groups(list).build().unwrap_err();
        assert_eq!(error.code(), "unknown_group", "{list}");
        assert_eq!(error.node_code(), Some("ERR_CRYPTO_OPERATION_FAILED"));
        assert!(
            error.to_string().starts_with("Failed to set ECDH curve"),
            "{error}"
        );
    }
}

// Spec: CIP-17, T-CIP-27
#[test]
fn a_group_that_exists_elsewhere_is_unsupported_and_named() {
    for name in [
        "P-521",
        "secp521r1",
        "X448",
        "secp256k1",
        "ffdhe2048",
        "brainpoolP256r1",
    ] {
        let error = client()
            .groups(&format!("prime256v1:{name}"))
            .build()
            .unwrap_err();
        assert_eq!(error.code(), "unsupported", "{name}");
        assert!(error.to_string().starts_with(name), "{error}");
    }
}

// Spec: T-CIP-24
#[test]
fn the_hybrid_is_negotiated_by_default_in_1_3() {
    let group = between(client(), server()).unwrap().group;
    assert_eq!(group, Some(NamedGroup::X25519MLKEM768));
    // The hybrid needs TLS 1.3, so the next one serves 1.2.
    let group = between(client().max_version(Tls12), server())
        .unwrap()
        .group;
    assert_eq!(group, Some(NamedGroup::X25519));
}

// Spec: T-CIP-24, T-CIP-23, T-CIP-27
#[test]
fn either_side_can_name_the_group() {
    for version in plain_rustls::VERSIONS {
        for (name, group) in [
            ("X25519", NamedGroup::X25519),
            ("P-256", NamedGroup::secp256r1),
            ("P-384", NamedGroup::secp384r1),
        ] {
            let by_client = between(only(version, client().groups(name)), server()).unwrap();
            let by_server = between(only(version, client()), server().groups(name)).unwrap();
            assert_eq!(
                (by_client.group, by_server.group),
                (Some(group), Some(group))
            );
        }
    }
}

// With P-384 in place of P-521.
// Spec: T-CIP-28
#[test]
fn without_a_common_group_the_client_gets_handshake_failure() {
    for version in plain_rustls::VERSIONS {
        let client = only(version, client().groups("X25519"));
        let failed = between(client, server().groups("P-384")).unwrap_err();
        assert_eq!(
            failed.alert_at_client(),
            Some(AlertDescription::HandshakeFailure)
        );
        assert_eq!(
            failed.server,
            Some(RustlsError::PeerIncompatible(
                PeerIncompatible::NoKxGroupsInCommon
            ))
        );
    }
}

#[test]
fn a_1_2_context_needs_a_group_for_1_2() {
    let error = server()
        .groups("X25519MLKEM768")
        .max_version(Tls12)
        .build()
        .unwrap_err();
    assert_eq!(error.code(), "no_group_for_versions");
    server().groups("X25519MLKEM768").build().unwrap();
}
