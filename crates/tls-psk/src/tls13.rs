//! TLS 1.3 (RFC 8446) with pre-shared keys. One file for each thing that the RFC names.

pub(crate) mod binder;
pub(crate) mod client;
pub(crate) mod client_shares;
mod encrypted_extensions;
mod hello_retry_request;
pub(crate) mod key_schedule;
mod post_handshake;
pub(crate) mod server;
mod server_finished;
mod server_flight;
mod server_hello;
mod server_negotiation;
pub(crate) mod ticket;
mod traffic;
