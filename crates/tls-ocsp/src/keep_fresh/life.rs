//! From when to when something holds, and when the next one is asked for.

use std::time::Duration;

use pki_types::UnixTime;

/// Nobody is asked more often than this for one thing, however short it holds.
const SHORTEST_PAUSE: Duration = Duration::from_secs(10);

/// From when to when something holds, Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life {
    pub(crate) begin: u64,
    pub(crate) end: u64,
}

impl Life {
    pub(crate) fn holds_at(self, now: UnixTime) -> bool {
        now.as_secs() < self.end
    }

    /// How long it still holds.
    pub(crate) fn remaining(self, now: UnixTime) -> Duration {
        Duration::from_secs(self.end.saturating_sub(now.as_secs()))
    }

    /// To its half, when the next one is asked for; nothing if that is past.
    pub(super) fn to_half(self, now: UnixTime) -> Duration {
        let half = self.begin + self.end.saturating_sub(self.begin) / 2;
        Duration::from_secs(half.saturating_sub(now.as_secs()))
    }

    /// To its half; of one that is past it, as caches on the way give, to the half of what is left.
    /// Not more than `longest`, since something can happen long before a far end.
    pub(super) fn pause(self, now: UnixTime, longest: Duration) -> Duration {
        let half = self.to_half(now);
        let pause = if half.is_zero() {
            self.remaining(now) / 2
        } else {
            half
        };
        jittered(pause.min(longest)).max(SHORTEST_PAUSE)
    }
}

/// Up to a tenth less, so that a fleet does not ask as one.
pub(super) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(1.0 - fastrand::f64() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    const LONGEST: Duration = Duration::from_secs(10_000);

    #[test]
    fn the_next_is_asked_for_at_half_of_its_life_with_some_jitter() {
        // From, to, now, and the pause at most.
        for (begin, end, now, most) in [
            (0, 8000, 0, 4000),
            (0, 8000, 1000, 3000),
            // A cache on the way gave an old one: half of what is left.
            (0, 8000, 6000, 1000),
            (0, 8000, 7990, 10),
            (0, 4, 0, 10),
            // It has ended: not at once, all the same.
            (0, 8000, 9000, 10),
            // Ten years are no reason to look away for five.
            (0, 300_000_000, 0, 10_000),
        ] {
            for _ in 0..32 {
                let pause = Life { begin, end }.pause(at(now), LONGEST).as_secs_f64();
                let most = f64::from(most);
                assert!(
                    pause <= most && pause >= (most * 0.9).min(most),
                    "{pause} of {most}"
                );
            }
        }
    }

    #[test]
    fn an_old_one_does_not_hold_and_a_newer_one_is_known() {
        let older = Life { begin: 0, end: 100 };
        assert!(older.holds_at(at(99)) && !older.holds_at(at(100)));
        assert!(Life { begin: 1, end: 90 } > older);
        assert!(Life { begin: 0, end: 101 } > older);
    }
}
