//! What a server allows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::KeyLog;
use rustls::crypto::CryptoProvider;
use tls_session_store::{ContextId, TicketKeys};
use tls_wire::{CipherSuite, ProtocolVersion};

use crate::limits::MAX_HINT;
use crate::{Error, ImportedIdentity, PskIdentity, PskWarning, cipher_suites};

/// What a server allows and prefers. Shared by all its connections.
///
/// ```
/// let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
/// let mut config = tls_psk::ServerConfig::new(provider);
/// config.alpn = vec![b"mqtt".to_vec()];
/// assert!(!config.allow_psk_ke && !config.decoy);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Where key exchanges and randomness come from; its groups are those that are taken, most
    /// preferred first.
    pub provider: Arc<CryptoProvider>,
    /// The versions that are taken: TLS 1.3 and 1.2.
    pub versions: Vec<ProtocolVersion>,
    /// The suites that are taken, most preferred first, those of both versions.
    pub cipher_suites: Vec<CipherSuite>,
    /// Whether the client's order of suites counts rather than this one.
    pub client_order: bool,
    /// The application protocols, most preferred first; a client that offers ALPN and none of them
    /// is refused. None: ALPN is not answered.
    pub alpn: Vec<Vec<u8>>,
    /// Takes keys without a key exchange beside them: `psk_ke` in TLS 1.3, plain PSK suites in
    /// TLS 1.2. Whoever gets the key later can then read what was recorded. Off.
    pub allow_psk_ke: bool,
    /// TLS 1.2: a hint for clients that have several keys, at most 256 bytes. TLS 1.3 has no such
    /// thing (spec `PSK-04`, `PSK-13`).
    pub hint: Option<Vec<u8>>,
    /// Answers identities that are not known with a handshake that fails as one with a wrong key
    /// does, so that nobody learns which identities exist. For servers without certificates: where
    /// there is one, the handshake goes on with it. Off: the default lets identities be probed.
    pub decoy: bool,
    /// The identities that this end uses as a client; the external one stands for all that are
    /// imported of it. A hello that offers one comes from this very end, reflected, and is refused
    /// (RFC 9257, Section 4.1). Empty it where an identity stands for a group of equals.
    pub own_identities: Vec<PskIdentity>,
    /// Sessions for clients of TLS 1.3 to resume; `None` to issue none.
    pub tickets: Option<Tickets>,
    /// Hands the secrets of every connection to this. Whoever has them reads everything.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// Keeps what an [`Exporter`](tls_record::Exporter) needs. Off.
    pub exporter: bool,
}

/// How a server issues tickets, and opens them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tickets {
    /// The keys that seal them; equal keys at several workers make tickets resume at all of them.
    pub keys: TicketKeys,
    /// Under which policy they resume.
    pub context: ContextId,
    /// How many a full handshake issues: 1, as Node (spec `SOE-03`).
    pub count: u8,
    /// How long they resume; that of the keys unless changed, and never longer than seven days.
    pub lifetime: Duration,
    /// Which process made them, for people; at most 255 bytes.
    pub maker: Arc<str>,
}

impl Tickets {
    /// One ticket for each full handshake.
    #[must_use]
    pub fn new(keys: TicketKeys, context: ContextId) -> Self {
        Self {
            lifetime: keys.lifetime(),
            keys,
            context,
            count: 1,
            maker: Arc::from(""),
        }
    }
}

impl ServerConfig {
    /// Both versions, every suite with forward secrecy, the provider's groups.
    #[must_use]
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            versions: vec![ProtocolVersion::Tls13, ProtocolVersion::Tls12],
            cipher_suites: cipher_suites::DEFAULT.to_vec(),
            client_order: false,
            alpn: Vec::new(),
            allow_psk_ke: false,
            hint: None,
            decoy: false,
            own_identities: Vec::new(),
            tickets: None,
            key_log: None,
            exporter: false,
        }
    }

    /// Whether this version is taken.
    #[must_use]
    pub fn takes(&self, version: ProtocolVersion) -> bool {
        self.versions.contains(&version)
    }

    /// Whether a suite may come out of a handshake: it is listed, its version is taken, and if it
    /// has no key exchange, that is allowed.
    #[must_use]
    pub fn takes_suite(&self, suite: CipherSuite) -> bool {
        let allowed = self.cipher_suites.contains(&suite);
        let known = cipher_suites::find(suite).filter(|_| allowed);
        known.is_some_and(|it| self.takes(it.version) && (it.ecdhe || self.allow_psk_ke))
    }

    /// Whether this end uses `identity` as a client, as it is or imported.
    pub(crate) fn is_own(&self, identity: &PskIdentity) -> bool {
        let own = &self.own_identities;
        if own.is_empty() {
            return false;
        }
        let imported = || ImportedIdentity::parse(identity.as_bytes());
        own.contains(identity) || imported().is_some_and(|it| own.contains(it.external()))
    }

    /// The advice of RFC 9257 that this configuration does not follow. Whoever builds it says so
    /// once; what concerns single keys is told by [`PskKeys`](crate::PskKeys).
    #[must_use]
    pub fn warnings(&self) -> Vec<PskWarning> {
        let alone = self.allow_psk_ke.then_some(PskWarning::NoForwardSecrecy);
        alone.into_iter().collect()
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    ///
    /// [`Error::HintTooLong`], [`Error::NothingConfigured`].
    pub fn check(&self) -> Result<(), Error> {
        match self.hint.as_ref().map_or(0, Vec::len) {
            length if length > MAX_HINT => {
                return Err(Error::HintTooLong {
                    length,
                    limit: MAX_HINT,
                });
            }
            _ => {}
        }
        cipher_suites::check(&self.versions, &self.cipher_suites, self.allow_psk_ke)
    }
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("versions", &self.versions)
            .field("cipher_suites", &self.cipher_suites)
            .field("allow_psk_ke", &self.allow_psk_ke)
            .field("decoy", &self.decoy)
            .field("tickets", &self.tickets)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_without_a_key_exchange_are_taken_where_that_is_allowed() {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::new(provider);
        let plain = CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256;
        let ecdhe = CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256;
        assert!(config.takes_suite(ecdhe) && !config.takes_suite(plain));
        assert_eq!(config.warnings(), []);
        config.allow_psk_ke = true;
        assert!(config.takes_suite(plain));
        assert_eq!(config.warnings(), [PskWarning::NoForwardSecrecy]);
        config.versions = vec![ProtocolVersion::Tls13];
        assert!(!config.takes_suite(ecdhe));
        assert!(!config.takes_suite(CipherSuite::TLS_PSK_WITH_AES_128_CBC_SHA256));
    }
}
