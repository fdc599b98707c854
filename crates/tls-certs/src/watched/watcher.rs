//! The thread that looks at the files of all watched values.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// Something to be called at intervals.
pub(super) trait Tick: Send + Sync {
    fn tick(&self);
}

/// One thread, which begins with the first thing to watch and ends with the last.
#[derive(Default)]
pub(super) struct Watcher {
    state: Mutex<State>,
    /// Notified when something is added or gone, and when the thread has ended.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    watched: Vec<Entry>,
    running: bool,
}

struct Entry {
    ticking: Weak<dyn Tick>,
    interval: Duration,
    due: Instant,
}

impl Watcher {
    /// The one of this process.
    pub(super) fn of_process() -> &'static Arc<Self> {
        static WATCHER: LazyLock<Arc<Watcher>> = LazyLock::new(Arc::default);
        &WATCHER
    }

    pub(super) fn add(self: &Arc<Self>, ticking: &Arc<dyn Tick>, interval: Duration) -> Result<()> {
        let mut state = self.lock();
        state.watched.push(Entry {
            ticking: Arc::downgrade(ticking),
            interval,
            due: Instant::now() + interval,
        });
        if !state.running {
            let watcher = Arc::clone(self);
            std::thread::Builder::new()
                .name("tls-certs-watch".to_owned())
                .spawn(move || watcher.run())
                .map_err(|source| Error::Watch { source })?;
            state.running = true;
        }
        self.changed.notify_all();
        Ok(())
    }

    /// Something may have gone.
    pub(super) fn wake(&self) {
        // With the lock, so that it is not missed between a look and the wait after it.
        let _state = self.lock();
        self.changed.notify_all();
    }

    fn run(&self) {
        while let Some(due) = self.next_due() {
            for ticking in due {
                // A panic (in a hook, say) must not end the watching of everything else.
                if catch_unwind(AssertUnwindSafe(|| ticking.tick())).is_err() {
                    tracing::error!("a panic while watched files were read");
                }
                // May be the last handle; its drop takes the lock, which is free here.
                drop(ticking);
            }
        }
    }

    /// Waits until something is due; `None` when there is nothing left to watch.
    fn next_due(&self) -> Option<Vec<Arc<dyn Tick>>> {
        let mut state = self.lock();
        loop {
            state
                .watched
                .retain(|entry| entry.ticking.strong_count() > 0);
            let Some(first) = state.watched.iter().map(|entry| entry.due).min() else {
                state.running = false;
                self.changed.notify_all();
                return None;
            };
            let now = Instant::now();
            if first <= now {
                return Some(due(&mut state.watched, now));
            }
            let waited = self.changed.wait_timeout(state, first - now);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the thread has ended.
    #[cfg(test)]
    pub(super) fn ended(&self) {
        let mut state = self.lock();
        while state.running {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    #[cfg(test)]
    pub(super) fn is_running(&self) -> bool {
        self.lock().running
    }
}

/// What is due at `now`, each with its next time set.
fn due(watched: &mut [Entry], now: Instant) -> Vec<Arc<dyn Tick>> {
    let due = watched.iter_mut().filter(|entry| entry.due <= now);
    due.filter_map(|entry| {
        entry.due = now + entry.interval;
        entry.ticking.upgrade()
    })
    .collect()
}
