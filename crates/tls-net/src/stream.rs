//! `TlsStream`: application data over the record layer, as tokio expects it.
//!
//! An idle stream holds no buffer: reads take one from the thread's pool and give it back when it
//! is empty, writes likewise. Records are opened straight into the caller's buffer and sealed
//! straight from it.

mod close;
mod deadlines;
mod early;
mod read;
mod write;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tls_record::{BufferClass, Exporter, PooledBuffer, RecordLayer};
use tokio::io::{AsyncRead, ReadBuf};

use crate::client_session::{ClientSession, SessionSource};
use crate::connection_info::ConnectionInfo;
use crate::connections::OpenConnection;

pub use self::deadlines::StreamTimeout;

/// A TLS connection over `IO`, its handshake done.
///
/// `AsyncRead` ends (reads 0 bytes) only after the peer's `close_notify`; a transport that ends
/// without one is an [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) error, since anyone on the way
/// can cut a connection short. `AsyncWrite` writes through: a successful write has been given to
/// the transport as far as that took it, and `flush` pushes the rest. `shutdown` sends
/// `close_notify` and closes the write side; reading goes on until the peer closes too.
///
/// Works in `tokio::io::split` and inside another `TlsStream`. Reads and writes are cancel-safe in
/// the way of tokio's own streams.
#[doc(alias = "TLSSocket")]
pub struct TlsStream<IO> {
    io: IO,
    record: RecordLayer,
    info: ConnectionInfo,
    /// Wire bytes received, and plaintext opened in place.
    incoming: Option<PooledBuffer>,
    /// Plaintext in `incoming`, of a record for which the caller's buffer was too small: where it
    /// begins and ends behind the first unconsumed byte, and the record's length.
    opened: Option<OpenedRecord>,
    /// Wire bytes to send.
    outgoing: Option<PooledBuffer>,
    corked: bool,
    /// Tickets are still on their way: reads send them too, since no write may ever come.
    owes_handshake: bool,
    /// The transport has ended.
    eof: bool,
    /// Early data waits in `rest`.
    early: bool,
    rest: Option<Box<Rest>>,
    deadlines: Option<Box<deadlines::Deadlines>>,
    open: Option<OpenConnection>,
}

/// What few connections have.
pub(crate) struct Rest {
    pub(crate) exporter: Option<Exporter>,
    pub(crate) sessions: Option<SessionSource>,
    /// Early data of the client that was not read yet.
    pub(crate) early: Bytes,
}

#[derive(Clone, Copy, Debug)]
struct OpenedRecord {
    start: usize,
    end: usize,
    consumed: usize,
}

/// What a finished handshake gives to a stream.
pub(crate) struct Parts<IO> {
    pub(crate) io: IO,
    pub(crate) record: RecordLayer,
    pub(crate) info: ConnectionInfo,
    pub(crate) incoming: Option<PooledBuffer>,
    /// Wire bytes of the handshake that are still to be sent.
    pub(crate) unsent: Vec<u8>,
    pub(crate) rest: Rest,
}

impl<IO> TlsStream<IO> {
    pub(crate) fn new(parts: Parts<IO>) -> Self {
        let rest = parts.rest;
        let early = !rest.early.is_empty();
        let used = early || rest.exporter.is_some() || rest.sessions.is_some();
        let rest = used.then(|| Box::new(rest));
        Self {
            io: parts.io,
            record: parts.record,
            info: parts.info,
            incoming: parts.incoming.filter(|incoming| !incoming.is_empty()),
            opened: None,
            owes_handshake: !parts.unsent.is_empty(),
            outgoing: waiting(&parts.unsent),
            corked: false,
            eof: false,
            early,
            rest,
            deadlines: None,
            open: None,
        }
    }

    pub(crate) fn count_open(&mut self, open: OpenConnection) {
        self.open = Some(open);
    }

    /// The transport and the facts, in the order of tokio-rustls.
    pub fn get_ref(&self) -> (&IO, &ConnectionInfo) {
        (&self.io, &self.info)
    }

    /// The transport and the facts. Reading or writing the transport directly breaks the
    /// connection.
    pub fn get_mut(&mut self) -> (&mut IO, &ConnectionInfo) {
        (&mut self.io, &self.info)
    }

    /// The facts of this connection.
    pub fn info(&self) -> ConnectionInfo {
        self.info.clone()
    }

    /// On a client: a session that another connection can resume, once. `None` until the server
    /// has given one; TLS 1.3 gives it after the handshake, so read first (`SOP-17`, `SES-01`).
    #[doc(alias = "getSession")]
    pub fn session(&self) -> Option<ClientSession> {
        self.rest.as_ref()?.sessions.as_ref()?.take()
    }

    /// Fills `out` with keying material that both ends derive alike (RFC 8446 Section 7.5,
    /// RFC 5705; `SOP-09`). In TLS 1.2 an absent context differs from an empty one.
    ///
    /// # Errors
    ///
    /// TLS 1.2 needs a context made with `exporter(true)`, since its exporter's secret can also
    /// decrypt the connection and is not kept otherwise; a label or context too long.
    #[doc(alias = "exportKeyingMaterial")]
    pub fn export_keying_material<T: AsMut<[u8]>>(
        &self,
        mut out: T,
        label: &[u8],
        context: Option<&[u8]>,
    ) -> Result<T, ExportError> {
        let exporter = self.rest.as_ref().and_then(|rest| rest.exporter.as_ref());
        let exporter = exporter.ok_or(ExportError::NotKept)?;
        exporter
            .export(out.as_mut(), label, context)
            .map_err(ExportError::Input)?;
        Ok(out)
    }

    /// Sends records of at most `size` bytes of content (`SOP-24`).
    ///
    /// # Errors
    ///
    /// Outside 512 to 16,384.
    #[doc(alias = "setMaxSendFragment")]
    pub fn set_max_send_fragment(&mut self, size: usize) -> io::Result<()> {
        let outcome = self.record.set_max_fragment(size);
        outcome.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
    }

    /// Holds sealed records back until a whole batch (256 KiB) is there, a flush, a read that has to
    /// wait, or [`uncork`](Self::uncork). For callers that flush: small writes then cost one system call a
    /// batch.
    pub fn cork(&mut self) {
        self.corked = true;
    }

    /// Ends [`cork`](Self::cork); what is held goes with the next write or flush.
    pub fn uncork(&mut self) {
        self.corked = false;
    }

    /// The transport, and the bytes that were received and not read: wire bytes of records not
    /// opened yet. Early data and plaintext opened and not read, and records sealed and not sent, are lost: flush
    /// and read first, or [`close`](Self::close).
    pub fn into_parts(self) -> (IO, Bytes) {
        let consumed = self.opened.map_or(0, |opened| opened.consumed);
        let received = self
            .incoming
            .as_ref()
            .map(|incoming| &incoming.filled()[consumed..]);
        let received = received.map_or_else(Bytes::new, Bytes::copy_from_slice);
        (self.io, received)
    }
}

impl<IO> std::fmt::Debug for TlsStream<IO> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsStream")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

/// Why no keying material could be exported.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The exporter's secret was not kept.
    #[error("the exporter secret was not kept; build the context with exporter(true)")]
    NotKept,
    /// A label or context that RFC 8446 or RFC 5705 does not allow.
    #[error("{0}")]
    Input(#[source] tls_record::Error),
}

impl ExportError {
    /// A stable name for this error, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotKept => "exporter_not_kept",
            Self::Input(_) => "exporter_input",
        }
    }
}

/// Wire bytes in a buffer of their own.
fn waiting(bytes: &[u8]) -> Option<PooledBuffer> {
    if bytes.is_empty() {
        return None;
    }
    let mut buffer = PooledBuffer::take(BufferClass::SmallWrite);
    let length = bytes.len().min(buffer.spare_len());
    buffer.spare()[..length].copy_from_slice(&bytes[..length]);
    buffer.advance(length);
    Some(buffer)
}

/// Reads once into `incoming`, taking a buffer for it, and giving the buffer back if there is
/// nothing to read yet.
pub(crate) fn poll_fill<IO: AsyncRead + Unpin>(
    io: &mut IO,
    incoming: &mut Option<PooledBuffer>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let buffer = incoming.get_or_insert_with(|| PooledBuffer::take(BufferClass::Read));
    if buffer.spare_len() < SMALLEST_READ {
        buffer.compact();
    }
    let mut space = ReadBuf::new(buffer.spare());
    let outcome = Pin::new(io).poll_read(cx, &mut space);
    let read = space.filled().len();
    buffer.advance(read);
    if buffer.is_empty() {
        *incoming = None;
    }
    match outcome {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(read)),
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}

/// Room for a whole record of the largest kind: with less, the bytes in use move to the front.
const SMALLEST_READ: usize = 5 + 16_384 + 2_048;

/// An error of the record layer as tokio's traits carry it.
fn record_error(error: tls_record::Error) -> io::Error {
    let kind = match error {
        tls_record::Error::Truncated => io::ErrorKind::UnexpectedEof,
        tls_record::Error::WriteClosed => io::ErrorKind::BrokenPipe,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}

/// The session source is shared with the record layer's ticket handler.
pub(crate) type SharedInbox = Arc<crate::engine::client_slot::SessionInbox>;
