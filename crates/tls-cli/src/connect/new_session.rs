//! Waiting for the session that the next connection resumes.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tls::net::{ClientSession, TlsStream};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

/// A server that gives a session gives it with the end of the handshake.
const WAIT: Duration = Duration::from_secs(2);

/// The session, or `None` if the server gives none. What the server says meanwhile is lost.
pub(super) async fn wait(stream: &mut TlsStream<TcpStream>) -> io::Result<Option<ClientSession>> {
    let mut lost = vec![0; 4096];
    // TLS 1.3 gives sessions after the handshake: they come with reading.
    let arrives = poll_fn(|cx| {
        loop {
            let mut space = ReadBuf::new(&mut lost);
            let read = Pin::new(&mut *stream).poll_read(cx, &mut space);
            if let Some(session) = stream.session() {
                return Poll::Ready(Ok(Some(session)));
            }
            match read {
                Poll::Ready(Ok(())) if space.filled().is_empty() => return Poll::Ready(Ok(None)),
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    tokio::time::timeout(WAIT, arrives)
        .await
        .unwrap_or(Ok(None))
}
