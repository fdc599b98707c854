//! Streams that behave as badly as TCP may: one byte at a time, pending first, nothing sent before
//! a flush, cut at any byte, arbitrary segments. Each wraps any `AsyncRead + AsyncWrite`.
//!
//! ```
//! use tls_testing::transport::{CutAt, Ending, OneByte, pair};
//!
//! let (client, server) = pair();
//! let slow = OneByte::new(client);
//! let dying = CutAt::reading(server, 40, Ending::Reset);
//! # drop((slow, dying));
//! ```

use tokio::io::DuplexStream;

mod cut_at;
mod flush_only;
mod one_byte;
mod pending_first;
mod recorded;
mod segments;

pub use cut_at::{CutAt, Ending};
pub use flush_only::FlushOnly;
pub use one_byte::OneByte;
pub use pending_first::PendingFirst;
pub use recorded::{Recorded, Recording, recorded};
pub use segments::Segments;

/// Two ends of a stream in memory that holds 64 KiB each way.
#[must_use]
pub fn pair() -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(64 * 1024)
}

/// Two ends that hold only `capacity` bytes each way: writers wait for readers early.
#[must_use]
pub fn narrow_pair(capacity: usize) -> (DuplexStream, DuplexStream) {
    tokio::io::duplex(capacity)
}

/// Reads into `out`, but at most `limit` bytes; gives how many came.
fn read_at_most<T: tokio::io::AsyncRead + Unpin>(
    io: &mut T,
    cx: &mut std::task::Context<'_>,
    out: &mut tokio::io::ReadBuf<'_>,
    limit: usize,
) -> std::task::Poll<std::io::Result<usize>> {
    let mut part = out.take(limit);
    std::task::ready!(std::pin::Pin::new(io).poll_read(cx, &mut part))?;
    let count = part.filled().len();
    // `out` cannot be told without `unsafe` that its unfilled part was written, so it is copied.
    let bytes = part.filled().to_vec();
    out.put_slice(&bytes);
    std::task::Poll::Ready(Ok(count))
}
