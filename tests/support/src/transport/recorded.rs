//! What went over a stream, kept for the test to look at.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Wraps `io` and gives a [`Recording`] of what passes.
pub fn recorded<T>(io: T) -> (Recorded<T>, Recording) {
    let recording = Recording::default();
    (
        Recorded {
            io,
            recording: recording.clone(),
        },
        recording,
    )
}

/// A stream whose bytes are recorded; made by [`recorded`].
#[derive(Debug)]
pub struct Recorded<T> {
    io: T,
    recording: Recording,
}

/// What passed so far. Clones show the same recording.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    passed: Arc<Mutex<Passed>>,
}

#[derive(Debug, Default)]
struct Passed {
    read: Vec<u8>,
    written: Vec<u8>,
    reads: usize,
    writes: usize,
    flushes: usize,
}

impl Recording {
    /// All bytes read from the stream.
    #[must_use]
    pub fn read(&self) -> Vec<u8> {
        self.passed.lock().unwrap().read.clone()
    }

    /// All bytes written to the stream.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        self.passed.lock().unwrap().written.clone()
    }

    /// How many reads gave bytes.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.passed.lock().unwrap().reads
    }

    /// How many writes took bytes.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.passed.lock().unwrap().writes
    }

    /// How many flushes were completed.
    #[must_use]
    pub fn flushes(&self) -> usize {
        self.passed.lock().unwrap().flushes
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Recorded<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, out))?;
        let new = &out.filled()[before..];
        if !new.is_empty() {
            let mut passed = self.recording.passed.lock().unwrap();
            passed.read.extend_from_slice(new);
            passed.reads += 1;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Recorded<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        let mut passed = self.recording.passed.lock().unwrap();
        passed.written.extend_from_slice(&bytes[..count]);
        passed.writes += 1;
        drop(passed);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.recording.passed.lock().unwrap().flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
