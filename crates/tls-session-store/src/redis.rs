//! Sessions in Redis: one server, the primary of some sentinels, or a cluster.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Value};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use crate::limits::MAX_VALUE_LEN;
use crate::{Error, SessionId, SessionStore};

mod address;
mod cluster;
mod dialer;
mod fault;
mod io_thread;
mod link;
mod options;
mod sentinel;
mod side_by_side;
mod state;

pub use fault::RedisFault;
pub use options::RedisOptions;
pub use state::RedisState;

use cluster::Cluster;
use io_thread::IoThread;
use link::{Failed, Link};
use options::{Servers, Setup};
use state::{Board, OnState};

/// The longest lifetime that is asked of Redis, which refuses times beyond the range of its clock.
const MAX_TTL: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Sessions in Redis 6.2 or later (or Valkey), for all workers that use the same one. Clones share
/// their connections.
///
/// ```no_run
/// use std::time::Duration;
/// use tls_session_store::{RedisStore, SessionStore};
///
/// # async fn example() -> Result<(), tls_session_store::Error> {
/// let store = RedisStore::open("redis://10.0.0.5")?;
/// store.put(b"id", b"sealed".to_vec(), Duration::from_secs(7200)).await?;
/// assert_eq!(store.take(b"id").await?.as_deref(), Some(&b"sealed"[..]));
/// assert_eq!(store.take(b"id").await?, None);
/// # Ok(())
/// # }
/// ```
///
/// # With Redis away
///
/// Opening never connects. The first calls wait for the first connection, within their time limit.
/// From then on a call never waits for a connection: while there is none it fails at once with
/// [`Error::Store`] around a [`RedisFault`], and a task makes new ones, with growing delays and jitter.
/// A call that gets no answer within the time limit fails as [`Error::StoreLate`], and what it was
/// sent over is given up. So a handshake loses a resumption, and nothing else. [`state`](Self::state)
/// says how things are; each change is one `tracing` event.
///
/// # Where it runs
///
/// Its connections live on a thread of the store's own, begun at the first call and ended with the
/// last clone: a store may be opened anywhere, and used from any runtime, or from several. A process
/// that forks, as a daemon does, opens its store afterwards.
///
/// # `take`, and early data
///
/// `take` is one `GETDEL`, so of many callers one gets the value. With a single server
/// [`undisturbed_for`](SessionStore::undisturbed_for) counts from the last connection. With sentinels
/// or a cluster it is `None`, and early data is refused: replication there is asynchronous, so a
/// failover may bring back what was taken, and both sides of a network partition may have a primary
/// for a while. Address no server through a proxy that hides its failovers, if early data matters.
///
/// # What Redis gets to see
///
/// Names of keys are the prefix and the id as it is; values are what was put, which users of this crate
/// seal. The Redis user needs `+get +set +getdel +del +exists +ping` on `~PREFIX*`, with sentinels
/// `+role`, in a cluster `+cluster|slots +asking`.
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    setup: Setup,
    prefix: Vec<u8>,
    limit: Duration,
    calls: usize,
    waiting: Arc<Semaphore>,
    board: Arc<Board>,
    running: OnceLock<Result<Running, RedisFault>>,
}

/// What exists from the first call on. The connections go before their thread.
struct Running {
    way: Arc<Way>,
    thread: IoThread,
}

/// How a key's server is reached.
enum Way {
    One(Link),
    Cluster(Cluster),
}

impl RedisStore {
    /// The store at a URL, with all else as it is by default: see [`RedisOptions`].
    ///
    /// # Errors
    /// As [`RedisOptions::from_url`] and [`RedisOptions::open`].
    pub fn open(url: &str) -> Result<Self, Error> {
        RedisOptions::from_url(url)?.open()
    }

    fn with_setup(
        setup: Setup,
        prefix: Vec<u8>,
        limit: Duration,
        calls: usize,
        on_state: Option<OnState>,
    ) -> Self {
        let inner = Inner {
            setup,
            prefix,
            limit,
            calls,
            waiting: Arc::new(Semaphore::new(calls)),
            board: Arc::new(Board::new(on_state)),
            running: OnceLock::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Begins to connect without waiting for it, rather than at the first call.
    pub fn connect(&self) {
        let _ = self.inner.running();
    }

    /// How Redis is doing, as last seen.
    #[must_use]
    pub fn state(&self) -> RedisState {
        self.inner.board.states().borrow().clone()
    }

    /// The same as it changes.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<RedisState> {
        self.inner.board.states()
    }
}

impl Inner {
    fn running(&self) -> Result<&Running, RedisFault> {
        let running = self.running.get_or_init(|| {
            let thread = IoThread::start().map_err(|error| RedisFault::Thread {
                reason: error.to_string(),
            })?;
            let way = {
                let _inside = thread.handle().enter();
                Arc::new(Way::begin(&self.setup, &self.board))
            };
            Ok(Running { way, thread })
        });
        running.as_ref().map_err(Clone::clone)
    }

    fn key(&self, id: &SessionId) -> Vec<u8> {
        [&self.prefix, id.as_bytes()].concat()
    }

    /// Runs `command` about `key` where the connections are. If the caller goes away, it goes on.
    async fn call<T>(&self, key: Vec<u8>, command: Cmd, writes: bool) -> Result<T, Error>
    where
        T: FromRedisValue,
    {
        let answer = self.request(key, command).await;
        match &answer {
            Ok(_) if writes => self.board.wrote(),
            Err(fault) if fault.is_impairment() => self.board.impaired(fault),
            _ => {}
        }
        let value = answer?;
        redis::from_redis_value(value).map_err(|_| RedisFault::Protocol.into())
    }

    async fn request(&self, key: Vec<u8>, command: Cmd) -> Result<Value, RedisFault> {
        let running = self.running()?;
        if let Some(fault) = running.way.fault(&key) {
            return Err(fault);
        }
        let Ok(waits) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return Err(RedisFault::Busy { limit: self.calls });
        };
        let way = Arc::clone(&running.way);
        let limit = self.limit;
        let call = async move {
            let _waits = waits;
            way.request(&key, &command, limit).await
        };
        let call = running.thread.handle().spawn(call);
        call.await.unwrap_or(Err(RedisFault::Lost))
    }
}

impl Way {
    fn begin(setup: &Setup, board: &Arc<Board>) -> Self {
        match &setup.servers {
            Servers::One(server) => Self::One(Link::start(
                setup.dialer.clone(),
                server.target(),
                setup.backoff,
                board,
                &Arc::new(Notify::new()),
            )),
            Servers::Cluster(seeds) => Self::Cluster(Cluster::start(
                seeds.clone(),
                setup.dialer.clone(),
                setup.backoff,
                board,
            )),
        }
    }

    fn fault(&self, key: &[u8]) -> Option<RedisFault> {
        match self {
            Self::One(link) => link.fault(),
            Self::Cluster(cluster) => cluster.fault(key),
        }
    }

    async fn request(
        &self,
        key: &[u8],
        command: &Cmd,
        limit: Duration,
    ) -> Result<Value, RedisFault> {
        let deadline = Instant::now() + limit;
        match self {
            Self::One(link) => match link.request(command, deadline, limit).await {
                Ok(value) => Ok(value),
                Err(Failed::Fault(fault)) => Err(fault),
                // A node of a cluster, addressed as if it were alone.
                Err(Failed::Moved | Failed::Ask(_)) => Err(RedisFault::ClusterNode),
            },
            Self::Cluster(cluster) => cluster.request(key, command, deadline, limit).await,
        }
    }
}

impl SessionStore for RedisStore {
    /// `SET key value PX ttl`; a lifetime below a millisecond is a `DEL`.
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        let key = self.inner.key(&SessionId::try_from(id)?);
        check_size(&value)?;
        let Some(millis) = lifetime(ttl) else {
            return self.inner.delete(key).await;
        };
        let mut set = redis::cmd("SET");
        set.arg(&key).arg(value).arg("PX").arg(millis);
        self.inner.call(key, set, true).await
    }

    /// `SET key value NX PX ttl`.
    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        let key = self.inner.key(&SessionId::try_from(id)?);
        check_size(&value)?;
        let Some(millis) = lifetime(ttl) else {
            let mut exists = redis::cmd("EXISTS");
            exists.arg(&key);
            let there: u64 = self.inner.call(key, exists, false).await?;
            return Ok(there == 0);
        };
        let mut set = redis::cmd("SET");
        set.arg(&key).arg(value).arg("NX").arg("PX").arg(millis);
        let kept: Option<Value> = self.inner.call(key, set, true).await?;
        Ok(kept.is_some())
    }

    /// `GET key`.
    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.inner.fetch("GET", id, false).await
    }

    /// `GETDEL key`, on the primary.
    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.inner.fetch("GETDEL", id, true).await
    }

    /// `DEL key`.
    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        match SessionId::try_from(id) {
            Ok(id) => self.inner.delete(self.inner.key(&id)).await,
            Err(_) => Ok(()),
        }
    }

    /// Since the last connection to a single server, or its last refusal as read-only; `None` while
    /// there is no connection, and always with sentinels or a cluster.
    fn undisturbed_for(&self) -> Option<Duration> {
        match &self.inner.setup.servers {
            Servers::One(server) if server.is_alone() => self.inner.board.quiet_for(),
            _ => None,
        }
    }
}

impl Inner {
    /// An id that is none is a miss, and so is a value that we would never have put.
    async fn fetch(
        &self,
        command: &'static str,
        id: &[u8],
        writes: bool,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Ok(id) = SessionId::try_from(id) else {
            return Ok(None);
        };
        let key = self.key(&id);
        let mut fetch = redis::cmd(command);
        fetch.arg(&key);
        let value: Option<Vec<u8>> = self.call(key, fetch, writes).await?;
        Ok(value.filter(|value| value.len() <= MAX_VALUE_LEN))
    }

    async fn delete(&self, key: Vec<u8>) -> Result<(), Error> {
        let mut delete = redis::cmd("DEL");
        delete.arg(&key);
        let _deleted: u64 = self.call(key, delete, true).await?;
        Ok(())
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

fn check_size(value: &[u8]) -> Result<(), Error> {
    if value.len() > MAX_VALUE_LEN {
        return Err(Error::TooLarge {
            given: value.len(),
            limit: MAX_VALUE_LEN,
        });
    }
    Ok(())
}

/// In milliseconds; `None` is "not at all".
fn lifetime(ttl: Duration) -> Option<u64> {
    let millis = u64::try_from(ttl.min(MAX_TTL).as_millis()).ok()?;
    (millis > 0).then_some(millis)
}
