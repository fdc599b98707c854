//! Finished handshakes that wait to be taken, by any number of tasks.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::sync::mpsc::{self, error::TryRecvError};

use crate::stream::TlsStream;

/// How many streams wait. Further ones wait in their tasks, which keep their places among the
/// handshakes at work.
const CAPACITY: usize = 64;

type Taken<IO> = io::Result<TlsStream<IO>>;

/// The taking end. A task that stops waiting loses nothing, and holds up no other.
pub(crate) struct StreamQueue<IO> {
    streams: Mutex<mpsc::Receiver<Taken<IO>>>,
    filled: Arc<Notify>,
}

/// The filling end; cheap to clone.
pub(crate) struct StreamSender<IO> {
    streams: mpsc::Sender<Taken<IO>>,
    filled: Arc<Notify>,
}

impl<IO> Clone for StreamSender<IO> {
    fn clone(&self) -> Self {
        Self {
            streams: self.streams.clone(),
            filled: self.filled.clone(),
        }
    }
}

/// Tells all who wait that nothing more comes, when it goes.
pub(crate) struct Closing(Arc<Notify>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

/// Both ends of a queue.
pub(crate) fn stream_queue<IO>() -> (StreamSender<IO>, Arc<StreamQueue<IO>>) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    let filled = Arc::new(Notify::new());
    let queue = StreamQueue {
        streams: Mutex::new(receiver),
        filled: filled.clone(),
    };
    (
        StreamSender {
            streams: sender,
            filled,
        },
        Arc::new(queue),
    )
}

impl<IO> StreamSender<IO> {
    /// Waits for room. A queue that is gone takes no more streams.
    pub(crate) async fn send(&self, taken: Taken<IO>) {
        if self.streams.send(taken).await.is_ok() {
            self.filled.notify_one();
        }
    }

    /// To be kept until after the last sender.
    pub(crate) fn closing(&self) -> Closing {
        Closing(self.filled.clone())
    }
}

impl<IO> StreamQueue<IO> {
    /// The next stream; `None` when all senders are gone.
    pub(crate) async fn take(&self) -> Option<Taken<IO>> {
        loop {
            // Made before the look: what is sent in between wakes it.
            let filled = self.filled.notified();
            let next = self
                .streams
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .try_recv();
            match next {
                Ok(taken) => return Some(taken),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => filled.await,
            }
        }
    }
}
