//! A peer that knows no TLS: it sends the bytes it is given and keeps what comes back.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use tls_testing::{RawListener, RawPeer};
//!
//! let listener = RawListener::bind().await;
//! let mut peer = RawPeer::connect(listener.address()).await;
//! let mut other = listener.accept().await;
//! peer.send(b"GET / HTTP/1.1\r\n\r\n").await;
//! peer.close_write().await;
//! assert_eq!(other.read_to_end().await.bytes, b"GET / HTTP/1.1\r\n\r\n");
//! # });
//! ```

use std::{future::Future, io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How long a raw peer waits for the other side before the test fails or the answer says so.
///
/// Over a socket it needs tokio's running clock: a paused one leaps to the deadline at once.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// How the other side ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// In order: end of the stream.
    Eof,
    /// With a reset, or another error of the transport.
    Error(io::ErrorKind),
    /// Not at all within the deadline.
    StillOpen,
}

/// What came back, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Every byte until the end.
    pub bytes: Vec<u8>,
    /// The end.
    pub ended: Ended,
}

impl Received {
    /// The bytes as TLS records: content type and body (RFC 8446, Section 5.1). A cut record at
    /// the end is left out.
    #[must_use]
    pub fn records(&self) -> Vec<(u8, Vec<u8>)> {
        let mut records = Vec::new();
        let mut rest = self.bytes.as_slice();
        while let Some((header, after)) = rest.split_first_chunk::<5>() {
            let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
            let Some((body, next)) = after.split_at_checked(length) else {
                break;
            };
            records.push((header[0], body.to_vec()));
            rest = next;
        }
        records
    }

    /// Level and description of the last plain alert record, if there is one.
    #[must_use]
    pub fn alert(&self) -> Option<(u8, u8)> {
        let records = self.records();
        let (_, body) = records
            .iter()
            .rfind(|(kind, body)| *kind == 21 && body.len() == 2)?;
        Some((body[0], body[1]))
    }
}

/// One end of a connection, driven byte by byte. Over TCP, or over any stream with
/// [`RawPeer::over`].
#[derive(Debug)]
pub struct RawPeer<T = TcpStream> {
    io: T,
    deadline: Duration,
}

impl RawPeer {
    /// Connects to a server on loopback. Panics when nobody answers.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::over(
            within(DEADLINE, "connect", TcpStream::connect(address))
                .await
                .unwrap(),
        )
    }

    /// Ends the connection with a reset rather than in order.
    pub fn reset(self) {
        self.io.set_zero_linger().unwrap();
    }

    /// The stream itself.
    #[must_use]
    pub fn into_inner(self) -> TcpStream {
        self.io
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> RawPeer<T> {
    /// A raw peer over a stream that is already there.
    pub fn over(io: T) -> Self {
        Self {
            io,
            deadline: DEADLINE,
        }
    }

    /// Waits `deadline` rather than [`DEADLINE`] for each answer.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sends `bytes`. Says whether all of it went out: a server that has already refused and
    /// closed makes it false.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        let all = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        within(self.deadline, "send", all).await.is_ok()
    }

    /// Closes the sending direction.
    pub async fn close_write(&mut self) {
        let _ = within(self.deadline, "close", self.io.shutdown()).await;
    }

    /// Exactly `count` bytes. Panics when fewer come.
    pub async fn read_exact(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        within(self.deadline, "read", self.io.read_exact(&mut bytes))
            .await
            .unwrap();
        bytes
    }

    /// One TLS record: content type and body. `None` at the end of the stream.
    pub async fn read_record(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 5];
        within(self.deadline, "record", self.io.read_exact(&mut header))
            .await
            .ok()?;
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let mut body = vec![0; length];
        within(self.deadline, "record", self.io.read_exact(&mut body))
            .await
            .ok()?;
        Some((header[0], body))
    }

    /// All that comes until the other side ends, or the deadline passes.
    pub async fn read_to_end(&mut self) -> Received {
        let mut bytes = Vec::new();
        let mut part = vec![0; 16 * 1024];
        let all = async {
            loop {
                match self.io.read(&mut part).await {
                    Ok(0) => break Ended::Eof,
                    Ok(count) => bytes.extend_from_slice(&part[..count]),
                    Err(error) => break Ended::Error(error.kind()),
                }
            }
        };
        let ended = tokio::time::timeout(self.deadline, all)
            .await
            .unwrap_or(Ended::StillOpen);
        Received { bytes, ended }
    }

    /// [`send`](Self::send), then [`read_to_end`](Self::read_to_end).
    pub async fn exchange(&mut self, bytes: &[u8]) -> Received {
        self.send(bytes).await;
        self.read_to_end().await
    }
}

/// A listener on a free port of 127.0.0.1 whose connections are [`RawPeer`]s.
#[derive(Debug)]
pub struct RawListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl RawListener {
    /// Listens.
    pub async fn bind() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    /// Where.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection. Panics when none comes within [`DEADLINE`].
    pub async fn accept(&self) -> RawPeer {
        RawPeer::over(
            within(DEADLINE, "accept", self.listener.accept())
                .await
                .unwrap()
                .0,
        )
    }
}

/// `work`, or a panic that says what took too long.
async fn within<F: Future>(deadline: Duration, what: &str, work: F) -> F::Output {
    match tokio::time::timeout(deadline, work).await {
        Ok(done) => done,
        Err(_) => panic!("raw peer: no {what} within {deadline:?}"),
    }
}
