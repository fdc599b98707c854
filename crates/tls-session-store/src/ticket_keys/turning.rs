//! The ring follows the time: at each use, without a thread.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};

use super::TicketKeys;
use crate::ticket_key_ring::{Ring, Rotation};
use crate::{Error, TicketKey, TicketKeysWarning};

/// What was last said about the clock and the store, so that it is logged once.
#[derive(Default)]
pub(super) struct FleetWatch {
    step: ArcSwapOption<TicketKeysWarning>,
    /// With the time at which it was noticed.
    behind: ArcSwapOption<(TicketKeysWarning, Duration)>,
    /// Since when there is no answer from the store.
    away: ArcSwapOption<Duration>,
}

impl TicketKeys {
    /// The ring as it should be at `now`.
    pub(super) fn ring(&self, now: Duration) -> Guard<Arc<Ring>> {
        let ring = self.shared.ring.load();
        if let Some(period) = ring.rotation().fleet_period() {
            self.watch_clock(period);
        }
        let lifetime = self.lifetime();
        if !ring.wants_rotation(now, lifetime) && !ring.wants_pruning(now, lifetime) {
            return ring;
        }
        drop(ring);
        self.turn(now, lifetime);
        self.shared.ring.load()
    }

    fn turn(&self, now: Duration, lifetime: Duration) {
        // Of several threads that come here at once, one's key gets in.
        let Ok(fresh) = TicketKey::generate() else {
            tracing::warn!("no random bytes for a new ticket key; the old one goes on");
            return;
        };
        self.shared.ring.rcu(|ring| {
            let pruned = || ring.pruned(now, lifetime);
            match ring.rotation() {
                _ if !ring.wants_rotation(now, lifetime) => pruned(),
                Rotation::ByHand | Rotation::Published { .. } => pruned(),
                Rotation::Every(_) => ring.rotated(&fresh, now, lifetime),
                Rotation::ByClock(epochs) => {
                    Ring::by_clock(epochs.clone(), now).unwrap_or_else(|_| pruned())
                }
            }
        });
    }

    /// What a person should look at; nothing, as a rule.
    #[must_use]
    pub fn warnings(&self) -> Vec<TicketKeysWarning> {
        let now = self.time.now();
        let ring = self.ring(now);
        let Some(period) = ring.rotation().fleet_period() else {
            return Vec::new();
        };
        let fleet = &self.shared.fleet;
        let behind = fleet.behind.load_full();
        let behind = behind.filter(|noted| now.saturating_sub(noted.1) < period);
        let away = fleet.away.load_full();
        let away = away.map(|since| TicketKeysWarning::StoreAway {
            since: now.saturating_sub(*since),
        });
        self.time
            .step(period)
            .into_iter()
            .chain(behind.map(|noted| noted.0.clone()))
            .chain(away)
            .collect()
    }

    /// Logs when the store goes away, and when it is back.
    pub(super) fn note_store(&self, failed: Option<&Error>) {
        let known = &self.shared.fleet.away;
        match (failed, known.load().is_some()) {
            (Some(error), false) => {
                let since = Some(Arc::new(self.time.now()));
                // Of two looks at once one tells.
                if known.compare_and_swap(&None::<Arc<_>>, since).is_none() {
                    let why = with_causes(error);
                    tracing::warn!(
                        code = error.code(),
                        "ticket keys go on without the store: {why}"
                    );
                }
            }
            (None, true) if known.swap(None).is_some() => {
                tracing::info!("ticket keys come from the store again");
            }
            _ => {}
        }
    }

    /// Logs when the clock begins to be off, and when it is right again.
    fn watch_clock(&self, period: Duration) {
        let step = self.time.step(period);
        let known = &self.shared.fleet.step;
        match (step, known.load().is_some()) {
            (Some(warning), false) => {
                tracing::warn!(code = warning.code(), "{warning}");
                known.store(Some(Arc::new(warning)));
            }
            (None, true) => {
                tracing::info!("the clock that ticket keys go by is right again");
                known.store(None);
            }
            _ => {}
        }
    }

    /// Another worker's clock, by its genuine ticket or key, is ahead by `early`.
    pub(super) fn note_early(&self, early: Duration) {
        let now = self.time.now();
        let known = &self.shared.fleet.behind;
        // Once a minute at most: a client may bring such tickets in numbers.
        let recent = |at: Duration| now.saturating_sub(at) < Duration::from_secs(60);
        if known.load().as_ref().is_some_and(|noted| recent(noted.1)) {
            return;
        }
        let warning = TicketKeysWarning::ClockBehindFleet { by: early };
        tracing::warn!(code = warning.code(), "{warning}");
        known.store(Some(Arc::new((warning, now))));
    }
}

/// What failed and why, on one line: that a store "does not work" helps nobody.
fn with_causes(error: &Error) -> String {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(why) = cause {
        message.push_str(": ");
        message.push_str(&why.to_string());
        cause = why.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_store_is_told() {
        let error = Error::Store("nobody listens at 10.0.0.5:6379".into());
        assert_eq!(
            with_causes(&error),
            "the session store does not work: nobody listens at 10.0.0.5:6379"
        );
    }
}
