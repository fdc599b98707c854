//! The certificates of the PKI are accepted, or refused for the fault that they are named after.

#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use rustls::{
    CertificateError, Error, ExtendedKeyPurpose,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{ServerName, UnixTime},
};
use tls_testing::{Clock, Leaf, Pki, plain_rustls};

fn verify_at(leaf: &Leaf, now: UnixTime) -> Result<(), Error> {
    let roots = Arc::new(Pki::shared().roots());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, plain_rustls::provider())
        .build()
        .unwrap();
    let (first, rest) = leaf.chain().split_first().unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    verifier
        .verify_server_cert(first, rest, &name, &[], now)
        .map(drop)
}

fn verify(leaf: &Leaf) -> Result<(), Error> {
    verify_at(leaf, Clock::new().unix_time())
}

fn refusal(leaf: &Leaf) -> CertificateError {
    match verify(leaf) {
        Err(Error::InvalidCertificate(error)) => error,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn good_servers_are_accepted_today_and_at_the_start_of_the_clock() {
    let pki = Pki::shared();
    for leaf in [
        &*pki.server,
        &pki.server_rsa,
        &pki.server_p384,
        &pki.issue(&["localhost"]),
    ] {
        assert_eq!(verify(leaf), Ok(()));
        assert_eq!(verify_at(leaf, UnixTime::now()), Ok(()));
    }
}

#[test]
fn each_faulty_leaf_is_refused_for_its_fault() {
    let pki = Pki::shared();
    assert!(matches!(
        refusal(&pki.expired),
        CertificateError::ExpiredContext { .. }
    ));
    assert!(matches!(
        refusal(&pki.not_yet_valid),
        CertificateError::NotValidYetContext { .. }
    ));
    assert!(matches!(
        refusal(&pki.wrong_name),
        CertificateError::NotValidForNameContext { .. }
    ));
    assert!(matches!(
        refusal(&pki.common_name_only),
        CertificateError::NotValidForNameContext { .. }
    ));
    assert_eq!(refusal(&pki.other_ca), CertificateError::UnknownIssuer);
    assert_eq!(
        refusal(&pki.missing_intermediate),
        CertificateError::UnknownIssuer
    );
    assert_eq!(
        refusal(&pki.self_signed_end_entity),
        CertificateError::UnknownIssuer
    );
    assert!(matches!(
        refusal(&pki.client_auth_only),
        CertificateError::InvalidPurposeContext {
            required: ExtendedKeyPurpose::ServerAuth,
            ..
        }
    ));
    assert!(format!("{:?}", refusal(&pki.self_signed)).contains("CaUsedAsEndEntity"));
}

#[test]
fn an_expired_leaf_was_good_once() {
    let in_2020 = UnixTime::since_unix_epoch(Duration::from_secs(1_590_000_000));
    assert_eq!(verify_at(&Pki::shared().expired, in_2020), Ok(()));
}

#[test]
fn two_ends_meet_with_client_certificates() {
    let pki = Pki::shared();
    for version in plain_rustls::VERSIONS {
        for (server, client) in [
            (&pki.server, &pki.client),
            (&pki.server_rsa, &pki.client_rsa),
        ] {
            let server = plain_rustls::server_demanding_client(version, server);
            let client = plain_rustls::client_with(version, client);
            let name = ServerName::try_from("example.test").unwrap();
            let mut client = rustls::ClientConnection::new(Arc::new(client), name).unwrap();
            let mut server = rustls::ServerConnection::new(Arc::new(server)).unwrap();
            while client.is_handshaking() || server.is_handshaking() {
                exchange(&mut client, &mut server);
            }
            assert_eq!(server.peer_certificates().unwrap().len(), 2);
        }
    }
}

/// One flight each way.
fn exchange(client: &mut rustls::ClientConnection, server: &mut rustls::ServerConnection) {
    let mut wire = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut wire).unwrap();
    }
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        server.read_tls(&mut rest).unwrap();
        server.process_new_packets().unwrap();
    }
    let mut wire = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut wire).unwrap();
    }
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        client.read_tls(&mut rest).unwrap();
        client.process_new_packets().unwrap();
    }
}

#[test]
fn written_files_hold_the_chain_leaf_first() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::shared();
    let files = pki.write_to(dir.path());
    let chain = std::fs::read_to_string(&files.cert).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(chain.starts_with(&pki.server.certificate_pem()));
    assert!(
        std::fs::read_to_string(&files.key)
            .unwrap()
            .contains("BEGIN PRIVATE KEY")
    );
    assert_eq!(
        std::fs::read_to_string(&files.ca).unwrap().lines().next(),
        Some("-----BEGIN CERTIFICATE-----")
    );
}

#[test]
fn a_clock_moves_only_when_told() {
    let clock = Clock::at(100);
    let provider = clock.time_provider();
    clock.advance(Duration::from_secs(5));
    assert_eq!(provider.current_time().unwrap().as_secs(), 105);
    clock.set(7);
    assert_eq!(provider.current_time().unwrap().as_secs(), 7);
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(
        format!("{:?}", *Pki::shared().server),
        "Leaf { chain: 2, .. }"
    );
}
