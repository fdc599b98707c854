//! A server's verification of its clients.

use std::collections::BTreeSet;
use std::sync::Arc;

use der::{Decode, Encode};
use pki_types::{CertificateDer, UnixTime};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};

use crate::server_verifier::whole_chain;
use crate::usage::Usage;
use crate::verify::{ChainPolicy, RefusalHook, VerifierBuilder};
use crate::{Error, Refusal, Result, Trust};

/// Issuer names sent to clients, in bytes. The field holds 65,535 (RFC 8446, Section
/// 4.2.4); above this none are sent, which means "any".
const MAX_HINTS: usize = 60 * 1024;

/// Verifies client certificates against a [`Trust`], and says why when it refuses.
///
/// rustls-webpki decides; see [`Trust`] for the one exception. Cheap to clone. Hand it to
/// rustls with `ServerConfig::builder_with_provider(..).with_client_cert_verifier(..)`.
#[derive(Clone, Debug)]
pub struct ClientVerifier {
    policy: ChainPolicy,
    trust: Trust,
    mandatory: bool,
    provider: Arc<CryptoProvider>,
    hints: Arc<[DistinguishedName]>,
    hook: RefusalHook,
}

impl ClientVerifier {
    /// Makes a verifier. With `mandatory`, rustls ends the handshake of a client that
    /// presents no certificate; a certificate that is presented must be good either way.
    ///
    /// # Errors
    ///
    /// [`Error::NothingTrusted`] for an empty trust.
    #[doc(alias = "requestCert")]
    #[doc(alias = "rejectUnauthorized")]
    pub fn new(trust: Trust, mandatory: bool, provider: Arc<CryptoProvider>) -> Result<Self> {
        Self::builder(trust, provider).mandatory(mandatory).build()
    }

    /// For more settings: revocation lists, partial chains. Every client must present a
    /// certificate unless [`VerifierBuilder::mandatory`] says otherwise.
    pub fn builder(trust: Trust, provider: Arc<CryptoProvider>) -> VerifierBuilder<Self> {
        VerifierBuilder::new(trust, provider, Self::from_builder)
    }

    fn from_builder(made: VerifierBuilder<Self>) -> Result<Self> {
        if made.trust.is_empty() {
            return Err(Error::NothingTrusted);
        }
        let policy = ChainPolicy::new(
            &made.trust,
            |settings| settings.clients,
            made.options,
            &made.provider,
        );
        Ok(Self {
            hints: policy.trust.hints(hints),
            policy,
            trust: made.trust,
            mandatory: made.mandatory,
            provider: made.provider,
            hook: made.hook,
        })
    }

    /// Calls `hook` with each refusal that happens inside a handshake: rustls's own error
    /// has no room for the explanation. Called while rustls verifies, so it must not block.
    #[must_use]
    pub fn on_refusal(mut self, hook: impl Fn(&Refusal) + Send + Sync + 'static) -> Self {
        self.hook = RefusalHook::new(hook);
        self
    }

    /// Verifies a chain, leaf first, as presented by a client.
    ///
    /// The handshake's signature is not part of this; rustls asks for it separately.
    ///
    /// # Errors
    ///
    /// The [`Refusal`].
    pub fn verify(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Refusal> {
        self.policy.verify(chain, &Usage::Client, now)
    }

    /// The trust that it was made with.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// A fingerprint of how it decides, apart from the trust and the content of revocation
    /// lists: for what must not outlive a change of policy, such as sessions.
    #[must_use]
    pub fn policy_fingerprint(&self) -> [u8; 32] {
        self.policy.options.fingerprint()
    }

    /// Whether every client must present a certificate.
    #[must_use]
    pub fn is_mandatory(&self) -> bool {
        self.mandatory
    }
}

/// Names of the issuers that a client's certificate may have: the anchors', and for a
/// listed certificate the name of its own issuer, since clients choose by that.
fn hints(trust: &Trust) -> Arc<[DistinguishedName]> {
    let mut names: BTreeSet<Vec<u8>> = trust
        .anchors()
        .subjects()
        .into_iter()
        .map(|name| name.as_ref().to_vec())
        .collect();
    for listed in trust
        .not_anchors()
        .filter(|certificate| certificate.is_listed())
    {
        let certificate = x509_cert::Certificate::from_der(listed.der());
        names.extend(
            certificate
                .ok()
                .and_then(|c| c.tbs_certificate().issuer().to_der().ok()),
        );
    }
    if names.iter().map(|name| name.len() + 2).sum::<usize>() > MAX_HINTS {
        return Arc::from([]);
    }
    names.into_iter().map(DistinguishedName::from).collect()
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let chain = whole_chain(end_entity, intermediates);
        self.verify(&chain, now)
            .map_err(|refusal| self.hook.report(&refusal))?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
