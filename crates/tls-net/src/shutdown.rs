//! Draining: no new connections, the old ones may end, until a deadline.

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Whether a server serves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    Serving,
    /// Connections may end until then.
    Draining(Instant),
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Connections that ended by themselves after the shutdown began.
    pub completed: usize,
    /// Connections that had not ended when the deadline passed.
    pub cut: usize,
}

/// Resolves at the deadline of a shutdown.
pub(crate) async fn deadline(phase: &mut watch::Receiver<Phase>) {
    let until = match phase
        .wait_for(|phase| matches!(phase, Phase::Draining(_)))
        .await
    {
        Ok(phase) => *phase,
        Err(_) => return,
    };
    if let Phase::Draining(until) = until {
        tokio::time::sleep_until(until).await;
    }
}

/// Waits for the handlers until the deadline, then cuts the rest.
pub(crate) async fn drain(mut handlers: JoinSet<()>, mut phase: watch::Receiver<Phase>) -> Drained {
    while handlers.try_join_next().is_some() {}
    let mut completed = 0;
    let cut = deadline(&mut phase);
    tokio::pin!(cut);
    loop {
        tokio::select! {
            biased;
            next = handlers.join_next() => match next {
                Some(_) => completed += 1,
                None => return Drained { completed, cut: 0 },
            },
            () = &mut cut => {
                let left = handlers.len();
                handlers.shutdown().await;
                return Drained { completed, cut: left };
            }
        }
    }
}
