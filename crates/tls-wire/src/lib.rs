//! TLS bytes and names: records, handshake messages, hellos and their extensions, alerts, and
//! what IANA and OpenSSL call suites, groups and schemes.
//!
//! Parsing and writing only: no cryptography, no IO, no clock. Every parser is bounded and never
//! panics, whatever the bytes; what it reads stays where it is. All limits are in [`limits`].
//!
//! A server uses it to see who is calling *before* it chooses how to answer:
//!
//! ```
//! use tls_wire::{ClientHello, ClientHelloReader, Progress, ProtocolVersion};
//! # use tls_wire::{CipherSuite, ClientHelloBuilder, Error, reframe};
//! # let message = ClientHelloBuilder::new([7; 32])
//! #     .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
//! #     .server_name("Example.com")
//! #     .alpn(&["h2", "http/1.1"])
//! #     .supported_versions(&[ProtocolVersion::Tls13, ProtocolVersion::Tls12])
//! #     .build()?;
//! # let from_network = reframe(&message);
//!
//! let mut reader = ClientHelloReader::default();
//! for segment in from_network.chunks(100) {
//!     let Progress::Whole(whole) = reader.read(segment)? else {
//!         continue; // Read more from the network.
//!     };
//!     let hello = ClientHello::parse(whole.message)?;
//!     assert_eq!(hello.server_name(), Some("example.com"));
//!     assert_eq!(hello.alpn_protocols().next(), Some(&b"h2"[..]));
//!     assert!(hello.offers(ProtocolVersion::Tls13));
//!     assert_eq!(hello.ja4(), "t13d0103h2_0f2cb44170f4_b9a491fefe05");
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! [`Error::alert`] says what a peer should hear about its mistake, [`Error::code`] is for
//! machines. What a server or client makes of a well-formed message (no common version, no common
//! suite) is decided by the layers above.
//!
//! Secrets: hellos carry tickets and pre-shared-key identities. `Debug` and
//! [`ClientHelloView::describe`] show their lengths only.

pub mod alert;
pub mod cipher_suite;
pub mod client_hello;
pub mod client_hello_reader;
mod code_point;
pub mod error;
pub mod extension;
pub mod first_bytes;
pub mod handshake;
pub mod ja4;
pub mod key_update;
pub mod limits;
pub mod named_group;
pub mod new_session_ticket;
pub mod protocol_version;
pub mod psk_key_exchange;
pub mod reader;
pub mod record;
pub mod server_hello;
pub mod signature_scheme;
pub mod writer;

pub use alert::{Alert, AlertDescription, AlertLevel};
pub use cipher_suite::{CipherSuite, HashAlgorithm};
pub use client_hello::{ClientHello, ClientHelloBuilder, ClientHelloView};
pub use client_hello_reader::{
    ClientHelloLimits, ClientHelloReader, Progress, WholeHello, reframe,
};
pub use error::Error;
pub use extension::{Extension, ExtensionType, Extensions};
pub use first_bytes::FirstBytes;
pub use handshake::{HandshakeHeader, HandshakeJoiner, HandshakeType};
pub use key_update::KeyUpdate;
pub use named_group::NamedGroup;
pub use new_session_ticket::NewSessionTicket;
pub use protocol_version::ProtocolVersion;
pub use record::{
    ContentType, MAX_CIPHERTEXT_TLS12, MAX_CIPHERTEXT_TLS13, MAX_PLAINTEXT, RecordHeader,
};
pub use server_hello::{ServerHelloView, ServerHelloWriter};
pub use signature_scheme::SignatureScheme;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
