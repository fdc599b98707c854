//! Why a handshake was a full one.

use std::fmt;

use crate::{Error, OpenFailure};

/// Why an offered session was not resumed. Never a fault of the connection: it goes on with a full
/// handshake (spec `SES-02`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotResumed {
    /// The client offered no session.
    NoSessionOffered,
    /// The store does not have it: never made, evicted, expired there, or used already.
    Unknown,
    /// Its first full handshake is longer ago than the session lifetime, or lies in the future.
    Expired,
    /// None of the ticket keys made it.
    WrongKey,
    /// It was made under another context, or was changed on its way.
    OtherContext,
    /// The policy of its context has changed since.
    PolicyChanged,
    /// Its certificate chain no longer verifies.
    ChainNoLongerGood,
    /// Its cipher suite, protocol version or server name is not the one of this handshake: the three
    /// that the protocol engine holds together.
    Suite,
    /// The store did not answer in time.
    StoreLate,
    /// The store cannot be reached.
    StoreDown,
    /// Its bytes are not a session, or one of another version of this software.
    Malformed,
    /// So many look-ups were under way that it was not looked up.
    TooManyLookups,
    /// Its client's sessions were revoked since.
    Revoked,
}

impl NotResumed {
    /// Every reason, for tables and metrics.
    pub const ALL: [Self; 13] = [
        Self::NoSessionOffered,
        Self::Unknown,
        Self::Expired,
        Self::WrongKey,
        Self::OtherContext,
        Self::PolicyChanged,
        Self::ChainNoLongerGood,
        Self::Suite,
        Self::StoreLate,
        Self::StoreDown,
        Self::Malformed,
        Self::TooManyLookups,
        Self::Revoked,
    ];

    /// A stable name for logs and metrics.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSessionOffered => "no_session_offered",
            Self::Unknown => "session_unknown",
            Self::Expired => "session_expired",
            Self::WrongKey => "ticket_key_unknown",
            Self::OtherContext => "other_context",
            Self::PolicyChanged => "policy_changed",
            Self::ChainNoLongerGood => "chain_no_longer_good",
            Self::Suite => "suite_changed",
            Self::StoreLate => "store_late",
            Self::StoreDown => "store_down",
            Self::Malformed => "session_malformed",
            Self::TooManyLookups => "too_many_lookups",
            Self::Revoked => "session_revoked",
        }
    }
}

impl fmt::Display for NotResumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSessionOffered => "the client offered no session",
            Self::Unknown => {
                "the store does not have the session (evicted, expired or used already)"
            }
            Self::Expired => "the session is older than the session lifetime allows",
            Self::WrongKey => "none of the ticket keys made the ticket; do all workers share them?",
            Self::OtherContext => "the session was made under another context, or was changed",
            Self::PolicyChanged => {
                "the policy of the context has changed since the session was made"
            }
            Self::ChainNoLongerGood => "the certificate chain of the session no longer verifies",
            Self::Suite => {
                "the session's cipher suite, version or server name is not that of this handshake"
            }
            Self::StoreLate => "the session store did not answer in time",
            Self::StoreDown => "the session store cannot be reached",
            Self::Malformed => {
                "the session's bytes are malformed, or of another version of this software"
            }
            Self::TooManyLookups => "too many sessions were being looked up at once",
            Self::Revoked => "the client's sessions were revoked since it was made",
        })
    }
}

impl From<OpenFailure> for NotResumed {
    fn from(failure: OpenFailure) -> Self {
        match failure {
            OpenFailure::NotOurs => Self::WrongKey,
            OpenFailure::Malformed => Self::Malformed,
            OpenFailure::NotAuthentic => Self::OtherContext,
        }
    }
}

impl From<&Error> for NotResumed {
    /// The reason that an error of a store amounts to.
    fn from(error: &Error) -> Self {
        match error {
            Error::StoreLate { .. } => Self::StoreLate,
            Error::Envelope { .. } | Error::SessionIdLength { .. } => Self::Malformed,
            _ => Self::StoreDown,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    // Spec: SES-02
    #[test]
    fn every_reason_has_its_own_code_and_sentence() {
        let codes: HashSet<_> = NotResumed::ALL.iter().map(|r| r.code()).collect();
        let sentences: HashSet<_> = NotResumed::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(codes.len(), NotResumed::ALL.len());
        assert_eq!(sentences.len(), NotResumed::ALL.len());
        assert!(
            codes
                .iter()
                .all(|c| c.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        );
    }

    #[test]
    fn failures_become_reasons() {
        assert_eq!(NotResumed::from(OpenFailure::NotOurs), NotResumed::WrongKey);
        assert_eq!(
            NotResumed::from(OpenFailure::NotAuthentic),
            NotResumed::OtherContext
        );
        assert_eq!(
            NotResumed::from(OpenFailure::Malformed),
            NotResumed::Malformed
        );
        let late = Error::StoreLate {
            limit: std::time::Duration::from_millis(50),
        };
        assert_eq!(NotResumed::from(&late), NotResumed::StoreLate);
        assert_eq!(NotResumed::from(&Error::StoreFull), NotResumed::StoreDown);
    }
}
