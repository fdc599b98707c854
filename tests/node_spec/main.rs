//! The behaviours of `node:tls`, by family, with a real Node at the other end where it matters.

#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

mod alpn;
mod ciphers;
mod close;
mod errors;
mod fleet;
mod from_node;
mod handshake;
mod identity;
mod ocsp;
mod psk;
mod sessions;
mod sni;
mod verify;
