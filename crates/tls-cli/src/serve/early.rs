//! Which requests came before the handshake was done (0-RTT; RFC 8470).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use hyper::Method;
use hyper::header::HeaderMap;
use tls::net::TlsStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What is known of how the bytes of a connection came.
#[derive(Debug, Default)]
pub(super) struct Arrival {
    /// Bytes that were early; no read gives them together with others.
    early: usize,
    read: AtomicUsize,
    requests: AtomicUsize,
}

impl Arrival {
    /// Whether the request that is there now was early, in whole or in part. To be asked once for
    /// each: the first is, if anything was.
    pub(super) fn next_is_early(&self) -> bool {
        let earlier = self.requests.fetch_add(1, Ordering::Relaxed);
        let read = self.read.load(Ordering::Relaxed);
        self.early > 0 && (earlier == 0 || read <= self.early)
    }
}

/// Whether a gateway before us says that it got the request early and could not wait (RFC 8470,
/// Section 5.1).
pub(super) fn gateway_says_early(headers: &HeaderMap) -> bool {
    headers.get("early-data").is_some_and(|value| value == "1")
}

/// Whether it does no harm that somebody may send the request a second time (RFC 9110, Section
/// 9.2.2).
pub(super) fn may_be_repeated(method: &Method) -> bool {
    method.is_idempotent()
}

/// A connection that counts what is read of it.
pub(super) struct Counted {
    stream: TlsStream<TcpStream>,
    arrival: Arc<Arrival>,
}

impl Counted {
    pub(super) fn new(stream: TlsStream<TcpStream>) -> (Self, Arc<Arrival>) {
        let arrival = Arc::new(Arrival {
            early: stream.early_data_len(),
            ..Arrival::default()
        });
        let counted = Self {
            stream,
            arrival: Arc::clone(&arrival),
        };
        (counted, arrival)
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if self.arrival.early > 0 {
            let read = buffer.filled().len().saturating_sub(before);
            self.arrival.read.fetch_add(read, Ordering::Relaxed);
        }
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_is_early_if_anything_was_and_later_ones_if_nothing_else_was_read() {
        let arrival = |early, read| Arrival {
            early,
            read: AtomicUsize::new(read),
            requests: AtomicUsize::new(0),
        };
        for (early, read, expected) in [
            (0, 100, [false, false]),
            (100, 100, [true, true]),
            (100, 150, [true, false]),
        ] {
            let arrival = arrival(early, read);
            assert_eq!([(); 2].map(|()| arrival.next_is_early()), expected);
        }
    }

    #[test]
    fn a_gateway_says_it_in_a_header() {
        for (value, expected) in [("1", true), ("0", false), ("yes", false)] {
            let mut headers = HeaderMap::new();
            headers.insert("early-data", value.parse().unwrap());
            assert_eq!(gateway_says_early(&headers), expected);
        }
        assert!(!gateway_says_early(&HeaderMap::new()));
        assert!(may_be_repeated(&Method::PUT) && !may_be_repeated(&Method::POST));
    }
}
