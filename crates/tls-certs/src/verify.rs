//! One decision about a chain: webpki's, the one exception, and the reason of a refusal.

use std::fmt;
use std::sync::Arc;

use crate::Refusal;
use crate::listed;
use crate::refusal::{Refused, explain};

/// Turns webpki's answer about `refused` into ours.
///
/// An error becomes an acceptance only through [`listed::verify`]. A certificate that is
/// known to be revoked does not pass there either.
pub(crate) fn decide(
    webpki: Result<(), rustls::Error>,
    refused: &Refused<'_>,
) -> Result<(), Refusal> {
    let Err(mut error) = webpki else {
        return Ok(());
    };
    let revoked = matches!(
        error,
        rustls::Error::InvalidCertificate(rustls::CertificateError::Revoked)
    );
    let exception = refused.chain.first().filter(|_| !revoked);
    match exception.and_then(|leaf| listed::verify(refused.trust, leaf, refused.usage, refused.now))
    {
        Some(Ok(())) => return Ok(()),
        Some(Err(reason)) => error = reason,
        None => {}
    }
    Err(explain(refused, error))
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
