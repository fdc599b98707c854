//! What kind of public key a certificate holds.

use std::fmt;

use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode, Sequence};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Kind of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA, also where the key is restricted to PSS.
    Rsa,
    /// ECDSA on the curve P-256.
    EcdsaP256,
    /// ECDSA on the curve P-384.
    EcdsaP384,
    /// ECDSA on the curve P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// Anything else.
    Other,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa => "RSA",
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::EcdsaP521 => "ECDSA P-521",
            Self::Ed25519 => "Ed25519",
            Self::Other => "unknown kind",
        })
    }
}

/// RFC 8017, Appendix A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    #[allow(dead_code, reason = "read past, never used")]
    public_exponent: UintRef<'a>,
}

/// Kind and size in bits, where the size is known.
pub(crate) fn kind_and_bits(key: &SubjectPublicKeyInfoOwned) -> (KeyKind, Option<u32>) {
    let algorithm = key.algorithm.oid;
    if algorithm == RSA_ENCRYPTION || algorithm == RSASSA_PSS {
        return (KeyKind::Rsa, rsa_bits(key.subject_public_key.raw_bytes()));
    }
    if algorithm == ED25519 {
        return (KeyKind::Ed25519, Some(256));
    }
    let curve = key
        .algorithm
        .parameters
        .as_ref()
        .and_then(|p| p.decode_as::<ObjectIdentifier>().ok());
    match curve {
        Some(P256) if algorithm == EC_PUBLIC_KEY => (KeyKind::EcdsaP256, Some(256)),
        Some(P384) if algorithm == EC_PUBLIC_KEY => (KeyKind::EcdsaP384, Some(384)),
        Some(P521) if algorithm == EC_PUBLIC_KEY => (KeyKind::EcdsaP521, Some(521)),
        _ => (KeyKind::Other, None),
    }
}

/// Whether the key has the shape of a kind that is known here. A point that is not on its
/// curve passes: that shows when a signature is verified.
pub(crate) fn is_decodable(key: &SubjectPublicKeyInfoOwned) -> bool {
    let bytes = key.subject_public_key.raw_bytes();
    match kind_and_bits(key) {
        (KeyKind::Rsa, bits) => bits.is_some_and(|bits| bits >= 512),
        (KeyKind::EcdsaP256, _) => is_point(bytes, 32),
        (KeyKind::EcdsaP384, _) => is_point(bytes, 48),
        (KeyKind::EcdsaP521, _) => is_point(bytes, 66),
        (KeyKind::Ed25519, _) => bytes.len() == 32,
        (KeyKind::Other, _) => false,
    }
}

/// SEC 1, Section 2.3.3: a form byte, then one or two coordinates.
fn is_point(bytes: &[u8], coordinate: usize) -> bool {
    match bytes.split_first() {
        Some((4, rest)) => rest.len() == 2 * coordinate,
        Some((2 | 3, rest)) => rest.len() == coordinate,
        _ => false,
    }
}

/// The kind of a SubjectPublicKeyInfo in DER.
pub(crate) fn kind_of_spki(spki: &[u8]) -> KeyKind {
    SubjectPublicKeyInfoOwned::from_der(spki).map_or(KeyKind::Other, |key| kind_and_bits(&key).0)
}

fn rsa_bits(key: &[u8]) -> Option<u32> {
    let modulus = RsaPublicKey::from_der(key).ok()?.modulus;
    let bytes = modulus.as_bytes();
    let first = bytes.first()?;
    u32::try_from(bytes.len())
        .ok()?
        .checked_mul(8)?
        .checked_sub(first.leading_zeros())
}
