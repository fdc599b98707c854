//! Records that come: judged by what any state would say of them.

use tls_wire::{Alert, AlertDescription, AlertLevel, ContentType, MAX_PLAINTEXT, RecordHeader};

use super::{Came, EarlyData, Records, Rules};
use crate::Error;
use crate::limits::{
    MAX_CHANGE_CIPHER_SPECS, MAX_HANDSHAKE_WIRE, MAX_SKIPPED_EARLY_DATA, MAX_WARNINGS,
};

impl Records {
    /// Length of the record at the start of `wire`, or how many bytes it takes to know. Everything
    /// that the header tells is judged before the rest is awaited.
    pub(crate) fn record_len(&self, wire: &[u8]) -> Result<Result<usize, usize>, Error> {
        let Some(header) = RecordHeader::read(wire) else {
            return Ok(Err(RecordHeader::LEN));
        };
        // The minor version "MUST be ignored for all purposes" (RFC 8446, Section 5.1).
        if header.version >> 8 != 3 {
            let version = header.version;
            return Err(tls_wire::Error::RecordVersion { version }.into());
        }
        let limit = match (&self.rx, header.content_type, self.early_data) {
            (Some(rx), ..) => rx.max_body(),
            (None, ContentType::ApplicationData, EarlyData::Skipped { .. }) => {
                tls_wire::MAX_CIPHERTEXT_TLS13
            }
            (None, ..) => MAX_PLAINTEXT,
        };
        header.check_length(limit)?;
        if header.wire_len() > self.wire_left {
            let limit = MAX_HANDSHAKE_WIRE;
            return Err(Error::TooMuchData { limit });
        }
        Ok(if wire.len() < header.wire_len() {
            Err(header.wire_len())
        } else {
            Ok(header.wire_len())
        })
    }

    /// Takes one whole record.
    pub(crate) fn take(&mut self, record: &mut [u8]) -> Result<Came, Error> {
        self.wire_left = self.wire_left.saturating_sub(record.len());
        let Some((header, body)) = record.split_first_chunk::<{ RecordHeader::LEN }>() else {
            return Ok(Came::Nothing);
        };
        let outer = ContentType::from(header[0]);
        match (outer, self.rx.is_some(), self.rules) {
            (ContentType::ChangeCipherSpec, ..) => self.take_change_cipher_spec(body),
            // An alert in the clear is let through until the peer has shown that it has the keys:
            // it may have failed over what would have given them.
            (ContentType::Alert, true, Rules::Tls13) if self.rx_sequence() == 0 => {
                self.take_alert(body)
            }
            (ContentType::ApplicationData, false, Rules::Tls13) => self.skip(record.len()),
            (_, true, _) => self.take_protected(record),
            (content_type, false, _) => self.take_content(content_type, body),
        }
    }

    fn take_protected(&mut self, record: &mut [u8]) -> Result<Came, Error> {
        let length = record.len();
        if !self.rx_others.is_empty() {
            return self.take_by_one_of(record);
        }
        let Some(mut rx) = self.rx.take() else {
            return Err(Error::Over);
        };
        let came = match self.early_data {
            EarlyData::Skipped { .. } => rx.open_or_skip(record).map_err(Error::from),
            EarlyData::None => rx.open(record).map(Some).map_err(Error::from),
        }
        .and_then(|opened| match opened {
            None => self.skip(length),
            Some((content_type, content)) => {
                self.early_data = EarlyData::None;
                self.take_content(content_type, content)
            }
        });
        self.rx = Some(rx);
        came
    }

    /// Opens the first protected record with the key that it was sealed with.
    fn take_by_one_of(&mut self, record: &[u8]) -> Result<Came, Error> {
        let others = std::mem::take(&mut self.rx_others);
        let candidates = self.rx.take().into_iter().chain(others);
        for (index, mut rx) in candidates.enumerate() {
            let mut copy = record.to_vec();
            match rx.open(&mut copy) {
                Ok((content_type, content)) => {
                    self.rx = Some(rx);
                    self.rx_chosen = index;
                    return self.take_content(content_type, content);
                }
                Err(tls_record::Error::BadRecordMac) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(tls_record::Error::BadRecordMac.into())
    }

    /// A record of early data: "the server MUST ... skip past it" (RFC 8446, Section 4.2.10).
    fn skip(&mut self, length: usize) -> Result<Came, Error> {
        let EarlyData::Skipped { left } = &mut self.early_data else {
            let content_type = ContentType::ApplicationData.into();
            return Err(Error::UnexpectedRecord { content_type });
        };
        *left = left.checked_sub(length).ok_or(Error::TooMuchEarlyData {
            limit: MAX_SKIPPED_EARLY_DATA,
        })?;
        Ok(Came::Nothing)
    }

    fn take_content(&mut self, content_type: ContentType, content: &[u8]) -> Result<Came, Error> {
        match content_type {
            // "Implementations MUST NOT send zero-length fragments of Handshake types"
            // (RFC 8446, Section 5.1).
            ContentType::Handshake if content.is_empty() => Err(Error::EmptyRecord),
            ContentType::Handshake => {
                self.joiner.push(content)?;
                Ok(Came::Handshake)
            }
            ContentType::Alert => self.take_alert(content),
            // In TLS 1.3 a protected change_cipher_spec is an error, too (RFC 8446, Section 5).
            other => Err(Error::UnexpectedRecord {
                content_type: other.into(),
            }),
        }
    }

    /// RFC 8446, Section 5: in TLS 1.3 the one with the byte 1 is dropped until the peer's
    /// Finished. In TLS 1.2 it is part of the handshake.
    fn take_change_cipher_spec(&mut self, body: &[u8]) -> Result<Came, Error> {
        self.check_not_interrupting()?;
        if body != [1] {
            return Err(Error::BadChangeCipherSpec);
        }
        if self.rules == Rules::Tls12 {
            return match self.rx {
                None => Ok(Came::ChangeCipherSpec),
                Some(_) => Err(Error::BadChangeCipherSpec),
            };
        }
        self.change_cipher_specs = self.change_cipher_specs.saturating_add(1);
        if self.change_cipher_specs > MAX_CHANGE_CIPHER_SPECS {
            return Err(Error::BadChangeCipherSpec);
        }
        Ok(Came::Nothing)
    }

    fn take_alert(&mut self, content: &[u8]) -> Result<Came, Error> {
        self.check_not_interrupting()?;
        let alert = Alert::read(content)?;
        let bearable = match alert.description {
            AlertDescription::CloseNotify => false,
            AlertDescription::UserCanceled => true,
            // The level is ignored in TLS 1.3 (RFC 8446, Section 6).
            _ => alert.level == AlertLevel::Warning && self.rules != Rules::Tls13,
        };
        if !bearable {
            return Err(Error::AlertReceived(alert.description));
        }
        self.warnings = self.warnings.saturating_add(1);
        if self.warnings > MAX_WARNINGS {
            return Err(Error::TooManyWarnings {
                limit: MAX_WARNINGS,
            });
        }
        Ok(Came::Nothing)
    }

    /// "Handshake messages MUST NOT be interleaved with other record types"
    /// (RFC 8446, Section 5.1).
    pub(super) fn check_not_interrupting(&self) -> Result<(), Error> {
        if self.joiner.is_in_message() {
            return Err(Error::MessageSpansKeyChange);
        }
        Ok(())
    }
}
