//! Sets of trusted certificates.

use std::path::Path;

use tls_certs::{Provenance, Trust};

use super::pki::{Made, ca, named, server};

// Spec: T-VER-20, T-VER-34
#[test]
fn t_ver_34_every_certificate_of_the_text_is_taken_under_every_label() {
    let (leaf, root) = (Made::self_signed(server("unrelated")), Made::root("root"));
    let text = format!(
        "{}{}{}",
        leaf.pem(),
        root.pem().replace("CERTIFICATE", "X509 CERTIFICATE"),
        Made::root("other")
            .pem()
            .replace("CERTIFICATE", "TRUSTED CERTIFICATE")
    );
    let trust = Trust::from_pem(text.as_bytes()).unwrap();
    assert_eq!(trust.len(), 3);
    assert_eq!(
        trust
            .certificates()
            .iter()
            .filter(|c| c.is_anchor())
            .count(),
        2
    );
    let why = trust
        .not_anchors()
        .next()
        .unwrap()
        .why_not_anchor()
        .unwrap();
    assert!(why.contains("not a CA"), "{why}");
}

// A listed leaf is never an issuer unless it is a CA: webpki itself asks nothing of an anchor.
#[test]
fn only_what_says_that_it_is_a_ca_becomes_an_anchor() {
    let mut no_key_cert_sign = ca("x");
    no_key_cert_sign.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    let mut no_key_usage = ca("x");
    no_key_usage.key_usages.clear();
    let cases = [
        (ca("x"), true),
        (no_key_usage, true),
        (no_key_cert_sign, false),
        (named("x"), false),
        (server("x"), false),
    ];
    for (index, (params, anchor)) in cases.into_iter().enumerate() {
        let trust = Made::self_signed(params).trusted();
        assert_eq!(trust.certificates()[0].is_anchor(), anchor, "{index}");
    }
    let version_1 = Trust::from_pem(include_bytes!("../fixtures/version-1.pem")).unwrap();
    assert!(
        version_1.certificates()[0]
            .why_not_anchor()
            .unwrap()
            .contains("version 1")
    );
}

#[test]
fn the_fingerprint_depends_on_the_set_alone() {
    let (a, b) = (Made::root("a"), Made::root("b"));
    let ab = a.trusted().with(&b.trusted());
    let ba = b.trusted().with(&a.trusted());
    assert_eq!(ab.fingerprint(), ba.fingerprint());
    assert_eq!(ab.with(&ba).fingerprint(), ab.fingerprint());
    assert_ne!(ab.fingerprint(), a.trusted().fingerprint());
    assert_ne!(Trust::empty().fingerprint(), a.trusted().fingerprint());
    // Listed by the user, a bundled root is also accepted as a leaf: another policy.
    let root = Trust::mozilla().certificates()[0].der().clone();
    let listed = Trust::from_der([root]).unwrap();
    assert_ne!(
        Trust::mozilla().with(&listed).fingerprint(),
        Trust::mozilla().fingerprint()
    );
}

#[test]
fn provenance_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, Made::root("a").pem()).unwrap();
    let trust = Trust::mozilla().with(&Trust::from_pem_file(&path).unwrap());
    assert_eq!(trust.certificates()[0].provenance(), &Provenance::Mozilla);
    assert_eq!(
        trust.certificates().last().unwrap().provenance(),
        &Provenance::File(Path::new(&path).into())
    );
    assert_eq!(trust.len(), Trust::mozilla().len() + 1);
}

#[test]
fn bad_files_are_errors_with_the_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    for (content, code) in [
        ("", "no_certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n",
            "certificate_damaged",
        ),
        ("-----BEGIN CERTIFICATE-----\nMAMC", "pem_damaged"),
    ] {
        std::fs::write(&path, content).unwrap();
        let error = Trust::from_pem_file(&path).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains("ca.pem"), "{error}");
    }
}

#[test]
fn the_systems_roots_are_loaded_or_their_absence_is_explained() {
    match Trust::system() {
        Ok(trust) => assert!(
            trust
                .certificates()
                .iter()
                .all(|c| c.is_anchor() && *c.provenance() == Provenance::System)
        ),
        Err(error) => assert_eq!(error.code(), "system_store_unavailable"),
    }
}

// What Windows exports as "DER encoded" is a trusted certificate like any other; a PFX is not.
#[test]
fn a_file_in_der_is_trusted_and_a_pfx_is_named() {
    let root = Made::root("root");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("root.cer");
    std::fs::write(&file, &root.der).unwrap();
    let trust = Trust::from_pem_file(&file).unwrap();
    assert_eq!(trust.certificates()[0].der(), &root.der);

    let pfx = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/load/ec.modern.p12"
    );
    let error = Trust::from_pem_file(pfx).unwrap_err();
    assert_eq!(error.code(), "pkcs12_unexpected");
    for load in [
        tls_certs::IdentityLoader::certificates,
        tls_certs::IdentityLoader::keys,
    ] {
        let loader = load(
            tls_certs::IdentityLoader::new(),
            tls_certs::Source::file(pfx),
        );
        assert_eq!(loader.load().unwrap_err().code(), "pkcs12_unexpected");
    }
}
