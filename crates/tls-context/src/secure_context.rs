//! `SecureContext`: everything that is the same for all connections of one endpoint.

use std::{
    any::Any,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rustls::{
    CipherSuite, ClientConfig, KeyLog, ServerConfig, SignatureScheme, SupportedProtocolVersion,
    client::{ResolvesClientCert, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    server::{ResolvesServerCert, danger::ClientCertVerifier},
};
use tls_certs::{
    Crls, Identity, SecurityLevel, Watched, WatchedClientVerifier, WatchedServerVerifier,
};

use crate::{
    ClientAuth, Error, IdentitySource, SecureContextBuilder, TrustSource, client_config,
    extensions::Extensions, identities::ServerIdentities, server_config,
    session_binding::SessionBinding,
};

/// What all connections of one endpoint have in common: versions, ciphers, groups, certificates,
/// trust, ALPN, client-certificate policy, and how long a session lives.
///
/// Immutable data: no IO, no clock, no runtime. A clone is one `Arc`; a change is a new context,
/// except that identities, trust and revocation lists may be [`Watched`]: then new handshakes take what is in use at
/// their time.
/// Made with [`server`](Self::server), [`client`](Self::client) or
/// [`without_certificate`](Self::without_certificate).
///
/// ```
/// # fn f(identity: tls_certs::Identity) -> Result<(), tls_context::Error> {
/// use tls_context::SecureContext;
/// let context = SecureContext::server(identity).alpn(["h2", "http/1.1"]).build()?;
/// let config: std::sync::Arc<rustls::ServerConfig> = context.rustls_server()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[doc(alias = "createSecureContext")]
pub struct SecureContext {
    pub(crate) inner: Arc<Inner>,
}

/// For which end of a connection a context was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
    /// No certificate on our side and none to verify: either end of a connection with pre-shared
    /// keys.
    WithoutCertificate,
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::WithoutCertificate => "peer without a certificate",
        }
    }
}

pub(crate) struct Inner {
    pub(crate) side: Side,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
    pub(crate) level: SecurityLevel,
    pub(crate) alpn: Vec<Vec<u8>>,
    pub(crate) binding: SessionBinding,
    pub(crate) server_identities: Option<Arc<ServerIdentities>>,
    pub(crate) client_resolver: Arc<dyn ResolvesClientCert>,
    pub(crate) server_verifier: Option<Arc<WatchedServerVerifier>>,
    pub(crate) client_verifier: Option<Arc<WatchedClientVerifier>>,
    pub(crate) server_cert_verifier: Option<Arc<dyn ServerCertVerifier>>,
    pub(crate) client_cert_verifier: Option<Arc<dyn ClientCertVerifier>>,
    pub(crate) session_timeout: Duration,
    pub(crate) tickets: u8,
    pub(crate) resumption: bool,
    pub(crate) honor_cipher_order: bool,
    pub(crate) exporter: bool,
    pub(crate) key_log: Option<Arc<dyn KeyLog>>,
    pub(crate) rustls_server: OnceLock<Arc<ServerConfig>>,
    pub(crate) rustls_client: OnceLock<Arc<ClientConfig>>,
    pub(crate) extensions: Extensions,
}

impl SecureContext {
    /// A server with this identity. Add more with
    /// [`identity`](SecureContextBuilder::identity): the first that a client can verify serves it.
    #[doc(alias = "cert")]
    #[doc(alias = "key")]
    pub fn server(identity: impl Into<IdentitySource>) -> SecureContextBuilder {
        SecureContextBuilder::new(Side::Server, identity.into().0, None)
    }

    /// A client that accepts servers whose certificate leads to `trust`.
    #[doc(alias = "ca")]
    pub fn client(trust: impl Into<TrustSource>) -> SecureContextBuilder {
        SecureContextBuilder::new(Side::Client, Vec::new(), Some(trust.into()))
    }

    /// Either end, without certificates: for connections with pre-shared keys. A client with
    /// certificates only can't be served with it (`CTX-25`).
    pub fn without_certificate() -> SecureContextBuilder {
        SecureContextBuilder::new(Side::WithoutCertificate, Vec::new(), None)
    }

    /// Whether it can accept connections.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.inner.side != Side::Client
    }

    /// Whether it can make connections.
    #[must_use]
    pub fn is_client(&self) -> bool {
        self.inner.side != Side::Server
    }

    /// What sessions of a server are bound to. Contexts with equal ids may resume each other's
    /// sessions, also on different machines; no other context may. It covers the session id
    /// context, the names in the certificates, the client-certificate policy with its authorities and
    /// its rules for chains and revocation lists, and whether any certificate is accepted. It does not cover the certificates themselves, so a
    /// renewed one keeps the sessions, and one made before a watched trust
    /// changed is found by [`earlier_context_ids`](Self::earlier_context_ids); nor versions, ciphers, groups and ALPN, which each handshake
    /// negotiates anew. Contexts for different tenants behind one and the same certificate are told
    /// apart by their [session id context](SecureContextBuilder::session_id_context) only.
    #[must_use]
    pub fn context_id(&self) -> [u8; 32] {
        self.inner.binding.ids().context
    }

    /// The [`context_id`](Self::context_id)s that this context had under earlier authorities of a
    /// watched trust, and otherwise as it is now: the last four, the latest first. A session that
    /// was made under one of them may be resumed if it is judged again under the trust of now.
    #[must_use]
    pub fn earlier_context_ids(&self) -> Vec<[u8; 32]> {
        self.inner.binding.ids().earlier.clone()
    }

    /// What sessions of a client are bound to, besides server name and port: trust, the rules for
    /// chains and revocation lists (not the lists), whether any
    /// certificate is accepted, and the client's own certificates. A session is used again only
    /// under an equal id.
    #[must_use]
    pub fn verification_id(&self) -> [u8; 32] {
        self.inner.binding.ids().verification
    }

    /// Application protocols, best first. Empty: no ALPN.
    #[must_use]
    #[doc(alias = "ALPNProtocols")]
    pub fn alpn(&self) -> &[Vec<u8>] {
        &self.inner.alpn
    }

    /// Whether clients are asked for a certificate.
    #[must_use]
    pub fn client_auth(&self) -> &ClientAuth {
        &self.inner.binding.bound().client_auth
    }

    /// How long a session may be resumed after the full handshake that made it.
    #[must_use]
    #[doc(alias = "sessionTimeout")]
    pub fn session_timeout(&self) -> Duration {
        self.inner.session_timeout
    }

    /// How many TLS 1.3 tickets follow a full handshake.
    #[must_use]
    pub fn ticket_count(&self) -> u8 {
        if self.inner.resumption {
            self.inner.tickets
        } else {
            0
        }
    }

    /// Whether sessions are made and resumed at all.
    #[must_use]
    pub fn resumes(&self) -> bool {
        self.inner.resumption
    }

    /// aws-lc-rs, restricted to this context's suites and groups.
    #[must_use]
    pub fn provider(&self) -> &Arc<CryptoProvider> {
        &self.inner.provider
    }

    /// The versions that are on, highest first; never empty.
    #[must_use]
    pub fn versions(&self) -> &[&'static SupportedProtocolVersion] {
        &self.inner.versions
    }

    /// How strong ciphers, groups and our own keys are at least.
    #[must_use]
    #[doc(alias = "SECLEVEL")]
    pub fn security_level(&self) -> SecurityLevel {
        self.inner.level
    }

    /// Whether a server's order of ciphers counts, rather than the client's.
    #[must_use]
    #[doc(alias = "honorCipherOrder")]
    pub fn honors_cipher_order(&self) -> bool {
        self.inner.honor_cipher_order
    }

    /// Whether connections keep what an exporter needs (RFC 5705; RFC 8446, Section 7.5).
    #[must_use]
    pub fn wants_exporter(&self) -> bool {
        self.inner.exporter
    }

    /// Whether a TLS 1.2 handshake without the extended master secret (RFC 7627) is refused: always
    /// when client certificates, resumption or an exporter are used, since each of them is open to
    /// an attack without it (RFC 7627, Section 1).
    #[must_use]
    pub fn requires_extended_master_secret(&self) -> bool {
        let own_certificate_of_client =
            self.inner.side == Side::Client && !self.inner.binding.bound().identities.is_empty();
        self.client_auth().asks()
            || own_certificate_of_client
            || self.inner.resumption
            || self.inner.exporter
    }

    /// Where secrets are logged, if anywhere.
    #[must_use]
    pub fn key_log(&self) -> Option<&Arc<dyn KeyLog>> {
        self.inner.key_log.as_ref()
    }

    /// Whether a handshake completes whatever certificate the peer shows.
    #[must_use]
    #[doc(alias = "rejectUnauthorized")]
    pub fn accepts_any_certificate(&self) -> bool {
        self.inner.binding.bound().accept_any
    }

    /// Judges a server's chain and name; `None` unless made for a client. It always judges, also
    /// when any certificate is accepted.
    #[must_use]
    pub fn server_verifier(&self) -> Option<&Arc<WatchedServerVerifier>> {
        self.inner.server_verifier.as_ref()
    }

    /// Judges a client's chain; `None` if clients are not asked. It always judges, also when any
    /// certificate is accepted.
    #[must_use]
    pub fn client_verifier(&self) -> Option<&Arc<WatchedClientVerifier>> {
        self.inner.client_verifier.as_ref()
    }

    /// What a rustls client takes as its verifier: [`server_verifier`](Self::server_verifier), or
    /// one that accepts any chain. Always the same `Arc`, as rustls resumes only under the verifier
    /// that made the session.
    #[must_use]
    pub fn server_cert_verifier(&self) -> Option<&Arc<dyn ServerCertVerifier>> {
        self.inner.server_cert_verifier.as_ref()
    }

    /// What a rustls server takes as its verifier; see
    /// [`server_cert_verifier`](Self::server_cert_verifier).
    #[must_use]
    pub fn client_cert_verifier(&self) -> Option<&Arc<dyn ClientCertVerifier>> {
        self.inner.client_cert_verifier.as_ref()
    }

    /// Our certificates with their keys as they are now, best first.
    #[must_use]
    pub fn identities(&self) -> Vec<Identity> {
        let identities = self.inner.binding.bound().identities.iter();
        identities.map(Watched::get).collect()
    }

    /// The same, each with what replaces it.
    #[must_use]
    pub fn watched_identities(&self) -> &[Watched<Identity>] {
        &self.inner.binding.bound().identities
    }

    /// The revocation lists that peers are judged by now.
    #[must_use]
    #[doc(alias = "crl")]
    pub fn crls(&self) -> Option<Crls> {
        let source = self.inner.binding.bound().crls.as_ref();
        source.map(|source| source.crls.get())
    }

    /// How often something that is watched in this context (an identity, a trust, lists) was replaced
    /// since its files were first read; 0 where nothing is watched. Contexts that share a watched
    /// value count the same replacement.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.inner.binding.bound().generation()
    }

    /// The identity that serves a client with these signature schemes and cipher suites; `None` if
    /// the client can verify none of ours. [`server_resolver`](Self::server_resolver) chooses the
    /// same one.
    #[must_use]
    pub fn identity_for(
        &self,
        schemes: &[SignatureScheme],
        suites: &[CipherSuite],
    ) -> Option<Identity> {
        self.inner
            .server_identities
            .as_deref()?
            .choose(schemes, suites)
    }

    /// Chooses a server's certificate; `None` without one, and then every certificate handshake has
    /// to end with `handshake_failure` (`CTX-25`).
    #[must_use]
    pub fn server_resolver(&self) -> Option<Arc<dyn ResolvesServerCert>> {
        let identities = Arc::clone(self.inner.server_identities.as_ref()?);
        Some(identities)
    }

    /// Chooses a client's certificate. Always the same `Arc`, as rustls resumes only under the
    /// resolver that made the session.
    #[must_use]
    pub fn client_resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::clone(&self.inner.client_resolver)
    }

    /// A place for what another layer derives from this context, once per context and type: the
    /// first call makes it, all others get the same. A `make` for the same type that calls this
    /// again on the same context deadlocks; one that keeps a clone of the context keeps it forever.
    pub fn extension<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> Arc<T> {
        self.inner.extensions.get_or_make(|| make(self))
    }

    /// A configuration for plain rustls, made once: each call returns the same `Arc`, so that its
    /// session cache is shared.
    ///
    /// Sessions: rustls's own cache of 256 in memory, gone with the process; no ticketer. With
    /// client certificates there is no resumption at all, since rustls looks at neither the dates
    /// nor the trust of a stored chain again. To have tickets, clone the configuration and set its
    /// `ticketer`; under client certificates never share ticket keys between contexts.
    ///
    /// Secrets can't be extracted from its connections, and half-RTT and early data are off.
    ///
    /// # Errors
    /// [`Error::WrongSide`] for a client context, [`Error::NoIdentity`] without a certificate.
    pub fn rustls_server(&self) -> Result<Arc<ServerConfig>, Error> {
        if let Some(config) = self.inner.rustls_server.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(server_config::lower(self)?);
        Ok(Arc::clone(self.inner.rustls_server.get_or_init(|| config)))
    }

    /// A configuration for plain rustls, made once: each call returns the same `Arc`, so that its
    /// session cache is shared.
    ///
    /// Sessions: rustls's own cache in memory, by server name; none under a trust or revocation
    /// lists that are [`Watched`], since rustls would resume what earlier ones verified. Secrets can't be extracted from its
    /// connections, and early data is off.
    ///
    /// # Errors
    /// [`Error::WrongSide`] unless made with [`client`](Self::client).
    pub fn rustls_client(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(config) = self.inner.rustls_client.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(client_config::lower(self)?);
        Ok(Arc::clone(self.inner.rustls_client.get_or_init(|| config)))
    }
}

impl fmt::Debug for SecureContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<_> = self
            .inner
            .versions
            .iter()
            .map(|version| version.version)
            .collect();
        f.debug_struct("SecureContext")
            .field("side", &self.inner.side)
            .field("versions", &versions)
            .field("identities", &self.inner.binding.bound().identities.len())
            .field("client_auth", self.client_auth())
            .field("accept_any", &self.accepts_any_certificate())
            .finish_non_exhaustive()
    }
}
