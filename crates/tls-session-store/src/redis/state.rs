//! How Redis is doing: one state for all of its servers, told once per change.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::RedisFault;

/// How long after the last refusal a write that succeeds ends [`RedisState::Impaired`]. A Redis at the
/// brink of its memory takes one write and refuses the next, and would be reported twice for each.
const CALM: Duration = Duration::from_secs(10);

/// How Redis is doing, as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedisState {
    /// Nothing was asked of it yet, so no connection was opened.
    Unused,
    /// The first connection is being made; calls wait for it, within their limit.
    Connecting,
    /// It answers.
    Up,
    /// It answers, but not everything works: it is full, read-only, forbids a command, or a part of
    /// a cluster is away. Calls are made all the same.
    Impaired(RedisFault),
    /// It cannot be reached: calls fail at once, and new connections are tried in the background.
    Down(RedisFault),
}

impl RedisState {
    /// A stable name for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Impaired(_) => "impaired",
            Self::Down(_) => "down",
        }
    }

    /// What is wrong, if anything is.
    #[must_use]
    pub fn fault(&self) -> Option<&RedisFault> {
        match self {
            Self::Impaired(fault) | Self::Down(fault) => Some(fault),
            _ => None,
        }
    }

    /// Details that change from attempt to attempt make no other state.
    fn is_like(&self, other: &Self) -> bool {
        let code = |state: &Self| state.fault().map(RedisFault::code);
        self.name() == other.name() && code(self) == code(other)
    }

    fn log(&self) {
        match self {
            Self::Unused | Self::Connecting => {}
            Self::Up => tracing::info!(state = self.name(), "Redis answers"),
            Self::Impaired(fault) | Self::Down(fault) => tracing::warn!(
                state = self.name(),
                code = fault.code(),
                "sessions in Redis: {fault}"
            ),
        }
    }
}

/// Who is told about each change.
pub(super) type OnState = Box<dyn Fn(&RedisState) + Send + Sync>;

/// How one connection is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Connecting,
    Up,
    Down(RedisFault),
}

/// Where all connections of a store report.
pub(super) struct Board {
    seen: Mutex<Seen>,
    states: watch::Sender<RedisState>,
    on_state: Option<OnState>,
    /// Spares calls that go well the lock.
    has_impairment: AtomicBool,
}

#[derive(Default)]
struct Seen {
    links: BTreeMap<u64, Standing>,
    /// Why a cluster's plan is not known.
    plan_fault: Option<RedisFault>,
    impairment: Option<(RedisFault, Instant)>,
    /// Since when nothing happened after which a take might be forgotten.
    quiet_since: Option<Instant>,
}

impl Board {
    pub(super) fn new(on_state: Option<OnState>) -> Self {
        Self {
            seen: Mutex::default(),
            states: watch::Sender::new(RedisState::Unused),
            on_state,
            has_impairment: AtomicBool::new(false),
        }
    }

    pub(super) fn states(&self) -> watch::Receiver<RedisState> {
        self.states.subscribe()
    }

    /// How link `id` is doing from now on.
    pub(super) fn link(&self, id: u64, standing: Standing) {
        self.change(|seen| {
            seen.links.insert(id, standing);
            let all_up = seen.links.values().all(|link| *link == Standing::Up);
            seen.quiet_since = all_up.then(Instant::now);
        });
    }

    /// Link `id` is not needed any more.
    pub(super) fn forget_link(&self, id: u64) {
        self.change(|seen| {
            seen.links.remove(&id);
            seen.disturb();
        });
    }

    /// Whether the plan of a cluster could be had.
    pub(super) fn plan(&self, fault: Option<RedisFault>) {
        self.change(|seen| seen.plan_fault = fault);
    }

    /// Other servers may be responsible than before.
    pub(super) fn disturb(&self) {
        self.change(Seen::disturb);
    }

    /// Redis answered with an error that says that it does not work as it should.
    pub(super) fn impaired(&self, fault: &RedisFault) {
        self.has_impairment.store(true, Ordering::Relaxed);
        self.change(|seen| {
            if *fault == RedisFault::ReadOnly {
                seen.disturb();
            }
            seen.impairment = Some((fault.clone(), Instant::now()));
        });
    }

    /// A write went well.
    pub(super) fn wrote(&self) {
        if self.has_impairment.load(Ordering::Relaxed) {
            self.wrote_at(Instant::now());
        }
    }

    fn wrote_at(&self, now: Instant) {
        self.change(|seen| {
            let is_over = |since: &Instant| now.saturating_duration_since(*since) >= CALM;
            if matches!(&seen.impairment, Some((_, since)) if is_over(since)) {
                seen.impairment = None;
                self.has_impairment.store(false, Ordering::Relaxed);
            }
        });
    }

    /// For how long all connections have been up and alike.
    pub(super) fn quiet_for(&self) -> Option<Duration> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.quiet_since.map(|since| since.elapsed())
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut seen);
        let Some(state) = seen.state(&self.states.borrow()) else {
            return;
        };
        // Still under the lock, so that states are told in the order in which they came.
        let told = self.states.send_if_modified(|last| {
            let is_new = !state.is_like(last);
            if is_new {
                last.clone_from(&state);
            }
            is_new
        });
        if told {
            state.log();
            if let Some(on_state) = &self.on_state {
                on_state(&state);
            }
        }
    }
}

impl Seen {
    fn disturb(&mut self) {
        if self.quiet_since.is_some() {
            self.quiet_since = Some(Instant::now());
        }
    }

    /// The state that all of this amounts to; `None` if it is too early to say.
    fn state(&self, last: &RedisState) -> Option<RedisState> {
        let is_first = matches!(last, RedisState::Unused | RedisState::Connecting);
        let mut up = 0;
        let mut connecting = 0;
        let mut fault = None;
        for link in self.links.values() {
            match link {
                Standing::Up => up += 1,
                Standing::Connecting => connecting += 1,
                Standing::Down(why) => fault = Some(why),
            }
        }
        match (fault, self.plan_fault.as_ref()) {
            (None, Some(why)) if self.links.is_empty() => Some(RedisState::Down(why.clone())),
            (None, _) if up == 0 || (connecting > 0 && is_first) => {
                is_first.then_some(RedisState::Connecting)
            }
            (None, None) => Some(match &self.impairment {
                Some((why, _)) => RedisState::Impaired(why.clone()),
                None => RedisState::Up,
            }),
            (Some(why), _) if up + connecting == 0 => Some(RedisState::Down(why.clone())),
            (Some(why), _) | (None, Some(why)) => Some(RedisState::Impaired(why.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A board and the codes of all that it told.
    fn board() -> (Board, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&told);
        let note = move |state: &RedisState| {
            let fault = state.fault().map_or("", RedisFault::code);
            let line = format!("{} {fault}", state.name());
            notes.lock().unwrap().push(line.trim().to_owned());
        };
        (Board::new(Some(Box::new(note))), told)
    }

    fn refused(address: &str) -> Standing {
        Standing::Down(RedisFault::Refused {
            address: address.to_owned(),
        })
    }

    #[test]
    fn a_state_is_told_once_however_often_it_is_seen() {
        let (board, told) = board();
        board.link(0, Standing::Connecting);
        board.link(0, refused("10.0.0.1:6379"));
        for port in 0..100 {
            board.link(0, refused(&format!("10.0.0.1:{port}")));
        }
        board.link(0, Standing::Up);
        board.link(0, Standing::Up);
        board.link(0, Standing::Down(RedisFault::Lost));
        board.link(0, refused("10.0.0.1:6379"));
        assert_eq!(
            *told.lock().unwrap(),
            [
                "connecting",
                "down redis_refused",
                "up",
                "down redis_lost",
                "down redis_refused"
            ]
        );
    }

    #[test]
    fn a_cluster_is_impaired_by_one_and_down_by_all() {
        let (board, told) = board();
        board.plan(Some(RedisFault::Lost));
        board.plan(None);
        for id in 0..3 {
            board.link(id, Standing::Connecting);
        }
        for id in 0..3 {
            board.link(id, Standing::Up);
        }
        board.link(1, refused("b"));
        board.link(0, refused("a"));
        board.link(2, refused("c"));
        board.link(0, Standing::Up);
        board.link(1, Standing::Up);
        board.forget_link(2);
        let expected = [
            "down redis_lost",
            "up",
            "impaired redis_refused",
            "down redis_refused",
            "impaired redis_refused",
            "up",
        ];
        assert_eq!(*told.lock().unwrap(), expected);
    }

    #[test]
    fn at_the_brink_of_its_memory_it_is_impaired_rather_than_flickering() {
        let (board, told) = board();
        board.link(0, Standing::Up);
        for _ in 0..100 {
            board.impaired(&RedisFault::Full);
            board.wrote();
        }
        assert_eq!(*told.lock().unwrap(), ["up", "impaired redis_full"]);
        board.wrote_at(Instant::now() + CALM);
        assert_eq!(*told.lock().unwrap(), ["up", "impaired redis_full", "up"]);
        board.wrote();
        assert_eq!(told.lock().unwrap().len(), 3);
    }

    #[test]
    fn quiet_begins_with_the_last_connection_and_anew_with_each_disturbance() {
        let (board, _) = board();
        assert_eq!(board.quiet_for(), None);
        board.link(0, Standing::Up);
        board.link(1, Standing::Connecting);
        assert_eq!(board.quiet_for(), None);
        board.link(1, Standing::Up);
        let start = Instant::now();
        let within = |board: &Board| board.quiet_for().unwrap() <= start.elapsed();
        assert!(board.quiet_for().is_some());
        for disturb in [
            |board: &Board| board.disturb(),
            |board: &Board| board.impaired(&RedisFault::ReadOnly),
            |board: &Board| board.forget_link(1),
            |board: &Board| board.link(0, Standing::Up),
        ] {
            disturb(&board);
            assert!(within(&board));
        }
        board.link(0, Standing::Down(RedisFault::Lost));
        assert_eq!(board.quiet_for(), None);
    }
}
