//! Signatures of certificates and responses, verified by the provider's algorithms.

use der::{Decode, Encode};
use pki_types::SignatureVerificationAlgorithm;
use rustls::crypto::CryptoProvider;
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoOwned};

use crate::error::{Error, Result, certificate};
use crate::message::Signed;

/// A public key as the provider's algorithms want it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// Content of the AlgorithmIdentifier.
    algorithm: Vec<u8>,
    pub(crate) bits: Vec<u8>,
}

impl PublicKey {
    pub(crate) fn of(spki: &SubjectPublicKeyInfoOwned) -> Result<Self> {
        let algorithm = spki.algorithm.to_der().map_err(certificate)?;
        Ok(Self {
            algorithm: content(&algorithm).ok_or_else(|| certificate("public key"))?,
            bits: spki.subject_public_key.raw_bytes().to_vec(),
        })
    }

    /// Whether `signed` was signed by this key.
    pub(crate) fn verify(
        &self,
        provider: &CryptoProvider,
        signed: &[u8],
        algorithm: &AlgorithmIdentifierRef<'_>,
        signature: &[u8],
    ) -> Result<()> {
        let identifier = algorithm.to_der().ok().and_then(|der| content(&der));
        let identifier = identifier.ok_or(Error::SignatureAlgorithm)?;
        let suits = |candidate: &&&dyn SignatureVerificationAlgorithm| {
            candidate.signature_alg_id().as_ref() == identifier.as_slice()
                && candidate.public_key_alg_id().as_ref() == self.algorithm.as_slice()
        };
        let all = provider.signature_verification_algorithms.all;
        let found = all.iter().find(suits).ok_or(Error::SignatureAlgorithm)?;
        found
            .verify_signature(&self.bits, signed, signature)
            .map_err(|_| Error::Signature)
    }

    /// The key of a certificate.
    #[cfg(feature = "fetch")]
    pub(crate) fn of_certificate(der: &[u8]) -> Result<Self> {
        let parsed = x509_cert::Certificate::from_der(der).map_err(certificate)?;
        Self::of(parsed.tbs_certificate().subject_public_key_info())
    }

    /// Whether the certificate or list in `der` was signed by this key.
    pub(crate) fn verify_signed(&self, provider: &CryptoProvider, der: &[u8]) -> Result<()> {
        let signed = Signed::from_der(der).map_err(certificate)?;
        let tbs = signed.tbs.to_der().map_err(certificate)?;
        let signature = signed.signature.raw_bytes();
        self.verify(provider, &tbs, &signed.signature_algorithm, signature)
    }
}

fn content(der: &[u8]) -> Option<Vec<u8>> {
    let any = der::asn1::AnyRef::from_der(der).ok()?;
    Some(any.value().to_vec())
}
