//! Protocol versions and their names.

use std::fmt;
use std::str::FromStr;

use crate::cipher_suite::is_grease;
use crate::error::Error;
use crate::first_bytes::first_line;

/// A version of SSL or TLS.
///
/// Ordered by number, so `Tls12 < Tls13`; an [`Unknown`](Self::Unknown) one sorts by its number
/// too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolVersion {
    /// 0x0300 (RFC 6101, forbidden by RFC 7568).
    Ssl3,
    /// 0x0301 (RFC 2246, forbidden by RFC 8996).
    Tls10,
    /// 0x0302 (RFC 4346, forbidden by RFC 8996).
    Tls11,
    /// 0x0303 (RFC 5246).
    Tls12,
    /// 0x0304 (RFC 8446).
    Tls13,
    /// Any other number: DTLS, drafts, GREASE.
    Unknown(u16),
}

impl ProtocolVersion {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Ssl3 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
            Self::Unknown(number) => number,
        }
    }
}

impl From<u16> for ProtocolVersion {
    fn from(number: u16) -> Self {
        match number {
            0x0300 => Self::Ssl3,
            0x0301 => Self::Tls10,
            0x0302 => Self::Tls11,
            0x0303 => Self::Tls12,
            0x0304 => Self::Tls13,
            other => Self::Unknown(other),
        }
    }
}

impl From<ProtocolVersion> for u16 {
    fn from(version: ProtocolVersion) -> Self {
        version.number()
    }
}

impl PartialOrd for ProtocolVersion {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ProtocolVersion {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number().cmp(&other.number())
    }
}

impl fmt::Display for ProtocolVersion {
    /// OpenSSL's names: `TLSv1.2`, `TLSv1` for 1.0.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssl3 => f.write_str("SSLv3"),
            Self::Tls10 => f.write_str("TLSv1"),
            Self::Tls11 => f.write_str("TLSv1.1"),
            Self::Tls12 => f.write_str("TLSv1.2"),
            Self::Tls13 => f.write_str("TLSv1.3"),
            Self::Unknown(number) if is_grease(*number) => write!(f, "GREASE {number:#06x}"),
            Self::Unknown(number) => write!(f, "unknown version {number:#06x}"),
        }
    }
}

impl FromStr for ProtocolVersion {
    type Err = Error;

    /// Reads `TLSv1.2`, `TLS 1.2`, `tls1.2` or `1.2`, and so on; case does not matter.
    fn from_str(name: &str) -> Result<Self, Error> {
        let lower = name.trim().to_ascii_lowercase();
        let (number, ssl) = match lower.strip_prefix("ssl") {
            Some(rest) => (rest, true),
            None => (lower.strip_prefix("tls").unwrap_or(&lower), false),
        };
        let number = number.trim_start_matches([' ', '_']);
        let number = number.strip_prefix('v').unwrap_or(number);
        match (ssl, number) {
            (true, "3" | "3.0") => Ok(Self::Ssl3),
            (false, "1" | "1.0") => Ok(Self::Tls10),
            (false, "1.1") => Ok(Self::Tls11),
            (false, "1.2") => Ok(Self::Tls12),
            (false, "1.3") => Ok(Self::Tls13),
            _ => Err(Error::UnknownName {
                kind: "protocol version",
                name: first_line(name.as_bytes()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_other_spellings_are_read() {
        for version in [
            ProtocolVersion::Ssl3,
            ProtocolVersion::Tls10,
            ProtocolVersion::Tls11,
            ProtocolVersion::Tls12,
            ProtocolVersion::Tls13,
        ] {
            assert_eq!(version.to_string().parse(), Ok(version));
            assert_eq!(ProtocolVersion::from(u16::from(version)), version);
        }
        for name in ["TLSv1.3", "TLS 1.3", "tls1.3", "1.3", "tlsV1.3", " TLS_1.3"] {
            assert_eq!(name.parse(), Ok(ProtocolVersion::Tls13), "{name}");
        }
        for name in ["", "TLS", "TLSv1.4", "1.30", "SSLv2", "DTLSv1.2"] {
            assert_eq!(
                name.parse::<ProtocolVersion>().map_err(|e| e.code()),
                Err("unknown_name")
            );
        }
    }

    #[test]
    fn versions_are_ordered() {
        assert!(ProtocolVersion::Tls12 < ProtocolVersion::Tls13);
        assert!(ProtocolVersion::Unknown(0x7f1c) > ProtocolVersion::Tls13);
        assert_eq!(
            ProtocolVersion::Unknown(0x7f1c).to_string(),
            "unknown version 0x7f1c"
        );
        assert_eq!(
            ProtocolVersion::Unknown(0x9a9a).to_string(),
            "GREASE 0x9a9a"
        );
    }
}
