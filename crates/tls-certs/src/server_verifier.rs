//! A client's verification of a server.

use std::sync::Arc;

use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::usage::Usage;
use crate::verify::{ChainPolicy, RefusalHook, VerifierBuilder};
use crate::{Refusal, Result, Trust};

/// Verifies servers against a [`Trust`], and says why when it refuses.
///
/// rustls-webpki decides; see [`Trust`] for the one exception. Names are looked for among
/// the subject alternative names only, never in the common name.
///
/// Cheap to clone. Hand it to rustls with
/// `ClientConfig::builder_with_provider(..).dangerous().with_custom_certificate_verifier(..)`:
/// "dangerous" is rustls's word for every verifier that is not its own.
#[derive(Clone, Debug)]
pub struct ServerVerifier {
    policy: ChainPolicy,
    trust: Trust,
    provider: Arc<CryptoProvider>,
    hook: RefusalHook,
}

impl ServerVerifier {
    /// Makes a verifier. With an empty trust it refuses every server (Spec T-VER-02).
    ///
    /// # Errors
    ///
    /// None at present; building may have conditions later.
    pub fn new(trust: Trust, provider: Arc<CryptoProvider>) -> Result<Self> {
        Self::builder(trust, provider).build()
    }

    /// For more settings: revocation lists, partial chains.
    pub fn builder(trust: Trust, provider: Arc<CryptoProvider>) -> VerifierBuilder<Self> {
        VerifierBuilder::new(trust, provider, Self::from_builder)
    }

    fn from_builder(made: VerifierBuilder<Self>) -> Result<Self> {
        Ok(Self {
            policy: ChainPolicy::new(
                &made.trust,
                |settings| settings.servers,
                made.options,
                &made.provider,
            ),
            trust: made.trust,
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

    /// Verifies a chain, leaf first, as presented by a server that was reached as `name`.
    ///
    /// The handshake's signature is not part of this; rustls asks for it separately.
    ///
    /// # Errors
    ///
    /// The [`Refusal`].
    pub fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        self.policy.verify(chain, &Usage::Server(name), now)
    }

    /// Verifies the chain of a server whatever its name: for tools that look at files.
    ///
    /// A connection needs [`ServerVerifier::verify`]: without a name, any server that has any
    /// certificate could stand in for any other.
    ///
    /// # Errors
    ///
    /// The [`Refusal`].
    pub fn verify_any_name(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Refusal> {
        self.policy.verify(chain, &Usage::AnyServer, now)
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
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = whole_chain(end_entity, intermediates);
        self.verify(&chain, server_name, now)
            .map_err(|refusal| self.hook.report(&refusal))?;
        Ok(ServerCertVerified::assertion())
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

/// The chain in one piece, borrowed: rustls hands out leaf and intermediates separately.
pub(crate) fn whole_chain<'a>(
    end_entity: &'a CertificateDer<'_>,
    intermediates: &'a [CertificateDer<'_>],
) -> Vec<CertificateDer<'a>> {
    std::iter::once(end_entity)
        .chain(intermediates)
        .map(|certificate| CertificateDer::from_slice(certificate))
        .collect()
}
