//! A cipher list as people type it, to the suites of rustls and the versions they leave.
//!
//! Names stand between colons, commas or spaces, best first: OpenSSL names
//! (`ECDHE-RSA-AES128-GCM-SHA256`), IANA names (`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`), and the
//! word `DEFAULT`. The suites of TLS 1.3 and those of TLS 1.2 are two lists in one text (`CIP-01`,
//! `CIP-02`): naming none of one version keeps its defaults, except that naming only suites of
//! TLS 1.3 turns TLS 1.2 off (`CIP-03`, `CIP-04`).

use rustls::{SupportedCipherSuite, crypto::aws_lc_rs::ALL_CIPHER_SUITES};
use tls_wire::CipherSuite;

use crate::{
    Error,
    defaults::DEFAULT_CIPHERS,
    unsupported,
    versions::{Version, VersionRange},
};

/// The suites that are on, those of TLS 1.3 first, and the versions that they leave on.
pub(crate) struct Selection {
    pub(crate) suites: Vec<SupportedCipherSuite>,
    pub(crate) versions: VersionRange,
}

/// What a list says, before the versions are known. `None`: not a word about that version.
#[derive(Default)]
struct Lists {
    tls13: Option<Vec<SupportedCipherSuite>>,
    tls12: Option<Vec<SupportedCipherSuite>>,
}

/// Reads `list` (empty: the default, `CIP-05`) for a context with these versions.
pub(crate) fn select(list: &str, versions: VersionRange) -> Result<Selection, Error> {
    let lists = Lists::read(if list.is_empty() { "DEFAULT" } else { list })?;
    let versions = lists.narrow(versions);
    let suites: Vec<SupportedCipherSuite> = lists
        .suites()?
        .into_iter()
        .filter(|suite| versions.contains(version_of(*suite)))
        .collect();
    if versions.min > versions.max || suites.is_empty() {
        return Err(Error::NoCipherForVersions {
            list: list.to_owned(),
            min: versions.min.into(),
            max: versions.max.into(),
        });
    }
    Ok(Selection { suites, versions })
}

impl Lists {
    fn read(list: &str) -> Result<Self, Error> {
        let mut lists = Self::default();
        for word in words(list) {
            if word == "DEFAULT" {
                // A word of the older language, so it says nothing about TLS 1.3 (CIP-02).
                lists.add_all(Version::Tls12)?;
            } else {
                lists.add(find(word)?);
            }
        }
        match lists {
            Self {
                tls13: None,
                tls12: None,
            } => Err(Error::EmptyCipherList {
                list: list.to_owned(),
            }),
            lists => Ok(lists),
        }
    }

    fn add(&mut self, suite: SupportedCipherSuite) {
        let of_version = match version_of(suite) {
            Version::Tls13 => &mut self.tls13,
            Version::Tls12 => &mut self.tls12,
        };
        let of_version = of_version.get_or_insert_default();
        if !of_version.contains(&suite) {
            of_version.push(suite);
        }
    }

    fn add_all(&mut self, version: Version) -> Result<(), Error> {
        for word in words(DEFAULT_CIPHERS) {
            let suite = find(word)?;
            if version_of(suite) == version {
                self.add(suite);
            }
        }
        Ok(())
    }

    /// Only suites of TLS 1.3 raise the minimum (`CIP-04`); only older ones do not lower the
    /// maximum (`CIP-03`).
    fn narrow(&self, versions: VersionRange) -> VersionRange {
        match self {
            Self {
                tls13: Some(_),
                tls12: None,
            } => VersionRange {
                min: Version::Tls13,
                ..versions
            },
            _ => versions,
        }
    }

    fn suites(mut self) -> Result<Vec<SupportedCipherSuite>, Error> {
        if self.tls13.is_none() {
            self.add_all(Version::Tls13)?;
        }
        let tls13 = self.tls13.unwrap_or_default();
        Ok(tls13
            .into_iter()
            .chain(self.tls12.unwrap_or_default())
            .collect())
    }
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split([':', ',', ' ']).filter(|word| !word.is_empty())
}

fn version_of(suite: SupportedCipherSuite) -> Version {
    if suite.tls13().is_some() {
        Version::Tls13
    } else {
        Version::Tls12
    }
}

/// By either name. What exists here is what the provider has: the three suites of TLS 1.3 and six
/// of TLS 1.2 (`MOD-12`).
fn find(word: &str) -> Result<SupportedCipherSuite, Error> {
    let Ok(named) = CipherSuite::from_name(word) else {
        return Err(unknown(word));
    };
    provided(named).ok_or_else(|| unsupported::cipher(named))
}

fn provided(named: CipherSuite) -> Option<SupportedCipherSuite> {
    ALL_CIPHER_SUITES
        .iter()
        .copied()
        .find(|suite| u16::from(suite.suite()) == named.0)
}

fn unknown(word: &str) -> Error {
    if is_list_language(word) {
        return Error::CipherWordNotSupported {
            word: word.to_owned(),
        };
    }
    let suggestion = CipherSuite::all()
        .filter(|suite| provided(*suite).is_some())
        .flat_map(|suite| [suite.openssl_name(), suite.iana_name()])
        .flatten()
        .find(|name| word.eq_ignore_ascii_case(name));
    Error::NoCipherMatch {
        word: word.to_owned(),
        suggestion,
    }
}

/// Operators, and the groups of ciphers that OpenSSL's manual lists (`ciphers(1)`).
fn is_list_language(word: &str) -> bool {
    #[rustfmt::skip]
    const ALIASES: [&str; 43] = [
        "ALL", "COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT", "HIGH", "MEDIUM", "LOW", "NULL", "eNULL",
        "aNULL", "kRSA", "aRSA", "RSA", "kDHE", "kEDH", "DHE", "EDH", "ADH", "kEECDH", "kECDHE",
        "ECDHE", "EECDH", "AECDH", "aDSS", "DSS", "aECDSA", "ECDSA", "AES", "AES128", "AES256",
        "AESGCM", "AESCCM", "CHACHA20", "CAMELLIA", "ARIA", "SEED", "3DES", "DES", "RC4", "MD5",
        "SHA", "SHA1", "PSK", "SRP",
    ];
    word.starts_with(['!', '-', '+', '@']) || word.contains('+') || ALIASES.contains(&word)
}
