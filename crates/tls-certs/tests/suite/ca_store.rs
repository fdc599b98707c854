//! The CA certificates of a process. It is state of the process, and so is the variable that Node
//! reads, so each test has a process of its own.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use tls_certs::{
    CaKind, Crls, ServerVerifier, Trust, VerifyCode, ca_certificates, enable_node_extra_ca_certs,
    set_default_ca_certificates,
};

use super::pki::{Made, NOW, chain, localhost, provider, server, verifier};
use super::revocation::{list, signing_ca};

// Spec: MOD-10, CAS-01, CAS-02, CAS-03, CAS-04, CAS-05, CAS-06, CAS-07
// Spec: T-CAS-01, T-CAS-02, T-CAS-03, T-CAS-04, T-CAS-05, T-CAS-06, T-CAS-07
#[test]
fn t_cas_01_to_07_the_stores_and_their_default() {
    let bundled = ca_certificates(CaKind::Bundled);
    assert_eq!(bundled.len(), Trust::mozilla().len());
    assert_eq!(bundled.iter().collect::<BTreeSet<_>>().len(), bundled.len());
    for pem in bundled.iter() {
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
        assert!(pem.ends_with("\n-----END CERTIFICATE-----"));
    }
    // Cached and stable.
    for kind in [
        CaKind::Default,
        CaKind::Bundled,
        CaKind::System,
        CaKind::Extra,
    ] {
        assert!(Arc::ptr_eq(&ca_certificates(kind), &ca_certificates(kind)));
    }
    assert_eq!(ca_certificates(CaKind::Default), bundled);
    let system = ca_certificates(CaKind::System);
    // The variable is not looked at unless asked.
    assert!(ca_certificates(CaKind::Extra).is_empty());
    let extra = enable_node_extra_ca_certs().unwrap_or(0);
    assert_eq!(ca_certificates(CaKind::Extra).len(), extra);
    if std::env::var_os("NODE_EXTRA_CA_CERTS").is_none() {
        assert_eq!(extra, 0);
    }
    let before = ca_certificates(CaKind::Default);
    assert!(before.len() >= bundled.len().max(extra));
    assert!(before.starts_with(&bundled));

    // Errors leave the list as it is.
    let (root, other) = (Made::root("root"), Made::root("other"));
    let damaged = root
        .pem()
        .replace("MII", "M!!")
        .replace("MIH", "M!!")
        .replace("MIB", "M!!");
    for (texts, code, node_code) in [
        (
            vec!["not a valid certificate".to_owned()],
            "no_ca_certificates",
            "ERR_CRYPTO_OPERATION_FAILED",
        ),
        (
            vec![root.pem(), damaged],
            "pem_damaged",
            "ERR_OSSL_PEM_BAD_BASE64_DECODE",
        ),
    ] {
        let error = set_default_ca_certificates(&texts).unwrap_err();
        assert_eq!((error.code(), error.node_code()), (code, Some(node_code)));
        assert!(Arc::ptr_eq(&before, &ca_certificates(CaKind::Default)));
    }
    assert!(set_default_ca_certificates([root.pem(), String::new()]).is_err());

    // What exists keeps its trust; what is made later has the new one.
    let old = verifier(&Trust::default_store());
    let leaf = root.issue(server("localhost"));
    let bytes: Vec<u8> = root.pem().into_bytes();
    set_default_ca_certificates([bytes.as_slice(), bytes.as_slice()]).unwrap();
    assert_eq!(
        ca_certificates(CaKind::Default).as_ref(),
        [root.pem().replace("\r\n", "\n").trim_end()]
    );
    verifier(&Trust::default_store())
        .verify(&chain(&[&leaf]), &localhost(), NOW)
        .unwrap();
    let refusal = old.verify(&chain(&[&leaf]), &localhost(), NOW).unwrap_err();
    assert_eq!(refusal.code, VerifyCode::UnableToVerifyLeafSignature);
    // A trust of its own beats the default.
    assert!(
        verifier(&other.trusted())
            .verify(&chain(&[&leaf]), &localhost(), NOW)
            .is_err()
    );
    assert_eq!(ca_certificates(CaKind::Bundled), bundled);
    assert!(Arc::ptr_eq(&ca_certificates(CaKind::System), &system));

    set_default_ca_certificates(Vec::<String>::new()).unwrap();
    assert!(ca_certificates(CaKind::Default).is_empty());
    let refusal = verifier(&Trust::default_store())
        .verify(&chain(&[&leaf]), &localhost(), NOW)
        .unwrap_err();
    assert_eq!(refusal.code, VerifyCode::UnableToVerifyLeafSignature);
    set_default_ca_certificates(bundled.iter()).unwrap();
    assert_eq!(ca_certificates(CaKind::Default), bundled);
}

/// Runs one test of this file in a process of its own, with `NODE_EXTRA_CA_CERTS`. Says whether
/// this is that process.
fn in_a_process_with_extra(test: &str, file: &std::path::Path) -> bool {
    const MARK: &str = "TLS_CERTS_TEST_IN_A_PROCESS";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            &format!("suite::ca_store::{test}"),
            "--exact",
            "--nocapture",
        ])
        .env(MARK, "1")
        .env("NODE_EXTRA_CA_CERTS", file)
        .status()
        .unwrap();
    assert!(status.success());
    false
}

// Spec: CAS-04, CAS-08, CAS-09, T-CAS-08
#[test]
fn extra_certificates_count_wherever_the_default_does() {
    const NAME: &str = "extra_certificates_count_wherever_the_default_does";
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let root = Made::self_signed(signing_ca("extra root"));
    std::fs::write(at("extra.pem"), root.pem()).unwrap();
    std::fs::write(at("leaf.der"), &root.issue(server("localhost")).der).unwrap();
    std::fs::write(at("ca.crl"), list(&root, 2026, &[])).unwrap();
    if !in_a_process_with_extra(NAME, &at("extra.pem")) {
        return;
    }
    // The files of the process before, whose root has another key than the one above.
    let extra = std::path::PathBuf::from(std::env::var_os("NODE_EXTRA_CA_CERTS").unwrap());
    let leaf = std::fs::read(extra.with_file_name("leaf.der")).unwrap();
    let crls = Crls::from_pem_file(extra.with_file_name("ca.crl")).unwrap();
    let verify = |crls: Option<Crls>| {
        let verifier = ServerVerifier::builder(Trust::default_store(), provider()).crls(crls);
        let verifier = verifier.build().unwrap();
        verifier.verify(&[leaf.as_slice().into()], &localhost(), NOW)
    };
    let bundled = ca_certificates(CaKind::Bundled).len();
    assert!(ca_certificates(CaKind::Extra).is_empty(), "nobody asked");
    assert!(verify(None).is_err());

    assert_eq!(enable_node_extra_ca_certs().unwrap(), 1);
    assert_eq!(ca_certificates(CaKind::Extra).len(), 1);
    assert_eq!(ca_certificates(CaKind::Default).len(), bundled + 1);
    verify(None).unwrap();
    verify(Some(crls)).unwrap();

    // A list that the program sets replaces them.
    set_default_ca_certificates([Made::root("other root").pem()]).unwrap();
    assert_eq!(enable_node_extra_ca_certs().unwrap(), 1);
    assert_eq!(Trust::default_store().len(), 1);
    assert!(verify(None).is_err());
}

// Spec: CAS-08, T-CAS-08
#[test]
fn an_unreadable_extra_file_is_an_error_that_can_be_passed_over() {
    let missing = std::path::Path::new("/nowhere/extra.pem");
    if !in_a_process_with_extra(
        "an_unreadable_extra_file_is_an_error_that_can_be_passed_over",
        missing,
    ) {
        return;
    }
    let error = enable_node_extra_ca_certs().unwrap_err();
    assert_eq!(error.code(), "file_unreadable");
    assert!(error.to_string().contains("/nowhere/extra.pem"));
    assert!(ca_certificates(CaKind::Extra).is_empty());
    assert_eq!(
        ca_certificates(CaKind::Default),
        ca_certificates(CaKind::Bundled)
    );
}
