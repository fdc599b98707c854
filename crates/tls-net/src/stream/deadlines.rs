//! Deadlines after the handshake: for a connection on which nothing moves, and for a peer that does
//! not take what is written. A stream without them holds no timer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::TlsStream;

/// The deadlines of one stream, where it has any.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    idle: Option<Deadline>,
    write: Option<Deadline>,
}

/// A span in which something has to happen. The timer is set when somebody waits, and moved when it
/// fires, not at each progress.
#[derive(Debug)]
struct Deadline {
    limit: Duration,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn new(limit: Duration) -> Self {
        Self {
            limit,
            since: None,
            timer: None,
        }
    }

    /// Ready with the span if nothing has happened in all of it; it begins now if it has not begun.
    /// Otherwise the task is woken when it may be over.
    fn poll_passed(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        let end = *self.since.get_or_insert_with(Instant::now) + self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        while timer.as_mut().poll(cx).is_ready() {
            if end <= Instant::now() {
                return Poll::Ready(self.limit);
            }
            timer.as_mut().reset(end);
        }
        Poll::Pending
    }
}

/// What passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamTimeout {
    /// No byte came or went for as long as [`TlsStream::set_idle_timeout`] allows.
    #[error("nothing was received or sent for {0:?}")]
    Idle(Duration),
    /// The transport took no byte for as long as [`TlsStream::set_write_timeout`] allows, while
    /// there were some to send.
    #[error("the peer took nothing of what was sent for {0:?}")]
    Write(Duration),
}

impl StreamTimeout {
    /// A stable name for this error, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Idle(_) => "idle_timeout",
            Self::Write(_) => "write_timeout",
        }
    }
}

impl From<StreamTimeout> for io::Error {
    fn from(timeout: StreamTimeout) -> Self {
        Self::new(io::ErrorKind::TimedOut, timeout)
    }
}

impl<IO> TlsStream<IO> {
    /// Ends a wait for data with [`StreamTimeout::Idle`] when no byte has come or gone for `limit`;
    /// `None`, the default, waits for ever. Bytes on the wire count, not only data: a peer that is
    /// asked by TCP whether it lives answers below this.
    ///
    /// Costs a timer while somebody waits, some 200 bytes. Needs tokio's timer.
    #[doc(alias = "setTimeout")]
    pub fn set_idle_timeout(&mut self, limit: Option<Duration>) {
        self.deadlines_mut().idle = limit.map(Deadline::new);
    }

    /// Ends a write, a flush or a read with [`StreamTimeout::Write`] when bytes have waited for
    /// `limit` and the transport took none; `None`, the default, waits for ever.
    ///
    /// Costs a timer while bytes wait. Needs tokio's timer.
    pub fn set_write_timeout(&mut self, limit: Option<Duration>) {
        self.deadlines_mut().write = limit.map(Deadline::new);
    }

    fn deadlines_mut(&mut self) -> &mut Deadlines {
        self.deadlines.get_or_insert_default()
    }

    /// Bytes were received.
    pub(super) fn received_some(&mut self) {
        if let Some(deadlines) = &mut self.deadlines {
            deadlines.moved();
        }
    }

    /// Bytes were sent.
    pub(super) fn sent_some(&mut self) {
        if let Some(deadlines) = &mut self.deadlines {
            deadlines.moved();
            if let Some(write) = &mut deadlines.write {
                *write = Deadline::new(write.limit);
            }
        }
    }

    /// A read has to wait: too long already, or a writer too long?
    pub(super) fn poll_reader_waits(&mut self, cx: &mut Context<'_>) -> Poll<StreamTimeout> {
        if self.outgoing.is_some() {
            let stalled = self.poll_writer_waits(cx);
            if stalled.is_ready() {
                return stalled;
            }
        }
        match self.deadlines.as_mut().and_then(|all| all.idle.as_mut()) {
            Some(idle) => idle.poll_passed(cx).map(StreamTimeout::Idle),
            None => Poll::Pending,
        }
    }

    /// The transport takes no bytes at the moment.
    pub(super) fn poll_writer_waits(&mut self, cx: &mut Context<'_>) -> Poll<StreamTimeout> {
        match self.deadlines.as_mut().and_then(|all| all.write.as_mut()) {
            Some(write) => write.poll_passed(cx).map(StreamTimeout::Write),
            None => Poll::Pending,
        }
    }
}

impl Deadlines {
    fn moved(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.since = Some(Instant::now());
        }
    }
}
