//! A ticket key as it lies in the store: sealed, under an id that only the fleet can name.

use std::time::Duration;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::limits::{PUBLISHED_SLOTS, TICKET_KEY_LEN};
use crate::{ContextId, Error, Kind, SharedSecret, TicketKey};

const ID_SALT: &[u8] = b"tls published ticket keys v1";
const VERSION: u8 = 1;
const RECORD_LEN: usize = 1 + TICKET_KEY_LEN + 5 * 8;

/// All keys of a fleet are of one context: who may use them is the fleet's secret's matter.
const CONTEXT: ContextId = ContextId([0; 32]);

/// The id of a slot. Another length than session ids have, and not to be guessed: a stranger who
/// offers a session by an id makes servers take what lies under it.
pub(super) type SlotId = [u8; 24];

/// The ids of the slots of one secret.
pub(super) fn slot_ids(secret: &[u8]) -> Option<[SlotId; PUBLISHED_SLOTS]> {
    let hkdf = Hkdf::<Sha256>::new(Some(ID_SALT), secret);
    let mut ids = [SlotId::default(); PUBLISHED_SLOTS];
    for (slot, id) in ids.iter_mut().enumerate() {
        hkdf.expand(&[u8::try_from(slot).ok()?], id).ok()?;
    }
    Some(ids)
}

/// What one slot holds. Times are Unix times by the clock of whoever published it, in milliseconds.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) key: TicketKey,
    /// No worker issues with it before.
    pub(super) issues_from: Duration,
    /// Until when some worker issued with it at least, though another key was there already: one that
    /// was cut off.
    pub(super) issued_until: Duration,
    /// When it was put first.
    pub(super) published: Duration,
    /// How long its tickets live.
    pub(super) lifetime: Duration,
    /// From then on nobody takes it up: a store that lies can't bring a key back.
    pub(super) ends: Duration,
}

impl Record {
    pub(super) fn seal(&self, secret: &SharedSecret, id: &SlotId) -> Result<Vec<u8>, Error> {
        let mut plain = Zeroizing::new(Vec::with_capacity(RECORD_LEN));
        plain.push(VERSION);
        plain.extend_from_slice(self.key.as_bytes());
        for time in [
            self.issues_from,
            self.issued_until,
            self.published,
            self.lifetime,
            self.ends,
        ] {
            let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            plain.extend_from_slice(&milliseconds.to_be_bytes());
        }
        secret.seal_value(Kind::PublishedKey, &CONTEXT, id, &plain)
    }

    /// `None` for whatever is not a record of this fleet in this slot.
    pub(super) fn open(secret: &SharedSecret, id: &SlotId, sealed: &[u8]) -> Option<Self> {
        let opened = secret.open_value(Kind::PublishedKey, &CONTEXT, id, sealed);
        let plain = opened.ok()?;
        let [VERSION, rest @ ..] = &plain[..] else {
            return None;
        };
        let (key, times) = rest.split_at_checked(TICKET_KEY_LEN)?;
        let (times, odd) = times.as_chunks::<8>();
        let [issues_from, issued_until, published, lifetime, ends] = *times else {
            return None;
        };
        let time = |bytes| Duration::from_millis(u64::from_be_bytes(bytes));
        odd.is_empty().then_some(())?;
        Some(Self {
            key: TicketKey::try_from(key).ok()?,
            issues_from: time(issues_from),
            issued_until: time(issued_until),
            published: time(published),
            lifetime: time(lifetime),
            ends: time(ends),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let times = [4, 5, 6, 7, 8].map(Duration::from_millis);
        let [issues_from, issued_until, published, lifetime, ends] = times;
        Record {
            key: TicketKey::from([9; 48]),
            issues_from,
            issued_until,
            published,
            lifetime,
            ends,
        }
    }

    #[test]
    fn a_record_opens_in_its_slot_under_its_secret_only() {
        let [secret, other] = [1, 2].map(|byte| SharedSecret::from_bytes(&[byte; 32]).unwrap());
        let ids = slot_ids(&[1; 32]).unwrap();
        let sealed = record().seal(&secret, &ids[3]).unwrap();
        let opened = Record::open(&secret, &ids[3], &sealed).unwrap();
        assert!(opened.key == record().key);
        let times = [
            opened.issues_from,
            opened.issued_until,
            opened.published,
            opened.lifetime,
            opened.ends,
        ];
        assert_eq!(times, [4, 5, 6, 7, 8].map(Duration::from_millis));
        assert!(Record::open(&secret, &ids[4], &sealed).is_none());
        assert!(Record::open(&other, &ids[3], &sealed).is_none());
        assert!(Record::open(&secret, &ids[3], &sealed[1..]).is_none());
    }

    #[test]
    fn what_is_no_record_is_none() {
        let secret = SharedSecret::from_bytes(&[1; 32]).unwrap();
        let id = [7; 24];
        for plain in [
            &b""[..],
            &[2; RECORD_LEN],
            &[1; RECORD_LEN - 1],
            &[1; RECORD_LEN + 1],
        ] {
            let sealed = secret.seal_value(Kind::PublishedKey, &CONTEXT, &id, plain);
            assert!(Record::open(&secret, &id, &sealed.unwrap()).is_none());
        }
    }

    #[test]
    fn every_slot_of_every_secret_has_an_id_of_its_own() {
        let ids = [[1; 32], [2; 32]].map(|secret| slot_ids(&secret).unwrap());
        let all: std::collections::HashSet<_> = ids.iter().flatten().collect();
        assert_eq!(all.len(), 2 * PUBLISHED_SLOTS);
    }
}
