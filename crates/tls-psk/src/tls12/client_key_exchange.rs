//! ClientKeyExchange: the identity (RFC 4279, Section 2), and with ECDHE the client's share
//! (RFC 5489, Section 2; RFC 8422, Section 5.7).

use tls_wire::reader::Reader;
use tls_wire::{HandshakeType, psk_key_exchange};

use super::messages;
use crate::Error;

/// Which key a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientKeyExchange<'a> {
    /// As it came, up to 65,535 bytes.
    pub(super) identity: &'a [u8],
    /// With ECDHE.
    pub(super) point: Option<&'a [u8]>,
}

impl<'a> ClientKeyExchange<'a> {
    /// Reads a message; `ecdhe` tells which of the two forms belongs to the suite.
    pub(super) fn parse(message: &'a [u8], ecdhe: bool) -> Result<Self, Error> {
        let body = messages::body_of(message, HandshakeType::ClientKeyExchange)?;
        let mut reader = Reader::new(body, "client_key_exchange");
        // Identities that are too long are unknown ones, not malformed ones.
        let identity = psk_key_exchange::read_identity(&mut reader, usize::from(u16::MAX))?;
        let point = if ecdhe {
            Some(reader.vec8("point", 1..=255)?)
        } else {
            None
        };
        reader.finish()?;
        Ok(Self { identity, point })
    }

    pub(super) fn write(&self) -> Result<Vec<u8>, Error> {
        messages::write(HandshakeType::ClientKeyExchange, |body| {
            psk_key_exchange::write(body, self.identity);
            if let Some(point) = self.point {
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
        for (point, ecdhe) in [(None, false), (Some(&[4; 65][..]), true)] {
            let exchange = ClientKeyExchange {
                identity: b"gate-7",
                point,
            };
            let message = exchange.write().unwrap();
            assert_eq!(ClientKeyExchange::parse(&message, ecdhe), Ok(exchange));
            assert!(ClientKeyExchange::parse(&message, !ecdhe).is_err());
        }
    }
}
