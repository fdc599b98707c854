//! `Pending` before every answer.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Answers every other poll of an operation with `Pending` and an immediate wake: code that takes
/// the first poll for the answer, or forgets where it was, fails here.
#[derive(Debug)]
pub struct PendingFirst<T> {
    io: T,
    read: bool,
    write: bool,
    flush: bool,
    shutdown: bool,
}

impl<T> PendingFirst<T> {
    /// Wraps `io`.
    pub fn new(io: T) -> Self {
        Self {
            io,
            read: false,
            write: false,
            flush: false,
            shutdown: false,
        }
    }
}

/// True (and a wake) on the first, third, … call.
fn holds_back(held: &mut bool, cx: &Context<'_>) -> bool {
    *held = !*held;
    if *held {
        cx.waker().wake_by_ref();
    }
    *held
}

impl<T: AsyncRead + Unpin> AsyncRead for PendingFirst<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if holds_back(&mut self.read, cx) {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_read(cx, out)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for PendingFirst<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if holds_back(&mut self.write, cx) {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if holds_back(&mut self.flush, cx) {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if holds_back(&mut self.shutdown, cx) {
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
