//! Ticket keys that workers publish to one another through a store.
//!
//! The store holds a set of sealed keys in a few slots; each worker looks at all of them now and then,
//! and takes up what it finds. What a key is for follows from its record alone, and so equally in every
//! worker: the newest one whose time has come issues, the others open. When the next one is due,
//! everyone tries to put one into the same slot; the store lets one in, which all take up. Whoever
//! holds a key that the store has lost puts it back. So there is no leader, and nothing to agree on.

mod key_set;
mod record;
mod timing;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::key_set::{Found, KeySet, Place};
use self::record::{Record, SlotId, slot_ids};
use self::timing::Timing;
use crate::limits::{
    DEFAULT_ROTATION_PERIOD, FIRST_KEYS_WAIT, FLEET_CLOCK_TOLERANCE, PUBLISHED_SLOTS,
};
use crate::ticket_key_ring::RingKey;
use crate::{DynSessionStore, Error, SharedSecret, TicketKey};

/// One worker's part.
pub(crate) struct PublishedKeys {
    store: Arc<dyn DynSessionStore>,
    secret: SharedSecret,
    /// In milliseconds.
    period: AtomicU64,
    set: Mutex<KeySet>,
}

/// What one look saw.
struct View {
    ids: [SlotId; PUBLISHED_SLOTS],
    taken: [bool; PUBLISHED_SLOTS],
}

impl PublishedKeys {
    pub(crate) fn new(
        store: Arc<dyn DynSessionStore>,
        secret: SharedSecret,
        now: Duration,
    ) -> Result<Self, Error> {
        let own = TicketKey::generate()?;
        Ok(Self {
            store,
            secret,
            period: AtomicU64::new(milliseconds(DEFAULT_ROTATION_PERIOD)),
            set: Mutex::new(KeySet::new(own, now.saturating_add(FIRST_KEYS_WAIT))),
        })
    }

    /// The start was at `now`.
    pub(crate) fn restart(&self, now: Duration) {
        self.set(|set| set.restart(now.saturating_add(FIRST_KEYS_WAIT)));
    }

    pub(crate) fn rotate_every(&self, period: Duration) {
        self.period.store(milliseconds(period), Ordering::Relaxed);
    }

    pub(crate) fn period(&self) -> Duration {
        Duration::from_millis(self.period.load(Ordering::Relaxed))
    }

    /// Whether the store was ever seen.
    pub(crate) fn synced(&self) -> bool {
        self.set(|set| set.synced())
    }

    pub(crate) fn ring_keys(&self) -> Vec<RingKey> {
        self.set(|set| set.ring_keys())
    }

    /// How long to wait between two rounds.
    pub(crate) fn interval(&self, lifetime: Duration) -> Duration {
        Timing::of(self.period(), lifetime).interval
    }

    /// Looks into the store, takes up what is there, puts what is missing or due. Returns by how much
    /// some other clock is ahead of this one, if it is beyond what is tolerated.
    pub(crate) async fn round(
        &self,
        lifetime: Duration,
        now: Duration,
    ) -> Result<Option<Duration>, Error> {
        let timing = Timing::of(self.period(), lifetime);
        let (mut view, behind) = self.look(&timing, now).await?;
        if let Some(own) = self.set(|set| set.own()) {
            let record = fresh_record(own, now, &timing, now);
            self.put_first(&mut view, record, &timing, now).await?;
        }
        self.mend(&mut view, &timing, now).await?;
        if let Some(issues_from) = self.set(|set| set.due(&timing, now)) {
            let record = fresh_record(TicketKey::generate()?, issues_from, &timing, now);
            self.put_first(&mut view, record, &timing, now).await?;
        }
        self.set(|set| set.retire_own(now));
        Ok(behind)
    }

    /// Looks into the store and takes up what is there, no more.
    pub(crate) async fn look_only(&self, lifetime: Duration, now: Duration) -> Result<(), Error> {
        let timing = Timing::of(self.period(), lifetime);
        self.look(&timing, now).await?;
        self.set(|set| set.retire_own(now));
        Ok(())
    }

    /// Publishes another key than whatever was planned; it issues after the time that is returned.
    pub(crate) async fn rotate_now(
        &self,
        lifetime: Duration,
        now: Duration,
    ) -> Result<Duration, Error> {
        self.round(lifetime, now).await?;
        let timing = Timing::of(self.period(), lifetime);
        let (mut view, _) = self.look(&timing, now).await?;
        let issues_from = self.set(|set| set.at_once(&timing, now));
        let record = fresh_record(TicketKey::generate()?, issues_from, &timing, now);
        if !self.put_any(&mut view, record, &timing, now).await? {
            return Err(Error::TooManyTicketKeys {
                given: PUBLISHED_SLOTS + 1,
            });
        }
        for (record, slot) in self.set(|set| set.misdated(&timing, now, true)) {
            self.put_again(&view, record, slot, now).await?;
        }
        Ok(issues_from.saturating_sub(now))
    }

    /// Reads all slots, under each secret.
    async fn look(
        &self,
        timing: &Timing,
        now: Duration,
    ) -> Result<(View, Option<Duration>), Error> {
        let secrets = self.secret.current();
        let mut found = Vec::new();
        let mut view = None;
        for secret in secrets.iter() {
            let ids = slot_ids(secret).ok_or(Error::Randomness)?;
            let mut taken = [false; PUBLISHED_SLOTS];
            for (slot, (id, taken)) in ids.iter().zip(&mut taken).enumerate() {
                let Some(sealed) = self.store.boxed_get(id).await? else {
                    continue;
                };
                *taken = true;
                let place = if view.is_none() {
                    Place::Slot(slot)
                } else {
                    Place::Earlier
                };
                let record = Record::open(&self.secret, id, &sealed);
                found.extend(record.map(|record| Found { record, place }));
            }
            view.get_or_insert(View { ids, taken });
        }
        let newest = found.iter().map(|found| found.record.published).max();
        let ahead = newest.unwrap_or_default().saturating_sub(now);
        self.set(|set| set.look(found, timing, now));
        let view = view.ok_or(Error::Randomness)?;
        Ok((view, (ahead > FLEET_CLOCK_TOLERANCE).then_some(ahead)))
    }

    /// Puts back what the store has lost, and prolongs what would go too early.
    async fn mend(&self, view: &mut View, timing: &Timing, now: Duration) -> Result<(), Error> {
        for record in self.set(|set| set.lost(timing, now)) {
            if !self.put_any(view, record, timing, now).await? {
                tracing::warn!("no room in the store for a ticket key that it had lost");
            }
        }
        for (record, slot) in self.set(|set| set.misdated(timing, now, false)) {
            self.put_again(view, record, slot, now).await?;
        }
        Ok(())
    }

    /// Puts a key into the slot where everyone expects the next one. If another is there already, that
    /// one is taken up, and this one dropped.
    async fn put_first(
        &self,
        view: &mut View,
        record: Record,
        timing: &Timing,
        now: Duration,
    ) -> Result<(), Error> {
        let expected = self.set(|set| set.next_slot());
        for slot in (expected..PUBLISHED_SLOTS).chain(0..expected) {
            match self.put_new(view, &record, slot, now).await? {
                PutNew::Done => return Ok(()),
                PutNew::Taken => {}
                PutNew::Beaten => {
                    if let Some(record) = self.read(view, slot).await? {
                        let place = Place::Slot(slot);
                        self.set(|set| set.take_up(Found { record, place }, timing, now));
                        return Ok(());
                    }
                }
            }
        }
        tracing::warn!("no room in the store for another ticket key");
        Ok(())
    }

    /// Puts a key wherever there is room; false if there is none.
    async fn put_any(
        &self,
        view: &mut View,
        record: Record,
        timing: &Timing,
        now: Duration,
    ) -> Result<bool, Error> {
        let expected = self.set(|set| set.next_slot());
        for slot in (expected..PUBLISHED_SLOTS).chain(0..expected) {
            match self.put_new(view, &record, slot, now).await? {
                PutNew::Done => return Ok(true),
                PutNew::Taken => {}
                PutNew::Beaten => {
                    let Some(other) = self.read(view, slot).await? else {
                        continue;
                    };
                    let is_same = other.key == record.key;
                    let (record, place) = (other, Place::Slot(slot));
                    self.set(|set| set.take_up(Found { record, place }, timing, now));
                    if is_same {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    async fn put_new(
        &self,
        view: &mut View,
        record: &Record,
        slot: usize,
        now: Duration,
    ) -> Result<PutNew, Error> {
        let (Some(id), Some(taken)) = (view.ids.get(slot), view.taken.get_mut(slot)) else {
            return Ok(PutNew::Taken);
        };
        if *taken {
            return Ok(PutNew::Taken);
        }
        let sealed = record.seal(&self.secret, id)?;
        let ttl = record.ends.saturating_sub(now);
        let done = self.store.boxed_put_new(id, sealed, ttl).await?;
        *taken = true;
        if done {
            self.set(|set| set.published(record.clone(), slot));
            return Ok(PutNew::Done);
        }
        Ok(PutNew::Beaten)
    }

    async fn put_again(
        &self,
        view: &View,
        record: Record,
        slot: usize,
        now: Duration,
    ) -> Result<(), Error> {
        let Some(id) = view.ids.get(slot) else {
            return Ok(());
        };
        let sealed = record.seal(&self.secret, id)?;
        let ttl = record.ends.saturating_sub(now);
        self.store.boxed_put(id, sealed, ttl).await?;
        self.set(|set| set.published(record, slot));
        Ok(())
    }

    async fn read(&self, view: &View, slot: usize) -> Result<Option<Record>, Error> {
        let Some(id) = view.ids.get(slot) else {
            return Ok(None);
        };
        let sealed = self.store.boxed_get(id).await?;
        Ok(sealed.and_then(|sealed| Record::open(&self.secret, id, &sealed)))
    }

    /// The set, for a moment: nobody waits while it is held.
    fn set<T>(&self, work: impl FnOnce(&mut KeySet) -> T) -> T {
        work(&mut self.set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

enum PutNew {
    Done,
    /// As the look said.
    Taken,
    /// Since the look.
    Beaten,
}

/// A key that begins to issue at `issues_from`, for a period.
fn fresh_record(key: TicketKey, issues_from: Duration, timing: &Timing, now: Duration) -> Record {
    let retired = issues_from.saturating_add(timing.period);
    Record {
        key,
        issues_from,
        issued_until: Duration::ZERO,
        published: now,
        lifetime: timing.lifetime,
        ends: timing.ends(Some(retired), timing.lifetime, now),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
