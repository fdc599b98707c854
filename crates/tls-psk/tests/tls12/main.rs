//! TLS 1.2 with pre-shared keys: two ends of ours in memory, and real peers.

#![allow(clippy::unwrap_used)]

mod agreement;
mod bad_input;
mod hellos;
mod node;
mod openssl;
mod orders;
mod over_tcp;
mod pair;
mod refusals;
mod sealed_junk;
