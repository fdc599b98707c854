//! The running hash of a handshake's messages, in both versions.

use sha2::{Digest as _, Sha256, Sha384};
use subtle::ConstantTimeEq;
use tls_wire::{HandshakeHeader, HandshakeType, HashAlgorithm};
use zeroize::Zeroize;

/// SHA-384, the longest hash of a suite here.
pub(crate) const MAX_HASH: usize = 48;

/// An output of a suite's hash: a digest, a MAC, a secret. Overwritten with zeros when dropped.
#[derive(Clone)]
pub(crate) struct HashOutput {
    bytes: [u8; MAX_HASH],
    len: usize,
}

impl HashOutput {
    /// Zeros, as many as the hash has.
    pub(crate) fn zeros(hash: HashAlgorithm) -> Self {
        Self {
            bytes: [0; MAX_HASH],
            len: hash.output_len().min(MAX_HASH),
        }
    }

    /// A copy of `bytes`, cut to the length of the longest hash.
    pub(crate) fn copy(bytes: &[u8]) -> Self {
        let len = bytes.len().min(MAX_HASH);
        let mut own = [0; MAX_HASH];
        own[..len].copy_from_slice(&bytes[..len]);
        Self { bytes: own, len }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }

    /// Compares in constant time; another length is another value.
    pub(crate) fn equals(&self, other: &[u8]) -> bool {
        self.as_bytes().ct_eq(other).into()
    }
}

impl Drop for HashOutput {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// Transcript-Hash (RFC 8446, Section 4.4.1; RFC 5246, Section 7.4.9).
#[derive(Clone)]
pub(crate) enum Transcript {
    Sha256(Sha256),
    Sha384(Sha384),
}

impl Transcript {
    pub(crate) fn new(hash: HashAlgorithm) -> Self {
        match hash {
            HashAlgorithm::Sha384 => Self::Sha384(Sha384::new()),
            _ => Self::Sha256(Sha256::new()),
        }
    }

    /// The hash of nothing.
    pub(crate) fn empty_hash(hash: HashAlgorithm) -> HashOutput {
        Self::new(hash).hash()
    }

    /// Adds a message, its header included.
    pub(crate) fn add(&mut self, message: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(message),
            Self::Sha384(hash) => hash.update(message),
        }
    }

    /// The hash of all messages so far.
    pub(crate) fn hash(&self) -> HashOutput {
        match self {
            Self::Sha256(hash) => HashOutput::copy(&hash.clone().finalize()),
            Self::Sha384(hash) => HashOutput::copy(&hash.clone().finalize()),
        }
    }

    /// The hash if `message`, or a part of one, came next.
    pub(crate) fn hash_with(&self, message: &[u8]) -> HashOutput {
        let mut with = self.clone();
        with.add(message);
        with.hash()
    }

    /// "When the server responds to a ClientHello with a HelloRetryRequest, the value of
    /// ClientHello1 is replaced with a special synthetic handshake message" (RFC 8446,
    /// Section 4.4.1).
    pub(crate) fn replaced_by_message_hash(&self, hash: HashAlgorithm) -> Self {
        let first = self.hash();
        let header = HandshakeHeader {
            msg_type: HandshakeType::MessageHash,
            length: first.as_bytes().len() as u32,
        };
        let mut replaced = Self::new(hash);
        replaced.add(&header.encode());
        replaced.add(first.as_bytes());
        replaced
    }
}
