//! The rest of TLS for Rust: rustls makes the handshakes, this does what you then write by hand.
//!
//! Contexts chosen by name, sessions and ticket keys that several workers share, certificates whose
//! refusal comes with its reason, limits against clients that stall, and a drain at the end: one
//! acceptor and one connector, on tokio, over sockets or over any duplex stream.
//!
//! # A first server
//!
//! A certificate for `localhost` costs two lines and no other program: a development CA keeps its
//! files in a directory of yours, and whatever is told once to trust it goes on trusting it.
//!
//! ```
//! use tls::certs::development::DevelopmentCa;
//! use tls::prelude::*;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = std::env::temp_dir().join(format!("tls-guide-{}", std::process::id()));
//! let ca = DevelopmentCa::load_or_create(&directory)?;
//!
//! // The server: who it is, then a port. Only handshaken streams come out of `accept`; what fails
//! // in one connection goes to `on_failure`, and never ends the loop.
//! let context = SecureContext::server(ca.issue(&["localhost"])?).build()?;
//! let server = TlsAcceptor::builder(context)
//!     .on_failure(|error| eprintln!("{}: {error}; {}", error.code(), error.hint()))
//!     .build()?
//!     .bind("127.0.0.1:0")
//!     .await?;
//! let port = server.local_addr()?.port();
//! tokio::spawn(async move {
//!     while let Some(mut stream) = server.accept().await? {
//!         tokio::spawn(async move {
//!             stream.write_all(b"welcome!").await?;
//!             stream.shutdown().await
//!         });
//!     }
//!     std::io::Result::Ok(())
//! });
//!
//! // A client: whom it trusts, then a host.
//! let trust = Trust::from_pem_file(ca.ca_path())?;
//! let connector = TlsConnector::from(SecureContext::client(trust).build()?);
//! let mut stream = connector.connect_to(&format!("localhost:{port}")).await?;
//! let mut text = String::new();
//! stream.read_to_string(&mut text).await?;
//! assert_eq!(text, "welcome!");
//! # DevelopmentCa::remove(&directory)?;
//! # Ok(()) }
//! ```
//!
//! With a certificate of one's own it is
//! [`Identity::from_pem_files("cert.pem", "key.pem")`](certs::Identity::from_pem_files) instead, and
//! for the servers of the internet [`Trust::mozilla()`](certs::Trust::mozilla).
//!
//! # What to look for where
//!
//! | I want | it is |
//! |---|---|
//! | versions, ciphers, groups, ALPN, lifetimes | [`SecureContext`](context::SecureContext): plain data, built once, cheap to clone |
//! | client certificates | [`ClientAuth`](context::ClientAuth), [`ConnectionInfo::peer`](net::ConnectionInfo::peer) |
//! | another certificate for another name | [`AcceptorBuilder::context`](net::AcceptorBuilder::context), [`choose_context`](net::AcceptorBuilder::choose_context) |
//! | why a certificate was refused, and what to do | [`Refusal`](certs::Refusal), [`HandshakeError::certificate`](net::HandshakeError::certificate) |
//! | clients that resume on any of my workers | [`TicketKeys`](sessions::TicketKeys), [`SessionStore`](sessions::SessionStore) |
//! | sessions in Redis, keys that rotate for the fleet | `sessions::RedisStore` (feature `redis`), [`TicketKeys::published`](sessions::TicketKeys::published), [`AcceptorBuilder::sessions`](net::AcceptorBuilder::sessions) |
//! | a client that resumes | [`TlsStream::session`](net::TlsStream::session), [`TlsConnector::resuming`](net::TlsConnector::resuming) |
//! | devices with keys and no CA | [`PskKeys`](psk::PskKeys), [`AcceptorBuilder::psk`](net::AcceptorBuilder::psk), [`TlsConnector::psk`](net::TlsConnector::psk) |
//! | certificates and CAs that reload | [`Watched`](certs::Watched), taken by [`SecureContext`](context::SecureContext) |
//! | revocation: staples and lists | [`ocsp`], [`AcceptorBuilder::ocsp_response`](net::AcceptorBuilder::ocsp_response), [`TlsConnector::staples`](net::TlsConnector::staples), [`SecureContextBuilder::crls`](context::SecureContextBuilder::crls) |
//! | what was negotiated, and why it was no resumption | [`ConnectionInfo`](net::ConnectionInfo) |
//! | deadlines and limits | [`AcceptorBuilder`](net::AcceptorBuilder) |
//! | to stop without cutting anyone | [`ServerHandle::shutdown`](net::ServerHandle::shutdown) |
//! | plain rustls, with contexts of this crate | [`rustls_server`](context::SecureContext::rustls_server), [`rustls_client`](context::SecureContext::rustls_client) |
//! | to read a hello, or compute a JA4 | [`wire::ClientHello`] |
//!
//! The examples in the repository are whole programs: `server`, `client`, `sni`, `mutual_tls`,
//! `psk`, `fleet`, `with_axum`, `https_client`, `from_node_server`, `from_node_client`.
//!
//! # Flush, close, truncation
//!
//! A write goes to the socket as far as that takes it; `flush` pushes the rest, as on any tokio
//! stream. `shutdown` sends `close_notify`. Reading ends only with the peer's `close_notify`: a
//! connection that merely breaks off is an `UnexpectedEof` error, since anybody on the way can do
//! that.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `generate` (default) | development CAs and certificates |
//! | `axum` | `axum::serve` takes a [`Server`](net::Server); handlers get `ConnectInfo<ConnectionInfo>` |
//! | `hyper-util` | [`TlsConnector`](net::TlsConnector) is a connector of hyper-util's client |
//! | `ocsp` | [`ocsp`]: a stapler that asks responders and keeps staples fresh, for [`AcceptorBuilder::stapler`](net::AcceptorBuilder) |
//! | `metrics` | counters and histograms through the `metrics` facade |
//! | `redis` | `sessions::RedisStore`: sessions in one Redis, sentinels or a cluster |
//!
//! Features add items and change no behaviour.
//!
//! # One crate at a time
//!
//! Each module here is a crate of its own, and usable with plain rustls without the others:
//! [`certs`], [`sessions`], [`context`], [`ocsp`], [`psk`], [`wire`] and [`record`] have no runtime and no
//! sockets (the features `ocsp` and `redis` bring both).

pub mod prelude;

pub use rustls;
pub use tls_certs as certs;
pub use tls_context as context;
pub use tls_net as net;
pub use tls_ocsp as ocsp;
pub use tls_psk as psk;
pub use tls_record as record;
pub use tls_session_store as sessions;
pub use tls_wire as wire;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// The pages of the repository, whose examples are compiled here since this crate has all names.
// `from-node.md` shows the examples, and `tests/from_node.rs` compares them.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/early-data.md")]
    struct EarlyData;
    #[doc = include_str!("../../../docs/psk.md")]
    struct Psk;
    #[doc = include_str!("../../../docs/ticket-keys.md")]
    struct TicketKeys;
}
