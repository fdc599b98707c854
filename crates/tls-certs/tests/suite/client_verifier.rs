//! Client certificates.

use rcgen::date_time_ymd;
use rustls::server::danger::ClientCertVerifier as _;
use tls_certs::{ClientVerifier, Trust, VerifyCode};

use super::pki::{Made, NOW, chain, client, provider, server};

fn verifier(trust: &Trust) -> ClientVerifier {
    ClientVerifier::new(trust.clone(), true, provider()).unwrap()
}

// Spec: T-VER-06, T-VER-07, T-VER-08
#[test]
fn t_ver_08_clients_of_trusted_cas_are_accepted_others_not() {
    let (ca1, ca2) = (Made::root("ca1"), Made::root("ca2"));
    let (agent1, agent2, agent3) = (
        ca1.issue(client("agent1")),
        Made::self_signed(client("agent2")),
        ca2.issue(client("agent3")),
    );
    let one = verifier(&ca1.trusted());
    let both = verifier(&ca1.trusted().with(&ca2.trusted()));
    one.verify(&chain(&[&agent1]), NOW).unwrap();
    both.verify(&chain(&[&agent1]), NOW).unwrap();
    both.verify(&chain(&[&agent3]), NOW).unwrap();
    assert_eq!(
        one.verify(&chain(&[&agent3]), NOW).unwrap_err().code,
        VerifyCode::UnableToVerifyLeafSignature
    );
    assert_eq!(
        both.verify(&chain(&[&agent2]), NOW).unwrap_err().code,
        VerifyCode::DepthZeroSelfSignedCert
    );
}

// Spec: XEC-12
#[test]
fn xec_12_no_certificate_at_all() {
    let refusal = verifier(&Made::root("ca").trusted())
        .verify(&[], NOW)
        .unwrap_err();
    assert_eq!(refusal.code(), "UNABLE_TO_GET_ISSUER_CERT");
    assert_eq!(
        refusal.rustls_error(),
        rustls::Error::NoCertificatesPresented
    );
}

// Spec: T-VER-25
#[test]
fn t_ver_25_an_expired_client_certificate() {
    let ca = Made::root("ca");
    let mut params = client("agent");
    params.not_after = date_time_ymd(2026, 1, 1);
    let refusal = verifier(&ca.trusted())
        .verify(&chain(&[&ca.issue(params)]), NOW)
        .unwrap_err();
    assert_eq!(refusal.code, VerifyCode::CertHasExpired);
    assert_eq!(refusal.expected_name, None);
}

#[test]
fn a_servers_certificate_does_not_make_a_client() {
    let ca = Made::root("ca");
    let refusal = verifier(&ca.trusted())
        .verify(&chain(&[&ca.issue(server("x.test"))]), NOW)
        .unwrap_err();
    assert_eq!(refusal.code, VerifyCode::InvalidPurpose);
}

#[test]
fn a_listed_client_certificate_is_accepted_for_its_purpose_only() {
    let good = Made::self_signed(client("agent"));
    verifier(&good.trusted())
        .verify(&chain(&[&good]), NOW)
        .unwrap();
    let wrong = Made::self_signed(server("agent"));
    assert_eq!(
        verifier(&wrong.trusted())
            .verify(&chain(&[&wrong]), NOW)
            .unwrap_err()
            .code,
        VerifyCode::InvalidPurpose
    );
}

#[test]
fn an_empty_trust_is_an_error_when_the_verifier_is_made() {
    let error = ClientVerifier::new(Trust::empty(), false, provider()).unwrap_err();
    assert_eq!(error.code(), "nothing_trusted");
}

#[test]
fn hints_name_the_issuers_that_a_client_may_have() {
    let (ca, listed) = (
        Made::root("ca"),
        Made::root("its issuer").issue(client("agent")),
    );
    let trust = ca.trusted().with(&listed.trusted());
    let verifier = ClientVerifier::new(trust, false, provider()).unwrap();
    let hints: Vec<_> = verifier
        .root_hint_subjects()
        .iter()
        .map(|name| String::from_utf8_lossy(name.as_ref()).into_owned())
        .collect();
    assert_eq!(hints.len(), 2);
    assert!(
        hints.iter().any(|name| name.ends_with("ca"))
            && hints.iter().any(|name| name.ends_with("its issuer"))
    );
    assert!(!verifier.client_auth_mandatory() && verifier.offer_client_auth());
}

// The field for hints holds 65,535 bytes (RFC 8446, Section 4.2.4).
#[test]
fn too_many_hints_become_none() {
    let key = rcgen::KeyPair::generate().unwrap();
    let many = (0..900).map(|number| {
        super::pki::ca(&format!("{number} {}", "x".repeat(60)))
            .self_signed(&key)
            .unwrap()
            .der()
            .clone()
    });
    let verifier = verifier(&Trust::from_der(many).unwrap());
    assert!(verifier.root_hint_subjects().is_empty());
    assert!(
        !ClientVerifier::new(Trust::mozilla(), true, provider())
            .unwrap()
            .root_hint_subjects()
            .is_empty()
    );
}
