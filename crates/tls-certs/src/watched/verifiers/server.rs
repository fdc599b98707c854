//! A client's verification of servers under a trust that changes.

use std::fmt;
use std::sync::Arc;

use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{DigitallySignedStruct, SignatureScheme};

use super::Current;
use crate::watched::Watched;
use crate::{Crls, Refusal, Result, ServerVerifier, Trust};

/// A [`ServerVerifier`] whose trust (and revocation lists) are [`Watched`]: rustls keeps one and the
/// same verifier (it resumes no session otherwise), and each handshake is verified under the trust
/// of its time.
///
/// rustls verifies nothing when it resumes a session. With plain rustls set
/// `ClientConfig::resumption` to `Resumption::disabled()`, or a server that an earlier trust
/// verified goes on being accepted.
pub struct WatchedServerVerifier(Current<ServerVerifier>);

impl WatchedServerVerifier {
    /// Makes a verifier as [`ServerVerifier::new`] does, and again when the trust changes.
    ///
    /// # Errors
    ///
    /// As [`ServerVerifier::new`].
    pub fn new(trust: Watched<Trust>, provider: Arc<CryptoProvider>) -> Result<Self> {
        Self::with(trust, move |trust| {
            ServerVerifier::new(trust, Arc::clone(&provider))
        })
    }

    /// As [`WatchedServerVerifier::new`], each verifier made by `make`: for those with options.
    /// Should `make` refuse a later trust, the verifier before stays in use, and it is reported.
    ///
    /// # Errors
    ///
    /// `make` refuses the first trust.
    pub fn with(
        trust: Watched<Trust>,
        make: impl Fn(Trust) -> Result<ServerVerifier> + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::with_crls(trust, None, move |trust, _| make(trust))
    }

    /// As [`WatchedServerVerifier::with`], with revocation lists that are watched too: each
    /// handshake is judged by the lists of its time. Hand what `make` is given on to
    /// [`VerifierBuilder::crls`](crate::VerifierBuilder::crls).
    ///
    /// # Errors
    ///
    /// `make` refuses the first trust and lists.
    pub fn with_crls(
        trust: Watched<Trust>,
        crls: Option<Watched<Crls>>,
        make: impl Fn(Trust, Option<Crls>) -> Result<ServerVerifier> + Send + Sync + 'static,
    ) -> Result<Self> {
        Current::new(trust, crls, make).map(Self)
    }

    /// The verifier of the trust in use.
    #[must_use]
    pub fn current(&self) -> Arc<ServerVerifier> {
        self.0.get()
    }

    /// The trust.
    #[must_use]
    pub fn trust(&self) -> &Watched<Trust> {
        &self.0.trust
    }

    /// The revocation lists, if it was made with some.
    #[must_use]
    pub fn crls(&self) -> Option<&Watched<Crls>> {
        self.0.crls.as_ref()
    }

    /// As [`ServerVerifier::verify`], under the trust and the lists in use.
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
        self.current().verify(chain, name, now)
    }
}

impl fmt::Debug for WatchedServerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WatchedServerVerifier")
            .field(&self.0.trust)
            .finish()
    }
}

impl ServerCertVerifier for WatchedServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verifier = self.current();
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.current().supported_verify_schemes()
    }
}
