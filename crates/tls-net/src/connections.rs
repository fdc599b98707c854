//! The connections of one server: those whose handshake is in progress, and the streams handed out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Counts of one server, and its limit of streams handed out.
#[derive(Debug)]
pub(crate) struct Connections {
    in_progress: AtomicUsize,
    open: AtomicUsize,
    ended: Notify,
    room: Option<Arc<Semaphore>>,
}

impl Connections {
    pub(crate) fn new(max_connections: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            in_progress: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            ended: Notify::new(),
            room: max_connections.map(|most| Arc::new(Semaphore::new(most))),
        })
    }

    /// Waits until a stream more may be handed out. The place is taken only when its handshake is
    /// done ([`Connections::open`]): silent sockets must not take those of good clients.
    pub(crate) async fn has_room(&self) {
        if let Some(room) = &self.room {
            // Never closed.
            let _ = room.acquire().await;
        }
    }

    /// Counts a connection whose handshake begins.
    pub(crate) fn begin(self: &Arc<Self>) -> InProgress {
        self.in_progress.fetch_add(1, Ordering::AcqRel);
        InProgress(self.clone())
    }

    /// Counts a stream handed out, once there is room for it.
    pub(crate) async fn open(self: &Arc<Self>) -> OpenConnection {
        let place = match &self.room {
            Some(room) => room.clone().acquire_owned().await.ok(),
            None => None,
        };
        self.open.fetch_add(1, Ordering::AcqRel);
        OpenConnection {
            connections: self.clone(),
            _place: place,
        }
    }

    /// Streams in the application's hands.
    pub(crate) fn open_count(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// All that have not ended.
    pub(crate) fn count(&self) -> usize {
        self.open_count() + self.in_progress.load(Ordering::Acquire)
    }

    /// Resolves when all have ended.
    pub(crate) async fn all_ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.count() == 0 {
                return;
            }
            ended.await;
        }
    }

    fn end(&self, count: &AtomicUsize) {
        count.fetch_sub(1, Ordering::AcqRel);
        if self.count() == 0 {
            self.ended.notify_waiters();
        }
    }
}

/// A connection whose handshake is in progress.
#[derive(Debug)]
pub(crate) struct InProgress(Arc<Connections>);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.end(&self.0.in_progress);
    }
}

/// One stream in the application's hands.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    connections: Arc<Connections>,
    /// Its place among `max_connections`.
    _place: Option<OwnedSemaphorePermit>,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.end(&self.connections.open);
    }
}
