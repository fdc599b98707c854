//! TLS 1.2 with pre-shared keys: PSK (RFC 4279) and ECDHE_PSK (RFC 5489) with the AEAD suites of
//! RFC 5487, RFC 7905 and RFC 8442, and always with extended master secret (RFC 7627).
//!
//! ```text
//! ClientHello              -------->
//!                                                   ServerHello
//!                                          ServerKeyExchange *
//!                          <--------           ServerHelloDone
//! ClientKeyExchange
//! [ChangeCipherSpec]
//! Finished                 -------->
//!                                            [ChangeCipherSpec]
//!                          <--------                  Finished
//! * without ECDHE only where there is an identity hint
//! ```
//!
//! No sessions are resumed: tickets of TLS 1.2 hold a master secret that opens what was recorded
//! of the connection that made them, and a handshake with a pre-shared key has no certificate
//! whose cost they would save.

pub(crate) mod client;
mod client_key_exchange;
mod finished;
mod hello_extensions;
mod messages;
mod secrets;
pub(crate) mod server;
mod server_key_exchange;
