//! A connection that ends at a chosen byte.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::read_at_most;

/// What comes after the last byte that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The peer closed: reads see the end of the stream, writes a broken pipe.
    Eof,
    /// `ECONNRESET` both ways.
    Reset,
    /// Nothing, for ever: the peer vanished.
    Silence,
}

/// Lets a number of bytes through in one direction, then ends that direction as told. Writes that
/// reach the cut are taken up to it; the other direction is not touched.
#[derive(Debug)]
pub struct CutAt<T> {
    io: T,
    readable: usize,
    writable: usize,
    ending: Ending,
}

impl<T> CutAt<T> {
    /// Cuts after `bytes` were read from `io`.
    pub fn reading(io: T, bytes: usize, ending: Ending) -> Self {
        Self {
            io,
            readable: bytes,
            writable: usize::MAX,
            ending,
        }
    }

    /// Cuts after `bytes` were written to `io`.
    pub fn writing(io: T, bytes: usize, ending: Ending) -> Self {
        Self {
            io,
            readable: usize::MAX,
            writable: bytes,
            ending,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for CutAt<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.readable == 0 && out.remaining() > 0 {
            return match self.ending {
                Ending::Eof => Poll::Ready(Ok(())),
                Ending::Reset => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                Ending::Silence => Poll::Pending,
            };
        }
        let limit = self.readable;
        let count = ready!(read_at_most(&mut self.io, cx, out, limit))?;
        self.readable -= count;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for CutAt<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.writable == 0 && !bytes.is_empty() {
            return match self.ending {
                Ending::Eof => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                Ending::Reset => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                Ending::Silence => Poll::Pending,
            };
        }
        let part = &bytes[..bytes.len().min(self.writable)];
        let count = ready!(Pin::new(&mut self.io).poll_write(cx, part))?;
        self.writable -= count;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
