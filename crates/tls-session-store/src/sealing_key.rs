//! One key for one sealed thing, derived from a secret and a fresh salt.
//!
//! Random nonces under one AES-GCM key must stop after 2^32 seals, which a busy fleet reaches in hours,
//! and a repeated nonce lets strangers forge sessions. Here each ticket and each stored value has a
//! key and nonce of its own, used once, so that nothing has to be counted between workers.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::limits::MAX_SEALED_PLAINTEXT;
use crate::{ContextId, Error, Kind, OpenFailure};

pub(crate) const SALT_LEN: usize = 32;
pub(crate) const TAG_LEN: usize = 16;
const KEY_LEN: usize = 32;
const NONCE_LEN: usize = 12;

/// An AES-256-GCM key and its only nonce.
pub(crate) struct SealingKey {
    key: LessSafeKey,
    nonce: Nonce,
}

impl SealingKey {
    /// HKDF-SHA256 (RFC 5869) over `secret` and `salt`; info is `label`, kind and context.
    pub(crate) fn derive(
        secret: &[u8],
        salt: &[u8],
        label: &[u8],
        kind: Kind,
        context: &ContextId,
    ) -> Option<Self> {
        let mut okm = Zeroizing::new([0; KEY_LEN + NONCE_LEN]);
        let info: [&[u8]; 3] = [label, &[kind.as_u8()], context.as_bytes()];
        Hkdf::<Sha256>::new(Some(salt), secret)
            .expand_multi_info(&info, okm.as_mut())
            .ok()?;
        let (key, nonce) = okm.split_at(KEY_LEN);
        Some(Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?),
            nonce: Nonce::try_assume_unique_for_key(nonce).ok()?,
        })
    }

    /// Encrypts `out[start..]` where it stands and appends the tag.
    pub(crate) fn seal(self, aad: &[u8], out: &mut Vec<u8>, start: usize) -> Result<(), Error> {
        let plaintext = out.get_mut(start..).unwrap_or_default();
        if plaintext.len() > MAX_SEALED_PLAINTEXT {
            return Err(Error::TooLarge {
                given: plaintext.len(),
                limit: MAX_SEALED_PLAINTEXT,
            });
        }
        let tag = self
            .key
            .seal_in_place_separate_tag(self.nonce, Aad::from(aad), plaintext)
            .map_err(|_| Error::TooLarge {
                given: out.len(),
                limit: MAX_SEALED_PLAINTEXT,
            })?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Opens ciphertext and tag.
    pub(crate) fn open(self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenFailure> {
        let (ciphertext, tag) = sealed
            .len()
            .checked_sub(TAG_LEN)
            .filter(|len| *len <= MAX_SEALED_PLAINTEXT)
            .and_then(|len| sealed.split_at_checked(len))
            .ok_or(OpenFailure::Malformed)?;
        let mut plaintext = Zeroizing::new(vec![0; ciphertext.len()]);
        self.key
            .open_separate_gather(self.nonce, Aad::from(aad), ciphertext, tag, &mut plaintext)
            .map_err(|_| OpenFailure::NotAuthentic)?;
        Ok(plaintext)
    }
}

/// A fresh salt.
pub(crate) fn fresh_salt() -> Result<[u8; SALT_LEN], Error> {
    let mut salt = [0; SALT_LEN];
    aws_lc_rs::rand::fill(&mut salt).map_err(|_| Error::Randomness)?;
    Ok(salt)
}
