//! Keys that a fleet publishes to itself through a store.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::TicketKeys;
use crate::key_time::KeyTime;
use crate::limits::{SYNC_LIMIT, SYNC_RETRY};
use crate::own_thread;
use crate::published_keys::PublishedKeys;
use crate::ticket_key_ring::{Ring, Rotation};
use crate::{DynSessionStore, Error, SessionStore, SharedSecret};

impl TicketKeys {
    /// Fresh random keys that the workers of a fleet publish to one another through `store`, sealed
    /// under `secret`: another one each hour, or what [`rotate_every`](Self::rotate_every) says. A key
    /// is in the store a quarter of the period (15 minutes at most) before it issues, and gone once
    /// its tickets have expired, so that what was recorded stays closed when the secret leaks later.
    ///
    /// There is no leader and no worker that counts more. Which key issues follows from the keys and
    /// the time; clocks may differ by five minutes. With the store away all go on with the keys that
    /// they have, and a handshake never waits for it. A store that comes back empty gets its keys back
    /// from whoever has them. A worker that starts without the store issues with a key of its own
    /// after two seconds, which its tickets outlive nowhere else.
    ///
    /// Nothing happens without [`spawn`](Self::spawn) or [`run`](Self::run).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tls_session_store::{ContextId, Kind, MemoryStore, SharedSecret, TicketKeys};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (store, secret) = (MemoryStore::new(), SharedSecret::generate()?); // in earnest, a RedisStore
    /// let hour = Duration::from_secs(3_600);
    /// let one = TicketKeys::published(store.clone(), secret.clone())?.rotate_every(hour).spawn()?;
    /// let other = TicketKeys::published(store, secret)?.rotate_every(hour).spawn()?;
    ///
    /// one.sync().await?; // For the example only: both do so by themselves.
    /// other.sync().await?;
    /// let context = ContextId::from_label("public");
    /// let ticket = one.seal(Kind::RustlsTicket, &context, b"session")?;
    /// assert_eq!(*other.open(Kind::RustlsTicket, &context, &ticket)?, b"session");
    /// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none.
    pub fn published(store: impl SessionStore, secret: SharedSecret) -> Result<Self, Error> {
        let store: Arc<dyn DynSessionStore> = Arc::new(store);
        let now = KeyTime::system().now();
        let keys = Arc::new(PublishedKeys::new(store, secret, now)?);
        Ok(Self::from_ring(Ring::published(keys)))
    }

    /// Looks into the store once: takes up the fleet's keys, puts what is missing there or due. Does
    /// nothing with keys that are not published. [`spawn`](Self::spawn) and [`run`](Self::run) call it
    /// at intervals; nobody else needs to.
    ///
    /// # Errors
    /// What the store says. The keys stay as they were.
    pub async fn sync(&self) -> Result<(), Error> {
        let Some(keys) = self.published_keys() else {
            return Ok(());
        };
        let round = keys.round(self.lifetime(), self.time.now()).await;
        self.note_round(&keys, round.as_ref().err());
        if let Some(by) = round? {
            self.note_early(by);
        }
        Ok(())
    }

    /// Looks into the store once and writes nothing: for somebody who shows the fleet's keys and is
    /// none of its workers. While the store has none, this process's own is the only one.
    ///
    /// # Errors
    /// What the store says.
    pub async fn look(&self) -> Result<(), Error> {
        let Some(keys) = self.published_keys() else {
            return Ok(());
        };
        let looked = keys.look_only(self.lifetime(), self.time.now()).await;
        self.note_round(&keys, looked.as_ref().err());
        looked
    }

    /// Publishes a fresh key for the whole fleet, out of turn, and says after how long it issues: when
    /// all workers have it. Tickets of the keys before it stay good. To be called by one process,
    /// which need not serve anything.
    ///
    /// ```
    /// # use tls_session_store::{MemoryStore, SharedSecret, TicketKeys};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let (store, secret) = (MemoryStore::new(), SharedSecret::generate()?);
    /// let wait = TicketKeys::published(store, secret)?.rotate_fleet().await?;
    /// assert_eq!(wait.as_secs(), 900);
    /// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// What the store says, [`Error::TooManyTicketKeys`] while tickets of 16 keys may still come, or
    /// [`Error::FleetKeys`] if the keys are not
    /// [`published`](Self::published): those rotate by [`rotate`](Self::rotate) or by the clock.
    pub async fn rotate_fleet(&self) -> Result<Duration, Error> {
        let keys = self.published_keys().ok_or(Error::FleetKeys {
            how: "by another rule than through a store",
        })?;
        let rotated = keys.rotate_now(self.lifetime(), self.time.now()).await;
        // The store works where there is no room in it for another key.
        let is_full = matches!(rotated, Err(Error::TooManyTicketKeys { .. }));
        self.note_round(&keys, rotated.as_ref().err().filter(|_| !is_full));
        rotated
    }

    /// Keeps published keys up to date, until the last other clone of them is gone. `sleep` is the
    /// runtime's, such as `tokio::time::sleep`; spawn the future there. For stores that need the
    /// runtime they were made in; a `RedisStore` and a
    /// [`MemoryStore`](crate::MemoryStore) do not, see [`spawn`](Self::spawn).
    ///
    /// ```
    /// # use tls_session_store::{MemoryStore, SharedSecret, TicketKeys};
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// # let (store, secret) = (MemoryStore::new(), SharedSecret::generate()?);
    /// let keys = TicketKeys::published(store, secret)?;
    /// tokio::spawn(keys.run(tokio::time::sleep));
    /// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn run<S, F>(&self, sleep: S) -> impl Future<Output = ()> + Send + use<S, F>
    where
        S: Fn(Duration) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send,
    {
        let keys = self.downgrade();
        async move {
            while let Some(keys) = keys.upgrade() {
                let Some(interval) = own_thread::within(keys.tend(), sleep(SYNC_LIMIT)).await
                else {
                    continue;
                };
                let Some(interval) = interval else { return };
                drop(keys);
                sleep(interval).await;
            }
        }
    }

    /// Keeps published keys up to date by a thread, until the last clone of them is gone, and returns
    /// them. Does nothing for other keys. The store's futures run on that thread, outside of any
    /// runtime: see [`run`](Self::run) for stores that can't.
    ///
    /// # Errors
    /// [`Error::Thread`] if there can be no thread.
    pub fn spawn(self) -> Result<Self, Error> {
        if self.published_keys().is_some() {
            let keys = self.downgrade();
            own_thread::spawn("ticket-keys", move || {
                let keys = keys.upgrade()?;
                let done = own_thread::block_on(keys.tend(), SYNC_LIMIT);
                done.unwrap_or(Some(SYNC_RETRY))
            })?;
        }
        Ok(self)
    }

    /// One look, and after how long the next; `None` once the keys are no longer published.
    async fn tend(&self) -> Option<Duration> {
        let keys = self.published_keys()?;
        let interval = keys.interval(self.lifetime());
        match self.sync().await {
            Ok(()) => Some(interval),
            Err(_) => Some(interval.min(SYNC_RETRY)),
        }
    }

    fn published_keys(&self) -> Option<Arc<PublishedKeys>> {
        match self.shared.ring.load().rotation() {
            Rotation::Published { keys, .. } => Some(keys.clone()),
            _ => None,
        }
    }

    fn note_round(&self, keys: &Arc<PublishedKeys>, failed: Option<&Error>) {
        self.note_store(failed);
        // A round that failed half way may have brought keys too.
        self.show(keys);
    }

    /// Makes the ring that of `keys`, unless somebody has set another by hand.
    pub(super) fn show(&self, keys: &Arc<PublishedKeys>) {
        self.shared.ring.rcu(|ring| match ring.rotation() {
            Rotation::Published { keys: own, .. } if Arc::ptr_eq(own, keys) => {
                Ring::published(keys.clone())
            }
            _ => Ring::clone(ring),
        });
    }
}
