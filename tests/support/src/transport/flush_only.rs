//! Nothing is sent before a flush.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Keeps what is written until `poll_flush` (or `poll_shutdown`), as a buffering transport may:
/// a handshake that forgets to flush waits for ever here.
#[derive(Debug)]
pub struct FlushOnly<T> {
    io: T,
    held: Vec<u8>,
}

impl<T> FlushOnly<T> {
    /// Wraps `io`.
    pub fn new(io: T) -> Self {
        Self {
            io,
            held: Vec::new(),
        }
    }

    /// Bytes written, not yet flushed.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for FlushOnly<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, out)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for FlushOnly<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, held } = self.get_mut();
        while !held.is_empty() {
            let written = ready!(Pin::new(&mut *io).poll_write(cx, held))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            held.drain(..written);
        }
        Pin::new(io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
