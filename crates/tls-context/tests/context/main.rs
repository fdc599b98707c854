//! Contexts against plain rustls, in memory: what is set is what is negotiated.

#![allow(clippy::unwrap_used)]
#![allow(clippy::result_large_err, reason = "both ends' errors, as they are")]

mod alpn;
mod cipher_language;
mod ciphers;
mod client_auth;
mod context;
mod crls;
mod groups;
mod handshake;
mod hello;
mod identities;
mod security_level;
mod sessions;
mod sni;
mod versions;
mod watched;
