//! The staple of a connection: what the hook gives, else what the stapler has (`OCS-02`…`OCS-06`).

use std::sync::Arc;

use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, SignatureScheme};
use tls_context::SecureContext;
use tls_wire::{AlertDescription, ClientHello};

use super::Incoming;
use crate::error::Phase;
use crate::refused::Refused;
use crate::staples::StapleQuestion;

/// The key to serve, its staple with it, where the hook was asked; `None` leaves key and staple to
/// the resolver. A client that does not ask for a staple costs nothing.
pub(crate) async fn choose(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    hello: &ClientHello,
) -> Result<Option<Arc<CertifiedKey>>, Refused> {
    let Some(hook) = &incoming.shared.ocsp_response else {
        return Ok(None);
    };
    if !hello.status_request() {
        return Ok(None);
    }
    let schemes: Vec<_> = hello
        .signature_schemes()
        .map(|scheme| SignatureScheme::from(scheme.0))
        .collect();
    let suites: Vec<_> = hello
        .cipher_suites()
        .map(|suite| CipherSuite::from(suite.0))
        .collect();
    let Some(identity) = context.identity_for(&schemes, &suites) else {
        return Ok(None);
    };
    let key = identity.certified_key();
    let Some(question) = StapleQuestion::new(hello, key, context) else {
        return Ok(None);
    };
    let answer = hook
        .ask(question, incoming.shared.limits.hook_timeout)
        .await;
    let response = answer.map_err(|kind| {
        Refused::with_alert(kind, Phase::Context, AlertDescription::InternalError)
    })?;
    // Also without a staple: what the hook was asked about is what serves.
    let mut stapled = CertifiedKey::clone(key);
    stapled.ocsp = response.filter(|response| !response.is_empty());
    Ok(Some(Arc::new(stapled)))
}
