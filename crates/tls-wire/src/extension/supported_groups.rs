//! `supported_groups` (RFC 8446, Section 4.2.7; RFC 8422).

use crate::error::Error;
use crate::named_group::NamedGroup;
use crate::reader::{Reader, U16s, whole_u16s};
use crate::writer::Writer;

/// Reads `NamedGroup named_group_list<2..2^16-1>`; the numbers.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`].
pub fn parse(body: &[u8]) -> Result<U16s<'_>, Error> {
    let mut reader = Reader::new(body, "supported_groups");
    let list = reader.vec16("named_group_list", 2..=usize::from(u16::MAX))?;
    reader.finish()?;
    whole_u16s("named_group_list", list)?;
    Ok(U16s::new(list))
}

/// Writes the body.
pub fn write(writer: &mut Writer, groups: &[NamedGroup]) {
    writer.vec16(|list| groups.iter().for_each(|group| list.u16(group.0)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_round_trip() {
        let mut writer = Writer::new();
        write(
            &mut writer,
            &[NamedGroup::X25519MLKEM768, NamedGroup::X25519],
        );
        let body = writer.finish("supported_groups").unwrap();
        assert!(parse(&body).unwrap().eq([0x11ec, 29]));
    }

    #[test]
    fn half_a_group_and_no_group_are_refused() {
        for body in [&[0, 0][..], &[0, 3, 0, 29, 0]] {
            assert_eq!(
                parse(body).map(|_| ()).map_err(|e| e.code()),
                Err("bad_length")
            );
        }
    }
}
