//! Cipher suites: number, IANA name, OpenSSL name, first version, hash.
//!
//! The table has every suite of TLS 1.3, every suite that OpenSSL 3 knows for older versions, the
//! signalling values, and what else still turns up in hellos.

use std::fmt;

use crate::code_point;
use crate::error::Error;
use crate::first_bytes::first_line;
use crate::protocol_version::ProtocolVersion;

/// The hash of a suite's key schedule: HKDF in TLS 1.3, the PRF in TLS 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SHA-256; also the PRF of TLS 1.2 for suites whose name ends in SHA or MD5.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl HashAlgorithm {
    /// Bytes of a digest.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// A cipher suite by its number; unknown ones, GREASE included, are values too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
// Exhaustive: a number and nothing else.
pub struct CipherSuite(pub u16);

/// What is known about one suite.
struct Row {
    number: u16,
    iana: &'static str,
    /// Empty where OpenSSL has no name.
    openssl: &'static str,
    since: ProtocolVersion,
    hash: HashAlgorithm,
}

/// One row per suite: number, IANA name, OpenSSL name, first version, hash; sorted by number.
macro_rules! cipher_suites {
    ($(($number:literal, $iana:ident, $openssl:literal, $since:ident, $hash:ident),)*) => {
        impl CipherSuite {
            // Spelt as in the registry, `anon` included.
            $(#[doc = concat!("`", stringify!($iana), "`, ", stringify!($number), ".")]
            #[allow(non_upper_case_globals)]
            pub const $iana: Self = Self($number);)*
        }

        static TABLE: &[Row] = &[$(Row {
            number: $number,
            iana: stringify!($iana),
            openssl: $openssl,
            since: ProtocolVersion::$since,
            hash: HashAlgorithm::$hash,
        }),*];
    };
}

cipher_suites! {
    (0x0001, TLS_RSA_WITH_NULL_MD5, "NULL-MD5", Ssl3, Sha256),
    (0x0002, TLS_RSA_WITH_NULL_SHA, "NULL-SHA", Ssl3, Sha256),
    (0x0004, TLS_RSA_WITH_RC4_128_MD5, "RC4-MD5", Ssl3, Sha256),
    (0x0005, TLS_RSA_WITH_RC4_128_SHA, "RC4-SHA", Ssl3, Sha256),
    (0x0009, TLS_RSA_WITH_DES_CBC_SHA, "DES-CBC-SHA", Ssl3, Sha256),
    (0x000a, TLS_RSA_WITH_3DES_EDE_CBC_SHA, "DES-CBC3-SHA", Ssl3, Sha256),
    (0x0013, TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA, "DHE-DSS-DES-CBC3-SHA", Ssl3, Sha256),
    (0x0016, TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA, "DHE-RSA-DES-CBC3-SHA", Ssl3, Sha256),
    (0x002c, TLS_PSK_WITH_NULL_SHA, "PSK-NULL-SHA", Ssl3, Sha256),
    (0x002d, TLS_DHE_PSK_WITH_NULL_SHA, "DHE-PSK-NULL-SHA", Ssl3, Sha256),
    (0x002e, TLS_RSA_PSK_WITH_NULL_SHA, "RSA-PSK-NULL-SHA", Ssl3, Sha256),
    (0x002f, TLS_RSA_WITH_AES_128_CBC_SHA, "AES128-SHA", Ssl3, Sha256),
    (0x0032, TLS_DHE_DSS_WITH_AES_128_CBC_SHA, "DHE-DSS-AES128-SHA", Ssl3, Sha256),
    (0x0033, TLS_DHE_RSA_WITH_AES_128_CBC_SHA, "DHE-RSA-AES128-SHA", Ssl3, Sha256),
    (0x0034, TLS_DH_anon_WITH_AES_128_CBC_SHA, "ADH-AES128-SHA", Ssl3, Sha256),
    (0x0035, TLS_RSA_WITH_AES_256_CBC_SHA, "AES256-SHA", Ssl3, Sha256),
    (0x0038, TLS_DHE_DSS_WITH_AES_256_CBC_SHA, "DHE-DSS-AES256-SHA", Ssl3, Sha256),
    (0x0039, TLS_DHE_RSA_WITH_AES_256_CBC_SHA, "DHE-RSA-AES256-SHA", Ssl3, Sha256),
    (0x003a, TLS_DH_anon_WITH_AES_256_CBC_SHA, "ADH-AES256-SHA", Ssl3, Sha256),
    (0x003b, TLS_RSA_WITH_NULL_SHA256, "NULL-SHA256", Tls12, Sha256),
    (0x003c, TLS_RSA_WITH_AES_128_CBC_SHA256, "AES128-SHA256", Tls12, Sha256),
    (0x003d, TLS_RSA_WITH_AES_256_CBC_SHA256, "AES256-SHA256", Tls12, Sha256),
    (0x0040, TLS_DHE_DSS_WITH_AES_128_CBC_SHA256, "DHE-DSS-AES128-SHA256", Tls12, Sha256),
    (0x0041, TLS_RSA_WITH_CAMELLIA_128_CBC_SHA, "CAMELLIA128-SHA", Ssl3, Sha256),
    (0x0044, TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA, "DHE-DSS-CAMELLIA128-SHA", Ssl3, Sha256),
    (0x0045, TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA, "DHE-RSA-CAMELLIA128-SHA", Ssl3, Sha256),
    (0x0046, TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA, "ADH-CAMELLIA128-SHA", Ssl3, Sha256),
    (0x0067, TLS_DHE_RSA_WITH_AES_128_CBC_SHA256, "DHE-RSA-AES128-SHA256", Tls12, Sha256),
    (0x006a, TLS_DHE_DSS_WITH_AES_256_CBC_SHA256, "DHE-DSS-AES256-SHA256", Tls12, Sha256),
    (0x006b, TLS_DHE_RSA_WITH_AES_256_CBC_SHA256, "DHE-RSA-AES256-SHA256", Tls12, Sha256),
    (0x006c, TLS_DH_anon_WITH_AES_128_CBC_SHA256, "ADH-AES128-SHA256", Tls12, Sha256),
    (0x006d, TLS_DH_anon_WITH_AES_256_CBC_SHA256, "ADH-AES256-SHA256", Tls12, Sha256),
    (0x0084, TLS_RSA_WITH_CAMELLIA_256_CBC_SHA, "CAMELLIA256-SHA", Ssl3, Sha256),
    (0x0087, TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA, "DHE-DSS-CAMELLIA256-SHA", Ssl3, Sha256),
    (0x0088, TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA, "DHE-RSA-CAMELLIA256-SHA", Ssl3, Sha256),
    (0x0089, TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA, "ADH-CAMELLIA256-SHA", Ssl3, Sha256),
    (0x008b, TLS_PSK_WITH_3DES_EDE_CBC_SHA, "PSK-3DES-EDE-CBC-SHA", Ssl3, Sha256),
    (0x008c, TLS_PSK_WITH_AES_128_CBC_SHA, "PSK-AES128-CBC-SHA", Ssl3, Sha256),
    (0x008d, TLS_PSK_WITH_AES_256_CBC_SHA, "PSK-AES256-CBC-SHA", Ssl3, Sha256),
    (0x008f, TLS_DHE_PSK_WITH_3DES_EDE_CBC_SHA, "DHE-PSK-3DES-EDE-CBC-SHA", Ssl3, Sha256),
    (0x0090, TLS_DHE_PSK_WITH_AES_128_CBC_SHA, "DHE-PSK-AES128-CBC-SHA", Ssl3, Sha256),
    (0x0091, TLS_DHE_PSK_WITH_AES_256_CBC_SHA, "DHE-PSK-AES256-CBC-SHA", Ssl3, Sha256),
    (0x0093, TLS_RSA_PSK_WITH_3DES_EDE_CBC_SHA, "RSA-PSK-3DES-EDE-CBC-SHA", Ssl3, Sha256),
    (0x0094, TLS_RSA_PSK_WITH_AES_128_CBC_SHA, "RSA-PSK-AES128-CBC-SHA", Ssl3, Sha256),
    (0x0095, TLS_RSA_PSK_WITH_AES_256_CBC_SHA, "RSA-PSK-AES256-CBC-SHA", Ssl3, Sha256),
    (0x009c, TLS_RSA_WITH_AES_128_GCM_SHA256, "AES128-GCM-SHA256", Tls12, Sha256),
    (0x009d, TLS_RSA_WITH_AES_256_GCM_SHA384, "AES256-GCM-SHA384", Tls12, Sha384),
    (0x009e, TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, "DHE-RSA-AES128-GCM-SHA256", Tls12, Sha256),
    (0x009f, TLS_DHE_RSA_WITH_AES_256_GCM_SHA384, "DHE-RSA-AES256-GCM-SHA384", Tls12, Sha384),
    (0x00a2, TLS_DHE_DSS_WITH_AES_128_GCM_SHA256, "DHE-DSS-AES128-GCM-SHA256", Tls12, Sha256),
    (0x00a3, TLS_DHE_DSS_WITH_AES_256_GCM_SHA384, "DHE-DSS-AES256-GCM-SHA384", Tls12, Sha384),
    (0x00a6, TLS_DH_anon_WITH_AES_128_GCM_SHA256, "ADH-AES128-GCM-SHA256", Tls12, Sha256),
    (0x00a7, TLS_DH_anon_WITH_AES_256_GCM_SHA384, "ADH-AES256-GCM-SHA384", Tls12, Sha384),
    (0x00a8, TLS_PSK_WITH_AES_128_GCM_SHA256, "PSK-AES128-GCM-SHA256", Tls12, Sha256),
    (0x00a9, TLS_PSK_WITH_AES_256_GCM_SHA384, "PSK-AES256-GCM-SHA384", Tls12, Sha384),
    (0x00aa, TLS_DHE_PSK_WITH_AES_128_GCM_SHA256, "DHE-PSK-AES128-GCM-SHA256", Tls12, Sha256),
    (0x00ab, TLS_DHE_PSK_WITH_AES_256_GCM_SHA384, "DHE-PSK-AES256-GCM-SHA384", Tls12, Sha384),
    (0x00ac, TLS_RSA_PSK_WITH_AES_128_GCM_SHA256, "RSA-PSK-AES128-GCM-SHA256", Tls12, Sha256),
    (0x00ad, TLS_RSA_PSK_WITH_AES_256_GCM_SHA384, "RSA-PSK-AES256-GCM-SHA384", Tls12, Sha384),
    (0x00ae, TLS_PSK_WITH_AES_128_CBC_SHA256, "PSK-AES128-CBC-SHA256", Tls10, Sha256),
    (0x00af, TLS_PSK_WITH_AES_256_CBC_SHA384, "PSK-AES256-CBC-SHA384", Tls10, Sha384),
    (0x00b0, TLS_PSK_WITH_NULL_SHA256, "PSK-NULL-SHA256", Tls10, Sha256),
    (0x00b1, TLS_PSK_WITH_NULL_SHA384, "PSK-NULL-SHA384", Tls10, Sha384),
    (0x00b2, TLS_DHE_PSK_WITH_AES_128_CBC_SHA256, "DHE-PSK-AES128-CBC-SHA256", Tls10, Sha256),
    (0x00b3, TLS_DHE_PSK_WITH_AES_256_CBC_SHA384, "DHE-PSK-AES256-CBC-SHA384", Tls10, Sha384),
    (0x00b4, TLS_DHE_PSK_WITH_NULL_SHA256, "DHE-PSK-NULL-SHA256", Tls10, Sha256),
    (0x00b5, TLS_DHE_PSK_WITH_NULL_SHA384, "DHE-PSK-NULL-SHA384", Tls10, Sha384),
    (0x00b6, TLS_RSA_PSK_WITH_AES_128_CBC_SHA256, "RSA-PSK-AES128-CBC-SHA256", Tls10, Sha256),
    (0x00b7, TLS_RSA_PSK_WITH_AES_256_CBC_SHA384, "RSA-PSK-AES256-CBC-SHA384", Tls10, Sha384),
    (0x00b8, TLS_RSA_PSK_WITH_NULL_SHA256, "RSA-PSK-NULL-SHA256", Tls10, Sha256),
    (0x00b9, TLS_RSA_PSK_WITH_NULL_SHA384, "RSA-PSK-NULL-SHA384", Tls10, Sha384),
    (0x00ba, TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256, "CAMELLIA128-SHA256", Tls12, Sha256),
    (0x00bd, TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256, "DHE-DSS-CAMELLIA128-SHA256", Tls12, Sha256),
    (0x00be, TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256, "DHE-RSA-CAMELLIA128-SHA256", Tls12, Sha256),
    (0x00bf, TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256, "ADH-CAMELLIA128-SHA256", Tls12, Sha256),
    (0x00c0, TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256, "CAMELLIA256-SHA256", Tls12, Sha256),
    (0x00c3, TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256, "DHE-DSS-CAMELLIA256-SHA256", Tls12, Sha256),
    (0x00c4, TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256, "DHE-RSA-CAMELLIA256-SHA256", Tls12, Sha256),
    (0x00c5, TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256, "ADH-CAMELLIA256-SHA256", Tls12, Sha256),
    (0x00ff, TLS_EMPTY_RENEGOTIATION_INFO_SCSV, "", Ssl3, Sha256),
    (0x1301, TLS_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256", Tls13, Sha256),
    (0x1302, TLS_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384", Tls13, Sha384),
    (0x1303, TLS_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256", Tls13, Sha256),
    (0x1304, TLS_AES_128_CCM_SHA256, "TLS_AES_128_CCM_SHA256", Tls13, Sha256),
    (0x1305, TLS_AES_128_CCM_8_SHA256, "TLS_AES_128_CCM_8_SHA256", Tls13, Sha256),
    (0x5600, TLS_FALLBACK_SCSV, "", Ssl3, Sha256),
    (0xc002, TLS_ECDH_ECDSA_WITH_RC4_128_SHA, "ECDH-ECDSA-RC4-SHA", Tls10, Sha256),
    (0xc003, TLS_ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA, "ECDH-ECDSA-DES-CBC3-SHA", Tls10, Sha256),
    (0xc004, TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA, "ECDH-ECDSA-AES128-SHA", Tls10, Sha256),
    (0xc005, TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA, "ECDH-ECDSA-AES256-SHA", Tls10, Sha256),
    (0xc006, TLS_ECDHE_ECDSA_WITH_NULL_SHA, "ECDHE-ECDSA-NULL-SHA", Tls10, Sha256),
    (0xc007, TLS_ECDHE_ECDSA_WITH_RC4_128_SHA, "ECDHE-ECDSA-RC4-SHA", Tls10, Sha256),
    (0xc008, TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA, "ECDHE-ECDSA-DES-CBC3-SHA", Tls10, Sha256),
    (0xc009, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "ECDHE-ECDSA-AES128-SHA", Tls10, Sha256),
    (0xc00a, TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "ECDHE-ECDSA-AES256-SHA", Tls10, Sha256),
    (0xc00c, TLS_ECDH_RSA_WITH_RC4_128_SHA, "ECDH-RSA-RC4-SHA", Tls10, Sha256),
    (0xc00d, TLS_ECDH_RSA_WITH_3DES_EDE_CBC_SHA, "ECDH-RSA-DES-CBC3-SHA", Tls10, Sha256),
    (0xc00e, TLS_ECDH_RSA_WITH_AES_128_CBC_SHA, "ECDH-RSA-AES128-SHA", Tls10, Sha256),
    (0xc00f, TLS_ECDH_RSA_WITH_AES_256_CBC_SHA, "ECDH-RSA-AES256-SHA", Tls10, Sha256),
    (0xc010, TLS_ECDHE_RSA_WITH_NULL_SHA, "ECDHE-RSA-NULL-SHA", Tls10, Sha256),
    (0xc011, TLS_ECDHE_RSA_WITH_RC4_128_SHA, "ECDHE-RSA-RC4-SHA", Tls10, Sha256),
    (0xc012, TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, "ECDHE-RSA-DES-CBC3-SHA", Tls10, Sha256),
    (0xc013, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "ECDHE-RSA-AES128-SHA", Tls10, Sha256),
    (0xc014, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "ECDHE-RSA-AES256-SHA", Tls10, Sha256),
    (0xc015, TLS_ECDH_anon_WITH_NULL_SHA, "AECDH-NULL-SHA", Tls10, Sha256),
    (0xc018, TLS_ECDH_anon_WITH_AES_128_CBC_SHA, "AECDH-AES128-SHA", Tls10, Sha256),
    (0xc019, TLS_ECDH_anon_WITH_AES_256_CBC_SHA, "AECDH-AES256-SHA", Tls10, Sha256),
    (0xc01d, TLS_SRP_SHA_WITH_AES_128_CBC_SHA, "SRP-AES-128-CBC-SHA", Ssl3, Sha256),
    (0xc01e, TLS_SRP_SHA_RSA_WITH_AES_128_CBC_SHA, "SRP-RSA-AES-128-CBC-SHA", Ssl3, Sha256),
    (0xc01f, TLS_SRP_SHA_DSS_WITH_AES_128_CBC_SHA, "SRP-DSS-AES-128-CBC-SHA", Ssl3, Sha256),
    (0xc020, TLS_SRP_SHA_WITH_AES_256_CBC_SHA, "SRP-AES-256-CBC-SHA", Ssl3, Sha256),
    (0xc021, TLS_SRP_SHA_RSA_WITH_AES_256_CBC_SHA, "SRP-RSA-AES-256-CBC-SHA", Ssl3, Sha256),
    (0xc022, TLS_SRP_SHA_DSS_WITH_AES_256_CBC_SHA, "SRP-DSS-AES-256-CBC-SHA", Ssl3, Sha256),
    (0xc023, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, "ECDHE-ECDSA-AES128-SHA256", Tls12, Sha256),
    (0xc024, TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, "ECDHE-ECDSA-AES256-SHA384", Tls12, Sha384),
    (0xc025, TLS_ECDH_ECDSA_WITH_AES_128_CBC_SHA256, "ECDH-ECDSA-AES128-SHA256", Tls12, Sha256),
    (0xc026, TLS_ECDH_ECDSA_WITH_AES_256_CBC_SHA384, "ECDH-ECDSA-AES256-SHA384", Tls12, Sha384),
    (0xc027, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, "ECDHE-RSA-AES128-SHA256", Tls12, Sha256),
    (0xc028, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, "ECDHE-RSA-AES256-SHA384", Tls12, Sha384),
    (0xc029, TLS_ECDH_RSA_WITH_AES_128_CBC_SHA256, "ECDH-RSA-AES128-SHA256", Tls12, Sha256),
    (0xc02a, TLS_ECDH_RSA_WITH_AES_256_CBC_SHA384, "ECDH-RSA-AES256-SHA384", Tls12, Sha384),
    (0xc02b, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256", Tls12, Sha256),
    (0xc02c, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384", Tls12, Sha384),
    (0xc02d, TLS_ECDH_ECDSA_WITH_AES_128_GCM_SHA256, "ECDH-ECDSA-AES128-GCM-SHA256", Tls12, Sha256),
    (0xc02e, TLS_ECDH_ECDSA_WITH_AES_256_GCM_SHA384, "ECDH-ECDSA-AES256-GCM-SHA384", Tls12, Sha384),
    (0xc02f, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256", Tls12, Sha256),
    (0xc030, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384", Tls12, Sha384),
    (0xc031, TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256, "ECDH-RSA-AES128-GCM-SHA256", Tls12, Sha256),
    (0xc032, TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384, "ECDH-RSA-AES256-GCM-SHA384", Tls12, Sha384),
    (0xc034, TLS_ECDHE_PSK_WITH_3DES_EDE_CBC_SHA, "ECDHE-PSK-3DES-EDE-CBC-SHA", Tls10, Sha256),
    (0xc035, TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA, "ECDHE-PSK-AES128-CBC-SHA", Tls10, Sha256),
    (0xc036, TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA, "ECDHE-PSK-AES256-CBC-SHA", Tls10, Sha256),
    (0xc037, TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256, "ECDHE-PSK-AES128-CBC-SHA256", Tls10, Sha256),
    (0xc038, TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA384, "ECDHE-PSK-AES256-CBC-SHA384", Tls10, Sha384),
    (0xc039, TLS_ECDHE_PSK_WITH_NULL_SHA, "ECDHE-PSK-NULL-SHA", Tls10, Sha256),
    (0xc03a, TLS_ECDHE_PSK_WITH_NULL_SHA256, "ECDHE-PSK-NULL-SHA256", Tls10, Sha256),
    (0xc03b, TLS_ECDHE_PSK_WITH_NULL_SHA384, "ECDHE-PSK-NULL-SHA384", Tls10, Sha384),
    (0xc050, TLS_RSA_WITH_ARIA_128_GCM_SHA256, "ARIA128-GCM-SHA256", Tls12, Sha256),
    (0xc051, TLS_RSA_WITH_ARIA_256_GCM_SHA384, "ARIA256-GCM-SHA384", Tls12, Sha384),
    (0xc052, TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256, "DHE-RSA-ARIA128-GCM-SHA256", Tls12, Sha256),
    (0xc053, TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384, "DHE-RSA-ARIA256-GCM-SHA384", Tls12, Sha384),
    (0xc056, TLS_DHE_DSS_WITH_ARIA_128_GCM_SHA256, "DHE-DSS-ARIA128-GCM-SHA256", Tls12, Sha256),
    (0xc057, TLS_DHE_DSS_WITH_ARIA_256_GCM_SHA384, "DHE-DSS-ARIA256-GCM-SHA384", Tls12, Sha384),
    (0xc05c, TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256, "ECDHE-ECDSA-ARIA128-GCM-SHA256", Tls12, Sha256),
    (0xc05d, TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384, "ECDHE-ECDSA-ARIA256-GCM-SHA384", Tls12, Sha384),
    (0xc060, TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256, "ECDHE-ARIA128-GCM-SHA256", Tls12, Sha256),
    (0xc061, TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384, "ECDHE-ARIA256-GCM-SHA384", Tls12, Sha384),
    (0xc06a, TLS_PSK_WITH_ARIA_128_GCM_SHA256, "PSK-ARIA128-GCM-SHA256", Tls12, Sha256),
    (0xc06b, TLS_PSK_WITH_ARIA_256_GCM_SHA384, "PSK-ARIA256-GCM-SHA384", Tls12, Sha384),
    (0xc06c, TLS_DHE_PSK_WITH_ARIA_128_GCM_SHA256, "DHE-PSK-ARIA128-GCM-SHA256", Tls12, Sha256),
    (0xc06d, TLS_DHE_PSK_WITH_ARIA_256_GCM_SHA384, "DHE-PSK-ARIA256-GCM-SHA384", Tls12, Sha384),
    (0xc06e, TLS_RSA_PSK_WITH_ARIA_128_GCM_SHA256, "RSA-PSK-ARIA128-GCM-SHA256", Tls12, Sha256),
    (0xc06f, TLS_RSA_PSK_WITH_ARIA_256_GCM_SHA384, "RSA-PSK-ARIA256-GCM-SHA384", Tls12, Sha384),
    (0xc072, TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256, "ECDHE-ECDSA-CAMELLIA128-SHA256", Tls12, Sha256),
    (0xc073, TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384, "ECDHE-ECDSA-CAMELLIA256-SHA384", Tls12, Sha384),
    (0xc076, TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256, "ECDHE-RSA-CAMELLIA128-SHA256", Tls12, Sha256),
    (0xc077, TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384, "ECDHE-RSA-CAMELLIA256-SHA384", Tls12, Sha384),
    (0xc094, TLS_PSK_WITH_CAMELLIA_128_CBC_SHA256, "PSK-CAMELLIA128-SHA256", Tls10, Sha256),
    (0xc095, TLS_PSK_WITH_CAMELLIA_256_CBC_SHA384, "PSK-CAMELLIA256-SHA384", Tls10, Sha384),
    (0xc096, TLS_DHE_PSK_WITH_CAMELLIA_128_CBC_SHA256, "DHE-PSK-CAMELLIA128-SHA256", Tls10, Sha256),
    (0xc097, TLS_DHE_PSK_WITH_CAMELLIA_256_CBC_SHA384, "DHE-PSK-CAMELLIA256-SHA384", Tls10, Sha384),
    (0xc098, TLS_RSA_PSK_WITH_CAMELLIA_128_CBC_SHA256, "RSA-PSK-CAMELLIA128-SHA256", Tls10, Sha256),
    (0xc099, TLS_RSA_PSK_WITH_CAMELLIA_256_CBC_SHA384, "RSA-PSK-CAMELLIA256-SHA384", Tls10, Sha384),
    (0xc09a, TLS_ECDHE_PSK_WITH_CAMELLIA_128_CBC_SHA256, "ECDHE-PSK-CAMELLIA128-SHA256", Tls10, Sha256),
    (0xc09b, TLS_ECDHE_PSK_WITH_CAMELLIA_256_CBC_SHA384, "ECDHE-PSK-CAMELLIA256-SHA384", Tls10, Sha384),
    (0xc09c, TLS_RSA_WITH_AES_128_CCM, "AES128-CCM", Tls12, Sha256),
    (0xc09d, TLS_RSA_WITH_AES_256_CCM, "AES256-CCM", Tls12, Sha256),
    (0xc09e, TLS_DHE_RSA_WITH_AES_128_CCM, "DHE-RSA-AES128-CCM", Tls12, Sha256),
    (0xc09f, TLS_DHE_RSA_WITH_AES_256_CCM, "DHE-RSA-AES256-CCM", Tls12, Sha256),
    (0xc0a0, TLS_RSA_WITH_AES_128_CCM_8, "AES128-CCM8", Tls12, Sha256),
    (0xc0a1, TLS_RSA_WITH_AES_256_CCM_8, "AES256-CCM8", Tls12, Sha256),
    (0xc0a2, TLS_DHE_RSA_WITH_AES_128_CCM_8, "DHE-RSA-AES128-CCM8", Tls12, Sha256),
    (0xc0a3, TLS_DHE_RSA_WITH_AES_256_CCM_8, "DHE-RSA-AES256-CCM8", Tls12, Sha256),
    (0xc0a4, TLS_PSK_WITH_AES_128_CCM, "PSK-AES128-CCM", Tls12, Sha256),
    (0xc0a5, TLS_PSK_WITH_AES_256_CCM, "PSK-AES256-CCM", Tls12, Sha256),
    (0xc0a6, TLS_DHE_PSK_WITH_AES_128_CCM, "DHE-PSK-AES128-CCM", Tls12, Sha256),
    (0xc0a7, TLS_DHE_PSK_WITH_AES_256_CCM, "DHE-PSK-AES256-CCM", Tls12, Sha256),
    (0xc0a8, TLS_PSK_WITH_AES_128_CCM_8, "PSK-AES128-CCM8", Tls12, Sha256),
    (0xc0a9, TLS_PSK_WITH_AES_256_CCM_8, "PSK-AES256-CCM8", Tls12, Sha256),
    (0xc0aa, TLS_PSK_DHE_WITH_AES_128_CCM_8, "DHE-PSK-AES128-CCM8", Tls12, Sha256),
    (0xc0ab, TLS_PSK_DHE_WITH_AES_256_CCM_8, "DHE-PSK-AES256-CCM8", Tls12, Sha256),
    (0xc0ac, TLS_ECDHE_ECDSA_WITH_AES_128_CCM, "ECDHE-ECDSA-AES128-CCM", Tls12, Sha256),
    (0xc0ad, TLS_ECDHE_ECDSA_WITH_AES_256_CCM, "ECDHE-ECDSA-AES256-CCM", Tls12, Sha256),
    (0xc0ae, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, "ECDHE-ECDSA-AES128-CCM8", Tls12, Sha256),
    (0xc0af, TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8, "ECDHE-ECDSA-AES256-CCM8", Tls12, Sha256),
    (0xc0b4, TLS_SHA256_SHA256, "TLS_SHA256_SHA256", Tls13, Sha256),
    (0xc0b5, TLS_SHA384_SHA384, "TLS_SHA384_SHA384", Tls13, Sha384),
    (0xcca8, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305", Tls12, Sha256),
    (0xcca9, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305", Tls12, Sha256),
    (0xccaa, TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "DHE-RSA-CHACHA20-POLY1305", Tls12, Sha256),
    (0xccab, TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, "PSK-CHACHA20-POLY1305", Tls12, Sha256),
    (0xccac, TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-PSK-CHACHA20-POLY1305", Tls12, Sha256),
    (0xccad, TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256, "DHE-PSK-CHACHA20-POLY1305", Tls12, Sha256),
    (0xccae, TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256, "RSA-PSK-CHACHA20-POLY1305", Tls12, Sha256),
    (0xd001, TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, "", Tls12, Sha256),
    (0xd002, TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384, "", Tls12, Sha384),
    (0xd003, TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256, "", Tls12, Sha256),
    (0xd005, TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256, "", Tls12, Sha256),
}

impl CipherSuite {
    /// Every suite of the table, in order of number.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        TABLE.iter().map(|row| Self(row.number))
    }

    fn row(self) -> Option<&'static Row> {
        let index = TABLE.binary_search_by_key(&self.0, |row| row.number).ok()?;
        TABLE.get(index)
    }

    /// The name in the IANA registry, such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
    #[must_use]
    pub fn iana_name(self) -> Option<&'static str> {
        self.row().map(|row| row.iana)
    }

    /// OpenSSL's name, such as `ECDHE-RSA-AES128-GCM-SHA256`; in TLS 1.3 it equals IANA's.
    #[must_use]
    pub fn openssl_name(self) -> Option<&'static str> {
        self.row()
            .map(|row| row.openssl)
            .filter(|name| !name.is_empty())
    }

    /// Finds a suite by its IANA or its OpenSSL name; case matters, as it does for OpenSSL.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`].
    pub fn from_name(name: &str) -> Result<Self, Error> {
        let found = TABLE
            .iter()
            .find(|row| !name.is_empty() && (row.iana == name || row.openssl == name));
        found
            .map(|row| Self(row.number))
            .ok_or_else(|| Error::UnknownName {
                kind: "cipher suite",
                name: first_line(name.as_bytes()),
            })
    }

    /// The hash of the key schedule; `None` for unknown suites and signalling values.
    #[must_use]
    pub fn hash(self) -> Option<HashAlgorithm> {
        self.row()
            .filter(|_| !self.is_signalling())
            .map(|row| row.hash)
    }

    /// The first version that can use it; `None` for unknown suites.
    #[must_use]
    pub fn minimum_version(self) -> Option<ProtocolVersion> {
        self.row().map(|row| row.since)
    }

    /// Whether `version` can use it: suites of TLS 1.3 are of use there only, and nowhere else.
    #[must_use]
    pub fn works_in(self, version: ProtocolVersion) -> bool {
        let Some(row) = self.row().filter(|_| !self.is_signalling()) else {
            return false;
        };
        match row.since {
            ProtocolVersion::Tls13 => version == ProtocolVersion::Tls13,
            since => since <= version && version <= ProtocolVersion::Tls12,
        }
    }

    /// Whether it is a signalling value and no suite (RFC 5746, RFC 7507).
    #[must_use]
    pub const fn is_signalling(self) -> bool {
        matches!(
            self,
            Self::TLS_EMPTY_RENEGOTIATION_INFO_SCSV | Self::TLS_FALLBACK_SCSV
        )
    }

    /// Whether it is a GREASE value (RFC 8701).
    #[must_use]
    pub const fn is_grease(self) -> bool {
        is_grease(self.0)
    }
}

/// Whether a number is one of the sixteen GREASE values 0x0a0a, 0x1a1a, … (RFC 8701, Section 2).
#[must_use]
pub const fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

impl From<u16> for CipherSuite {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl fmt::Display for CipherSuite {
    /// The IANA name, or the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        code_point::write(f, self.iana_name(), self.0)
    }
}

impl fmt::Debug for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
