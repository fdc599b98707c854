//! The time by which keys of a fleet follow one another.

use std::time::Duration;

use crate::limits::FLEET_CLOCK_TOLERANCE;
use crate::{Clock, TicketKeysWarning};

/// Unix time that does not go backwards with the system's clock.
///
/// A clock that is set back would issue with a key of the past. So the time passed since the start,
/// which nobody sets, is a floor: where the system's clock is behind it, the floor counts.
#[derive(Clone, Debug)]
pub(crate) struct KeyTime {
    unix: Clock,
    monotonic: Clock,
    /// Both at the start.
    start: (Duration, Duration),
}

impl KeyTime {
    pub(crate) fn system() -> Self {
        Self::of(Clock::unix(), Clock::monotonic())
    }

    pub(crate) fn of(unix: Clock, monotonic: Clock) -> Self {
        let start = (unix.now(), monotonic.now());
        Self {
            unix,
            monotonic,
            start,
        }
    }

    /// What the system's clock says: the time that sessions carry.
    pub(crate) fn unix(&self) -> Duration {
        self.unix.now()
    }

    /// The time that keys go by.
    pub(crate) fn now(&self) -> Duration {
        self.unix.now().max(self.floor())
    }

    fn floor(&self) -> Duration {
        let (unix, monotonic) = self.start;
        unix.saturating_add(self.monotonic.now().saturating_sub(monotonic))
    }

    /// Whether the clock was set back by more than a fleet tolerates, or ahead by more than that and
    /// `epoch`. A machine that slept looks as if it was set ahead.
    pub(crate) fn step(&self, epoch: Duration) -> Option<TicketKeysWarning> {
        let (unix, floor) = (self.unix.now(), self.floor());
        let (back, ahead) = (floor.saturating_sub(unix), unix.saturating_sub(floor));
        if back > FLEET_CLOCK_TOLERANCE {
            return Some(TicketKeysWarning::ClockSetBack { by: back });
        }
        let warning = TicketKeysWarning::ClockSetAhead { by: ahead };
        (ahead > FLEET_CLOCK_TOLERANCE.max(epoch)).then_some(warning)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn hand(start: u64) -> (Clock, Arc<AtomicU64>) {
        let hand = Arc::new(AtomicU64::new(start));
        let seconds = hand.clone();
        let clock = Clock::from_fn(move || Duration::from_secs(seconds.load(Ordering::Relaxed)));
        (clock, hand)
    }

    #[test]
    fn a_clock_set_back_does_not_turn_the_keys_back() {
        let (unix, unix_hand) = hand(10_000);
        let (monotonic, monotonic_hand) = hand(5);
        let time = KeyTime::of(unix, monotonic);
        let hour = Duration::from_secs(3_600);
        let rows = [
            // (Unix, passed since the start, key time, step)
            (10_000, 0, 10_000, None),
            (10_300, 300, 10_300, None),
            (10_299, 500, 10_500, None),
            (
                10_000,
                600,
                10_600,
                Some(TicketKeysWarning::ClockSetBack {
                    by: Duration::from_secs(600),
                }),
            ),
            (14_000, 600, 14_000, None),
            (
                20_000,
                600,
                20_000,
                Some(TicketKeysWarning::ClockSetAhead {
                    by: Duration::from_secs(9_400),
                }),
            ),
            // Put right again: the keys follow, and nothing is wrong any more.
            (10_700, 700, 10_700, None),
        ];
        for (seconds, passed, expected, step) in rows {
            unix_hand.store(seconds, Ordering::Relaxed);
            monotonic_hand.store(5 + passed, Ordering::Relaxed);
            assert_eq!(time.now(), Duration::from_secs(expected));
            assert_eq!(time.unix(), Duration::from_secs(seconds));
            assert_eq!(time.step(hour), step);
        }
    }
}
