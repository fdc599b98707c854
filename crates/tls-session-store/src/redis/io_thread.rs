//! A thread of the store's own, where its connections live.
//!
//! A connection belongs to the runtime that opened it: it stands still while that one does, and dies
//! with it. A store is used from whatever runtime a caller has, from several, or from none of tokio's.

use std::io;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The thread; it ends when this is dropped.
pub(super) struct IoThread {
    handle: Handle,
    /// Closed by the drop.
    _stop: oneshot::Sender<()>,
}

impl IoThread {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        std::thread::Builder::new()
            .name("tls-redis".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
                // A look-up of a name may still be under way, and nobody wants to wait for it.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            handle,
            _stop: stop,
        })
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}
