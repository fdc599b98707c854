//! `status_request` (RFC 6066, Section 8): the client asks for a stapled OCSP response.

use crate::error::Error;
use crate::reader::Reader;
use crate::writer::Writer;

/// The only status type in use.
const OCSP: u8 = 1;

/// Reads the body in a ClientHello: whether OCSP is what is asked for. Requests of an unknown
/// type are legal and not looked into.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::TrailingBytes`].
pub fn parse(body: &[u8]) -> Result<bool, Error> {
    let any = 0..=usize::from(u16::MAX);
    let mut reader = Reader::new(body, "status_request");
    if reader.u8()? != OCSP {
        return Ok(false);
    }
    let responders = reader.vec16("responder_id_list", any.clone())?;
    reader.vec16("request_extensions", any.clone())?;
    reader.finish()?;
    let mut responders = Reader::new(responders, "responder_id_list");
    while !responders.is_empty() {
        responders.vec16("responder_id", any.clone())?;
    }
    Ok(true)
}

/// Writes the body in a ClientHello, with no responders and no extensions.
pub fn write(writer: &mut Writer) {
    writer.put(&[OCSP, 0, 0, 0, 0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_request_is_five_bytes() {
        let mut writer = Writer::new();
        write(&mut writer);
        assert_eq!(parse(&writer.finish("status_request").unwrap()), Ok(true));
        assert_eq!(parse(&[2, 9]), Ok(false));
        assert_eq!(parse(&[1, 0, 2, 0, 0, 0, 0]), Ok(true));
        for (body, code) in [
            (&[][..], "truncated"),
            (&[1, 0, 0, 0], "truncated"),
            (&[1, 0, 0, 0, 0, 0], "trailing_bytes"),
            (&[1, 0, 1, 0, 0, 0], "truncated"),
        ] {
            assert_eq!(parse(body).map_err(|e| e.code()), Err(code));
        }
    }
}
