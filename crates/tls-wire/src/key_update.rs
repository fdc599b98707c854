//! KeyUpdate (RFC 8446, Section 4.6.3).

use crate::error::Error;
use crate::handshake::{HandshakeHeader, HandshakeType};
use crate::reader::Reader;

/// Whether the peer is to update its keys too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
// Exhaustive: there is no third way.
pub enum KeyUpdate {
    /// `update_not_requested` (0).
    NotRequested,
    /// `update_requested` (1).
    Requested,
}

impl KeyUpdate {
    /// Bytes of the message, its header included.
    pub const MESSAGE_LEN: usize = HandshakeHeader::LEN + 1;

    /// Reads the body, without its handshake header.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::TrailingBytes`]; [`Error::IllegalValue`] for any other
    /// number than 0 and 1.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, "key_update");
        let request = reader.u8()?;
        reader.finish()?;
        match request {
            0 => Ok(Self::NotRequested),
            1 => Ok(Self::Requested),
            _ => Err(Error::IllegalValue {
                field: "request_update",
            }),
        }
    }

    /// The message, its header included.
    #[must_use]
    pub fn encode(self) -> [u8; Self::MESSAGE_LEN] {
        let request = match self {
            Self::NotRequested => 0,
            Self::Requested => 1,
        };
        [HandshakeType::KeyUpdate.into(), 0, 0, 1, request]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::AlertDescription;

    #[test]
    fn both_requests_round_trip() {
        for update in [KeyUpdate::NotRequested, KeyUpdate::Requested] {
            let message = update.encode();
            let body = HandshakeHeader::body_of(&message, HandshakeType::KeyUpdate).unwrap();
            assert_eq!(KeyUpdate::parse(body), Ok(update));
        }
    }

    /// "If an implementation receives any other value, it MUST terminate the connection with an
    /// 'illegal_parameter' alert" (RFC 8446, Section 4.6.3).
    #[test]
    fn another_number_is_an_illegal_parameter() {
        let error = KeyUpdate::parse(&[2]).unwrap_err();
        assert_eq!(error.alert(), Some(AlertDescription::IllegalParameter));
        assert_eq!(
            KeyUpdate::parse(&[]).map_err(|e| e.code()),
            Err("truncated")
        );
        assert_eq!(
            KeyUpdate::parse(&[0, 0]).map_err(|e| e.code()),
            Err("trailing_bytes")
        );
    }
}
