//! Closing: `close_notify` both ways, then the transport is handed back.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::TlsStream;
use crate::limits::CLOSE_TIMEOUT;

impl<IO: AsyncRead + AsyncWrite + Unpin> TlsStream<IO> {
    /// Sends `close_notify`, waits for the peer's (5 s at most), and hands the transport back, for
    /// protocols that go on in plain text.
    ///
    /// # Errors
    ///
    /// The peer sent application data in between, or plain text behind its `close_notify`, which
    /// would be lost; it ended without `close_notify`; it did not answer in time; the transport
    /// failed.
    pub async fn close(mut self) -> io::Result<IO> {
        self.record.queue_close_notify();
        let closing = async {
            poll_fn(|cx| self.poll_send_all(cx)).await?;
            poll_fn(|cx| Pin::new(&mut self.io).poll_flush(cx)).await?;
            let mut byte = [0; 1];
            let mut space = ReadBuf::new(&mut byte);
            poll_fn(|cx| Pin::new(&mut self).poll_read(cx, &mut space)).await?;
            if !space.filled().is_empty() {
                return Err(would_lose(
                    "application data arrived before the peer's close_notify; read to the end first",
                ));
            }
            if self.incoming.is_some() {
                return Err(would_lose(
                    "bytes followed the peer's close_notify; shut down, then take them with into_parts",
                ));
            }
            Ok(())
        };
        match tokio::time::timeout(CLOSE_TIMEOUT, closing).await {
            Ok(outcome) => outcome.map(|()| self.io),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the peer did not answer close_notify",
            )),
        }
    }
}

fn would_lose(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
