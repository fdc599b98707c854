//! SIGINT and SIGTERM: the first drains, the second ends at once.

use std::time::Duration;

use tls::net::ServerHandle;
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
            signal(kind).map_err(|source| Error::System {
                what: "can't take over signals",
                source,
            })
        };
        Ok(Self {
            interrupt: take(SignalKind::interrupt())?,
            terminate: take(SignalKind::terminate())?,
        })
    }

    /// Waits for the first signal, then tells `stop` and the server to drain; how that ended, the
    /// server itself tells. Ends only at a second signal, with the number of connections it cuts.
    pub(super) async fn drain(
        mut self,
        handle: &ServerHandle,
        stop: watch::Sender<bool>,
        deadline: Duration,
    ) -> usize {
        self.next().await;
        stop.send_replace(true);
        let draining = async {
            handle.shutdown(deadline).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = self.next() => (),
            () = draining => (),
        }
        handle.stats().connections
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => (),
            _ = self.terminate.recv() => (),
        }
    }
}
