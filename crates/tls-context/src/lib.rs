//! What a TLS endpoint is configured with, as one immutable value that is cheap to clone:
//! [`SecureContext`].
//!
//! Versions, ciphers, groups, ALPN, certificates, trust, client-certificate policy and the life of
//! sessions go into a builder, are checked all together, and come out as data. There is no IO, no
//! clock and no runtime in here. A context is lowered to plain rustls with
//! [`rustls_server`](SecureContext::rustls_server) and
//! [`rustls_client`](SecureContext::rustls_client); the cryptography is aws-lc-rs, restricted to
//! what was chosen, and always passed explicitly.
//!
//! ```
//! use tls_certs::{Identity, Trust};
//! use tls_context::{ProtocolVersion, SecureContext};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio_rustls::{TlsAcceptor, TlsConnector};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
//! let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
//!
//! let server = SecureContext::server(Identity::from_pem(cert.as_bytes(), key.as_bytes())?)
//!     .ciphers("TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256")
//!     .alpn(["h2", "http/1.1"])
//!     .build()?;
//! let client = SecureContext::client(Trust::from_pem(cert.as_bytes())?)
//!     .min_version(ProtocolVersion::Tls13)
//!     .alpn(["http/1.1"])
//!     .build()?;
//!
//! let (near, far) = tokio::io::duplex(16 * 1024);
//! let acceptor = TlsAcceptor::from(server.rustls_server()?);
//! let connector = TlsConnector::from(client.rustls_client()?);
//! let (accepted, connected) =
//!     tokio::join!(acceptor.accept(far), connector.connect("localhost".try_into()?, near));
//!
//! connected?.write_all(b"hello").await?;
//! let mut stream = accepted?;
//! let mut hello = [0; 5];
//! stream.read_exact(&mut hello).await?;
//! assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
//! # Ok(()) }
//! ```
//!
//! # What is where
//!
//! - [`SecureContext`] and [`SecureContextBuilder`]: the value and its settings.
//! - [`ClientAuth`]: whether a server asks for certificates, and whose it accepts.
//! - [`SniMap`]: contexts, or anything else, by server name and pattern; also of use with
//!   `tokio_rustls::LazyConfigAcceptor`.
//! - [`alpn_to_wire`], [`alpn_from_wire`]: the wire format of protocol lists.
//! - The constants: every default and limit, each with its source.
//! - [`Error`]: what can be wrong with a configuration, with a stable [`code`](Error::code).
//!
//! # What is not here
//!
//! TLS 1.0 and 1.1, CBC, static RSA, DHE, P-521 and X448: asking for one is
//! [`Error::Unsupported`], which names it and the way out.

mod accept_any;
mod alpn;
mod builder;
mod cipher_list;
mod client_auth;
mod client_config;
mod context_id;
mod crls;
mod defaults;
mod error;
mod extensions;
mod groups;
mod identities;
mod provider;
mod secure_context;
mod server_config;
mod session_binding;
mod sni_map;
mod trust;
mod unsupported;
mod verifiers;
mod versions;

pub use alpn::{alpn_from_wire, alpn_to_wire};
pub use builder::{DangerousBuilder, SecureContextBuilder};
pub use client_auth::ClientAuth;
pub use crls::CrlSource;
pub use defaults::{
    DEFAULT_CIPHERS, DEFAULT_GROUPS, DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION,
    DEFAULT_SESSION_TIMEOUT, DEFAULT_TICKETS, MAX_ALPN_LIST, MAX_ALPN_NAME, MAX_SERVER_NAME,
    MAX_SESSION_ID_CONTEXT, MAX_SESSION_TIMEOUT,
};
pub use error::Error;
pub use identities::IdentitySource;
pub use secure_context::SecureContext;
pub use sni_map::SniMap;
pub use tls_certs::SecurityLevel;
pub use tls_wire::ProtocolVersion;
pub use trust::TrustSource;

// The example of the README compiles, too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
