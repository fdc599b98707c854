//! What keeps itself fresh in the background: a staple, a revocation list. One task for each, a
//! bounded number of them asking at once.

mod failure;
mod life;
mod queue;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use self::failure::Failure;
pub(crate) use self::life::Life;
use self::life::jittered;
pub(crate) use self::queue::Queue;
use self::queue::Turn;
use crate::{CacheKey, Error, ResponseCache};

/// How long a worker has to ask before another one does.
const TURN: Duration = Duration::from_secs(30);

/// How soon one that is not to ask looks into the cache.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The same where what is in use is young, and another one only looks whether there is news.
const LOOK_FOR_NEWS: Duration = Duration::from_secs(600);

/// How old what is known of a list may be by default; the longest turn is half of that.
pub(crate) const HALF_A_DAY: Duration = Duration::from_secs(12 * 3600);

/// How soon it is looked again whether somebody wants what nobody can be asked for.
const NOBODY_TO_ASK: Duration = Duration::from_secs(3600);

/// Refreshes without anybody wanting it, after which it is forgotten.
const UNWANTED: u32 = 2;

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

/// What the things of one owner share; their tasks end with it.
pub(crate) struct Upkeep {
    pub(crate) caches: Vec<Arc<dyn ResponseCache>>,
    pub(crate) clock: Arc<dyn TimeProvider>,
    pub(crate) retry: Retry,
    /// The next one is asked for after this time, also where it is long to the half of a life.
    pub(crate) longest: Duration,
    pub(crate) changes: watch::Sender<u64>,
    queue: Queue,
    runtime: Handle,
    tasks: Mutex<JoinSet<()>>,
}

impl Upkeep {
    pub(crate) fn new(
        caches: Vec<Arc<dyn ResponseCache>>,
        clock: Arc<dyn TimeProvider>,
        retry: Retry,
        longest: Duration,
        queue: Queue,
        runtime: Handle,
    ) -> Self {
        Self {
            caches,
            clock,
            retry,
            longest,
            changes: watch::channel(0).0,
            queue,
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
    /// Why there are no places.
    fn nobody_to_ask(&self) -> Error {
        Error::NobodyToAsk
    }
    fn ask(
        &self,
        owner: &Self::Owner,
        place: &str,
    ) -> impl Future<Output = Result<Self::Value, Failure>> + Send;
    /// What a cache had.
    fn verify(
        &self,
        owner: &Self::Owner,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<Self::Value, Failure>> + Send;
    fn bytes(value: &Self::Value) -> &[u8];
    fn life(value: &Self::Value) -> Life;
    /// The life of what is in use.
    fn current(&self) -> Option<Life>;
    fn adopt(&self, owner: &Self::Owner, value: Self::Value);
    fn failed(&self, owner: &Self::Owner, failure: Failure);
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
                Refreshed::AnotherAsks(pause) => {
                    counts = false;
                    pause
                }
                Refreshed::Failed => {
                    let retry = owner.upkeep().retry;
                    let retries = retries.get_or_insert_with(|| retry.pauses());
                    let pause = retries.next().unwrap_or(retry.longest);
                    let now = owner.upkeep().now();
                    let holds = subject.current().filter(|life| life.holds_at(now));
                    // What still holds is not given up because the next one can't be had; its end is
                    // not slept through.
                    counts = holds.is_none();
                    holds.map_or(pause, |life| pause.min(life.remaining(now)))
                }
                Refreshed::NobodyToAsk => {
                    counts = true;
                    NOBODY_TO_ASK
                }
            }
        };
        tokio::time::sleep(pause).await;
    }
}

enum Refreshed {
    Good(Duration),
    AnotherAsks(Duration),
    Failed,
    NobodyToAsk,
}

async fn refresh<S: Subject>(subject: &S, owner: &S::Owner) -> Refreshed {
    let upkeep = owner.upkeep();
    let key = subject.cache_key();
    if let Some(kept) = look_into_caches(subject, owner, &key).await {
        let life = S::life(&kept);
        let now = upkeep.now();
        adopt(subject, owner, kept);
        if !life.to_half(now).is_zero() {
            return Refreshed::Good(life.pause(now, upkeep.longest));
        }
    }
    let places = subject.places(owner);
    let Some(first) = places.first() else {
        fail(subject, owner, subject.nobody_to_ask().into());
        return Refreshed::NobodyToAsk;
    };
    // Before the others are told to wait.
    let turn = upkeep.queue.turn(first).await;
    if let Some(pause) = waits_for_another(subject, upkeep, &key).await {
        return Refreshed::AnotherAsks(pause);
    }
    // On the heap while it lasts: a task waits most of the time, for its turn or for the next one, and
    // would keep the space of a whole HTTP exchange for that.
    match Box::pin(ask_in_turn(subject, owner, &places, turn)).await {
        Ok(fresh) => take(subject, owner, &key, fresh).await,
        Err(failure) => {
            fail(subject, owner, failure);
            Refreshed::Failed
        }
    }
}

/// How long until it is looked again, where another worker asks.
async fn waits_for_another<S: Subject>(
    subject: &S,
    upkeep: &Upkeep,
    key: &CacheKey,
) -> Option<Duration> {
    let now = upkeep.now();
    let is_young = |life: Life| life.holds_at(now) && !life.to_half(now).is_zero();
    // To look for news is enough for one of all workers, in most of the time until the next look.
    let (turn, again) = match subject.current() {
        Some(life) if is_young(life) => (upkeep.longest.min(HALF_A_DAY) / 2, LOOK_FOR_NEWS),
        _ => (TURN, LOOK_AGAIN),
    };
    for cache in &upkeep.caches {
        if !cache.may_ask(key, turn).await {
            return Some(jittered(again));
        }
    }
    None
}

/// Takes what came into use, unless it is older than what is.
async fn take<S: Subject>(
    subject: &S,
    owner: &S::Owner,
    key: &CacheKey,
    fresh: S::Value,
) -> Refreshed {
    let upkeep = owner.upkeep();
    let life = S::life(&fresh);
    let now = upkeep.now();
    // A cache on the way can be behind: what is older hides what happened since.
    let ours = subject.current();
    if let Some(ours) = ours.filter(|ours| *ours > life && ours.holds_at(now)) {
        fail(subject, owner, Error::Older.into());
        return Refreshed::Good(ours.pause(now, upkeep.longest));
    }
    for cache in &upkeep.caches {
        cache.put(key, S::bytes(&fresh), life.remaining(now)).await;
    }
    adopt(subject, owner, fresh);
    Refreshed::Good(life.pause(now, upkeep.longest))
}

fn adopt<S: Subject>(subject: &S, owner: &S::Owner, value: S::Value) {
    subject.adopt(owner, value);
    owner.upkeep().changed();
}

fn fail<S: Subject>(subject: &S, owner: &S::Owner, failure: Failure) {
    subject.failed(owner, failure);
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
        let Ok(kept) = subject.verify(owner, kept).await else {
            continue;
        };
        let life = S::life(&kept);
        if life.holds_at(upkeep.now()) && subject.current().is_none_or(|ours| life > ours) {
            return Some(kept);
        }
    }
    None
}

/// The first good answer; what the last place had to say if there is none. `turn` is that of the first
/// place.
async fn ask_in_turn<S: Subject>(
    subject: &S,
    owner: &S::Owner,
    places: &[String],
    turn: Turn<'_>,
) -> Result<S::Value, Failure> {
    let mut turn = Some(turn);
    let mut wrong = Failure::from(subject.nobody_to_ask());
    for place in places {
        let _turn = match turn.take() {
            Some(turn) => turn,
            None => owner.upkeep().queue.turn(place).await,
        };
        match subject.ask(owner, place).await {
            Ok(value) => return Ok(value),
            Err(failure) => wrong = failure.at(place),
        }
    }
    Err(wrong)
}
