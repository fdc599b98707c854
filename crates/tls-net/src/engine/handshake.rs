//! Drives rustls's unbuffered API, one record at a time, until the handshake is done.
//!
//! Sans-IO: records go in, bytes to send come out. The rules here were found by trial and each
//! guards against something: see the comments.

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, ReadEarlyData};

use super::slot::{self, Slot};

/// What was given to rustls and not yet discarded never grows past this: rustls gives bytes back
/// only when a whole message is there, so a message in tiny records piles up.
const MAX_HELD: usize = 128 * 1024;

/// What the handshake needs next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// One more whole record.
    NeedsRecord,
    /// The handshake is complete and nothing is left to encode.
    Done,
}

/// Why the handshake ended.
#[derive(Debug)]
pub(crate) enum Failure {
    /// rustls refused; its alert, if it has one, is in the output.
    Rustls(rustls::Error),
    /// rustls panicked: our fault, never the peer's.
    Panicked,
    /// More than 128 KiB held for one message.
    TooMuchHeld,
    /// Bytes of another message stood behind the last one of the handshake.
    Surplus,
}

/// Either of rustls's unbuffered connections.
pub(crate) trait Unbuffered {
    /// One call into rustls: how much of `held` is done with, and what happened. What is to be
    /// sent is appended to `out`, early data that was taken to `early`.
    fn step(
        &mut self,
        held: &mut [u8],
        out: &mut Vec<u8>,
        early: &mut Vec<u8>,
    ) -> (usize, Result<Step, rustls::Error>);
    fn is_handshaking(&self) -> bool;
    fn wants_write(&self) -> bool;
}

/// What one call into rustls came to.
#[derive(Debug)]
pub(crate) enum Step {
    /// Something was encoded or acknowledged: call again.
    Again,
    /// rustls waits for the peer.
    Blocked,
    /// Application data may flow.
    Traffic,
    /// A state that can't arise during a handshake.
    Unexpected(&'static str),
}

macro_rules! unbuffered {
    ($connection:ty, $data:ty, $read_early:path) => {
        impl Unbuffered for $connection {
            fn step(
                &mut self,
                held: &mut [u8],
                out: &mut Vec<u8>,
                early: &mut Vec<u8>,
            ) -> (usize, Result<Step, rustls::Error>) {
                let status = self.process_tls_records(held);
                let mut discard = status.discard;
                let step = match status.state {
                    Ok(ConnectionState::ReadEarlyData(records)) => {
                        $read_early(records, &mut discard, early)
                    }
                    state => state.map(|state| step::<$data>(state, out)),
                };
                (discard, step)
            }

            fn is_handshaking(&self) -> bool {
                (**self).is_handshaking()
            }

            fn wants_write(&self) -> bool {
                (**self).wants_write()
            }
        }
    };
}

unbuffered!(UnbufferedServerConnection, ServerConnectionData, read_early);
unbuffered!(UnbufferedClientConnection, ClientConnectionData, no_early);

fn step<Data>(state: ConnectionState<'_, '_, Data>, out: &mut Vec<u8>) -> Step {
    match state {
        ConnectionState::EncodeTlsData(data) => {
            encode(data, out);
            Step::Again
        }
        // The caller writes `out` before it waits for the peer, so "transmitted" may be said now.
        ConnectionState::TransmitTlsData(data) => {
            data.done();
            Step::Again
        }
        ConnectionState::BlockedHandshake => Step::Blocked,
        ConnectionState::WriteTraffic(_) => Step::Traffic,
        ConnectionState::ReadTraffic(_) => Step::Unexpected("application data"),
        ConnectionState::PeerClosed | ConnectionState::Closed => Step::Unexpected("close_notify"),
        _ => Step::Unexpected("a new state of rustls"),
    }
}

/// Takes the early data that is there, all of it: rustls holds no more than its configuration
/// allows, and gives it only before anything else.
fn read_early(
    mut records: ReadEarlyData<'_, '_, ServerConnectionData>,
    discard: &mut usize,
    early: &mut Vec<u8>,
) -> Result<Step, rustls::Error> {
    while let Some(record) = records.next_record() {
        let record = record?;
        early.extend_from_slice(record.payload);
        *discard += record.discard;
    }
    Ok(Step::Again)
}

/// No server sends any.
fn no_early(
    _: ReadEarlyData<'_, '_, ClientConnectionData>,
    _: &mut usize,
    _: &mut Vec<u8>,
) -> Result<Step, rustls::Error> {
    Ok(Step::Unexpected("early data"))
}

fn encode<Data>(mut data: EncodeTlsData<'_, Data>, out: &mut Vec<u8>) {
    let start = out.len();
    // Asked with no room it says how much it needs.
    let mut room = 0;
    loop {
        out.resize(start + room, 0);
        match data.encode(&mut out[start..]) {
            Ok(written) => return out.truncate(start + written),
            Err(EncodeError::InsufficientSize(size)) => room = size.required_size,
            Err(EncodeError::AlreadyEncoded) => return out.truncate(start),
        }
    }
}

/// One handshake in progress.
pub(crate) struct Handshake<C> {
    connection: C,
    slot: Option<Slot>,
    held: Vec<u8>,
    early: Vec<u8>,
    failed: bool,
}

impl<C: Unbuffered> Handshake<C> {
    pub(crate) fn new(connection: C, slot: Slot) -> Self {
        Self {
            connection,
            slot: Some(slot),
            held: Vec::new(),
            early: Vec::new(),
            failed: false,
        }
    }

    /// Gives one or more whole records to rustls at the next [`advance`](Self::advance).
    pub(crate) fn hold(&mut self, records: &[u8]) -> Result<(), Failure> {
        if self.held.len() + records.len() > MAX_HELD {
            return Err(Failure::TooMuchHeld);
        }
        self.held.extend_from_slice(records);
        Ok(())
    }

    /// As [`hold`](Self::hold), for the first records.
    pub(crate) fn begin_with(&mut self, records: Vec<u8>) -> Result<(), Failure> {
        self.held = records;
        self.hold(&[])
    }

    /// Lets rustls work until it needs the peer, and appends to `out` what is to be sent.
    ///
    /// On failure `out` ends with the alert, if rustls has one.
    pub(crate) fn advance(&mut self, out: &mut Vec<u8>) -> Result<Progress, Failure> {
        let outcome = self
            .guarded(|handshake| handshake.run(out))
            .and_then(|done| done);
        if let Err(Failure::Rustls(_)) = outcome {
            // A panic while the alert is fetched must not hide why the handshake failed.
            let _ = self.guarded(|handshake| handshake.fetch_alert(out));
        }
        self.failed |= outcome.is_err();
        outcome
    }

    /// The slot, between calls.
    pub(crate) fn slot_mut(&mut self) -> Option<&mut Slot> {
        self.slot.as_mut()
    }

    /// The connection, between calls.
    pub(crate) fn connection(&self) -> &C {
        &self.connection
    }

    /// Both, between calls.
    pub(crate) fn parts_mut(&mut self) -> (&C, Option<&mut Slot>) {
        (&self.connection, self.slot.as_mut())
    }

    /// The early data that was taken so far.
    pub(crate) fn take_early(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.early)
    }

    /// The finished connection and its slot.
    pub(crate) fn into_parts(self) -> (C, Option<Slot>) {
        (self.connection, self.slot)
    }

    /// Calls into rustls with the slot in place. A panic ends this connection, not the server.
    fn guarded<R>(&mut self, call: impl FnOnce(&mut Self) -> R) -> Result<R, Failure> {
        if self.failed {
            return Err(Failure::Panicked);
        }
        let mut slot = self.slot.take();
        let outcome = slot::with_slot(&mut slot, || super::fenced(|| call(&mut *self)));
        self.slot = slot;
        outcome.ok_or_else(|| {
            self.failed = true;
            Failure::Panicked
        })
    }

    fn run(&mut self, out: &mut Vec<u8>) -> Result<Progress, Failure> {
        loop {
            let (discard, step) = self.connection.step(&mut self.held, out, &mut self.early);
            // `discard` holds for errors too: bytes left here would be read a second time.
            self.held.drain(..discard.min(self.held.len()));
            match step.map_err(Failure::Rustls)? {
                Step::Again => {}
                Step::Blocked => return Ok(Progress::NeedsRecord),
                Step::Traffic if self.connection.is_handshaking() => {
                    return Ok(Progress::NeedsRecord);
                }
                Step::Traffic if self.held.is_empty() => return Ok(Progress::Done),
                Step::Traffic => return Err(Failure::Surplus),
                Step::Unexpected(what) => {
                    let error = rustls::Error::General(format!("{what} during the handshake"));
                    return Err(Failure::Rustls(error));
                }
            }
        }
    }

    /// Fetches the alert that rustls queued for its error.
    ///
    /// With the very buffer of the failed call, and only while something is queued: an empty
    /// buffer makes rustls index out of range, one call too many raises the error again.
    fn fetch_alert(&mut self, out: &mut Vec<u8>) {
        while self.connection.wants_write() {
            let (discard, step) = self.connection.step(&mut self.held, out, &mut self.early);
            self.held.drain(..discard.min(self.held.len()));
            if !matches!(step, Ok(Step::Again)) {
                return;
            }
        }
    }
}
