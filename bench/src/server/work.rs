//! What a server does with a connection.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::row::Row;

/// Bytes that the client sends after its handshake.
pub(crate) const REQUEST: usize = 17;

/// Bytes of an echoed message.
pub(crate) const MESSAGE: usize = 64;

/// After so much plaintext a receiving server says so, in one byte.
pub(crate) const BATCH: usize = 64 * 1024 * 1024;

/// The space into which a server receives.
const READ: usize = 64 * 1024;

/// The work of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) row: Row,
    /// How many writes or reads, where they are counted; endless otherwise.
    pub(crate) writes: Option<u64>,
}

impl Work {
    /// Serves one connection: the handler that a user would write, an async function that takes
    /// the stream. That the client goes in the middle is part of it.
    pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(self, mut stream: S) {
        let stream = &mut stream;
        let _ = match self.row {
            Row::Handshake(_) | Row::Latency => answer(stream).await,
            Row::Send { write } => send(stream, write, self.writes).await,
            Row::Receive { write } => {
                let batch = self.writes.map_or(BATCH, |writes| write * writes as usize);
                receive(stream, batch).await
            }
            Row::Echo | Row::Idle | Row::IdlePsk | Row::Sessions => echo(stream).await,
        };
    }
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut request = [0; REQUEST];
    stream.read_exact(&mut request).await?;
    stream.write_all(&request[..1]).await?;
    stream.flush().await?;
    // Until the client resets.
    stream.read(&mut request).await.map(|_| ())
}

async fn send<S>(stream: &mut S, write: usize, writes: Option<u64>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let data = vec![0x5a; write];
    stream.read_exact(&mut [0]).await?;
    let mut sent = 0;
    while writes.is_none_or(|writes| sent < writes) {
        stream.write_all(&data).await?;
        sent += 1;
    }
    stream.flush().await?;
    stream.shutdown().await
}

async fn receive<S>(stream: &mut S, batch: usize) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut space = vec![0; READ];
    let mut received = 0;
    loop {
        let read = stream.read(&mut space).await?;
        if read == 0 {
            return Ok(());
        }
        received += read;
        if received >= batch {
            received -= batch;
            stream.write_all(&[1]).await?;
            stream.flush().await?;
        }
    }
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut message = [0; MESSAGE];
    loop {
        stream.read_exact(&mut message).await?;
        stream.write_all(&message).await?;
        stream.flush().await?;
    }
}
