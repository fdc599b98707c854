//! What became of a client's early data (0-RTT; RFC 8446, Sections 2.3 and 8).

use std::fmt;
use std::time::Duration;

/// The window in which rustls takes a ticket's age for right, to either side.
const FRESHNESS_WINDOW: Duration = Duration::from_secs(60);

/// For how long a store must be known to have forgotten nothing. A flight that was taken at the
/// beginning of its freshness can be replayed until the end of it.
pub(crate) const UNDISTURBED: Duration = Duration::from_secs(2 * FRESHNESS_WINDOW.as_secs());

/// Most bytes that [`early_data`](crate::AcceptorBuilder::early_data) takes: they are held for each
/// of the handshakes at work, and beyond the first window of a connection they save nothing.
pub(crate) const MOST_EARLY_DATA: u32 = 64 * 1024;

/// What became of the early data that a client offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EarlyData {
    /// None was offered.
    NotOffered,
    /// It was taken, and comes first in what the stream reads.
    Accepted,
    /// It was skipped, and the client sends it again if it wants to.
    Refused(EarlyDataRefused),
}

impl EarlyData {
    /// Whether early data was taken.
    pub fn is_accepted(self) -> bool {
        self == Self::Accepted
    }

    /// `not_offered`, `accepted`, or the code of the reason.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotOffered => "not_offered",
            Self::Accepted => "accepted",
            Self::Refused(reason) => reason.code(),
        }
    }
}

impl fmt::Display for EarlyData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOffered => f.write_str("not offered"),
            Self::Accepted => f.write_str("accepted"),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
        }
    }
}

/// Why early data was refused. Never a fault of the connection: it goes on without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EarlyDataRefused {
    /// [`early_data`](crate::AcceptorBuilder::early_data) is off.
    Off,
    /// The connection is not TLS 1.3.
    Version,
    /// The session was not resumed: see [`resumption`](crate::ConnectionInfo::resumption). A replay
    /// looks like this too, since its session was taken.
    FullHandshake,
    /// The session is in a ticket, which can be used many times.
    Ticket,
    /// The store cannot vouch that what was taken has stayed taken: it reconnected or failed over
    /// less than two minutes ago, or can never tell.
    StoreDisturbed,
    /// The hello had to be sent again.
    HelloRetryRequest,
    /// The ticket's age, its suite, its application protocol or its place in the list of offers is
    /// not what it has to be.
    Parameters,
}

impl EarlyDataRefused {
    /// Every reason, for tables and metrics.
    pub const ALL: [Self; 7] = [
        Self::Off,
        Self::Version,
        Self::FullHandshake,
        Self::Ticket,
        Self::StoreDisturbed,
        Self::HelloRetryRequest,
        Self::Parameters,
    ];

    /// A stable name for logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Off => "early_data_off",
            Self::Version => "early_data_version",
            Self::FullHandshake => "early_data_full_handshake",
            Self::Ticket => "early_data_ticket",
            Self::StoreDisturbed => "early_data_store_disturbed",
            Self::HelloRetryRequest => "early_data_hello_retry_request",
            Self::Parameters => "early_data_parameters",
        }
    }
}

impl fmt::Display for EarlyDataRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "early data is off here",
            Self::Version => "the connection is not TLS 1.3",
            Self::FullHandshake => "the session was not resumed (unknown, or used already)",
            Self::Ticket => "the session is in a ticket, which can be used more than once",
            Self::StoreDisturbed => {
                "the session store has been connected for less than two minutes, or can't tell"
            }
            Self::HelloRetryRequest => "the hello had to be sent again",
            Self::Parameters => {
                "the ticket's age, suite, application protocol or place among the offers is another"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_has_its_own_code_and_sentence() {
        let outcomes = EarlyDataRefused::ALL.map(EarlyData::Refused);
        let outcomes = outcomes
            .iter()
            .chain([&EarlyData::NotOffered, &EarlyData::Accepted]);
        let codes: HashSet<_> = outcomes.clone().map(|outcome| outcome.as_str()).collect();
        let sentences: HashSet<_> = outcomes.map(ToString::to_string).collect();
        assert_eq!(codes.len(), EarlyDataRefused::ALL.len() + 2);
        assert_eq!(sentences.len(), codes.len());
    }
}
