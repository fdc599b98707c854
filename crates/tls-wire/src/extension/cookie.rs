//! `cookie` (RFC 8446, Section 4.2.2).

use crate::error::Error;
use crate::reader::Reader;
use crate::writer::Writer;

/// Reads `opaque cookie<1..2^16-1>`.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`].
pub fn parse(body: &[u8]) -> Result<&[u8], Error> {
    let mut reader = Reader::new(body, "cookie");
    let cookie = reader.vec16("cookie", 1..=usize::from(u16::MAX))?;
    reader.finish()?;
    Ok(cookie)
}

/// Writes the body.
pub fn write(writer: &mut Writer, cookie: &[u8]) {
    writer.vec16(|writer| writer.put(cookie));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_round_trips_and_is_not_empty() {
        let mut writer = Writer::new();
        write(&mut writer, b"crumb");
        assert_eq!(parse(&writer.finish("cookie").unwrap()), Ok(&b"crumb"[..]));
        assert_eq!(
            parse(&[0, 0]),
            Err(Error::BadLength {
                field: "cookie",
                length: 0
            })
        );
    }
}
