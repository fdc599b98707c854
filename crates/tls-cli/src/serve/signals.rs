//! SIGINT and SIGTERM: the first drains, the second ends at once. SIGHUP: files are read again, or,
//! where it means that the terminal is gone, as SIGTERM.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use tls::net::ServerHandle;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, watch};

use crate::error::{Error, Result};

/// The signals that end a server.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    terminal_gone: Arc<Notify>,
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
            terminal_gone: Arc::default(),
        })
    }

    /// Calls `reload` at each SIGHUP, for as long as the runtime lives. Files are read by a thread
    /// that may wait for them.
    pub(super) fn on_hangup(&self, reload: impl Fn() + Send + Sync + 'static) -> Result<()> {
        let mut hangup = signal(SignalKind::hangup()).map_err(|source| Error::System {
            what: "can't take over signals",
            source,
        })?;
        let reload = Arc::new(reload);
        let terminal_gone = Arc::clone(&self.terminal_gone);
        let had_terminal = io::stdin().is_terminal();
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                // Who closes the window means to end what runs in it.
                if had_terminal && !io::stdin().is_terminal() {
                    terminal_gone.notify_one();
                    continue;
                }
                let reload = Arc::clone(&reload);
                // It panics only if a library does, and then has said so.
                let _ = tokio::task::spawn_blocking(move || reload()).await;
            }
        });
        Ok(())
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
            () = self.terminal_gone.notified() => (),
        }
    }
}
