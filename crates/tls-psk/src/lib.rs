//! TLS with keys agreed beforehand: handshakes for TLS 1.2 and 1.3, client and server, without IO.

#![expect(dead_code, reason = "the engines that use the frame follow")]

mod cipher_suites;
mod client_config;
mod error;
mod finished;
mod key_exchange;
pub mod limits;
mod machine;
mod psk_identity;
mod psk_key;
mod psk_session;
mod records;
mod server_config;
mod step;
mod transcript;

pub use client_config::{ClientConfig, ClientPsk};
pub use error::{Error, Fault};
pub use finished::{Facts, Finished};
pub use psk_identity::PskIdentity;
pub use psk_key::PskKey;
pub use psk_session::{PskSession, SessionInbox};
pub use server_config::{ServerConfig, Tickets};
pub use step::{Progress, Question, Step};
