//! The transport during a handshake: whole records in, flights out, under a deadline and a budget.

use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tls_record::PooledBuffer;
use tls_wire::{MAX_CIPHERTEXT_TLS12, RecordHeader};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep};

use crate::error::HandshakeErrorKind;
use crate::limits::MAX_HANDSHAKE_WIRE;
use crate::stream::poll_fill;

/// How long, and how much, the peer's remaining bytes are read away after our alert. Closing a TCP
/// socket with unread bytes sends a reset, which can overtake the alert.
const LINGER: Duration = Duration::from_millis(500);
const LINGER_BYTES: usize = 64 * 1024;

/// A transport with a deadline.
pub(crate) struct Wire<IO> {
    io: IO,
    /// Bytes that were read before the handshake was ours.
    prefix: io::Cursor<Bytes>,
    incoming: Option<PooledBuffer>,
    /// Wire bytes that the peer may still send before the handshake must be done.
    budget: usize,
    deadline: Pin<Box<Sleep>>,
    limit: Duration,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub(crate) fn new(io: IO, prefix: &[u8], begun: Instant, limit: Duration) -> Self {
        let prefix = io::Cursor::new(Bytes::copy_from_slice(prefix));
        Self {
            io,
            prefix,
            incoming: None,
            budget: MAX_HANDSHAKE_WIRE,
            deadline: Box::pin(tokio::time::sleep_until(begun + limit)),
            limit,
        }
    }

    /// Moves the deadline.
    pub(crate) fn set_deadline(&mut self, begun: Instant, limit: Duration) {
        self.limit = limit;
        self.deadline.as_mut().reset(begun + limit);
    }

    /// The time limit that holds now.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// What was read and not consumed.
    pub(crate) fn received(&self) -> &[u8] {
        self.incoming.as_ref().map_or(&[], PooledBuffer::filled)
    }

    /// The same, to be opened in place.
    pub(crate) fn received_mut(&mut self) -> &mut [u8] {
        self.incoming
            .as_mut()
            .map_or(&mut [], PooledBuffer::filled_mut)
    }

    pub(crate) fn consume(&mut self, bytes: usize) {
        if let Some(incoming) = self.incoming.as_mut() {
            incoming.consume(bytes);
            if incoming.is_empty() {
                self.incoming = None;
            }
        }
    }

    /// Reads some bytes; holds no buffer while it waits for the first of them.
    pub(crate) async fn fill(&mut self) -> Result<(), HandshakeErrorKind> {
        let Self {
            io,
            prefix,
            incoming,
            deadline,
            ..
        } = self;
        let read = std::future::poll_fn(|cx| {
            if prefix.position() < prefix.get_ref().len() as u64 {
                return poll_fill(prefix, incoming, cx);
            }
            poll_fill(io, incoming, cx)
        });
        let read = tokio::select! {
            biased;
            read = read => read,
            () = deadline.as_mut() => return Err(HandshakeErrorKind::HandshakeTimeout(self.limit)),
        };
        match read {
            Ok(0) => Err(HandshakeErrorKind::PeerClosed),
            Ok(bytes) => {
                self.budget = self
                    .budget
                    .checked_sub(bytes)
                    .ok_or(HandshakeErrorKind::TooMuchData)?;
                Ok(())
            }
            Err(error) => Err(transport(error)),
        }
    }

    /// Gives back to the budget what does not belong to the handshake: early data, which has limits
    /// of its own.
    pub(crate) fn refund(&mut self, bytes: usize) {
        self.budget = self.budget.saturating_add(bytes);
    }

    /// Waits for something else than the transport, until the deadline.
    pub(crate) async fn within<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, HandshakeErrorKind> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.deadline.as_mut() => Err(HandshakeErrorKind::HandshakeTimeout(self.limit)),
        }
    }

    /// Waits until a whole record is there, and gives its length. Its header is checked before the
    /// rest is awaited.
    pub(crate) async fn record(&mut self) -> Result<usize, HandshakeErrorKind> {
        loop {
            if let Some(header) = RecordHeader::read(self.received()) {
                let length = usize::from(header.length);
                if length > MAX_CIPHERTEXT_TLS12 {
                    // The engine refuses it by its header, with an alert under the right keys.
                    return Ok(RecordHeader::LEN);
                }
                if self.received().len() >= RecordHeader::LEN + length {
                    return Ok(RecordHeader::LEN + length);
                }
            }
            self.fill().await?;
        }
    }

    /// Writes a flight. Reads meanwhile if the transport takes nothing: a peer that is writing too
    /// may not read before it is done, over a transport that holds less than both have to say.
    pub(crate) async fn write(&mut self, flight: &[u8]) -> Result<(), HandshakeErrorKind> {
        if flight.is_empty() {
            return Ok(());
        }
        let Self {
            io,
            incoming,
            budget,
            deadline,
            ..
        } = self;
        let mut rest = flight;
        let mut reads = true;
        let write = std::future::poll_fn(|cx| {
            loop {
                let written = match rest {
                    [] => Pin::new(&mut *io).poll_flush(cx).map_ok(|()| None),
                    rest => Pin::new(&mut *io).poll_write(cx, rest).map_ok(Some),
                };
                match written {
                    Poll::Ready(Ok(None)) => return Poll::Ready(Ok(())),
                    Poll::Ready(Ok(Some(0))) => {
                        return Poll::Ready(Err(HandshakeErrorKind::PeerClosed));
                    }
                    Poll::Ready(Ok(Some(written))) => rest = &rest[written..],
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(transport(error))),
                    Poll::Pending if reads => {
                        let read =
                            std::task::ready!(poll_fill(io, incoming, cx)).map_err(transport)?;
                        *budget = budget
                            .checked_sub(read)
                            .ok_or(HandshakeErrorKind::TooMuchData)?;
                        // At its end the peer may still read.
                        reads = read > 0;
                    }
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        tokio::select! {
            biased;
            written = write => written,
            () = deadline.as_mut() => Err(HandshakeErrorKind::HandshakeTimeout(self.limit)),
        }
    }

    /// Sends a last flight (an alert) so that the peer can hear it, and closes.
    pub(crate) async fn farewell(mut self, flight: &[u8]) {
        let farewell = async {
            if self.io.write_all(flight).await.is_err() || self.io.shutdown().await.is_err() {
                return;
            }
            let mut left = LINGER_BYTES;
            let mut discarded = [0; 1024];
            while let Ok(read @ 1..) = self.io.read(&mut discarded).await {
                let Some(rest) = left.checked_sub(read) else {
                    return;
                };
                left = rest;
            }
        };
        // The handshake has failed: whether its alert arrived changes nothing here.
        let _ = tokio::time::timeout(LINGER, farewell).await;
    }

    /// The transport, and what was read beyond the handshake.
    pub(crate) fn into_parts(self) -> (IO, Option<PooledBuffer>) {
        (self.io, self.incoming)
    }
}

/// A peer that resets is a peer that went; anything else is the network's.
pub(crate) fn transport(error: io::Error) -> HandshakeErrorKind {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::UnexpectedEof => HandshakeErrorKind::PeerClosed,
        _ => HandshakeErrorKind::Io(error),
    }
}
