//! A guard around the session store, whoever wrote that: no handshake waits for it longer than its
//! time limit, and none waits at all once the store has been away a few times.

mod circuit;
mod probe;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::try_join_all;
use tls_session_store::{DynSessionStore, Error, NotResumed};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use self::circuit::{Circuit, Extent, Level};
use self::probe::BackOff;
use crate::limits::{Limits, PROBE_PATIENCE, PROBE_TTL};
use crate::metrics;
use crate::session::StoredId;
use crate::store_state::{StoreState, StoreTrouble};

/// Under which the probes ask and write, on all workers: shorter than any id of a session.
const PROBE_ID: &[u8] = b"tls probe";

pub(crate) type OnStoreState = Arc<dyn Fn(&StoreState) + Send + Sync>;

/// Time that one handshake has spent on the store. Its limit is for all calls together.
#[derive(Debug, Default)]
pub(crate) struct StoreTime(AtomicU64);

impl StoreTime {
    fn left(&self, limit: Duration) -> Duration {
        limit.saturating_sub(Duration::from_micros(self.0.load(Ordering::Relaxed)))
    }

    fn spend(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}

/// The store of an acceptor, behind a time limit, a limit of look-ups and a circuit.
pub(crate) struct StoreGuard {
    store: Arc<dyn DynSessionStore>,
    limit: Duration,
    lookups: Semaphore,
    circuit: Circuit,
    probing: AtomicBool,
    back_off: Mutex<BackOff>,
    on_state: OnStoreState,
}

/// What is asked of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Get,
    Take,
    Put,
}

impl Call {
    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Take => "take",
            Self::Put => "put",
        }
    }

    fn reads(self) -> bool {
        self != Self::Put
    }

    fn writes(self) -> bool {
        self != Self::Get
    }
}

impl StoreGuard {
    pub(crate) fn new(
        store: Arc<dyn DynSessionStore>,
        limits: &Limits,
        on_state: OnStoreState,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            limit: limits.store_timeout,
            lookups: Semaphore::new(limits.max_lookups),
            circuit: Circuit::new(),
            probing: AtomicBool::new(false),
            back_off: Mutex::new(BackOff::new()),
            on_state,
        })
    }

    pub(crate) fn state(&self) -> StoreState {
        self.circuit.state()
    }

    /// [`tls_session_store::SessionStore::undisturbed_for`].
    pub(crate) fn undisturbed_for(&self) -> Option<Duration> {
        self.store.dyn_undisturbed_for()
    }

    /// Whether a session made now can be expected to be there when it comes back.
    pub(crate) fn takes_new(self: &Arc<Self>) -> bool {
        let level = self.circuit.level();
        if level != Level::Working {
            probe::begin(self);
        }
        level == Level::Working
    }

    /// [`tls_session_store::SessionStore::get`], as far as this handshake has time for it.
    pub(crate) async fn get(
        self: &Arc<Self>,
        id: &[u8],
        time: &StoreTime,
    ) -> Result<Option<Vec<u8>>, NotResumed> {
        self.look_up(Call::Get, time, || self.store.boxed_get(id))
            .await
    }

    /// The same for several at once, as one look-up.
    pub(crate) async fn get_all(
        self: &Arc<Self>,
        ids: &[StoredId],
        time: &StoreTime,
    ) -> Result<Vec<Option<Vec<u8>>>, NotResumed> {
        let get_all = || try_join_all(ids.iter().map(|id| self.store.boxed_get(id)));
        self.look_up(Call::Get, time, get_all).await
    }

    /// [`tls_session_store::SessionStore::take`], as far as this handshake has time for it.
    pub(crate) async fn take(
        self: &Arc<Self>,
        id: &[u8],
        time: &StoreTime,
    ) -> Result<Option<Vec<u8>>, NotResumed> {
        self.look_up(Call::Take, time, || self.store.boxed_take(id))
            .await
    }

    /// Whether the store has taken all of `new`, ids and values.
    pub(crate) async fn put_all(
        self: &Arc<Self>,
        new: Vec<(Vec<u8>, Vec<u8>)>,
        ttl: Duration,
        time: &StoreTime,
    ) -> bool {
        let put = |(id, value): (Vec<u8>, Vec<u8>)| async move {
            self.store.boxed_put(&id, value, ttl).await
        };
        let put_all = || try_join_all(new.into_iter().map(put));
        self.takes_new() && self.call(Call::Put, time, put_all).await.is_ok()
    }

    /// The same without any limit, for what is no handshake.
    pub(crate) async fn put_patiently(
        &self,
        id: &[u8],
        value: Vec<u8>,
        ttl: Duration,
    ) -> Result<(), Error> {
        self.store.boxed_put(id, value, ttl).await
    }

    async fn look_up<T, F>(
        self: &Arc<Self>,
        call: Call,
        time: &StoreTime,
        begin: impl FnOnce() -> F,
    ) -> Result<T, NotResumed>
    where
        F: Future<Output = Result<T, Error>>,
    {
        if self.circuit.level() != Level::Working {
            probe::begin(self);
        }
        if self.circuit.level() == Level::Open {
            return Err(reason_of(&self.circuit.state()));
        }
        let Ok(_place) = self.lookups.try_acquire() else {
            metrics::store_call(call.as_str(), "refused", None);
            return Err(NotResumed::TooManyLookups);
        };
        self.call(call, time, begin).await
    }

    /// Counts what comes of a call. One that is dropped counts for nothing: its client has gone.
    async fn call<T, F>(
        self: &Arc<Self>,
        call: Call,
        time: &StoreTime,
        begin: impl FnOnce() -> F,
    ) -> Result<T, NotResumed>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let limit = time.left(self.limit);
        let begun = Instant::now();
        // A store may panic before there is a future.
        let outcome = within(limit, async { begin().await }).await;
        let took = begun.elapsed();
        time.spend(took);
        match outcome {
            Ok(value) => {
                self.circuit.answered(call.reads(), call.writes());
                metrics::store_call(call.as_str(), "ok", Some(took));
                Ok(value)
            }
            Err(error) => {
                let error = match error {
                    // In words, the limit is the one that was set.
                    Error::StoreLate { .. } => Error::StoreLate { limit: self.limit },
                    error => error,
                };
                metrics::store_call(call.as_str(), error.code(), Some(took));
                // A call for which little time was left proves nothing by being late.
                let proves = !matches!(error, Error::StoreLate { .. }) || limit * 2 >= self.limit;
                let extent = extent_of(&error).filter(|_| proves);
                if let Some(state) =
                    extent.and_then(|extent| self.circuit.missed(extent, trouble(&error)))
                {
                    self.announce(&state);
                    probe::begin(self);
                }
                Err(NotResumed::from(&error))
            }
        }
    }

    /// Whatever handshakes ask for, for the probe: with patience first, since a store may have to
    /// connect, then within the time that a handshake has.
    async fn ask(&self) -> StoreState {
        let answers = async {
            within(PROBE_PATIENCE, self.store.boxed_get(PROBE_ID)).await?;
            within(self.limit, self.store.boxed_take(PROBE_ID)).await?;
            let put = self.store.boxed_put(PROBE_ID, vec![1], PROBE_TTL);
            within(self.limit, put).await
        };
        match answers.await {
            Ok(()) => StoreState::Working,
            Err(error) => match extent_of(&error) {
                Some(Extent::Writes) => StoreState::ReadOnly(trouble(&error)),
                _ => StoreState::OpenCircuit(trouble(&error)),
            },
        }
    }

    fn probed(&self, state: StoreState) {
        if let Some(state) = self.circuit.probed(state) {
            self.announce(&state);
        }
    }

    /// Each change is one line, one count, one call.
    fn announce(&self, state: &StoreState) {
        let name = state.as_str();
        match state.trouble() {
            None => tracing::info!(state = name, "{state}"),
            Some(trouble) => {
                tracing::warn!(state = name, code = trouble.code(), "{state}");
            }
        }
        metrics::store_state(state);
        (self.on_state)(state);
    }
}

impl std::fmt::Debug for StoreGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreGuard")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// The outcome of a call; its delay and its panic are errors of the store.
async fn within<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let answer = AssertUnwindSafe(answer).catch_unwind();
    match tokio::time::timeout(limit, answer).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Error::Store("it panicked".into())),
        Err(_) => Err(Error::StoreLate { limit }),
    }
}

/// How much of the store an error shows not to work; none where the caller is at fault.
fn extent_of(error: &Error) -> Option<Extent> {
    match error {
        Error::StoreFull | Error::StoreReadOnly => Some(Extent::Writes),
        Error::SessionIdLength { .. } | Error::TooLarge { .. } | Error::Envelope { .. } => None,
        _ => Some(Extent::Whole),
    }
}

/// The error with its causes, on one line.
fn trouble(error: &Error) -> StoreTrouble {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    StoreTrouble::new(error.code(), message)
}

/// Why a session was not looked up at all.
fn reason_of(state: &StoreState) -> NotResumed {
    match state.trouble().map(StoreTrouble::code) {
        Some("store_late") => NotResumed::StoreLate,
        _ => NotResumed::StoreDown,
    }
}
