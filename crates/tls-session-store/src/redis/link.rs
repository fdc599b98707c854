//! A connection that heals: while it is down calls fail at once, and a task dials anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use super::RedisFault;
use super::address::Place;
use super::dialer::{Dialer, Dialled};
use super::sentinel::Sentinels;
use super::state::{Board, Standing};

/// How long after another a connection is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pub(super) min: Duration,
    pub(super) max: Duration,
}

impl Backoff {
    /// Growing delays with jitter: workers that lost their Redis together do not come back together.
    pub(super) fn delays(self) -> impl Iterator<Item = Duration> + Send {
        ExponentialBuilder::new()
            .with_min_delay(self.min)
            .with_max_delay(self.max)
            .with_jitter()
            .without_max_times()
            .build()
    }
}

/// Where a link leads.
pub(super) enum Target {
    Server(Place),
    /// The primary that sentinels name, asked anew for each connection.
    Primary(Sentinels),
}

/// What a call ran into, besides answers.
pub(super) enum Failed {
    Fault(RedisFault),
    /// The slot of the key is another node's now.
    Moved,
    /// The slot is moving, and the key may be there already.
    Ask(String),
}

#[derive(Clone)]
enum Phase {
    /// Nothing is known yet: calls wait.
    First,
    Up {
        connection: MultiplexedConnection,
        generation: u64,
    },
    Down(RedisFault),
}

pub(super) struct Link {
    id: u64,
    board: Arc<Board>,
    phase: watch::Receiver<Phase>,
    /// Faults after which a connection of that generation is of no use.
    faults: mpsc::UnboundedSender<(u64, RedisFault)>,
    asks_anew_when_read_only: bool,
    task: AbortHandle,
}

/// The part that dials.
struct Keeper {
    id: u64,
    board: Arc<Board>,
    dialer: Dialer,
    target: Target,
    backoff: Backoff,
    phase: watch::Sender<Phase>,
    faults: mpsc::UnboundedReceiver<(u64, RedisFault)>,
    went_down: Arc<Notify>,
}

static IDS: AtomicU64 = AtomicU64::new(0);

impl Link {
    /// Begins to dial, in the runtime that this is called in.
    pub(super) fn start(
        dialer: Dialer,
        target: Target,
        backoff: Backoff,
        board: &Arc<Board>,
        went_down: &Arc<Notify>,
    ) -> Self {
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let (phase, phases) = watch::channel(Phase::First);
        let (faults, reported) = mpsc::unbounded_channel();
        let asks_anew_when_read_only = matches!(target, Target::Primary(_));
        board.link(id, Standing::Connecting);
        let keeper = Keeper {
            id,
            board: Arc::clone(board),
            dialer,
            target,
            backoff,
            phase,
            faults: reported,
            went_down: Arc::clone(went_down),
        };
        Self {
            id,
            board: Arc::clone(board),
            phase: phases,
            faults,
            asks_anew_when_read_only,
            task: tokio::spawn(keeper.run()).abort_handle(),
        }
    }

    /// Why a call would fail at once, if it would.
    pub(super) fn fault(&self) -> Option<RedisFault> {
        match &*self.phase.borrow() {
            Phase::Down(fault) => Some(fault.clone()),
            _ => None,
        }
    }

    /// One command and its answer, until `deadline`, which is `limit` after the call began.
    pub(super) async fn request(
        &self,
        command: &Cmd,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Value, Failed> {
        let (mut connection, generation) = self.connection(deadline, limit).await?;
        let answer = timeout_at(deadline, command.query_async(&mut connection)).await;
        let failed = match answer {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => Failed::from_redis(&error),
            Err(_) => Failed::Fault(RedisFault::Late { limit }),
        };
        if let Failed::Fault(fault) = &failed {
            self.note(generation, fault);
        }
        Err(failed)
    }

    /// The same in a node that a slot is moving to.
    pub(super) async fn request_asking(
        &self,
        command: &Cmd,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Value, Failed> {
        let (mut connection, generation) = self.connection(deadline, limit).await?;
        let mut both = redis::pipe();
        both.cmd("ASKING").ignore().add_command(command.clone());
        let answer = timeout_at(deadline, both.query_async::<Vec<Value>>(&mut connection)).await;
        let failed = match answer {
            Ok(Ok(mut values)) => {
                return values.pop().ok_or(Failed::Fault(RedisFault::Protocol));
            }
            Ok(Err(error)) => Failed::from_redis(&error),
            Err(_) => Failed::Fault(RedisFault::Late { limit }),
        };
        if let Failed::Fault(fault) = &failed {
            self.note(generation, fault);
        }
        Err(failed)
    }

    async fn connection(
        &self,
        deadline: Instant,
        limit: Duration,
    ) -> Result<(MultiplexedConnection, u64), Failed> {
        let mut phases = self.phase.clone();
        let known = phases.wait_for(|phase| !matches!(phase, Phase::First));
        let phase = match timeout_at(deadline, known).await {
            Ok(Ok(phase)) => phase.clone(),
            Ok(Err(_)) => Phase::Down(RedisFault::Lost),
            Err(_) => Phase::Down(RedisFault::Late { limit }),
        };
        match phase {
            Phase::Up {
                connection,
                generation,
            } => Ok((connection, generation)),
            Phase::Down(fault) => Err(Failed::Fault(fault)),
            Phase::First => Err(Failed::Fault(RedisFault::Lost)),
        }
    }

    fn note(&self, generation: u64, fault: &RedisFault) {
        let is_elsewhere = self.asks_anew_when_read_only && *fault == RedisFault::ReadOnly;
        if fault.ends_connection() || is_elsewhere {
            let _ = self.faults.send((generation, fault.clone()));
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
        self.board.forget_link(self.id);
    }
}

impl Failed {
    fn from_redis(error: &RedisError) -> Self {
        match (error.kind(), error.redirect_node()) {
            (ErrorKind::Server(ServerErrorKind::Moved), _) => Self::Moved,
            (ErrorKind::Server(ServerErrorKind::Ask), Some((address, _))) => {
                Self::Ask(address.to_owned())
            }
            _ => Self::Fault(RedisFault::from_redis(error)),
        }
    }
}

impl Keeper {
    async fn run(mut self) {
        let mut delays = self.backoff.delays();
        for generation in 0.. {
            match self.dial().await {
                Ok(dialled) => {
                    let start = Instant::now();
                    let fault = self.keep(dialled, generation).await;
                    self.down(fault);
                    // A server that takes connections and drops them is not called more often.
                    if start.elapsed() > self.backoff.max {
                        delays = self.backoff.delays();
                        continue;
                    }
                }
                Err(fault) => self.down(fault),
            }
            let delay = delays.next().unwrap_or(self.backoff.max);
            tokio::time::sleep(delay).await;
        }
    }

    async fn dial(&self) -> Result<Dialled, RedisFault> {
        match &self.target {
            Target::Server(place) => self.dialer.dial(place).await,
            Target::Primary(sentinels) => sentinels.dial_primary(&self.dialer).await,
        }
    }

    /// Offers the connection until it ends or is found to be of no use.
    async fn keep(&mut self, mut dialled: Dialled, generation: u64) -> RedisFault {
        let connection = dialled.connection.clone();
        self.phase.send_replace(Phase::Up {
            connection,
            generation,
        });
        self.board.link(self.id, Standing::Up);
        tokio::select! {
            biased;
            fault = reported(&mut self.faults, generation) => fault,
            () = dialled.ended() => {
                // Whoever read the answer that ended it knows more.
                tokio::task::yield_now().await;
                let reports = std::iter::from_fn(|| self.faults.try_recv().ok());
                let mine = reports.filter(|(theirs, _)| *theirs == generation);
                mine.map(|(_, fault)| fault).next().unwrap_or(RedisFault::Lost)
            }
        }
    }

    fn down(&self, fault: RedisFault) {
        self.phase.send_replace(Phase::Down(fault.clone()));
        self.board.link(self.id, Standing::Down(fault));
        self.went_down.notify_one();
    }
}

async fn reported(
    faults: &mut mpsc::UnboundedReceiver<(u64, RedisFault)>,
    generation: u64,
) -> RedisFault {
    while let Some((theirs, fault)) = faults.recv().await {
        if theirs == generation {
            return fault;
        }
    }
    RedisFault::Lost
}
