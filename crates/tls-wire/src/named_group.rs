//! Named groups of the key exchange: number, IANA name, OpenSSL name.

use std::fmt;

use crate::cipher_suite::is_grease;
use crate::code_point;
use crate::error::Error;
use crate::first_bytes::first_line;

/// A named group by its number (RFC 8446, Section 4.2.7); unknown ones are values too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
// Exhaustive: a number and nothing else.
pub struct NamedGroup(pub u16);

struct Row {
    number: u16,
    iana: &'static str,
    /// Empty where OpenSSL has no name.
    openssl: &'static str,
}

/// One row per group: number, constant, IANA name, OpenSSL name; sorted by number.
macro_rules! named_groups {
    ($(($number:literal, $constant:ident, $iana:literal, $openssl:literal),)*) => {
        impl NamedGroup {
            $(#[doc = concat!("`", $iana, "`, ", stringify!($number), ".")]
            pub const $constant: Self = Self($number);)*
        }

        static TABLE: &[Row] =
            &[$(Row { number: $number, iana: $iana, openssl: $openssl }),*];
    };
}

named_groups! {
    (0x0013, SECP192R1, "secp192r1", "prime192v1"),
    (0x0015, SECP224R1, "secp224r1", "secp224r1"),
    (0x0016, SECP256K1, "secp256k1", "secp256k1"),
    (0x0017, SECP256R1, "secp256r1", "prime256v1"),
    (0x0018, SECP384R1, "secp384r1", "secp384r1"),
    (0x0019, SECP521R1, "secp521r1", "secp521r1"),
    (0x001a, BRAINPOOLP256R1, "brainpoolP256r1", "brainpoolP256r1"),
    (0x001b, BRAINPOOLP384R1, "brainpoolP384r1", "brainpoolP384r1"),
    (0x001c, BRAINPOOLP512R1, "brainpoolP512r1", "brainpoolP512r1"),
    (0x001d, X25519, "x25519", "X25519"),
    (0x001e, X448, "x448", "X448"),
    (0x001f, BRAINPOOLP256R1TLS13, "brainpoolP256r1tls13", "brainpoolP256r1tls13"),
    (0x0020, BRAINPOOLP384R1TLS13, "brainpoolP384r1tls13", "brainpoolP384r1tls13"),
    (0x0021, BRAINPOOLP512R1TLS13, "brainpoolP512r1tls13", "brainpoolP512r1tls13"),
    (0x0029, CURVESM2, "curveSM2", "curveSM2"),
    (0x0100, FFDHE2048, "ffdhe2048", "ffdhe2048"),
    (0x0101, FFDHE3072, "ffdhe3072", "ffdhe3072"),
    (0x0102, FFDHE4096, "ffdhe4096", "ffdhe4096"),
    (0x0103, FFDHE6144, "ffdhe6144", "ffdhe6144"),
    (0x0104, FFDHE8192, "ffdhe8192", "ffdhe8192"),
    (0x0200, MLKEM512, "MLKEM512", "MLKEM512"),
    (0x0201, MLKEM768, "MLKEM768", "MLKEM768"),
    (0x0202, MLKEM1024, "MLKEM1024", "MLKEM1024"),
    (0x11eb, SECP256R1MLKEM768, "SecP256r1MLKEM768", "SecP256r1MLKEM768"),
    (0x11ec, X25519MLKEM768, "X25519MLKEM768", "X25519MLKEM768"),
    (0x11ed, SECP384R1MLKEM1024, "SecP384r1MLKEM1024", "SecP384r1MLKEM1024"),
    (0x11ee, CURVESM2MLKEM768, "curveSM2MLKEM768", "curveSM2MLKEM768"),
    (0x6399, X25519KYBER768DRAFT00, "X25519Kyber768Draft00", ""),
}

/// Further spellings that `openssl -groups` and Node's `ecdhCurve` accept.
const ALIASES: [(&str, NamedGroup); 5] = [
    ("P-192", NamedGroup::SECP192R1),
    ("P-224", NamedGroup::SECP224R1),
    ("P-256", NamedGroup::SECP256R1),
    ("P-384", NamedGroup::SECP384R1),
    ("P-521", NamedGroup::SECP521R1),
];

impl NamedGroup {
    /// Every group of the table, in order of number.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        TABLE.iter().map(|row| Self(row.number))
    }

    fn row(self) -> Option<&'static Row> {
        let index = TABLE.binary_search_by_key(&self.0, |row| row.number).ok()?;
        TABLE.get(index)
    }

    /// The name in the IANA registry, such as `secp256r1`.
    #[must_use]
    pub fn iana_name(self) -> Option<&'static str> {
        self.row().map(|row| row.iana)
    }

    /// OpenSSL's name, such as `prime256v1`.
    #[must_use]
    pub fn openssl_name(self) -> Option<&'static str> {
        self.row()
            .map(|row| row.openssl)
            .filter(|name| !name.is_empty())
    }

    /// Finds a group by its IANA or OpenSSL name, or as `P-256` and so on; case does not matter.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`].
    pub fn from_name(name: &str) -> Result<Self, Error> {
        let known = TABLE.iter().flat_map(|row| {
            [
                (row.iana, Self(row.number)),
                (row.openssl, Self(row.number)),
            ]
        });
        let found = known
            .chain(ALIASES)
            .find(|(known, _)| !name.is_empty() && known.eq_ignore_ascii_case(name));
        found
            .map(|(_, group)| group)
            .ok_or_else(|| Error::UnknownName {
                kind: "group",
                name: first_line(name.as_bytes()),
            })
    }

    /// Whether the group is a hybrid with, or nothing but, a post-quantum scheme.
    #[must_use]
    pub const fn is_post_quantum(self) -> bool {
        matches!(self.0, 0x0200..=0x0202 | 0x11eb..=0x11ee | 0x6399)
    }

    /// Whether it is a GREASE value (RFC 8701).
    #[must_use]
    pub const fn is_grease(self) -> bool {
        is_grease(self.0)
    }
}

impl From<u16> for NamedGroup {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl fmt::Display for NamedGroup {
    /// The IANA name, or the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        code_point::write(f, self.iana_name(), self.0)
    }
}

impl fmt::Debug for NamedGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_find_their_group() {
        assert!(TABLE.is_sorted_by(|a, b| a.number < b.number));
        for group in NamedGroup::all() {
            assert_eq!(
                group.iana_name().map(NamedGroup::from_name),
                Some(Ok(group))
            );
            if let Some(name) = group.openssl_name() {
                assert_eq!(NamedGroup::from_name(name), Ok(group));
            }
        }
        assert!(NamedGroup::from_name("").is_err());
    }

    #[test]
    fn usual_spellings_are_known() {
        for (name, group) in [
            ("P-256", NamedGroup::SECP256R1),
            ("prime256v1", NamedGroup::SECP256R1),
            ("secp256r1", NamedGroup::SECP256R1),
            ("X25519", NamedGroup::X25519),
            ("x25519mlkem768", NamedGroup::X25519MLKEM768),
        ] {
            assert_eq!(NamedGroup::from_name(name), Ok(group));
        }
        assert!(NamedGroup::X25519MLKEM768.is_post_quantum());
        assert!(!NamedGroup::X25519.is_post_quantum());
        assert_eq!(NamedGroup(0x2a2a).to_string(), "GREASE 0x2a2a");
    }
}
