//! Our two ends against other people's: OpenSSL, Node, curl, a browser.

#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

mod browser;
mod curl;
mod early_data;
mod node;
mod openssl_client;
mod openssl_server;
mod openssl_sessions;
mod psk;
mod redis_store;
mod revocation;
