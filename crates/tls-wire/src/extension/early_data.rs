//! `early_data` (RFC 8446, Section 4.2.10): empty in hellos, a number in tickets.

use crate::error::Error;
use crate::extension::check_empty;
use crate::reader::Reader;

/// Checks the body in ClientHello and EncryptedExtensions, which is empty.
///
/// # Errors
///
/// [`Error::TrailingBytes`].
pub const fn parse(body: &[u8]) -> Result<(), Error> {
    check_empty("early_data", body)
}

/// Reads `max_early_data_size`, in bytes, from the body in a NewSessionTicket.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::TrailingBytes`].
pub fn parse_max_size(body: &[u8]) -> Result<u32, Error> {
    let mut reader = Reader::new(body, "max_early_data_size");
    let size = reader.u32()?;
    reader.finish()?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_in_a_hello_and_four_bytes_in_a_ticket() {
        assert_eq!(parse(&[]), Ok(()));
        assert_eq!(parse(&[0]).map_err(|e| e.code()), Err("trailing_bytes"));
        assert_eq!(parse_max_size(&[0, 0, 0x40, 0]), Ok(16_384));
        assert_eq!(
            parse_max_size(&[0, 0, 0x40]).map_err(|e| e.code()),
            Err("truncated")
        );
    }
}
