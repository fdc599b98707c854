//! The contract between a TLS server and the place where its sessions live.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::Error;

/// A place for sessions that workers can share.
///
/// # Contract
///
/// - A **miss** is `Ok(None)`: unknown, expired and evicted look alike. It costs the client one full
///   handshake, never the connection. An **error** means that the store could not say; the caller goes on
///   with a full handshake as well, and may count it.
/// - [`take`](Self::take) hands a value to **one** caller, however many ask at once. On it rests that a
///   TLS 1.3 session (and early data) is used once. A store that cannot do this atomically must say
///   so in its documentation.
/// - A value past its `ttl` is never handed out. It may be gone earlier: a store is a cache.
/// - What is handed out are the bytes that were put, all of them. A store need not keep them secret or
///   whole: what this crate's users put is sealed ([`SharedSecret`](crate::SharedSecret)), bound to its
///   id. So a store that lies can deny resumption and repeat an old value under its own id, no more.
/// - Ids have 1 to 32 bytes. The calls come before the peer has proved anything: an id is a stranger's
///   bytes.
/// - The returned futures may be dropped at any time; a dropped `put` may or may not have happened.
/// - A call ends. It need not have a limit as short as a handshake's, since callers have their own; but
///   one that hangs for ever holds what it was given for ever. A store that knows that it cannot answer
///   says so at once.
///
/// # A store of one's own
///
/// It is a short file: here is a whole one, which keeps sessions in a directory. `tests/store_contract.rs`
/// of this crate puts it, and could put yours, through the same suite as the others.
///
#[doc = concat!("```\n", include_str!("../examples/directory_store.rs"), "```")]
pub trait SessionStore: Send + Sync + 'static {
    /// Keeps `value` under `id` for at most `ttl`; replaces what was there.
    ///
    /// # Errors
    /// When the store could not take it.
    fn put(
        &self,
        id: &[u8],
        value: Vec<u8>,
        ttl: Duration,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Keeps `value` under `id` for at most `ttl` unless something is there already; `true` if it was
    /// kept. Of several callers at once exactly one gets `true`: published ticket keys rest on that.
    ///
    /// # Errors
    /// When the store could not say.
    fn put_new(
        &self,
        id: &[u8],
        value: Vec<u8>,
        ttl: Duration,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// The value under `id`, which stays.
    ///
    /// # Errors
    /// When the store could not say; a miss is `Ok(None)`.
    fn get(&self, id: &[u8]) -> impl Future<Output = Result<Option<Vec<u8>>, Error>> + Send;

    /// The value under `id`, which is gone afterwards: for one caller only.
    ///
    /// # Errors
    /// When the store could not say; a miss is `Ok(None)`.
    fn take(&self, id: &[u8]) -> impl Future<Output = Result<Option<Vec<u8>>, Error>> + Send;

    /// Forgets `id`; nothing to forget is no error.
    ///
    /// # Errors
    /// When the store could not do it.
    fn remove(&self, id: &[u8]) -> impl Future<Output = Result<(), Error>> + Send;

    /// For how long what was taken is known to have stayed taken. Early data is accepted only from a
    /// store that can tell, and only once this is longer than a replay could be: a store with replicas
    /// may have forgotten a [`take`](Self::take) at its last reconnection or failover, and starts anew
    /// there. A server in memory alone forgets all at a restart, and starts anew there too. `None`, the
    /// default, is "cannot tell".
    fn undisturbed_for(&self) -> Option<Duration> {
        None
    }
}

/// A future on the heap, as the object-safe [`DynSessionStore`] returns it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`SessionStore`] for `dyn`: every store has it, and an `Arc<dyn DynSessionStore>` is a
/// [`SessionStore`] again. One allocation a call.
pub trait DynSessionStore: Send + Sync + 'static {
    /// [`SessionStore::put`].
    fn boxed_put<'a>(
        &'a self,
        id: &'a [u8],
        value: Vec<u8>,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// [`SessionStore::put_new`].
    fn boxed_put_new<'a>(
        &'a self,
        id: &'a [u8],
        value: Vec<u8>,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool, Error>>;

    /// [`SessionStore::get`].
    fn boxed_get<'a>(&'a self, id: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>>;

    /// [`SessionStore::take`].
    fn boxed_take<'a>(&'a self, id: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>>;

    /// [`SessionStore::remove`].
    fn boxed_remove<'a>(&'a self, id: &'a [u8]) -> BoxFuture<'a, Result<(), Error>>;

    /// [`SessionStore::undisturbed_for`].
    fn dyn_undisturbed_for(&self) -> Option<Duration>;
}

impl<S: SessionStore> DynSessionStore for S {
    fn boxed_put<'a>(
        &'a self,
        id: &'a [u8],
        value: Vec<u8>,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.put(id, value, ttl))
    }

    fn boxed_put_new<'a>(
        &'a self,
        id: &'a [u8],
        value: Vec<u8>,
        ttl: Duration,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(self.put_new(id, value, ttl))
    }

    fn boxed_get<'a>(&'a self, id: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>> {
        Box::pin(self.get(id))
    }

    fn boxed_take<'a>(&'a self, id: &'a [u8]) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>> {
        Box::pin(self.take(id))
    }

    fn boxed_remove<'a>(&'a self, id: &'a [u8]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(self.remove(id))
    }

    fn dyn_undisturbed_for(&self) -> Option<Duration> {
        self.undisturbed_for()
    }
}

impl SessionStore for Arc<dyn DynSessionStore> {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        (**self).boxed_put(id, value, ttl).await
    }

    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        (**self).boxed_put_new(id, value, ttl).await
    }

    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        (**self).boxed_get(id).await
    }

    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        (**self).boxed_take(id).await
    }

    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        (**self).boxed_remove(id).await
    }

    fn undisturbed_for(&self) -> Option<Duration> {
        (**self).dyn_undisturbed_for()
    }
}

impl<S: SessionStore> SessionStore for Arc<S> {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        (**self).put(id, value, ttl).await
    }

    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        (**self).put_new(id, value, ttl).await
    }

    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        (**self).get(id).await
    }

    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        (**self).take(id).await
    }

    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        (**self).remove(id).await
    }

    fn undisturbed_for(&self) -> Option<Duration> {
        (**self).undisturbed_for()
    }
}
