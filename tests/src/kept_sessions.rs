//! A session store that counts, and fails as it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tls_session_store::{Error, MemoryStore, SessionStore};

/// A memory store with counters. Clones share everything.
#[derive(Debug, Clone)]
pub struct KeptSessions {
    /// What holds the values.
    pub memory: MemoryStore,
    counts: Arc<Counts>,
    trouble: Trouble,
}

#[derive(Debug, Default)]
struct Counts {
    puts: AtomicUsize,
    lookups: AtomicUsize,
}

/// What is wrong with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Look-ups give bytes that are no session.
    Junk,
    /// Look-ups fail.
    Down,
    /// Nothing is ever answered.
    Silent,
}

impl KeptSessions {
    /// A store in this state.
    #[must_use]
    pub fn new(trouble: Trouble) -> Self {
        Self {
            memory: MemoryStore::new(),
            counts: Arc::default(),
            trouble,
        }
    }

    /// How many sessions were put (Node: 'newSession').
    #[must_use]
    pub fn puts(&self) -> usize {
        self.counts.puts.load(Ordering::SeqCst)
    }

    /// How many were asked for (Node: 'resumeSession').
    #[must_use]
    pub fn lookups(&self) -> usize {
        self.counts.lookups.load(Ordering::SeqCst)
    }

    async fn look_up(
        &self,
        found: impl Future<Output = Result<Option<Vec<u8>>, Error>>,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.counts.lookups.fetch_add(1, Ordering::SeqCst);
        match self.trouble {
            Trouble::None => found.await,
            Trouble::Junk => Ok(Some(b"no session at all".to_vec())),
            Trouble::Down => Err(Error::StoreFull),
            Trouble::Silent => std::future::pending().await,
        }
    }
}

impl SessionStore for KeptSessions {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        self.counts.puts.fetch_add(1, Ordering::SeqCst);
        if self.trouble == Trouble::Silent {
            std::future::pending::<()>().await;
        }
        self.memory.put(id, value, ttl).await
    }

    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        self.memory.put_new(id, value, ttl).await
    }

    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.look_up(self.memory.get(id)).await
    }

    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.look_up(self.memory.take(id)).await
    }

    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        self.memory.remove(id).await
    }
}
