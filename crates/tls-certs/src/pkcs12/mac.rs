//! The seal over a PFX (RFC 7292, Section 4).

use der::Sequence;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha2::Digest;
use x509_cert::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::key_derivation::{Purpose, bmp_string, derive};
use crate::encrypted_key::{DecryptError, Work};

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

#[derive(Sequence)]
pub(super) struct MacData<'a> {
    mac: DigestInfo<'a>,
    salt: &'a OctetStringRef,
    #[asn1(optional = "true")]
    iterations: Option<u64>,
}

#[derive(Sequence)]
struct DigestInfo<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    digest: &'a OctetStringRef,
}

impl MacData<'_> {
    /// Whether the seal is that of `passphrase`. Compared in constant time.
    pub(super) fn verify(
        &self,
        content: &[u8],
        passphrase: &[u8],
        work: &mut Work,
    ) -> Result<bool, DecryptError> {
        if self.verify_with(content, &bmp_string(passphrase), work)? {
            return Ok(true);
        }
        // An absent passphrase is written as nothing by some, as an empty string by others.
        match passphrase.is_empty() {
            true => self.verify_with(content, &Zeroizing::default(), work),
            false => Ok(false),
        }
    }

    fn verify_with(
        &self,
        content: &[u8],
        password: &Zeroizing<Vec<u8>>,
        work: &mut Work,
    ) -> Result<bool, DecryptError> {
        let iterations = work.iterations(self.iterations.unwrap_or(1))?;
        match self.mac.algorithm.oid {
            #[cfg(feature = "legacy-encryption")]
            SHA1 => Ok(self.check::<sha1::Sha1>(content, password, iterations)),
            #[cfg(not(feature = "legacy-encryption"))]
            SHA1 => Err(DecryptError::Unsupported(String::from(
                "a MAC with SHA-1 (feature `legacy-encryption` is off)",
            ))),
            SHA256 => Ok(self.check::<sha2::Sha256>(content, password, iterations)),
            SHA384 => Ok(self.check::<sha2::Sha384>(content, password, iterations)),
            SHA512 => Ok(self.check::<sha2::Sha512>(content, password, iterations)),
            other => Err(DecryptError::Unsupported(format!("a MAC with {other}"))),
        }
    }

    fn check<D>(&self, content: &[u8], password: &[u8], iterations: u32) -> bool
    where
        D: Digest + EagerHash + sha2::digest::block_api::BlockSizeUser,
        Hmac<D>: Mac + KeyInit,
    {
        let salt = self.salt.as_bytes();
        let length = <D as Digest>::output_size();
        let key = derive::<D>(password, salt, Purpose::Mac, iterations, length);
        let Ok(mac) = <Hmac<D> as KeyInit>::new_from_slice(&key) else {
            return false;
        };
        mac.chain_update(content)
            .verify_slice(self.mac.digest.as_bytes())
            .is_ok()
    }
}
