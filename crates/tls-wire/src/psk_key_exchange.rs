//! The identity hint and the identity of TLS 1.2 PSK key exchanges (RFC 4279; RFC 5489).
//!
//! Both stand first in their messages: ServerKeyExchange and ClientKeyExchange. What follows them
//! depends on the suite (nothing for plain PSK, an ECDH value for ECDHE_PSK) and is left to the
//! caller's reader.

use crate::error::Error;
use crate::reader::Reader;
use crate::writer::Writer;

/// Reads `opaque psk_identity_hint<0..2^16-1>`; may be empty.
///
/// # Errors
///
/// [`Error::Truncated`].
pub fn read_identity_hint<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    reader.vec16("psk_identity_hint", 0..=usize::from(u16::MAX))
}

/// Reads `opaque psk_identity<0..2^16-1>`; at most `limit` bytes, 128 being what every stack must
/// take (RFC 4279, Section 5.3).
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadLength`].
pub fn read_identity<'a>(reader: &mut Reader<'a>, limit: usize) -> Result<&'a [u8], Error> {
    reader.vec16("psk_identity", 0..=limit)
}

/// Writes the hint, or the identity.
pub fn write(writer: &mut Writer, hint_or_identity: &[u8]) {
    writer.vec16(|field| field.put(hint_or_identity));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_round_trip_and_leave_what_follows() {
        let mut writer = Writer::new();
        write(&mut writer, b"gate-7");
        writer.u8(9);
        let body = writer.finish("test").unwrap();
        let mut reader = Reader::new(&body, "client_key_exchange");
        assert_eq!(read_identity(&mut reader.clone(), 128), Ok(&b"gate-7"[..]));
        assert_eq!(read_identity_hint(&mut reader), Ok(&b"gate-7"[..]));
        assert_eq!(reader.rest(), [9]);
    }

    #[test]
    fn an_identity_is_held_to_its_limit() {
        let mut reader = Reader::new(&[0, 6, b'g', b'a', b't', b'e', b'-', b'7'], "test");
        assert_eq!(
            read_identity(&mut reader, 5),
            Err(Error::BadLength {
                field: "psk_identity",
                length: 6
            })
        );
    }
}
