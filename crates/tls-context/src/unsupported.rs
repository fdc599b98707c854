//! What exists in TLS and not in this engine, by name, each with the reason and the way out.
//!
//! TLS 1.0 and 1.1, CBC, static RSA and finite-field key exchange wait for an engine of their own,
//! chosen per connection. Until then asking for them is an error at once, never a silent omission.

use tls_wire::{CipherSuite, NamedGroup, ProtocolVersion};

use crate::Error;

const OLD_VERSION: &str = "the lowest version is TLSv1.2 (RFC 8996 forbids what is below)";
const CBC: &str = "ciphers in CBC mode do not exist in this engine; use one with GCM or CHACHA20";
const CCM: &str = "ciphers in CCM mode do not exist in this engine; use one with GCM or CHACHA20";
const STATIC_RSA: &str = "key exchange by RSA without forward secrecy does not exist in this engine; use an ECDHE cipher";
const FINITE_FIELD: &str =
    "key exchange in finite fields (DHE) does not exist in this engine; use an ECDHE cipher";
const PSK: &str =
    "ciphers for pre-shared keys are chosen where the keys are given, not in the cipher list";
const NOT_AUTHENTICATED: &str = "a cipher without authentication is open to anybody in between";
const NOT_ENCRYPTED: &str = "a cipher that does not encrypt is none";
const SUITE_B: &str =
    "Suite B is about groups and signatures, too; name its ciphers and groups one by one";
const OTHER_CIPHER: &str =
    "this cipher does not exist in this engine; use one with GCM or CHACHA20";
const OTHER_GROUP: &str =
    "this group does not exist in this engine; use X25519MLKEM768, X25519, P-256 or P-384";
const FINITE_FIELD_GROUP: &str =
    "finite-field groups do not exist in this engine; use X25519 or P-256";

pub(crate) fn version(version: ProtocolVersion) -> Error {
    Error::Unsupported {
        feature: version.to_string(),
        reason: OLD_VERSION,
    }
}

/// For a cipher that has a name, and does not exist here.
pub(crate) fn cipher(suite: CipherSuite) -> Error {
    let iana = suite.iana_name().unwrap_or_default();
    Error::Unsupported {
        feature: suite.openssl_name().unwrap_or(iana).to_owned(),
        reason: cipher_reason(iana),
    }
}

/// For a word of OpenSSL's cipher list that is a group of ciphers (`ciphers(1)`), none of which
/// exists here; `None` for a word that is none.
pub(crate) fn cipher_group(word: &str) -> Option<Error> {
    let reason = match word {
        "kRSA" | "RSA" => STATIC_RSA,
        "kDHE" | "kEDH" | "DHE" | "EDH" | "DH" | "aDSS" | "DSS" => FINITE_FIELD,
        "aNULL" | "ADH" | "AECDH" | "COMPLEMENTOFDEFAULT" => NOT_AUTHENTICATED,
        "NULL" | "eNULL" | "COMPLEMENTOFALL" => NOT_ENCRYPTED,
        "PSK" | "kPSK" | "kRSAPSK" | "kECDHEPSK" | "kDHEPSK" | "aPSK" => PSK,
        // A cipher with GCM or ChaCha20 has no MAC besides; those of older versions are in CBC mode.
        "CBC" | "SHA" | "SHA1" | "SHA256" | "SHA384" | "MD5" | "SSLv3" | "TLSv1" | "TLSv1.0" => CBC,
        "AESCCM" | "AESCCM8" => CCM,
        "SUITEB128" | "SUITEB128ONLY" | "SUITEB128C2" | "SUITEB192" => SUITE_B,
        "3DES" | "DES" | "RC2" | "RC4" | "IDEA" | "SEED" | "CAMELLIA" | "CAMELLIA128"
        | "CAMELLIA256" | "ARIA" | "ARIA128" | "ARIA256" | "ARIAGCM" | "kSRP" | "aSRP" | "SRP"
        | "kGOST" | "kGOST18" | "aGOST" | "aGOST01" | "aGOST12" | "GOST89" | "GOST94"
        | "GOST89MAC" | "GOST12" | "GOST2012" | "LOW" | "MEDIUM" | "EXP" | "EXPORT" => OTHER_CIPHER,
        _ => return None,
    };
    Some(Error::Unsupported {
        feature: word.to_owned(),
        reason,
    })
}

/// From the IANA name: `TLS_` key exchange and authentication `_WITH_` cipher and hash.
fn cipher_reason(iana: &str) -> &'static str {
    let (key_exchange, cipher) = iana.split_once("_WITH_").unwrap_or(("", iana));
    if key_exchange.contains("PSK") {
        PSK
    } else if key_exchange.contains("anon") || key_exchange.contains("NULL") {
        NOT_AUTHENTICATED
    } else if key_exchange == "TLS_RSA" || key_exchange.starts_with("TLS_RSA_EXPORT") {
        STATIC_RSA
    } else if key_exchange.starts_with("TLS_DH") {
        FINITE_FIELD
    } else if cipher.contains("_CBC") {
        CBC
    } else if cipher.contains("_CCM") {
        CCM
    } else {
        OTHER_CIPHER
    }
}

/// For a group that has a name, and does not exist here; `name` as it was given.
pub(crate) fn group(group: NamedGroup, name: &str) -> Error {
    // RFC 7919, Section 2: the finite fields.
    let is_finite_field = (0x0100..=0x01ff).contains(&group.0);
    let reason = if is_finite_field {
        FINITE_FIELD_GROUP
    } else {
        OTHER_GROUP
    };
    Error::Unsupported {
        feature: name.to_owned(),
        reason,
    }
}
