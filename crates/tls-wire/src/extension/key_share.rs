//! `key_share` (RFC 8446, Section 4.2.8).

use crate::error::Error;
use crate::named_group::NamedGroup;
use crate::reader::Reader;
use crate::writer::Writer;

/// One share: a group and the public value in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Exhaustive: the format has no other fields.
pub struct KeyShareEntry<'a> {
    /// The group.
    pub group: NamedGroup,
    /// The public value, at least one byte.
    pub key_exchange: &'a [u8],
}

impl<'a> KeyShareEntry<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        let group = NamedGroup(reader.u16()?);
        let key_exchange = reader.vec16("key_exchange", 1..=usize::from(u16::MAX))?;
        Ok(Self {
            group,
            key_exchange,
        })
    }

    /// Writes one entry.
    pub fn write(self, writer: &mut Writer) {
        writer.u16(self.group.0);
        writer.vec16(|writer| writer.put(self.key_exchange));
    }
}

/// The shares of a client. An empty list asks for a HelloRetryRequest.
#[derive(Clone, Debug, Default)]
pub struct KeyShares<'a>(&'a [u8]);

impl<'a> KeyShares<'a> {
    /// Reads `KeyShareEntry client_shares<0..2^16-1>`.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`].
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, "key_share");
        let list = reader.vec16("client_shares", 0..=usize::from(u16::MAX))?;
        reader.finish()?;
        let mut entries = Reader::new(list, "client_shares");
        while !entries.is_empty() {
            KeyShareEntry::read(&mut entries)?;
        }
        Ok(Self(list))
    }
}

impl<'a> Iterator for KeyShares<'a> {
    type Item = KeyShareEntry<'a>;

    fn next(&mut self) -> Option<KeyShareEntry<'a>> {
        let mut reader = Reader::new(self.0, "client_shares");
        let entry = KeyShareEntry::read(&mut reader).ok()?;
        self.0 = reader.rest();
        Some(entry)
    }
}

/// Reads the body in a ServerHello: the one share that the server chose.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`].
pub fn parse_server(body: &[u8]) -> Result<KeyShareEntry<'_>, Error> {
    let mut reader = Reader::new(body, "key_share");
    let entry = KeyShareEntry::read(&mut reader)?;
    reader.finish()?;
    Ok(entry)
}

/// Reads the body in a HelloRetryRequest: the group that the server wants a share of.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::TrailingBytes`].
pub fn parse_retry(body: &[u8]) -> Result<NamedGroup, Error> {
    let mut reader = Reader::new(body, "key_share");
    let group = NamedGroup(reader.u16()?);
    reader.finish()?;
    Ok(group)
}

/// Writes the body in a ClientHello.
pub fn write(writer: &mut Writer, shares: &[KeyShareEntry<'_>]) {
    writer.vec16(|list| {
        for share in shares {
            share.write(list);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_trip() {
        let shares = [
            KeyShareEntry {
                group: NamedGroup::X25519,
                key_exchange: &[7; 32],
            },
            KeyShareEntry {
                group: NamedGroup::SECP256R1,
                key_exchange: &[4; 65],
            },
        ];
        let mut writer = Writer::new();
        write(&mut writer, &shares);
        let body = writer.finish("key_share").unwrap();
        assert!(KeyShares::parse(&body).unwrap().eq(shares));
    }

    #[test]
    fn no_share_is_legal_and_an_empty_share_is_not() {
        assert_eq!(KeyShares::parse(&[0, 0]).unwrap().count(), 0);
        assert_eq!(
            KeyShares::parse(&[0, 4, 0, 29, 0, 0]).map(|_| ()),
            Err(Error::BadLength {
                field: "key_exchange",
                length: 0
            })
        );
    }

    #[test]
    fn the_answers_of_a_server_are_read() {
        assert_eq!(parse_retry(&[0, 23]), Ok(NamedGroup::SECP256R1));
        assert_eq!(
            parse_retry(&[0, 23, 0]).map_err(|e| e.code()),
            Err("trailing_bytes")
        );
        let entry = parse_server(&[0, 29, 0, 1, 9]).unwrap();
        assert_eq!(
            (entry.group, entry.key_exchange),
            (NamedGroup::X25519, &[9][..])
        );
    }
}
