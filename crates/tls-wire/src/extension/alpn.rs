//! `application_layer_protocol_negotiation` (RFC 7301).

use crate::error::Error;
use crate::reader::Reader;
use crate::writer::Writer;

/// The protocol names that a client offers, most preferred first.
#[derive(Clone, Debug, Default)]
pub struct ProtocolNames<'a>(&'a [u8]);

impl<'a> ProtocolNames<'a> {
    /// Reads `ProtocolName protocol_name_list<2..2^16-1>`, names of 1 to 255 bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`].
    pub fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(body, "alpn");
        let list = reader.vec16("protocol_name_list", 2..=usize::from(u16::MAX))?;
        reader.finish()?;
        let mut names = Reader::new(list, "protocol_name_list");
        while !names.is_empty() {
            names.vec8("protocol_name", 1..=255)?;
        }
        Ok(Self(list))
    }
}

impl<'a> Iterator for ProtocolNames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut reader = Reader::new(self.0, "protocol_name_list");
        let name = reader.vec8("protocol_name", 1..=255).ok()?;
        self.0 = reader.rest();
        Some(name)
    }
}

/// Writes the body.
pub fn write(writer: &mut Writer, names: &[impl AsRef<[u8]>]) {
    writer.vec16(|list| {
        for name in names {
            list.vec8(|writer| writer.put(name.as_ref()));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let mut writer = Writer::new();
        write(&mut writer, &["h2", "http/1.1"]);
        let body = writer.finish("alpn").unwrap();
        let names: Vec<_> = ProtocolNames::parse(&body).unwrap().collect();
        assert_eq!(names, [&b"h2"[..], b"http/1.1"]);
    }

    #[test]
    fn empty_names_and_lists_are_refused() {
        for (body, code) in [
            (&[0, 0][..], "bad_length"),
            (&[0, 2, 0, 0], "bad_length"),
            (&[0, 3, 3, b'a', b'b'], "truncated"),
            (&[0, 2, 1, b'a', 9], "trailing_bytes"),
            (&[], "truncated"),
        ] {
            assert_eq!(
                ProtocolNames::parse(body).map(|_| ()).map_err(|e| e.code()),
                Err(code)
            );
        }
    }
}
