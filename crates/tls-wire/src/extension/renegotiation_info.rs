//! `renegotiation_info` (RFC 5746).

use crate::error::Error;
use crate::reader::Reader;

/// Reads `opaque renegotiated_connection<0..255>`, empty in every first handshake.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::TrailingBytes`].
pub fn parse(body: &[u8]) -> Result<&[u8], Error> {
    let mut reader = Reader::new(body, "renegotiation_info");
    let connection = reader.vec8("renegotiated_connection", 0..=255)?;
    reader.finish()?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_handshake_has_one_zero_byte() {
        assert_eq!(parse(&[0]), Ok(&[][..]));
        assert_eq!(parse(&[]).map_err(|e| e.code()), Err("truncated"));
        assert_eq!(
            parse(&[1, 9, 9]).map_err(|e| e.code()),
            Err("trailing_bytes")
        );
    }
}
