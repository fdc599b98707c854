//! What a handshake that is done hands over.

use std::fmt;

use tls_record::{Established, Exporter};
use tls_wire::extension::psk_key_exchange_modes::PskKeyExchangeMode;
use tls_wire::{CipherSuite, NamedGroup, ProtocolVersion};

use crate::{ImportedIdentity, PskIdentity, SessionInbox};

/// A handshake that is done: both ends have proved that they know the key.
#[non_exhaustive]
pub struct Finished {
    /// For [`RecordLayer::new`](tls_record::RecordLayer::new).
    pub established: Established,
    /// What was agreed.
    pub facts: Facts,
    /// Makes keying material for the application, where the configuration asks for it.
    pub exporter: Option<Exporter>,
    /// Where a client of TLS 1.3 finds the sessions that the server sends later.
    pub sessions: Option<SessionInbox>,
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finished")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

/// What the two ends agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// TLS 1.2 or 1.3.
    pub version: ProtocolVersion,
    /// The suite.
    pub cipher_suite: CipherSuite,
    /// The group of the key exchange; `None` if the key alone was used.
    pub group: Option<NamedGroup>,
    /// The name of the key as it went over the wire, also where a session made with it was
    /// resumed.
    pub identity: PskIdentity,
    /// Whether the key was imported (RFC 9258); its name holds that of the external key then.
    pub imported: bool,
    /// Whether a session of an earlier handshake was resumed. A handshake with an external key is
    /// not a resumption here, although OpenSSL and Node call it one in TLS 1.3 (spec `T-PSK-14`).
    pub resumed: bool,
    /// Whether the server asked for a second hello.
    pub hello_retry_request: bool,
    /// The application protocol.
    pub alpn: Option<Vec<u8>>,
    /// The name of the server that the client asked for.
    pub server_name: Option<String>,
    /// TLS 1.2: the server's identity hint.
    pub hint: Option<Vec<u8>>,
}

impl Facts {
    /// The name of the external key: what a person calls it.
    #[must_use]
    pub fn external_identity(&self) -> PskIdentity {
        let imported = self
            .imported
            .then(|| ImportedIdentity::parse(self.identity.as_bytes()));
        match imported.flatten() {
            Some(imported) => imported.external().clone(),
            None => self.identity.clone(),
        }
    }

    /// How the key was used: with a key exchange of its own for this connection, which keeps
    /// recordings secret when the key is lost, or alone.
    #[must_use]
    pub fn mode(&self) -> PskKeyExchangeMode {
        match self.group {
            Some(_) => PskKeyExchangeMode::PskDheKe,
            None => PskKeyExchangeMode::PskKe,
        }
    }
}
