//! Sealing what goes.

use tls_wire::{Alert, AlertDescription, AlertLevel, ContentType};

use crate::control::ControlRecord;
use crate::key_update::{self, KEY_UPDATE_LEN};
use crate::record_layer::{RecordLayer, Version};
use crate::{Error, tls12, tls13};

/// What one [`RecordLayer::seal`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "only part of the plaintext may be sealed"]
#[allow(clippy::exhaustive_structs)]
pub struct Sealed {
    /// Bytes of the plaintext that were sealed.
    pub consumed: usize,
    /// Bytes that were written to the caller's buffer and have to be sent. May be more than zero
    /// with nothing consumed: control records go first.
    pub written: usize,
}

impl RecordLayer {
    /// Seals `plaintext` into `out`, in as many full records as fit, straight from one into the
    /// other. A record that does not fit is not made smaller: with less room than
    /// [`overhead`](Self::overhead) and [`max_fragment`](Self::max_fragment) (or than
    /// [`sealed_len`](Self::sealed_len) of a short plaintext) nothing may be consumed.
    ///
    /// Control records that wait go in front, as they must: an answer to a KeyUpdate is due "prior
    /// to sending its next Application Data record" (RFC 8446, Section 4.6.3). When a key nears its
    /// limit, TLS 1.3 changes it on the way.
    ///
    /// # Errors
    ///
    /// [`Error::WriteClosed`] after [`queue_close_notify`](Self::queue_close_notify).
    /// [`Error::KeyLimit`] when a TLS 1.2 key is spent: final, a close_notify waits. The error that
    /// ended the connection, if one did.
    pub fn seal(&mut self, plaintext: &[u8], out: &mut [u8]) -> Result<Sealed, Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if !self.control.is_write_open() {
            return Err(Error::WriteClosed);
        }
        self.seal_data(plaintext, out)
            .map_err(|error| self.fail(error))
    }

    fn seal_data(&mut self, plaintext: &[u8], out: &mut [u8]) -> Result<Sealed, Error> {
        let mut sealed = Sealed {
            consumed: 0,
            written: self.write_control(out)?,
        };
        while sealed.consumed < plaintext.len() && !self.has_control() {
            if self.is_tx_key_spent() {
                if !self.can_update_keys() {
                    return self.end_at_key_limit(sealed);
                }
                self.control.queue_key_update();
                sealed.written += self.write_control(&mut out[sealed.written..])?;
                continue;
            }
            let rest = &plaintext[sealed.consumed..];
            let fragment = &rest[..rest.len().min(self.max_fragment())];
            let room = &mut out[sealed.written..];
            let written = self.seal_record(ContentType::ApplicationData, fragment, room)?;
            if written == 0 {
                break;
            }
            sealed.consumed += fragment.len();
            sealed.written += written;
        }
        Ok(sealed)
    }

    /// TLS 1.2: the key is spent. What was sealed so far is handed out first.
    fn end_at_key_limit(&self, sealed: Sealed) -> Result<Sealed, Error> {
        if sealed.written > 0 {
            Ok(sealed)
        } else {
            Err(Error::KeyLimit)
        }
    }

    /// How many bytes [`seal`](Self::seal) makes of `plaintext_len` bytes, control records that
    /// wait included: exact, unless a key is changed on the way, for which there is room then.
    #[must_use]
    pub fn sealed_len(&self, plaintext_len: usize) -> usize {
        let records = plaintext_len.div_ceil(self.max_fragment());
        let data = plaintext_len + records * self.overhead();
        data + self.control_len() + self.key_updates_within(records) * self.key_update_len()
    }

    /// How often the key is changed at most while so many records are sealed.
    fn key_updates_within(&self, records: usize) -> usize {
        let records = records as u64;
        if !self.can_update_keys() || records < self.tx.records_left().saturating_sub(8) {
            return 0;
        }
        // Eight records are the fewest that a key protects, and half of them are kept back.
        usize::try_from(1 + records / (self.tx.records_per_key() - 4)).unwrap_or(1)
    }

    fn key_update_len(&self) -> usize {
        KEY_UPDATE_LEN + self.overhead()
    }

    /// Whether records other than data wait to be sent.
    #[must_use]
    pub fn has_control(&self) -> bool {
        self.control.next().is_some()
    }

    /// Bytes that [`write_control`](Self::write_control) needs to write all that waits.
    #[must_use]
    pub fn control_len(&self) -> usize {
        let (key_updates, alerts) = self.control.waiting();
        key_updates * self.key_update_len() + alerts * (Alert::LEN + self.overhead())
    }

    /// Writes the control records that wait, in order: requests and answers to update keys,
    /// refusals to renegotiate, then close_notify or an alert. Those that do not fit go on waiting.
    /// Says how many bytes have to be sent. To be called in the order in which the bytes are sent,
    /// never ahead of records that were sealed before.
    ///
    /// # Errors
    ///
    /// [`Error::KeyUpdateRefused`]: final. A queued alert is written even when the connection has
    /// failed.
    pub fn write_control(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        let mut written = 0;
        while let Some(record) = self.control.next() {
            if record == ControlRecord::NoRenegotiation && self.tx.records_left() <= 1 {
                // The last record of this key is for the close_notify.
                self.fail(Error::KeyLimit);
                continue;
            }
            let more = match self.seal_control(record, &mut out[written..]) {
                Ok(0) => break,
                Ok(more) => more,
                Err(error) => {
                    self.fail(error);
                    // Not even an alert can follow: the peer's keys are not ours any more.
                    self.control.fail(None);
                    return Err(error);
                }
            };
            written += more;
            self.control.done(record);
        }
        Ok(written)
    }

    /// Seals one control record; 0 if it does not fit.
    fn seal_control(&mut self, record: ControlRecord, out: &mut [u8]) -> Result<usize, Error> {
        match record {
            ControlRecord::KeyUpdate { request } => {
                let message = key_update::encode(request);
                let written = self.seal_record(ContentType::Handshake, &message, out)?;
                if written > 0 {
                    self.install_next_tx_keys()?;
                }
                Ok(written)
            }
            ControlRecord::NoRenegotiation => {
                self.seal_alert(Alert::warning(AlertDescription::NoRenegotiation), out)
            }
            ControlRecord::Last(description) => {
                let level = match description {
                    AlertDescription::CloseNotify => AlertLevel::Warning,
                    _ => AlertLevel::Fatal,
                };
                self.seal_alert(Alert { level, description }, out)
            }
        }
    }

    fn seal_alert(&mut self, alert: Alert, out: &mut [u8]) -> Result<usize, Error> {
        self.seal_record(ContentType::Alert, &alert.encode(), out)
    }

    /// Seals one record at the start of `out`; 0 if it does not fit.
    fn seal_record(
        &mut self,
        content_type: ContentType,
        content: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let length = content.len() + self.overhead();
        let Some(record) = out.get_mut(..length) else {
            return Ok(0);
        };
        match self.version {
            Version::Tls12 => tls12::seal(&mut self.tx, content_type, content, record)?,
            Version::Tls13 => tls13::seal(&mut self.tx, content_type, content, record)?,
        }
        Ok(length)
    }
}
