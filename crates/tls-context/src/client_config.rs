//! A context lowered to the configuration of a plain rustls client.

use std::sync::Arc;

use rustls::{ClientConfig, client::Resumption};

use crate::{Error, SecureContext, secure_context::Side};

pub(crate) fn lower(context: &SecureContext) -> Result<ClientConfig, Error> {
    let inner = &context.inner;
    let Some(verifier) = &inner.server_cert_verifier else {
        return Err(Error::WrongSide {
            what: "rustls_client",
            expected: Side::Client.name(),
            actual: inner.side.name(),
        });
    };
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&inner.provider))
        .with_protocol_versions(&inner.versions)
        .map_err(Error::Rustls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(verifier))
        .with_client_cert_resolver(context.client_resolver());
    config.alpn_protocols.clone_from(&inner.alpn);
    config.require_ems = context.requires_extended_master_secret();
    if let Some(key_log) = &inner.key_log {
        config.key_log = Arc::clone(key_log);
    }
    // rustls verifies nothing of a session that resumes, so one that an earlier trust verified would
    // go on under the new one.
    if !inner.resumption || inner.binding.bound().trust_may_change() {
        config.resumption = Resumption::disabled();
    }
    Ok(config)
}
