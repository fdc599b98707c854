//! Records: content types, the five-byte header, and cutting content into plaintext records.

use crate::error::Error;
pub use crate::limits::{MAX_CIPHERTEXT_TLS12, MAX_CIPHERTEXT_TLS13, MAX_PLAINTEXT};

/// What a record carries (RFC 8446, Section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ContentType {
    /// 20; a relic in TLS 1.3, sent for middleboxes (RFC 8446, Appendix D.4).
    ChangeCipherSpec,
    /// 21.
    Alert,
    /// 22.
    Handshake,
    /// 23; in TLS 1.3 also the outer type of every protected record.
    ApplicationData,
    /// Any other number.
    Unknown(u8),
}

impl From<u8> for ContentType {
    fn from(number: u8) -> Self {
        match number {
            20 => Self::ChangeCipherSpec,
            21 => Self::Alert,
            22 => Self::Handshake,
            23 => Self::ApplicationData,
            other => Self::Unknown(other),
        }
    }
}

impl From<ContentType> for u8 {
    fn from(content_type: ContentType) -> Self {
        match content_type {
            ContentType::ChangeCipherSpec => 20,
            ContentType::Alert => 21,
            ContentType::Handshake => 22,
            ContentType::ApplicationData => 23,
            ContentType::Unknown(other) => other,
        }
    }
}

/// The header of a record (RFC 8446, Section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
// Exhaustive: the format has no other fields.
pub struct RecordHeader {
    /// What the record carries.
    pub content_type: ContentType,
    /// `legacy_record_version`: 0x0301 in a first ClientHello, 0x0303 elsewhere.
    pub version: u16,
    /// Bytes that follow the header.
    pub length: u16,
}

impl RecordHeader {
    /// Bytes of a header.
    pub const LEN: usize = 5;

    /// Reads a header; `None` if there are fewer than five bytes. Every value is accepted, see
    /// [`check_length`](Self::check_length).
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let &[content_type, major, minor, high, low, ..] = bytes else {
            return None;
        };
        Some(Self {
            content_type: content_type.into(),
            version: u16::from_be_bytes([major, minor]),
            length: u16::from_be_bytes([high, low]),
        })
    }

    /// The header as it goes on the wire.
    #[must_use]
    pub fn encode(self) -> [u8; Self::LEN] {
        let [major, minor] = self.version.to_be_bytes();
        let [high, low] = self.length.to_be_bytes();
        [self.content_type.into(), major, minor, high, low]
    }

    /// Bytes of the whole record, header included.
    #[must_use]
    pub fn wire_len(self) -> usize {
        Self::LEN + usize::from(self.length)
    }

    /// Refuses a record longer than `limit`, before its content is awaited.
    ///
    /// # Errors
    ///
    /// [`Error::RecordOverflow`].
    pub fn check_length(self, limit: usize) -> Result<(), Error> {
        let length = usize::from(self.length);
        if length > limit {
            return Err(Error::RecordOverflow { length, limit });
        }
        Ok(())
    }
}

/// Cuts `content` into the fewest plaintext records. No content gives no record.
#[must_use]
pub fn encode_plaintext_records(
    content_type: ContentType,
    version: u16,
    content: &[u8],
) -> Vec<u8> {
    let records = content.len().div_ceil(MAX_PLAINTEXT);
    let mut wire = Vec::with_capacity(content.len() + records * RecordHeader::LEN);
    for fragment in content.chunks(MAX_PLAINTEXT) {
        // A chunk has at most 2^14 bytes.
        let length = u16::try_from(fragment.len()).unwrap_or(u16::MAX);
        wire.extend_from_slice(
            &RecordHeader {
                content_type,
                version,
                length,
            }
            .encode(),
        );
        wire.extend_from_slice(fragment);
    }
    wire
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_content_type_round_trips() {
        for number in 0..=255u8 {
            assert_eq!(u8::from(ContentType::from(number)), number);
        }
    }

    #[test]
    fn header_round_trips() {
        let header = RecordHeader {
            content_type: ContentType::Handshake,
            version: 0x0301,
            length: 512,
        };
        assert_eq!(header.encode(), [22, 3, 1, 2, 0]);
        assert_eq!(RecordHeader::read(&header.encode()), Some(header));
        assert_eq!(RecordHeader::read(&[22, 3, 1, 2]), None);
        assert_eq!(header.wire_len(), 517);
    }

    #[test]
    fn a_record_over_its_limit_is_record_overflow() {
        let header = RecordHeader {
            content_type: ContentType::Handshake,
            version: 0x0301,
            length: 16_385,
        };
        assert_eq!(
            header.check_length(MAX_PLAINTEXT),
            Err(Error::RecordOverflow {
                length: 16_385,
                limit: MAX_PLAINTEXT
            })
        );
        assert_eq!(header.check_length(MAX_CIPHERTEXT_TLS13), Ok(()));
    }

    #[test]
    fn content_is_cut_into_the_fewest_records() {
        for (length, records) in [(0, 0), (1, 1), (16_384, 1), (16_385, 2), (65_536, 4)] {
            let wire = encode_plaintext_records(ContentType::Handshake, 0x0301, &vec![7; length]);
            assert_eq!(wire.len(), length + 5 * records);
        }
    }
}
