//! What a worker knows of the fleet's keys, and what follows from it. No store, no clock: both are
//! arguments.

use std::cmp::Reverse;
use std::time::Duration;

use super::record::Record;
use super::timing::Timing;
use crate::TicketKey;
use crate::limits::{FLEET_CLOCK_TOLERANCE, PUBLISHED_SLOTS};
use crate::ticket_key_ring::RingKey;

/// The published keys that are alive, and the key of a worker that has none of them yet.
pub(super) struct KeySet {
    /// The one that issues last comes first.
    known: Vec<Known>,
    own: Own,
    /// Whether the store was ever seen.
    synced: bool,
}

#[derive(Clone)]
pub(super) struct Known {
    pub(super) record: Record,
    /// When this worker may issue with it: when all others have it.
    usable_from: Duration,
    /// Until when it was issued with, as the store has it.
    told: Duration,
    /// Whether the last look saw it, and in which slot, if it was one of the first secret's.
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Slot(usize),
    /// Under an earlier secret, where nothing is written any more.
    Earlier,
    Missing,
}

/// A record that a look found.
pub(super) struct Found {
    pub(super) record: Record,
    pub(super) place: Place,
}

/// The key that a worker makes for itself.
enum Own {
    /// Issues from then on, unless the fleet's keys come first.
    Waits(TicketKey, Duration),
    /// Opens what it issued since then, in this process only.
    Retired(TicketKey, Duration),
    /// It became the fleet's, or was not needed.
    Gone,
}

impl KeySet {
    pub(super) fn new(own: TicketKey, issues_from: Duration) -> Self {
        Self {
            known: Vec::new(),
            own: Own::Waits(own, issues_from),
            synced: false,
        }
    }

    /// The start was at another time.
    pub(super) fn restart(&mut self, issues_from: Duration) {
        if let Own::Waits(_, from) = &mut self.own {
            *from = issues_from;
        }
    }

    pub(super) fn synced(&self) -> bool {
        self.synced
    }

    /// The key of a worker's own, as long as it is the only one.
    pub(super) fn own(&self) -> Option<TicketKey> {
        match &self.own {
            Own::Waits(key, _) if self.known.is_empty() => Some(key.clone()),
            _ => None,
        }
    }

    /// Takes up all that one look found.
    pub(super) fn look(&mut self, found: Vec<Found>, timing: &Timing, now: Duration) {
        self.note_issuing(now);
        for known in &mut self.known {
            known.place = Place::Missing;
        }
        for found in found {
            self.take_up(found, timing, now);
        }
        self.synced = true;
        self.drop_dead(timing, now);
    }

    /// Until now, this worker has issued with the key that it knew as the newest.
    fn note_issuing(&mut self, now: Duration) {
        let mut known = self.known.iter_mut();
        if let Some(issuing) = known.find(|known| known.usable_from <= now) {
            issuing.record.issued_until = now;
        }
    }

    /// Takes up one record, unless its time is over or absurdly far.
    pub(super) fn take_up(&mut self, found: Found, timing: &Timing, now: Duration) {
        let Found { record, place } = found;
        if let Some(known) = self.find(&record.key) {
            let issued_until = known.record.issued_until.max(record.issued_until);
            known.told = record.issued_until;
            known.record.issued_until = issued_until;
            known.record.ends = record.ends;
            known.place = place;
        } else if now < record.ends && record.issues_from <= timing.horizon(now) {
            let usable_from = record.issues_from.max(timing.spread(record.published));
            self.insert(record, usable_from, place);
        }
    }

    /// Notes that this worker has put `record` there.
    pub(super) fn published(&mut self, record: Record, slot: usize) {
        let place = Place::Slot(slot);
        if let Some(known) = self.find(&record.key) {
            known.told = record.issued_until;
            known.record = record;
            known.place = place;
            return;
        }
        if matches!(&self.own, Own::Waits(key, _) if *key == record.key) {
            self.own = Own::Gone;
        }
        let usable_from = record.issues_from;
        self.insert(record, usable_from, place);
    }

    /// The fleet's keys are there: a worker's own only opens from now on.
    pub(super) fn retire_own(&mut self, now: Duration) {
        if let Own::Waits(key, from) = &self.own
            && !self.known.is_empty()
        {
            let never_issued = now < *from;
            self.own = if never_issued {
                Own::Gone
            } else {
                Own::Retired(key.clone(), now)
            };
        }
    }

    fn insert(&mut self, record: Record, usable_from: Duration, place: Place) {
        self.known.push(Known {
            told: record.issued_until,
            record,
            usable_from,
            place,
        });
        // Equal in all workers, whatever came when.
        self.known.sort_by_cached_key(|known| {
            let name = known.record.key.name().to_vec();
            Reverse((known.record.issues_from, name))
        });
    }

    fn find(&mut self, key: &TicketKey) -> Option<&mut Known> {
        self.known.iter_mut().find(|known| known.record.key == *key)
    }

    /// Each key with the time at which the next one follows it, in every worker.
    fn with_retirement(&self) -> impl Iterator<Item = (&Known, Option<Duration>)> {
        let newer = self.known.iter().map(|newer| Some(newer.usable_from));
        let followed = std::iter::once(None).chain(newer);
        self.known
            .iter()
            .zip(followed)
            .map(|(known, followed)| (known, followed.map(|at| at.max(known.record.issued_until))))
    }

    fn drop_dead(&mut self, timing: &Timing, now: Duration) {
        if let Own::Retired(_, at) = &self.own
            && now >= at.saturating_add(timing.lifetime)
        {
            self.own = Own::Gone;
        }
        let lives = |(known, retired): (&Known, Option<Duration>)| {
            let lifetime = known.record.lifetime.max(timing.lifetime);
            retired.is_none_or(|at| now < at.saturating_add(lifetime + FLEET_CLOCK_TOLERANCE))
        };
        let lives: Vec<_> = self.with_retirement().map(lives).collect();
        let mut lives = lives.into_iter();
        self.known.retain(|_| lives.next().unwrap_or(true));
    }

    /// The slot in which the next key is expected.
    pub(super) fn next_slot(&self) -> usize {
        let mut slots = self.known.iter().filter_map(|known| match known.place {
            Place::Slot(slot) => Some(slot + 1),
            _ => None,
        });
        slots.next().unwrap_or(0) % PUBLISHED_SLOTS
    }

    /// When the next key should begin to issue, if it is time to publish it.
    pub(super) fn due(&self, timing: &Timing, now: Duration) -> Option<Duration> {
        let newest = self.known.first()?.record.issues_from;
        let planned = newest.saturating_add(timing.period);
        let earliest = now.saturating_add(timing.lead);
        (earliest >= planned).then(|| planned.max(earliest))
    }

    /// When a key should begin to issue that is published now, whatever was planned.
    pub(super) fn at_once(&self, timing: &Timing, now: Duration) -> Duration {
        let earliest = now.saturating_add(timing.lead);
        let newest = self.known.first().map(|known| known.record.issues_from);
        newest.map_or(earliest, |newest| {
            earliest.max(newest.saturating_add(Duration::from_millis(1)))
        })
    }

    /// Keys that the store has lost though tickets of theirs may come, as they should be put again;
    /// with the slot that they had.
    pub(super) fn lost(&self, timing: &Timing, now: Duration) -> Vec<Record> {
        let lost = self.with_retirement().filter(|(known, retired)| {
            let lifetime = known.record.lifetime.max(timing.lifetime);
            let needed = retired.is_none_or(|at| now < at.saturating_add(lifetime));
            known.place == Place::Missing && needed
        });
        lost.map(|(known, retired)| Record {
            ends: timing.ends(retired, known.record.lifetime, now),
            ..known.record.clone()
        })
        .collect()
    }

    /// Records whose end in the store is not where it should be: too early for what they issue, or,
    /// if `shorten`, later than needed.
    pub(super) fn misdated(
        &self,
        timing: &Timing,
        now: Duration,
        shorten: bool,
    ) -> Vec<(Record, usize)> {
        let misdated = self.with_retirement().filter_map(|(known, retired)| {
            let Place::Slot(slot) = known.place else {
                return None;
            };
            let lifetime = known.record.lifetime;
            let least = timing.ends(retired.or(Some(now)), lifetime, now);
            let wanted = timing.ends(retired, lifetime, now);
            // The others' rings think less of it.
            let untold = known.record.issued_until.saturating_sub(known.told);
            let untold =
                retired == Some(known.record.issued_until) && untold > FLEET_CLOCK_TOLERANCE;
            let too_early = known.record.ends < least || untold;
            let too_late = shorten && known.record.ends > wanted.saturating_add(timing.interval);
            let record = Record {
                ends: wanted,
                ..known.record.clone()
            };
            (too_early || too_late).then_some((record, slot))
        });
        misdated.collect()
    }

    /// The keys as a ring has them.
    pub(super) fn ring_keys(&self) -> Vec<RingKey> {
        let published = self.with_retirement().map(|(known, retired)| RingKey {
            key: known.record.key.clone(),
            issues_from: known.usable_from,
            retired,
            lifetime: known.record.lifetime,
            grace: FLEET_CLOCK_TOLERANCE,
        });
        let own = match &self.own {
            Own::Waits(key, from) => Some((key, *from, None)),
            Own::Retired(key, at) => Some((key, Duration::ZERO, Some(*at))),
            Own::Gone => None,
        };
        let own = own.map(|(key, issues_from, retired)| RingKey {
            key: key.clone(),
            issues_from,
            retired,
            lifetime: Duration::ZERO,
            grace: Duration::ZERO,
        });
        published.chain(own).collect()
    }
}
