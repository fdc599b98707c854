//! Sessions that are no longer to resume: those of a client, or of a context that was replaced.

mod shared;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use tls_certs::CertificateSummary;
use tls_context::MAX_SESSION_TIMEOUT;
use tls_session_store::{ContextId, Kind, SharedSecret};

use crate::limits::{MAX_REVOCATIONS, REVOCATION_MARGIN};
use crate::session::StoredId;

pub(crate) use shared::{ask, keep_published, publish, publish_all};

/// Whose sessions [`ServerHandle::revoke_sessions`](crate::ServerHandle::revoke_sessions) ends: of
/// all clients whose own certificate has this property.
///
/// ```
/// use tls_net::SessionsOf;
///
/// let one_client = SessionsOf::Name("spiffe://example.org/billing".into());
/// let one_certificate = SessionsOf::Serial("04:D2".into());
/// # let _ = (one_client, one_certificate);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionsOf {
    /// This certificate: SHA-256 of its DER.
    Certificate([u8; 32]),
    /// This serial number, whoever issued it: hex digits, in either case, with or without colons
    /// and leading zeros.
    Serial(String),
    /// This common name or subject alternative name (DNS name, mail address, URI, IP address),
    /// without regard to ASCII case.
    Name(String),
    /// This subject on one line, as
    /// [`CertificateSummary::subject`](tls_certs::CertificateSummary) shows it.
    Subject(String),
}

impl SessionsOf {
    /// The sessions of exactly this certificate.
    pub fn certificate(certificate: &CertificateDer<'_>) -> Self {
        Self::Certificate(Sha256::digest(certificate).into())
    }

    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Certificate(fingerprint) => Key::of(0, fingerprint),
            Self::Serial(serial) => Key::of(1, normal_serial(serial).as_bytes()),
            Self::Name(name) => Key::of(2, name.to_ascii_lowercase().as_bytes()),
            Self::Subject(subject) => Key::of(3, subject.as_bytes()),
        }
    }
}

fn normal_serial(serial: &str) -> String {
    let digits: String = serial
        .chars()
        .filter(char::is_ascii_hexdigit)
        .map(|digit| digit.to_ascii_uppercase())
        .collect();
    digits.trim_start_matches('0').to_owned()
}

/// What a session may be revoked by, hashed. Workers share a revocation under an id that only those
/// who have their secret can make of it: whoever reads the store learns nobody's name there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    fn of(kind: u8, value: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"tls-net sessions of v1");
        hash.update([kind]);
        hash.update(value);
        Self(hash.finalize().into())
    }

    /// Where the store has it: under the first with the secret of today, under the others with those
    /// from before.
    fn stored_ids(&self, secret: &SharedSecret) -> impl Iterator<Item = StoredId> {
        let blinded = secret.blind(Kind::Revocation, &self.0);
        blinded
            .into_iter()
            .map(|[id @ .., _, _, _, _, _, _, _, _]| id)
    }

    fn context(id: &ContextId) -> Self {
        Self::of(4, id.as_bytes())
    }

    /// Everything by which the sessions of this client can be revoked.
    pub(crate) fn all_of(chain: &[CertificateDer<'_>]) -> Vec<Self> {
        let Some(leaf) = chain.first() else {
            return Vec::new();
        };
        let mut keys = vec![SessionsOf::certificate(leaf).key()];
        // What was verified can be read; if not, the certificate itself is what there is.
        if let Ok(summary) = CertificateSummary::from_der(leaf) {
            keys.push(SessionsOf::Serial(summary.serial.clone()).key());
            keys.push(SessionsOf::Subject(summary.subject.clone()).key());
            keys.extend(names(&summary).map(|name| SessionsOf::Name(name).key()));
        }
        keys
    }
}

fn names(summary: &CertificateSummary) -> impl Iterator<Item = String> {
    let texts = [&summary.dns_names, &summary.email_addresses, &summary.uris];
    let texts = texts.into_iter().flatten();
    let addresses = summary.ip_addresses.iter().map(ToString::to_string);
    let mut names: Vec<String> = summary
        .common_name
        .iter()
        .chain(texts)
        .map(|name| name.to_ascii_lowercase())
        .chain(addresses)
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

/// What this process knows to be revoked. Times are Unix seconds: a session is void if it was first
/// authenticated then or before.
#[derive(Debug, Default)]
pub(crate) struct Revocations {
    /// Nothing was ever revoked: nothing need be hashed.
    some: AtomicBool,
    /// Somebody tells the store again and again.
    telling: AtomicBool,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    until: HashMap<Key, u64>,
    /// Where more was revoked than is remembered one by one: everything of that time.
    everything_until: u64,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known")
            .field("entries", &self.until.len())
            .finish_non_exhaustive()
    }
}

impl Revocations {
    /// From now on nothing of `key` resumes that was made until `now`; the time to share.
    ///
    /// The clocks of workers may differ: what a session says to be made within the margin may have
    /// been made before.
    pub(crate) fn revoke(&self, key: Key, now: u64) -> u64 {
        let until = now.saturating_add(REVOCATION_MARGIN.as_secs());
        self.learn(key, until, now);
        until
    }

    /// Sessions made by the context of this id.
    pub(crate) fn revoke_context(&self, id: &ContextId, now: u64) {
        self.revoke(Key::context(id), now);
    }

    fn learn(&self, key: Key, until: u64, now: u64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.until.len() >= MAX_REVOCATIONS {
            let oldest = now.saturating_sub(MAX_SESSION_TIMEOUT.as_secs());
            known.until.retain(|_, until| *until > oldest);
        }
        if known.until.len() >= MAX_REVOCATIONS {
            let last = known.until.values().max().copied().unwrap_or_default();
            known.everything_until = known.everything_until.max(last);
            known.until.clear();
        }
        let entry = known.until.entry(key).or_default();
        *entry = until.max(*entry);
        self.some.store(true, Ordering::Release);
    }

    /// Whether anything revokes a session of this client and context, first authenticated at `at`.
    /// `keys` are those of the client, made when they are needed.
    pub(crate) fn revoked(
        &self,
        context_id: &ContextId,
        keys: impl FnOnce() -> Vec<Key>,
        at: u64,
    ) -> bool {
        if !self.some.load(Ordering::Acquire) {
            return false;
        }
        let keys = keys();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let context = Key::context(context_id);
        at <= known.everything_until
            || keys
                .iter()
                .chain([&context])
                .any(|key| known.until.get(key).is_some_and(|until| at <= *until))
    }

    /// All that is still worth telling other workers.
    fn to_publish(&self, now: u64) -> Vec<(Key, u64)> {
        let oldest = now.saturating_sub(MAX_SESSION_TIMEOUT.as_secs());
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let entries = known.until.iter().map(|(key, until)| (*key, *until));
        entries.filter(|(_, until)| *until > oldest).collect()
    }
}

#[cfg(test)]
mod tests {
    use tls_testing::Pki;

    use super::*;

    const CONTEXT: ContextId = ContextId([1; 32]);

    fn leaf() -> CertificateDer<'static> {
        Pki::shared().client.certificate().clone()
    }

    #[test]
    fn a_client_is_known_by_each_of_its_properties() {
        let leaf = leaf();
        let summary = CertificateSummary::from_der(&leaf).unwrap();
        let keys = Key::all_of(std::slice::from_ref(&leaf));
        let colons: Vec<String> = summary
            .serial
            .to_lowercase()
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).into_owned())
            .collect();
        for whose in [
            SessionsOf::certificate(&leaf),
            SessionsOf::Serial(summary.serial.clone()),
            SessionsOf::Serial(format!("00:{}", colons.join(":"))),
            SessionsOf::Subject(summary.subject.clone()),
            SessionsOf::Name("CLIENT.test".to_owned()),
        ] {
            assert!(keys.contains(&whose.key()), "{whose:?}");
        }
        for whose in [
            SessionsOf::Certificate([0; 32]),
            SessionsOf::Serial("1".to_owned()),
            SessionsOf::Name("other.test".to_owned()),
            SessionsOf::Name(summary.serial.clone()),
        ] {
            assert!(!keys.contains(&whose.key()), "{whose:?}");
        }
        assert!(Key::all_of(&[]).is_empty());
    }

    #[test]
    fn sessions_made_afterwards_are_good() {
        let revocations = Revocations::default();
        let key = SessionsOf::Name("a".to_owned()).key();
        let other = SessionsOf::Name("b".to_owned()).key();
        let revoked = |key, at| revocations.revoked(&CONTEXT, || vec![key], at);
        assert!(!revoked(key, 1));
        let until = revocations.revoke(key, 1000);
        assert!(revoked(key, 1000) && revoked(key, until) && !revoked(key, until + 1));
        assert!(!revoked(other, 1000));
        // An older word changes nothing.
        revocations.revoke(key, 500);
        assert!(revoked(key, until));
        revocations.revoke_context(&CONTEXT, 2000);
        assert!(revoked(other, 2000));
        assert!(!revocations.revoked(&ContextId([2; 32]), || vec![other], 2000));
    }

    #[test]
    fn more_than_can_be_remembered_revokes_everything() {
        let revocations = Revocations::default();
        let key = |n: usize| SessionsOf::Name(n.to_string()).key();
        for n in 0..=MAX_REVOCATIONS {
            revocations.revoke(key(n), 1000);
        }
        let revoked = |key, at| revocations.revoked(&CONTEXT, || vec![key], at);
        assert!(revoked(key(0), 1000) && revoked(key(usize::MAX), 1000));
        // As far as each of them went: clocks differ.
        let until = 1000 + REVOCATION_MARGIN.as_secs();
        assert!(revoked(key(usize::MAX), until) && !revoked(key(usize::MAX), until + 1));
        assert!(!revoked(key(0), 2000));
        assert_eq!(revocations.to_publish(1000).len(), 1);
        let later = 1000 + MAX_SESSION_TIMEOUT.as_secs() + REVOCATION_MARGIN.as_secs();
        assert!(revocations.to_publish(later).is_empty());
    }
}
