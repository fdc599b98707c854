//! Against `openssl ocsp`, as responder and as judge.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

mod answers;
mod asking;
mod codes;
mod http_server;
mod lists;
#[cfg(feature = "metrics")]
mod metrics;
mod mutated;
mod pki;
mod stapled_handshake;
mod stapler;
