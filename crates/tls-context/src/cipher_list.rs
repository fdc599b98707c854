//! A cipher list as people type it, to the suites of rustls and the versions they leave.
//!
//! The language is OpenSSL's (`ciphers(1)`): names and groups of ciphers, best first, with operators
//! that take away (`!` for good, `-` for now) and move to the end (`+`), and the commands
//! `@STRENGTH` and `@SECLEVEL=n`. The suites of TLS 1.3 and those of TLS 1.2 are two lists in one
//! text (`CIP-01`, `CIP-02`): naming none of one version keeps its defaults, except that naming only
//! suites of TLS 1.3 turns TLS 1.2 off (`CIP-03`, `CIP-04`).
//!
//! Stricter than OpenSSL in one thing: what adds nothing is an error, whether it does not exist at
//! all or only here.

mod group;
mod preference;
mod rule;

use rustls::{SupportedCipherSuite, crypto::aws_lc_rs::ALL_CIPHER_SUITES};
use tls_certs::SecurityLevel;
use tls_wire::CipherSuite;

use self::{
    group::Group,
    preference::Preference,
    rule::{Operator, Rule, rules},
};
use crate::{
    Error,
    defaults::DEFAULT_CIPHERS,
    versions::{Version, VersionRange},
};

/// The suites that are on, those of TLS 1.3 first, and the versions that they leave on.
pub(crate) struct Selection {
    pub(crate) suites: Vec<SupportedCipherSuite>,
    pub(crate) versions: VersionRange,
    /// The last `@SECLEVEL` of the list, else what was given.
    pub(crate) level: SecurityLevel,
}

/// Reads `list` (empty: the default, `CIP-05`) for a context with these versions. What is weaker
/// than the level is left out.
pub(crate) fn select(
    list: &str,
    versions: VersionRange,
    level: SecurityLevel,
) -> Result<Selection, Error> {
    let lists = Lists::read(if list.is_empty() {
        DEFAULT_CIPHERS
    } else {
        list
    })?;
    let level = lists.level.unwrap_or(level);
    let mut suites = lists.suites(list)?;
    suites.retain(|suite| versions.contains(version_of(*suite)));
    if suites.is_empty() {
        return Err(Error::NoCipherForVersions {
            list: list.to_owned(),
            min: versions.min.into(),
            max: versions.max.into(),
        });
    }
    suites.retain(|suite| group::strength(*suite) >= level.bits());
    if suites.is_empty() {
        return Err(Error::NoCipherForLevel {
            list: list.to_owned(),
            level,
        });
    }
    // Only suites of TLS 1.3 raise the minimum (CIP-04).
    let versions = versions.only(|version| suites.iter().any(|s| version_of(*s) == version));
    Ok(Selection {
        suites,
        versions,
        level,
    })
}

/// What a list says of each version; `None`: not a word.
#[derive(Default)]
struct Lists {
    tls13: Option<Preference>,
    tls12: Option<Preference>,
    /// Whether a suite of TLS 1.3 is asked for, and not just taken away.
    names_tls13: bool,
    level: Option<SecurityLevel>,
}

impl Lists {
    fn read(list: &str) -> Result<Self, Error> {
        let rules = rules(list)?;
        if rules.is_empty() {
            return Err(Error::EmptyCipherList {
                list: list.to_owned(),
            });
        }
        let mut lists = Self::default();
        for rule in rules {
            match rule {
                Rule::Strength => lists.tls12().sort_by_strength(),
                Rule::SecurityLevel(level) => lists.level = Some(level),
                Rule::Ciphers(operator, words) => lists.apply(operator, &words)?,
            }
        }
        Ok(lists)
    }

    fn tls12(&mut self) -> &mut Preference {
        self.tls12.get_or_insert_with(|| {
            let mut suites = provided(Version::Tls12);
            suites.sort_by_key(|suite| group::openssl_order(*suite));
            Preference::new(suites)
        })
    }

    fn apply(&mut self, operator: Operator, words: &[&str]) -> Result<(), Error> {
        if let [name] = words
            && let Some(suite) = find(name)
            && version_of(suite) == Version::Tls13
        {
            self.apply_to_tls13(operator, suite);
            return Ok(());
        }
        let groups = words.iter().map(|word| Group::of(word));
        let groups: Vec<Group> = groups.collect::<Result<_, _>>()?;
        let mut matching = provided(Version::Tls12);
        matching.retain(|suite| groups.iter().all(|group| group.contains(*suite)));
        if matching.is_empty() && operator == Operator::Add {
            return Err(group::adds_nothing(words, groups));
        }
        self.tls12().apply(operator, &matching);
        Ok(())
    }

    /// The words of the older language say nothing about TLS 1.3 (`CIP-02`); names do.
    fn apply_to_tls13(&mut self, operator: Operator, suite: SupportedCipherSuite) {
        self.names_tls13 |= operator == Operator::Add;
        let tls13 = self.tls13.get_or_insert_with(|| {
            let all = provided(Version::Tls13);
            let mut preference = Preference::new(all.clone());
            if operator != Operator::Add {
                // Taken away from the defaults, or moved among them.
                preference.apply(Operator::Add, &all);
            }
            preference
        });
        tls13.apply(operator, &[suite]);
    }

    fn suites(self, list: &str) -> Result<Vec<SupportedCipherSuite>, Error> {
        let tls13 = match self.tls13 {
            Some(preference) => preference.suites(),
            // Only suites of TLS 1.2 leave TLS 1.3 on (CIP-03).
            None => provided(Version::Tls13),
        };
        let tls12 = match self.tls12 {
            Some(preference) => preference.suites(),
            None if self.names_tls13 => return Ok(tls13),
            None => provided(Version::Tls12),
        };
        if tls12.is_empty() {
            return Err(Error::NoCipherLeft {
                list: list.to_owned(),
            });
        }
        Ok([tls13, tls12].concat())
    }
}

/// What exists here, in the order of the default: the three suites of TLS 1.3 or the six of TLS 1.2
/// that the provider has (`MOD-12`).
fn provided(version: Version) -> Vec<SupportedCipherSuite> {
    let mut suites: Vec<SupportedCipherSuite> =
        DEFAULT_CIPHERS.split(':').filter_map(find).collect();
    suites.retain(|suite| version_of(*suite) == version);
    suites
}

fn version_of(suite: SupportedCipherSuite) -> Version {
    if suite.tls13().is_some() {
        Version::Tls13
    } else {
        Version::Tls12
    }
}

/// By either name.
fn find(name: &str) -> Option<SupportedCipherSuite> {
    find_named(CipherSuite::from_name(name).ok()?)
}

fn find_named(named: CipherSuite) -> Option<SupportedCipherSuite> {
    ALL_CIPHER_SUITES
        .iter()
        .copied()
        .find(|suite| u16::from(suite.suite()) == named.0)
}
