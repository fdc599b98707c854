//! Bytes from a peer: an answer for every input, and never an acceptance by accident.

use std::sync::LazyLock;

use pki_types::CertificateDer;
use proptest::prelude::*;
use tls_certs::{
    CertificateNames, CertificateSummary, ClientVerifier, Trust, check_server_identity,
};

use super::pki::{Made, NOW, ca, localhost, provider, server, verifier};

struct Fixture {
    root: Made,
    intermediate: Made,
    leaf: Made,
    listed: Made,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let root = Made::root("root");
    let intermediate = root.issue(ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    Fixture {
        root,
        intermediate,
        leaf,
        listed: Made::self_signed(server("localhost")),
    }
});

fn mutate(der: &[u8], changes: &[(usize, u8)], cut: usize) -> Vec<u8> {
    let mut bytes = der.to_vec();
    for (position, value) in changes {
        let position = position % bytes.len();
        bytes[position] ^= value;
    }
    bytes.truncate(bytes.len() - cut % 40);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_changed_certificate_is_described_or_refused_never_a_panic(
        changes in prop::collection::vec((any::<usize>(), 1u8..), 1..4), cut in prop_oneof![3 => Just(0usize), 1 => any::<usize>()], which in 0usize..3,
    ) {
        let f = &*FIXTURE;
        let original = [&f.leaf, &f.intermediate, &f.listed][which].der.as_ref();
        let changed = mutate(original, &changes, cut);
        prop_assume!(changed != original);
        if let Ok(summary) = CertificateSummary::from_der(&changed) {
            _ = (summary.display_names(), summary.spiffe_id(), summary.not_after_text());
        }
        if let Ok(names) = CertificateNames::from_der(&changed) {
            _ = check_server_identity("localhost", &names);
        }
        let changed = CertificateDer::from(changed);
        _ = Trust::from_der([changed.clone()]);
        let trust = f.root.trusted().with(&f.listed.trusted());
        let chain = match which {
            0 => vec![changed, f.intermediate.der.clone()],
            1 => vec![f.leaf.der.clone(), changed],
            _ => vec![changed],
        };
        prop_assert!(verifier(&trust).verify(&chain, &localhost(), NOW).is_err());
        let clients = ClientVerifier::new(trust, true, provider()).unwrap();
        prop_assert!(clients.verify(&chain, NOW).is_err());
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        _ = CertificateSummary::from_der(&bytes);
        let chain = [CertificateDer::from(bytes)];
        prop_assert!(verifier(&FIXTURE.root.trusted()).verify(&chain, &localhost(), NOW).is_err());
    }
}
