//! Certificates that mean to hurt: the work that they cause is counted, not timed.

use std::cell::Cell;
use std::sync::Arc;

use pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
};
use rcgen::{CustomExtension, SerialNumber};
use rustls::SignatureScheme;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use tls_certs::{
    CertificateNames, CertificateSummary, Crl, Crls, Identity, Passphrase, Refusal, ServerVerifier,
    Trust, VerifyCode, check_server_identity,
};

use super::pki::{Made, NOW, ca, localhost, named, provider, server};

thread_local! {
    static VERIFIED: Cell<usize> = const { Cell::new(0) };
}

/// ECDSA on P-256, counted on this thread.
#[derive(Debug)]
struct Counting;

type Algorithms = &'static [&'static dyn SignatureVerificationAlgorithm];

static COUNTING: Algorithms = &[&Counting];
static MAPPING: &[(SignatureScheme, Algorithms)] =
    &[(SignatureScheme::ECDSA_NISTP256_SHA256, &[&Counting])];

fn p256() -> &'static dyn SignatureVerificationAlgorithm {
    webpki::aws_lc_rs::ECDSA_P256_SHA256
}

impl SignatureVerificationAlgorithm for Counting {
    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        VERIFIED.set(VERIFIED.get() + 1);
        p256().verify_signature(key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        p256().public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        p256().signature_alg_id()
    }
}

/// The verdict on a chain, and how many signatures were verified for it.
fn verify(trust: &Trust, chain: &[&Made]) -> (Result<(), Refusal>, usize) {
    let algorithms = WebPkiSupportedAlgorithms {
        all: COUNTING,
        mapping: MAPPING,
    };
    let counting = CryptoProvider {
        signature_verification_algorithms: algorithms,
        ..(*provider()).clone()
    };
    let verifier = ServerVerifier::new(trust.clone(), Arc::new(counting)).unwrap();
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|made| made.der.clone()).collect();
    VERIFIED.set(0);
    let verdict = verifier.verify(&chain, &localhost(), NOW);
    (verdict, VERIFIED.get())
}

/// CAs of one name and different keys.
fn namesakes(name: &str, count: usize) -> Vec<Made> {
    let one = |number: usize| {
        let mut params = ca(name);
        params.serial_number = Some(SerialNumber::from(number as u64));
        Made::self_signed(params)
    };
    (0..count).map(one).collect()
}

#[test]
fn a_good_chain_costs_one_signature_a_certificate() {
    let root = Made::root("root");
    let intermediate = root.issue(ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    let (verdict, verified) = verify(&root.trusted(), &[&leaf, &intermediate]);
    assert_eq!((verdict.is_ok(), verified), (true, 2));
    // A repeated certificate, the root and strangers cost nothing more.
    let stranger = Made::root("stranger");
    let all = [&leaf, &stranger, &leaf, &root, &intermediate, &stranger];
    let (verdict, verified) = verify(&root.trusted(), &all);
    assert_eq!((verdict.is_ok(), verified), (true, 2));
}

#[test]
fn a_refusal_is_explained_without_further_signatures() {
    let (root, other) = (Made::root("root"), Made::root("other"));
    let intermediate = root.issue(ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    let (verdict, verified) = verify(&other.trusted(), &[&leaf, &intermediate, &root]);
    assert_eq!(verdict.unwrap_err().code, VerifyCode::SelfSignedCertInChain);
    assert_eq!(verified, 0, "nobody in there leads to an anchor");
    // Where one was wrong, each is verified once more to say which.
    let namesake = Made::root("root");
    let (verdict, verified) = verify(&namesake.trusted(), &[&leaf, &intermediate]);
    assert_eq!(verdict.unwrap_err().code, VerifyCode::CertSignatureFailure);
    assert!(verified <= 4, "{verified}");
}

/// The real issuer stands behind 30 others of its name, and all of them below an anchor.
#[test]
fn issuers_of_one_name_cost_no_more_than_the_budget() {
    let root = Made::root("root");
    let decoys: Vec<Made> = (0..30)
        .map(|number| {
            let mut params = ca("intermediate");
            params.serial_number = Some(SerialNumber::from(number));
            root.issue(params)
        })
        .collect();
    let intermediate = root.issue(ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    let mut chain = vec![&leaf];
    chain.extend(&decoys);
    let (verdict, verified) = verify(&root.trusted(), &chain);
    assert_eq!(verdict.unwrap_err().code, VerifyCode::CertSignatureFailure);
    assert!(verified <= 2 * 31 + 10, "{verified}");
    chain.push(&intermediate);
    let (verdict, verified) = verify(&root.trusted(), &chain);
    assert!(verdict.is_ok());
    assert!(verified <= 2 * 31, "{verified}");
}

/// Everybody names everybody as issuer: webpki alone would try 200,000 ways.
#[test]
fn a_bushy_graph_is_refused_before_any_signature() {
    let members = namesakes("circle", 20);
    let leaf = members[0].issue(server("localhost"));
    let mut sent = vec![&leaf];
    sent.extend(&members);
    let trusts = [
        Made::root("root").trusted(),
        members[19].trusted(),
        members
            .iter()
            .map(Made::trusted)
            .reduce(|a, b| a.with(&b))
            .unwrap(),
    ];
    for trust in trusts {
        let (verdict, verified) = verify(&trust, &sent);
        assert_eq!(verdict.unwrap_err().code, VerifyCode::CertChainTooLong);
        assert_eq!(verified, 0);
    }
}

#[test]
fn a_chain_too_long_costs_a_bounded_number_of_signatures() {
    let root = Made::root("root");
    let mut cas = vec![root.issue(ca("ca 0"))];
    for number in 1..31 {
        let next = cas[cas.len() - 1].issue(ca(&format!("ca {number}")));
        cas.push(next);
    }
    let leaf = cas[30].issue(server("localhost"));
    let mut sent = vec![&leaf];
    sent.extend(cas.iter().rev());
    let (verdict, verified) = verify(&root.trusted(), &sent);
    assert_eq!(verdict.unwrap_err().code, VerifyCode::CertChainTooLong);
    assert!(verified <= 100, "{verified}");
}

fn many_names(count: usize) -> Vec<rcgen::SanType> {
    let name = |number: usize| format!("n{number}.test").try_into().unwrap();
    (0..count)
        .map(|number| rcgen::SanType::DnsName(name(number)))
        .collect()
}

#[test]
fn thousands_of_names_are_looked_through_and_not_all_told() {
    let root = Made::root("root");
    let mut params = server("localhost");
    params.subject_alt_names.extend(many_names(4_000));
    let leaf = root.issue(params.clone());
    params.subject_alt_names = many_names(4_000);
    let elsewhere = root.issue(params);
    let (verdict, _) = verify(&root.trusted(), &[&leaf]);
    verdict.unwrap();
    let (verdict, _) = verify(&root.trusted(), &[&elsewhere]);
    let refusal = verdict.unwrap_err();
    assert_eq!(refusal.code, VerifyCode::AltnameInvalid);
    assert_eq!(refusal.names.len(), 20);
    assert!(refusal.message.len() < 5_000);

    let names = CertificateNames::from_der(&elsewhere.der).unwrap();
    check_server_identity("n3999.test", &names).unwrap();
    assert!(check_server_identity("localhost", &names).is_err());
    let summary = CertificateSummary::from_der(&elsewhere.der).unwrap();
    assert_eq!(summary.dns_names.len(), 4_000);
    assert!(summary.display_names().len() <= 21);
}

/// `depth` SEQUENCEs around one another, in DER.
fn nested(depth: usize, tag: u8) -> Vec<u8> {
    let mut reversed = Vec::new();
    for _ in 0..depth {
        let length = u32::try_from(reversed.len()).unwrap().to_le_bytes();
        match reversed.len() {
            0..=0x7f => reversed.push(length[0]),
            0x80..=0xff => reversed.extend([length[0], 0x81]),
            0x100..=0xffff => reversed.extend([length[0], length[1], 0x82]),
            _ => reversed.extend([length[0], length[1], length[2], 0x83]),
        }
        reversed.push(tag);
    }
    reversed.reverse();
    reversed
}

#[test]
fn der_that_is_nested_twenty_thousand_deep_is_refused_without_a_deep_stack() {
    for tag in [0x30, 0x31, 0xa0, 0xa3, 0xa4, 0x24] {
        let bytes = nested(20_000, tag);
        assert!(CertificateSummary::from_der(&bytes).is_err());
        assert!(CertificateNames::from_der(&bytes).is_err());
        assert!(Trust::from_der([CertificateDer::from(bytes.clone())]).is_err());
        assert!(Crl::from_der(&bytes).is_err());
        assert!(Crls::from_der([&bytes]).is_err());
        assert!(Identity::from_pkcs12(&bytes, &Passphrase::new("x")).is_err());
        let key = pem::encode(&pem::Pem::new("PRIVATE KEY", bytes.clone()));
        let root = Made::root("root");
        assert!(Identity::from_pem(root.pem().as_bytes(), key.as_bytes()).is_err());
        // Inside a certificate that is fine otherwise: as alternative names, constraints, usage.
        for extension in [
            &[2, 5, 29, 17][..],
            &[2, 5, 29, 19],
            &[2, 5, 29, 37],
            &[2, 5, 29, 30],
        ] {
            let mut params = named("localhost");
            let content = nested(10_000, tag);
            params.custom_extensions = vec![CustomExtension::from_oid_content(extension, content)];
            let leaf = root.issue(params);
            _ = (
                CertificateSummary::from_der(&leaf.der),
                CertificateNames::from_der(&leaf.der),
            );
            let (verdict, _) = verify(&root.trusted(), &[&leaf]);
            assert!(verdict.is_err());
        }
    }
}
