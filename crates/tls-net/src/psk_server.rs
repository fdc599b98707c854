//! Pre-shared keys at a server, beside certificates or in their place.

use std::future::Future;
use std::sync::Arc;

use tls_context::SecureContext;
use tls_psk::limits::MAX_HINT;
use tls_psk::{PskIdentity, PskKey, PskLookup, PskQuery, PskWarning, ServerConfig, Tickets};
use tls_session_store::ContextId;
use tls_wire::{CipherSuite, ProtocolVersion};

use crate::AcceptorBuilder;
use crate::acceptor::{Contexts, Shared};
use crate::error::Error;
use crate::hooks::BoxError;

/// What an acceptor knows of pre-shared keys.
#[derive(Clone, Debug)]
pub(crate) struct PskServer {
    pub(crate) lookup: PskLookup,
    hint: Option<Vec<u8>>,
    decoy: bool,
    without_forward_secrecy: bool,
    own_identities: Vec<PskIdentity>,
}

impl PskServer {
    /// Checks what can be known before the first client, and says what is better not done.
    pub(crate) fn check(&self, contexts: &Contexts) -> Result<(), Error> {
        let length = self.hint.as_ref().map_or(0, Vec::len);
        if length > MAX_HINT {
            let limit = MAX_HINT;
            return Err(Error::Psk(tls_psk::Error::HintTooLong { length, limit }));
        }
        // A key in place of a certificate that is demanded would be a way around it, and both
        // together (RFC 8773) are not spoken here.
        if contexts.default.client_auth().is_required() {
            return Err(Error::PskWithClientCertificates);
        }
        if self.without_forward_secrecy {
            let warning = PskWarning::NoForwardSecrecy;
            tracing::warn!(code = warning.code(), "{warning}");
        }
        Ok(())
    }

    /// What the engine is allowed to do for a connection under `context`, with this protocol where
    /// the hook chose one.
    pub(crate) fn config(
        &self,
        shared: &Shared,
        context: &SecureContext,
        version: ProtocolVersion,
        protocol: Option<&[u8]>,
    ) -> ServerConfig {
        let mut config = ServerConfig::new(Arc::clone(context.provider()));
        config.versions = versions(context);
        config.cipher_suites = cipher_suites(context, &config.cipher_suites);
        config.client_order = !context.honors_cipher_order();
        config.alpn = match protocol {
            Some(protocol) => vec![protocol.to_vec()],
            None => context.alpn().to_vec(),
        };
        config.allow_psk_ke = self.without_forward_secrecy;
        // What is not taken must not keep a client from its certificate.
        let listed = config.cipher_suites.iter().copied();
        config.cipher_suites = listed.filter(|it| config.takes_suite(*it)).collect();
        config.hint.clone_from(&self.hint);
        // Where there is a certificate, the handshake goes on with it instead.
        config.decoy = self.decoy && context.server_resolver().is_none();
        config.own_identities.clone_from(&self.own_identities);
        config.tickets = tickets(shared, context);
        config.key_log = context.key_log().cloned();
        // In TLS 1.3 the exporter's secret opens nothing else.
        config.exporter = version == ProtocolVersion::Tls13 || context.wants_exporter();
        config
    }
}

/// The versions of a context, as tls-psk knows them.
pub(crate) fn versions(context: &SecureContext) -> Vec<ProtocolVersion> {
    let versions = context.versions().iter();
    versions
        .map(|version| ProtocolVersion::from(u16::from(version.version)))
        .collect()
}

/// The order of TLS 1.3 suites where nobody asked for another.
const DEFAULT_ORDER: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_AES_128_GCM_SHA256,
];

/// Of TLS 1.3 what the context has, in its order; of TLS 1.2 the suites with pre-shared keys, which
/// only this engine has. `all` is what the engine has, in its order.
///
/// The default order begins with a suite that an ordinary key, one for SHA-256, does not go with;
/// the engine's own begins with the one that Node takes (`PSK-11`), and takes its place.
pub(crate) fn cipher_suites(context: &SecureContext, all: &[CipherSuite]) -> Vec<CipherSuite> {
    let suites = context.provider().cipher_suites.iter();
    let tls13: Vec<_> = suites
        .filter(|suite| suite.version().version == rustls::ProtocolVersion::TLSv1_3)
        .map(|suite| CipherSuite(u16::from(suite.suite())))
        .filter(|suite| all.contains(suite))
        .collect();
    if tls13 == DEFAULT_ORDER {
        return all.to_vec();
    }
    let tls12 = all.iter().copied();
    let tls12 = tls12.filter(|suite| suite.works_in(ProtocolVersion::Tls12));
    tls13.into_iter().chain(tls12).collect()
}

/// Tickets under the keys that seal those of rustls, as a kind of their own.
fn tickets(shared: &Shared, context: &SecureContext) -> Option<Tickets> {
    let keys = shared.ticket_keys.as_ref().filter(|_| shared.tickets)?;
    if context.ticket_count() == 0 {
        return None;
    }
    let mut tickets = Tickets::new(keys.clone(), ContextId(context.context_id()));
    tickets.lifetime = context.session_timeout();
    tickets.maker = Arc::clone(&shared.worker);
    Some(tickets)
}

impl AcceptorBuilder {
    /// Takes clients that have one of these keys (`PSK-02`): a table, which may be a file that is
    /// read again when it changes.
    ///
    /// Beside certificates: a client that offers a key which is known gets a handshake with it, any
    /// other one with a certificate of its context, if that has one. In TLS 1.2 the suites that a
    /// client offers decide: one that offers suites with pre-shared keys gets one of these
    /// (`PSK-12`).
    ///
    /// A context without any certificate is [`SecureContext::without_certificate`]. A context that
    /// demands client certificates takes no keys.
    #[must_use]
    #[doc(alias = "pskCallback")]
    pub fn psk(mut self, keys: impl Into<PskLookup>) -> Self {
        self.with_lookup(keys.into());
        self
    }

    /// As [`psk`](Self::psk), but asks `lookup` for the keys of each identity that a client offers,
    /// of at most four: one, several (while a key is changed), or none if it is unknown. An error, a
    /// panic or a delay ends that one connection (`PSK-15`).
    #[must_use]
    #[doc(alias = "pskCallback")]
    pub fn psk_lookup<F, Fut, K, E>(mut self, lookup: F) -> Self
    where
        F: Fn(PskQuery) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<K, E>> + Send + 'static,
        K: IntoIterator<Item = PskKey>,
        E: Into<BoxError>,
    {
        self.with_lookup(PskLookup::new(lookup));
        self
    }

    fn with_lookup(&mut self, lookup: PskLookup) {
        self.psk_server().lookup = lookup;
    }

    fn psk_server(&mut self) -> &mut PskServer {
        self.psk.get_or_insert_with(|| PskServer {
            lookup: PskLookup::new(|_| std::future::ready(Ok::<Option<PskKey>, BoxError>(None))),
            hint: None,
            decoy: false,
            without_forward_secrecy: false,
            own_identities: Vec::new(),
        })
    }

    /// TLS 1.2: a hint for clients that have several keys, at most 256 bytes. TLS 1.3 has none
    /// (`PSK-13`).
    #[must_use]
    #[doc(alias = "pskIdentityHint")]
    pub fn psk_hint(mut self, hint: &str) -> Self {
        self.psk_server().hint = Some(hint.as_bytes().to_vec());
        self
    }

    /// Answers identities that are not known with a handshake that fails as one with a wrong key
    /// does, so that nobody can find out which there are. Only in contexts without certificates;
    /// off by default, and how long a look-up takes may still tell.
    #[must_use]
    pub fn psk_decoy(mut self, decoy: bool) -> Self {
        self.psk_server().decoy = decoy;
        self
    }

    /// Also takes keys without a key exchange of their own for each connection: `psk_ke` in TLS
    /// 1.3, plain PSK suites in TLS 1.2, for the smallest devices. Whoever gets such a key later can
    /// read all that was recorded. Off by default.
    #[must_use]
    pub fn psk_without_forward_secrecy(mut self, allow: bool) -> Self {
        self.psk_server().without_forward_secrecy = allow;
        self
    }

    /// The identities under which this program is a client itself. A hello that offers one comes
    /// from this very program, reflected, and is refused (RFC 9257, Section 4.1).
    #[must_use]
    pub fn psk_own_identities(mut self, identities: impl IntoIterator<Item = PskIdentity>) -> Self {
        self.psk_server().own_identities = identities.into_iter().collect();
        self
    }
}
