//! No key protects more than its AEAD allows (RFC 8446, Section 5.5).
//!
//! TLS 1.3 changes keys in time. TLS 1.2 has no way to, so the connection ends in time.

use crate::Error;
use crate::record_layer::RecordLayer;

/// Records that are kept back under every key, for a KeyUpdate or for the answers and the
/// close_notify that end a connection.
const RESERVE: u64 = 4;

impl RecordLayer {
    /// Whether the next record of data would eat into what is kept back.
    pub(crate) fn is_tx_key_spent(&self) -> bool {
        self.tx.records_left() <= RESERVE
    }

    /// Called before each record that comes is opened.
    ///
    /// A peer counts for itself; if it does not, it is asked for new keys where there are any, once
    /// per key, and is cut off if it goes on as long again. Where it can't be asked (TLS 1.2) the
    /// connection ends.
    pub(crate) fn check_rx_key(&mut self) -> Result<(), Error> {
        if self.rx.records_left() > 0 {
            return Ok(());
        }
        if !self.can_update_keys() {
            return Err(Error::KeyLimit);
        }
        if !self.asked_for_rx_keys {
            self.control.queue_key_update_request();
            self.asked_for_rx_keys = self.control.is_write_open();
        }
        let twice = self.rx.records_per_key().saturating_mul(2);
        if self.asked_for_rx_keys && self.rx.sequence() >= twice {
            return Err(Error::KeyLimit);
        }
        Ok(())
    }
}
