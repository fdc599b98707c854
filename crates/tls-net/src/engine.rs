//! The protocol engines, and which one makes a handshake.

pub(crate) mod client_slot;
pub(crate) mod failure;
pub(crate) mod handover;
pub(crate) mod handshake;
pub(crate) mod lowered;
pub(crate) mod negotiated;
pub(crate) mod secrets;
pub(crate) mod server_slot;
pub(crate) mod slot;

use tls_wire::ClientHello;

/// Who makes the handshake of a connection. Pre-shared keys and legacy versions will add theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Certificates, by rustls.
    Rustls,
}

impl Engine {
    /// The engine for this hello.
    pub(crate) fn choose(_hello: &ClientHello) -> Self {
        Self::Rustls
    }
}
