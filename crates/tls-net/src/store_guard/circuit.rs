//! Opens after a few misses in a row, so that nobody waits for a store that is away.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::limits::STORE_MISSES;
use crate::store_state::{StoreState, StoreTrouble};

/// How much of a store does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// It is late or away.
    Whole,
    /// It takes nothing.
    Writes,
}

/// What the handshakes look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Level {
    Working = 0,
    ReadOnly = 1,
    Open = 2,
}

impl Level {
    fn of(state: &StoreState) -> Self {
        match state {
            StoreState::Working => Self::Working,
            StoreState::ReadOnly(_) => Self::ReadOnly,
            StoreState::OpenCircuit(_) => Self::Open,
        }
    }
}

/// Counts misses in a row and holds the state. A handshake reads one atomic.
pub(super) struct Circuit {
    level: AtomicU8,
    misses: AtomicU32,
    write_misses: AtomicU32,
    state: Mutex<StoreState>,
}

impl Circuit {
    pub(super) fn new() -> Self {
        Self {
            level: AtomicU8::new(Level::Working as u8),
            misses: AtomicU32::new(0),
            write_misses: AtomicU32::new(0),
            state: Mutex::new(StoreState::Working),
        }
    }

    pub(super) fn level(&self) -> Level {
        match self.level.load(Ordering::Relaxed) {
            0 => Level::Working,
            1 => Level::ReadOnly,
            _ => Level::Open,
        }
    }

    pub(super) fn state(&self) -> StoreState {
        self.lock().clone()
    }

    /// The store did what it was asked to: it gave something, took something, or both.
    pub(super) fn answered(&self, read: bool, wrote: bool) {
        let good = [(read, &self.misses), (wrote, &self.write_misses)];
        for (_, misses) in good.into_iter().filter(|(done, _)| *done) {
            // Read before written: in good times nobody takes the cache line from the others.
            if misses.load(Ordering::Relaxed) != 0 {
                misses.store(0, Ordering::Relaxed);
            }
        }
    }

    /// The store did not; the new state, if that was once too often. That it takes things does not
    /// make up for its not giving any, nor the other way round.
    pub(super) fn missed(&self, extent: Extent, trouble: StoreTrouble) -> Option<StoreState> {
        let mut most = add_one(&self.write_misses);
        if extent == Extent::Whole {
            most = most.max(add_one(&self.misses));
        }
        if most < STORE_MISSES {
            return None;
        }
        let state = match extent {
            Extent::Whole => StoreState::OpenCircuit(trouble),
            Extent::Writes => StoreState::ReadOnly(trouble),
        };
        // A handshake only makes it worse; better is for the probe to say.
        let mut current = self.lock();
        if Level::of(&state) as u8 <= Level::of(&current) as u8 {
            return None;
        }
        self.set(&mut current, state)
    }

    /// What the probe found; the state, if it is another one.
    pub(super) fn probed(&self, state: StoreState) -> Option<StoreState> {
        let mut current = self.lock();
        self.misses.store(0, Ordering::Relaxed);
        self.write_misses.store(0, Ordering::Relaxed);
        self.set(&mut current, state)
    }

    fn set(&self, current: &mut StoreState, state: StoreState) -> Option<StoreState> {
        let changed = Level::of(current) != Level::of(&state);
        self.level.store(Level::of(&state) as u8, Ordering::Relaxed);
        *current = state;
        changed.then(|| current.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, StoreState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add_one(misses: &AtomicU32) -> u32 {
    misses.fetch_add(1, Ordering::Relaxed).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble() -> StoreTrouble {
        StoreTrouble::new("store_down", "gone")
    }

    #[test]
    fn it_opens_after_misses_in_a_row_and_says_so_once() {
        let circuit = Circuit::new();
        for _ in 1..STORE_MISSES {
            assert_eq!(circuit.missed(Extent::Whole, trouble()), None);
        }
        circuit.answered(true, true);
        for _ in 1..STORE_MISSES {
            assert_eq!(circuit.missed(Extent::Whole, trouble()), None);
            assert_eq!(circuit.level(), Level::Working);
        }
        let opened = StoreState::OpenCircuit(trouble());
        assert_eq!(circuit.missed(Extent::Whole, trouble()), Some(opened));
        assert_eq!(circuit.level(), Level::Open);
        assert_eq!(circuit.missed(Extent::Whole, trouble()), None);
        // Late answers of old calls close nothing.
        circuit.answered(true, true);
        assert_eq!(circuit.level(), Level::Open);
        assert_eq!(circuit.probed(StoreState::OpenCircuit(trouble())), None);
        assert_eq!(
            circuit.probed(StoreState::Working),
            Some(StoreState::Working)
        );
        assert_eq!(circuit.level(), Level::Working);
    }

    #[test]
    fn taking_does_not_make_up_for_not_giving() {
        for (read, wrote) in [(true, false), (false, true)] {
            let circuit = Circuit::new();
            for _ in 0..STORE_MISSES {
                assert_eq!(circuit.level(), Level::Working);
                circuit.missed(Extent::Whole, trouble());
                circuit.answered(read, wrote);
            }
            assert_eq!(circuit.level(), Level::Open);
        }
    }

    #[test]
    fn a_store_that_takes_nothing_can_still_be_read() {
        let circuit = Circuit::new();
        for _ in 1..STORE_MISSES {
            assert_eq!(circuit.missed(Extent::Writes, trouble()), None);
            // Reading says nothing about writing.
            circuit.answered(true, false);
        }
        let read_only = StoreState::ReadOnly(trouble());
        assert_eq!(circuit.missed(Extent::Writes, trouble()), Some(read_only));
        assert_eq!(circuit.level(), Level::ReadOnly);
        for _ in 0..STORE_MISSES {
            circuit.missed(Extent::Whole, trouble());
        }
        assert_eq!(circuit.level(), Level::Open);
        assert_eq!(circuit.missed(Extent::Writes, trouble()), None);
        assert_eq!(circuit.level(), Level::Open, "not better for it");
    }
}
