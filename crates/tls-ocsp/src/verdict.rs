//! What a client makes of the staple that it got, or did not get.

use pki_types::{CertificateDer, UnixTime};

use crate::{CertificateStatus, Error, ResponseVerifier, Target, VerifiedResponse};

/// What a client found out about a server's certificate from the staple of a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StapleVerdict {
    /// Verified: good.
    Good(VerifiedResponse),
    /// Verified: revoked.
    Revoked(VerifiedResponse),
    /// Verified: the responder does not know the certificate.
    Unknown(VerifiedResponse),
    /// The server sent none.
    Absent,
    /// It ended, or does not hold yet.
    Stale(Error),
    /// It is none, or not about this certificate, or not signed by who may.
    Invalid(Error),
}

impl StapleVerdict {
    /// A stable name, in snake case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Good(_) => "good",
            Self::Revoked(_) => "revoked",
            Self::Unknown(_) => "unknown",
            Self::Absent => "absent",
            Self::Stale(_) => "stale",
            Self::Invalid(_) => "invalid",
        }
    }

    /// What was verified, if anything was.
    #[must_use]
    pub fn response(&self) -> Option<&VerifiedResponse> {
        match self {
            Self::Good(response) | Self::Revoked(response) | Self::Unknown(response) => {
                Some(response)
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for StapleVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Good(_) => f.write_str("the staple says good"),
            Self::Revoked(_) => f.write_str("the staple says revoked"),
            Self::Unknown(_) => f.write_str("the responder does not know the certificate"),
            Self::Absent => f.write_str("the server sent no staple"),
            Self::Stale(error) => write!(f, "the staple is stale: {error}"),
            Self::Invalid(error) => write!(f, "the staple is invalid: {error}"),
        }
    }
}

/// How much a client makes of staples; in the order of strictness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StaplePolicy {
    /// Nothing: not even "revoked" counts.
    Ignore,
    /// A verified "revoked" refuses the server; a bad staple, or none, is only reported. A
    /// certificate that demands a staple (RFC 7633) is held to it.
    #[default]
    Prefer,
    /// Only a verified "good" will do.
    Require,
}

impl StaplePolicy {
    /// Whether a server with this verdict is accepted; `must_staple` is what its certificate demands
    /// of itself.
    #[must_use]
    pub fn accepts(self, verdict: &StapleVerdict, must_staple: bool) -> bool {
        match (self, verdict) {
            (Self::Ignore, _) | (_, StapleVerdict::Good(_)) => true,
            (Self::Require, _) | (Self::Prefer, StapleVerdict::Revoked(_)) => false,
            (Self::Prefer, _) => !must_staple,
        }
    }
}

impl std::str::FromStr for StaplePolicy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ignore" => Ok(Self::Ignore),
            "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            _ => Err("write ignore, prefer or require".to_owned()),
        }
    }
}

impl ResponseVerifier {
    /// What `staple` says about the first certificate of `chain`, whose issuer is in the chain or
    /// among `anchors`. An empty staple is none.
    #[must_use]
    pub fn verdict<'a>(
        &self,
        chain: &[CertificateDer<'_>],
        anchors: impl IntoIterator<Item = &'a CertificateDer<'a>>,
        staple: &[u8],
        now: UnixTime,
    ) -> StapleVerdict {
        if staple.is_empty() {
            return StapleVerdict::Absent;
        }
        let verified = Target::from_chain(chain, anchors, self.provider())
            .and_then(|target| self.verify(&target, staple, now));
        match verified {
            Ok(response) => match response.status {
                CertificateStatus::Good => StapleVerdict::Good(response),
                CertificateStatus::Revoked { .. } => StapleVerdict::Revoked(response),
                CertificateStatus::Unknown => StapleVerdict::Unknown(response),
            },
            Err(error @ (Error::Expired { .. } | Error::NotYetValid { .. })) => {
                StapleVerdict::Stale(error)
            }
            Err(error) => StapleVerdict::Invalid(error),
        }
    }
}
