//! Which versions of TLS are on: a minimum and a maximum.

use rustls::{
    SupportedProtocolVersion,
    version::{TLS12, TLS13},
};
use tls_wire::ProtocolVersion;

use crate::{Error, unsupported};

/// A checked range: both ends exist here, and the minimum is not above the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VersionRange {
    pub(crate) min: Version,
    pub(crate) max: Version,
}

/// The versions that exist here, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    Tls12,
    Tls13,
}

impl VersionRange {
    /// Spec: CIP-14. Node takes a minimum above the maximum and fails at each handshake; here that
    /// is an error at once.
    pub(crate) fn new(min: ProtocolVersion, max: ProtocolVersion) -> Result<Self, Error> {
        let range = Self {
            min: Version::new("minimum", min)?,
            max: Version::new("maximum", max)?,
        };
        if range.min > range.max {
            return Err(Error::VersionConflict { min, max });
        }
        Ok(range)
    }

    pub(crate) fn contains(self, version: Version) -> bool {
        (self.min..=self.max).contains(&version)
    }

    /// The versions of this range that `keep` keeps; all of them if it keeps none.
    pub(crate) fn only(self, keep: impl Fn(Version) -> bool) -> Self {
        let mut kept = [Version::Tls12, Version::Tls13]
            .into_iter()
            .filter(|version| self.contains(*version) && keep(*version));
        match (kept.next(), kept.last()) {
            (Some(min), max) => Self {
                min,
                max: max.unwrap_or(min),
            },
            (None, _) => self,
        }
    }

    /// For rustls, highest first.
    pub(crate) fn supported(self) -> Vec<&'static SupportedProtocolVersion> {
        [(Version::Tls13, &TLS13), (Version::Tls12, &TLS12)]
            .into_iter()
            .filter(|(version, _)| self.contains(*version))
            .map(|(_, supported)| supported)
            .collect()
    }
}

impl Version {
    fn new(bound: &'static str, version: ProtocolVersion) -> Result<Self, Error> {
        match version {
            ProtocolVersion::Tls12 => Ok(Self::Tls12),
            ProtocolVersion::Tls13 => Ok(Self::Tls13),
            ProtocolVersion::Ssl3 | ProtocolVersion::Tls10 | ProtocolVersion::Tls11 => {
                Err(unsupported::version(version))
            }
            _ => Err(Error::InvalidVersion { bound, version }),
        }
    }
}

impl From<Version> for ProtocolVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::Tls12 => Self::Tls12,
            Version::Tls13 => Self::Tls13,
        }
    }
}
