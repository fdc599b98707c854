//! The state of one connection's records.

use std::fmt;

use tls_wire::{AlertDescription, ProtocolVersion};
use zeroize::Zeroizing;

use crate::control::PendingControl;
use crate::direction::Direction;
use crate::flood_limits::FloodCounters;
use crate::record_limits::{MAX_FRAGMENT, MIN_FRAGMENT};
use crate::{Error, Established, PostHandshake, RecordLimits, Role, tls12, tls13};

/// The two versions that have a record layer here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Tls12,
    Tls13,
}

/// Protects what one connection sends and opens what it receives, without IO and without a clock.
///
/// - [`open`](Self::open) takes one record from the bytes that came, [`seal`](Self::seal) makes as
///   many as fit from the bytes that go; neither allocates nor copies.
/// - Records that are not data (KeyUpdates, tickets, warnings) are handled inside; what they call
///   for in return waits until [`write_control`](Self::write_control) or the next
///   [`seal`](Self::seal).
/// - The first error is final: every later call returns it again. The alert that it calls for (see
///   [`Error::alert`]) waits in [`write_control`](Self::write_control).
///
/// Some 200 bytes here plus the AEAD's two contexts, about 600 bytes each; more only while a
/// handshake message is half received.
pub struct RecordLayer {
    pub(crate) version: Version,
    pub(crate) role: Role,
    pub(crate) read_closed: bool,
    /// TLS 1.3: the peer was asked for new keys because the present ones are near their limit.
    pub(crate) asked_for_rx_keys: bool,
    max_fragment: u16,
    pub(crate) rx: Direction,
    pub(crate) tx: Direction,
    pub(crate) limits: RecordLimits,
    pub(crate) floods: FloodCounters,
    pub(crate) control: PendingControl,
    pub(crate) failure: Option<Error>,
    /// The beginning of a handshake message whose end has not come yet.
    pub(crate) fragment: Option<Box<Zeroizing<Vec<u8>>>>,
    pub(crate) post_handshake: Option<Box<dyn PostHandshake>>,
}

impl RecordLayer {
    /// Takes over after a handshake.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedVersion`] for anything but TLS 1.2 and 1.3.
    pub fn new(established: Established, limits: RecordLimits) -> Result<Self, Error> {
        let version = match established.version {
            ProtocolVersion::Tls12 => Version::Tls12,
            ProtocolVersion::Tls13 => Version::Tls13,
            other => {
                return Err(Error::UnsupportedVersion {
                    version: other.into(),
                });
            }
        };
        Ok(Self {
            version,
            role: established.role,
            read_closed: false,
            asked_for_rx_keys: false,
            max_fragment: MAX_FRAGMENT as u16,
            rx: Direction::new(&established.rx, established.rx_sequence, &limits)?,
            tx: Direction::new(&established.tx, established.tx_sequence, &limits)?,
            limits,
            floods: FloodCounters::default(),
            control: PendingControl::default(),
            failure: None,
            fragment: None,
            post_handshake: match version {
                Version::Tls13 => established.post_handshake,
                // Nothing is derived after a TLS 1.2 handshake: its secrets go now.
                Version::Tls12 => None,
            },
        })
    }

    /// TLS 1.2 or 1.3.
    #[must_use]
    pub fn version(&self) -> ProtocolVersion {
        match self.version {
            Version::Tls12 => ProtocolVersion::Tls12,
            Version::Tls13 => ProtocolVersion::Tls13,
        }
    }

    /// Which end this is.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the peer has said that it sends no more (close_notify), or the connection failed.
    #[must_use]
    pub fn read_closed(&self) -> bool {
        self.read_closed || self.failure.is_some()
    }

    /// Whether nothing but a queued alert may be written any more.
    #[must_use]
    pub fn write_closed(&self) -> bool {
        !self.control.is_write_open()
    }

    /// The error that ended the connection.
    #[must_use]
    pub fn failure(&self) -> Option<Error> {
        self.failure
    }

    /// Content bytes of a full record, 16384 unless [set](Self::set_max_fragment).
    #[must_use]
    pub fn max_fragment(&self) -> usize {
        usize::from(self.max_fragment)
    }

    /// Cuts what is sent into records of at most `size` content bytes (`SOP-24`).
    ///
    /// # Errors
    ///
    /// [`Error::FragmentSize`] outside 512 to 16384; the size stays as it was.
    pub fn set_max_fragment(&mut self, size: usize) -> Result<(), Error> {
        match u16::try_from(size) {
            Ok(fits) if (MIN_FRAGMENT..=MAX_FRAGMENT).contains(&size) => {
                self.max_fragment = fits;
                Ok(())
            }
            _ => Err(Error::FragmentSize { size }),
        }
    }

    /// Forgets the renegotiations that were refused so far. This crate has no clock: whoever has
    /// one calls it every time a window (600 s in Node) is over.
    pub fn renegotiation_window_elapsed(&mut self) {
        self.floods.renegotiation_window_elapsed();
    }

    /// Ends the connection with a fatal alert: nothing more is opened or sealed, the alert waits in
    /// [`write_control`](Self::write_control). `close_notify` is [`queue_close_notify`](Self::queue_close_notify).
    pub fn queue_alert(&mut self, description: AlertDescription) {
        if description == AlertDescription::CloseNotify {
            self.queue_close_notify();
        } else {
            self.fail(Error::AlertSent(description));
        }
    }

    /// Makes `error` final and queues its alert.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        if self.failure.is_none() {
            self.failure = Some(error);
            self.control.fail(error.alert());
            self.fragment = None;
        }
        error
    }

    /// Bytes that a record has beside its content.
    #[must_use]
    pub fn overhead(&self) -> usize {
        match self.version {
            Version::Tls12 => tls12::overhead(self.tx.aead()),
            Version::Tls13 => tls13::OVERHEAD,
        }
    }
}

impl fmt::Debug for RecordLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordLayer")
            .field("version", &self.version)
            .field("role", &self.role)
            .field("aead", &self.tx.aead())
            .field("tx_sequence", &self.tx.sequence())
            .field("rx_sequence", &self.rx.sequence())
            .field("read_closed", &self.read_closed())
            .field("write_closed", &self.write_closed())
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Aead, TrafficKeys};

    fn established(version: ProtocolVersion) -> Established {
        let keys = |byte| TrafficKeys::new(Aead::Aes128Gcm, &[byte; 16], [byte; 12]).unwrap();
        Established {
            role: Role::Server,
            version,
            tx: keys(0xa1),
            tx_sequence: 0,
            rx: keys(0xb2),
            rx_sequence: 0,
            post_handshake: None,
        }
    }

    /// What every idle connection pays, the AEAD's contexts aside.
    #[test]
    fn a_layer_is_small() {
        let size = size_of::<RecordLayer>();
        assert!(size <= 256, "{size} bytes");
    }

    #[test]
    fn other_versions_are_refused() {
        for version in [
            ProtocolVersion::Tls11,
            ProtocolVersion::Ssl3,
            ProtocolVersion::from(0x7f1c),
        ] {
            let refused = RecordLayer::new(established(version), RecordLimits::default());
            assert_eq!(
                refused.err(),
                Some(Error::UnsupportedVersion {
                    version: version.into()
                })
            );
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let established = established(ProtocolVersion::Tls13);
        let shown = format!("{established:?}");
        let layer = RecordLayer::new(established, RecordLimits::default()).unwrap();
        let shown = format!("{shown}{layer:?}");
        assert!(shown.contains("Aes128Gcm") && !shown.contains("161") && !shown.contains("a1"));
    }

    /// The layer moves between threads with its connection.
    #[test]
    fn a_layer_is_send_and_sync() {
        fn check<T: Send + Sync>() {}
        check::<RecordLayer>();
    }
}
