//! The importer against a computation of its own, from HMAC up.

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::{Digest, Sha256, Sha384};

use super::*;

fn hmac(hash: HashAlgorithm, key: &[u8], data: &[u8]) -> Vec<u8> {
    match hash {
        HashAlgorithm::Sha384 => {
            let mut mac = <Hmac<Sha384> as KeyInit>::new_from_slice(key).unwrap();
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        }
        _ => {
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        }
    }
}

fn hash(hash: HashAlgorithm, data: &[u8]) -> Vec<u8> {
    match hash {
        HashAlgorithm::Sha384 => Sha384::digest(data).to_vec(),
        _ => Sha256::digest(data).to_vec(),
    }
}

/// `HkdfLabel` (RFC 8446, Section 7.1), written out.
fn info(own: HashAlgorithm, identity: &[u8], length: usize) -> Vec<u8> {
    let label = b"tls13 derived psk";
    let context = hash(own, identity);
    let mut info = vec![0, length as u8, label.len() as u8];
    info.extend_from_slice(label);
    info.push(context.len() as u8);
    info.extend_from_slice(&context);
    info
}

/// RFC 5869 and RFC 8446, Section 7.1, written out for outputs of at most two blocks.
fn by_hand(own: HashAlgorithm, epsk: &[u8], identity: &[u8], length: usize) -> Vec<u8> {
    let epskx = hmac(own, &vec![0; own.output_len()], epsk);
    let info = info(own, identity, length);
    let first = hmac(own, &epskx, &[&info[..], &[1]].concat());
    let second = hmac(own, &epskx, &[&first, &info[..], &[2]].concat());
    [first, second].concat()[..length].to_vec()
}

fn identity(kdf: TargetKdf) -> ImportedIdentity {
    let context = ImportContext::between("gate-7", "door").unwrap();
    ImportedIdentity::new(PskIdentity::new("gate-7").unwrap(), context, kdf)
}

#[test]
fn the_identity_is_the_structure_of_rfc_9258() {
    let wire = identity(TargetKdf::HkdfSha384).to_wire().unwrap();
    let expected = [
        &[0, 6][..],
        b"gate-7",
        &[0, 12],
        &[6],
        b"gate-7",
        &[4],
        b"door",
        &[3, 4],
        &[0, 2],
    ]
    .concat();
    assert_eq!(wire.as_bytes(), expected);
}

#[test]
fn keys_are_those_of_a_computation_by_hand() {
    for own in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
        for kdf in TargetKdf::ALL {
            let key = PskKey::from_bytes(&[0x5a; 24]).unwrap().with_hash(own);
            let identity = identity(kdf);
            let imported = identity.import(&key).unwrap();
            let length = kdf.hash().output_len();
            let wire = identity.to_wire().unwrap();
            assert_eq!(
                imported.secret(),
                by_hand(own, &[0x5a; 24], wire.as_bytes(), length)
            );
            assert_eq!(imported.hash(), kdf.hash());
            assert!(imported.is_imported());
            assert_eq!(identity.import(&imported), Err(Error::AlreadyImported));
        }
    }
}

/// The same through OpenSSL's HKDF.
#[test]
fn keys_are_those_of_openssl() {
    let Some(openssl) = tls_testing::peer::Program::OpenSsl.require() else {
        return;
    };
    let key = PskKey::from_bytes(&[0x5a; 24]).unwrap();
    let identity = identity(TargetKdf::HkdfSha256);
    let wire = identity.to_wire().unwrap();
    let info = info(HashAlgorithm::Sha256, wire.as_bytes(), 32);
    let output = std::process::Command::new(openssl)
        .args([
            "kdf",
            "-keylen",
            "32",
            "-binary",
            "-kdfopt",
            "digest:SHA2-256",
        ])
        .args(["-kdfopt", &format!("hexkey:{}", "5a".repeat(24))])
        .args(["-kdfopt", &format!("hexsalt:{}", "00".repeat(32))])
        .args(["-kdfopt", &format!("hexinfo:{}", hex::encode(info)), "HKDF"])
        .output()
        .unwrap();
    assert_eq!(identity.import(&key).unwrap().secret(), output.stdout);
}

/// Selfie (RFC 9257, Section 4.1): the two directions of one key have nothing in common.
#[test]
fn each_direction_has_a_key_of_its_own() {
    let key = PskKey::from_bytes(&[0x5a; 24]).unwrap();
    let toward = |client, server| {
        let context = ImportContext::between(client, server).unwrap();
        let external = PskIdentity::new("pair").unwrap();
        let identity = ImportedIdentity::new(external, context, TargetKdf::HkdfSha256);
        (identity.to_wire().unwrap(), identity.import(&key).unwrap())
    };
    let (there, back) = (toward("a", "b"), toward("b", "a"));
    assert_ne!(there.0, back.0);
    assert_ne!(there.1, back.1);
}

#[test]
fn a_context_is_bounded() {
    assert!(ImportContext::new([0; 256]).is_ok());
    assert_eq!(
        ImportContext::new([0; 257]).unwrap_err().code(),
        "import_context_too_long"
    );
    assert!(ImportContext::between([0; 127], [0; 127]).is_ok());
    assert!(ImportContext::between([0; 128], [0; 127]).is_err());
    assert!(ImportContext::between([0; 300], []).is_err());
}

#[test]
fn identities_for_other_protocols_and_kdfs_are_none_of_ours() {
    let wire = identity(TargetKdf::HkdfSha256).to_wire().unwrap();
    let wire = wire.as_bytes();
    let changed = |from_end: usize, byte| {
        let mut wire = wire.to_vec();
        let at = wire.len() - from_end;
        wire[at] = byte;
        wire
    };
    assert!(ImportedIdentity::parse(wire).is_some());
    assert_eq!(ImportedIdentity::parse(&changed(1, 3)), None);
    assert_eq!(ImportedIdentity::parse(&changed(3, 3)), None);
    assert_eq!(ImportedIdentity::parse(&wire[1..]), None);
    assert_eq!(ImportedIdentity::parse(&[wire, &[0]].concat()), None);
    assert_eq!(ImportedIdentity::parse(b"gate-7"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn parsing_never_panics_and_gives_what_was_written(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        external in prop::collection::vec(any::<u8>(), 1..=256),
        context in prop::collection::vec(any::<u8>(), 0..=256),
    ) {
        if let Some(parsed) = ImportedIdentity::parse(&bytes) {
            let wire = parsed.to_wire().unwrap();
            prop_assert_eq!(wire.as_bytes(), bytes);
        }
        let external = PskIdentity::new(external).unwrap();
        let context = ImportContext::new(context).unwrap();
        let identity = ImportedIdentity::new(external, context, TargetKdf::HkdfSha384);
        let wire = identity.to_wire().unwrap();
        prop_assert_eq!(ImportedIdentity::parse(wire.as_bytes()), Some(identity));
    }
}
