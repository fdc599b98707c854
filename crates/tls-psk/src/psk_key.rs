//! A pre-shared key.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tls_wire::HashAlgorithm;
use zeroize::Zeroizing;

use crate::Error;
use crate::limits::{MAX_KEY, MIN_KEY};

/// A key that both ends have, and the hash that goes with it.
///
/// Overwritten with zeros when the last clone goes, and never shown.
#[derive(Clone)]
pub struct PskKey {
    secret: Arc<Zeroizing<Vec<u8>>>,
    hash: HashAlgorithm,
    imported: bool,
}

impl PskKey {
    /// A plain external key for SHA-256 suites.
    ///
    /// # Errors
    ///
    /// [`Error::KeyTooShort`] below 16 bytes, [`Error::KeyTooLong`] above 512.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        let length = secret.len();
        if length < MIN_KEY {
            return Err(Error::KeyTooShort {
                length,
                limit: MIN_KEY,
            });
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

    /// The same key, declared for suites of `hash`.
    #[must_use]
    pub fn with_hash(mut self, hash: HashAlgorithm) -> Self {
        self.hash = hash;
        self
    }

    /// The hash of the suites that the key goes with.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// Whether the key was imported (RFC 9258).
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.imported
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// Tells this key from another one of the same name, in tickets.
    pub(crate) fn generation(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"tls-psk key generation v1\0");
        hash.update([self.hash.output_len() as u8, u8::from(self.imported)]);
        hash.update(&self.secret[..]);
        hash.finalize().into()
    }
}

impl fmt::Debug for PskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PskKey")
            .field("hash", &self.hash)
            .field("imported", &self.imported)
            .finish_non_exhaustive()
    }
}
