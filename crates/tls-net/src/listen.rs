//! The listening loop: takes connections until shutdown or the listener's death, each in a task of
//! its own that makes the handshake and then hands the stream on.

use std::future::ready;
use std::io;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::Either;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::accept::AtWork;
use crate::acceptor::TlsAcceptor;
use crate::connections::Connections;
use crate::limits::{EXHAUSTED_PAUSE, REAP_INTERVAL};
use crate::listener::{Listener, is_exhausted, is_transient};
use crate::shutdown::Phase;
use crate::stream::TlsStream;

/// What a server listens with.
pub(crate) struct Listening<L> {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) listener: L,
    pub(crate) connections: Arc<Connections>,
    pub(crate) phase: watch::Receiver<Phase>,
}

impl<L: Listener> Listening<L> {
    /// Takes connections, and gives each stream to `deliver` in the task that made its handshake;
    /// `deliver` keeps the place at work as long as it must. Ends with the tasks that still run,
    /// and the error of a listener that died.
    pub(crate) async fn run<D, Fut>(mut self, deliver: D) -> (JoinSet<()>, io::Result<()>)
    where
        D: Fn(TlsStream<L::Io>, AtWork) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        let mut reap = tokio::time::interval(REAP_INTERVAL);
        reap.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while tasks.try_join_next().is_some() {}
            let next = async {
                self.acceptor.0.admission.caught_up().await;
                self.connections.has_room().await;
                self.listener.accept().await
            };
            let accepted = tokio::select! {
                biased;
                () = stopped(&mut self.phase) => return (tasks, Ok(())),
                next = next => next,
                _ = reap.tick(), if !tasks.is_empty() => continue,
            };
            match accepted {
                Ok((io, peer)) => {
                    let deliver = deliver.clone();
                    let handshake =
                        handshake(self.acceptor.clone(), self.connections.clone(), io, peer);
                    // The handshake is boxed and gone before the stream is handed on, and nothing
                    // is captured beside it: a connection at rest must not hold what it took to
                    // set it up.
                    tasks.spawn(handshake.boxed().then(move |done| match done {
                        Some((stream, at_work)) => Either::Left(deliver(stream, at_work)),
                        None => Either::Right(ready(())),
                    }));
                }
                Err(error) if is_transient(&error) => {
                    if is_exhausted(&error) {
                        tracing::warn!(
                            "can't accept connections: {error}; raise the limit of open files"
                        );
                        tokio::time::sleep(EXHAUSTED_PAUSE).await;
                    }
                }
                Err(error) => return (tasks, Err(error)),
            }
        }
    }
}

/// Makes the handshake and counts the stream. An error has been reported where it arose.
async fn handshake<IO>(
    acceptor: TlsAcceptor,
    connections: Arc<Connections>,
    io: IO,
    peer: Option<std::net::SocketAddr>,
) -> Option<(TlsStream<IO>, AtWork)>
where
    IO: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let _in_progress = connections.begin();
    let (mut stream, at_work) = acceptor.accept_from(io, &[], peer).await.ok()?;
    stream.count_open(connections.open().await);
    Some((stream, at_work))
}

async fn stopped(phase: &mut watch::Receiver<Phase>) {
    // The sender lives in the handle that the server itself holds; should it be gone, stop.
    let _ = phase
        .wait_for(|phase| !matches!(phase, Phase::Serving))
        .await;
}
