//! Workers in one process, each with a clock and a line to the store of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tls_session_store::{
    Clock, ContextId, Error, Kind, MemoryStore, SessionStore, SharedSecret, TicketKeys,
};

pub(crate) const HOUR: u64 = 3_600;
/// Between two looks, with a period of an hour.
pub(crate) const ROUND: u64 = 60;
pub(crate) const LEAD: u64 = 900;
pub(crate) const LIFETIME: u64 = 7_200;
pub(crate) const TOLERANCE: u64 = 300;
const KIND: Kind = Kind::RustlsTicket;
const CONTEXT: ContextId = ContextId([3; 32]);

/// How a worker's line to the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Up,
    Down,
    /// What is asked for happens, and the answer is lost.
    Deaf,
}

/// The store, and the true time.
#[derive(Clone)]
pub(crate) struct World {
    store: Arc<Mutex<MemoryStore>>,
    seconds: Arc<AtomicU64>,
    pub(crate) secret: SharedSecret,
}

impl World {
    pub(crate) fn new() -> Self {
        let seconds = Arc::new(AtomicU64::new(1_000_000));
        Self {
            store: Arc::new(Mutex::new(Self::empty_store(&seconds))),
            seconds,
            secret: SharedSecret::from_bytes(&[7; 32]).unwrap(),
        }
    }

    fn empty_store(seconds: &Arc<AtomicU64>) -> MemoryStore {
        let seconds = seconds.clone();
        let clock = Clock::from_fn(move || Duration::from_secs(seconds.load(Ordering::Relaxed)));
        MemoryStore::with_clock(1_000, 1 << 20, clock)
    }

    pub(crate) fn now(&self) -> u64 {
        self.seconds.load(Ordering::Relaxed)
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The store is restarted and has nothing.
    pub(crate) fn empty(&self) {
        *self.store.lock().unwrap() = Self::empty_store(&self.seconds);
    }

    /// What the store holds now.
    pub(crate) fn store(&self) -> MemoryStore {
        self.store.lock().unwrap().clone()
    }

    /// Keys in the store.
    pub(crate) fn stored(&self) -> usize {
        let store = self.store();
        store.purge_expired();
        store.len()
    }
}

/// A worker's line: each call takes a moment, so that workers overtake each other.
#[derive(Clone)]
pub(crate) struct Line {
    world: World,
    mood: Arc<AtomicU8>,
}

impl Line {
    async fn call<T>(
        &self,
        call: impl AsyncFnOnce(MemoryStore) -> Result<T, Error>,
    ) -> Result<T, Error> {
        pause().await;
        let mood = self.mood.load(Ordering::Relaxed);
        if mood == Mood::Down as u8 {
            return Err(Error::Store("down".into()));
        }
        let answer = call(self.world.store()).await;
        if mood == Mood::Deaf as u8 {
            return Err(Error::StoreLate {
                limit: Duration::ZERO,
            });
        }
        answer
    }
}

impl SessionStore for Line {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        self.call(async |store| store.put(id, value, ttl).await)
            .await
    }

    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        self.call(async |store| store.put_new(id, value, ttl).await)
            .await
    }

    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.call(async |store| store.get(id).await).await
    }

    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.call(async |store| store.take(id).await).await
    }

    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        self.call(async |store| store.remove(id).await).await
    }
}

/// Pending once.
async fn pause() {
    let mut polled = false;
    std::future::poll_fn(|_| {
        let ready = polled;
        polled = true;
        if ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

pub(crate) struct Worker {
    pub(crate) keys: TicketKeys,
    mood: Arc<AtomicU8>,
    /// Seconds by which its clock is off.
    skew: i64,
    /// Since when its looks have succeeded.
    pub(crate) connected_since: Option<u64>,
}

impl Worker {
    pub(crate) fn start(world: &World, skew: i64) -> Self {
        Self::start_with(world, skew, &world.secret)
    }

    pub(crate) fn start_with(world: &World, skew: i64, secret: &SharedSecret) -> Self {
        let mood = Arc::new(AtomicU8::new(Mood::Up as u8));
        let line = Line {
            world: world.clone(),
            mood: mood.clone(),
        };
        let time = world.clone();
        let clock =
            Clock::from_fn(move || Duration::from_secs(time.now().saturating_add_signed(skew)));
        let keys = TicketKeys::published(line, secret.clone()).unwrap();
        Self {
            keys: keys
                .rotate_every(Duration::from_secs(HOUR))
                .with_clock(clock),
            mood,
            skew,
            connected_since: None,
        }
    }

    /// The process ends, and another begins.
    pub(crate) fn restart(&mut self, world: &World) {
        *self = Self::start(world, self.skew);
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::Relaxed);
    }

    /// One look, as it comes out.
    pub(crate) fn sync(&mut self, now: u64) -> Result<(), Error> {
        let done = run(self.keys.sync());
        self.note(now, done.is_ok());
        done
    }

    fn note(&mut self, now: u64, succeeded: bool) {
        self.connected_since = match self.connected_since {
            _ if !succeeded => None,
            None => Some(now),
            since => since,
        };
    }

    pub(crate) fn seal(&self) -> Vec<u8> {
        self.keys.seal(KIND, &CONTEXT, b"session").unwrap()
    }

    pub(crate) fn opens(&self, ticket: &[u8]) -> bool {
        self.keys.open(KIND, &CONTEXT, ticket).is_ok()
    }

    /// The name of the key that issues.
    pub(crate) fn issuing(&self) -> [u8; 16] {
        self.keys.names()[0]
    }
}

/// Runs a future that only ever waits for its next poll.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    loop {
        if let Poll::Ready(output) = poll(&mut future) {
            return output;
        }
    }
}

fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

/// All workers look at once; `choose` says whose call comes next.
pub(crate) fn sync_all(workers: &mut [Worker], now: u64, mut choose: impl FnMut(usize) -> usize) {
    let keys: Vec<_> = workers.iter().map(|worker| worker.keys.clone()).collect();
    let mut looks: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(index, keys)| (index, Box::pin(keys.sync())))
        .collect();
    while !looks.is_empty() {
        let next = choose(looks.len());
        let (index, look) = &mut looks[next];
        if let Poll::Ready(done) = poll(look) {
            workers[*index].note(now, done.is_ok());
            drop(looks.swap_remove(next));
        }
    }
}
