//! Each place where bytes of a stranger come in, as a function of nothing but bytes.
//!
//! The fuzzer (`fuzz/`) calls these functions, and so does `tests/seeds.rs`, with the seeds of
//! `fuzz/seeds` and with changed ones: so targets, seeds and crates stay together without a fuzzer.
//! All of a target is determined by its bytes but the randomness of a handshake.
//!
//! A target gives `true` if the bytes were taken to their end: what is to be found is a panic, a
//! broken promise (these are asserted), or a hang.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a broken promise ends the test"
)]

mod certificates;
mod client_hello;
mod ocsp_response;
mod psk_handshake;
mod records;
mod sealed_session;

pub use certificates::certificates;
pub use client_hello::client_hello;
pub use ocsp_response::ocsp_response;
pub use psk_handshake::{client_of, psk, psk_client, psk_server, server_config};
pub use records::records;
pub use sealed_session::{CONTEXT, sealed_session, secret, ticket_keys};

/// A target.
pub type Target = fn(&[u8]) -> bool;

/// All targets, under the names of their binaries and of their seeds.
pub const TARGETS: [(&str, Target); 7] = [
    ("certificates", certificates),
    ("client_hello", client_hello),
    ("ocsp_response", ocsp_response),
    ("psk_client", psk_client),
    ("psk_server", psk_server),
    ("records", records),
    ("sealed_session", sealed_session),
];

/// The provider of all targets.
fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    use std::sync::{Arc, LazyLock};
    static PROVIDER: LazyLock<Arc<rustls::crypto::CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    Arc::clone(&PROVIDER)
}
