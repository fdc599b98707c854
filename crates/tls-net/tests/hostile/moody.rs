//! A session store that counts, and behaves as it is told.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tls_session_store::{Error, MemoryStore, SessionStore};

use super::support::pass;

/// How the store of a test behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Good,
    /// Look-ups are never answered.
    Silent,
    /// Nothing is ever answered.
    Dead,
    /// Look-ups fail.
    Failing,
    /// Nothing can be taken, for want of a permission.
    FailingTake,
    /// Everything fails.
    Down,
    Junk,
    /// Nothing is found.
    Forgetful,
    SilentPut,
    FailingPut,
    Panics,
    /// Each call takes this many milliseconds.
    Slow(u64),
    /// What is found is cut, changed or that of another id.
    Cut,
    Changed,
    OtherVersion,
    Swapped,
}

/// A store that counts, and does as told.
#[derive(Clone)]
pub struct Moody {
    pub inner: MemoryStore,
    mood: Arc<Mutex<Mood>>,
    last: Arc<Mutex<Vec<u8>>>,
    last_id: Arc<Mutex<Vec<u8>>>,
    puts: Arc<AtomicUsize>,
    lookups: Arc<AtomicUsize>,
}

impl Moody {
    pub fn new() -> Self {
        Self {
            inner: MemoryStore::new(),
            mood: Arc::new(Mutex::new(Mood::Good)),
            last: Arc::default(),
            last_id: Arc::default(),
            puts: Arc::default(),
            lookups: Arc::default(),
        }
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap()
    }

    /// Under which something was put last.
    pub fn last_id(&self) -> Vec<u8> {
        self.last_id.lock().unwrap().clone()
    }

    /// Since this was last asked.
    pub fn lookups(&self) -> usize {
        self.lookups.swap(0, Ordering::SeqCst)
    }

    /// Since this was last asked.
    pub fn puts(&self) -> usize {
        self.puts.swap(0, Ordering::SeqCst)
    }

    async fn look_up(&self, id: &[u8], take: bool) -> Result<Option<Vec<u8>>, Error> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mood = self.mood();
        match mood {
            Mood::Silent | Mood::Dead => pending().await,
            Mood::Failing | Mood::Down => return Err(Error::Store("down".into())),
            Mood::FailingTake if take => return Err(Error::Store("no permission".into())),
            Mood::Forgetful => return Ok(None),
            Mood::Junk => return Ok(Some(vec![0x5a; 300])),
            Mood::Panics => panic!("a defect of the store"),
            Mood::Slow(millis) => pass(Duration::from_millis(millis)).await,
            _ => {}
        }
        let found = if take {
            self.inner.take(id).await
        } else {
            self.inner.get(id).await
        };
        Ok(found?.map(|value| self.spoil(mood, value)))
    }

    fn spoil(&self, mood: Mood, mut value: Vec<u8>) -> Vec<u8> {
        match mood {
            Mood::Cut => value.truncate(20),
            Mood::Changed => *value.last_mut().unwrap() ^= 1,
            Mood::OtherVersion => value[0] += 1,
            // What was put last is another session's.
            Mood::Swapped => value = self.last.lock().unwrap().clone(),
            _ => {}
        }
        value
    }
}

impl SessionStore for Moody {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        self.puts.fetch_add(1, Ordering::SeqCst);
        self.last.lock().unwrap().clone_from(&value);
        *self.last_id.lock().unwrap() = id.to_vec();
        match self.mood() {
            Mood::SilentPut | Mood::Dead => pending().await,
            Mood::FailingPut => Err(Error::StoreFull),
            Mood::Down => Err(Error::Store("down".into())),
            Mood::Slow(millis) => {
                pass(Duration::from_millis(millis)).await;
                self.inner.put(id, value, ttl).await
            }
            _ => self.inner.put(id, value, ttl).await,
        }
    }

    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        self.inner.put_new(id, value, ttl).await
    }

    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.look_up(id, false).await
    }

    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.look_up(id, true).await
    }

    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        self.inner.remove(id).await
    }
}
