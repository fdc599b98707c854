//! A context lowered to the configuration of a plain rustls server.

use std::sync::Arc;

use rustls::{ServerConfig, server::NoServerSessionStorage};

use crate::{Error, SecureContext, secure_context::Side};

pub(crate) fn lower(context: &SecureContext) -> Result<ServerConfig, Error> {
    let inner = &context.inner;
    if inner.side == Side::Client {
        return Err(Error::WrongSide {
            what: "rustls_server",
            expected: Side::Server.name(),
            actual: inner.side.name(),
        });
    }
    let resolver = context.server_resolver().ok_or(Error::NoIdentity)?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&inner.provider))
        .with_protocol_versions(&inner.versions)
        .map_err(Error::Rustls)?;
    let builder = match &inner.client_cert_verifier {
        Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(resolver);
    config.alpn_protocols.clone_from(&inner.alpn);
    config.ignore_client_order = inner.honor_cipher_order;
    config.send_tls13_tickets = context.ticket_count().into();
    config.require_ems = context.requires_extended_master_secret();
    if let Some(key_log) = &inner.key_log {
        config.key_log = Arc::clone(key_log);
    }
    // Under client certificates a stored chain would have to be judged again when it comes back,
    // and rustls does not: neither its dates nor today's trust.
    if !inner.resumption || context.client_auth().asks() {
        config.session_storage = Arc::new(NoServerSessionStorage {});
    }
    Ok(config)
}
