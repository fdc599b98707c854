//! ServerKeyExchange: the identity hint (RFC 4279, Section 2), and with ECDHE the server's share
//! (RFC 5489, Section 2; RFC 8422, Section 5.4).

use tls_wire::reader::Reader;
use tls_wire::{HandshakeType, NamedGroup, psk_key_exchange};

use super::messages;
use crate::Error;
use crate::limits::MAX_HINT;

/// `named_curve`, the only curve type that is left (RFC 8422, Section 5.4).
const NAMED_CURVE: u8 = 3;

/// What a server says about keys before the client chooses one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerKeyExchange<'a> {
    /// Empty for none.
    pub(super) hint: &'a [u8],
    /// With ECDHE.
    pub(super) share: Option<(NamedGroup, &'a [u8])>,
}

impl<'a> ServerKeyExchange<'a> {
    /// Reads a message; `ecdhe` tells which of the two forms belongs to the suite.
    pub(super) fn parse(message: &'a [u8], ecdhe: bool) -> Result<Self, Error> {
        let body = messages::body_of(message, HandshakeType::ServerKeyExchange)?;
        let mut reader = Reader::new(body, "server_key_exchange");
        let hint = psk_key_exchange::read_identity_hint(&mut reader)?;
        if hint.len() > MAX_HINT {
            return Err(tls_wire::Error::BadLength {
                field: "psk_identity_hint",
                length: hint.len(),
            }
            .into());
        }
        let share = if ecdhe {
            Some(Self::parse_share(&mut reader)?)
        } else {
            None
        };
        reader.finish()?;
        Ok(Self { hint, share })
    }

    fn parse_share(reader: &mut Reader<'a>) -> Result<(NamedGroup, &'a [u8]), Error> {
        if reader.u8()? != NAMED_CURVE {
            let what = "a curve that is not a named one";
            return Err(Error::IllegalParameter { what });
        }
        let group = NamedGroup(reader.u16()?);
        Ok((group, reader.vec8("point", 1..=255)?))
    }

    pub(super) fn write(&self) -> Result<Vec<u8>, Error> {
        messages::write(HandshakeType::ServerKeyExchange, |body| {
            psk_key_exchange::write(body, self.hint);
            if let Some((group, point)) = self.share {
                body.u8(NAMED_CURVE);
                body.u16(group.0);
                body.vec8(|field| field.put(point));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_round_trip_and_are_not_taken_for_each_other() {
        let plain = ServerKeyExchange {
            hint: b"gates",
            share: None,
        };
        let ecdhe = ServerKeyExchange {
            share: Some((NamedGroup::X25519, &[7; 32])),
            ..plain
        };
        for (exchange, with_share) in [(plain, false), (ecdhe, true)] {
            let message = exchange.write().unwrap();
            assert_eq!(ServerKeyExchange::parse(&message, with_share), Ok(exchange));
            assert!(ServerKeyExchange::parse(&message, !with_share).is_err());
        }
    }

    #[test]
    fn curves_that_are_written_out_and_long_hints_are_refused() {
        let explicit = messages::write(HandshakeType::ServerKeyExchange, |body| {
            body.put(&[0, 0, 1, 0, 29, 1, 9]);
        });
        let refused = ServerKeyExchange::parse(&explicit.unwrap(), true).unwrap_err();
        assert_eq!(refused.code(), "illegal_parameter");
        let long = ServerKeyExchange {
            hint: &[b'x'; 257],
            share: None,
        };
        let refused = ServerKeyExchange::parse(&long.write().unwrap(), false).unwrap_err();
        assert_eq!(refused.code(), "bad_length");
    }
}
