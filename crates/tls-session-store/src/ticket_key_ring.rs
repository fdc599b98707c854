//! One key issues tickets, older ones still open theirs.

use std::time::Duration;

use crate::limits::MAX_RING_KEYS;
use crate::{Clock, Error, TicketKey};

/// The keys of a moment; a change makes a new ring, so that readers need no lock.
#[derive(Clone)]
pub(crate) struct Ring(Vec<RingKey>);

#[derive(Clone)]
struct RingKey {
    key: TicketKey,
    /// `None`: as long as it is in the ring.
    opens_until: Option<Duration>,
}

impl Ring {
    /// A ring of one key.
    pub(crate) fn of(key: TicketKey) -> Self {
        Self(vec![RingKey {
            key,
            opens_until: None,
        }])
    }

    /// The first of `keys` issues.
    pub(crate) fn try_from_keys(keys: impl IntoIterator<Item = TicketKey>) -> Result<Self, Error> {
        let mut ring = Vec::<RingKey>::new();
        for key in keys {
            if ring.iter().any(|entry| entry.key.name() == key.name()) {
                return Err(Error::DuplicateTicketKey);
            }
            ring.push(RingKey {
                key,
                opens_until: None,
            });
        }
        match ring.len() {
            0 => Err(Error::TicketKeyLength { given: 0 }),
            1..=MAX_RING_KEYS => Ok(Self(ring)),
            given => Err(Error::TooManyTicketKeys { given }),
        }
    }

    /// This ring with `key` in front and the former first key retiring.
    pub(crate) fn rotated(&self, key: &TicketKey, now: Duration, until: Duration) -> Self {
        let mut keys = Self::of(key.clone()).0;
        for (place, entry) in self.0.iter().enumerate() {
            let mut entry = entry.clone();
            if place == 0 {
                entry.opens_until = Some(until);
            }
            if entry.key != *key && entry.opens_until.is_none_or(|end| now < end) {
                keys.push(entry);
            }
        }
        keys.truncate(MAX_RING_KEYS);
        Self(keys)
    }

    /// The key that issues; a ring is never empty.
    pub(crate) fn issuing(&self) -> Option<&TicketKey> {
        self.0.first().map(|entry| &entry.key)
    }

    /// The key of this name, unless its time is over.
    pub(crate) fn opening(&self, name: &[u8], clock: &Clock) -> Option<&TicketKey> {
        let entry = self.0.iter().find(|entry| entry.key.name() == name)?;
        let opens = entry.opens_until.is_none_or(|until| clock.now() < until);
        opens.then_some(&entry.key)
    }

    /// Whether another key of the ring has the name of `key`.
    pub(crate) fn clashes_with(&self, key: &TicketKey) -> bool {
        self.0
            .iter()
            .any(|entry| entry.key.name() == key.name() && entry.key != *key)
    }

    /// The keys that open now, the one that issues first.
    pub(crate) fn open_keys(&self, now: Duration) -> impl Iterator<Item = &TicketKey> {
        self.0
            .iter()
            .filter(move |entry| entry.opens_until.is_none_or(|until| now < until))
            .map(|entry| &entry.key)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
