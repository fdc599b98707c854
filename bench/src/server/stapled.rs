//! This workspace with a staple, which was set by hand: nothing is fetched while handshakes are
//! measured.

use rcgen::KeyPair;
use tls_context::SecureContext;
use tls_net::TlsAcceptor;
use tls_ocsp::{OcspRequest, ResponseVerifier, Stapler, Target};

use super::ours::server_identity;
use crate::Result;
use crate::identity::{Identity, PROTOCOL};
use crate::ocsp::{provider, response};

/// The same context as without a staple. The certificate signs for itself, so its key answers.
pub(super) fn acceptor() -> Result<TlsAcceptor> {
    let Identity { certificate, key } = Identity::generate()?;
    let target = Target::new(&certificate, &certificate, &provider())?;
    let request = OcspRequest::new(&target)?;
    let response = response::good(request.as_der(), &KeyPair::try_from(&key)?)?;
    let stapler = Stapler::builder(ResponseVerifier::new(provider()))
        .issuers([certificate.clone()])
        .start();
    stapler.set(std::slice::from_ref(&certificate), response)?;
    let context = SecureContext::server(server_identity(certificate, key)?)
        .alpn([PROTOCOL])
        .resumption(false)
        .tickets(0)
        .build()?;
    Ok(TlsAcceptor::builder(context).stapler(stapler).build()?)
}
