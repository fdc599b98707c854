//! The names that most programs need: `use tls::prelude::*;`.

pub use rustls::pki_types::ServerName;
#[doc(no_inline)]
pub use tls_certs::{Identity, Refusal, Trust, VerifyCode};
#[doc(no_inline)]
pub use tls_context::{ClientAuth, ProtocolVersion, SecureContext, SniMap};
#[doc(no_inline)]
pub use tls_net::{
    ClientHello, ClientSession, ConnectError, ConnectionInfo, HandshakeError, Resumption, Server,
    ServerHandle, TlsAcceptor, TlsConnector, TlsStream,
};
#[doc(no_inline)]
pub use tls_session_store::{MemoryStore, SessionStore, SharedSecret, TicketKeys};
