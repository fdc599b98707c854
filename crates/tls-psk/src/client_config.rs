//! What a client offers.

use std::fmt;
use std::sync::Arc;

use rustls::KeyLog;
use rustls::crypto::CryptoProvider;
use tls_wire::{CipherSuite, ProtocolVersion};

use crate::limits::MAX_LOOKUPS;
use crate::{Error, PskIdentity, PskKey, PskSession, cipher_suites};

/// A key and the name under which the server knows it.
#[derive(Clone, Debug)]
// Exhaustive: a pre-shared key is these two.
pub struct ClientPsk {
    /// The name.
    pub identity: PskIdentity,
    /// The key.
    pub key: PskKey,
}

/// What a client offers, most preferred first.
///
/// ```
/// use tls_psk::{ClientConfig, ClientPsk, PskIdentity, PskKey};
///
/// let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
/// let mut config = ClientConfig::new(provider);
/// config.psks.push(ClientPsk {
///     identity: PskIdentity::new("gate-7")?,
///     key: PskKey::from_bytes(&[7; 32])?,
/// });
/// config.check()?;
/// # Ok::<(), tls_psk::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Where key exchanges and randomness come from; its groups are those that are offered, most
    /// preferred first, the first one with a share.
    pub provider: Arc<CryptoProvider>,
    /// The versions that are offered: TLS 1.3 and 1.2.
    pub versions: Vec<ProtocolVersion>,
    /// The suites that are offered, those of both versions.
    pub cipher_suites: Vec<CipherSuite>,
    /// The keys that are offered in TLS 1.3, most preferred first, 4 at most. In TLS 1.2 the caller
    /// is asked once the server's hint is known.
    pub psks: Vec<ClientPsk>,
    /// A session of an earlier connection, offered before all keys. One of another server, or whose
    /// key is no longer among `psks`, is ignored.
    pub session: Option<Arc<PskSession>>,
    /// The name of the server, sent as `server_name` (RFC 6066); nothing is checked against it.
    pub server_name: Option<String>,
    /// The application protocols that are offered, most preferred first.
    pub alpn: Vec<Vec<u8>>,
    /// Also offers keys without a key exchange beside them: `psk_ke` in TLS 1.3, plain PSK suites
    /// in TLS 1.2. Whoever gets the key later can then read what was recorded. Off.
    pub allow_psk_ke: bool,
    /// Hands the secrets of every connection to this. Whoever has them reads everything.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// Keeps what an [`Exporter`](tls_record::Exporter) needs. Off.
    pub exporter: bool,
}

impl ClientConfig {
    /// Both versions, every suite with forward secrecy, the provider's groups, and no key yet.
    #[must_use]
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            versions: vec![ProtocolVersion::Tls13, ProtocolVersion::Tls12],
            cipher_suites: cipher_suites::DEFAULT.to_vec(),
            psks: Vec::new(),
            session: None,
            server_name: None,
            alpn: Vec::new(),
            allow_psk_ke: false,
            key_log: None,
            exporter: false,
        }
    }

    /// Whether this version is offered.
    #[must_use]
    pub fn offers(&self, version: ProtocolVersion) -> bool {
        self.versions.contains(&version)
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    ///
    /// [`Error::NothingConfigured`]: no key for TLS 1.3, no suite for a version.
    pub fn check(&self) -> Result<(), Error> {
        if self.offers(ProtocolVersion::Tls13)
            && (self.psks.is_empty() || self.psks.len() > MAX_LOOKUPS)
        {
            let what = "pre-shared key, or more than four,";
            return Err(Error::NothingConfigured { what });
        }
        cipher_suites::check(&self.versions, &self.cipher_suites, self.allow_psk_ke)
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("versions", &self.versions)
            .field("cipher_suites", &self.cipher_suites)
            .field("psks", &self.psks.len())
            .field("server_name", &self.server_name)
            .field("allow_psk_ke", &self.allow_psk_ke)
            .finish_non_exhaustive()
    }
}
