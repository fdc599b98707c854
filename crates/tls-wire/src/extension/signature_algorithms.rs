//! `signature_algorithms` and `signature_algorithms_cert` (RFC 8446, Section 4.2.3).

use crate::error::Error;
use crate::reader::{Reader, U16s, whole_u16s};
use crate::signature_scheme::SignatureScheme;
use crate::writer::Writer;

/// Reads `SignatureScheme supported_signature_algorithms<2..2^16-2>`; the numbers.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`].
pub fn parse(body: &[u8]) -> Result<U16s<'_>, Error> {
    let mut reader = Reader::new(body, "signature_algorithms");
    let list = reader.vec16("supported_signature_algorithms", 2..=65_534)?;
    reader.finish()?;
    whole_u16s("supported_signature_algorithms", list)?;
    Ok(U16s::new(list))
}

/// Writes the body.
pub fn write(writer: &mut Writer, schemes: &[SignatureScheme]) {
    writer.vec16(|list| schemes.iter().for_each(|scheme| list.u16(scheme.0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_round_trip() {
        let mut writer = Writer::new();
        write(
            &mut writer,
            &[SignatureScheme::ED25519, SignatureScheme::RSA_PKCS1_SHA1],
        );
        let body = writer.finish("signature_algorithms").unwrap();
        assert!(parse(&body).unwrap().eq([0x0807, 0x0201]));
    }

    #[test]
    fn half_a_scheme_and_no_scheme_are_refused() {
        for body in [&[0, 0][..], &[0, 3, 4, 3, 8]] {
            assert_eq!(
                parse(body).map(|_| ()).map_err(|e| e.code()),
                Err("bad_length")
            );
        }
    }
}
