//! `Server`: a listener whose connections come out handshaken.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tls_context::SecureContext;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::accept::AtWork;
use crate::acceptor::TlsAcceptor;
use crate::connections::Connections;
use crate::error::Error;
use crate::listen::Listening;
use crate::listener::Listener;
use crate::revocation::SessionsOf;
use crate::shutdown::{Drained, Phase};
use crate::store_state::StoreState;
use crate::stream::TlsStream;
use crate::stream_queue::{StreamQueue, StreamSender, stream_queue};

/// A listener whose connections come out handshaken.
///
/// Handshakes run in tasks of their own, begun by the first [`accept`](Self::accept) or
/// [`serve`](Self::serve). Dropping the server closes the listener and ends the handshakes in
/// progress; streams already handed out live on.
#[doc(alias = "createServer")]
pub struct Server<L: Listener = TcpListener> {
    acceptor: TlsAcceptor,
    handle: ServerHandle,
    local_addr: io::Result<SocketAddr>,
    state: Mutex<State<L>>,
    /// Ends the listening task with the server.
    listening: Arc<Mutex<Option<AbortHandle>>>,
}

enum State<L: Listener> {
    /// Not listening yet.
    Idle(L),
    Listening(Arc<StreamQueue<L::Io>>),
    Taken,
}

impl<L: Listener> std::fmt::Debug for Server<L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("local_addr", &self.local_addr)
            .finish_non_exhaustive()
    }
}

impl<L: Listener> Server<L> {
    pub(crate) fn new(acceptor: TlsAcceptor, listener: L) -> Self {
        let (phase, _) = watch::channel(Phase::Serving);
        let connections = Connections::new(acceptor.0.limits.max_connections);
        let handle = ServerHandle {
            acceptor: acceptor.clone(),
            phase: Arc::new(phase),
            connections,
        };
        Self {
            acceptor,
            handle,
            local_addr: listener.local_addr(),
            state: Mutex::new(State::Idle(listener)),
            listening: Arc::default(),
        }
    }

    /// The address that clients connect to (`SRV-15`).
    ///
    /// # Errors
    ///
    /// The listener has none (a Unix socket).
    #[doc(alias = "address")]
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.local_addr {
            Ok(addr) => Ok(*addr),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        }
    }

    /// A handle that changes and stops the server from elsewhere.
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// The next connection whose handshake is done. Cancel-safe; may be called from several tasks.
    ///
    /// `Ok(None)`: the server was shut down and every handshake in progress has ended.
    ///
    /// # Errors
    ///
    /// The listener itself is dead. The failure of one connection is no error here: it goes to
    /// `on_failure`.
    #[doc(alias = "secureConnection")]
    pub async fn accept(&self) -> io::Result<Option<TlsStream<L::Io>>> {
        match self.queue() {
            Some(queue) => queue.take().await.transpose(),
            None => Ok(None),
        }
    }

    /// The queue of finished handshakes; begins to listen at the first call.
    fn queue(&self) -> Option<Arc<StreamQueue<L::Io>>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = match std::mem::replace(&mut *state, State::Taken) {
            State::Idle(listener) => State::Listening(self.listen(listener)),
            other => other,
        };
        match &*state {
            State::Listening(queue) => Some(queue.clone()),
            _ => None,
        }
    }

    fn take_state(&self) -> State<L> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *state, State::Taken)
    }

    /// Hands each connection to `handler`, in the task that made its handshake, until the server is
    /// shut down. Then waits for the handlers, until the shutdown's deadline, and cuts the rest.
    ///
    /// # Errors
    ///
    /// The listener itself is dead. The handlers that run go on.
    pub async fn serve<F, Fut>(self, handler: F) -> io::Result<Drained>
    where
        F: Fn(TlsStream<L::Io>) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Send,
    {
        let (mut tasks, outcome) = match self.take_state() {
            State::Idle(listener) => {
                let handler = Arc::new(handler);
                // The place at work is free as soon as the stream is taken.
                let deliver = move |stream, _at_work| handler(stream).map(drop);
                self.listening(listener).run(deliver).await
            }
            State::Listening(queue) => serve_queue(&queue, handler).await,
            State::Taken => (JoinSet::new(), Ok(())),
        };
        if let Err(error) = outcome {
            tasks.detach_all();
            return Err(error);
        }
        Ok(crate::shutdown::drain(tasks, self.handle.phase.subscribe()).await)
    }

    fn listening(&self, listener: L) -> Listening<L> {
        Listening {
            acceptor: self.acceptor.clone(),
            listener,
            connections: self.handle.connections.clone(),
            phase: self.handle.phase.subscribe(),
        }
    }

    /// Begins to listen in a task of its own, for [`accept`](Self::accept).
    fn listen(&self, listener: L) -> Arc<StreamQueue<L::Io>> {
        let (finished, queue) = stream_queue();
        let task = tokio::spawn(fill_queue(self.listening(listener), finished));
        let mut listening = self
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *listening = Some(task.abort_handle());
        queue
    }
}

/// Serves what comes through the queue of a server that listens already.
async fn serve_queue<IO, F, Fut>(
    queue: &StreamQueue<IO>,
    handler: F,
) -> (JoinSet<()>, io::Result<()>)
where
    IO: Send + 'static,
    F: Fn(TlsStream<IO>) -> Fut,
    Fut: Future + Send + 'static,
    Fut::Output: Send,
{
    let mut tasks = JoinSet::new();
    while let Some(taken) = queue.take().await {
        match taken {
            Ok(stream) => {
                while tasks.try_join_next().is_some() {}
                tasks.spawn(handler(stream).map(drop));
            }
            Err(error) => return (tasks, Err(error)),
        }
    }
    (tasks, Ok(()))
}

/// The listening task of a server that is asked with `accept`: waits for the handshakes in
/// progress, too. Aborting it aborts them.
async fn fill_queue<L: Listener>(listening: Listening<L>, finished: StreamSender<L::Io>) {
    // Goes last: whoever waits then finds that all senders are gone.
    let _closing = finished.closing();
    let finished = finished;
    let mut phase = listening.phase.clone();
    let streams = finished.clone();
    let deliver = move |stream, at_work: AtWork| {
        let streams = streams.clone();
        async move {
            streams.send(Ok(stream)).await;
            // Kept until now: an application that stops accepting fills the queue, then the
            // places at work, then the kernel's backlog.
            drop(at_work);
        }
    };
    let (mut handshakes, outcome) = listening.run(deliver).await;
    if let Err(error) = outcome {
        finished.send(Err(error)).await;
    }
    let cut = crate::shutdown::deadline(&mut phase);
    tokio::pin!(cut);
    loop {
        tokio::select! {
            next = handshakes.join_next() => if next.is_none() { return },
            () = &mut cut => return,
        }
    }
}

impl<L: Listener> Drop for Server<L> {
    fn drop(&mut self) {
        let listening = self
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = listening {
            task.abort();
        }
    }
}

/// Changes and stops a server from elsewhere. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServerHandle {
    acceptor: TlsAcceptor,
    phase: Arc<watch::Sender<Phase>>,
    connections: Arc<Connections>,
}

/// Counts of a server at one moment. Those before the hand-over are of its acceptor, which several
/// servers may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections that have not sent a whole hello.
    pub pending: usize,
    /// Handshakes at work.
    pub handshakes: usize,
    /// Streams in the application's hands.
    pub connections: usize,
    /// The generation of the set of contexts, and of what is watched in the default context
    /// ([`SecureContext::generation`]), together.
    pub generation: u64,
}

impl ServerHandle {
    /// Replaces the default context (`SRV-18`); connections that exist keep theirs. Ticket keys
    /// stay, so sessions of an equal policy still resume.
    ///
    /// # Errors
    ///
    /// The context can't serve; the old one stays.
    #[doc(alias = "setSecureContext")]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "as in the builder; a context is one Arc"
    )]
    pub fn set_context(&self, context: SecureContext) -> Result<u64, Error> {
        crate::engine::lowered::server(&context).map_err(Error::DefaultContext)?;
        let generation = self.change(|contexts| Ok(Some(contexts.set_default(context.clone()))))?;
        self.watch(&context);
        Ok(generation)
    }

    /// Adds a context for a name or pattern (`SRV-14`), or replaces the one that had it.
    ///
    /// # Errors
    ///
    /// The context can't serve, or the pattern can't match; nothing changes then.
    #[doc(alias = "addContext")]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "as in the builder; a context is one Arc"
    )]
    pub fn add_context(&self, pattern: &str, context: SecureContext) -> Result<u64, Error> {
        let generation = self.change(|contexts| contexts.add(pattern, context.clone()))?;
        self.watch(&context);
        Ok(generation)
    }

    /// Its certificates are to have their staples before a client asks.
    fn watch(&self, context: &SecureContext) {
        #[cfg(feature = "ocsp")]
        crate::staples::watch_identities(&self.acceptor.0, context);
        #[cfg(not(feature = "ocsp"))]
        let _ = context;
    }

    fn change(
        &self,
        change: impl Fn(&mut crate::acceptor::Contexts) -> Result<Option<SecureContext>, Error>,
    ) -> Result<u64, Error> {
        let mut outcome = Ok(None);
        let mut generation = 0;
        self.acceptor.0.contexts.rcu(|contexts| {
            let mut changed = (**contexts).clone();
            outcome = change(&mut changed);
            if outcome.is_ok() {
                changed.generation += 1;
            }
            generation = changed.generation;
            if outcome.is_ok() {
                Arc::new(changed)
            } else {
                contexts.clone()
            }
        });
        if let Some(replaced) = outcome? {
            self.acceptor.0.context_was_replaced(&replaced);
        }
        Ok(generation)
    }

    /// The session store as the handshakes see it; `None` without one.
    pub fn store_state(&self) -> Option<StoreState> {
        self.acceptor.store_state()
    }

    /// Ends the sessions of some clients: [`TlsAcceptor::revoke_sessions`].
    ///
    /// # Errors
    ///
    /// The store did not take it: other workers go on resuming these sessions. Call again.
    pub async fn revoke_sessions(&self, whose: &SessionsOf) -> Result<(), Error> {
        self.acceptor.revoke_sessions(whose).await
    }

    /// Replaces the ticket keys (`SRV-17`): tickets under the old ones are not opened any more.
    #[doc(alias = "setTicketKeys")]
    pub fn set_ticket_keys(&self, key: &[u8; 48]) {
        if let Some(keys) = &self.acceptor.0.ticket_keys {
            keys.set(key);
        }
    }

    /// The key that seals tickets now (`SRV-16`), to share with other workers; `None` where
    /// sessions are stored instead.
    #[doc(alias = "getTicketKeys")]
    pub fn ticket_keys(&self) -> Option<[u8; 48]> {
        self.acceptor
            .0
            .ticket_keys
            .as_ref()
            .map(tls_session_store::TicketKeys::to_bytes)
    }

    /// Counts at this moment.
    pub fn stats(&self) -> Stats {
        let admission = &self.acceptor.0.admission;
        let contexts = self.acceptor.0.contexts.load();
        Stats {
            pending: admission.pending_count(),
            handshakes: admission.working_count(),
            connections: self.connections.open_count(),
            generation: contexts
                .generation
                .saturating_add(contexts.default.generation()),
        }
    }

    /// Stops listening, lets handshakes and connections end, and gives up on those that have not
    /// after `deadline`. Resolves when all have ended or the deadline has passed.
    ///
    /// Under [`Server::serve`] what is left is cut; under [`Server::accept`] the streams are the
    /// application's, and only counted.
    #[doc(alias = "close")]
    pub async fn shutdown(&self, deadline: Duration) -> Drained {
        let until = tokio::time::Instant::now() + deadline;
        self.phase.send_if_modified(|phase| {
            let first = matches!(phase, Phase::Serving);
            if first {
                *phase = Phase::Draining(until);
            }
            first
        });
        let before = self.connections.count();
        // Late is no error: what is left is counted.
        let _ = tokio::time::timeout_at(until, self.connections.all_ended()).await;
        let left = self.connections.count();
        Drained {
            completed: before.saturating_sub(left),
            cut: left,
        }
    }
}
