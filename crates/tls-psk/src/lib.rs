//! TLS with keys agreed beforehand: handshakes for TLS 1.2 and 1.3, client and server, without IO.
//!
//! rustls makes handshakes with certificates only. For devices, message brokers and pairs of
//! services that share a key this crate makes the others, and hands over to [`tls_record`].
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use tls_psk::{
//!     ClientConfig, ClientHandshake, ClientPsk, PskIdentity, PskKey, PskOffer, ServerConfig,
//!     ServerHandshake, Step,
//! };
//! use tls_wire::{ClientHello, ClientHelloReader, Progress};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
//! let (identity, key) = (PskIdentity::new("gate-7")?, PskKey::generate(256)?);
//! let now = Duration::from_secs(1_900_000_000);
//!
//! // A client offers its key ...
//! let mut config = ClientConfig::new(Arc::clone(&provider));
//! config.psks.push(ClientPsk { identity: identity.clone(), key: key.clone() });
//! let mut to_server = Vec::new();
//! let mut client = ClientHandshake::new(Arc::new(config), now, &mut to_server)?;
//!
//! // ... and a server looks it up, in a table or by asking somebody.
//! let Progress::Whole(whole) = ClientHelloReader::default().read(&to_server)? else {
//!     return Err("more bytes are needed".into());
//! };
//! let hello = ClientHello::parse(whole.message)?;
//! let config = Arc::new(ServerConfig::new(provider));
//! let offer = PskOffer::read(&config, &hello, now).ok_or("no key offered")?;
//! let offered = &offer.identities()[0];
//! assert_eq!(offered.identity(), &identity);
//! let choice = offer.choose(offered, vec![key])?;
//! let mut to_client = Vec::new();
//! let mut server = ServerHandshake::tls13(config, &hello, choice, now, &mut to_client)?;
//!
//! // Bytes in, bytes out, one record a call.
//! to_server.clear();
//! let client = loop {
//!     let progress = client.read(&mut to_client, &mut to_server)?;
//!     to_client.drain(..progress.consumed);
//!     if let Step::Done(finished) = progress.step {
//!         break finished;
//!     }
//! };
//! let server = loop {
//!     let progress = server.read(&mut to_server, &mut to_client)?;
//!     to_server.drain(..progress.consumed);
//!     if let Step::Done(finished) = progress.step {
//!         break finished;
//!     }
//! };
//! assert_eq!(client.facts.identity, server.facts.identity);
//! // Now each end makes a `tls_record::RecordLayer` of its `established`.
//! # Ok(())
//! # }
//! ```
//!
//! # Rules for the caller
//!
//! - After each call, also one that failed, send what was appended to `out`: it ends with the
//!   alert.
//! - TLS 1.3 wants the keys before it starts, see [`PskOffer`]; TLS 1.2 asks while it runs, see
//!   [`Question`].
//! - There is no clock here: set a deadline for the whole handshake.
//!
//! # What only comes when asked for
//!
//! Keys without a key exchange beside them (`psk_ke`, plain PSK suites), keys under 16 bytes, the
//! decoy for identities that are not known, exporters, key logs, tickets. Never: a certificate in
//! place of the key.
//!
//! # Secrets
//!
//! Keys and what is derived of them are overwritten with zeros, compared in constant time, and in
//! no error, log or `Debug`. Identities cross the network in the clear, and are in no error either.

mod alpn;
mod cipher_suites;
mod client_config;
mod client_handshake;
mod client_offer;
mod error;
mod finished;
mod handshake_message;
mod importer;
mod key_exchange;
pub mod limits;
mod machine;
mod psk_choice;
mod psk_file;
mod psk_identity;
mod psk_key;
mod psk_keys;
mod psk_lookup;
mod psk_session;
mod psk_table;
mod psk_warning;
mod records;
mod server_config;
mod server_handshake;
mod server_hello_awaited;
mod step;
mod tls12;
mod tls13;
mod transcript;

pub use client_config::{ClientConfig, ClientPsk};
pub use client_handshake::ClientHandshake;
pub use error::{Error, Fault};
pub use finished::{Facts, Finished};
pub use importer::{ImportContext, ImportedIdentity, TargetKdf};
pub use psk_choice::{OfferedIdentity, PskChoice, PskOffer};
pub use psk_file::{PskFileFinding, PskFileOptions, PskFileProblem, check_psk_file, psk_file_line};
pub use psk_identity::PskIdentity;
pub use psk_key::PskKey;
pub use psk_keys::{PskKeys, PskWatchOptions};
pub use psk_lookup::{PskAnswer, PskAnswerFuture, PskLookup, PskLookupError, PskQuery};
pub use psk_session::{PskSession, SessionInbox};
pub use psk_warning::PskWarning;
pub use server_config::{ServerConfig, Tickets};
pub use server_handshake::ServerHandshake;
pub use step::{Progress, Question, Step};
pub use tls_wire::{HashAlgorithm, ProtocolVersion};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
