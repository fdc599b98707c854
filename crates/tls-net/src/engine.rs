//! The protocol engines, and which one makes a handshake.

pub(crate) mod client_slot;
pub(crate) mod early_data;
pub(crate) mod failure;
pub(crate) mod handover;
pub(crate) mod handshake;
pub(crate) mod lowered;
pub(crate) mod negotiated;
pub(crate) mod secrets;
pub(crate) mod server_slot;
pub(crate) mod slot;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Who makes the handshake of a connection. Legacy versions will add theirs.
pub(crate) enum Engine {
    /// Certificates, by rustls.
    Rustls,
    /// A pre-shared key, by tls-psk.
    Psk(Box<crate::accept::psk::Start>),
}

/// Calls into an engine. `None` if it panicked: that ends one connection, never the server.
///
/// What the call was changing may be half changed, so nothing of it is used again.
pub(crate) fn fenced<R>(call: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}
