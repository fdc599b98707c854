//! `supported_versions` (RFC 8446, Section 4.2.1).

use crate::error::Error;
use crate::protocol_version::ProtocolVersion;
use crate::reader::{Reader, U16s, whole_u16s};
use crate::writer::Writer;

/// Reads `ProtocolVersion versions<2..254>` in a ClientHello; the numbers.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`].
pub fn parse(body: &[u8]) -> Result<U16s<'_>, Error> {
    let mut reader = Reader::new(body, "supported_versions");
    let list = reader.vec8("versions", 2..=254)?;
    reader.finish()?;
    whole_u16s("versions", list)?;
    Ok(U16s::new(list))
}

/// Reads the body in a ServerHello: the version that was chosen.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::TrailingBytes`].
pub fn parse_selected(body: &[u8]) -> Result<ProtocolVersion, Error> {
    let mut reader = Reader::new(body, "selected_version");
    let version = reader.u16()?.into();
    reader.finish()?;
    Ok(version)
}

/// Writes the body in a ClientHello.
pub fn write(writer: &mut Writer, versions: &[ProtocolVersion]) {
    writer.vec8(|list| {
        versions
            .iter()
            .for_each(|version| list.u16(version.number()));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_round_trip() {
        let mut writer = Writer::new();
        write(
            &mut writer,
            &[ProtocolVersion::Tls13, ProtocolVersion::Unknown(0x3a3a)],
        );
        let body = writer.finish("supported_versions").unwrap();
        assert!(parse(&body).unwrap().eq([0x0304, 0x3a3a]));
        assert_eq!(parse_selected(&[3, 4]), Ok(ProtocolVersion::Tls13));
    }

    #[test]
    fn half_a_version_and_no_version_are_refused() {
        for body in [&[0][..], &[3, 3, 4, 3]] {
            assert_eq!(
                parse(body).map(|_| ()).map_err(|e| e.code()),
                Err("bad_length")
            );
        }
    }
}
