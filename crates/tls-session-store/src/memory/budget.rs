//! Counts sessions and bytes, and never lets either pass its limit.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Room is reserved before a session goes in, and released after it has left.
pub(super) struct Budget {
    entries: AtomicUsize,
    bytes: AtomicUsize,
    max_entries: usize,
    max_bytes: usize,
}

impl Budget {
    pub(super) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self {
            entries: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            max_entries,
            max_bytes,
        }
    }

    pub(super) fn entries(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Room for one session of `cost` bytes, or nothing.
    pub(super) fn reserve(&self, cost: usize) -> bool {
        if !add_within(&self.entries, 1, self.max_entries) {
            return false;
        }
        let enough = add_within(&self.bytes, cost, self.max_bytes);
        if !enough {
            self.entries.fetch_sub(1, Ordering::Relaxed);
        }
        enough
    }

    pub(super) fn release(&self, cost: usize) {
        self.entries.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(cost, Ordering::Relaxed);
    }
}

fn add_within(counter: &AtomicUsize, add: usize, max: usize) -> bool {
    counter
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            held.checked_add(add).filter(|sum| *sum <= max)
        })
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_reservation_leaves_no_trace() {
        let budget = Budget::new(2, 100);
        assert!(budget.reserve(60));
        assert!(!budget.reserve(50));
        assert_eq!((budget.entries(), budget.bytes()), (1, 60));
        assert!(budget.reserve(40));
        assert!(!budget.reserve(0));
        budget.release(60);
        assert_eq!((budget.entries(), budget.bytes()), (1, 40));
    }
}
