//! `pre_shared_key` (RFC 8446, Section 4.2.11).

use crate::error::Error;
use crate::reader::Reader;
use crate::writer::Writer;

/// One identity: a ticket, or the name of an external key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Exhaustive: the format has no other fields.
pub struct PskIdentity<'a> {
    /// The ticket, or the label of an external key; at least one byte.
    pub identity: &'a [u8],
    /// Age of the ticket in milliseconds, plus `ticket_age_add`, modulo 2^32; 0 for external keys.
    pub obfuscated_ticket_age: u32,
}

impl<'a> PskIdentity<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let identity = reader.vec16("identity", 1..=usize::from(u16::MAX))?;
        Ok(Self {
            identity,
            obfuscated_ticket_age: reader.u32()?,
        })
    }
}

/// Iterates over identities.
#[derive(Clone, Debug, Default)]
pub struct PskIdentities<'a>(&'a [u8]);

impl<'a> Iterator for PskIdentities<'a> {
    type Item = PskIdentity<'a>;

    fn next(&mut self) -> Option<PskIdentity<'a>> {
        let mut reader = Reader::new(self.0, "identities");
        let identity = PskIdentity::read(&mut reader).ok()?;
        self.0 = reader.rest();
        Some(identity)
    }
}

/// Iterates over binders.
#[derive(Clone, Debug, Default)]
pub struct PskBinders<'a>(&'a [u8]);

impl<'a> Iterator for PskBinders<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut reader = Reader::new(self.0, "binders");
        let binder = reader.vec8("binder", 1..=255).ok()?;
        self.0 = reader.rest();
        Some(binder)
    }
}

/// What a client offers: identities and, in the same order, a binder for each.
#[derive(Clone, Debug, Default)]
pub struct OfferedPsks<'a> {
    identities: &'a [u8],
    binders: &'a [u8],
}

impl<'a> OfferedPsks<'a> {
    /// Reads the body in a ClientHello.
    ///
    /// A binder of any length from 1 is read: whether it is as long as the hash of its key is for
    /// the key schedule to say, with `illegal_parameter`.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`],
    /// [`Error::BinderCount`].
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, "pre_shared_key");
        let identities = reader.vec16("identities", 7..=usize::from(u16::MAX))?;
        let binders = reader.vec16("binders", 2..=usize::from(u16::MAX))?;
        reader.finish()?;
        let mut counts = [0, 0];
        let mut list = Reader::new(identities, "identities");
        while !list.is_empty() {
            PskIdentity::read(&mut list)?;
            counts[0] += 1;
        }
        let mut list = Reader::new(binders, "binders");
        while !list.is_empty() {
            list.vec8("binder", 1..=255)?;
            counts[1] += 1;
        }
        if counts[0] != counts[1] {
            return Err(Error::BinderCount {
                identities: counts[0],
                binders: counts[1],
            });
        }
        Ok(Self {
            identities,
            binders,
        })
    }

    /// The identities, most preferred first.
    #[must_use]
    pub const fn identities(&self) -> PskIdentities<'a> {
        PskIdentities(self.identities)
    }

    /// The binders.
    #[must_use]
    pub const fn binders(&self) -> PskBinders<'a> {
        PskBinders(self.binders)
    }

    /// Bytes that the list of binders takes at the end of the hello, its two bytes of length
    /// included. The binders are computed over the hello without them (Section 4.2.11.2).
    #[must_use]
    pub const fn binders_len(&self) -> usize {
        2 + self.binders.len()
    }
}

/// Reads the body in a ServerHello: the index of the identity that was chosen.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::TrailingBytes`].
pub fn parse_selected(body: &[u8]) -> Result<u16, Error> {
    let mut reader = Reader::new(body, "selected_identity");
    let selected = reader.u16()?;
    reader.finish()?;
    Ok(selected)
}

/// Writes the body in a ClientHello.
pub fn write(writer: &mut Writer, identities: &[PskIdentity<'_>], binders: &[impl AsRef<[u8]>]) {
    writer.vec16(|list| {
        for identity in identities {
            list.vec16(|writer| writer.put(identity.identity));
            list.u32(identity.obfuscated_ticket_age);
        }
    });
    writer.vec16(|list| {
        for binder in binders {
            list.vec8(|writer| writer.put(binder.as_ref()));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [PskIdentity<'_>; 2] = [
        PskIdentity {
            identity: b"ticket",
            obfuscated_ticket_age: 0x0102_0304,
        },
        PskIdentity {
            identity: b"gate-7",
            obfuscated_ticket_age: 0,
        },
    ];

    fn body(identities: &[PskIdentity<'_>], binders: &[&[u8]]) -> Vec<u8> {
        let mut writer = Writer::new();
        write(&mut writer, identities, binders);
        writer.finish("pre_shared_key").unwrap()
    }

    #[test]
    fn an_offer_round_trips() {
        let body = body(&TWO, &[&[1; 32], &[2; 48]]);
        let offer = OfferedPsks::parse(&body).unwrap();
        assert!(offer.identities().eq(TWO));
        assert!(offer.binders().eq([&[1; 32][..], &[2; 48]]));
        assert_eq!(offer.binders_len(), 2 + 33 + 49);
    }

    #[test]
    fn every_identity_has_a_binder() {
        assert_eq!(
            OfferedPsks::parse(&body(&TWO, &[&[1; 32]])).map(|_| ()),
            Err(Error::BinderCount {
                identities: 2,
                binders: 1
            })
        );
    }

    #[test]
    fn empty_parts_are_decode_errors() {
        let empty = PskIdentity {
            identity: b"",
            obfuscated_ticket_age: 0,
        };
        for bad in [
            body(&[], &[&[1; 32]]),
            body(&TWO, &[]),
            body(&TWO, &[&[1; 32], &[]]),
            body(&[empty, TWO[0]], &[&[1; 32], &[1; 32]]),
        ] {
            assert_eq!(
                OfferedPsks::parse(&bad).map(|_| ()).map_err(|e| e.code()),
                Err("bad_length")
            );
        }
    }
}
