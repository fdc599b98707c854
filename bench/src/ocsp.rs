//! Work on OCSP responses, in one process: their verification beside that of their signature alone,
//! and a stapler that watches a thousand certificates.

mod responder;
pub(crate) mod response;
mod watch;

use std::hint::black_box;
use std::str::FromStr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, UnixTime, alg_id};
use tls_ocsp::{CertificateStatus, OcspRequest, ResponseVerifier, Target};

use crate::alone::print_rate;
use crate::identity::SERVER_NAME;
use crate::options::Options;
use crate::{Error, Result};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// A response of the issuer.
    Verify,
    /// A thousand certificates.
    Watch,
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    /// The signature alone, by rustls's provider.
    Signature,
    /// tls-ocsp.
    Ours,
}

impl FromStr for Row {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "ocsp-verify" => Self::Verify,
            "ocsp-watch" => Self::Watch,
            _ => return Err(format!("there is no row {name:?} on OCSP").into()),
        })
    }
}

impl FromStr for Stack {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "aws-lc-rs" => Self::Signature,
            "tls-ocsp" => Self::Ours,
            _ => return Err(format!("there is no stack {name:?} on OCSP").into()),
        })
    }
}

pub(crate) fn run(stack: Stack, row: Row, options: &Options) -> Result<()> {
    match (row, stack) {
        (Row::Verify, Stack::Ours) => verify(options),
        (Row::Verify, Stack::Signature) => verify_signature(options),
        (Row::Watch, Stack::Ours) => watch::run(),
        (Row::Watch, Stack::Signature) => Err("a signature watches nothing".into()),
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// An issuer on P-256 that answers for itself.
struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn generate() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "bench issuer");
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.der().clone();
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// A new certificate with `key`, and its issuer's.
    fn chain(&self, key: &KeyPair) -> Result<[CertificateDer<'static>; 2]> {
        let params = CertificateParams::new(vec![SERVER_NAME.to_owned()])?;
        let leaf = params.signed_by(key, &self.issuer)?.der().clone();
        Ok([leaf, self.certificate.clone()])
    }
}

/// A response to a certificate, its issuer known from before.
fn verify(options: &Options) -> Result<()> {
    let authority = Authority::generate()?;
    let chain = authority.chain(&KeyPair::generate()?)?;
    let target = Target::from_chain(&chain, [], &provider())?;
    let request = OcspRequest::new(&target)?;
    let response = response::good(request.as_der(), authority.issuer.key())?;
    let verifier = ResponseVerifier::new(provider());
    let now = UnixTime::now();
    print_rate(options, || {
        let verified = verifier.verify(&target, &response, now)?;
        match black_box(verified).status {
            CertificateStatus::Good => Ok(()),
            _ => Err("the verdict is another".into()),
        }
    })
}

/// ECDSA on P-256 with SHA-256 over as many bytes as such a response signs.
fn verify_signature(options: &Options) -> Result<()> {
    let key = KeyPair::generate()?;
    let message = [0x5a; response::SIGNED_LEN];
    let signature = rcgen::SigningKey::sign(&key, &message)?;
    let provider = provider();
    let algorithms = provider.signature_verification_algorithms.all;
    let algorithm = algorithms.iter().find(|candidate| {
        candidate.public_key_alg_id() == alg_id::ECDSA_P256
            && candidate.signature_alg_id() == alg_id::ECDSA_SHA256
    });
    let algorithm = algorithm.ok_or("the provider lacks ECDSA on P-256")?;
    let public = key.der_bytes();
    print_rate(options, || {
        algorithm
            .verify_signature(black_box(public), &message, &signature)
            .map_err(|_| "the signature is another".into())
    })
}
