//! TLS servers and clients on tokio.
//!
//! [`TlsAcceptor`] takes connections from sockets, from a [`Listener`] or from any duplex stream,
//! and gives out [`TlsStream`]s whose handshake is done; [`TlsConnector`] makes them. Contexts
//! (certificates, versions, trust) are plain data of `tls-context`; all that asks or waits is here:
//! names and hooks, sessions and ticket keys, deadlines and limits.
//!
//! ```no_run
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! use tls_certs::Identity;
//! use tls_context::SecureContext;
//! use tls_net::TlsAcceptor;
//!
//! let context = SecureContext::server(Identity::from_pem_files("cert.pem", "key.pem")?).build()?;
//! let server = TlsAcceptor::builder(context)
//!     .on_failure(|error| eprintln!("{}: {error}. {}", error.code(), error.hint()))
//!     .build()?
//!     .bind("127.0.0.1:8443")
//!     .await?;
//! while let Some(stream) = server.accept().await? {
//!     // Only handshaken streams come here; a port scan ends nothing.
//!     println!("{:?}", stream.info().server_name());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Runtime
//!
//! Works on tokio's current-thread and multi-thread runtimes, with time enabled. Nothing blocks the
//! runtime: contexts are loaded before. [`Server::accept`], reads and writes are cancel-safe;
//! [`TlsAcceptor::accept`] and [`TlsConnector::connect`] are not (dropping them closes the
//! connection). The crypto provider is always the context's, never the process default.
//!
//! # Limits
//!
//! A hello within 5 s and 64 KiB, a handshake within 10 s and 256 KiB on the wire, 4,096 connections
//! without a hello (the oldest goes), 256 handshakes at work (others wait).

mod accept;
mod acceptor;
mod admission;
#[cfg(feature = "axum")]
mod axum;
mod client_session;
mod connect;
mod connection_info;
mod connections;
mod connector;
mod dial;
mod early_data;
mod engine;
mod error;
mod hooks;
#[cfg(feature = "hyper-util")]
mod hyper_util;
mod limits;
mod listen;
mod listener;
mod metrics;
mod psk_client;
mod psk_server;
mod refused;
mod revocation;
mod server;
mod session;
#[cfg(feature = "ocsp")]
mod shared_responses;
mod shutdown;
mod staples;
mod store_guard;
mod store_state;
mod stream;
mod stream_queue;
mod wire;

pub use acceptor::{AcceptorBuilder, TlsAcceptor};
#[cfg(feature = "axum")]
pub use axum::PeerAddr;
pub use client_session::ClientSession;
pub use connection_info::{ConnectionInfo, ContextRule, Peer, Proof, Resumption, SessionKind};
pub use connector::{ConnectError, TlsConnector};
pub use early_data::{EarlyData, EarlyDataRefused};
pub use error::{Error, Fault, HandshakeError, HandshakeErrorKind, Phase};
#[cfg(feature = "hyper-util")]
pub use hyper_util::HttpsStream;
pub use listener::{Listener, is_transient};
pub use revocation::SessionsOf;
pub use server::{Server, ServerHandle, Stats};
#[cfg(feature = "ocsp")]
pub use shared_responses::SharedResponses;
pub use shutdown::Drained;
pub use staples::StapleQuestion;
pub use store_state::{StoreState, StoreTrouble};
pub use stream::{ExportError, StreamTimeout, TlsStream};
#[doc(no_inline)]
pub use tls_psk::{ClientPsk, ImportContext, PskIdentity, PskKey, PskKeys, PskLookup, PskQuery};
#[doc(no_inline)]
pub use tls_session_store::NotResumed;
#[doc(no_inline)]
pub use tls_wire::ClientHello;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
