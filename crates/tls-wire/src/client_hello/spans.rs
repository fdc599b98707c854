//! Where the fixed fields of a ClientHello lie in its message.

use crate::error::Error;
use crate::handshake::{HandshakeHeader, HandshakeType};
use crate::limits::MAX_CLIENT_HELLO;
use crate::protocol_version::ProtocolVersion;
use crate::reader::{Reader, whole_u16s};

/// Offset of the random in the message: header and version come before it.
const RANDOM: usize = HandshakeHeader::LEN + 2;

/// Offset of the session id's bytes, behind the random and one byte of length.
const SESSION_ID: usize = RANDOM + 32 + 1;

/// The one compression method that is left (RFC 8446, Section 4.1.2).
const NULL_COMPRESSION: u8 = 0;

/// Where each variable field ends; each begins where the one before it ends, behind its length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spans {
    session_id_end: usize,
    cipher_suites_end: usize,
    compression_end: usize,
    /// Equal to the length of the message where it has no extensions at all.
    extensions_start: usize,
}

impl Spans {
    pub(super) fn parse(message: &[u8]) -> Result<Self, Error> {
        let (length, limit) = (message.len(), MAX_CLIENT_HELLO);
        if length > limit {
            return Err(Error::TooLarge { length, limit });
        }
        let body = HandshakeHeader::body_of(message, HandshakeType::ClientHello)?;
        let mut reader = Reader::new(body, "client_hello");
        reader.take(2 + 32)?;
        reader.vec8("legacy_session_id", 0..=32)?;
        let session_id_end = length - reader.remaining();
        let suites = reader.vec16("cipher_suites", 2..=65_534)?;
        whole_u16s("cipher_suites", suites)?;
        let cipher_suites_end = length - reader.remaining();
        let methods = reader.vec8("legacy_compression_methods", 1..=255)?;
        if !methods.contains(&NULL_COMPRESSION) {
            return Err(Error::IllegalValue {
                field: "legacy_compression_methods",
            });
        }
        let compression_end = length - reader.remaining();
        // Hellos before TLS 1.3 may end here.
        let extensions_start = if reader.is_empty() {
            length
        } else {
            let extensions = reader.vec16("extensions", 0..=usize::from(u16::MAX))?;
            length - reader.remaining() - extensions.len()
        };
        reader.finish()?;
        Ok(Self {
            session_id_end,
            cipher_suites_end,
            compression_end,
            extensions_start,
        })
    }

    pub(super) fn legacy_version(&self, message: &[u8]) -> ProtocolVersion {
        let version = message
            .get(HandshakeHeader::LEN..)
            .and_then(<[u8]>::first_chunk);
        u16::from_be_bytes(*version.unwrap_or(&[0; 2])).into()
    }

    pub(super) fn random<'a>(&self, message: &'a [u8]) -> &'a [u8; 32] {
        message
            .get(RANDOM..)
            .and_then(<[u8]>::first_chunk)
            .unwrap_or(&[0; 32])
    }

    pub(super) fn session_id<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        slice(message, SESSION_ID, self.session_id_end)
    }

    pub(super) fn cipher_suites<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        slice(message, self.session_id_end + 2, self.cipher_suites_end)
    }

    pub(super) fn compression_methods<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        slice(message, self.cipher_suites_end + 1, self.compression_end)
    }

    pub(super) fn extensions<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        slice(message, self.extensions_start, message.len())
    }
}

/// The spans were made from this very message, so they are always inside it.
fn slice(message: &[u8], start: usize, end: usize) -> &[u8] {
    message.get(start..end).unwrap_or_default()
}
