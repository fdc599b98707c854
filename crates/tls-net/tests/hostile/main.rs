//! Peers that behave badly, transports that behave badly, and the facts about rustls that this
//! crate is built on. The same bodies run for TLS 1.2 and 1.3, and for both ends where both exist.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "tests")]

#[path = "../ends/mod.rs"]
mod ends;

mod moody;
mod plain;
mod raw;
mod support;

mod alerts;
mod bad_input;
mod deadlines;
mod early_data;
mod errors;
mod facts;
mod handover;
mod hooks;
mod limits;
mod not_resumed;
mod resumption;
mod revocation;
mod store;
mod streams;
mod ticket_keys;
