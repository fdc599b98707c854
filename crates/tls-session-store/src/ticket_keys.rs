//! The keys of a server: one issues tickets, the others still open theirs.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::server::ProducesTickets;
use zeroize::Zeroizing;

use crate::limits::{DEFAULT_LIFETIME, KEY_NAME_LEN, MAX_LIFETIME, TICKET_KEY_LEN};
use crate::sealing_key::{SALT_LEN, SealingKey, TAG_LEN, fresh_salt};
use crate::ticket_key_ring::Ring;
use crate::ticketer::Ticketer;
use crate::{
    Clock, ContextId, Envelope, Error, Kind, NotResumed, OpenFailure, TicketKey, ticket_key_source,
};

/// Starts the derivation of every ticket's own key.
const LABEL: &[u8] = b"tls-ticket v1";
const HEADER_LEN: usize = KEY_NAME_LEN + SALT_LEN;
const AAD_LEN: usize = KEY_NAME_LEN + 1 + 32;

/// A ring of ticket keys, shared by all its clones: the first key issues tickets, the others open
/// those that they made.
///
/// A ticket is `key name (16) | salt (32) | AES-256-GCM ciphertext and tag (16)`. Its key and nonce are
/// its own: HKDF-SHA256 over the 48 bytes and the salt, with kind and [`ContextId`] in the info and, with
/// the key name, in the authenticated data. Reading takes no lock.
///
/// ```
/// use tls_session_store::{ContextId, Kind, OpenFailure, TicketKeys};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = TicketKeys::generate()?;
/// let other_worker = TicketKeys::from_bytes(keys.to_bytes());
/// let staff = ContextId::from_label("staff: client certificates of CA 7");
///
/// let ticket = keys.seal(Kind::RustlsTicket, &staff, b"session")?;
/// assert_eq!(*other_worker.open(Kind::RustlsTicket, &staff, &ticket)?, b"session");
///
/// let public = ContextId::from_label("public: no client certificates");
/// let refused = other_worker.open(Kind::RustlsTicket, &public, &ticket);
/// assert_eq!(refused.unwrap_err(), OpenFailure::NotAuthentic);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TicketKeys {
    ring: Arc<ArcSwap<Ring>>,
    clock: Clock,
    lifetime: Duration,
}

impl TicketKeys {
    /// A ring of one fresh random key, for a server of one process.
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none.
    pub fn generate() -> Result<Self, Error> {
        Ok(Self::from_ring(Ring::of(TicketKey::generate()?)))
    }

    /// A ring of one key, as shared with other workers.
    #[must_use]
    pub fn from_bytes(key: [u8; TICKET_KEY_LEN]) -> Self {
        Self::from_ring(Ring::of(key.into()))
    }

    /// A ring of several keys: the first issues, all open.
    ///
    /// # Errors
    /// For no key, more than 16, or two of one name.
    pub fn from_keys(keys: impl IntoIterator<Item = TicketKey>) -> Result<Self, Error> {
        Ok(Self::from_ring(Ring::try_from_keys(keys)?))
    }

    /// The keys of a file: 48 raw bytes, or text with one key a line as 96 hex digits or 64
    /// characters of base64, `#` starting a comment. The first key issues, all open.
    ///
    /// # Errors
    /// If the file cannot be read, is open to others than its owner (`insecure_permissions`), belongs
    /// to someone else (`insecure_owner`), or holds anything but keys.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_keys(ticket_key_source::read_file(path.as_ref())?)
    }

    /// Writes a new file, for its owner's eyes only, with one fresh key, and gives the ring of it.
    ///
    /// # Errors
    /// If the file exists (no key is ever overwritten) or cannot be written.
    pub fn write_new_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let key = TicketKey::generate()?;
        ticket_key_source::write_new_file(path.as_ref(), &key)?;
        Ok(Self::from_ring(Ring::of(key)))
    }

    fn from_ring(ring: Ring) -> Self {
        Self {
            ring: Arc::new(ArcSwap::from_pointee(ring)),
            clock: Clock::unix(),
            lifetime: DEFAULT_LIFETIME,
        }
    }

    /// How long tickets resume and retired keys open; at most seven days (RFC 8446, Section 4.6.1).
    /// Holds for this handle and the clones made of it afterwards.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime.min(MAX_LIFETIME);
        self
    }

    /// Another clock, of Unix time; for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long tickets resume and retired keys open; 7,200 s unless changed.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The 48 bytes of the key that issues. Secret: whoever has them resumes as any client.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; TICKET_KEY_LEN] {
        let ring = self.ring.load();
        ring.issuing()
            .map_or([0; TICKET_KEY_LEN], |key| *key.as_bytes())
    }

    /// Replaces the whole ring: tickets of other keys are ignored from now on (spec `TKT-05`).
    pub fn set(&self, key: &[u8; TICKET_KEY_LEN]) {
        self.ring.store(Arc::new(Ring::of(TicketKey::from(*key))));
    }

    /// Replaces the whole ring by the keys of a file, read as [`from_file`](Self::from_file) does. On an
    /// error the ring stays as it was.
    ///
    /// # Errors
    /// As for [`from_file`](Self::from_file).
    pub fn set_from_file(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let ring = Ring::try_from_keys(ticket_key_source::read_file(path.as_ref())?)?;
        self.ring.store(Arc::new(ring));
        Ok(())
    }

    /// A fresh random key issues from now on; the one before still opens its tickets for
    /// [`lifetime`](Self::lifetime).
    ///
    /// For a server of one process: in a fleet each worker would get another key. See
    /// [`rotate_to`](Self::rotate_to).
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none.
    pub fn rotate(&self) -> Result<(), Error> {
        self.rotate_to(&TicketKey::generate()?)
    }

    /// `key` issues from now on; the one before still opens its tickets for
    /// [`lifetime`](Self::lifetime). Of more than 16 keys the oldest go.
    ///
    /// # Errors
    /// [`Error::DuplicateTicketKey`] if another key of the ring has the same name.
    pub fn rotate_to(&self, key: &TicketKey) -> Result<(), Error> {
        let now = self.clock.now();
        let until = now.saturating_add(self.lifetime);
        if self.ring.load().clashes_with(key) {
            return Err(Error::DuplicateTicketKey);
        }
        self.ring.rcu(|ring| ring.rotated(key, now, until));
        Ok(())
    }

    /// The names of the keys, for showing: first the one that issues, then those that still open.
    /// No secrets: each ticket carries the name of its key in the clear.
    #[must_use]
    pub fn names(&self) -> Vec<[u8; KEY_NAME_LEN]> {
        let ring = self.ring.load();
        ring.open_keys(self.clock.now())
            .filter_map(|key| key.name().try_into().ok())
            .collect()
    }

    /// Whether `ticket` names one of the keys; says nothing about its being genuine.
    #[must_use]
    pub fn recognises(&self, ticket: &[u8]) -> bool {
        ticket.len() >= HEADER_LEN + TAG_LEN && self.key_for(ticket).is_some()
    }

    /// Seals `plaintext` into a ticket that opens only as `kind` under `context`.
    ///
    /// # Errors
    /// [`Error::TooLarge`], or [`Error::Randomness`].
    pub fn seal(
        &self,
        kind: Kind,
        context: &ContextId,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.seal_with(kind, context, plaintext.len(), |out| {
            out.extend_from_slice(plaintext);
            Ok(())
        })
    }

    /// Opens a ticket that one of the keys made as `kind` under `context`.
    ///
    /// # Errors
    /// [`OpenFailure`] tells whose fault it is.
    pub fn open(
        &self,
        kind: Kind,
        context: &ContextId,
        ticket: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenFailure> {
        if ticket.len() < HEADER_LEN + TAG_LEN {
            return Err(OpenFailure::Malformed);
        }
        let key = self.key_for(ticket).ok_or(OpenFailure::NotOurs)?;
        let (header, sealed) = ticket
            .split_at_checked(HEADER_LEN)
            .ok_or(OpenFailure::Malformed)?;
        let salt = header.get(KEY_NAME_LEN..).unwrap_or_default();
        SealingKey::derive(key.as_bytes(), salt, LABEL, kind, context)
            .ok_or(OpenFailure::Malformed)?
            .open(&aad(key.name(), kind, context), sealed)
    }

    /// Seals an envelope under the kind and context that it names itself.
    ///
    /// # Errors
    /// If the envelope is beyond its limits, or [`Error::Randomness`].
    pub fn seal_envelope(&self, envelope: &Envelope) -> Result<Vec<u8>, Error> {
        let len = envelope.encoded_len();
        self.seal_with(envelope.kind, &envelope.context_id, len, |out| {
            envelope.encode_into(out)
        })
    }

    /// Opens an envelope of `kind` and `context` that is no older than [`lifetime`](Self::lifetime).
    ///
    /// # Errors
    /// Why the session is not to be resumed.
    pub fn open_envelope(
        &self,
        kind: Kind,
        context: &ContextId,
        ticket: &[u8],
    ) -> Result<Envelope, NotResumed> {
        let envelope = Envelope::decode(&self.open(kind, context, ticket)?)
            .map_err(|_| NotResumed::Malformed)?;
        envelope.check(kind, context, self.clock.now(), self.lifetime)?;
        Ok(envelope)
    }

    /// A rustls ticketer whose tickets resume only at configs that hold this very `Arc`.
    ///
    /// Each call makes a ticketer with a context of its own, so that two configs never accept each
    /// other's sessions by accident. For workers that share keys, use
    /// [`ticketer_for`](Self::ticketer_for).
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none.
    pub fn ticketer(&self) -> Result<Arc<dyn ProducesTickets>, Error> {
        Ok(self.ticketer_for(ContextId::random()?))
    }

    /// A rustls ticketer whose tickets resume wherever the keys and `context` are the same: on other
    /// workers, after a restart.
    ///
    /// **`context` must differ between configs that differ in client authentication**: rustls resumes
    /// without looking at it, see [`ContextId`].
    #[must_use]
    pub fn ticketer_for(&self, context: ContextId) -> Arc<dyn ProducesTickets> {
        Arc::new(Ticketer::new(self.clone(), context))
    }

    pub(crate) fn seal_with(
        &self,
        kind: Kind,
        context: &ContextId,
        len: usize,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<Vec<u8>, Error> {
        let salt = fresh_salt()?;
        let ring = self.ring.load();
        let key = ring.issuing().ok_or(Error::Randomness)?;
        let sealing = SealingKey::derive(key.as_bytes(), &salt, LABEL, kind, context)
            .ok_or(Error::Randomness)?;
        // Never grows: a reallocation would leave plaintext behind.
        let mut out = Vec::with_capacity(HEADER_LEN + len + TAG_LEN);
        out.extend_from_slice(key.name());
        out.extend_from_slice(&salt);
        write(&mut out)?;
        sealing.seal(&aad(key.name(), kind, context), &mut out, HEADER_LEN)?;
        Ok(out)
    }

    /// The key that `ticket` names, if it still opens.
    fn key_for(&self, ticket: &[u8]) -> Option<TicketKey> {
        let name = ticket.get(..KEY_NAME_LEN)?;
        self.ring.load().opening(name, &self.clock).cloned()
    }
}

impl TryFrom<&[u8]> for TicketKeys {
    type Error = Error;

    /// A ring of one key; anything but 48 bytes is refused (spec `T-SES-06`).
    fn try_from(key: &[u8]) -> Result<Self, Error> {
        Ok(Self::from_ring(Ring::of(TicketKey::try_from(key)?)))
    }
}

impl fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketKeys")
            .field("keys", &self.ring.load().len())
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

fn aad(name: &[u8], kind: Kind, context: &ContextId) -> [u8; AAD_LEN] {
    let mut aad = [0; AAD_LEN];
    let fields = [name, &[kind.as_u8()], context.as_bytes()];
    for (place, byte) in aad.iter_mut().zip(fields.iter().copied().flatten()) {
        *place = *byte;
    }
    aad
}
