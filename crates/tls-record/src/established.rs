//! What a finished handshake hands over.

use std::fmt;

use tls_wire::ProtocolVersion;

use crate::{PostHandshake, TrafficKeys};

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum Role {
    /// The end that sent the ClientHello.
    Client,
    /// The end that answered it.
    Server,
}

/// What a finished handshake hands over to its [`RecordLayer`](crate::RecordLayer).
///
/// The sequence numbers are those that the handshake engine reports, never assumed: TLS 1.2 starts
/// at 1, and a TLS 1.3 server has already spent one for each record of tickets.
#[allow(clippy::exhaustive_structs)]
pub struct Established {
    /// Which end this is.
    pub role: Role,
    /// TLS 1.2 or 1.3.
    pub version: ProtocolVersion,
    /// Keys for what this end sends.
    pub tx: TrafficKeys,
    /// The sequence number of the next record sent.
    pub tx_sequence: u64,
    /// Keys for what this end receives.
    pub rx: TrafficKeys,
    /// The sequence number of the next record received.
    pub rx_sequence: u64,
    /// TLS 1.3: derives the next keys and takes session tickets. Without it keys are never
    /// updated (a peer's KeyUpdate is an error) and tickets are dropped. TLS 1.2 has no use for it.
    pub post_handshake: Option<Box<dyn PostHandshake>>,
}

impl fmt::Debug for Established {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Established")
            .field("role", &self.role)
            .field("version", &self.version)
            .field("tx", &self.tx)
            .field("tx_sequence", &self.tx_sequence)
            .field("rx", &self.rx)
            .field("rx_sequence", &self.rx_sequence)
            .finish_non_exhaustive()
    }
}
