//! Opening what came.

use std::ops::Range;

use tls_wire::record::{ContentType, RecordHeader};

use crate::direction::Place;
use crate::record_layer::{RecordLayer, Version};
use crate::{Error, tls12, tls13};

/// What came of one [`RecordLayer::open`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "bytes that were consumed have to leave the buffer"]
#[allow(clippy::exhaustive_enums)]
pub enum Opened {
    /// The record is not whole yet. Call again once the buffer holds this many bytes.
    NeedBytes(usize),
    /// Data, at the start of the caller's buffer.
    Data {
        /// Bytes of the wire that are done with.
        consumed: usize,
        /// Bytes of data in the caller's buffer.
        written: usize,
    },
    /// Data, where its ciphertext was, because the caller's buffer was too small: take it before
    /// dropping the consumed bytes.
    InPlace {
        /// Bytes of the wire that are done with once the data is taken.
        consumed: usize,
        /// Where in the wire the data lies.
        plaintext: Range<usize>,
    },
    /// A record that is not data. It has been dealt with; see whether there is
    /// [something to send](RecordLayer::has_control).
    Control {
        /// Bytes of the wire that are done with.
        consumed: usize,
    },
    /// The peer sends no more. Whatever follows is ignored (RFC 8446, Section 6.1).
    CloseNotify {
        /// Bytes of the wire that are done with.
        consumed: usize,
    },
}

/// What an authentic record was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    Data,
    Control,
    CloseNotify,
}

/// An authentic record whose content has not been looked at.
pub(crate) struct Plaintext {
    pub(crate) content_type: ContentType,
    pub(crate) place: Place,
    /// Where in the record the content starts if it was opened in place.
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl RecordLayer {
    /// Opens the record at the start of `wire`, if it is whole: one record a call.
    ///
    /// Data goes straight into `out` if `out` has room for the content, the padding and, in TLS
    /// 1.3, one more byte for the content type; otherwise it is decrypted inside `wire` and found
    /// there. So a caller with at least 16385 bytes of room never has to copy. Bytes of `out`
    /// beyond what was written hold nothing of the record, and nothing at all is left in `out` when
    /// the record was refused or was not data.
    ///
    /// # Errors
    ///
    /// Every error is final; its alert waits in [`write_control`](Self::write_control).
    pub fn open(&mut self, wire: &mut [u8], out: &mut [u8]) -> Result<Opened, Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if self.read_closed {
            return Ok(Opened::CloseNotify {
                consumed: wire.len(),
            });
        }
        self.open_record(wire, out)
            .map_err(|error| self.fail(error))
    }

    fn open_record(&mut self, wire: &mut [u8], out: &mut [u8]) -> Result<Opened, Error> {
        let Some(header) = RecordHeader::read(wire) else {
            return Ok(Opened::NeedBytes(RecordHeader::LEN));
        };
        // Everything that the header tells is checked before the body is waited for.
        self.check_header(header)?;
        let consumed = RecordHeader::LEN + usize::from(header.length);
        let Some(record) = wire.get_mut(..consumed) else {
            return Ok(Opened::NeedBytes(consumed));
        };
        self.check_rx_key()?;
        let plaintext = match self.version {
            Version::Tls12 => tls12::open(&mut self.rx, header, record, out)?,
            Version::Tls13 => tls13::open(&mut self.rx, record, out)?,
        };
        let Plaintext {
            content_type,
            place,
            start,
            len,
        } = plaintext;
        let content = match place {
            Place::Out => &mut out[..len],
            Place::InPlace => &mut record[start..start + len],
        };
        let accepted = self.accept(content_type, content);
        if accepted != Ok(Accepted::Data) {
            // Nothing that is not data, or was refused, is left where data is looked for.
            content.fill(0);
        }
        Ok(match (accepted?, place) {
            (Accepted::Data, Place::Out) => Opened::Data {
                consumed,
                written: len,
            },
            (Accepted::Data, Place::InPlace) => Opened::InPlace {
                consumed,
                plaintext: start..start + len,
            },
            (Accepted::Control, _) => Opened::Control { consumed },
            (Accepted::CloseNotify, _) => Opened::CloseNotify { consumed },
        })
    }

    fn check_header(&self, header: RecordHeader) -> Result<(), Error> {
        let limit = match self.version {
            Version::Tls12 => {
                tls12::check_type(header.content_type)?;
                tls12::max_body(self.rx.aead())
            }
            Version::Tls13 => {
                tls13::check_type(header.content_type)?;
                tls13::MAX_BODY
            }
        };
        if header.version != 0x0303 {
            return Err(Error::WrongRecordVersion {
                version: header.version,
            });
        }
        if usize::from(header.length) > limit {
            // The limits are below 2^16.
            let limit = u16::try_from(limit).unwrap_or(u16::MAX);
            return Err(Error::RecordTooLong {
                length: header.length,
                limit,
            });
        }
        Ok(())
    }

    /// Takes the content of an authentic record.
    fn accept(&mut self, content_type: ContentType, content: &[u8]) -> Result<Accepted, Error> {
        if content_type != ContentType::Handshake {
            self.check_not_interrupting(content_type)?;
        }
        match content_type {
            ContentType::ApplicationData if content.is_empty() => {
                self.floods.empty_record(&self.limits)?;
                Ok(Accepted::Control)
            }
            ContentType::ApplicationData => {
                self.floods.data();
                Ok(Accepted::Data)
            }
            ContentType::Handshake => {
                self.accept_handshake(content)?;
                Ok(Accepted::Control)
            }
            ContentType::Alert => self.accept_alert(content),
            other => Err(Error::UnexpectedContentType {
                content_type: other.into(),
            }),
        }
    }

    /// "There MUST NOT be any other records in between" the fragments of a message
    /// (RFC 8446, Section 5.1).
    fn check_not_interrupting(&self, content_type: ContentType) -> Result<(), Error> {
        if self.fragment.is_some() {
            return Err(Error::InterruptedMessage {
                content_type: content_type.into(),
            });
        }
        Ok(())
    }
}
