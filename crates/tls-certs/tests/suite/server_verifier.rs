//! Refusals of servers: the code of each situation, and the alert that rustls sends.

use pki_types::{CertificateDer, ServerName};
use rcgen::{
    BasicConstraints, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, NameConstraints, date_time_ymd,
};
use rustls::{AlertDescription, CertificateError};
use tls_certs::{Refusal, Trust, VerifyCode};

use super::pki::{Made, NOW, ca, chain, localhost, named, server, verifier};

fn refusal(trust: &Trust, chain: &[CertificateDer<'_>]) -> Refusal {
    verifier(trust)
        .verify(chain, &localhost(), NOW)
        .unwrap_err()
}

fn alert(refusal: &Refusal) -> AlertDescription {
    match refusal.rustls_error() {
        rustls::Error::InvalidCertificate(error) => error.into(),
        other => panic!("{other}"),
    }
}

struct Chain {
    root: Made,
    intermediate: Made,
    leaf: Made,
}

fn good() -> Chain {
    let root = Made::root("root");
    let intermediate = root.issue(ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    Chain {
        root,
        intermediate,
        leaf,
    }
}

// Spec: T-VER-03, T-VER-19, T-VER-14
#[test]
fn t_ver_19_a_good_chain_is_accepted_with_and_without_its_root() {
    let c = good();
    let verify =
        |sent: &[&Made]| verifier(&c.root.trusted()).verify(&chain(sent), &localhost(), NOW);
    verify(&[&c.leaf, &c.intermediate]).unwrap();
    verify(&[&c.leaf, &c.intermediate, &c.root]).unwrap();
    verify(&[&c.leaf, &c.root, &c.intermediate]).unwrap();
    let with_other = c.root.trusted().with(&Made::root("other").trusted());
    verifier(&with_other)
        .verify(&chain(&[&c.leaf, &c.intermediate]), &localhost(), NOW)
        .unwrap();
    let both = c.root.trusted().with(&c.intermediate.trusted());
    verifier(&both)
        .verify(&chain(&[&c.leaf]), &localhost(), NOW)
        .unwrap();
}

// Spec: XEC-01, T-VER-15, T-VER-27
#[test]
fn xec_01_a_leaf_alone_with_an_unknown_issuer() {
    let c = good();
    let refusal = refusal(&c.root.trusted(), &chain(&[&c.leaf]));
    assert_eq!(refusal.code, VerifyCode::UnableToVerifyLeafSignature);
    assert_eq!(
        (
            refusal.depth,
            refusal.subject.as_str(),
            refusal.issuer.as_str()
        ),
        (0, "CN=localhost", "CN=intermediate")
    );
    assert_eq!(
        refusal.to_string(),
        "unable to verify the first certificate: CN=localhost (issued by CN=intermediate)"
    );
    assert_eq!(
        refusal.rustls_error(),
        CertificateError::UnknownIssuer.into()
    );
    assert_eq!(alert(&refusal), AlertDescription::UnknownCA);
}

// Spec: XEC-02, T-VER-17, T-VER-21
#[test]
fn xec_02_leaf_and_intermediate_of_an_unknown_root() {
    let c = good();
    for trust in [Made::root("other").trusted(), Trust::mozilla()] {
        let refusal = refusal(&trust, &chain(&[&c.leaf, &c.intermediate]));
        assert_eq!(refusal.code, VerifyCode::UnableToGetIssuerCertLocally);
        assert_eq!(
            (refusal.depth, refusal.subject.as_str()),
            (1, "CN=intermediate")
        );
    }
}

// Spec: XEC-03, T-VER-04, T-VER-37
#[test]
fn xec_03_an_unknown_self_signed_leaf_whatever_its_name() {
    for params in [server("localhost"), server("elsewhere"), ca("localhost")] {
        let refusal = refusal(
            &Made::root("other").trusted(),
            &chain(&[&Made::self_signed(params)]),
        );
        assert_eq!(
            (refusal.code, refusal.depth),
            (VerifyCode::DepthZeroSelfSignedCert, 0)
        );
        assert!(refusal.hint.contains("list the certificate itself"));
    }
}

/// Without a name all else is still asked for: the issuer, the dates, the purpose.
#[test]
fn a_chain_is_verified_whatever_its_name() {
    let c = good();
    let trust = c.root.trusted();
    let ask = |leaf: &Made, trust: &Trust| {
        let chain = chain(&[leaf, &c.intermediate]);
        verifier(trust)
            .verify_any_name(&chain, NOW)
            .map_err(|refusal| refusal.code)
    };
    let elsewhere = c.intermediate.issue(server("elsewhere.test"));
    assert_eq!(ask(&elsewhere, &trust), Ok(()));
    assert_eq!(ask(&c.leaf, &trust), Ok(()));
    let listed = Made::self_signed(server("elsewhere.test"));
    assert_eq!(ask(&listed, &listed.trusted()), Ok(()));
    let mut expired = server("localhost");
    expired.not_after = date_time_ymd(2021, 1, 1);
    let mut client = server("localhost");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    for (params, code) in [
        (expired, VerifyCode::CertHasExpired),
        (client, VerifyCode::InvalidPurpose),
    ] {
        assert_eq!(ask(&c.intermediate.issue(params), &trust), Err(code));
    }
    let unknown = ask(&c.leaf, &Made::root("other").trusted());
    assert_eq!(unknown, Err(VerifyCode::UnableToGetIssuerCertLocally));
}

// Spec: XEC-04, T-VER-18
#[test]
fn xec_04_a_chain_that_ends_in_an_unknown_root() {
    let c = good();
    let refusal = refusal(
        &Made::root("other").trusted(),
        &chain(&[&c.leaf, &c.intermediate, &c.root]),
    );
    assert_eq!(
        (refusal.code, refusal.depth),
        (VerifyCode::SelfSignedCertInChain, 2)
    );
    assert_eq!(refusal.subject, "CN=root");
}

// Node refuses this without `allowPartialTrustChain`; for webpki a trusted certificate is
// an anchor wherever it stands.
// Spec: XEC-05, T-VER-22
#[test]
fn xec_05_a_trusted_intermediate_is_enough() {
    let c = good();
    verifier(&c.intermediate.trusted())
        .verify(&chain(&[&c.leaf]), &localhost(), NOW)
        .unwrap();
}

// Spec: T-VER-02
#[test]
fn t_ver_02_an_empty_trust_refuses_everything() {
    let c = good();
    assert_eq!(
        refusal(&Trust::empty(), &chain(&[&c.leaf])).code,
        VerifyCode::UnableToVerifyLeafSignature
    );
    assert_eq!(
        refusal(&Trust::empty(), &[]).code,
        VerifyCode::UnableToGetIssuerCert
    );
}

// Spec: XEC-08, T-VER-24
#[test]
fn xec_08_expired_and_not_yet_valid_name_certificate_and_dates() {
    let root = Made::root("root");
    let mut expired = server("localhost");
    expired.not_after = date_time_ymd(2026, 1, 1);
    let found = refusal(&root.trusted(), &chain(&[&root.issue(expired)]));
    assert_eq!((found.code, found.depth), (VerifyCode::CertHasExpired, 0));
    assert_eq!(
        found.to_string(),
        "certificate has expired: CN=localhost (valid until 2026-01-01T00:00:00Z, now 2026-06-01T00:00:00Z)"
    );
    assert_eq!(alert(&found), AlertDescription::CertificateExpired);

    let mut early = server("localhost");
    early.not_before = date_time_ymd(2027, 1, 1);
    let found = refusal(&root.trusted(), &chain(&[&root.issue(early)]));
    assert_eq!(found.code, VerifyCode::CertNotYetValid);
    assert!(
        found
            .to_string()
            .contains("valid from 2027-01-01T00:00:00Z"),
        "{found}"
    );

    let mut old_intermediate = ca("intermediate");
    old_intermediate.not_after = date_time_ymd(2026, 1, 1);
    let intermediate = root.issue(old_intermediate);
    let found = refusal(
        &root.trusted(),
        &chain(&[&intermediate.issue(server("localhost")), &intermediate]),
    );
    assert_eq!(
        (found.code, found.depth, found.subject.as_str()),
        (VerifyCode::CertHasExpired, 1, "CN=intermediate")
    );
}

// Spec: XEC-09, T-VER-24
#[test]
fn xec_09_a_client_certificate_does_not_make_a_server() {
    let root = Made::root("root");
    let mut params = server("localhost");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let found = refusal(&root.trusted(), &chain(&[&root.issue(params)]));
    assert_eq!((found.code, found.depth), (VerifyCode::InvalidPurpose, 0));
    assert_eq!(alert(&found), AlertDescription::UnsupportedCertificate);
}

// Spec: T-VER-01, T-VER-37
#[test]
fn t_ver_37_a_known_issuer_and_another_name() {
    let root = Made::root("root");
    let leaf = root.issue(server("elsewhere.test"));
    let found = refusal(&root.trusted(), &chain(&[&leaf]));
    assert_eq!(found.code(), "ERR_TLS_CERT_ALTNAME_INVALID");
    assert_eq!(found.expected_name.as_deref(), Some("localhost"));
    assert_eq!(found.names, ["elsewhere.test"]);
    assert!(
        found
            .to_string()
            .ends_with("(asked for localhost, the certificate is for elsewhere.test)"),
        "{found}"
    );
    assert_eq!(alert(&found), AlertDescription::BadCertificate);

    let ip = ServerName::try_from("127.0.0.1").unwrap();
    let found = verifier(&root.trusted())
        .verify(&chain(&[&leaf]), &ip, NOW)
        .unwrap_err();
    assert_eq!(found.expected_name.as_deref(), Some("127.0.0.1"));
}

// Names are looked for among the subject alternative names only.
#[test]
fn a_common_name_is_not_looked_at() {
    let root = Made::root("root");
    let found = refusal(&root.trusted(), &chain(&[&root.issue(named("localhost"))]));
    assert_eq!(found.code, VerifyCode::AltnameInvalid);
    assert!(found.hint.contains("common name is not looked at"));
}

#[test]
fn a_certificate_used_as_a_ca_without_being_one() {
    let root = Made::root("root");
    let not_a_ca = root.issue(server("not a ca".replace(' ', "-").as_str()));
    let found = refusal(
        &root.trusted(),
        &chain(&[&not_a_ca.issue(server("localhost")), &not_a_ca]),
    );
    assert_eq!((found.code, found.depth), (VerifyCode::InvalidCa, 1));
}

// A listed certificate that is not a CA never becomes an issuer.
#[test]
fn a_listed_leaf_does_not_issue() {
    let listed = Made::self_signed(server("dev.test"));
    let leaf = listed.issue(server("localhost"));
    for sent in [chain(&[&leaf]), chain(&[&leaf, &listed])] {
        let found = refusal(&listed.trusted(), &sent);
        assert_eq!(found.code, VerifyCode::InvalidCa);
        assert!(found.hint.contains("listed as trusted"));
    }
}

#[test]
fn a_ca_certificate_presented_as_a_servers_own() {
    let root = Made::root("root");
    let mut params = ca("localhost");
    params.subject_alt_names = server("localhost").subject_alt_names;
    let found = refusal(&root.trusted(), &chain(&[&root.issue(params)]));
    assert_eq!((found.code, found.depth), (VerifyCode::InvalidCa, 0));
    assert!(found.hint.contains("CA's certificate"));
}

#[test]
fn too_many_cas_below_one() {
    let root = Made::root("root");
    let mut constrained = ca("constrained");
    constrained.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let constrained = root.issue(constrained);
    let below = constrained.issue(ca("below"));
    let found = refusal(
        &root.trusted(),
        &chain(&[&below.issue(server("localhost")), &below, &constrained]),
    );
    assert_eq!(
        (found.code, found.depth, found.subject.as_str()),
        (VerifyCode::PathLengthExceeded, 2, "CN=constrained")
    );
}

#[test]
fn a_chain_without_end() {
    let root = Made::root("root");
    let mut cas = vec![root.issue(ca("ca 0"))];
    for number in 1..12 {
        cas.push(cas[number - 1].issue(ca(&format!("ca {number}"))));
    }
    let leaf = cas[11].issue(server("localhost"));
    let sent: Vec<_> = std::iter::once(&leaf).chain(cas.iter().rev()).collect();
    assert_eq!(
        refusal(&root.trusted(), &chain(&sent)).code,
        VerifyCode::CertChainTooLong
    );
}

#[test]
fn a_signature_that_is_not_the_issuers() {
    let (root, impostor) = (Made::root("root"), Made::root("root"));
    let found = refusal(
        &root.trusted(),
        &chain(&[&impostor.issue(server("localhost"))]),
    );
    assert_eq!(
        (found.code, found.depth),
        (VerifyCode::CertSignatureFailure, 0)
    );
    assert_eq!(alert(&found), AlertDescription::DecryptError);

    let wrong = impostor.issue(ca("intermediate"));
    let found = refusal(
        &root.trusted(),
        &chain(&[&wrong.issue(server("localhost")), &wrong]),
    );
    assert_eq!(
        (found.code, found.depth),
        (VerifyCode::CertSignatureFailure, 1)
    );
}

#[test]
fn a_name_outside_the_cas_constraints() {
    let root = Made::root("root");
    let mut params = ca("constrained");
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.test".into())],
        excluded_subtrees: vec![],
    });
    let constrained = root.issue(params);
    let found = refusal(
        &root.trusted(),
        &chain(&[&constrained.issue(server("localhost")), &constrained]),
    );
    assert_eq!(found.code, VerifyCode::CertRejected);
    assert!(found.hint.contains("name constraints"));
}

// Text from a certificate is bounded and escaped.
#[test]
fn hostile_names_cannot_reach_a_terminal() {
    let root = Made::root("root");
    let mut params = named(&format!("\u{1b}[31m\u{202e}{}", "x".repeat(10_000)));
    params.subject_alt_names = vec![rcgen::SanType::DnsName("a\u{7}b".try_into().unwrap())];
    let found = refusal(&root.trusted(), &chain(&[&root.issue(params)]));
    assert!(
        !found
            .message
            .chars()
            .any(|c| c.is_control() || c == '\u{202e}'),
        "{:?}",
        found.message
    );
    assert!(found.message.len() < 2_000);
    assert!(found.names.iter().all(|name| !name.contains('\u{7}')));
}

// Every refusal as people see it.
#[test]
fn messages_and_hints() {
    let c = good();
    let root = &c.root;
    let mut expired = server("localhost");
    expired.not_after = date_time_ymd(2026, 1, 1);
    let elsewhere = root.issue(server("elsewhere.test"));
    let situations = [
        refusal(&Trust::empty(), &[]),
        refusal(&root.trusted(), &chain(&[&c.leaf])),
        refusal(
            &Made::root("other").trusted(),
            &chain(&[&c.leaf, &c.intermediate]),
        ),
        refusal(
            &Made::root("other").trusted(),
            &chain(&[&c.leaf, &c.intermediate, root]),
        ),
        refusal(
            &Trust::empty(),
            &chain(&[&Made::self_signed(server("localhost"))]),
        ),
        refusal(&root.trusted(), &chain(&[&root.issue(expired)])),
        refusal(&root.trusted(), &chain(&[&elsewhere])),
    ];
    let text: Vec<_> = situations
        .iter()
        .map(|r| format!("{} at depth {}\n  {r}\n  hint: {}", r.code, r.depth, r.hint))
        .collect();
    insta::assert_snapshot!("refusals", text.join("\n\n"));
}
