//! NewSessionTicket of TLS 1.3 (RFC 8446, Section 4.6.1).

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::extension::{ExtensionType, Extensions, early_data};
use crate::reader::Reader;
use crate::writer::Writer;

/// The longest lifetime that the RFC allows: seven days.
pub const MAX_LIFETIME: Duration = Duration::from_secs(604_800);

/// The body of a NewSessionTicket, without its handshake header.
#[derive(Clone)]
// Exhaustive: the format has no other fields.
pub struct NewSessionTicket<'a> {
    /// Seconds; never above [`MAX_LIFETIME`] after [`parse`](Self::parse). 0: to be thrown away.
    pub lifetime: u32,
    /// Added to the age when it is sent, modulo 2^32.
    pub age_add: u32,
    /// Distinguishes the tickets of one connection; goes into the key derivation.
    pub nonce: &'a [u8],
    /// The ticket, at least one byte.
    pub ticket: &'a [u8],
    /// Bytes of early data that the server takes; `None` if it takes none.
    pub max_early_data: Option<u32>,
}

impl<'a> NewSessionTicket<'a> {
    /// Reads the body. A lifetime above seven days is cut to seven, as no client may keep a
    /// ticket longer.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`],
    /// [`Error::DuplicateExtension`], [`Error::TooManyExtensions`].
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, "new_session_ticket");
        let lifetime = reader.u32()?.min(604_800);
        let age_add = reader.u32()?;
        let nonce = reader.vec8("ticket_nonce", 0..=255)?;
        let ticket = reader.vec16("ticket", 1..=usize::from(u16::MAX))?;
        let extensions = Extensions::parse(reader.vec16("extensions", 0..=65_534)?)?;
        reader.finish()?;
        let max_early_data = extensions
            .body(ExtensionType::EARLY_DATA)
            .map(early_data::parse_max_size)
            .transpose()?;
        Ok(Self {
            lifetime,
            age_add,
            nonce,
            ticket,
            max_early_data,
        })
    }

    /// The body as it goes on the wire.
    ///
    /// # Errors
    ///
    /// [`Error::BadLength`] if a field is too long for its length.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut body = Writer::new();
        body.u32(self.lifetime);
        body.u32(self.age_add);
        body.vec8(|field| field.put(self.nonce));
        body.vec16(|field| field.put(self.ticket));
        body.vec16(|list| {
            if let Some(size) = self.max_early_data {
                list.u16(ExtensionType::EARLY_DATA.into());
                list.vec16(|field| field.u32(size));
            }
        });
        body.finish("new_session_ticket")
    }
}

impl fmt::Debug for NewSessionTicket<'_> {
    /// Lengths only: who holds the bytes of a ticket can offer it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSessionTicket")
            .field("lifetime", &self.lifetime)
            .field("ticket_len", &self.ticket.len())
            .field("max_early_data", &self.max_early_data)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TICKET: NewSessionTicket<'_> = NewSessionTicket {
        lifetime: 7200,
        age_add: 0xdead_beef,
        nonce: &[0, 1],
        ticket: b"opaque to the client",
        max_early_data: Some(16_384),
    };

    #[test]
    fn a_ticket_round_trips() {
        for max_early_data in [None, Some(16_384)] {
            let body = NewSessionTicket {
                max_early_data,
                ..TICKET
            }
            .encode()
            .unwrap();
            let read = NewSessionTicket::parse(&body).unwrap();
            assert_eq!((read.lifetime, read.age_add), (7200, 0xdead_beef));
            assert_eq!((read.nonce, read.ticket), (TICKET.nonce, TICKET.ticket));
            assert_eq!(read.max_early_data, max_early_data);
        }
    }

    #[test]
    fn a_lifetime_is_cut_to_seven_days() {
        let body = NewSessionTicket {
            lifetime: u32::MAX,
            ..TICKET
        }
        .encode()
        .unwrap();
        let read = NewSessionTicket::parse(&body).unwrap();
        assert_eq!(Duration::from_secs(read.lifetime.into()), MAX_LIFETIME);
    }

    #[test]
    fn an_empty_ticket_is_refused() {
        let body = NewSessionTicket {
            ticket: b"",
            ..TICKET
        }
        .encode()
        .unwrap();
        let read = NewSessionTicket::parse(&body).map(|_| ());
        assert_eq!(
            read,
            Err(Error::BadLength {
                field: "ticket",
                length: 0
            })
        );
    }

    #[test]
    fn debug_output_has_no_ticket() {
        assert!(!format!("{TICKET:?}").contains("opaque"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn arbitrary_and_mutated_bodies_never_panic(
            at in any::<prop::sample::Index>(),
            byte: u8,
            junk in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let _ = NewSessionTicket::parse(&junk);
            let mut body = TICKET.encode().unwrap();
            let index = at.index(body.len());
            body[index] = byte;
            let _ = NewSessionTicket::parse(&body);
        }
    }
}
