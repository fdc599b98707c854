//! The key and IV of one direction.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Aead, Error};

/// The key and the 12-byte IV that protect one direction (RFC 8446, Section 7.3; for TLS 1.2 the
/// IV as rustls gives it, whatever the suite).
///
/// Overwritten with zeros when dropped, neither `Clone` nor shown by `Debug`. A
/// [`RecordLayer`](crate::RecordLayer) drops it as soon as the cipher is keyed.
pub struct TrafficKeys {
    pub(crate) aead: Aead,
    key: Zeroizing<[u8; 32]>,
    pub(crate) iv: Zeroizing<[u8; 12]>,
}

impl TrafficKeys {
    /// Takes copies of `key` and `iv`.
    ///
    /// # Errors
    ///
    /// [`Error::KeyLength`] if `key` is not exactly as long as the AEAD wants it.
    pub fn new(aead: Aead, key: &[u8], iv: [u8; 12]) -> Result<Self, Error> {
        let expected = aead.key_len();
        if key.len() != expected {
            return Err(Error::KeyLength {
                expected,
                actual: key.len(),
            });
        }
        let mut own = Zeroizing::new([0; 32]);
        own[..expected].copy_from_slice(key);
        Ok(Self {
            aead,
            key: own,
            iv: Zeroizing::new(iv),
        })
    }

    /// What these keys are for.
    #[must_use]
    pub fn aead(&self) -> Aead {
        self.aead
    }

    /// Whether both protect alike, compared in constant time.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        let equal = self.key[..].ct_eq(&other.key[..]) & self.iv[..].ct_eq(&other.iv[..]);
        self.aead == other.aead && equal.into()
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key[..self.aead.key_len()]
    }
}

impl fmt::Debug for TrafficKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrafficKeys")
            .field("aead", &self.aead)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_length_is_refused() {
        for (aead, length) in [
            (Aead::Aes128Gcm, 32),
            (Aead::Aes128Gcm, 15),
            (Aead::Aes256Gcm, 16),
            (Aead::ChaCha20Poly1305, 33),
        ] {
            let refused = TrafficKeys::new(aead, &vec![1; length], [0; 12]).unwrap_err();
            assert_eq!(
                refused,
                Error::KeyLength {
                    expected: aead.key_len(),
                    actual: length
                }
            );
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let keys = TrafficKeys::new(Aead::Aes128Gcm, &[0xab; 16], [0xcd; 12]).unwrap();
        assert_eq!(format!("{keys:?}"), "TrafficKeys { aead: Aes128Gcm, .. }");
    }
}
