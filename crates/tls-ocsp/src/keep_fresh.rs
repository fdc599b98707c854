//! What keeps itself fresh in the background: a staple, a revocation list. One task for each, a
//! bounded number of them asking at once.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::{CacheKey, ResponseCache};

/// Nobody is asked more often than this for one thing, however short it holds.
const SHORTEST_PAUSE: Duration = Duration::from_secs(10);

/// How long a worker has to ask before another one does.
const TURN: Duration = Duration::from_secs(30);

/// How soon one that is not to ask looks into the cache.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Refreshes without anybody wanting it, after which it is forgotten.
const UNWANTED: u32 = 2;

/// Questions asked at the same time.
const AT_WORK: usize = 16;

/// The pauses after failures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            longest: Duration::from_secs(3600),
        }
    }
}

impl Retry {
    fn pauses(self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_jitter()
            .without_max_times()
            .build()
    }
}

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
    fn to_half(self, now: UnixTime) -> Duration {
        let half = self.begin + self.end.saturating_sub(self.begin) / 2;
        Duration::from_secs(half.saturating_sub(now.as_secs()))
    }

    /// To its half; of one that is past it, as caches on the way give, to the half of what is left.
    fn pause(self, now: UnixTime) -> Duration {
        let half = self.to_half(now);
        let pause = if half.is_zero() {
            self.remaining(now) / 2
        } else {
            half
        };
        jittered(pause).max(SHORTEST_PAUSE)
    }
}

/// Up to a tenth less, so that a fleet does not ask as one.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(1.0 - fastrand::f64() / 10.0)
}

/// What the things of one owner share; their tasks end with it.
pub(crate) struct Upkeep {
    pub(crate) caches: Vec<Arc<dyn ResponseCache>>,
    pub(crate) clock: Arc<dyn TimeProvider>,
    pub(crate) retry: Retry,
    pub(crate) changes: watch::Sender<u64>,
    at_work: Semaphore,
    runtime: Handle,
    tasks: Mutex<JoinSet<()>>,
}

impl Upkeep {
    pub(crate) fn new(
        caches: Vec<Arc<dyn ResponseCache>>,
        clock: Arc<dyn TimeProvider>,
        retry: Retry,
        runtime: Handle,
    ) -> Self {
        Self {
            caches,
            clock,
            retry,
            changes: watch::channel(0).0,
            at_work: Semaphore::new(AT_WORK),
            runtime,
            tasks: Mutex::new(JoinSet::new()),
        }
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.current_time().unwrap_or_else(UnixTime::now)
    }

    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Begins to keep `subject` fresh.
    pub(crate) fn begin(&self, subject: impl Subject) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(keep_fresh(subject), &self.runtime);
    }
}

/// Who keeps things fresh.
pub(crate) trait Owner: Send + Sync + 'static {
    fn upkeep(&self) -> &Upkeep;
}

/// One thing that is kept fresh.
pub(crate) trait Subject: Send + Sync + 'static {
    type Owner: Owner;
    /// One of its states, verified.
    type Value: Send + Sync;

    /// Gone when nobody has the owner any more.
    fn owner(&self) -> Option<Arc<Self::Owner>>;
    fn cache_key(&self) -> CacheKey;
    /// Whether anybody wants it; asking begins anew.
    fn is_wanted(&self) -> bool;
    /// Where it can be asked for, in turn.
    fn places(&self, owner: &Self::Owner) -> Vec<String>;
    fn ask(
        &self,
        owner: &Self::Owner,
        place: &str,
    ) -> impl Future<Output = Result<Self::Value, String>> + Send;
    /// What a cache had.
    fn verify(&self, owner: &Self::Owner, bytes: Vec<u8>) -> Result<Self::Value, String>;
    fn bytes(value: &Self::Value) -> &[u8];
    fn life(value: &Self::Value) -> Life;
    /// The life of what is in use.
    fn current(&self) -> Option<Life>;
    fn adopt(&self, owner: &Self::Owner, value: Self::Value);
    fn failed(&self, owner: &Self::Owner, error: &str);
    fn forget(&self, owner: &Self::Owner);
}

async fn keep_fresh<S: Subject>(subject: S) {
    let mut retries = None;
    let mut unwanted = 0;
    let mut counts = false;
    loop {
        let pause = {
            let Some(owner) = subject.owner() else {
                return;
            };
            if subject.is_wanted() {
                unwanted = 0;
            } else if counts {
                unwanted += 1;
            }
            if unwanted >= UNWANTED {
                subject.forget(&owner);
                owner.upkeep().changed();
                return;
            }
            match refresh(&subject, &owner).await {
                Refreshed::Good(pause) => {
                    retries = None;
                    counts = true;
                    pause
                }
                Refreshed::AnotherAsks => {
                    counts = false;
                    jittered(LOOK_AGAIN)
                }
                Refreshed::Failed => {
                    let now = owner.upkeep().now();
                    // What still holds is not given up because the next one can't be had.
                    counts = !subject.current().is_some_and(|life| life.holds_at(now));
                    let retry = owner.upkeep().retry;
                    let retries = retries.get_or_insert_with(|| retry.pauses());
                    retries.next().unwrap_or(retry.longest)
                }
                Refreshed::Never => return,
            }
        };
        tokio::time::sleep(pause).await;
    }
}

enum Refreshed {
    Good(Duration),
    AnotherAsks,
    Failed,
    /// There is nobody to ask.
    Never,
}

async fn refresh<S: Subject>(subject: &S, owner: &S::Owner) -> Refreshed {
    let upkeep = owner.upkeep();
    let key = subject.cache_key();
    if let Some(kept) = look_into_caches(subject, owner, &key).await {
        let life = S::life(&kept);
        let now = upkeep.now();
        adopt(subject, owner, kept);
        if !life.to_half(now).is_zero() {
            return Refreshed::Good(life.pause(now));
        }
    }
    let places = subject.places(owner);
    if places.is_empty() {
        fail(subject, owner, "the certificate names nobody to ask");
        return Refreshed::Never;
    }
    for cache in &upkeep.caches {
        if !cache.may_ask(&key, TURN).await {
            return Refreshed::AnotherAsks;
        }
    }
    let Ok(_place) = upkeep.at_work.acquire().await else {
        return Refreshed::Never;
    };
    // On the heap while it lasts: a task waits most of the time, for its turn or for the next one, and
    // would keep the space of a whole HTTP exchange for that.
    match Box::pin(ask_in_turn(subject, owner, &places)).await {
        Ok(fresh) => {
            let life = S::life(&fresh);
            let now = upkeep.now();
            // A cache on the way can be behind: what is older hides what happened since.
            if let Some(ours) = subject
                .current()
                .filter(|ours| *ours > life && ours.holds_at(now))
            {
                fail(subject, owner, "what came is older than the one in use");
                return Refreshed::Good(ours.pause(now));
            }
            for cache in &upkeep.caches {
                cache.put(&key, S::bytes(&fresh), life.remaining(now)).await;
            }
            adopt(subject, owner, fresh);
            Refreshed::Good(life.pause(now))
        }
        Err(error) => {
            fail(subject, owner, &error);
            Refreshed::Failed
        }
    }
}

fn adopt<S: Subject>(subject: &S, owner: &S::Owner, value: S::Value) {
    subject.adopt(owner, value);
    owner.upkeep().changed();
}

fn fail<S: Subject>(subject: &S, owner: &S::Owner, error: &str) {
    subject.failed(owner, error);
    owner.upkeep().changed();
}

/// One that is newer than what is in use, and holds.
async fn look_into_caches<S: Subject>(
    subject: &S,
    owner: &S::Owner,
    key: &CacheKey,
) -> Option<S::Value> {
    let upkeep = owner.upkeep();
    for cache in &upkeep.caches {
        let Some(kept) = cache.get(key).await else {
            continue;
        };
        let Ok(kept) = subject.verify(owner, kept) else {
            continue;
        };
        let life = S::life(&kept);
        if life.holds_at(upkeep.now()) && subject.current().is_none_or(|ours| life > ours) {
            return Some(kept);
        }
    }
    None
}

/// The first good answer; what the last place had to say if there is none.
async fn ask_in_turn<S: Subject>(
    subject: &S,
    owner: &S::Owner,
    places: &[String],
) -> Result<S::Value, String> {
    let mut wrong = String::new();
    for place in places {
        match subject.ask(owner, place).await {
            Ok(value) => return Ok(value),
            Err(error) => wrong = format!("{place}: {error}"),
        }
    }
    Err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

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
        ] {
            for _ in 0..32 {
                let pause = Life { begin, end }.pause(at(now)).as_secs_f64();
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
