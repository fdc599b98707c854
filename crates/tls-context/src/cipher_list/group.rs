//! What a word of a cipher list stands for: one cipher, or a group (`ciphers(1)`).

use rustls::SupportedCipherSuite;
use tls_wire::CipherSuite;

use super::{find_named, provided, version_of};
use crate::{Error, unsupported, versions::Version};

/// What a word stands for, among the suites of TLS 1.2 that exist here.
pub(super) enum Group {
    One(SupportedCipherSuite),
    All(fn(Kind) -> bool),
    /// Something that exists elsewhere: nothing here, for this reason.
    Elsewhere(Error),
}

/// What the six suites differ in; all of them are ECDHE and AEAD.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Kind {
    is_ecdsa: bool,
    cipher: Cipher,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cipher {
    // In OpenSSL's order: by strength, AES before ChaCha20.
    Aes256,
    ChaCha20,
    Aes128,
}

impl Kind {
    fn of(suite: SupportedCipherSuite) -> Self {
        let name = CipherSuite(u16::from(suite.suite()))
            .iana_name()
            .unwrap_or_default();
        let cipher = if name.contains("AES_256") {
            Cipher::Aes256
        } else if name.contains("AES_128") {
            Cipher::Aes128
        } else {
            Cipher::ChaCha20
        };
        Self {
            is_ecdsa: name.contains("_ECDSA_"),
            cipher,
        }
    }
}

/// Sorts as OpenSSL does where nobody says otherwise: by strength, then ECDSA before RSA.
pub(super) fn openssl_order(suite: SupportedCipherSuite) -> impl Ord {
    let kind = Kind::of(suite);
    (kind.cipher, !kind.is_ecdsa)
}

/// Bits of security of the cipher.
pub(super) fn strength(suite: SupportedCipherSuite) -> u32 {
    match Kind::of(suite).cipher {
        Cipher::Aes128 => 128,
        Cipher::Aes256 | Cipher::ChaCha20 => 256,
    }
}

impl Group {
    /// In the letter case of OpenSSL.
    pub(super) fn of(word: &str) -> Result<Self, Error> {
        if let Ok(named) = CipherSuite::from_name(word) {
            return match find_named(named) {
                Some(suite) if version_of(suite) == Version::Tls12 => Ok(Self::One(suite)),
                Some(_) => Err(Error::CipherWordNotSupported {
                    word: word.to_owned(),
                    reason: "a cipher of TLS 1.3 stands alone, or behind one of ! - +",
                }),
                None => Ok(Self::Elsewhere(unsupported::cipher(named))),
            };
        }
        let all = match word {
            "ALL" | "DEFAULT" | "HIGH" | "TLSv1.2" | "ECDHE" | "EECDH" | "kECDHE" | "kEECDH"
            | "ECDH" => |_| true,
            "aRSA" => |kind: Kind| !kind.is_ecdsa,
            "aECDSA" | "ECDSA" => |kind: Kind| kind.is_ecdsa,
            "AES" | "AESGCM" | "FIPS" => |kind: Kind| kind.cipher != Cipher::ChaCha20,
            "AES128" => |kind: Kind| kind.cipher == Cipher::Aes128,
            "AES256" => |kind: Kind| kind.cipher == Cipher::Aes256,
            "CHACHA20" => |kind: Kind| kind.cipher == Cipher::ChaCha20,
            _ => {
                let elsewhere = unsupported::cipher_group(word).map(Self::Elsewhere);
                return elsewhere.ok_or_else(|| unknown(word));
            }
        };
        Ok(Self::All(all))
    }

    pub(super) fn contains(&self, suite: SupportedCipherSuite) -> bool {
        match self {
            Self::One(one) => *one == suite,
            Self::All(is_in) => is_in(Kind::of(suite)),
            Self::Elsewhere(_) => false,
        }
    }
}

/// Why a rule adds nothing: one of its words is about what does not exist here, or no cipher is in
/// all of its groups.
pub(super) fn adds_nothing(words: &[&str], groups: Vec<Group>) -> Error {
    let elsewhere = groups.into_iter().find_map(|group| match group {
        Group::Elsewhere(error) => Some(error),
        Group::One(_) | Group::All(_) => None,
    });
    elsewhere.unwrap_or_else(|| Error::CipherWordNotSupported {
        word: words.join("+"),
        reason: "no cipher is in all of these groups",
    })
}

fn unknown(word: &str) -> Error {
    let suggestion = [Version::Tls13, Version::Tls12]
        .into_iter()
        .flat_map(provided)
        .map(|suite| CipherSuite(u16::from(suite.suite())))
        .flat_map(|suite| [suite.openssl_name(), suite.iana_name()])
        .flatten()
        .find(|name| word.eq_ignore_ascii_case(name));
    Error::NoCipherMatch {
        word: word.to_owned(),
        suggestion,
    }
}
