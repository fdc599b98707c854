//! Revocation lists as a policy, and partial chains: by choice.

use proptest::prelude::*;
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use tls_certs::{
    ClientVerifier, Crl, CrlDepth, CrlPolicy, Crls, Refusal, ServerVerifier, Trust, VerifyCode,
};

use super::pki::{Made, NOW, ca, chain, client, localhost, provider, server};

pub(crate) fn signing_ca(name: &str) -> rcgen::CertificateParams {
    let mut params = ca(name);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(crate) fn list(issuer: &Made, year: i32, revoked: &[u8]) -> Vec<u8> {
    let revoked_certs = revoked.iter().map(|serial| RevokedCertParams {
        serial_number: SerialNumber::from_slice(&[*serial]),
        revocation_time: date_time_ymd(2025, 2, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(year, 1, 1),
        next_update: date_time_ymd(year + 1, 1, 1),
        crl_number: SerialNumber::from_slice(&[1]),
        issuing_distribution_point: None,
        revoked_certs: revoked_certs.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let issuer = Issuer::from_params(issuer.params(), &issuer.key);
    params.signed_by(&issuer).unwrap().der().to_vec()
}

fn with_serial(mut params: rcgen::CertificateParams, serial: u8) -> rcgen::CertificateParams {
    params.serial_number = Some(SerialNumber::from_slice(&[serial]));
    params
}

fn code(verdict: Result<(), Refusal>) -> &'static str {
    verdict.err().map_or("ok", |refusal| refusal.code.as_str())
}

// Spec: T-VER-09, T-VER-26, XEC-10, XEC-11
#[test]
fn t_ver_09_clients_with_a_list_of_one_ca() {
    let (ca1, ca2) = (
        Made::self_signed(signing_ca("ca1")),
        Made::self_signed(signing_ca("ca2")),
    );
    let agent1 = ca1.issue(with_serial(client("agent1"), 1));
    let agent2 = Made::self_signed(client("agent2"));
    let agent3 = ca2.issue(with_serial(client("agent3"), 3));
    let agent4 = ca2.issue(with_serial(client("agent4"), 4));
    let crls = Crls::from_der([list(&ca2, 2026, &[4])]).unwrap();
    let both = ca1.trusted().with(&ca2.trusted());
    for (trust, agent1_gets) in [
        (ca2.trusted(), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
        (both, "UNABLE_TO_GET_CRL"),
    ] {
        let verifier = ClientVerifier::builder(trust, provider())
            .crls(crls.clone())
            .build()
            .unwrap();
        let ask = |made: &Made| code(verifier.verify(&chain(&[made]), NOW));
        assert_eq!(ask(&agent3), "ok");
        assert_eq!(ask(&agent4), "CERT_REVOKED");
        assert_eq!(ask(&agent1), agent1_gets);
        assert_eq!(ask(&agent2), "DEPTH_ZERO_SELF_SIGNED_CERT");
    }
}

#[test]
fn depth_and_staleness_are_chosen() {
    let root = Made::self_signed(signing_ca("root"));
    let intermediate = root.issue(with_serial(signing_ca("intermediate"), 2));
    let leaf = intermediate.issue(with_serial(server("localhost"), 3));
    let ask = |lists: &[Vec<u8>], policy| {
        let verifier = ServerVerifier::builder(root.trusted(), provider())
            .crls(match lists {
                [] => Crls::empty(),
                lists => Crls::from_der(lists).unwrap(),
            })
            .crl_policy(policy)
            .build()
            .unwrap();
        let refusal = verifier.verify(&chain(&[&leaf, &intermediate]), &localhost(), NOW);
        (refusal.as_ref().err().map_or(0, |r| r.depth), code(refusal))
    };
    let (whole, only_leaf) = (
        CrlPolicy::default(),
        CrlPolicy::default().depth(CrlDepth::Leaf),
    );
    let fresh = list(&intermediate, 2026, &[]);
    let roots = list(&root, 2026, &[]);
    assert_eq!(
        ask(std::slice::from_ref(&fresh), whole),
        (1, "UNABLE_TO_GET_CRL")
    );
    assert_eq!(ask(std::slice::from_ref(&fresh), only_leaf), (0, "ok"));
    // What no list is from is taken for good where the policy says so; what is listed is not.
    let missing = whole.accept_missing(true);
    assert_eq!(ask(std::slice::from_ref(&fresh), missing), (0, "ok"));
    assert_eq!(ask(&[], missing), (0, "ok"));
    assert_eq!(ask(&[], whole), (0, "UNABLE_TO_GET_CRL"));
    let revoking = list(&intermediate, 2026, &[3]);
    assert_eq!(ask(&[revoking], missing), (0, "CERT_REVOKED"));
    assert_eq!(ask(&[fresh.clone(), roots.clone()], whole), (0, "ok"));
    assert_eq!(
        ask(&[fresh, list(&root, 2026, &[2])], whole),
        (1, "CERT_REVOKED")
    );

    let old = list(&intermediate, 2025, &[]);
    assert_eq!(
        ask(&[old.clone(), roots.clone()], whole),
        (0, "CRL_HAS_EXPIRED")
    );
    assert_eq!(
        ask(&[old.clone(), roots.clone()], whole.accept_stale(true)),
        (0, "ok")
    );
    // The newest list counts whose time has come.
    let new = list(&intermediate, 2026, &[3]);
    let future = list(&intermediate, 2030, &[]);
    assert_eq!(ask(&[old, future, new, roots], whole), (0, "CERT_REVOKED"));
}

/// One name, two keys, a list of each: webpki alone would take the newer list for both.
#[test]
fn of_a_ca_with_a_new_key_each_certificate_has_the_list_of_its_own() {
    let [old, new] = [(); 2].map(|()| Made::self_signed(signing_ca("ca")));
    let issued = |ca: &Made, serial| {
        let mut params = with_serial(server("localhost"), serial);
        params.use_authority_key_identifier_extension = true;
        ca.issue(params)
    };
    let leaves = [
        issued(&old, 1),
        issued(&old, 2),
        issued(&new, 2),
        issued(&new, 3),
    ];
    let verdicts = |lists: &[Vec<u8>]| {
        let verifier = ServerVerifier::builder(old.trusted().with(&new.trusted()), provider())
            .crls(Crls::from_der(lists).unwrap())
            .build()
            .unwrap();
        leaves
            .each_ref()
            .map(|leaf| code(verifier.verify(&chain(&[leaf]), &localhost(), NOW)))
    };
    let (of_old, of_new) = (list(&old, 2025, &[2]), list(&new, 2026, &[3]));
    let fresh_of_old = list(&old, 2026, &[2]);
    for lists in [
        [fresh_of_old.clone(), of_new.clone()],
        [of_new.clone(), fresh_of_old],
    ] {
        assert_eq!(
            verdicts(&lists),
            ["ok", "CERT_REVOKED", "ok", "CERT_REVOKED"]
        );
    }
    let stale = "CRL_HAS_EXPIRED";
    assert_eq!(
        verdicts(&[of_old, of_new.clone()]),
        [stale, stale, "ok", "CERT_REVOKED"]
    );
    // One list alone is asked, and its signature tells whose it is.
    let wrong = "CRL_SIGNATURE_FAILURE";
    assert_eq!(verdicts(&[of_new]), [wrong, wrong, "ok", "CERT_REVOKED"]);
}

#[test]
fn a_list_signed_by_a_ca_that_may_not_is_refused() {
    let root = Made::self_signed(signing_ca("root"));
    let intermediate = root.issue(ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    let key_cert_sign_only = Issuer::from_params(intermediate.params(), &intermediate.key);
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(2027, 1, 1),
        crl_number: SerialNumber::from_slice(&[1]),
        issuing_distribution_point: None,
        revoked_certs: vec![],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    // The generator refuses to make it for such a CA; so it is made with another's usage.
    assert!(params.signed_by(&key_cert_sign_only).is_err());
    let mut allowed = intermediate.params().clone();
    allowed.key_usages.push(KeyUsagePurpose::CrlSign);
    let list = params
        .signed_by(&Issuer::from_params(&allowed, &intermediate.key))
        .unwrap();
    let verifier = ServerVerifier::builder(root.trusted(), provider())
        .crls(Crls::from_der([list.der()]).unwrap())
        .crl_policy(CrlPolicy::default().depth(CrlDepth::Leaf))
        .build()
        .unwrap();
    let refusal = verifier
        .verify(&chain(&[&leaf, &intermediate]), &localhost(), NOW)
        .unwrap_err();
    assert_eq!(refusal.code, VerifyCode::CrlSignatureFailure);
    assert!(refusal.hint.contains("cRLSign"));
}

// A certificate that was listed itself is out when a list says so, whoever signed it.
#[test]
fn a_revoked_certificate_is_not_saved_by_being_listed() {
    let root = Made::self_signed(signing_ca("root"));
    let leaf = root.issue(with_serial(server("localhost"), 7));
    for (revoked, expected) in [(vec![7], "CERT_REVOKED"), (vec![], "ok")] {
        let verifier = ServerVerifier::builder(leaf.trusted(), provider())
            .crls(Crls::from_der([list(&root, 2026, &revoked)]).unwrap())
            .build()
            .unwrap();
        assert_eq!(
            code(verifier.verify(&chain(&[&leaf]), &localhost(), NOW)),
            expected
        );
    }
}

// Spec: CTX-08
#[test]
fn ctx_08_lists_from_pem_and_der_and_what_cannot_be_parsed() {
    let root = Made::self_signed(signing_ca("root"));
    let der = list(&root, 2026, &[1, 2]);
    let pem = pem::encode(&pem::Pem::new("X509 CRL", der.as_slice()));
    let text = format!("issued for tests\r\n{pem}\r\n{pem}");
    assert_eq!(Crls::from_pem(text.as_bytes()).unwrap().lists().len(), 2);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.crl");
    for bytes in [pem.as_bytes(), &der] {
        std::fs::write(&path, bytes).unwrap();
        let crls = Crls::from_pem_file(&path).unwrap();
        assert_eq!(crls.lists()[0].issuer(), "CN=root");
        assert_eq!(crls.lists()[0].this_update(), Some(1_767_225_600));
        assert_eq!(crls.with(&crls).lists().len(), 1);
    }
    for bad in [
        Crls::from_pem(b"not a CRL"),
        Crls::from_pem(root.pem().as_bytes()),
        Crls::from_der([root.der.as_ref()]),
        Crls::from_der([&der[..der.len() - 1]]),
        Crls::from_der(Vec::<Vec<u8>>::new()),
    ] {
        let error = bad.unwrap_err();
        assert_eq!(error.node_code(), Some("ERR_CRYPTO_OPERATION_FAILED"));
        assert!(error.to_string().contains("failed to parse CRL"), "{error}");
    }
}

#[test]
fn the_fingerprint_is_of_the_policy_not_of_the_lists() {
    let root = Made::self_signed(signing_ca("root"));
    let with = |revoked: &[u8], policy| {
        ServerVerifier::builder(root.trusted(), provider())
            .crls(Crls::from_der([list(&root, 2026, revoked)]).unwrap())
            .crl_policy(policy)
            .build()
            .unwrap()
            .policy_fingerprint()
    };
    let usual = CrlPolicy::default();
    assert_eq!(with(&[], usual), with(&[1], usual));
    assert_ne!(with(&[], usual), with(&[], usual.accept_stale(true)));
    assert_ne!(with(&[], usual), with(&[], usual.accept_missing(true)));
    assert_ne!(with(&[], usual), with(&[], usual.depth(CrlDepth::Leaf)));
    let without = ServerVerifier::new(root.trusted(), provider()).unwrap();
    assert_ne!(with(&[], usual), without.policy_fingerprint());
}

// Spec: T-VER-22, T-VER-23, XEC-05, XEC-06, XEC-07
#[test]
fn t_ver_22_partial_chains_are_an_option() {
    let root = Made::root("root");
    let intermediate = root.issue(ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    let own = Made::self_signed(server("localhost"));
    let ask = |trust: Trust, sent: &Made, partial| {
        let builder = ServerVerifier::builder(trust, provider()).partial_chain(partial);
        let verifier = builder.build().unwrap();
        code(verifier.verify(&chain(&[sent]), &localhost(), NOW))
    };
    let both = || root.trusted().with(&intermediate.trusted());
    assert_eq!(ask(intermediate.trusted(), &leaf, true), "ok");
    assert_eq!(
        ask(intermediate.trusted(), &leaf, false),
        "UNABLE_TO_GET_ISSUER_CERT"
    );
    assert_eq!(ask(leaf.trusted(), &leaf, true), "ok");
    assert_eq!(
        ask(leaf.trusted(), &leaf, false),
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
    );
    assert_eq!(ask(both(), &leaf, false), "ok");
    assert_eq!(ask(own.trusted(), &own, false), "ok");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_changed_list_is_refused_or_harmless(changes in prop::collection::vec((any::<usize>(), 1u8..), 1..4)) {
        use std::sync::LazyLock;
        static MADE: LazyLock<(Made, Made, Vec<u8>)> = LazyLock::new(|| {
            let root = Made::self_signed(signing_ca("root"));
            let leaf = root.issue(with_serial(server("localhost"), 3));
            let der = list(&root, 2026, &[3]);
            (root, leaf, der)
        });
        let (root, leaf, der) = &*MADE;
        let mut changed = der.clone();
        for (position, value) in changes {
            let position = position % changed.len();
            changed[position] ^= value;
        }
        prop_assume!(changed != *der);
        let Ok(crl) = Crl::from_der(&changed) else { return Ok(()) };
        _ = (crl.issuer(), crl.next_update(), crl.fingerprint256());
        let verifier = ServerVerifier::builder(root.trusted(), provider())
            .crls(Crls::from_der([changed]).unwrap())
            .build()
            .unwrap();
        prop_assert!(verifier.verify(&chain(&[leaf]), &localhost(), NOW).is_err());
    }
}
