//! How many ask at once: in all, and one place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// How many ask at once, in all and one host, so that one which is slow does not hold up what others
/// are asked.
pub(crate) struct Queue {
    all: Semaphore,
    of_one_host: usize,
    hosts: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// To ask one place, until it is dropped.
pub(super) struct Turn<'a> {
    _all: Option<SemaphorePermit<'a>>,
    _host: Option<OwnedSemaphorePermit>,
}

impl Queue {
    pub(crate) fn new(all: usize, of_one_host: usize) -> Self {
        Self {
            all: Semaphore::new(all),
            of_one_host,
            hosts: Mutex::new(HashMap::new()),
        }
    }

    /// Waits until `place` may be asked.
    pub(super) async fn turn(&self, place: &str) -> Turn<'_> {
        // They are never closed. Those who wait for a host take no place from others.
        let host = self.host(place).acquire_owned().await.ok();
        let all = self.all.acquire().await.ok();
        Turn {
            _all: all,
            _host: host,
        }
    }

    fn host(&self, place: &str) -> Arc<Semaphore> {
        let host = place.split_once("://").map_or(place, |(_, rest)| rest);
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.to_ascii_lowercase();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = hosts.get(&host).and_then(Weak::upgrade) {
            return known;
        }
        hosts.retain(|_, host| host.strong_count() > 0);
        let fresh = Arc::new(Semaphore::new(self.of_one_host));
        hosts.insert(host, Arc::downgrade(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    async fn waits(turn: impl Future) -> bool {
        let mut turn = pin!(turn);
        poll_fn(|context| Poll::Ready(turn.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn a_slow_host_holds_up_nobody_else() {
        let queue = Queue::new(3, 2);
        let slow = queue.turn("http://slow.test/a").await;
        let more = queue.turn("http://SLOW.test/b?c").await;
        assert!(waits(queue.turn("http://slow.test/d")).await);
        let other = queue.turn("http://slow.test:8080/").await;
        assert!(
            waits(queue.turn("http://third.test/")).await,
            "three in all"
        );
        drop((slow, other));
        assert!(!waits(queue.turn("http://slow.test/d")).await);
        assert!(!waits(queue.turn("http://third.test/")).await);
        drop(more);
        let hosts = queue.hosts.lock().unwrap();
        assert!(hosts.values().all(|host| host.strong_count() == 0));
    }
}
