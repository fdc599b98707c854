//! In which order sessions came, to find those that should go.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::SessionId;

/// Places per queue that a store of full size has: bounds the work of tidying one up.
const PLACES_PER_QUEUE: usize = 1024;
const MAX_QUEUES: usize = 256;
/// Places of sessions that are gone, beyond which a queue is tidied up.
const DEAD_ALLOWED: usize = 32;

/// A session's place in the order.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) id: SessionId,
    pub(super) expires: Duration,
    pub(super) stamp: u64,
}

/// Queues that are filled and emptied in turn, so that threads seldom meet at one, and the order over
/// all of them is nearly that of one.
///
/// No lock of the session table is ever held while a queue is locked by the same thread, except for
/// reading in [`push`](Self::push); and never the other way round.
pub(super) struct Recency {
    queues: Box<[Queue]>,
    next_out: AtomicUsize,
}

#[derive(Default)]
struct Queue {
    line: Mutex<Line>,
    /// Places in `line` whose session is gone; may be off by those that are just moving.
    dead: AtomicUsize,
}

#[derive(Default)]
struct Line {
    places: VecDeque<Place>,
    /// Where the search for expired sessions goes on.
    search: usize,
}

impl Recency {
    pub(super) fn new(max_entries: usize) -> Self {
        let queues = (max_entries / PLACES_PER_QUEUE)
            .next_power_of_two()
            .clamp(1, MAX_QUEUES);
        Self {
            queues: (0..queues).map(|_| Queue::default()).collect(),
            next_out: AtomicUsize::new(0),
        }
    }

    /// Puts a new place at the end; `live` tells whether a place still has its session.
    pub(super) fn push(&self, place: Place, live: impl Fn(&Place) -> bool) {
        let Some(queue) = self.queue(place.stamp) else {
            return;
        };
        let mut line = queue.lock();
        line.places.push_back(place);
        let dead = queue.dead.load(Ordering::Relaxed);
        if dead > DEAD_ALLOWED && dead > line.places.len() / 2 {
            queue.dead.store(0, Ordering::Relaxed);
            line.places.retain(live);
            let twice = 2 * line.places.len() + DEAD_ALLOWED;
            line.places.shrink_to(twice);
        }
    }

    /// Puts a place that was popped at the end again.
    pub(super) fn push_back(&self, place: Place) {
        if let Some(queue) = self.queue(place.stamp) {
            queue.lock().places.push_back(place);
        }
    }

    /// The oldest place of the next queue that has one.
    pub(super) fn pop(&self) -> Option<Place> {
        for _ in 0..self.queues.len() {
            let turn = self.next_out.fetch_add(1, Ordering::Relaxed);
            let place = self
                .queue(turn as u64)
                .and_then(|queue| queue.lock().places.pop_front());
            if place.is_some() {
                return place;
            }
        }
        None
    }

    /// The session of `stamp` is gone; its place is still in line, or on its way.
    pub(super) fn left(&self, stamp: u64) {
        if let Some(queue) = self.queue(stamp) {
            queue.dead.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The place of `stamp`, whose session is gone, was popped for good.
    pub(super) fn forgotten(&self, stamp: u64) {
        if let Some(queue) = self.queue(stamp) {
            let less = |dead: usize| dead.checked_sub(1);
            let _ = queue
                .dead
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }

    /// Up to three expired places in the queue of `stamp`: the oldest, which leaves the line, and two
    /// where the last search ended. The former alone would do if all sessions lived equally long.
    pub(super) fn sample_expired(&self, stamp: u64, now: Duration) -> [Option<Place>; 3] {
        let Some(queue) = self.queue(stamp) else {
            return [None; 3];
        };
        let mut line = queue.lock();
        let expired = |place: &&Place| place.expires <= now;
        let oldest = line.places.front().filter(expired).copied();
        if oldest.is_some() {
            line.places.pop_front();
            line.search = line.search.saturating_sub(1);
        }
        let len = line.places.len().max(1);
        let search = line.search % len;
        line.search = (search + 2) % len;
        let at = |at: usize| line.places.get(at).filter(expired).copied();
        [oldest, at(search), at((search + 1) % len)]
    }

    fn queue(&self, turn: u64) -> Option<&Queue> {
        self.queues
            .get(turn as usize & self.queues.len().wrapping_sub(1))
    }

    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.queues.iter().map(|q| q.lock().places.len()).sum()
    }
}

impl Queue {
    /// A panic elsewhere leaves a line in order: each change is one call.
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
