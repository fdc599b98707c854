//! The keys of a server: one issues tickets, the others still open theirs.

mod listing;
mod publishing;
mod rotating;
mod sealing;
mod turning;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::server::ProducesTickets;

pub use self::listing::{KeyState, ListedKey};
use self::turning::FleetWatch;
use crate::key_file_watch::OnFileChange;
use crate::key_time::KeyTime;
use crate::limits::{DEFAULT_LIFETIME, KEY_NAME_LEN, MAX_LIFETIME, TICKET_KEY_LEN};
use crate::ticket_key_ring::{Ring, Rotation};
use crate::ticketer::Ticketer;
use crate::{Clock, ContextId, Error, TicketKey, key_file_watch, ticket_key_source};

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
    shared: Arc<Shared>,
    time: KeyTime,
}

/// What all clones share.
pub(crate) struct Shared {
    ring: ArcSwap<Ring>,
    /// In milliseconds.
    lifetime: AtomicU64,
    /// TLS 1.2 too, though the keys have no forward secrecy.
    tls12_allowed: AtomicBool,
    fleet: FleetWatch,
    on_file_change: OnFileChange,
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

    /// The keys of a file, as [`from_file`](Self::from_file), and of whatever it changes to: a thread
    /// reads it every two seconds, and takes up what two readings show alike. A file that is missing
    /// or wrong in two readings is logged once and changes nothing; see
    /// [`on_file_change`](Self::on_file_change). The thread ends with the last clone.
    ///
    /// # Errors
    /// As for [`from_file`](Self::from_file), and if there can be no thread.
    pub fn watch_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let keys = ticket_key_source::read_file(path.as_ref())?;
        let ring = Self::from_keys(keys.iter().cloned())?;
        key_file_watch::spawn(path.as_ref(), keys, &ring)?;
        Ok(ring)
    }

    /// Has `told` called, in place of whoever was before, when the watched file's new keys were taken
    /// up, and once when what it holds now can't be. Without a watched file it is never called. It
    /// runs on the thread that reads the file.
    pub fn on_file_change(&self, told: impl Fn(Result<(), Error>) + Send + 'static) {
        self.shared.on_file_change.set(Box::new(told));
    }

    pub(crate) fn file_changes(&self) -> &OnFileChange {
        &self.shared.on_file_change
    }

    /// The keys in an environment variable: text as in a file, with white space or commas between
    /// them. Files are safer: a process's environment is inherited, and shown to its user.
    ///
    /// # Errors
    /// [`Error::KeyVariable`] if it is not set, [`Error::KeyVariableContent`] if it holds anything but
    /// keys. Neither shows what it holds.
    pub fn from_env(name: &str) -> Result<Self, Error> {
        Self::from_keys(ticket_key_source::read_variable(name)?)
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
            shared: Arc::new(Shared {
                ring: ArcSwap::from_pointee(ring),
                lifetime: AtomicU64::new(milliseconds(DEFAULT_LIFETIME)),
                tls12_allowed: AtomicBool::new(false),
                fleet: FleetWatch::default(),
                on_file_change: OnFileChange::default(),
            }),
            time: KeyTime::system(),
        }
    }

    /// How long tickets resume and retired keys open, for all clones; at most seven days (RFC 8446,
    /// Section 4.6.1).
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        let lifetime = milliseconds(lifetime.min(MAX_LIFETIME));
        self.shared.lifetime.store(lifetime, Ordering::Relaxed);
        self
    }

    /// Makes [`lifetime`](Self::lifetime) no shorter than this, for all clones, for whoever issues
    /// tickets that live longer: a key has to open for as long as what it issued.
    pub fn cover_lifetime(&self, lifetime: Duration) {
        let lifetime = milliseconds(lifetime.min(MAX_LIFETIME));
        if self.shared.lifetime.load(Ordering::Relaxed) < lifetime {
            self.shared.lifetime.fetch_max(lifetime, Ordering::Relaxed);
        }
    }

    /// Another clock, of Unix time; for tests. Give it before a rotation.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        self.with_clocks(clock.clone(), clock)
    }

    /// Another clock of Unix time, and one that nobody sets; for tests.
    #[must_use]
    pub fn with_clocks(mut self, unix: Clock, monotonic: Clock) -> Self {
        self.time = KeyTime::of(unix, monotonic);
        if let Rotation::Published { keys, .. } = self.shared.ring.load().rotation() {
            keys.restart(self.time.now());
            self.show(keys);
        }
        self
    }

    /// How long tickets resume and retired keys open; 7,200 s unless changed.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        Duration::from_millis(self.shared.lifetime.load(Ordering::Relaxed))
    }

    /// The time that tickets carry.
    pub(crate) fn unix_time(&self) -> Duration {
        self.time.unix()
    }

    /// The 48 bytes of the key that issues. Secret: whoever has them resumes as any client.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; TICKET_KEY_LEN] {
        let now = self.time.now();
        let ring = self.ring(now);
        ring.issuing(now)
            .or_else(|| ring.first())
            .map_or([0; TICKET_KEY_LEN], |key| *key.as_bytes())
    }

    /// Replaces the whole ring: tickets of other keys are ignored from now on (spec `TKT-05`). Ends
    /// a rotation by clock or through a store, in this process; one by period goes on.
    pub fn set(&self, key: &[u8; TICKET_KEY_LEN]) {
        self.replace(&Ring::of(TicketKey::from(*key)));
    }

    /// Replaces the whole ring by the keys of a file, read as [`from_file`](Self::from_file) does. On an
    /// error the ring stays as it was.
    ///
    /// # Errors
    /// As for [`from_file`](Self::from_file).
    pub fn set_from_file(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let keys = ticket_key_source::read_file(path.as_ref())?;
        self.set_keys(keys.clone())?;
        self.file_changes().read_by_others(keys);
        Ok(())
    }

    pub(crate) fn set_keys(&self, keys: Vec<TicketKey>) -> Result<(), Error> {
        self.replace(&Ring::try_from_keys(keys)?);
        Ok(())
    }

    fn replace(&self, by: &Ring) {
        let now = self.time.now();
        self.shared.ring.rcu(|ring| ring.replaced(by.clone(), now));
    }

    /// The names of the keys, for showing: first the one that issues, then those that still open.
    /// No secrets: each ticket carries the name of its key in the clear.
    #[must_use]
    pub fn names(&self) -> Vec<[u8; KEY_NAME_LEN]> {
        let now = self.time.now();
        self.ring(now).names(now, self.lifetime())
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
    ///
    /// rustls does not tell a ticketer for which version it wants a ticket, so that with keys
    /// [`by_clock`](Self::by_clock) it issues none, and rustls goes on with its session storage, until
    /// [`allow_tls12_tickets`](Self::allow_tls12_tickets) is said: at no price in a config with TLS 1.3
    /// only.
    #[must_use]
    pub fn ticketer_for(&self, context: ContextId) -> Arc<dyn ProducesTickets> {
        if !self.tls12_tickets() {
            tracing::warn!(
                "ticket keys by clock issue no tickets in plain rustls before allow_tls12_tickets"
            );
        }
        Arc::new(Ticketer::new(self.clone(), context))
    }

    pub(crate) fn downgrade(&self) -> WeakTicketKeys {
        WeakTicketKeys {
            shared: Arc::downgrade(&self.shared),
            time: self.time.clone(),
        }
    }
}

/// Keys that are gone once nobody else holds them.
pub(crate) struct WeakTicketKeys {
    shared: Weak<Shared>,
    time: KeyTime,
}

impl WeakTicketKeys {
    pub(crate) fn upgrade(&self) -> Option<TicketKeys> {
        Some(TicketKeys {
            shared: self.shared.upgrade()?,
            time: self.time.clone(),
        })
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
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
            .field("keys", &self.shared.ring.load().len())
            .field("lifetime", &self.lifetime())
            .finish_non_exhaustive()
    }
}
