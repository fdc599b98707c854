//! The CA certificates of this process. One test: it is state of the process.

use std::collections::BTreeSet;
use std::sync::Arc;

use tls_certs::{
    CaKind, Trust, VerifyCode, ca_certificates, enable_node_extra_ca_certs,
    set_default_ca_certificates,
};

use super::pki::{Made, NOW, chain, localhost, server, verifier};

// Spec: MOD-10, CAS-01, CAS-02, CAS-03, CAS-04, CAS-05, CAS-06, CAS-07, CAS-08
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
