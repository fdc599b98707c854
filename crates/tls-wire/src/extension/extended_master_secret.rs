//! `extended_master_secret` (RFC 7627), always empty.

use crate::error::Error;
use crate::extension::check_empty;

/// Checks the body.
///
/// # Errors
///
/// [`Error::TrailingBytes`].
pub const fn parse(body: &[u8]) -> Result<(), Error> {
    check_empty("extended_master_secret", body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_empty() {
        assert_eq!(parse(&[]), Ok(()));
        assert_eq!(parse(&[1]).map_err(|e| e.code()), Err("trailing_bytes"));
    }
}
