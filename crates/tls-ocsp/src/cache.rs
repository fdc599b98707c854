//! Where responses survive a restart, and are shared between workers.

mod disk;

use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use self::disk::DiskCache;

/// What something is kept under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CacheKey {
    /// What is kept.
    pub kind: CacheKind,
    /// SHA-256 of the certificate, or of the address of the list.
    pub hash: [u8; 32],
}

/// What is kept in a [`ResponseCache`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheKind {
    /// An OCSP response, by certificate.
    Response,
    /// A revocation list, by address.
    List,
}

impl CacheKind {
    /// `ocsp` or `crl`: what files of this kind end in.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Response => "ocsp",
            Self::List => "crl",
        }
    }
}

impl CacheKey {
    /// A key of this kind and hash.
    #[must_use]
    pub fn new(kind: CacheKind, hash: [u8; 32]) -> Self {
        Self { kind, hash }
    }

    pub(crate) fn response(hash: [u8; 32]) -> Self {
        Self {
            kind: CacheKind::Response,
            hash,
        }
    }

    pub(crate) fn list(url: &str) -> Self {
        Self {
            kind: CacheKind::List,
            hash: Sha256::digest(url).into(),
        }
    }
}

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place for responses and lists beside this process's memory: a directory
/// ([`DiskCache`](crate::DiskCache)), or one that a whole cluster shares.
///
/// It need not be trusted: whatever comes out is verified like an answer from the network. A failure
/// is a miss.
pub trait ResponseCache: Send + Sync + 'static {
    /// What is kept under `key`.
    fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Option<Vec<u8>>>;

    /// Keeps `value` for at most `ttl`.
    fn put<'a>(&'a self, key: &'a CacheKey, value: &'a [u8], ttl: Duration) -> BoxFuture<'a, ()>;

    /// Whether the caller is to ask over the network. Of several workers that want to within `ttl`,
    /// one is enough; the others look into the cache soon. A cache that can't tell says yes.
    fn may_ask<'a>(&'a self, key: &'a CacheKey, ttl: Duration) -> BoxFuture<'a, bool> {
        let _ = (key, ttl);
        Box::pin(ready(true))
    }
}
