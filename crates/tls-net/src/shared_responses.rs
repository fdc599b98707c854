//! OCSP responses and revocation lists in a session store: a cluster asks once.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tls_ocsp::{BoxFuture, CacheKey, ResponseCache};
use tls_session_store::SessionStore;

use crate::session::StoredId;

/// A [`ResponseCache`] in any [`SessionStore`]: workers that share their sessions share their OCSP
/// responses and revocation lists as well, and one of them asks for all.
///
/// What is in it is not secret, and is verified when it comes out. What is larger than the store takes
/// ([`MAX_VALUE_LEN`](tls_session_store::limits::MAX_VALUE_LEN)) stays with each worker. A store that is slow or down is a
/// miss; nothing here is part of a handshake.
///
/// ```no_run
/// # async fn build(store: tls_session_store::MemoryStore, context: tls_context::SecureContext)
/// # -> Result<(), tls_net::Error> {
/// use std::sync::Arc;
/// use tls_net::{SharedResponses, TlsAcceptor};
/// use tls_ocsp::{ResponseVerifier, Stapler};
///
/// let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
/// let stapler = Stapler::builder(ResponseVerifier::new(provider))
///     .cache(SharedResponses::new(store.clone()))
///     .start();
/// let acceptor = TlsAcceptor::builder(context).stapler(stapler).build()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SharedResponses<S>(S);

impl<S: SessionStore> SharedResponses<S> {
    /// Shares through `store`.
    pub fn new(store: S) -> Self {
        Self(store)
    }
}

impl<S: SessionStore> ResponseCache for SharedResponses<S> {
    fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move { self.0.get(&id("value", key)).await.ok().flatten() })
    }

    fn put<'a>(&'a self, key: &'a CacheKey, value: &'a [u8], ttl: Duration) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Err(error) = self.0.put(&id("value", key), value.to_vec(), ttl).await {
                tracing::debug!(code = error.code(), "a response is not shared: {error}");
                // The others would wait for it in vain, one turn after another.
                let _ = self.0.remove(&id("turn", key)).await;
            }
        })
    }

    fn may_ask<'a>(&'a self, key: &'a CacheKey, ttl: Duration) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            // With the store away each worker asks for itself.
            let first = self.0.put_new(&id("turn", key), Vec::new(), ttl).await;
            first.unwrap_or(true)
        })
    }
}

/// Ids that no session can have, and no other key.
fn id(what: &str, key: &CacheKey) -> StoredId {
    let parts: [&[u8]; 4] = [
        b"tls shared response 1 ",
        what.as_bytes(),
        key.kind.as_str().as_bytes(),
        &key.hash,
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let [id @ .., _, _, _, _, _, _, _, _]: [u8; 32] = hash.finalize().into();
    id
}

#[cfg(test)]
mod tests {
    use tls_ocsp::CacheKind;
    use tls_session_store::{MemoryStore, NoStore};

    use super::*;

    #[tokio::test]
    async fn one_worker_asks_and_all_have_it() {
        let store = MemoryStore::with_limits(100, 1 << 20);
        let workers = [0, 1].map(|_| SharedResponses::new(store.clone()));
        let minute = Duration::from_secs(60);
        let key = |kind, byte| CacheKey::new(kind, [byte; 32]);
        let response = key(CacheKind::Response, 1);
        assert!(workers[0].may_ask(&response, minute).await);
        assert!(!workers[1].may_ask(&response, minute).await);
        assert_eq!(workers[1].get(&response).await, None);
        workers[0].put(&response, b"good", minute).await;
        assert_eq!(
            workers[1].get(&response).await.as_deref(),
            Some(&b"good"[..])
        );
        // Others are others.
        let list = key(CacheKind::List, 1);
        assert_eq!(workers[1].get(&list).await, None);
        assert!(workers[1].may_ask(&list, minute).await);
        assert!(
            workers[1]
                .may_ask(&key(CacheKind::Response, 2), minute)
                .await
        );
    }

    #[tokio::test]
    async fn what_is_too_large_stays_and_a_store_that_keeps_nothing_stops_nobody() {
        let cache = SharedResponses::new(MemoryStore::new());
        let key = CacheKey::new(CacheKind::List, [7; 32]);
        let minute = Duration::from_secs(60);
        assert!(cache.may_ask(&key, minute).await);
        let large = vec![0; tls_session_store::limits::MAX_VALUE_LEN + 1];
        cache.put(&key, &large, minute).await;
        assert_eq!(cache.get(&key).await, None);
        // So each worker has to ask, and none need wait for another.
        assert!(cache.may_ask(&key, minute).await);
        let none = SharedResponses::new(NoStore);
        assert!(none.may_ask(&key, minute).await);
        assert_eq!(none.get(&key).await, None);
    }
}
