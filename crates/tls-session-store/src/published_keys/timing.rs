//! When things happen to a published key.

use std::time::Duration;

use crate::limits::{FLEET_CLOCK_TOLERANCE, MAX_LEAD, MAX_SYNC_INTERVAL, MIN_ROTATION_PERIOD};
use crate::ticket_key_ring::stretched;

/// ```text
///   published      issues       the next one issues        opens no more    gone from the store
///       |--- lead ---|-------- period --------|-- lifetime, tolerance --|-- tolerance --|
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// How long a key issues.
    pub(super) period: Duration,
    /// How long before it issues a key is published, so that every worker has it by then.
    pub(super) lead: Duration,
    /// How often each worker looks into the store.
    pub(super) interval: Duration,
    /// How long its tickets live.
    pub(super) lifetime: Duration,
}

impl Timing {
    pub(super) fn of(period: Duration, lifetime: Duration) -> Self {
        let period = stretched(period.max(MIN_ROTATION_PERIOD), lifetime);
        let lead = (period / 4).min(MAX_LEAD);
        Self {
            period,
            lead,
            interval: (lead / 5).min(MAX_SYNC_INTERVAL),
            lifetime,
        }
    }

    /// When every worker has what was published at `published`.
    pub(super) fn spread(&self, published: Duration) -> Duration {
        published.saturating_add(2 * self.interval)
    }

    /// When a key should be gone from the store that issues no more from `retired` on; while no other
    /// is to follow it, as if one did a period from `now`.
    pub(super) fn ends(
        &self,
        retired: Option<Duration>,
        lifetime: Duration,
        now: Duration,
    ) -> Duration {
        let retired = retired.unwrap_or_else(|| now.saturating_add(self.period));
        retired
            .saturating_add(lifetime.max(self.lifetime))
            .saturating_add(2 * FLEET_CLOCK_TOLERANCE)
    }

    /// The latest first use of a key that some clock of the fleet may have set by now.
    pub(super) fn horizon(&self, now: Duration) -> Duration {
        let ahead = self.period + self.lead + FLEET_CLOCK_TOLERANCE;
        now.saturating_add(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_everywhere_before_it_issues_whatever_the_clocks_say() {
        let hour = Duration::from_secs(3_600);
        let timing = Timing::of(hour, 2 * hour);
        assert_eq!(timing.period, hour);
        assert_eq!(timing.lead, hour / 4);
        assert_eq!(timing.interval, Duration::from_secs(60));
        // A clock ahead, a publisher behind, a round that was missed.
        assert!(timing.lead > 2 * FLEET_CLOCK_TOLERANCE + 2 * timing.interval);

        let stretched = Timing::of(Duration::ZERO, 24 * hour);
        assert_eq!(stretched.period, 3 * hour);
        let short = Timing::of(Duration::ZERO, Duration::ZERO);
        assert_eq!(short.period, MIN_ROTATION_PERIOD);
        assert!(short.interval > Duration::ZERO);
    }
}
