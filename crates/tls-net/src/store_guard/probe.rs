//! Asks a store that is away, in the background, until it is back.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::StoreGuard;
use crate::limits::{PROBE_FIRST, PROBE_LAST, STORE_STEADY};

/// How long the probes wait; kept from one outage to the next, so that a store which comes and
/// goes is asked, and reported, ever more seldom.
#[derive(Debug)]
pub(super) struct BackOff {
    next: Duration,
    closed: Option<Instant>,
}

impl BackOff {
    pub(super) fn new() -> Self {
        Self {
            next: PROBE_FIRST,
            closed: None,
        }
    }

    /// At the begin of an outage.
    fn begin(&mut self) {
        let steady = |closed: Instant| closed.elapsed() >= STORE_STEADY;
        if self.closed.take().is_some_and(steady) {
            self.next = PROBE_FIRST;
        }
    }

    fn end(&mut self) {
        self.closed = Some(Instant::now());
    }

    fn delay(&mut self) -> Duration {
        let delay = self.next;
        self.next = (delay * 2).min(PROBE_LAST);
        delay
    }
}

/// Three quarters of `delay` to five quarters of it, so that a fleet does not ask in step.
fn jittered(delay: Duration) -> Duration {
    let part = (RandomState::new().hash_one(0_u8) & 0xffff) as u32;
    delay * 3 / 4 + (delay / 2) * part / 0x1_0000
}

/// Begins to probe unless somebody does. Outside of a runtime the next handshake begins it.
pub(super) fn begin(guard: &Arc<StoreGuard>) {
    if guard.probing.load(Ordering::Relaxed) || guard.probing.swap(true, Ordering::AcqRel) {
        return;
    }
    let task = probe(Ending(Arc::downgrade(guard)));
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(task)),
        Err(_) => drop(task),
    }
}

/// Whoever ends a probe, the runtime included, lets another begin.
struct Ending(Weak<StoreGuard>);

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(guard) = self.0.upgrade() {
            guard.probing.store(false, Ordering::Release);
        }
    }
}

/// Ends when the store works again, or when the last acceptor is gone.
async fn probe(ending: Ending) {
    if let Some(guard) = ending.0.upgrade() {
        let mut back_off = guard
            .back_off
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        back_off.begin();
    }
    loop {
        let Some(delay) = ending.0.upgrade().map(|guard| {
            let mut back_off = guard
                .back_off
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            jittered(back_off.delay())
        }) else {
            return;
        };
        tokio::time::sleep(delay).await;
        let Some(guard) = ending.0.upgrade() else {
            return;
        };
        let state = guard.ask().await;
        if state.trouble().is_some() {
            guard.probed(state);
            continue;
        }
        guard
            .back_off
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .end();
        // In this order: whoever sees the store fail again begins the next probe.
        drop(ending);
        guard.probed(state);
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_pauses_grow_and_start_anew_only_after_a_steady_time() {
        let mut back_off = BackOff::new();
        back_off.begin();
        let delays: Vec<_> = (0..7).map(|_| back_off.delay().as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1600, 2000, 2000]);
        back_off.end();
        back_off.begin();
        assert_eq!(back_off.delay(), PROBE_LAST, "it came and went");
        back_off.end();
        tokio::time::advance(STORE_STEADY).await;
        back_off.begin();
        assert_eq!(back_off.delay(), PROBE_FIRST);
    }

    #[test]
    fn no_two_processes_ask_in_step() {
        let delays: Vec<_> = (0..64).map(|_| jittered(PROBE_LAST)).collect();
        assert!(
            delays
                .iter()
                .all(|delay| { (PROBE_LAST * 3 / 4..PROBE_LAST * 5 / 4).contains(delay) })
        );
        assert!(delays.iter().any(|delay| *delay != delays[0]));
    }
}
