//! Signature schemes: number, IANA name, OpenSSL name.

use std::fmt;

use crate::cipher_suite::is_grease;
use crate::code_point;
use crate::error::Error;
use crate::first_bytes::first_line;

/// A signature scheme by its number (RFC 8446, Section 4.2.3); unknown ones are values too.
///
/// In TLS 1.2 the two bytes are a hash and a signature algorithm (RFC 5246, Section 7.4.1.4.1);
/// the numbers are shared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
// Exhaustive: a number and nothing else.
pub struct SignatureScheme(pub u16);

struct Row {
    number: u16,
    iana: &'static str,
    /// Empty where OpenSSL has no name.
    openssl: &'static str,
}

/// One row per scheme: number, constant, IANA name, OpenSSL name; sorted by number.
macro_rules! signature_schemes {
    ($(($number:literal, $constant:ident, $iana:literal, $openssl:literal),)*) => {
        impl SignatureScheme {
            $(#[doc = concat!("`", $iana, "`, ", stringify!($number), ".")]
            pub const $constant: Self = Self($number);)*
        }

        static TABLE: &[Row] =
            &[$(Row { number: $number, iana: $iana, openssl: $openssl }),*];
    };
}

signature_schemes! {
    (0x0101, RSA_PKCS1_MD5, "rsa_pkcs1_md5", "RSA+MD5"),
    (0x0201, RSA_PKCS1_SHA1, "rsa_pkcs1_sha1", "RSA+SHA1"),
    (0x0202, DSA_SHA1, "dsa_sha1", "DSA+SHA1"),
    (0x0203, ECDSA_SHA1, "ecdsa_sha1", "ECDSA+SHA1"),
    (0x0301, RSA_PKCS1_SHA224, "rsa_pkcs1_sha224", "RSA+SHA224"),
    (0x0302, DSA_SHA224, "dsa_sha224", "DSA+SHA224"),
    (0x0303, ECDSA_SHA224, "ecdsa_sha224", "ECDSA+SHA224"),
    (0x0401, RSA_PKCS1_SHA256, "rsa_pkcs1_sha256", "RSA+SHA256"),
    (0x0402, DSA_SHA256, "dsa_sha256", "DSA+SHA256"),
    (0x0403, ECDSA_SECP256R1_SHA256, "ecdsa_secp256r1_sha256", "ECDSA+SHA256"),
    (0x0420, RSA_PKCS1_SHA256_LEGACY, "rsa_pkcs1_sha256_legacy", ""),
    (0x0501, RSA_PKCS1_SHA384, "rsa_pkcs1_sha384", "RSA+SHA384"),
    (0x0502, DSA_SHA384, "dsa_sha384", "DSA+SHA384"),
    (0x0503, ECDSA_SECP384R1_SHA384, "ecdsa_secp384r1_sha384", "ECDSA+SHA384"),
    (0x0520, RSA_PKCS1_SHA384_LEGACY, "rsa_pkcs1_sha384_legacy", ""),
    (0x0601, RSA_PKCS1_SHA512, "rsa_pkcs1_sha512", "RSA+SHA512"),
    (0x0602, DSA_SHA512, "dsa_sha512", "DSA+SHA512"),
    (0x0603, ECDSA_SECP521R1_SHA512, "ecdsa_secp521r1_sha512", "ECDSA+SHA512"),
    (0x0620, RSA_PKCS1_SHA512_LEGACY, "rsa_pkcs1_sha512_legacy", ""),
    (0x0708, SM2SIG_SM3, "sm2sig_sm3", ""),
    (0x0804, RSA_PSS_RSAE_SHA256, "rsa_pss_rsae_sha256", "RSA-PSS+SHA256"),
    (0x0805, RSA_PSS_RSAE_SHA384, "rsa_pss_rsae_sha384", "RSA-PSS+SHA384"),
    (0x0806, RSA_PSS_RSAE_SHA512, "rsa_pss_rsae_sha512", "RSA-PSS+SHA512"),
    (0x0807, ED25519, "ed25519", "ed25519"),
    (0x0808, ED448, "ed448", "ed448"),
    (0x0809, RSA_PSS_PSS_SHA256, "rsa_pss_pss_sha256", "RSA-PSS+SHA256"),
    (0x080a, RSA_PSS_PSS_SHA384, "rsa_pss_pss_sha384", "RSA-PSS+SHA384"),
    (0x080b, RSA_PSS_PSS_SHA512, "rsa_pss_pss_sha512", "RSA-PSS+SHA512"),
    (0x081a, ECDSA_BRAINPOOLP256R1TLS13_SHA256, "ecdsa_brainpoolP256r1tls13_sha256", ""),
    (0x081b, ECDSA_BRAINPOOLP384R1TLS13_SHA384, "ecdsa_brainpoolP384r1tls13_sha384", ""),
    (0x081c, ECDSA_BRAINPOOLP512R1TLS13_SHA512, "ecdsa_brainpoolP512r1tls13_sha512", ""),
    (0x0904, MLDSA44, "mldsa44", "mldsa44"),
    (0x0905, MLDSA65, "mldsa65", "mldsa65"),
    (0x0906, MLDSA87, "mldsa87", "mldsa87"),
}

impl SignatureScheme {
    /// Every scheme of the table, in order of number.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        TABLE.iter().map(|row| Self(row.number))
    }

    fn row(self) -> Option<&'static Row> {
        let index = TABLE.binary_search_by_key(&self.0, |row| row.number).ok()?;
        TABLE.get(index)
    }

    /// The name in the IANA registry, such as `rsa_pss_rsae_sha256`. DSA and SHA-224 never were
    /// in it and are named in its manner.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.iana)
    }

    /// OpenSSL's name, such as `RSA-PSS+SHA256`, as in `SSL_CONF` lists and Node's
    /// `getSharedSigalgs`. The two kinds of RSA-PSS (`rsae`, `pss`) share one name.
    #[must_use]
    pub fn openssl_name(self) -> Option<&'static str> {
        self.row()
            .map(|row| row.openssl)
            .filter(|name| !name.is_empty())
    }

    /// The name in Node's `getSharedSigalgs`: OpenSSL's, but `Ed25519+UNDEF` for the two schemes
    /// whose hash is not negotiated.
    #[must_use]
    pub fn node_name(self) -> Option<&'static str> {
        match self {
            Self::ED25519 => Some("Ed25519+UNDEF"),
            Self::ED448 => Some("Ed448+UNDEF"),
            other => other.openssl_name(),
        }
    }

    /// Finds a scheme by either name; case does not matter. `RSA-PSS+…` finds the `rsae` scheme,
    /// the one of ordinary RSA keys.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`].
    pub fn from_name(name: &str) -> Result<Self, Error> {
        let is_name = |known: &str| !name.is_empty() && known.eq_ignore_ascii_case(name);
        let found = TABLE
            .iter()
            .find(|row| is_name(row.iana) || is_name(row.openssl));
        found
            .map(|row| Self(row.number))
            .ok_or_else(|| Error::UnknownName {
                kind: "signature scheme",
                name: first_line(name.as_bytes()),
            })
    }

    /// Whether it is a GREASE value (RFC 8701).
    #[must_use]
    pub const fn is_grease(self) -> bool {
        is_grease(self.0)
    }
}

impl From<u16> for SignatureScheme {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl fmt::Display for SignatureScheme {
    /// The IANA name, or the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        code_point::write(f, self.name(), self.0)
    }
}

impl fmt::Debug for SignatureScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_find_their_scheme() {
        assert!(TABLE.is_sorted_by(|a, b| a.number < b.number));
        for scheme in SignatureScheme::all() {
            assert_eq!(
                scheme.name().map(SignatureScheme::from_name),
                Some(Ok(scheme))
            );
        }
        assert!(SignatureScheme::from_name("").is_err());
    }

    // Spec: SOP-18
    #[test]
    fn sop_18_shared_schemes_are_named_as_node_does() {
        for (scheme, name) in [
            (SignatureScheme::RSA_PSS_RSAE_SHA256, "RSA-PSS+SHA256"),
            (SignatureScheme::ECDSA_SECP256R1_SHA256, "ECDSA+SHA256"),
            (SignatureScheme::ED25519, "Ed25519+UNDEF"),
        ] {
            assert_eq!(scheme.node_name(), Some(name));
        }
    }

    // Spec: CIP-20
    #[test]
    fn openssl_names_find_their_scheme() {
        for (name, scheme) in [
            ("RSA-PSS+SHA256", SignatureScheme::RSA_PSS_RSAE_SHA256),
            ("ECDSA+SHA384", SignatureScheme::ECDSA_SECP384R1_SHA384),
            ("RSA+SHA1", SignatureScheme::RSA_PKCS1_SHA1),
            ("ed25519", SignatureScheme::ED25519),
            ("RSA+SHA384", SignatureScheme::RSA_PKCS1_SHA384),
        ] {
            assert_eq!(SignatureScheme::from_name(name), Ok(scheme));
            assert_eq!(scheme.openssl_name(), Some(name));
        }
        let scheme = SignatureScheme::from_name("rsa_pss_pss_sha512");
        assert_eq!(scheme, Ok(SignatureScheme::RSA_PSS_PSS_SHA512));
        assert_eq!(
            SignatureScheme::RSA_PSS_PSS_SHA512.openssl_name(),
            Some("RSA-PSS+SHA512")
        );
    }
}
