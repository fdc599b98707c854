//! `psk_key_exchange_modes` (RFC 8446, Section 4.2.9).

use crate::error::Error;
use crate::reader::Reader;
use crate::writer::Writer;

/// How a pre-shared key may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PskKeyExchangeMode {
    /// The key alone: no forward secrecy.
    PskKe,
    /// The key with (EC)DHE.
    PskDheKe,
    /// Any other number, GREASE among them.
    Unknown(u8),
}

impl From<u8> for PskKeyExchangeMode {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::PskKe,
            1 => Self::PskDheKe,
            other => Self::Unknown(other),
        }
    }
}

impl From<PskKeyExchangeMode> for u8 {
    fn from(mode: PskKeyExchangeMode) -> Self {
        match mode {
            PskKeyExchangeMode::PskKe => 0,
            PskKeyExchangeMode::PskDheKe => 1,
            PskKeyExchangeMode::Unknown(other) => other,
        }
    }
}

/// Reads `PskKeyExchangeMode ke_modes<1..255>`; the numbers.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadLength`], [`Error::TrailingBytes`].
pub fn parse(body: &[u8]) -> Result<&[u8], Error> {
    let mut reader = Reader::new(body, "psk_key_exchange_modes");
    let modes = reader.vec8("ke_modes", 1..=255)?;
    reader.finish()?;
    Ok(modes)
}

/// Writes the body.
pub fn write(writer: &mut Writer, modes: &[PskKeyExchangeMode]) {
    writer.vec8(|list| {
        for &mode in modes {
            list.u8(mode.into());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_round_trip_and_the_list_is_not_empty() {
        let mut writer = Writer::new();
        write(
            &mut writer,
            &[
                PskKeyExchangeMode::PskDheKe,
                PskKeyExchangeMode::Unknown(0x2a),
            ],
        );
        assert_eq!(
            parse(&writer.finish("psk_key_exchange_modes").unwrap()),
            Ok(&[1, 0x2a][..])
        );
        assert_eq!(
            parse(&[0]),
            Err(Error::BadLength {
                field: "ke_modes",
                length: 0
            })
        );
    }
}
