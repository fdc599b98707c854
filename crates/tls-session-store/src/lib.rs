//! TLS sessions and ticket keys for rustls: tickets that resume on any worker, and a bounded store.
//!
//! Resumption saves a client a round trip and a server its signature. This crate holds what that
//! takes when there is more than one process, more than one policy, or a restart:
//!
//! - [`TicketKeys`]: 48-byte keys, as Node and nginx have them, from a file or by hand, or rotated in a
//!   whole fleet: [published](TicketKeys::published) through a store, or [by the
//!   clock](TicketKeys::by_clock). Each ticket is sealed under a key of its own. A rustls
//!   [`ProducesTickets`](rustls::server::ProducesTickets), without IO in the handshake.
//! - [`SessionStore`]: the async contract of a place for sessions, with [`MemoryStore`] (bounded in
//!   sessions and bytes) and [`NoStore`]; [`RustlsSessions`] gives plain rustls the former. With the
//!   feature `redis` there is `RedisStore`, which several processes and machines share.
//! - [`ContextId`]: under which policy a session was made. It opens under that one only.
//! - [`Envelope`] and [`SharedSecret`]: what a TLS stack remembers about a session, and how it is sealed.
//!
//! # rustls checks nothing at resumption
//!
//! A session made *without* client authentication, offered to a config that *demands* client
//! certificates and shares its ticket key or store, resumes: no certificate, no error. Here each
//! ticketer and each store belongs to a [`ContextId`], and sessions of another context end in a full
//! handshake. Give configs that differ in client authentication different ids:
//!
//! ```
//! use tls_session_store::{ContextId, TicketKeys};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let pki = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
//! # let chain = vec![pki.cert.der().clone()];
//! # let key = rustls::pki_types::PrivatePkcs8KeyDer::from(pki.signing_key.serialize_der()).into();
//! # let folder = tempfile::tempdir()?;
//! # let key_file = folder.path().join("ticket.key");
//! // Once, by whoever sets the fleet up; the file's mode is 0600.
//! TicketKeys::write_new_file(&key_file)?;
//!
//! // In every worker:
//! let keys = TicketKeys::from_file(&key_file)?;
//! let provider = rustls::crypto::aws_lc_rs::default_provider();
//! let mut config = rustls::ServerConfig::builder_with_provider(provider.into())
//!     .with_safe_default_protocol_versions()?
//!     .with_no_client_auth()
//!     .with_single_cert(chain, key)?;
//! config.ticketer = keys.ticketer_for(ContextId::from_label("shop.example, open to all"));
//!
//! // Later, while it runs: the file has a new first line, and the old key further down.
//! keys.set_from_file(&key_file)?;
//! # Ok(())
//! # }
//! ```
//!
//! With plain rustls a ticketer sees only rustls's own bytes: a renewed ticket starts its age anew, and
//! nobody verifies the client's certificate again. A stack that fills in the [`Envelope`] does both.
//!
//! **Sessions by id through a shared store need more than plain rustls**: it shows nobody the session id or
//! the tickets of a hello, and asks its own session storage synchronously, in the middle of a handshake.
//! So [`RustlsSessions`] is for a [`MemoryStore`] alone; the accept pipeline of `tls-net` looks into a
//! remote store before rustls sees the hello. Tickets need no look-up, and so work with both.
//!
//! The crate has no runtime and no sockets, and no threads but those of [`TicketKeys::spawn`] and
//! [`TicketKeys::watch_file`], unless the feature `redis` is on: its
//! store talks to Redis on a thread of its own, begun at its first use.

mod clock;
mod clock_epochs;
mod context_id;
mod envelope;
mod error;
mod key_file_watch;
mod key_time;
mod kind;
pub mod limits;
mod memory;
mod no_store;
mod not_resumed;
mod own_thread;
mod published_keys;
#[cfg(feature = "redis")]
mod redis;
mod rustls_adapter;
mod sealing_key;
mod session_id;
mod shared_secret;
mod store;
mod ticket_key;
mod ticket_key_ring;
mod ticket_key_source;
mod ticket_keys;
mod ticket_keys_warning;
mod ticketer;

#[cfg(feature = "redis")]
pub use self::redis::{RedisFault, RedisOptions, RedisState, RedisStore};
pub use clock::Clock;
pub use context_id::ContextId;
pub use envelope::{Envelope, Verdict};
pub use error::{Error, OpenFailure};
pub use kind::Kind;
pub use memory::MemoryStore;
pub use no_store::NoStore;
pub use not_resumed::NotResumed;
pub use rustls_adapter::RustlsSessions;
pub use session_id::SessionId;
pub use shared_secret::SharedSecret;
pub use store::{BoxFuture, DynSessionStore, SessionStore};
pub use ticket_key::TicketKey;
pub use ticket_keys::{KeyState, ListedKey, TicketKeys};
pub use ticket_keys_warning::TicketKeysWarning;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
