//! Minimum and maximum version.

use rustls::{
    AlertDescription, Error, PeerIncompatible,
    ProtocolVersion::{TLSv1_2, TLSv1_3},
};
use tls_context::ProtocolVersion::{Ssl3, Tls10, Tls11, Tls12, Tls13, Unknown};
use tls_testing::{Pki, plain_rustls};

use crate::handshake::{between, client, handshake, lower_client, lower_server, ours, server};

// Spec: T-CIP-01, MOD-06, MOD-07
#[test]
fn both_versions_are_on_by_default_and_the_highest_wins() {
    assert_eq!(between(client(), server()).unwrap().version, TLSv1_3);
    let versions = server().build().unwrap().versions().to_vec();
    let versions: Vec<_> = versions.iter().map(|version| version.version).collect();
    assert_eq!(versions, [TLSv1_3, TLSv1_2]);
    assert_eq!(tls_context::DEFAULT_MIN_VERSION.to_string(), "TLSv1.2");
    assert_eq!(tls_context::DEFAULT_MAX_VERSION.to_string(), "TLSv1.3");
}

// Spec: T-CIP-04, T-CIP-07, CIP-14
#[test]
fn the_highest_common_version_is_negotiated() {
    let ranges = [(Tls12, Tls12), (Tls12, Tls13), (Tls13, Tls13)];
    for (client_min, client_max) in ranges {
        for (server_min, server_max) in ranges {
            let client = client().min_version(client_min).max_version(client_max);
            let server = server().min_version(server_min).max_version(server_max);
            let result = between(client, server);
            let common = u16::from(client_max).min(u16::from(server_max));
            if common < u16::from(client_min).max(u16::from(server_min)) {
                result.unwrap_err();
            } else {
                assert_eq!(u16::from(result.unwrap().version), common);
            }
        }
    }
}

#[test]
fn each_version_works_with_plain_rustls_at_the_other_end() {
    for version in plain_rustls::VERSIONS {
        let plain_client = plain_rustls::client(version).into();
        let plain_server = plain_rustls::server(version, &Pki::shared().server).into();
        let as_server = handshake(&plain_client, &lower_server(server())).unwrap();
        let as_client = handshake(&lower_client(client()), &plain_server).unwrap();
        assert_eq!(
            (as_server.version, as_client.version),
            (version.version, version.version)
        );
    }
}

// Spec: T-CIP-09
#[test]
fn without_a_common_version_the_client_gets_protocol_version() {
    let failed = between(client().max_version(Tls12), server().min_version(Tls13)).unwrap_err();
    assert_eq!(
        failed.alert_at_client(),
        Some(AlertDescription::ProtocolVersion)
    );
    assert!(
        matches!(failed.server, Some(Error::PeerIncompatible(_))),
        "{failed:?}"
    );

    let failed = between(client().min_version(Tls13), server().max_version(Tls12)).unwrap_err();
    assert_eq!(
        failed.alert_at_client(),
        Some(AlertDescription::ProtocolVersion)
    );
    assert_eq!(
        failed.server,
        Some(Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOfferedOrEnabled
        ))
    );
}

// Spec: CIP-13, CIP-14
#[test]
fn older_versions_are_unsupported_and_named() {
    for (version, name) in [(Tls11, "TLSv1.1"), (Tls10, "TLSv1"), (Ssl3, "SSLv3")] {
        for builder in [server().min_version(version), client().max_version(version)] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.code(), "unsupported");
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("{name} is not supported")),
                "{error}"
            );
        }
    }
}

// Spec: CIP-14
#[test]
fn a_number_that_is_no_version_has_nodes_code() {
    let error = client().min_version(Unknown(0x0305)).build().unwrap_err();
    assert_eq!(error.code(), "invalid_version");
    assert_eq!(error.node_code(), Some("ERR_TLS_INVALID_PROTOCOL_VERSION"));
    assert!(error.to_string().contains("minimum"), "{error}");
}

// Node takes it, and fails at each handshake.
// Spec: CIP-14
#[test]
fn a_minimum_above_the_maximum_is_an_error() {
    let [tls12, tls13] = plain_rustls::VERSIONS.map(ours);
    let error = server()
        .min_version(tls13)
        .max_version(tls12)
        .build()
        .unwrap_err();
    assert_eq!(error.code(), "version_conflict");
    assert!(error.to_string().contains("TLSv1.3"), "{error}");
}
