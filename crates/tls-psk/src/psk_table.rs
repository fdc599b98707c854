//! Keys by identity.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};

use tls_wire::ProtocolVersion;

use crate::limits::MAX_KEYS_PER_IDENTITY;
use crate::{PskFileProblem, PskIdentity, PskKey, PskWarning};

/// Keys by identity, several of one identity in the order in which they are tried.
#[derive(Clone, Default)]
pub(crate) struct PskTable {
    keys: HashMap<PskIdentity, Keys>,
    /// Who has each key, by its fingerprint.
    holders: HashMap<[u8; 32], PskIdentity>,
    warnings: Vec<PskWarning>,
}

/// The keys of one identity.
#[derive(Default)]
struct Keys {
    keys: Vec<PskKey>,
    /// The versions that they were asked for as they are, a bit each.
    versions: AtomicU8,
}

impl Clone for Keys {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            versions: self.versions.load(Ordering::Relaxed).into(),
        }
    }
}

impl PskTable {
    pub(crate) fn get(&self, identity: &PskIdentity) -> &[PskKey] {
        self.keys.get(identity).map_or(&[], |found| &found.keys)
    }

    /// Notes that the keys of an identity are asked for, as they are, for `version`; whether this
    /// is the first time that they serve a second one.
    pub(crate) fn serves_two_versions_now(
        &self,
        identity: &PskIdentity,
        version: ProtocolVersion,
    ) -> bool {
        let bit = match version {
            ProtocolVersion::Tls12 => 1,
            ProtocolVersion::Tls13 => 2,
            _ => return false,
        };
        let Some(found) = self.keys.get(identity) else {
            return false;
        };
        // Mostly it is one version for ever: no need to write then.
        if found.versions.load(Ordering::Relaxed) & bit != 0 {
            return false;
        }
        let before = found.versions.fetch_or(bit, Ordering::Relaxed);
        before != 0 && before & bit == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn identities(&self) -> impl Iterator<Item = &PskIdentity> {
        self.keys.keys()
    }

    pub(crate) fn warnings(&self) -> &[PskWarning] {
        &self.warnings
    }

    /// Puts a key behind those that the identity has. Gives the advice that is not followed.
    pub(crate) fn add(
        &mut self,
        identity: PskIdentity,
        key: PskKey,
    ) -> Result<Vec<PskWarning>, PskFileProblem> {
        let place = self.get(&identity).len();
        self.insert_at(place, identity, key)
    }

    /// Puts a key before those that the identity has; the last goes if there are too many.
    pub(crate) fn add_first(&mut self, identity: PskIdentity, key: PskKey) {
        if let Some(Keys { keys, .. }) = self.keys.get_mut(&identity) {
            keys.retain(|known| *known != key);
            let gone = keys.split_off(keys.len().min(MAX_KEYS_PER_IDENTITY - 1));
            self.forget(&identity, &gone);
        }
        // There is room now.
        let _ = self.insert_at(0, identity, key);
    }

    fn insert_at(
        &mut self,
        place: usize,
        identity: PskIdentity,
        key: PskKey,
    ) -> Result<Vec<PskWarning>, PskFileProblem> {
        let keys = self.get(&identity);
        if keys.contains(&key) {
            let warning = PskWarning::RepeatedKey { identity };
            self.warnings.push(warning.clone());
            return Ok(vec![warning]);
        }
        if keys.len() >= MAX_KEYS_PER_IDENTITY {
            return Err(PskFileProblem::TooManyKeys { identity });
        }
        let mut advice = Vec::new();
        if key.is_short() {
            advice.push(PskWarning::ShortKey {
                identity: identity.clone(),
                bits: 8 * key.len(),
            });
        }
        let holder = self.holders.entry(key.generation());
        let other = holder.or_insert_with(|| identity.clone());
        if *other != identity {
            advice.push(PskWarning::SharedKey {
                identity: identity.clone(),
                other: other.clone(),
            });
        }
        let found = self.keys.entry(identity).or_default();
        found.keys.insert(place, key);
        self.warnings.extend_from_slice(&advice);
        Ok(advice)
    }

    /// Takes all keys of an identity away; whether there were any.
    pub(crate) fn remove(&mut self, identity: &PskIdentity) -> bool {
        self.warnings.retain(|warning| !warning.is_about(identity));
        match self.keys.remove(identity) {
            Some(gone) => {
                self.forget(identity, &gone.keys);
                true
            }
            None => false,
        }
    }

    /// Leaves an identity its first key only.
    pub(crate) fn retire(&mut self, identity: &PskIdentity) -> bool {
        let Some(Keys { keys, .. }) = self.keys.get_mut(identity) else {
            return false;
        };
        let gone = keys.split_off(keys.len().min(1));
        self.forget(identity, &gone);
        !gone.is_empty()
    }

    /// `identity` has these keys no more; somebody else may.
    fn forget(&mut self, identity: &PskIdentity, gone: &[PskKey]) {
        for key in gone {
            let generation = key.generation();
            if self.holders.get(&generation) != Some(identity) {
                continue;
            }
            let mut others = self.keys.iter();
            match others.find(|(_, held)| held.keys.contains(key)) {
                Some((other, _)) => self.holders.insert(generation, other.clone()),
                None => self.holders.remove(&generation),
            };
        }
    }
}
