//! How one key follows another: at a call, after a period, by the clock.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::TicketKeys;
use crate::clock_epochs::ClockEpochs;
use crate::key_time::KeyTime;
use crate::ticket_key_ring::{Ring, Rotation};
use crate::{Error, SharedSecret, TicketKey};

impl TicketKeys {
    /// Keys that follow from `secret` and the time, another one each `period` (a second at least):
    /// equal in all processes with the secret and the period, without a word between them, across
    /// restarts, on a new machine.
    ///
    /// Clocks may differ by five minutes: a key opens that long before its time, and after its end.
    /// The keys go by the time passed since the start where the system's clock is behind it, so that
    /// a clock set back makes no key of the past issue; see [`warnings`](Self::warnings).
    ///
    /// **The price**: whoever gets the secret opens every ticket there ever was under it, old
    /// recordings included. TLS 1.2 tickets hold the secret of the handshake that made them, so they
    /// are off, see [`allow_tls12_tickets`](Self::allow_tls12_tickets). Published keys have no such
    /// price.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tls_session_store::{ContextId, Kind, SharedSecret, TicketKeys};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let secret = SharedSecret::from_bytes(&[7; 32])?; // from_file, in earnest
    /// let hour = Duration::from_secs(3_600);
    /// let [one, other] = [(); 2].map(|()| TicketKeys::by_clock(secret.clone(), hour));
    ///
    /// let context = ContextId::from_label("public");
    /// let ticket = one?.seal(Kind::RustlsTicket, &context, b"session")?;
    /// assert_eq!(*other?.open(Kind::RustlsTicket, &context, &ticket)?, b"session");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Randomness`] if no key can be derived, which does not happen.
    pub fn by_clock(secret: SharedSecret, period: Duration) -> Result<Self, Error> {
        let epochs = Arc::new(ClockEpochs::new(secret, period)?);
        let time = KeyTime::system();
        Ok(Self::from_ring(Ring::by_clock(epochs, time.now())?))
    }

    /// Another key issues after each `period`, and the one before still opens for
    /// [`lifetime`](Self::lifetime): at the first use then, without a thread.
    ///
    /// Keys of one process get fresh random ones; those given by hand or by a file too, so that this
    /// is not for a fleet that shares a file. Keys [`by_clock`](Self::by_clock) get other epochs, and
    /// [`published`](Self::published) ones this period instead of an hour.
    /// A period below an eighth of the lifetime is stretched to it, except by clock.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), tls_session_store::Error> {
    /// let keys = tls_session_store::TicketKeys::generate()?.rotate_every(Duration::from_secs(3_600));
    /// # let _ = keys;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn rotate_every(self, period: Duration) -> Self {
        let now = self.time.now();
        self.shared.ring.rcu(|ring| match ring.rotation() {
            Rotation::ByHand | Rotation::Every(_) => ring.turning(period, now),
            Rotation::Published { keys, .. } => {
                keys.rotate_every(period);
                Ring::clone(ring)
            }
            Rotation::ByClock(epochs) => epochs
                .with_period(period)
                .and_then(|epochs| Ring::by_clock(Arc::new(epochs), now))
                .unwrap_or_else(|_| Ring::clone(ring)),
        });
        self
    }

    /// A fresh random key issues from now on; the one before still opens its tickets for
    /// [`lifetime`](Self::lifetime).
    ///
    /// For a server of one process: in a fleet each worker would get another key. See
    /// [`rotate_to`](Self::rotate_to).
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none, [`Error::FleetKeys`] for keys by clock and
    /// published ones.
    pub fn rotate(&self) -> Result<(), Error> {
        self.rotate_to(&TicketKey::generate()?)
    }

    /// `key` issues from now on; the one before still opens its tickets for
    /// [`lifetime`](Self::lifetime). Of more than 16 keys the oldest go.
    ///
    /// # Errors
    /// [`Error::DuplicateTicketKey`] if another key of the ring has the same name,
    /// [`Error::FleetKeys`] for keys by clock and published ones.
    pub fn rotate_to(&self, key: &TicketKey) -> Result<(), Error> {
        let now = self.time.now();
        let ring = self.shared.ring.load();
        let how = match ring.rotation() {
            Rotation::ByHand | Rotation::Every(_) => None,
            Rotation::ByClock(_) => Some("by the clock"),
            Rotation::Published { .. } => Some("through the store"),
        };
        if let Some(how) = how {
            return Err(Error::FleetKeys { how });
        }
        if ring.clashes_with(key) {
            return Err(Error::DuplicateTicketKey);
        }
        let lifetime = self.lifetime();
        self.shared
            .ring
            .rcu(|ring| ring.rotated(key, now, lifetime));
        Ok(())
    }

    /// Allows tickets in TLS 1.2 with keys [`by_clock`](Self::by_clock), or says that the server has
    /// TLS 1.3 only. All other keys need no permission.
    ///
    /// **The price**: a TLS 1.2 ticket holds the master secret of its handshake. Who records traffic
    /// today and gets the shared secret some day reads all of it.
    #[must_use]
    pub fn allow_tls12_tickets(self) -> Self {
        self.shared.tls12_allowed.store(true, Ordering::Relaxed);
        self
    }

    /// Whether tickets may go out in TLS 1.2: unless the keys are [`by_clock`](Self::by_clock) and
    /// nobody [allowed](Self::allow_tls12_tickets) them. Whoever fills tickets has to ask.
    #[must_use]
    pub fn tls12_tickets(&self) -> bool {
        let by_clock = matches!(self.shared.ring.load().rotation(), Rotation::ByClock(_));
        !by_clock || self.shared.tls12_allowed.load(Ordering::Relaxed)
    }
}
