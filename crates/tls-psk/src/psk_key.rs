//! A pre-shared key.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tls_wire::HashAlgorithm;
use zeroize::Zeroizing;

use crate::Error;
use crate::limits::{MAX_KEY, MIN_KEY};

/// A key that both ends have, and the hash that goes with it.
///
/// SHA-256 unless declared for another one, as RFC 8446, Section 4.2.11 has it for external keys
/// (`PSK-09`). Clones share one copy of the bytes, which is overwritten with zeros when the last
/// clone goes; `Debug` shows none of them, and `==` takes the same time wherever two keys differ.
///
/// ```
/// use tls_psk::PskKey;
///
/// let key = PskKey::from_hex("6f0d9a3c51e84b72a1c4d7e02b9f8356")?;
/// assert_eq!(key, PskKey::from_hex("6F0D9A3C51E84B72A1C4D7E02B9F8356")?);
/// assert_eq!(PskKey::from_hex("6f0d").unwrap_err().code(), "psk_too_short");
///
/// let fresh = PskKey::generate(256)?;
/// assert_eq!(fresh.len(), 32);
/// # Ok::<(), tls_psk::Error>(())
/// ```
#[derive(Clone)]
pub struct PskKey {
    secret: Arc<Zeroizing<Vec<u8>>>,
    hash: HashAlgorithm,
    imported: bool,
}

impl PskKey {
    /// An external key of 16 to 512 bytes. It must be random: whoever records one handshake can
    /// try passwords at leisure (RFC 9257, Section 4.2).
    ///
    /// # Errors
    ///
    /// [`Error::KeyTooShort`], [`Error::KeyTooLong`].
    pub fn from_bytes(secret: &[u8]) -> Result<Self, Error> {
        Self::at_least(MIN_KEY, secret)
    }

    /// As [`from_bytes`](Self::from_bytes), but 1 to 512 bytes: for peers whose keys are beyond
    /// repair.
    ///
    /// # Errors
    ///
    /// [`Error::KeyTooShort`] for none, [`Error::KeyTooLong`].
    pub fn from_short_bytes(secret: &[u8]) -> Result<Self, Error> {
        Self::at_least(1, secret)
    }

    /// As [`from_bytes`](Self::from_bytes), from hex digits of either case.
    ///
    /// # Errors
    ///
    /// [`Error::KeyNotHex`], [`Error::KeyTooShort`], [`Error::KeyTooLong`].
    pub fn from_hex(digits: &str) -> Result<Self, Error> {
        Self::from_bytes(&decode_hex(digits.as_bytes())?)
    }

    /// As [`from_short_bytes`](Self::from_short_bytes), from hex digits of either case.
    ///
    /// # Errors
    ///
    /// [`Error::KeyNotHex`], [`Error::KeyTooShort`], [`Error::KeyTooLong`].
    pub fn from_short_hex(digits: &str) -> Result<Self, Error> {
        Self::from_short_bytes(&decode_hex(digits.as_bytes())?)
    }

    /// A fresh random key of `bits`, 128 to 4096 in whole bytes.
    ///
    /// # Errors
    ///
    /// [`Error::KeyBits`]; [`Error::Provider`] if the system gives no random bytes.
    pub fn generate(bits: usize) -> Result<Self, Error> {
        if !bits.is_multiple_of(8) || !(8 * MIN_KEY..=8 * MAX_KEY).contains(&bits) {
            return Err(Error::KeyBits { bits });
        }
        let mut secret = Zeroizing::new(vec![0; bits / 8]);
        aws_lc_rs::rand::fill(&mut secret).map_err(|_| Error::Provider {
            what: "making random bytes",
        })?;
        Self::from_bytes(&secret)
    }

    fn at_least(limit: usize, secret: &[u8]) -> Result<Self, Error> {
        let length = secret.len();
        if length < limit {
            return Err(Error::KeyTooShort { length, limit });
        }
        if length > MAX_KEY {
            return Err(Error::KeyTooLong {
                length,
                limit: MAX_KEY,
            });
        }
        Ok(Self {
            secret: Arc::new(Zeroizing::new(secret.to_vec())),
            hash: HashAlgorithm::Sha256,
            imported: false,
        })
    }

    /// What the importer made of an external key (RFC 9258, Section 5.1).
    pub(crate) fn imported(secret: Zeroizing<Vec<u8>>, hash: HashAlgorithm) -> Self {
        Self {
            secret: Arc::new(secret),
            hash,
            imported: true,
        }
    }

    /// The same key, declared for suites of `hash`: both ends have to agree on it, and few stacks
    /// can say anything but SHA-256 (`PSK-09`). An imported key has the hash of its target KDF and
    /// stays as it is.
    #[must_use]
    pub fn with_hash(mut self, hash: HashAlgorithm) -> Self {
        if !self.imported {
            self.hash = hash;
        }
        self
    }

    /// The hash of the suites that the key goes with in TLS 1.3.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// Whether the key was imported (RFC 9258), which TLS 1.2 does not take.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.imported
    }

    /// Bytes of the key.
    #[must_use]
    // A key is never empty.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.secret.len()
    }

    /// Whether the key has fewer than 128 bits (RFC 9257, Section 6).
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.len() < MIN_KEY
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Tells this key from another one of the same name, in tickets.
    pub(crate) fn generation(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"tls-psk key generation v1\0");
        hash.update((self.hash.output_len() as u64).to_be_bytes());
        hash.update([u8::from(self.imported)]);
        hash.update(&self.secret[..]);
        hash.finalize().into()
    }
}

/// Hex digits in pairs, straight into memory that is overwritten.
pub(crate) fn decode_hex(digits: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let digit = |character: u8| char::from(character).to_digit(16);
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len().div_ceil(2)));
    for pair in digits.chunks(2) {
        let &[high, low] = pair else {
            return Err(Error::KeyNotHex);
        };
        let value = digit(high)
            .zip(digit(low))
            .map(|(high, low)| high << 4 | low);
        let byte = value.and_then(|value| u8::try_from(value).ok());
        bytes.push(byte.ok_or(Error::KeyNotHex)?);
    }
    Ok(bytes)
}

impl PartialEq for PskKey {
    fn eq(&self, other: &Self) -> bool {
        let same_use = self.hash == other.hash && self.imported == other.imported;
        bool::from(self.secret.ct_eq(&other.secret)) && same_use
    }
}

impl Eq for PskKey {}

impl fmt::Debug for PskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PskKey")
            .field("hash", &self.hash)
            .field("imported", &self.imported)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Spec: PSK-05, T-PSK-11
    #[test]
    fn psk_05_a_key_has_16_to_512_bytes() {
        for (length, code) in [
            (0, Some("psk_too_short")),
            (15, Some("psk_too_short")),
            (16, None),
            (512, None),
            (513, Some("psk_too_long")),
        ] {
            let made = PskKey::from_bytes(&vec![7; length]);
            assert_eq!(made.as_ref().err().map(Error::code), code, "{length}");
            if let Err(too_long @ Error::KeyTooLong { .. }) = made {
                assert_eq!(too_long.node_code(), Some("ERR_INVALID_ARG_VALUE"));
            }
        }
    }

    #[test]
    fn a_short_key_has_to_be_allowed() {
        let key = PskKey::from_short_bytes(b"1234").unwrap();
        assert!(key.is_short());
        assert_eq!(key, PskKey::from_short_hex("31323334").unwrap());
        assert_eq!(
            PskKey::from_short_bytes(b"").unwrap_err().code(),
            "psk_too_short"
        );
    }

    #[test]
    fn hex_is_whole_pairs_of_digits() {
        for wrong in ["6", "6g", " 6f", "0x6f", "6f\n", "ß"] {
            let refused = PskKey::from_short_hex(wrong);
            assert_eq!(refused.unwrap_err(), Error::KeyNotHex, "{wrong:?}");
        }
    }

    #[test]
    fn fresh_keys_differ_and_have_the_bits_asked_for() {
        let (one, two) = (
            PskKey::generate(128).unwrap(),
            PskKey::generate(128).unwrap(),
        );
        assert_ne!(one, two);
        assert_eq!(one.len(), 16);
        for bits in [0, 120, 129, 4104] {
            assert_eq!(PskKey::generate(bits), Err(Error::KeyBits { bits }));
        }
    }

    #[test]
    fn a_generation_tells_keys_of_one_name_apart_and_gives_no_byte_away() {
        let key = PskKey::from_bytes(&[7; 32]).unwrap();
        let other_hash = key.clone().with_hash(HashAlgorithm::Sha384);
        let imported = PskKey::imported(Zeroizing::new(vec![7; 32]), HashAlgorithm::Sha256);
        let other_key = PskKey::from_bytes(&[8; 32]).unwrap();
        assert_eq!(key.generation(), key.clone().generation());
        for other in [&other_hash, &imported, &other_key] {
            assert_ne!(key.generation(), other.generation());
            assert_ne!(&key, other);
        }
        assert!(!key.generation().contains(&7) || key.generation() != [7; 32]);
        let imported_stays = imported.clone().with_hash(HashAlgorithm::Sha384);
        assert_eq!(imported_stays.hash(), HashAlgorithm::Sha256);
    }

    #[test]
    fn debug_shows_no_byte() {
        let shown = format!("{:?}", PskKey::from_bytes(&[0xab; 16]).unwrap());
        assert_eq!(shown, "PskKey { hash: Sha256, imported: false, .. }");
    }
}
