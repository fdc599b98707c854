//! Record protection for a handshake engine: one direction, records that are not only data.

use std::fmt;

use tls_wire::record::{ContentType, MAX_PLAINTEXT, RecordHeader};

use crate::direction::Direction;
use crate::record_layer::Version;
use crate::record_limits::RecordLimits;
use crate::{Error, TrafficKeys, tls12, tls13};

/// Protects the records of one direction while a handshake is under way: what a handshake engine
/// uses until it hands over to a [`RecordLayer`](crate::RecordLayer).
///
/// Unlike the record layer it judges no content: which record may come when is the engine's to say.
///
/// ```
/// use tls_record::{Aead, RecordProtection, TrafficKeys};
/// use tls_wire::{ContentType, ProtocolVersion};
///
/// let keys = TrafficKeys::new(Aead::Aes128Gcm, &[7; 16], [1; 12])?;
/// let mut tx = RecordProtection::new(ProtocolVersion::Tls13, &keys)?;
/// let mut rx = RecordProtection::new(ProtocolVersion::Tls13, &keys)?;
/// let mut wire = Vec::new();
/// tx.seal(ContentType::Handshake, b"message", &mut wire)?;
/// let (content_type, content) = rx.open(&mut wire)?;
/// assert_eq!((content_type, &*content), (ContentType::Handshake, &b"message"[..]));
/// assert_eq!((tx.sequence(), rx.sequence()), (1, 1));
/// # Ok::<(), tls_record::Error>(())
/// ```
pub struct RecordProtection {
    direction: Direction,
    version: Version,
}

impl RecordProtection {
    /// Starts at sequence number 0.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedVersion`] for anything but TLS 1.2 and 1.3.
    pub fn new(version: tls_wire::ProtocolVersion, keys: &TrafficKeys) -> Result<Self, Error> {
        let version = match version {
            tls_wire::ProtocolVersion::Tls12 => Version::Tls12,
            tls_wire::ProtocolVersion::Tls13 => Version::Tls13,
            other => {
                return Err(Error::UnsupportedVersion {
                    version: other.into(),
                });
            }
        };
        Ok(Self {
            direction: Direction::new(keys, 0, &RecordLimits::default())?,
            version,
        })
    }

    /// The number of the next record: what [`Established`](crate::Established) wants where records
    /// went under the traffic keys before the hand-over.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.direction.sequence()
    }

    /// The longest body, header not counted, that a record of this direction may announce.
    #[must_use]
    pub fn max_body(&self) -> usize {
        match self.version {
            Version::Tls12 => tls12::max_body(self.direction.aead()),
            Version::Tls13 => tls13::MAX_BODY,
        }
    }

    /// Appends `content` to `out`, in as few records as it takes; none for no content.
    ///
    /// # Errors
    ///
    /// [`Error::KeyLimit`], [`Error::SealFailed`].
    pub fn seal(
        &mut self,
        content_type: ContentType,
        content: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        for fragment in content.chunks(MAX_PLAINTEXT) {
            if self.direction.records_left() == 0 {
                return Err(Error::KeyLimit);
            }
            let overhead = match self.version {
                Version::Tls12 => tls12::overhead(self.direction.aead()),
                Version::Tls13 => tls13::OVERHEAD,
            };
            let start = out.len();
            out.resize(start + fragment.len() + overhead, 0);
            let record = &mut out[start..];
            match self.version {
                Version::Tls12 => tls12::seal(&mut self.direction, content_type, fragment, record)?,
                Version::Tls13 => tls13::seal(&mut self.direction, content_type, fragment, record)?,
            }
        }
        Ok(())
    }

    /// Opens one whole record, its header included, where it stands: its type and its content.
    ///
    /// # Errors
    ///
    /// [`Error::BadRecordMac`] if it does not authenticate, [`Error::NoContentType`],
    /// [`Error::WrongRecordVersion`], [`Error::RecordTooLong`], [`Error::UnexpectedContentType`] for
    /// a record of TLS 1.3 whose header says that it is not protected.
    pub fn open<'a>(&mut self, record: &'a mut [u8]) -> Result<(ContentType, &'a mut [u8]), Error> {
        let header = RecordHeader::read(record).ok_or(Error::BadRecordMac)?;
        self.check_header(header)?;
        if record.len() != header.wire_len() {
            return Err(Error::BadRecordMac);
        }
        let plaintext = match self.version {
            Version::Tls12 => tls12::open(&mut self.direction, header, record, &mut [])?,
            Version::Tls13 => tls13::open(&mut self.direction, record, &mut [])?,
        };
        let (start, end) = (plaintext.start, plaintext.start + plaintext.len);
        let content = record.get_mut(start..end).unwrap_or_default();
        Ok((plaintext.content_type, content))
    }

    /// As [`open`](Self::open), but a record that does not authenticate is nothing: `None`, and the
    /// sequence number stays. For a server that refuses early data and skips it (RFC 8446,
    /// Section 4.2.10).
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), [`Error::BadRecordMac`] excepted.
    pub fn open_or_skip<'a>(
        &mut self,
        record: &'a mut [u8],
    ) -> Result<Option<(ContentType, &'a mut [u8])>, Error> {
        let sequence = self.direction.sequence();
        match self.open(record) {
            Ok(opened) => Ok(Some(opened)),
            Err(Error::BadRecordMac) => {
                self.direction.set_sequence(sequence);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn check_header(&self, header: RecordHeader) -> Result<(), Error> {
        if self.version == Version::Tls13 {
            tls13::check_type(header.content_type)?;
        }
        if header.version != 0x0303 {
            return Err(Error::WrongRecordVersion {
                version: header.version,
            });
        }
        let limit = self.max_body();
        if usize::from(header.length) > limit {
            return Err(Error::RecordTooLong {
                length: header.length,
                limit: u16::try_from(limit).unwrap_or(u16::MAX),
            });
        }
        Ok(())
    }
}

impl fmt::Debug for RecordProtection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordProtection")
            .field("version", &self.version)
            .field("aead", &self.direction.aead())
            .field("sequence", &self.direction.sequence())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Aead;
    use tls_wire::ProtocolVersion;

    const AEADS: [Aead; 3] = [Aead::Aes128Gcm, Aead::Aes256Gcm, Aead::ChaCha20Poly1305];

    fn pair(version: ProtocolVersion, aead: Aead) -> (RecordProtection, RecordProtection) {
        let keys = TrafficKeys::new(aead, &vec![3; aead.key_len()], [5; 12]).unwrap();
        let end = || RecordProtection::new(version, &keys).unwrap();
        (end(), end())
    }

    #[test]
    fn what_one_end_seals_the_other_opens() {
        for version in [ProtocolVersion::Tls12, ProtocolVersion::Tls13] {
            for aead in AEADS {
                let (mut tx, mut rx) = pair(version, aead);
                let content = vec![9; MAX_PLAINTEXT + 1];
                let mut wire = Vec::new();
                tx.seal(ContentType::Handshake, &content, &mut wire)
                    .unwrap();
                let first = RecordHeader::read(&wire).unwrap().wire_len();
                let (one, two) = wire.split_at_mut(first);
                assert_eq!(rx.open(one).unwrap().1.len(), MAX_PLAINTEXT);
                let (content_type, content) = rx.open(two).unwrap();
                assert_eq!((content_type, content.len()), (ContentType::Handshake, 1));
                assert_eq!((tx.sequence(), rx.sequence()), (2, 2));
            }
        }
    }

    #[test]
    fn a_record_that_is_skipped_leaves_the_sequence_number() {
        let (mut tx, mut rx) = pair(ProtocolVersion::Tls13, Aead::Aes128Gcm);
        let mut early = vec![23, 3, 3, 0, 30];
        early.resize(35, 8);
        assert!(rx.open_or_skip(&mut early).unwrap().is_none());
        let mut wire = Vec::new();
        tx.seal(ContentType::Handshake, b"x", &mut wire).unwrap();
        assert!(rx.open_or_skip(&mut wire).unwrap().is_some());
        assert_eq!(rx.sequence(), 1);
    }

    #[test]
    fn headers_are_judged_first() {
        let (_, mut rx) = pair(ProtocolVersion::Tls13, Aead::Aes128Gcm);
        for (record, error) in [
            (
                [22, 3, 3, 0, 0],
                Error::UnexpectedContentType { content_type: 22 },
            ),
            (
                [23, 3, 1, 0, 0],
                Error::WrongRecordVersion { version: 0x0301 },
            ),
            (
                [23, 3, 3, 0x41, 0],
                Error::RecordTooLong {
                    length: 0x4100,
                    limit: 16_401,
                },
            ),
            ([23, 3, 3, 0, 0], Error::BadRecordMac),
            ([23, 3, 3, 0, 9], Error::BadRecordMac),
        ] {
            assert_eq!(rx.open(&mut record.clone()).unwrap_err(), error);
        }
    }
}
