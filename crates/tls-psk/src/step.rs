//! What a handshake asks of its caller next.

use crate::Finished;

/// What came of some bytes from the peer.
///
/// After each call, also one that failed, the caller sends what was appended to its output first.
#[derive(Debug)]
#[must_use = "bytes that were consumed have to leave the buffer"]
// Exhaustive: what a caller has to know after each call.
pub struct Progress {
    /// Bytes that are done with.
    pub consumed: usize,
    /// What the handshake needs next.
    pub step: Step,
}

/// What the handshake needs next.
#[derive(Debug)]
#[must_use]
// Exhaustive: a driver has to know them all.
pub enum Step {
    /// Call again with what follows in the buffer.
    Continue,
    /// Call again once the buffer holds this many bytes.
    NeedBytes(usize),
    /// The handshake waits for an answer.
    Ask(Question),
    /// The handshake is done. Bytes behind `consumed` belong to the record layer.
    Done(Box<Finished>),
}

/// What only the caller can know, and may have to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// TLS 1.2, server: which key belongs to this identity? It is as the client sent it, at most
    /// [`MAX_WIRE_IDENTITY`](crate::limits::MAX_WIRE_IDENTITY) bytes, and not checked in any other
    /// way. The answer goes to [`ServerHandshake::answer`](crate::ServerHandshake::answer).
    Identity(Vec<u8>),
    /// TLS 1.2, client: which identity and key belong to this hint of the server, or to none? The
    /// answer goes to [`ClientHandshake::answer`](crate::ClientHandshake::answer).
    Hint(Option<Vec<u8>>),
}
