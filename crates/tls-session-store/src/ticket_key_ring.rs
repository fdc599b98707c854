//! One key issues tickets, older ones still open theirs.

use std::sync::Arc;
use std::time::Duration;

use crate::clock_epochs::ClockEpochs;
use crate::limits::{KEY_NAME_LEN, MAX_RING_KEYS, PERIODS_IN_A_LIFETIME};
use crate::published_keys::PublishedKeys;
use crate::{Error, KeyState, ListedKey, TicketKey};

/// The keys of a moment; a change makes a new ring, so that readers need no lock.
#[derive(Clone)]
pub(crate) struct Ring {
    /// The one that issues comes first.
    keys: Vec<RingKey>,
    rotation: Rotation,
}

#[derive(Clone)]
pub(crate) struct RingKey {
    pub(crate) key: TicketKey,
    /// When it began or begins to issue.
    pub(crate) issues_from: Duration,
    /// Since when, or from when on, it no longer issues; `None`: nobody has said.
    pub(crate) retired: Option<Duration>,
    /// How long its tickets live, at least.
    pub(crate) lifetime: Duration,
    /// For how much longer it opens, since clocks differ.
    pub(crate) grace: Duration,
}

/// Who changes the ring.
#[derive(Clone)]
pub(crate) enum Rotation {
    /// Whoever calls `set` and `rotate`.
    ByHand,
    /// Besides, the first use after each period.
    Every(Duration),
    /// The clock: keys are derived, and the ring holds the one that issues.
    ByClock(Arc<ClockEpochs>),
    /// The workers of a fleet, through a store. The newest key comes first, and the time says which
    /// issues. `synced`: the store was seen, so that these are the fleet's.
    Published {
        keys: Arc<PublishedKeys>,
        synced: bool,
    },
}

/// What a key name stands for.
pub(crate) enum Named {
    /// A key that opens.
    Opens(TicketKey),
    /// A key of an epoch that has not come: its tickets are not opened.
    NotYet(TicketKey, Duration),
}

impl Rotation {
    /// How often a fleet's keys change; `None` if no fleet rotates them.
    pub(crate) fn fleet_period(&self) -> Option<Duration> {
        match self {
            Self::ByHand | Self::Every(_) => None,
            Self::ByClock(epochs) => Some(epochs.period()),
            Self::Published { keys, .. } => Some(keys.period()),
        }
    }
}

impl RingKey {
    /// A key that opens until it is dropped from the ring.
    fn lasting(key: TicketKey) -> Self {
        Self {
            key,
            issues_from: Duration::ZERO,
            retired: None,
            lifetime: Duration::ZERO,
            grace: Duration::ZERO,
        }
    }

    pub(crate) fn opens(&self, now: Duration, lifetime: Duration) -> bool {
        let lifetime = lifetime.max(self.lifetime).saturating_add(self.grace);
        self.retired
            .is_none_or(|retired| now < retired.saturating_add(lifetime))
    }

    fn may_issue(&self, now: Duration) -> bool {
        self.retired.is_none_or(|retired| now < retired)
    }
}

impl Ring {
    /// A ring of one key.
    pub(crate) fn of(key: TicketKey) -> Self {
        Self {
            keys: vec![RingKey::lasting(key)],
            rotation: Rotation::ByHand,
        }
    }

    /// The first of `keys` issues.
    pub(crate) fn try_from_keys(keys: impl IntoIterator<Item = TicketKey>) -> Result<Self, Error> {
        let mut ring = Vec::<RingKey>::new();
        for key in keys {
            if ring.iter().any(|entry| entry.key.name() == key.name()) {
                return Err(Error::DuplicateTicketKey);
            }
            ring.push(RingKey::lasting(key));
        }
        match ring.len() {
            0 => Err(Error::TicketKeyLength { given: 0 }),
            1..=MAX_RING_KEYS => Ok(Self {
                keys: ring,
                rotation: Rotation::ByHand,
            }),
            given => Err(Error::TooManyTicketKeys { given }),
        }
    }

    /// The ring of a clock at `now`.
    pub(crate) fn by_clock(epochs: Arc<ClockEpochs>, now: Duration) -> Result<Self, Error> {
        let (key, issues_from) = epochs.issuing(now)?;
        Ok(Self {
            keys: vec![RingKey {
                key,
                issues_from,
                retired: None,
                lifetime: Duration::ZERO,
                grace: Duration::ZERO,
            }],
            rotation: Rotation::ByClock(epochs),
        })
    }

    /// The ring of a fleet.
    pub(crate) fn published(keys: Arc<PublishedKeys>) -> Self {
        Self {
            keys: keys.ring_keys(),
            rotation: Rotation::Published {
                synced: keys.synced(),
                keys,
            },
        }
    }

    pub(crate) fn rotation(&self) -> &Rotation {
        &self.rotation
    }

    /// This ring, turned by the first use after each `period` from `now` on.
    pub(crate) fn turning(&self, period: Duration, now: Duration) -> Self {
        let mut ring = self.clone();
        if let Some(first) = ring.keys.first_mut() {
            first.issues_from = now;
        }
        ring.rotation = Rotation::Every(period);
        ring
    }

    /// A ring of other keys that turns as this one does. Keys given by hand end a rotation by clock.
    pub(crate) fn replaced(&self, mut by: Self, now: Duration) -> Self {
        if let Rotation::Every(period) = self.rotation {
            by = by.turning(period, now);
        }
        by
    }

    /// This ring with `key` in front and the former first key retiring.
    pub(crate) fn rotated(&self, key: &TicketKey, now: Duration, lifetime: Duration) -> Self {
        let mut keys = vec![RingKey {
            key: key.clone(),
            issues_from: now,
            retired: None,
            lifetime: Duration::ZERO,
            grace: Duration::ZERO,
        }];
        for (place, entry) in self.keys.iter().enumerate() {
            let mut entry = entry.clone();
            if place == 0 {
                entry.retired = Some(now);
            }
            if entry.key != *key && entry.opens(now, lifetime) {
                keys.push(entry);
            }
        }
        keys.truncate(MAX_RING_KEYS);
        Self {
            keys,
            rotation: self.rotation.clone(),
        }
    }

    /// This ring without the keys whose time is over.
    pub(crate) fn pruned(&self, now: Duration, lifetime: Duration) -> Self {
        let mut ring = self.clone();
        ring.keys.retain(|entry| entry.opens(now, lifetime));
        ring
    }

    /// Whether a key's time is over.
    pub(crate) fn wants_pruning(&self, now: Duration, lifetime: Duration) -> bool {
        self.keys.iter().any(|entry| !entry.opens(now, lifetime))
    }

    /// Whether another key should issue by now.
    ///
    /// A ring holds few keys, so that a period much shorter than the lifetime is stretched: the
    /// oldest ticket's key is kept for the lifetime in any case.
    pub(crate) fn wants_rotation(&self, now: Duration, lifetime: Duration) -> bool {
        let Some(first) = self.keys.first() else {
            return true;
        };
        let passed = now.saturating_sub(first.issues_from);
        match &self.rotation {
            Rotation::ByHand | Rotation::Published { .. } => false,
            Rotation::Every(period) => passed >= stretched(*period, lifetime),
            Rotation::ByClock(epochs) => epochs.wants_rotation(first.key.name(), now),
        }
    }

    /// The key that issues; none while a fleet's first keys are awaited.
    pub(crate) fn issuing(&self, now: Duration) -> Option<&TicketKey> {
        let Rotation::Published { synced, .. } = self.rotation else {
            return self.keys.first().map(|entry| &entry.key);
        };
        let mut keys = self.keys.iter().filter(|entry| entry.may_issue(now));
        let usable = keys.clone().find(|entry| entry.issues_from <= now);
        // Of a fleet's very first keys, the oldest needs no time to spread.
        let usable = usable.or_else(|| keys.next_back().filter(|_| synced));
        usable.map(|entry| &entry.key)
    }

    /// The key that issues or will.
    pub(crate) fn first(&self) -> Option<&TicketKey> {
        self.keys.first().map(|entry| &entry.key)
    }

    /// What `name` stands for, unless its time is over.
    pub(crate) fn named(&self, name: &[u8], now: Duration, lifetime: Duration) -> Option<Named> {
        if let Rotation::ByClock(epochs) = &self.rotation {
            return epochs.named(name, now, lifetime);
        }
        let entry = self.keys.iter().find(|entry| entry.key.name() == name)?;
        let opens = entry.opens(now, lifetime);
        opens.then(|| Named::Opens(entry.key.clone()))
    }

    /// Whether another key of the ring has the name of `key`.
    pub(crate) fn clashes_with(&self, key: &TicketKey) -> bool {
        self.keys
            .iter()
            .any(|entry| entry.key.name() == key.name() && entry.key != *key)
    }

    /// The keys that open now, without their secrets, the one that issues first.
    pub(crate) fn list(&self, now: Duration, lifetime: Duration) -> Vec<ListedKey> {
        let times = |name: [u8; KEY_NAME_LEN]| match &self.rotation {
            Rotation::ByClock(epochs) => epochs.times(name),
            _ => {
                let entry = self.keys.iter().find(|entry| entry.key.name() == name);
                let from = entry.map(|entry| entry.issues_from);
                let from = from.filter(|from| !from.is_zero());
                (from, entry.and_then(|entry| entry.retired))
            }
        };
        let issuing = self.issuing(now).map(TicketKey::name);
        let listed = self.names(now, lifetime).into_iter().map(|name| {
            let (mut issues_from, retired) = times(name);
            let state = if issuing == Some(&name[..]) {
                // A fleet's very first key does before others could have had it.
                issues_from = issues_from.map(|from| from.min(now));
                KeyState::Issues
            } else if issues_from.is_some_and(|from| from > now) {
                KeyState::Comes
            } else {
                KeyState::Opens
            };
            ListedKey {
                name,
                state,
                issues_from,
                retired,
            }
        });
        listed.collect()
    }

    /// The names of the keys that open now, the one that issues first.
    pub(crate) fn names(&self, now: Duration, lifetime: Duration) -> Vec<[u8; KEY_NAME_LEN]> {
        if let Rotation::ByClock(epochs) = &self.rotation {
            return epochs.names(now, lifetime);
        }
        let issuing = self.issuing(now);
        let others = self
            .keys
            .iter()
            .filter(|entry| entry.opens(now, lifetime) && Some(&entry.key) != issuing);
        issuing
            .into_iter()
            .chain(others.map(|entry| &entry.key))
            .filter_map(|key| key.name().try_into().ok())
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }
}

/// A period for which a ring has room.
pub(crate) fn stretched(period: Duration, lifetime: Duration) -> Duration {
    period.max(lifetime / PERIODS_IN_A_LIFETIME)
}
