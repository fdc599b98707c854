//! Password-based encryption of keys (PKCS#5, RFC 8018) and what an attempt may cost.

#[cfg(feature = "legacy-encryption")]
mod dek_info;
mod password_based;
mod work;

use der::asn1::OctetStringRef;
use der::{Decode, Sequence};
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

#[cfg(feature = "legacy-encryption")]
pub(crate) use self::dek_info::decrypt as decrypt_traditional;
pub(crate) use self::password_based::decrypt;
pub(crate) use self::work::Work;
use crate::Error;

/// Why something could not be decrypted.
#[derive(Debug)]
pub(crate) enum DecryptError {
    /// The passphrase does not fit, or the ciphertext was changed.
    Wrong,
    /// An algorithm that is not read here.
    Unsupported(String),
    /// Parameters that would take too long or too much memory.
    TooCostly(String),
    /// Not the structure that it should be.
    Damaged(String),
}

impl DecryptError {
    pub(crate) fn damaged(error: impl std::fmt::Display) -> Self {
        Self::Damaged(error.to_string())
    }

    pub(crate) fn into_error(self, origin: &str, what: &str) -> Error {
        let origin = origin.to_owned();
        match self {
            Self::Wrong => Error::BadDecrypt {
                origin,
                reason: format!("the passphrase does not fit this {what}, or it is damaged"),
            },
            Self::Unsupported(algorithm) => Error::UnsupportedEncryption { origin, algorithm },
            Self::TooCostly(reason) => Error::EncryptionTooCostly { origin, reason },
            Self::Damaged(reason) => Error::unusable_key(&origin, reason),
        }
    }
}

/// RFC 5958, Section 3.
#[derive(Sequence)]
struct EncryptedPrivateKeyInfo<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    data: &'a OctetStringRef,
}

/// Whether DER looks like an encrypted PKCS#8 key.
pub(crate) fn is_encrypted_pkcs8(der: &[u8]) -> bool {
    EncryptedPrivateKeyInfo::from_der(der).is_ok()
}

/// Decrypts an encrypted PKCS#8 key. The result is checked to be one DER value: by chance,
/// one wrong passphrase in 256 gives right padding.
pub(crate) fn decrypt_pkcs8(
    der: &[u8],
    passphrase: &[u8],
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let info = EncryptedPrivateKeyInfo::from_der(der).map_err(DecryptError::damaged)?;
    let plain = decrypt(&info.algorithm, info.data.as_bytes(), passphrase, work)?;
    is_one_sequence(&plain)
        .then_some(plain)
        .ok_or(DecryptError::Wrong)
}

pub(crate) fn is_one_sequence(der: &[u8]) -> bool {
    use der::{Tag, Tagged, asn1::AnyRef};
    AnyRef::from_der(der).is_ok_and(|value| value.tag() == Tag::Sequence)
}
