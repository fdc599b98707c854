//! Writing: records sealed from the caller's buffer into the pool's, then to the transport.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tls_record::{BufferClass, PooledBuffer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{TlsStream, record_error};

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_slices(cx, &[IoSlice::new(data)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_slices(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        ready!(stream.poll_send_all(cx))?;
        Pin::new(&mut stream.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        stream.record.queue_close_notify();
        ready!(stream.poll_send_all(cx))?;
        Pin::new(&mut stream.io).poll_shutdown(cx)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> TlsStream<IO> {
    fn poll_write_slices(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let accepted = loop {
            // What an earlier write left must go first, so that no more than one batch waits. What
            // the handshake left goes together with this one.
            let gathers = self.corked || self.owes_handshake;
            if !gathers || self.outgoing_is_full() {
                ready!(self.poll_drain(cx))?;
            }
            let accepted = match self.seal(slices) {
                Ok(accepted) => accepted,
                Err(error) => {
                    // The alert that goes with it, as far as the transport takes it.
                    if self.seal_control().is_ok() {
                        let _ = self.poll_drain(cx);
                    }
                    return Poll::Ready(Err(error));
                }
            };
            if accepted > 0 || slices.iter().all(|slice| slice.is_empty()) {
                break accepted;
            }
            // The batch has no room for the next record, and records are not made smaller.
            ready!(self.poll_drain(cx))?;
        };
        if !self.corked || self.outgoing_is_full() {
            // The data is accepted: whether the transport takes it now or later, and any error of
            // the transport, shows up in the next call.
            let _ = self.poll_drain(cx);
        }
        Poll::Ready(Ok(accepted))
    }

    /// Seals as much of `slices` as one batch takes.
    fn seal(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        if total == 0 {
            return match self.record.failure() {
                Some(error) => Err(record_error(error)),
                None => Ok(0),
            };
        }
        let class = if self.corked {
            BufferClass::LargeWrite
        } else {
            BufferClass::for_write(total)
        };
        let outgoing = self
            .outgoing
            .get_or_insert_with(|| PooledBuffer::take(class));
        let mut accepted = 0;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            let sealed = match self.record.seal(slice, outgoing.spare()) {
                Ok(sealed) => sealed,
                // What was sealed before is accepted; the error comes with the next write.
                Err(_) if accepted > 0 => break,
                Err(error) => {
                    self.release_outgoing();
                    return Err(record_error(error));
                }
            };
            outgoing.advance(sealed.written);
            accepted += sealed.consumed;
            if sealed.consumed < slice.len() {
                break;
            }
        }
        Ok(accepted)
    }

    /// Seals what the record layer itself has to say.
    pub(super) fn seal_control(&mut self) -> io::Result<()> {
        let needed = self.record.control_len();
        let outgoing = self
            .outgoing
            .get_or_insert_with(|| PooledBuffer::take(BufferClass::SmallWrite));
        if outgoing.spare_len() < needed {
            // Behind a batch on its way: it goes with the next one.
            return Ok(());
        }
        let written = self
            .record
            .write_control(outgoing.spare())
            .map_err(record_error)?;
        outgoing.advance(written);
        self.release_outgoing();
        Ok(())
    }

    /// Gives waiting wire bytes to the transport.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(outgoing) = self.outgoing.as_mut() {
            let written = match Pin::new(&mut self.io).poll_write(cx, outgoing.filled())? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(written) => written,
                Poll::Pending => {
                    return self.poll_writer_waits(cx).map(|late| Err(late.into()));
                }
            };
            outgoing.consume(written);
            self.release_outgoing();
            self.sent_some();
        }
        self.owes_handshake = false;
        Poll::Ready(Ok(()))
    }

    /// Everything: waiting bytes, then control records, until neither is left.
    pub(super) fn poll_send_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_drain(cx))?;
            if !self.record.has_control() {
                return Poll::Ready(Ok(()));
            }
            self.seal_control()?;
        }
    }

    fn outgoing_is_full(&self) -> bool {
        let record = self.record.sealed_len(1);
        self.outgoing.as_ref().is_some_and(|outgoing| {
            outgoing.spare_len() < record.max(LARGEST_CONTROL)
                || outgoing.len() >= BufferClass::LargeWrite.plaintext_capacity()
        })
    }

    fn release_outgoing(&mut self) {
        if self.outgoing.as_ref().is_some_and(PooledBuffer::is_empty) {
            self.outgoing = None;
        }
    }
}

/// Room kept for control records in a batch.
const LARGEST_CONTROL: usize = 256;
