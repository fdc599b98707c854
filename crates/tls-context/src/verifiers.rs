//! Who judges the peer's certificate, and what rustls takes for it.

use std::sync::Arc;

use rustls::{
    client::danger::ServerCertVerifier, crypto::CryptoProvider, server::danger::ClientCertVerifier,
};
use tls_certs::{Trust, Watched, WatchedClientVerifier, WatchedServerVerifier};

use crate::{
    ClientAuth, Error,
    accept_any::{AcceptAnyClient, AcceptAnyServer},
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
        accept_any: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let mut verifiers = Self::default();
        if let Some(trust) = trust {
            verifiers.verify_servers(trust, accept_any, provider)?;
        }
        if let Some(trust) = client_auth.watched_trust() {
            verifiers.verify_clients(trust, client_auth.is_required(), accept_any, provider)?;
        }
        Ok(verifiers)
    }

    fn verify_servers(
        &mut self,
        trust: &Watched<Trust>,
        accept_any: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<(), Error> {
        if trust.get().is_empty() && !accept_any {
            return Err(Error::EmptyTrust);
        }
        let verifier = WatchedServerVerifier::new(trust.clone(), Arc::clone(provider));
        let verifier = Arc::new(verifier.map_err(Error::Trust)?);
        let for_rustls: Arc<dyn ServerCertVerifier> =
            Arc::<WatchedServerVerifier>::clone(&verifier);
        self.server = Some(verifier);
        self.server_for_rustls = Some(if accept_any {
            Arc::new(AcceptAnyServer(for_rustls))
        } else {
            for_rustls
        });
        Ok(())
    }

    fn verify_clients(
        &mut self,
        trust: &Watched<Trust>,
        mandatory: bool,
        accept_any: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<(), Error> {
        // Also when any certificate is accepted: what a server asks for are these authorities.
        if trust.get().is_empty() {
            return Err(Error::EmptyTrust);
        }
        let verifier = WatchedClientVerifier::new(trust.clone(), mandatory, Arc::clone(provider));
        let verifier = Arc::new(verifier.map_err(Error::Trust)?);
        let for_rustls: Arc<dyn ClientCertVerifier> =
            Arc::<WatchedClientVerifier>::clone(&verifier);
        self.client = Some(verifier);
        self.client_for_rustls = Some(if accept_any {
            Arc::new(AcceptAnyClient(for_rustls))
        } else {
            for_rustls
        });
        Ok(())
    }
}
