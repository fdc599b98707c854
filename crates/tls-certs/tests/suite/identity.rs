//! Loading a chain and its key.

use der::{Decode, asn1::AnyRef, asn1::OctetStringRef};
use pki_types::UnixTime;
use std::time::Duration;
use tls_certs::{Error, Identity, KeyKind};

use super::pki::{Made, NOW, chain, server};

/// The key in its older form: SEC1 or PKCS#1 is what PKCS#8 wraps.
fn unwrapped(pkcs8: &[u8]) -> Vec<u8> {
    AnyRef::from_der(pkcs8)
        .unwrap()
        .sequence(|reader| {
            let _version = AnyRef::decode(reader)?;
            let _algorithm = AnyRef::decode(reader)?;
            let key = <&OctetStringRef>::decode(reader)?;
            while !der::Reader::is_finished(reader) {
                AnyRef::decode(reader)?;
            }
            Ok::<_, der::Error>(key.as_bytes().to_vec())
        })
        .unwrap()
}

fn three() -> (Made, Made, Made) {
    let root = Made::root("root");
    let intermediate = root.issue(super::pki::ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    (root, intermediate, leaf)
}

#[test]
fn the_leaf_is_the_certificate_that_fits_the_key_in_any_order() {
    let (root, intermediate, leaf) = three();
    let wanted = chain(&[&leaf, &intermediate, &root]);
    let pems = [leaf.pem(), intermediate.pem(), root.pem()];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let text = order.map(|i| pems[i].as_str()).concat();
        let identity =
            Identity::from_pem(text.as_bytes(), leaf.key.serialize_pem().as_bytes()).unwrap();
        assert_eq!(identity.chain(), wanted, "{order:?}");
        assert_eq!(identity.summary().subject, "CN=localhost");
    }
}

#[test]
fn surplus_and_repeated_certificates_do_no_harm() {
    let (_, intermediate, leaf) = three();
    let unrelated = Made::root("unrelated");
    let identity = Identity::from_der(
        chain(&[&unrelated, &leaf, &leaf, &intermediate]),
        leaf.private_key(),
    )
    .unwrap();
    assert_eq!(identity.chain(), chain(&[&leaf, &intermediate, &unrelated]));
}

// Spec: T-CRD-07
#[test]
fn t_crd_07_a_key_of_another_certificate_is_refused_and_both_are_named() {
    let (_, _, leaf) = three();
    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let error =
        Identity::from_pem(leaf.pem().as_bytes(), other.serialize_pem().as_bytes()).unwrap_err();
    assert_eq!(error.code(), "key_mismatch");
    assert_eq!(error.node_code(), Some("ERR_OSSL_X509_KEY_VALUES_MISMATCH"));
    assert_eq!(
        error.to_string(),
        "the private key (Ed25519) does not belong to the certificate of CN=localhost (ECDSA P-256)"
    );
}

// Spec: T-CRD-08
#[test]
fn t_crd_08_keys_in_every_form_and_without_a_final_newline() {
    let algorithms = [
        (
            &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyKind::EcdsaP256,
            "EC PRIVATE KEY",
        ),
        (
            &rcgen::PKCS_ECDSA_P384_SHA384,
            KeyKind::EcdsaP384,
            "EC PRIVATE KEY",
        ),
        (&rcgen::PKCS_RSA_SHA256, KeyKind::Rsa, "RSA PRIVATE KEY"),
    ];
    for (algorithm, kind, label) in algorithms {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let certificate = server("localhost").self_signed(&key).unwrap();
        let older = pem::encode(&pem::Pem::new(label, unwrapped(&key.serialize_der())));
        for text in [key.serialize_pem(), older] {
            let identity = Identity::from_pem(
                certificate.pem().trim_end().as_bytes(),
                text.trim_end().as_bytes(),
            )
            .unwrap();
            assert_eq!(identity.key_algorithm(), kind);
        }
    }
}

#[test]
fn one_file_may_hold_both_and_text() {
    let (_, _, leaf) = three();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("both.pem");
    std::fs::write(
        &path,
        format!(
            "Bag Attributes\n{}\n{}",
            leaf.key.serialize_pem(),
            leaf.pem()
        ),
    )
    .unwrap();
    Identity::from_pem_files(&path, &path).unwrap();
}

#[test]
fn swapped_missing_and_binary_files_are_named() {
    let (_, _, leaf) = three();
    let (certificate, key) = (leaf.pem(), leaf.key.serialize_pem());
    let code =
        |certificate: &[u8], key: &[u8]| Identity::from_pem(certificate, key).unwrap_err().code();
    assert_eq!(
        code(key.as_bytes(), certificate.as_bytes()),
        "no_certificate"
    );
    assert_eq!(
        code(certificate.as_bytes(), certificate.as_bytes()),
        "no_private_key"
    );
    assert_eq!(
        code(
            &Made::root("long enough for a two byte length").der,
            key.as_bytes()
        ),
        "not_pem"
    );
    let missing = Identity::from_pem_files("/does/not/exist.pem", "/neither.pem").unwrap_err();
    assert_eq!(missing.code(), "file_unreadable");
    assert!(missing.to_string().contains("/does/not/exist.pem"));
}

#[test]
fn damaged_certificates_and_keys_are_told_apart() {
    let (_, _, leaf) = three();
    let junk = |label: &str| pem::encode(&pem::Pem::new(label, vec![0x30, 3, 2, 1, 1]));
    let key = leaf.key.serialize_pem();
    assert_eq!(
        Identity::from_pem(junk("CERTIFICATE").as_bytes(), key.as_bytes())
            .unwrap_err()
            .code(),
        "certificate_damaged"
    );
    for label in ["PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        assert_eq!(
            Identity::from_pem(leaf.pem().as_bytes(), junk(label).as_bytes())
                .unwrap_err()
                .code(),
            "private_key_unusable"
        );
    }
}

#[test]
fn dates_are_checked_when_asked_not_when_loaded() {
    let leaf = three().2;
    let identity = Identity::from_der(chain(&[&leaf]), leaf.private_key()).unwrap();
    let at =
        |seconds| identity.check_dates(UnixTime::since_unix_epoch(Duration::from_secs(seconds)));
    identity.check_dates(NOW).unwrap();
    let (start, end) = (identity.summary().not_before, identity.summary().not_after);
    at(start.try_into().unwrap()).unwrap();
    at(end.try_into().unwrap()).unwrap();
    assert!(matches!(
        at(u64::try_from(start).unwrap() - 1),
        Err(Error::NotYetValid { .. })
    ));
    let expired = at(u64::try_from(end).unwrap() + 1).unwrap_err();
    assert_eq!(
        expired.to_string(),
        "the certificate of CN=localhost expired at 2035-01-01T00:00:00Z"
    );
}

#[test]
fn debug_shows_no_key() {
    let leaf = three().2;
    let identity = Identity::from_der(chain(&[&leaf]), leaf.private_key()).unwrap();
    let scalar = unwrapped(&leaf.key.serialize_der());
    let shown = format!("{identity:?}");
    assert!(!shown.contains(&format!("{:?}", &scalar[8..16]).replace(['[', ']'], "")));
}
