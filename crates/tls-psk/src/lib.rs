//! TLS with keys agreed beforehand: handshakes for TLS 1.2 and 1.3, client and server, without IO.

#![expect(dead_code, reason = "the engines that use the frame follow")]

mod cipher_suites;
mod client_config;
mod error;
mod finished;
mod importer;
mod key_exchange;
pub mod limits;
mod machine;
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
mod step;
mod tls12;
mod transcript;

pub use client_config::{ClientConfig, ClientPsk};
pub use error::{Error, Fault};
pub use finished::{Facts, Finished};
pub use importer::{ImportContext, ImportedIdentity, TargetKdf};
pub use psk_file::{PskFileFinding, PskFileOptions, PskFileProblem, check_psk_file, psk_file_line};
pub use psk_identity::PskIdentity;
pub use psk_key::PskKey;
pub use psk_keys::{PskKeys, PskWatchOptions};
pub use psk_lookup::{PskAnswer, PskAnswerFuture, PskLookup, PskLookupError, PskQuery};
pub use psk_session::{PskSession, SessionInbox};
pub use psk_warning::PskWarning;
pub use server_config::{ServerConfig, Tickets};
pub use step::{Progress, Question, Step};
pub use tls_wire::{HashAlgorithm, ProtocolVersion};
