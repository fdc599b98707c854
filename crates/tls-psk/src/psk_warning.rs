//! Advice of RFC 9257 that a program can tell is not followed.

use std::fmt;

use crate::PskIdentity;

/// Something that works and is better not done. Each is logged once for each table or
/// configuration; `docs/psk.md` has the rest of RFC 9257's advice, which no program can check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PskWarning {
    /// A key of fewer than 128 bits (RFC 9257, Section 6).
    ShortKey {
        /// Whose key.
        identity: PskIdentity,
        /// Its bits.
        bits: usize,
    },
    /// One key under two identities: each holder can pose as the other (RFC 9257, Section 4.1).
    SharedKey {
        /// The later one.
        identity: PskIdentity,
        /// The one that had it before.
        other: PskIdentity,
    },
    /// One key twice under one identity.
    RepeatedKey {
        /// Whose key.
        identity: PskIdentity,
    },
    /// `psk_ke`, or a suite of TLS 1.2 without ECDHE, is allowed: whoever learns a key opens all
    /// that was ever recorded under it (RFC 8446, Section 2.2; RFC 4279, Section 7.1).
    NoForwardSecrecy,
    /// Keys serve TLS 1.2 and TLS 1.3 as they are, so one key goes into two KDFs (RFC 8446,
    /// Appendix E.7). Imported keys (RFC 9258), of their own for TLS 1.3, do not.
    OneKeyForTwoVersions,
}

impl PskWarning {
    /// Whether it is about this identity.
    pub(crate) fn is_about(&self, about: &PskIdentity) -> bool {
        match self {
            Self::ShortKey { identity, .. } | Self::RepeatedKey { identity } => identity == about,
            Self::SharedKey { identity, other } => identity == about || other == about,
            Self::NoForwardSecrecy | Self::OneKeyForTwoVersions => false,
        }
    }

    /// A stable name for logs and programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ShortKey { .. } => "psk_short",
            Self::SharedKey { .. } => "psk_shared",
            Self::RepeatedKey { .. } => "psk_repeated",
            Self::NoForwardSecrecy => "psk_no_forward_secrecy",
            Self::OneKeyForTwoVersions => "psk_for_two_versions",
        }
    }
}

impl fmt::Display for PskWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortKey { identity, bits } => {
                write!(f, "the key of \"{identity}\" has {bits} bits: 128 are the least (RFC 9257, Section 6)")
            }
            Self::SharedKey { identity, other } => write!(
                f,
                "\"{identity}\" has the same key as \"{other}\": each can pose as the other"
            ),
            Self::RepeatedKey { identity } => {
                write!(f, "\"{identity}\" has the same key twice")
            }
            Self::NoForwardSecrecy => f.write_str(
                "handshakes without Diffie-Hellman are allowed: a key that leaks opens everything recorded under it",
            ),
            Self::OneKeyForTwoVersions => f.write_str(
                "keys serve TLS 1.2 and TLS 1.3 alike: import them for TLS 1.3 (RFC 9258), or drop TLS 1.2",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_names_identities_escaped() {
        let identity = PskIdentity::new("a\nb").unwrap();
        let warning = PskWarning::ShortKey { identity, bits: 32 };
        assert!(
            warning
                .to_string()
                .starts_with(r#"the key of "a\nb" has 32 bits"#)
        );
        assert_eq!(warning.code(), "psk_short");
    }
}
