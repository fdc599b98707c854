//! SIGINT and SIGTERM: the first drains, the second ends at once.

use std::time::Duration;

use tls::net::{Drained, ServerHandle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::error::{Error, Result};

/// The signals that end a server.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes both over. Must be called within a runtime, before anything is served.
    pub(super) fn new() -> Result<Self> {
        let take = |kind| {
            signal(kind).map_err(|source| Error::System { what: "can't take over signals", source })
        };
        Ok(Self { interrupt: take(SignalKind::interrupt())?, terminate: take(SignalKind::terminate())? })
    }

    /// Waits for the first signal, tells `stop` and the server, and lets it drain. The server's
    /// own end tells what became of it; this ends only at a second signal, with what it cuts.
    pub(super) async fn drain(
        mut self,
        handle: &ServerHandle,
        stop: watch::Sender<bool>,
        deadline: Duration,
    ) -> Cut {
        self.next().await;
        stop.send_replace(true);
        let again = async {
            handle.shutdown(deadline).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.next() => Cut(handle.stats().connections),
            () = again => Cut(0),
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}

/// How many connections a second signal cut.
pub(super) struct Cut(pub(super) usize);

impl From<Drained> for Cut {
    fn from(drained: Drained) -> Self {
        Self(drained.cut)
    }
}
