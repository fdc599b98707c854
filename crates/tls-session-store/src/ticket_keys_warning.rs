//! What is wrong with a fleet's ticket keys, though handshakes go on.

use std::fmt;
use std::time::Duration;

/// Something about the keys that a person should look at. Handshakes go on; at worst some of them are
/// full ones.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TicketKeysWarning {
    /// The system's clock was set back since the keys were made. They go by the time that has passed
    /// since, so that no key of the past issues.
    ClockSetBack {
        /// By how much.
        by: Duration,
    },
    /// The system's clock was set ahead by more than an epoch, or the machine slept.
    ClockSetAhead {
        /// By how much.
        by: Duration,
    },
    /// A genuine ticket or key came from a time that has not come here: this clock is behind the
    /// fleet's, or the one of the worker that made it is ahead.
    ClockBehindFleet {
        /// By how much at least.
        by: Duration,
    },
    /// The store of published keys does not answer. The keys of the ring go on.
    StoreAway {
        /// Since how long.
        since: Duration,
    },
}

impl TicketKeysWarning {
    /// A stable name for logs and metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ClockSetBack { .. } => "clock_set_back",
            Self::ClockSetAhead { .. } => "clock_set_ahead",
            Self::ClockBehindFleet { .. } => "clock_behind_fleet",
            Self::StoreAway { .. } => "ticket_key_store_away",
        }
    }
}

impl fmt::Display for TicketKeysWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClockSetBack { by } => write!(
                f,
                "the clock was set back by {} s since this process started; ticket keys go by the \
                 time passed since then: restart if the clock was wrong before",
                by.as_secs()
            ),
            Self::ClockSetAhead { by } => write!(
                f,
                "the clock was set ahead by {} s since this process started, more than an epoch of \
                 the ticket keys; check it, unless the machine slept",
                by.as_secs()
            ),
            Self::ClockBehindFleet { by } => write!(
                f,
                "a ticket or key of this fleet comes from {} s ahead of this clock; compare the workers' \
                 clocks",
                by.as_secs()
            ),
            Self::StoreAway { since } => write!(
                f,
                "the store of ticket keys has not answered for {} s; the keys that are there go on",
                since.as_secs()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_warning_has_a_code_and_names_its_seconds() {
        let by = Duration::from_secs(4_321);
        let rows = [
            (TicketKeysWarning::ClockSetBack { by }, "clock_set_back"),
            (TicketKeysWarning::ClockSetAhead { by }, "clock_set_ahead"),
            (
                TicketKeysWarning::ClockBehindFleet { by },
                "clock_behind_fleet",
            ),
            (
                TicketKeysWarning::StoreAway { since: by },
                "ticket_key_store_away",
            ),
        ];
        for (warning, code) in rows {
            assert_eq!(warning.code(), code);
            assert!(warning.to_string().contains("4321 s"));
        }
    }
}
