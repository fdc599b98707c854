//! Where staples survive a restart, and are shared between workers.

use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

/// What a staple is kept under: SHA-256 of the certificate.
pub type StapleKey = [u8; 32];

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place for staples beside this process's memory: a directory ([`DiskCache`](crate::DiskCache)),
/// or one that a whole cluster shares.
///
/// It need not be trusted: whatever comes out is verified like an answer from the network. A failure
/// is a miss.
pub trait StapleCache: Send + Sync + 'static {
    /// The response kept under `key`.
    fn get<'a>(&'a self, key: &'a StapleKey) -> BoxFuture<'a, Option<Vec<u8>>>;

    /// Keeps `response` for at most `ttl`.
    fn put<'a>(
        &'a self,
        key: &'a StapleKey,
        response: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, ()>;

    /// Whether the caller is to ask the responder. Of several workers that want to within `ttl`, one
    /// is enough; the others look into the cache soon. A cache that can't tell says yes.
    fn may_ask<'a>(&'a self, key: &'a StapleKey, ttl: Duration) -> BoxFuture<'a, bool> {
        let _ = (key, ttl);
        Box::pin(ready(true))
    }
}
