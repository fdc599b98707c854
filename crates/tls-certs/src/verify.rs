//! One decision about a chain: webpki's, the one exception, and the reason of a refusal.

mod chain_policy;
mod options;
mod rustls_error;
mod size_limits;

use std::fmt;
use std::sync::Arc;

pub(crate) use self::chain_policy::{ChainPolicy, is_root};
pub use self::options::VerifierBuilder;
pub(crate) use self::size_limits::{MAX_CERTIFICATE, MAX_CHAIN};
use crate::Refusal;
use crate::listed;
use crate::refusal::{Refused, explain};

/// Turns webpki's answer about `refused` into ours.
///
/// An error becomes an acceptance only through [`listed::verify`]. What a revocation list
/// has to say about a certificate, or should have said, does not pass there either.
pub(crate) fn decide(
    webpki: Result<(), rustls::Error>,
    refused: &Refused<'_>,
) -> Result<(), Refusal> {
    let Err(mut error) = webpki else {
        return Ok(());
    };
    let exception = refused.chain.first().filter(|leaf| {
        leaf.len() <= MAX_CERTIFICATE
            && refused.chain.len() <= MAX_CHAIN
            && !is_about_revocation(&error)
    });
    match exception.and_then(|leaf| listed::verify(refused, leaf)) {
        Some(Ok(())) => return Ok(()),
        Some(Err(reason)) => error = reason,
        None => {}
    }
    Err(explain(refused, error))
}

fn is_about_revocation(error: &rustls::Error) -> bool {
    use rustls::CertificateError as C;
    matches!(
        error,
        rustls::Error::InvalidCertRevocationList(_)
            | rustls::Error::InvalidCertificate(
                C::Revoked
                    | C::UnknownRevocationStatus
                    | C::ExpiredRevocationList
                    | C::ExpiredRevocationListContext { .. }
            )
    )
}

/// Who wants to hear of refusals that happen inside a handshake.
#[derive(Clone, Default)]
pub(crate) struct RefusalHook(Option<Arc<Hook>>);

type Hook = dyn Fn(&Refusal) + Send + Sync;

impl RefusalHook {
    pub(crate) fn new(hook: impl Fn(&Refusal) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// Reports the refusal and hands on what rustls needs to send the right alert.
    pub(crate) fn report(&self, refusal: &Refusal) -> rustls::Error {
        tracing::debug!(code = refusal.code(), depth = refusal.depth, subject = %refusal.subject, "certificate refused");
        if let Some(hook) = &self.0 {
            hook(refusal);
        }
        refusal.rustls_error()
    }
}

impl fmt::Debug for RefusalHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RefusalHook")
            .field(&self.0.is_some())
            .finish()
    }
}
