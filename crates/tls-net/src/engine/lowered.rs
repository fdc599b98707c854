//! A context lowered to the rustls configuration that the engine drives, once per context.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::{ClientConfig, ServerConfig};
use tls_context::{ClientAuth, SecureContext};
use tls_ocsp::ResponseVerifier;

use super::client_slot::{SlotClientIdentity, SlotClientSessions, SlotServerVerifier};
use super::secrets::SlotKeyLog;
use super::server_slot::{SlotClientVerifier, SlotResolver, SlotSessionStorage, SlotTicketer};
use super::slot::SlotClock;

/// The configuration of a server context. Everything that differs per connection is in the slot,
/// so one `Arc` serves all.
pub(crate) fn server(context: &SecureContext) -> Result<Arc<ServerConfig>, rustls::Error> {
    let lowered = context.extension(|context| Lowered(lower_server(context)));
    lowered.0.clone()
}

/// The configuration of a client context.
pub(crate) fn client(context: &SecureContext) -> Result<Arc<ClientConfig>, rustls::Error> {
    let lowered = context.extension(|context| Lowered(lower_client(context)));
    lowered.0.clone()
}

struct Lowered<C>(Result<Arc<C>, rustls::Error>);

fn lower_server(context: &SecureContext) -> Result<Arc<ServerConfig>, rustls::Error> {
    if !context.is_server() {
        return Err(rustls::Error::General(
            "the context of a client can't serve; make one with SecureContext::server".into(),
        ));
    }
    let builder =
        ServerConfig::builder_with_details(context.provider().clone(), Arc::new(SlotClock))
            .with_protocol_versions(context.versions())?;
    let builder = match context.client_verifier() {
        Some(verifier) => builder.with_client_cert_verifier(Arc::new(SlotClientVerifier {
            inner: verifier.clone(),
        })),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(SlotResolver {
        inner: context.server_resolver(),
    }));
    config.alpn_protocols = context.alpn().to_vec();
    config.ignore_client_order = context.honors_cipher_order();
    config.send_tls13_tickets = usize::from(context.ticket_count());
    config.key_log = Arc::new(SlotKeyLog);
    config.ticketer = Arc::new(SlotTicketer);
    config.session_storage = Arc::new(SlotSessionStorage);
    config.enable_secret_extraction = true;
    // RFC 7627: without the extended master secret a TLS 1.2 handshake proves nothing about the
    // peer's certificate, and exporters are not bound to the connection. Sessions are refused by
    // the pipeline for the same reason, so a plain server still takes clients without it.
    config.require_ems =
        !matches!(context.client_auth(), ClientAuth::Off) || context.wants_exporter();
    Ok(Arc::new(config))
}

fn lower_client(context: &SecureContext) -> Result<Arc<ClientConfig>, rustls::Error> {
    let Some(verifier) = context.server_verifier() else {
        return Err(rustls::Error::General(
            "the context of a server can't connect; make one with SecureContext::client".into(),
        ));
    };
    let mut config =
        ClientConfig::builder_with_details(context.provider().clone(), Arc::new(SlotClock))
            .with_protocol_versions(context.versions())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(SlotServerVerifier {
                inner: verifier.clone(),
                staples: ResponseVerifier::new(context.provider().clone()),
            }))
            .with_client_cert_resolver(Arc::new(SlotClientIdentity {
                inner: context.client_resolver(),
            }));
    config.alpn_protocols = context.alpn().to_vec();
    config.resumption = Resumption::store(Arc::new(SlotClientSessions));
    config.key_log = Arc::new(SlotKeyLog);
    config.enable_secret_extraction = true;
    config.require_ems = context.client_resolver().has_certs() || context.wants_exporter();
    Ok(Arc::new(config))
}
