//! Two limits, so that the cap is not itself the denial of service: connections that have not sent
//! a whole hello (the oldest goes), and handshakes at work (wait).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

/// Counts and limits of an acceptor.
#[derive(Debug)]
pub(crate) struct Admission {
    max_pending: usize,
    pending: Mutex<Pending>,
    handshakes: Arc<Semaphore>,
    max_handshakes: usize,
    /// Connections with a whole hello that wait for a place at work.
    waiting: AtomicUsize,
    fewer_waiting: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    next: u64,
    waiting: BTreeMap<u64, oneshot::Sender<()>>,
}

impl Admission {
    pub(crate) fn new(max_pending: usize, max_handshakes: usize) -> Arc<Self> {
        Arc::new(Self {
            max_pending,
            pending: Mutex::default(),
            handshakes: Arc::new(Semaphore::new(max_handshakes)),
            max_handshakes,
            waiting: AtomicUsize::new(0),
            fewer_waiting: Notify::new(),
        })
    }

    /// Takes a place among those without a hello; the oldest loses its own when all are taken.
    pub(crate) fn pend(self: &Arc<Self>) -> PendingPlace {
        let (evict, evicted) = oneshot::channel();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.waiting.len() >= self.max_pending
            && let Some((_, oldest)) = pending.waiting.pop_first()
        {
            // The receiver may have gone in this moment: then its place is free anyway.
            let _ = oldest.send(());
        }
        let number = pending.next;
        pending.next += 1;
        pending.waiting.insert(number, evict);
        PendingPlace {
            admission: self.clone(),
            number,
            evicted,
        }
    }

    /// Waits for a place among the handshakes at work.
    pub(crate) async fn work(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.handshakes.clone().try_acquire_owned() {
            return Some(permit);
        }
        let _waiting = Waiting::new(self);
        self.handshakes.clone().acquire_owned().await.ok()
    }

    /// Resolves when fewer connections wait for a place at work than there are places: until then
    /// a listener leaves new ones in the kernel's backlog.
    pub(crate) async fn caught_up(&self) {
        loop {
            let fewer = self.fewer_waiting.notified();
            if self.waiting.load(Ordering::Acquire) < self.max_handshakes {
                return;
            }
            fewer.await;
        }
    }

    pub(crate) fn pending_count(&self) -> usize {
        self.pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .waiting
            .len()
    }

    pub(crate) fn working_count(&self) -> usize {
        self.max_handshakes - self.handshakes.available_permits()
    }
}

/// Counts a connection that waits for a place at work, however it stops waiting.
struct Waiting<'a>(&'a Admission);

impl<'a> Waiting<'a> {
    fn new(admission: &'a Admission) -> Self {
        admission.waiting.fetch_add(1, Ordering::AcqRel);
        Self(admission)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
        self.0.fewer_waiting.notify_waiters();
    }
}

/// A place among the connections without a hello.
#[derive(Debug)]
pub(crate) struct PendingPlace {
    admission: Arc<Admission>,
    number: u64,
    evicted: oneshot::Receiver<()>,
}

impl PendingPlace {
    /// Resolves when a younger connection took the place.
    pub(crate) async fn evicted(&mut self) {
        // The sender is dropped only together with the eviction or with this place.
        let _ = (&mut self.evicted).await;
    }
}

impl Drop for PendingPlace {
    fn drop(&mut self) {
        let mut pending = self
            .admission
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        pending.waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_without_a_hello_goes() {
        let admission = Admission::new(2, 1);
        let mut first = admission.pend();
        let mut second = admission.pend();
        let _third = admission.pend();
        first.evicted().await;
        assert!(second.evicted().now_or_never().is_none());
        assert_eq!(admission.pending_count(), 2);
        drop(second);
        assert_eq!(admission.pending_count(), 1);
    }

    #[tokio::test]
    async fn handshakes_wait_for_a_place() {
        let admission = Admission::new(1, 1);
        let held = admission.work().await;
        assert!(held.is_some());
        assert!(admission.work().now_or_never().is_none());
        assert_eq!(admission.working_count(), 1);
        drop(held);
        assert!(admission.work().await.is_some());
    }

    use futures_util::FutureExt as _;
}
