//! Handshake messages: types, the four-byte header, and joining messages across records.

use bytes::{Buf, Bytes, BytesMut};

use crate::error::Error;
use crate::limits::MAX_HANDSHAKE_MESSAGE;

/// One row per type: number, variant, IANA name.
macro_rules! handshake_types {
    ($(($number:literal, $variant:ident, $name:literal),)*) => {
        /// What a handshake message is (RFC 8446, Section 4; RFC 5246, Section 7.4).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum HandshakeType {
            $(#[doc = concat!("`", $name, "` (", stringify!($number), ").")]
            $variant,)*
            /// Any other number.
            Unknown(u8),
        }

        impl HandshakeType {
            /// The name in the IANA registry; `unknown` otherwise.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Unknown(_) => "unknown",
                }
            }
        }

        impl From<u8> for HandshakeType {
            fn from(number: u8) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<HandshakeType> for u8 {
            fn from(message: HandshakeType) -> Self {
                match message {
                    $(HandshakeType::$variant => $number,)*
                    HandshakeType::Unknown(other) => other,
                }
            }
        }
    };
}

handshake_types! {
    (0, HelloRequest, "hello_request"),
    (1, ClientHello, "client_hello"),
    (2, ServerHello, "server_hello"),
    (4, NewSessionTicket, "new_session_ticket"),
    (5, EndOfEarlyData, "end_of_early_data"),
    (8, EncryptedExtensions, "encrypted_extensions"),
    (11, Certificate, "certificate"),
    (12, ServerKeyExchange, "server_key_exchange"),
    (13, CertificateRequest, "certificate_request"),
    (14, ServerHelloDone, "server_hello_done"),
    (15, CertificateVerify, "certificate_verify"),
    (16, ClientKeyExchange, "client_key_exchange"),
    (20, Finished, "finished"),
    (21, CertificateUrl, "certificate_url"),
    (22, CertificateStatus, "certificate_status"),
    (24, KeyUpdate, "key_update"),
    (25, CompressedCertificate, "compressed_certificate"),
    (254, MessageHash, "message_hash"),
}

/// The header of a handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
// Exhaustive: the format has no other fields.
pub struct HandshakeHeader {
    /// What the message is.
    pub msg_type: HandshakeType,
    /// Bytes of the body, below 2^24.
    pub length: u32,
}

impl HandshakeHeader {
    /// Bytes of a header.
    pub const LEN: usize = 4;

    /// Reads a header; `None` if there are fewer than four bytes.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let &[msg_type, high, middle, low, ..] = bytes else {
            return None;
        };
        Some(Self {
            msg_type: msg_type.into(),
            length: u32::from_be_bytes([0, high, middle, low]),
        })
    }

    /// The header as it goes on the wire; the length is cut to 24 bits.
    #[must_use]
    pub fn encode(self) -> [u8; Self::LEN] {
        let [_, high, middle, low] = self.length.to_be_bytes();
        [self.msg_type.into(), high, middle, low]
    }

    /// Bytes of the whole message, header included.
    #[must_use]
    pub const fn message_len(self) -> usize {
        Self::LEN + self.length as usize
    }

    /// Takes the body of a message that is whole and of the expected type.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::UnexpectedMessage`], [`Error::TrailingBytes`].
    pub fn body_of(message: &[u8], expected: HandshakeType) -> Result<&[u8], Error> {
        let field = expected.name();
        let header = Self::read(message).ok_or(Error::Truncated { field })?;
        if header.msg_type != expected {
            return Err(Error::UnexpectedMessage {
                expected: expected.into(),
                found: header.msg_type.into(),
            });
        }
        let body = &message[Self::LEN..];
        match body.len().checked_sub(header.length as usize) {
            None => Err(Error::Truncated { field }),
            Some(0) => Ok(body),
            Some(count) => Err(Error::TrailingBytes { field, count }),
        }
    }
}

/// Joins the content of handshake records to messages, which may be cut and packed in any way
/// (RFC 8446, Section 5.1). Never holds more than one message's limit plus one record.
#[derive(Debug)]
pub struct HandshakeJoiner {
    buffer: BytesMut,
    limit: usize,
}

impl Default for HandshakeJoiner {
    fn default() -> Self {
        Self::new(MAX_HANDSHAKE_MESSAGE)
    }
}

impl HandshakeJoiner {
    /// Joins messages of up to `limit` bytes each, header included.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            limit,
        }
    }

    /// Takes the content of one record. Call [`next_message`](Self::next_message) until it gives
    /// `None` before the next record.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] as soon as the header of a message announces more than the limit.
    pub fn push(&mut self, content: &[u8]) -> Result<(), Error> {
        self.buffer.extend_from_slice(content);
        self.check_announced()
    }

    /// The next whole message, header included.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the message behind it announces more than the limit.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(header) = HandshakeHeader::read(&self.buffer) else {
            return Ok(None);
        };
        self.check_announced()?;
        if self.buffer.len() < header.message_len() {
            return Ok(None);
        }
        Ok(Some(self.buffer.split_to(header.message_len()).freeze()))
    }

    /// Whether part of a message is held: no other content type may come now.
    #[must_use]
    pub fn is_in_message(&self) -> bool {
        self.buffer.has_remaining()
    }

    /// Bytes held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    fn check_announced(&self) -> Result<(), Error> {
        match HandshakeHeader::read(&self.buffer) {
            Some(header) if header.message_len() > self.limit => Err(Error::TooLarge {
                length: header.message_len(),
                limit: self.limit,
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_type_round_trips() {
        for number in 0..=255u8 {
            assert_eq!(u8::from(HandshakeType::from(number)), number);
        }
    }

    #[test]
    fn header_round_trips_and_its_body_is_taken() {
        let header = HandshakeHeader {
            msg_type: HandshakeType::Finished,
            length: 0x01_02_03,
        };
        assert_eq!(header.encode(), [20, 1, 2, 3]);
        assert_eq!(HandshakeHeader::read(&header.encode()), Some(header));
        let finished = HandshakeType::Finished;
        assert_eq!(
            HandshakeHeader::body_of(&[20, 0, 0, 1, 9], finished),
            Ok(&[9][..])
        );
        for (message, code) in [
            (&[20, 0, 0][..], "truncated"),
            (&[20, 0, 0, 2, 9], "truncated"),
            (&[20, 0, 0, 0, 9], "trailing_bytes"),
            (&[1, 0, 0, 1, 9], "unexpected_message"),
        ] {
            assert_eq!(
                HandshakeHeader::body_of(message, finished).map_err(|e| e.code()),
                Err(code)
            );
        }
    }

    #[test]
    fn a_message_over_the_limit_is_refused_from_its_header() {
        let mut joiner = HandshakeJoiner::new(100);
        assert_eq!(
            joiner.push(&[11, 0, 0, 97]),
            Err(Error::TooLarge {
                length: 101,
                limit: 100
            })
        );
        let mut joiner = HandshakeJoiner::new(100);
        joiner.push(&[24, 0, 0, 1, 0, 11, 1, 0, 0]).unwrap();
        assert_eq!(
            joiner.next_message(),
            Ok(Some(Bytes::from_static(&[24, 0, 0, 1, 0])))
        );
        assert!(joiner.is_in_message());
        assert_eq!(
            joiner.next_message().map_err(|e| e.code()),
            Err("too_large")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn messages_come_out_as_they_went_in_however_they_were_cut(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6),
            cuts in prop::collection::vec(1..30usize, 1..8),
        ) {
            let messages: Vec<Vec<u8>> = bodies.iter().map(|body| {
                let length = u32::try_from(body.len()).unwrap();
                let header = HandshakeHeader { msg_type: HandshakeType::Finished, length };
                [&header.encode()[..], body].concat()
            }).collect();
            let stream = messages.concat();
            let mut joiner = HandshakeJoiner::default();
            let mut joined = Vec::new();
            let mut rest = &stream[..];
            for &cut in cuts.iter().cycle() {
                let (record, left) = rest.split_at(cut.min(rest.len()));
                joiner.push(record).unwrap();
                while let Some(message) = joiner.next_message().unwrap() {
                    joined.push(message.to_vec());
                }
                rest = left;
                if rest.is_empty() { break; }
            }
            prop_assert_eq!(joined, messages);
            prop_assert!(!joiner.is_in_message());
        }
    }
}
