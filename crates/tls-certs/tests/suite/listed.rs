//! The exact-match exception: a certificate that the user listed itself.

use pki_types::ServerName;
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use tls_certs::{Trust, VerifyCode};

use super::pki::{Made, NOW, ca, chain, localhost, server, verifier};

/// As `openssl req -x509` makes them: self-signed, and a CA.
fn ca_leaf() -> rcgen::CertificateParams {
    let mut params = ca("localhost");
    params.subject_alt_names = server("localhost").subject_alt_names;
    params
}

// Spec: XEC-07, T-VER-04, T-VER-40
#[test]
fn xec_07_a_listed_self_signed_leaf_is_accepted_even_if_it_is_a_ca() {
    let mut no_key_cert_sign = server("localhost");
    no_key_cert_sign.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    for params in [server("localhost"), ca_leaf(), no_key_cert_sign] {
        let leaf = Made::self_signed(params);
        verifier(&leaf.trusted())
            .verify(&chain(&[&leaf]), &localhost(), NOW)
            .unwrap();
    }
}

// Node wants `allowPartialTrustChain` for this; here the certificate was listed itself.
// Spec: XEC-06, T-VER-23
#[test]
fn xec_06_a_listed_leaf_of_an_unknown_ca_is_accepted() {
    let leaf = Made::root("root").issue(server("localhost"));
    verifier(&leaf.trusted())
        .verify(&chain(&[&leaf]), &localhost(), NOW)
        .unwrap();
}

#[test]
fn everything_but_the_issuer_is_still_checked() {
    let mut expired = ca_leaf();
    expired.not_after = date_time_ymd(2026, 1, 1);
    let mut early = ca_leaf();
    early.not_before = date_time_ymd(2027, 1, 1);
    let mut purpose = ca_leaf();
    purpose.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    for (params, code) in [
        (expired, VerifyCode::CertHasExpired),
        (early, VerifyCode::CertNotYetValid),
        (purpose, VerifyCode::InvalidPurpose),
        (ca("localhost"), VerifyCode::AltnameInvalid),
        (server("elsewhere.test"), VerifyCode::AltnameInvalid),
    ] {
        let leaf = Made::self_signed(params);
        let refusal = verifier(&leaf.trusted())
            .verify(&chain(&[&leaf]), &localhost(), NOW)
            .unwrap_err();
        assert_eq!(refusal.code, code, "{refusal}");
    }
}

#[test]
fn the_whole_certificate_is_compared() {
    // Same subject, same key: one byte of the serial number makes another certificate.
    let key = rcgen::KeyPair::generate().unwrap();
    let make = |serial: u8| {
        let mut params = ca_leaf();
        params.serial_number = Some(vec![serial].into());
        params.self_signed(&key).unwrap().der().clone()
    };
    let (listed, other) = (make(1), make(2));
    let verifier = verifier(&Trust::from_der([listed.clone()]).unwrap());
    verifier.verify(&[listed], &localhost(), NOW).unwrap();
    verifier.verify(&[other], &localhost(), NOW).unwrap_err();
}

// Only for leaves that the user listed: a bundled root is an issuer, never a server.
#[test]
fn bundled_roots_are_no_leaves() {
    let root = Trust::mozilla().certificates()[0].der().clone();
    let refusal = verifier(&Trust::mozilla())
        .verify(&[root], &ServerName::try_from("example.org").unwrap(), NOW)
        .unwrap_err();
    assert!(refusal.depth == 0);
}

// webpki reads no version 1 certificate, not even to verify the handshake's signature.
// Spec: T-VER-41
#[test]
fn t_ver_41_a_listed_version_1_certificate_is_refused_with_the_reason() {
    let trust = Trust::from_pem(include_bytes!("../fixtures/version-1.pem")).unwrap();
    let leaf = trust.certificates()[0].der().clone();
    let refusal = verifier(&trust)
        .verify(&[leaf], &localhost(), NOW)
        .unwrap_err();
    assert_eq!(refusal.code, VerifyCode::CertRejected);
    assert!(refusal.hint.contains("version 3"), "{}", refusal.hint);
}

/// What rustls's own verifier says with `anchor` as the only root.
fn rustls_alone(anchor: &Made, leaf: &Made) -> Result<(), rustls::Error> {
    use rustls::client::{WebPkiServerVerifier, danger::ServerCertVerifier as _};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(anchor.der.clone()).unwrap();
    let verifier =
        WebPkiServerVerifier::builder_with_provider(roots.into(), super::pki::provider())
            .build()
            .unwrap();
    verifier
        .verify_server_cert(&leaf.der, &[], &localhost(), &[], NOW)
        .map(|_| ())
}

// Why the exception exists: no set of roots makes a self-signed CA certificate a server's.
#[test]
fn rustls_alone_refuses_a_ca_certificate_as_a_leaf() {
    let leaf = Made::self_signed(ca_leaf());
    let error = rustls_alone(&leaf, &leaf).unwrap_err();
    assert!(error.to_string().contains("CaUsedAsEndEntity"), "{error}");
}

// Why only CA certificates become anchors: webpki asks nothing of an anchor, so a listed
// end-entity certificate would issue for every name.
#[test]
fn rustls_alone_lets_any_anchor_issue() {
    let listed = Made::self_signed(server("dev.test"));
    let forged = listed.issue(server("localhost"));
    rustls_alone(&listed, &forged).unwrap();
    verifier(&listed.trusted())
        .verify(&chain(&[&forged]), &localhost(), NOW)
        .unwrap_err();
}
