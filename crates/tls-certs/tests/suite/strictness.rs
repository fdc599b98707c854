//! Never more lenient than rustls-webpki, and no chain that hurts.

use std::sync::LazyLock;
use std::time::Duration;

use pki_types::CertificateDer;
use proptest::prelude::*;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::{RootCertStore, SignatureScheme};
use std::sync::Arc;
use tls_certs::{Crl, Crls, ServerVerifier, VerifyCode};

use super::pki::{Made, NOW, ca, localhost, provider, server, verifier};
use super::revocation::{list, signing_ca};

struct Fixture {
    certificates: Vec<CertificateDer<'static>>,
    webpki: Arc<WebPkiServerVerifier>,
    ours: [ServerVerifier; 2],
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let root = Made::root("root");
    let intermediate = root.issue(ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    let other = Made::self_signed(server("localhost"));
    let mut roots = RootCertStore::empty();
    roots.add(root.der.clone()).unwrap();
    let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    let whole = ServerVerifier::builder(root.trusted(), provider()).partial_chain(false);
    Fixture {
        ours: [verifier(&root.trusted()), whole.build().unwrap()],
        certificates: [leaf, intermediate, root, other]
            .map(|made| made.der)
            .into(),
        webpki: webpki.build().unwrap(),
    }
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    // With no listed leaf in play, both verdicts are the same, mutated or not.
    #[test]
    fn our_verdict_is_webpkis(
        order in prop::collection::vec(0usize..4, 1..5),
        change in prop::option::of((any::<usize>(), any::<usize>(), 1u8..)),
        day in 0u64..8_000,
    ) {
        let f = &*FIXTURE;
        let mut chain: Vec<_> = order.iter().map(|&which| f.certificates[which].clone()).collect();
        if let Some((which, position, value)) = change {
            let which = which % chain.len();
            let mut der = chain[which].to_vec();
            let position = position % der.len();
            der[position] ^= value;
            chain[which] = CertificateDer::from(der);
        }
        let root = &f.certificates[2];
        // The exception: the listed root, presented as the peer's own.
        prop_assume!(&chain[0] != root);
        let now = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(1_735_689_600 + day * 86_400));
        let plain = f.webpki.verify_server_cert(&chain[0], &chain[1..], &localhost(), &[], now);
        for ours in &f.ours {
            let verdict = ours.verify(&chain, &localhost(), now);
            prop_assert_eq!(verdict.is_ok(), plain.is_ok());
        }
    }
}

struct WithLists {
    chain: Vec<CertificateDer<'static>>,
    root: Made,
    lists: Vec<Vec<u8>>,
}

static WITH_LISTS: LazyLock<WithLists> = LazyLock::new(|| {
    let serial = |mut params: rcgen::CertificateParams, number: u64| {
        params.serial_number = Some(rcgen::SerialNumber::from(number));
        params
    };
    let root = Made::self_signed(signing_ca("root"));
    let intermediate = root.issue(serial(signing_ca("intermediate"), 2));
    let leaf = intermediate.issue(serial(server("localhost"), 3));
    let namesake = Made::self_signed(signing_ca("intermediate"));
    WithLists {
        chain: vec![leaf.der.clone(), intermediate.der.clone()],
        lists: vec![
            list(&intermediate, 2026, &[]),
            list(&intermediate, 2026, &[3]),
            list(&intermediate, 2027, &[9]),
            list(&intermediate, 2025, &[]),
            list(&root, 2026, &[]),
            list(&root, 2027, &[2]),
            list(&root, 2025, &[]),
            list(&namesake, 2026, &[]),
        ],
        root,
    }
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    // Of the lists whose time has come, the newest of each issuer counts.
    #[test]
    fn with_lists_our_verdict_is_webpkis(
        picks in prop::collection::vec(0usize..8, 1..5),
        day in 0u64..1_400,
    ) {
        let f = &*WITH_LISTS;
        let lists: Vec<_> = picks.iter().map(|&pick| f.lists[pick].clone()).collect();
        let now = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(1_735_689_600 + day * 86_400));
        let ours = ServerVerifier::builder(f.root.trusted(), provider())
            .crls(Crls::from_der(&lists).unwrap())
            .build()
            .unwrap();
        let ours = ours.verify(&f.chain, &localhost(), now);
        let mut roots = RootCertStore::empty();
        roots.add(f.root.der.clone()).unwrap();
        // As webpki takes the first of an issuer, it is given the newest whose time has come.
        let mut current: Vec<_> = lists.iter().filter(|der| {
            let list = Crl::from_der(der).unwrap();
            list.this_update().unwrap() <= i64::try_from(now.as_secs()).unwrap()
        }).cloned().collect();
        current.sort_by_key(|der| std::cmp::Reverse(Crl::from_der(der).unwrap().this_update()));
        if current.is_empty() {
            prop_assert!(ours.is_err());
            return Ok(());
        }
        let plain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .with_crls(current.into_iter().map(Into::into))
            .enforce_revocation_expiration()
            .build()
            .unwrap()
            .verify_server_cert(&f.chain[0], &f.chain[1..], &localhost(), &[], now);
        prop_assert_eq!(ours.is_ok(), plain.is_ok(), "{:?} {:?}", ours, plain);
    }
}

#[test]
fn a_chain_of_33_certificates_or_one_of_more_than_64_kib_is_refused() {
    let root = Made::root("root");
    let leaf = root.issue(server("localhost"));
    let sent = vec![leaf.der.clone(); 33];
    let refusal = verifier(&root.trusted())
        .verify(&sent, &localhost(), NOW)
        .unwrap_err();
    assert_eq!(refusal.code, VerifyCode::CertChainTooLong);
    assert_eq!(refusal.chain_length, 33);
    verifier(&root.trusted())
        .verify(&sent[..32], &localhost(), NOW)
        .unwrap();

    let mut large = server("localhost");
    large.subject_alt_names = many_names(6_000);
    let large = root.issue(large);
    assert!(large.der.len() > 64 * 1024);
    let refusal = verifier(&root.trusted())
        .verify(&[large.der], &localhost(), NOW)
        .unwrap_err();
    assert_eq!(refusal.code, VerifyCode::CertRejected);
    assert!(refusal.hint.contains("64 KiB"));
}

fn many_names(count: usize) -> Vec<rcgen::SanType> {
    (0..count)
        .map(|number| rcgen::SanType::DnsName(format!("n{number}.test").try_into().unwrap()))
        .collect()
}

#[test]
fn the_provider_decides_which_schemes_there_are() {
    let schemes = FIXTURE.ours[0].supported_verify_schemes();
    assert!(schemes.contains(&SignatureScheme::ECDSA_NISTP256_SHA256));
}
