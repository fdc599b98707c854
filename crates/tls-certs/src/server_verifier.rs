//! A client's verification of a server.

use std::sync::Arc;

use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::refusal::Refused;
use crate::usage::Usage;
use crate::verify::{RefusalHook, decide};
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
        // Made here rather than in the first handshake.
        trust.anchors();
        Ok(Self {
            trust,
            provider,
            hook: RefusalHook::default(),
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
        let [leaf, intermediates @ ..] = chain else {
            return Err(Refusal::no_certificate());
        };
        let refused = Refused {
            chain,
            trust: &self.trust,
            usage: &Usage::Server(name),
            now,
            algorithms: self.provider.signature_verification_algorithms,
        };
        decide(self.ask_webpki(leaf, intermediates, name, now), &refused)
    }

    /// The trust that it was made with.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    fn ask_webpki(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let leaf = ParsedCertificate::try_from(leaf)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            &leaf,
            self.trust.anchors(),
            intermediates,
            now,
            algorithms,
        )?;
        verify_server_name(&leaf, name)
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
