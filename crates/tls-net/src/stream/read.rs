//! Reading: wire bytes into the pool's buffer, records opened into the caller's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tls_record::Opened;
use tls_wire::RecordHeader;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{OpenedRecord, TlsStream, poll_fill, record_error};

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        if stream.early && stream.deliver_early(out) {
            return Poll::Ready(Ok(()));
        }
        let before = out.filled().len();
        loop {
            if stream.deliver_opened(out) || out.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let opened = stream.open_records(cx, out);
            // Bytes that were opened before something went wrong are the caller's all the same;
            // the error comes with the next read.
            if out.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
            match opened? {
                Next::InPlace => continue,
                Next::Ended => return Poll::Ready(Ok(())),
                Next::NeedsBytes => {}
            }
            if stream.eof {
                return Poll::Ready(stream.record.end_of_stream().map_err(record_error));
            }
            match poll_fill(&mut stream.io, &mut stream.incoming, cx)? {
                Poll::Ready(0) => stream.eof = true,
                Poll::Ready(_) => stream.received_some(),
                Poll::Pending => {
                    // Who waits for an answer wants the question sent.
                    if stream.corked || stream.owes_handshake {
                        // Its error shows up in the next write.
                        let _ = stream.poll_drain(cx);
                    }
                    return stream.poll_reader_waits(cx).map(|late| Err(late.into()));
                }
            }
        }
    }
}

/// What stands in the way of more data.
enum Next {
    /// The rest of a record.
    NeedsBytes,
    /// Nothing: data lies in the receive buffer.
    InPlace,
    /// The peer sends no more.
    Ended,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> TlsStream<IO> {
    /// Copies out what was opened in place; true if there was any.
    fn deliver_opened(&mut self, out: &mut ReadBuf<'_>) -> bool {
        let (Some(mut opened), Some(incoming)) = (self.opened.take(), self.incoming.as_mut())
        else {
            return false;
        };
        let length = out.remaining().min(opened.end - opened.start);
        out.put_slice(&incoming.filled()[opened.start..opened.start + length]);
        opened.start += length;
        if opened.start < opened.end {
            self.opened = Some(opened);
        } else {
            incoming.consume(opened.consumed);
            self.release_incoming();
        }
        true
    }

    /// Opens whole records into `out` until it is full or no whole record is left.
    fn open_records(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> io::Result<Next> {
        if self.record.read_closed() {
            return self
                .record
                .end_of_stream()
                .map(|()| Next::Ended)
                .map_err(record_error);
        }
        let before = out.filled().len();
        while let Some(incoming) = self.incoming.as_mut() {
            let wire = incoming.filled_mut();
            let first_record = record_len(wire);
            let room = out.remaining().min(room_for_next(wire));
            // A second record that does not fit is left for the next call, which can open it
            // straight into place.
            if room < room_for_next(wire) && out.filled().len() > before {
                return Ok(Next::NeedsBytes);
            }
            let consumed = match self.record.open(wire, out.initialize_unfilled_to(room)) {
                Ok(Opened::NeedBytes(_)) => return Ok(Next::NeedsBytes),
                Ok(Opened::Data { consumed, written }) => {
                    out.advance(written);
                    consumed
                }
                Ok(Opened::InPlace {
                    consumed,
                    plaintext,
                }) => {
                    let (start, end) = (plaintext.start, plaintext.end);
                    self.opened = Some(OpenedRecord {
                        start,
                        end,
                        consumed,
                    });
                    return Ok(Next::InPlace);
                }
                Ok(Opened::Control { consumed }) => {
                    self.send_control(cx);
                    consumed
                }
                Ok(Opened::CloseNotify { .. }) => {
                    // What follows is no TLS: it is kept for `close` and `into_parts`.
                    incoming.consume(first_record);
                    self.release_incoming();
                    return Ok(Next::Ended);
                }
                Err(error) => {
                    self.incoming = None;
                    self.send_control(cx);
                    return Err(record_error(error));
                }
            };
            if let Some(incoming) = self.incoming.as_mut() {
                incoming.consume(consumed);
            }
            self.release_incoming();
            if out.remaining() == 0 {
                break;
            }
        }
        Ok(Next::NeedsBytes)
    }

    fn release_incoming(&mut self) {
        if self
            .incoming
            .as_ref()
            .is_some_and(tls_record::PooledBuffer::is_empty)
        {
            self.incoming = None;
        }
    }

    /// Sends what the record layer has to say (an answer to a KeyUpdate, an alert), if nothing of
    /// a writer is on its way. Otherwise the writer sends it: to poll the transport here would take
    /// the writer's place in its queue of one, and a read must not wait for a blocked write side.
    fn send_control(&mut self, cx: &mut Context<'_>) {
        let nobody_writes = self.outgoing.is_none() || self.owes_handshake;
        if self.record.has_control() && nobody_writes && self.seal_control().is_ok() {
            // An error of the transport shows up in the next read or write.
            let _ = self.poll_drain(cx);
        }
    }
}

/// Length of the record at the start of `wire`, its header included.
fn record_len(wire: &[u8]) -> usize {
    RecordHeader::read(wire).map_or(0, |header| RecordHeader::LEN + usize::from(header.length))
}

/// Plaintext room for the record at the start of `wire`: its length, at most. One byte more than
/// its content in TLS 1.3, for the type, and the tag, which the record layer never writes.
fn room_for_next(wire: &[u8]) -> usize {
    RecordHeader::read(wire).map_or(0, |header| usize::from(header.length).saturating_sub(TAG))
}

/// All AEADs here have tags of 16 bytes; a TLS 1.2 record has at least that beside its content.
const TAG: usize = 16;
