//! Reads end at chosen boundaries.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::read_at_most;

/// Delivers what is read in segments of the given sizes, whatever the sender's writes were; after
/// the last of them, as it comes. Sizes of zero are left out. Writes pass as they are.
#[derive(Debug)]
pub struct Segments<T> {
    io: T,
    sizes: VecDeque<usize>,
}

impl<T> Segments<T> {
    /// Wraps `io`.
    pub fn new(io: T, sizes: impl IntoIterator<Item = usize>) -> Self {
        Self {
            io,
            sizes: sizes.into_iter().filter(|&size| size > 0).collect(),
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Segments<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let limit = self.sizes.front().copied().unwrap_or(usize::MAX);
        let count = ready!(read_at_most(&mut self.io, cx, out, limit))?;
        if let Some(left) = self.sizes.front_mut() {
            *left -= count;
            if *left == 0 {
                self.sizes.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Segments<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
