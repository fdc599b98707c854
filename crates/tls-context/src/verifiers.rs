//! Who judges the peer's certificate, and what rustls takes for it.

use std::sync::Arc;

use rustls::{
    client::danger::ServerCertVerifier, crypto::CryptoProvider, server::danger::ClientCertVerifier,
};
use tls_certs::{
    ClientVerifier, ServerVerifier, Trust, Watched, WatchedClientVerifier, WatchedServerVerifier,
};

use crate::{
    ClientAuth, Error,
    accept_any::{AcceptAnyClient, AcceptAnyServer},
    crls::ChainRules,
};

/// Each verifier twice: the one that judges, and the one that rustls asks during the handshake,
/// which accepts every chain where any certificate is accepted.
#[derive(Default)]
pub(crate) struct Verifiers {
    pub(crate) server: Option<Arc<WatchedServerVerifier>>,
    pub(crate) client: Option<Arc<WatchedClientVerifier>>,
    pub(crate) server_for_rustls: Option<Arc<dyn ServerCertVerifier>>,
    pub(crate) client_for_rustls: Option<Arc<dyn ClientCertVerifier>>,
}

impl Verifiers {
    pub(crate) fn new(
        trust: Option<&Watched<Trust>>,
        client_auth: &ClientAuth,
        rules: &ChainRules,
        accept_any: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let mut verifiers = Self::default();
        if let Some(trust) = trust {
            if trust.get().is_empty() && !accept_any {
                return Err(Error::EmptyTrust);
            }
            verifiers.verify_servers(server_verifier(trust, rules, provider)?, accept_any);
        }
        if let Some(trust) = client_auth.watched_trust() {
            // Also when any certificate is accepted: what a server asks for are these authorities.
            if trust.get().is_empty() {
                return Err(Error::EmptyTrust);
            }
            let mandatory = client_auth.is_required();
            let verifier = client_verifier(trust, mandatory, rules, provider)?;
            verifiers.verify_clients(verifier, accept_any);
        }
        if verifiers.server.is_none() && verifiers.client.is_none() && rules.crls.is_some() {
            return Err(Error::CrlsUnused);
        }
        Ok(verifiers)
    }

    /// A fingerprint of how chains are judged, apart from trust and lists; `None` if none is.
    pub(crate) fn policy(&self) -> Option<[u8; 32]> {
        let server = self.server.as_ref();
        let client = self.client.as_ref();
        server
            .map(|verifier| verifier.current().policy_fingerprint())
            .or_else(|| client.map(|verifier| verifier.current().policy_fingerprint()))
    }

    fn verify_servers(&mut self, verifier: Arc<WatchedServerVerifier>, accept_any: bool) {
        let for_rustls: Arc<dyn ServerCertVerifier> =
            Arc::<WatchedServerVerifier>::clone(&verifier);
        self.server = Some(verifier);
        self.server_for_rustls = Some(if accept_any {
            Arc::new(AcceptAnyServer(for_rustls))
        } else {
            for_rustls
        });
    }

    fn verify_clients(&mut self, verifier: Arc<WatchedClientVerifier>, accept_any: bool) {
        let for_rustls: Arc<dyn ClientCertVerifier> =
            Arc::<WatchedClientVerifier>::clone(&verifier);
        self.client = Some(verifier);
        self.client_for_rustls = Some(if accept_any {
            Arc::new(AcceptAnyClient(for_rustls))
        } else {
            for_rustls
        });
    }
}

fn server_verifier(
    trust: &Watched<Trust>,
    rules: &ChainRules,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WatchedServerVerifier>, Error> {
    let (policy, partial, provider) = (rules.crl_policy, rules.partial_chain, Arc::clone(provider));
    let crls = rules.watched_crls().cloned();
    let verifier = WatchedServerVerifier::with_crls(trust.clone(), crls, move |trust, crls| {
        ServerVerifier::builder(trust, Arc::clone(&provider))
            .crls(crls)
            .crl_policy(policy)
            .partial_chain(partial)
            .build()
    });
    verifier.map(Arc::new).map_err(Error::Trust)
}

fn client_verifier(
    trust: &Watched<Trust>,
    mandatory: bool,
    rules: &ChainRules,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WatchedClientVerifier>, Error> {
    let (policy, partial, provider) = (rules.crl_policy, rules.partial_chain, Arc::clone(provider));
    let crls = rules.watched_crls().cloned();
    let verifier = WatchedClientVerifier::with_crls(trust.clone(), crls, move |trust, crls| {
        ClientVerifier::builder(trust, Arc::clone(&provider))
            .mandatory(mandatory)
            .crls(crls)
            .crl_policy(policy)
            .partial_chain(partial)
            .build()
    });
    verifier.map(Arc::new).map_err(Error::Trust)
}
