//! Ticket keys by the clock: the key of an epoch follows from a shared secret and the epoch's number.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::limits::{FLEET_CLOCK_TOLERANCE, KEY_NAME_LEN, TICKET_KEY_LEN};
use crate::shared_secret::Secrets;
use crate::ticket_key_ring::Named;
use crate::{Error, SharedSecret, TicketKey};

const EXTRACT_SALT: &[u8] = b"tls ticket keys by clock v1";
const TAG_INFO: &[u8] = b"name of the fleet";
const KEY_INFO: &[u8] = b"key of an epoch";
const TAG_LEN: usize = 8;

/// The epochs of a fleet: epoch `n` begins `n` periods after 1970.
///
/// A key's name is `tag of the fleet (8) | number of the epoch (8)`: a ticket says which epoch's key
/// opens it, so that no worker has to keep any.
pub(crate) struct ClockEpochs {
    secret: SharedSecret,
    period: Duration,
    derived: ArcSwap<Derived>,
}

/// What follows from the secrets of a moment.
struct Derived {
    from: Arc<Secrets>,
    fleets: Vec<Fleet>,
}

/// What follows from one secret and the period.
struct Fleet {
    tag: [u8; TAG_LEN],
    key: Zeroizing<[u8; 32]>,
}

impl ClockEpochs {
    /// `period` of a second at least.
    pub(crate) fn new(secret: SharedSecret, period: Duration) -> Result<Self, Error> {
        let period = Duration::from_secs(period.as_secs().max(1));
        let derived = ArcSwap::from_pointee(Derived::of(secret.current(), period)?);
        Ok(Self {
            secret,
            period,
            derived,
        })
    }

    pub(crate) fn period(&self) -> Duration {
        self.period
    }

    /// The same secret, other epochs.
    pub(crate) fn with_period(&self, period: Duration) -> Result<Self, Error> {
        Self::new(self.secret.clone(), period)
    }

    /// The key that issues at `now`, and since when.
    pub(crate) fn issuing(&self, now: Duration) -> Result<(TicketKey, Duration), Error> {
        let epoch = self.epoch(now);
        let derived = self.derived()?;
        let fleet = derived.fleets.first().ok_or(Error::Randomness)?;
        Ok((fleet.key(epoch)?, self.start(epoch)))
    }

    /// Whether the key `name` is not the one of `now`: of another epoch, either way, or of another
    /// secret.
    pub(crate) fn wants_rotation(&self, name: &[u8], now: Duration) -> bool {
        let derived = self.derived().ok();
        let fleet = derived.as_ref().and_then(|derived| derived.fleets.first());
        fleet.is_some_and(|fleet| fleet.name(self.epoch(now)) != name)
    }

    /// What `name` stands for. The next epoch's key opens some minutes before its time, since clocks
    /// differ, and a past one until what it issued has expired.
    pub(crate) fn named(&self, name: &[u8], now: Duration, lifetime: Duration) -> Option<Named> {
        let (tag, epoch) = name.split_first_chunk::<TAG_LEN>()?;
        let epoch = u64::from_be_bytes(epoch.try_into().ok()?);
        let derived = self.derived().ok()?;
        let fleet = derived.fleets.iter().find(|fleet| fleet.tag == *tag)?;
        let (start, end) = (self.start(epoch), self.start(epoch.saturating_add(1)));
        let until = end
            .saturating_add(lifetime)
            .saturating_add(FLEET_CLOCK_TOLERANCE);
        if now >= until {
            return None;
        }
        let key = fleet.key(epoch).ok()?;
        let early = start.saturating_sub(now);
        Some(if early <= FLEET_CLOCK_TOLERANCE {
            Named::Opens(key)
        } else {
            Named::NotYet(key, early)
        })
    }

    /// The names of the keys that open at `now`: the one that issues, then those that may come from
    /// clocks that are ahead, then the past ones; 16 at most.
    pub(crate) fn names(&self, now: Duration, lifetime: Duration) -> Vec<[u8; KEY_NAME_LEN]> {
        let Ok(derived) = self.derived() else {
            return Vec::new();
        };
        let current = self.epoch(now);
        let next = self.epoch(now.saturating_add(FLEET_CLOCK_TOLERANCE));
        let overlap = lifetime.saturating_add(FLEET_CLOCK_TOLERANCE);
        let oldest = self.epoch(now.saturating_sub(overlap));
        let epochs = std::iter::once(current)
            .chain(current.saturating_add(1)..=next)
            .chain((oldest..current).rev());
        let fleets = &derived.fleets;
        epochs
            .flat_map(|epoch| fleets.iter().map(move |fleet| fleet.name(epoch)))
            .take(crate::limits::MAX_RING_KEYS)
            .collect()
    }

    /// When the key of this name begins and ceases to issue.
    pub(crate) fn times(&self, name: [u8; KEY_NAME_LEN]) -> (Option<Duration>, Option<Duration>) {
        let epoch = name.split_first_chunk::<TAG_LEN>();
        let epoch = epoch.and_then(|(_, epoch)| <[u8; 8]>::try_from(epoch).ok());
        let epoch = epoch.map(u64::from_be_bytes);
        let start = |epoch| self.start(epoch);
        (
            epoch.map(start),
            epoch.map(|epoch| epoch.saturating_add(1)).map(start),
        )
    }

    fn epoch(&self, at: Duration) -> u64 {
        at.as_secs() / self.period.as_secs().max(1)
    }

    fn start(&self, epoch: u64) -> Duration {
        Duration::from_secs(epoch.saturating_mul(self.period.as_secs()))
    }

    /// What follows from today's secrets, derived once.
    fn derived(&self) -> Result<Arc<Derived>, Error> {
        let derived = self.derived.load_full();
        let secrets = self.secret.current();
        if Arc::ptr_eq(&derived.from, &secrets) {
            return Ok(derived);
        }
        let fresh = Arc::new(Derived::of(secrets, self.period)?);
        self.derived.store(fresh.clone());
        Ok(fresh)
    }
}

impl Derived {
    fn of(from: Arc<Secrets>, period: Duration) -> Result<Self, Error> {
        let fleets = from
            .iter()
            .map(|secret| Fleet::of(secret, period))
            .collect::<Result<_, _>>()?;
        Ok(Self { from, fleets })
    }
}

impl Fleet {
    /// The period is part of it: fleets that count epochs otherwise share no key.
    fn of(secret: &[u8], period: Duration) -> Result<Self, Error> {
        let period = period.as_secs().to_be_bytes();
        let mut fleet = Self {
            tag: [0; TAG_LEN],
            key: Zeroizing::new([0; 32]),
        };
        let hkdf = Hkdf::<Sha256>::new(Some(EXTRACT_SALT), secret);
        hkdf.expand_multi_info(&[TAG_INFO, &period], &mut fleet.tag)
            .and_then(|()| hkdf.expand_multi_info(&[KEY_INFO, &period], fleet.key.as_mut()))
            .map_err(|_| Error::Randomness)?;
        Ok(fleet)
    }

    fn name(&self, epoch: u64) -> [u8; KEY_NAME_LEN] {
        let mut name = [0; KEY_NAME_LEN];
        let bytes = self.tag.into_iter().chain(epoch.to_be_bytes());
        name.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        name
    }

    fn key(&self, epoch: u64) -> Result<TicketKey, Error> {
        let mut bytes = Zeroizing::new([0; TICKET_KEY_LEN]);
        let (name, secret) = bytes.split_at_mut(KEY_NAME_LEN);
        name.copy_from_slice(&self.name(epoch));
        Hkdf::<Sha256>::from_prk(self.key.as_ref())
            .ok()
            .and_then(|hkdf| hkdf.expand(&epoch.to_be_bytes(), secret).ok())
            .ok_or(Error::Randomness)?;
        TicketKey::try_from(&bytes[..])
    }
}
