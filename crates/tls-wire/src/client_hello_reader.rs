//! Collects a ClientHello from the wire, sans IO: bytes go in as they arrive, cut in any way.
//!
//! Before a peer has proved anything it can cost us memory only: every limit holds from the bytes
//! that announce a length, not from the bytes that follow it. A record is judged by its five-byte
//! header, a message by its four-byte header. The number of records is not limited, since
//! fragments of one byte are legal; the bytes on the wire are.

use bytes::{Bytes, BytesMut};

use crate::error::Error;
use crate::first_bytes::{FirstBytes, first_line};
use crate::handshake::{HandshakeHeader, HandshakeType};
use crate::limits::{MAX_CLIENT_HELLO, MAX_EMPTY_RECORDS, MAX_HELLO_WIRE, MAX_PLAINTEXT};
use crate::record::{ContentType, RecordHeader, encode_plaintext_records};

/// Record version of a first ClientHello (RFC 8446, Section 5.1).
const HELLO_RECORD_VERSION: u16 = 0x0301;

/// How much a peer may send before its hello is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientHelloLimits {
    /// The message with its header, in bytes.
    pub message: usize,
    /// Bytes on the wire, record headers included.
    pub wire: usize,
    /// Records without content.
    pub empty_records: usize,
}

impl Default for ClientHelloLimits {
    /// [`MAX_CLIENT_HELLO`], [`MAX_HELLO_WIRE`], [`MAX_EMPTY_RECORDS`].
    fn default() -> Self {
        Self {
            message: MAX_CLIENT_HELLO,
            wire: MAX_HELLO_WIRE,
            empty_records: MAX_EMPTY_RECORDS,
        }
    }
}

/// What came of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
// Exhaustive: there is no third way.
pub enum Progress {
    /// All bytes were taken; at least this many more must come.
    NeedMore(usize),
    /// The hello is whole.
    Whole(WholeHello),
}

/// A ClientHello that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WholeHello {
    /// The handshake message, its header included; not yet parsed.
    pub message: Bytes,
    /// Bytes taken from the last slice; those behind belong to what follows the hello.
    pub consumed: usize,
    /// Bytes on the wire altogether, record headers included.
    pub wire_len: usize,
    /// Records that carried it.
    pub records: usize,
}

/// Collects one ClientHello.
///
/// ```
/// use tls_wire::{ClientHelloReader, Progress};
///
/// # fn main() -> Result<(), tls_wire::Error> {
/// let mut reader = ClientHelloReader::default();
/// assert_eq!(reader.read(&[22, 3, 1])?, Progress::NeedMore(2));
/// let error = ClientHelloReader::default().read(b"GET / HTTP/1.1\r\n").unwrap_err();
/// assert_eq!(error.to_string(), "the peer does not speak TLS but plain HTTP: \"GET / HTTP/1.1\"");
/// assert_eq!(error.alert(), None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ClientHelloReader {
    limits: ClientHelloLimits,
    /// The record header as far as it has come.
    header: [u8; RecordHeader::LEN],
    header_len: usize,
    /// Content of the current record that is still to come.
    record_left: usize,
    message: BytesMut,
    wire_len: usize,
    records: usize,
    empty_records: usize,
}

impl ClientHelloReader {
    /// A reader with these limits.
    #[must_use]
    pub fn new(limits: ClientHelloLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Bytes of the hello that are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.message.len()
    }

    /// Bytes taken from the wire so far.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        self.wire_len
    }

    /// Takes the next bytes from the wire. After an error, and after a whole hello, the reader is
    /// of no more use.
    ///
    /// # Errors
    ///
    /// [`Error::NotTls`], [`Error::UnexpectedRecord`], [`Error::RecordVersion`],
    /// [`Error::RecordOverflow`], [`Error::EmptyRecords`], [`Error::UnexpectedMessage`],
    /// [`Error::TooLarge`], [`Error::BytesAfterHello`], [`Error::WireBudget`].
    pub fn read(&mut self, wire: &[u8]) -> Result<Progress, Error> {
        let mut rest = wire;
        while !rest.is_empty() {
            if self.wire_len >= self.limits.wire {
                return Err(Error::WireBudget {
                    limit: self.limits.wire,
                });
            }
            let allowed = &rest[..rest.len().min(self.limits.wire - self.wire_len)];
            let taken = if self.record_left == 0 {
                self.read_header(allowed)?
            } else {
                self.read_content(allowed)?
            };
            self.wire_len += taken;
            rest = &rest[taken..];
            if let Some(message) = self.take_whole()? {
                return Ok(Progress::Whole(WholeHello {
                    message,
                    consumed: wire.len() - rest.len(),
                    wire_len: self.wire_len,
                    records: self.records,
                }));
            }
        }
        Ok(Progress::NeedMore(self.awaited()))
    }

    /// Bytes that must come before anything can change: the header, or the rest of the record.
    const fn awaited(&self) -> usize {
        if self.record_left > 0 {
            self.record_left
        } else {
            RecordHeader::LEN - self.header_len
        }
    }

    fn read_header(&mut self, wire: &[u8]) -> Result<usize, Error> {
        let taken = wire.len().min(RecordHeader::LEN - self.header_len);
        self.header[self.header_len..self.header_len + taken].copy_from_slice(&wire[..taken]);
        self.header_len += taken;
        if self.records == 0 {
            self.check_first_bytes(&wire[taken..])?;
        }
        if let Some(header) = RecordHeader::read(&self.header[..self.header_len]) {
            self.check_header(header)?;
            self.header_len = 0;
            self.records += 1;
            self.record_left = usize::from(header.length);
        }
        Ok(taken)
    }

    /// Tells other protocols apart; `behind` only makes the first line longer.
    fn check_first_bytes(&self, behind: &[u8]) -> Result<(), Error> {
        let bytes = &self.header[..self.header_len];
        match FirstBytes::classify(bytes) {
            FirstBytes::Tls | FirstBytes::NeedMore => Ok(()),
            first_bytes => {
                let first_line = first_line(&[bytes, behind].concat());
                Err(Error::NotTls {
                    first_bytes,
                    first_line,
                })
            }
        }
    }

    fn check_header(&mut self, header: RecordHeader) -> Result<(), Error> {
        if header.content_type != ContentType::Handshake {
            return Err(Error::UnexpectedRecord {
                found: header.content_type,
            });
        }
        // The minor version "MUST be ignored for all purposes" (RFC 8446, Section 5.1).
        if header.version >> 8 != 3 {
            return Err(Error::RecordVersion {
                version: header.version,
            });
        }
        header.check_length(MAX_PLAINTEXT)?;
        if header.length == 0 {
            self.empty_records += 1;
            if self.empty_records > self.limits.empty_records {
                return Err(Error::EmptyRecords {
                    limit: self.limits.empty_records,
                });
            }
        }
        Ok(())
    }

    fn read_content(&mut self, wire: &[u8]) -> Result<usize, Error> {
        // What is behind the message is refused, but not held before it is.
        let taken = wire.len().min(self.record_left).min(self.message_left()?);
        self.message.extend_from_slice(&wire[..taken]);
        self.record_left -= taken;
        Ok(taken)
    }

    /// Bytes that the message still lacks, or its header if that is not there yet.
    fn message_left(&self) -> Result<usize, Error> {
        match self.announced()? {
            Some(length) => Ok(length - self.message.len()),
            None => Ok(HandshakeHeader::LEN - self.message.len()),
        }
    }

    /// Length of the message, header included, once the header is there.
    fn announced(&self) -> Result<Option<usize>, Error> {
        let expected = u8::from(HandshakeType::ClientHello);
        if let Some(&found) = self.message.first().filter(|&&found| found != expected) {
            return Err(Error::UnexpectedMessage { expected, found });
        }
        let Some(header) = HandshakeHeader::read(&self.message) else {
            return Ok(None);
        };
        let (length, limit) = (header.message_len(), self.limits.message);
        if length > limit {
            return Err(Error::TooLarge { length, limit });
        }
        Ok(Some(length))
    }

    fn take_whole(&mut self) -> Result<Option<Bytes>, Error> {
        if self.announced()? != Some(self.message.len()) {
            return Ok(None);
        }
        // A hello ends its record: the keys may change right behind it (RFC 8446, Section 5.1).
        if self.record_left > 0 {
            return Err(Error::BytesAfterHello {
                count: self.record_left,
            });
        }
        Ok(Some(self.message.split().freeze()))
    }
}

/// Puts a ClientHello, its header included, into the fewest plaintext records.
///
/// The transcript is the same, while a stack that holds records until the message is whole then
/// holds no more than the message.
#[must_use]
pub fn reframe(message: &[u8]) -> Vec<u8> {
    encode_plaintext_records(ContentType::Handshake, HELLO_RECORD_VERSION, message)
}

#[cfg(test)]
mod tests;
