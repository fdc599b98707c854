//! Our two ends against other people's: OpenSSL, GnuTLS, Node, curl, mosquitto, a browser.

#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

mod browser;
mod curl;
mod early_data;
mod gnutls;
mod mosquitto;
mod node;
mod openssl_client;
mod openssl_server;
mod openssl_sessions;
mod psk;
mod redis_store;
mod revocation;
