//! `SecureContextBuilder`: settings, checked all together at the end.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rustls::{KeyLog, crypto::CryptoProvider};
use tls_certs::{CrlPolicy, Identity, SecurityLevel, Watched};
use tls_wire::ProtocolVersion;

use crate::{
    ClientAuth, CrlSource, Error, SecureContext, TrustSource, alpn, cipher_list,
    crls::ChainRules,
    defaults::{
        DEFAULT_MAX_VERSION, DEFAULT_MIN_VERSION, DEFAULT_SESSION_TIMEOUT, DEFAULT_TICKETS,
        MAX_SESSION_ID_CONTEXT, MAX_SESSION_TIMEOUT,
    },
    extensions::Extensions,
    groups,
    identities::{ClientIdentities, ServerIdentities},
    provider,
    secure_context::{Inner, Side},
    session_binding::{Bound, SessionBinding},
    verifiers::Verifiers,
    versions::VersionRange,
};

/// Settings of a [`SecureContext`]. Nothing is checked before [`build`](Self::build), so the order
/// of the calls does not matter; of two calls for one setting the last counts.
#[must_use = "a builder does nothing before `build`"]
#[derive(Clone)]
pub struct SecureContextBuilder {
    side: Side,
    identities: Vec<Watched<Identity>>,
    trust: Option<TrustSource>,
    client_auth: ClientAuth,
    rules: ChainRules,
    min_version: ProtocolVersion,
    max_version: ProtocolVersion,
    ciphers: String,
    level: SecurityLevel,
    groups: String,
    alpn: Vec<Vec<u8>>,
    session_id_context: Vec<u8>,
    session_timeout: Duration,
    tickets: u8,
    resumption: bool,
    honor_cipher_order: bool,
    exporter: bool,
    accept_any: bool,
    key_log: Option<Arc<dyn KeyLog>>,
    /// The first setting that is for the other side, and that side.
    misplaced: Option<(&'static str, Side)>,
}

impl SecureContextBuilder {
    pub(crate) fn new(
        side: Side,
        identities: Vec<Watched<Identity>>,
        trust: Option<TrustSource>,
    ) -> Self {
        Self {
            side,
            identities,
            trust,
            client_auth: ClientAuth::Off,
            rules: ChainRules::default(),
            min_version: DEFAULT_MIN_VERSION,
            max_version: DEFAULT_MAX_VERSION,
            ciphers: String::new(),
            level: SecurityLevel::default(),
            groups: "auto".to_owned(),
            alpn: Vec::new(),
            session_id_context: Vec::new(),
            session_timeout: DEFAULT_SESSION_TIMEOUT,
            tickets: DEFAULT_TICKETS,
            resumption: true,
            honor_cipher_order: true,
            exporter: false,
            accept_any: false,
            key_log: None,
            misplaced: None,
        }
    }

    /// Adds another certificate with its key to a server, such as ECDSA beside RSA (`CTX-24`). The
    /// first that a client can verify serves it. A client's own is
    /// [`client_identity`](Self::client_identity).
    pub fn identity(mut self, identity: impl Into<crate::IdentitySource>) -> Self {
        self.only_for(Side::Server, "identity");
        self.identities.extend(identity.into().0);
        self
    }

    /// The certificate that a client shows to a server that asks. Called again it adds another; the
    /// first that the server can verify is shown.
    pub fn client_identity(mut self, identity: impl Into<crate::IdentitySource>) -> Self {
        self.only_for(Side::Client, "client_identity");
        self.identities.extend(identity.into().0);
        self
    }

    /// The lowest version, [`DEFAULT_MIN_VERSION`] unless set.
    #[doc(alias = "minVersion")]
    pub fn min_version(mut self, version: ProtocolVersion) -> Self {
        self.min_version = version;
        self
    }

    /// The highest version, [`DEFAULT_MAX_VERSION`] unless set.
    #[doc(alias = "maxVersion")]
    pub fn max_version(mut self, version: ProtocolVersion) -> Self {
        self.max_version = version;
        self
    }

    /// Ciphers, best first, with colons, commas or spaces between them; empty is
    /// [`DEFAULT_CIPHERS`](crate::DEFAULT_CIPHERS).
    ///
    /// OpenSSL's language (`ciphers(1)`): a word is an OpenSSL name, an IANA name, or a group such
    /// as `DEFAULT`, `HIGH`, `ECDHE`, `AESGCM`, `CHACHA20`, `aRSA`; `ECDHE+AESGCM` is what two
    /// groups have in common. `!WORD` takes ciphers away for good, `-WORD` until a later word adds
    /// them again, `+WORD` moves them to the end; `@STRENGTH` sorts by key length, and
    /// `@SECLEVEL=n` is [`security_level`](Self::security_level), over which it goes. Groups are
    /// about TLS 1.2; the suites of TLS 1.3 are named one by one, also with an operator.
    ///
    /// Naming none of TLS 1.3 leaves its ciphers as they are by default; naming *only* ciphers of
    /// TLS 1.3 turns TLS 1.2 off. A word that adds nothing is an error: a cipher or group that
    /// exists only elsewhere is named with the reason.
    ///
    /// ```
    /// # let trust = tls_certs::Trust::mozilla();
    /// let context = tls_context::SecureContext::client(trust)
    ///     .ciphers("ECDHE+AESGCM:ECDHE+CHACHA20:!AES128:@SECLEVEL=3")
    ///     .build()?;
    /// assert_eq!(context.security_level().number(), 3);
    /// # Ok::<(), tls_context::Error>(())
    /// ```
    pub fn ciphers(mut self, list: &str) -> Self {
        list.clone_into(&mut self.ciphers);
        self
    }

    /// How strong ciphers, groups and our own keys must be, as OpenSSL's `SECLEVEL`; 2 unless set
    /// here or by `@SECLEVEL=n` in the cipher list (`CIP-11`, `CIP-12`).
    ///
    /// Ciphers and groups below it are left out (AES-128, X25519 and P-256 above level 3), a key
    /// below it is an error. A certificate that is replaced later is checked by
    /// [`WatchOptions::security_level`](tls_certs::WatchOptions::security_level). Below 2 nothing
    /// changes: rustls has no weaker keys or ciphers. The peer's keys and signatures are the
    /// provider's decision: RSA from 2,048 bits, SHA-256 and longer.
    #[doc(alias = "SECLEVEL")]
    pub fn security_level(mut self, level: SecurityLevel) -> Self {
        self.level = level;
        self
    }

    /// Key exchange groups, best first, with colons between them; `auto` is
    /// [`DEFAULT_GROUPS`](crate::DEFAULT_GROUPS). A client sends a key share of the first, and with
    /// the hybrid one of X25519 too, as it costs nothing. A server takes the first of the *client's*
    /// list that it has.
    #[doc(alias = "ecdhCurve")]
    pub fn groups(mut self, list: &str) -> Self {
        list.clone_into(&mut self.groups);
        self
    }

    /// Application protocols, best first; an empty list is none.
    #[doc(alias = "ALPNProtocols")]
    pub fn alpn<P: AsRef<[u8]>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols
            .into_iter()
            .map(|name| name.as_ref().to_vec())
            .collect();
        self
    }

    /// Whether a server asks its clients for a certificate.
    #[doc(alias = "requestCert")]
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.only_for(Side::Server, "client_auth");
        self.client_auth = client_auth;
        self
    }

    /// Revocation lists: a peer that they revoke is refused, and one that no list covers
    /// (`CTX-08`), also when it comes back with a session. On a client they are about servers, on a
    /// server about clients.
    ///
    /// ```no_run
    /// # fn f(identity: tls_certs::Identity, clients: tls_certs::Trust) -> Result<(), Box<dyn std::error::Error>> {
    /// use tls_certs::{CrlDepth, CrlPolicy, Crls, WatchOptions};
    /// use tls_context::{ClientAuth, SecureContext};
    /// // All lists of a directory, read again when they change.
    /// let lists = Crls::watch_paths(["/etc/pki/crls"], WatchOptions::default())?;
    /// let context = SecureContext::server(identity)
    ///     .client_auth(ClientAuth::required(clients))
    ///     .crls(&lists)
    ///     .crl_policy(CrlPolicy::default().depth(CrlDepth::Leaf))
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    #[doc(alias = "crl")]
    pub fn crls(mut self, crls: impl Into<CrlSource>) -> Self {
        self.rules.crls = Some(crls.into());
        self
    }

    /// Which certificates of a chain need a list of their issuer, and whether one past its next
    /// update will do; every one, and no, unless set.
    pub fn crl_policy(mut self, policy: CrlPolicy) -> Self {
        self.rules.crl_policy = policy;
        self
    }

    /// Whether a trusted certificate ends a chain wherever it stands; yes unless set. With `false`
    /// a chain must lead to a trusted root, as in Node without `allowPartialTrustChain`
    /// (`CTX-03`).
    #[doc(alias = "allowPartialTrustChain")]
    pub fn partial_chain(mut self, partial_chain: bool) -> Self {
        self.rules.partial_chain = partial_chain;
        self
    }

    /// Keeps sessions of this context apart from those of contexts that are equal otherwise; at
    /// most 32 bytes (`CTX-11`).
    #[doc(alias = "sessionIdContext")]
    pub fn session_id_context(mut self, context: impl AsRef<[u8]>) -> Self {
        self.session_id_context = context.as_ref().to_vec();
        self
    }

    /// How long a session may be resumed, at most seven days;
    /// [`DEFAULT_SESSION_TIMEOUT`](crate::DEFAULT_SESSION_TIMEOUT) unless set (`CTX-13`).
    #[doc(alias = "sessionTimeout")]
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.session_timeout = timeout;
        self
    }

    /// How many TLS 1.3 tickets a server sends after a full handshake; 2 unless set. Each serves once,
    /// and the connection that it resumes brings one new one.
    pub fn tickets(mut self, count: u8) -> Self {
        self.tickets = count;
        self
    }

    /// Whether sessions are made and resumed at all; on unless set. Without resumption, client
    /// certificates and exporter a TLS 1.2 peer need not have the extended master secret.
    #[doc(alias = "SSL_OP_NO_TICKET")]
    pub fn resumption(mut self, resumption: bool) -> Self {
        self.resumption = resumption;
        self
    }

    /// Whether a server's order of ciphers counts rather than the client's; on unless set
    /// (`CIP-10`).
    #[doc(alias = "honorCipherOrder")]
    pub fn honor_cipher_order(mut self, honor: bool) -> Self {
        self.honor_cipher_order = honor;
        self
    }

    /// Whether connections keep the secret that an exporter or channel binding needs; off unless
    /// set, since in TLS 1.2 that secret decrypts the whole connection.
    #[doc(alias = "exportKeyingMaterial")]
    pub fn exporter(mut self, exporter: bool) -> Self {
        self.exporter = exporter;
        self
    }

    /// Hands the secrets of every connection to `key_log`. Whoever has them reads everything.
    #[doc(alias = "keylog")]
    pub fn key_log(mut self, key_log: Arc<dyn KeyLog>) -> Self {
        self.key_log = Some(key_log);
        self
    }

    /// Settings that give up a protection.
    pub fn dangerous(self) -> DangerousBuilder {
        DangerousBuilder(self)
    }

    /// Checks everything and makes the context.
    ///
    /// # Errors
    /// The first setting that is wrong, in this order: side, versions, ciphers, groups, keys, ALPN,
    /// sessions, trust.
    pub fn build(self) -> Result<SecureContext, Error> {
        self.check_side()?;
        let versions = VersionRange::new(self.min_version, self.max_version)?;
        let selection = cipher_list::select(&self.ciphers, versions, self.level)?;
        let groups = groups::parse(&self.groups, selection.versions, selection.level)?;
        self.check_keys(selection.level)?;
        alpn::check(&self.alpn)?;
        self.check_sessions()?;
        let provider = provider::new(selection.suites, groups);
        let verifiers = Verifiers::new(
            self.trust.as_ref().map(|source| &source.trust),
            &self.client_auth,
            &self.rules,
            self.accept_any,
            &provider,
        )?;
        let (versions, level) = (selection.versions, selection.level);
        Ok(self.finish(versions, level, provider, verifiers))
    }

    fn check_keys(&self, level: SecurityLevel) -> Result<(), Error> {
        let mut identities = self.identities.iter().map(Watched::get);
        identities
            .try_for_each(|identity| identity.check_level(level))
            .map_err(Error::Identity)
    }

    fn only_for(&mut self, side: Side, setting: &'static str) {
        if self.side != side {
            self.misplaced.get_or_insert((setting, side));
        }
    }

    fn check_side(&self) -> Result<(), Error> {
        match self.misplaced {
            None if self.side == Side::Server && self.identities.is_empty() => {
                Err(Error::NoIdentity)
            }
            None => Ok(()),
            Some((what, expected)) => Err(Error::WrongSide {
                what,
                expected: expected.name(),
                actual: self.side.name(),
            }),
        }
    }

    fn check_sessions(&self) -> Result<(), Error> {
        let length = self.session_id_context.len();
        if length > MAX_SESSION_ID_CONTEXT {
            return Err(Error::SessionIdContextTooLong {
                length,
                max: MAX_SESSION_ID_CONTEXT,
            });
        }
        if self.session_timeout > MAX_SESSION_TIMEOUT {
            return Err(Error::SessionTimeoutTooLong {
                timeout: self.session_timeout,
                max: MAX_SESSION_TIMEOUT,
            });
        }
        Ok(())
    }

    fn finish(
        self,
        versions: VersionRange,
        level: SecurityLevel,
        provider: Arc<CryptoProvider>,
        verifiers: Verifiers,
    ) -> SecureContext {
        let (for_server, for_client) = match self.side {
            Side::Client => (Vec::new(), self.identities.clone()),
            Side::Server | Side::WithoutCertificate => (self.identities.clone(), Vec::new()),
        };
        let server_identities = (!for_server.is_empty())
            .then(|| Arc::new(ServerIdentities::new(for_server, Arc::clone(&provider))));
        SecureContext {
            inner: Arc::new(Inner {
                side: self.side,
                provider,
                versions: versions.supported(),
                level,
                alpn: self.alpn,
                binding: SessionBinding::new(Bound {
                    session_id_context: self.session_id_context,
                    identities: self.identities,
                    trust: self.trust,
                    client_auth: self.client_auth,
                    policy: verifiers.policy(),
                    crls: self.rules.crls,
                    accept_any: self.accept_any,
                }),
                server_identities,
                client_resolver: Arc::new(ClientIdentities::new(for_client)),
                server_verifier: verifiers.server,
                client_verifier: verifiers.client,
                server_cert_verifier: verifiers.server_for_rustls,
                client_cert_verifier: verifiers.client_for_rustls,
                session_timeout: self.session_timeout,
                tickets: self.tickets,
                resumption: self.resumption,
                honor_cipher_order: self.honor_cipher_order,
                exporter: self.exporter,
                key_log: self.key_log,
                rustls_server: OnceLock::new(),
                rustls_client: OnceLock::new(),
                extensions: Extensions::default(),
            }),
        }
    }
}

/// Settings that give up a protection; see [`SecureContextBuilder::dangerous`].
#[must_use = "a builder does nothing before `build`"]
#[derive(Clone, Debug)]
pub struct DangerousBuilder(SecureContextBuilder);

impl DangerousBuilder {
    /// Completes the handshake whatever certificate the peer shows: anybody in between can be that
    /// peer. The peer still proves that it holds the certificate's key, and the verdict about the
    /// chain is there to be asked for after the handshake.
    #[doc(alias = "rejectUnauthorized")]
    pub fn accept_any_certificate(mut self) -> SecureContextBuilder {
        self.0.accept_any = true;
        self.0
    }
}

impl fmt::Debug for SecureContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecureContextBuilder")
            .field("side", &self.side)
            .field("min_version", &self.min_version)
            .field("max_version", &self.max_version)
            .field("ciphers", &self.ciphers)
            .field("groups", &self.groups)
            .field("accept_any", &self.accept_any)
            .finish_non_exhaustive()
    }
}
