//! Whether a pre-shared key is the proof of this connection, and the handshake if it is.
//!
//! Tickets of ours are recognised first and go to the engine that made them; then the look-up is
//! asked for the identities that none of our keys opens. None known: the certificate of the context,
//! where there is one.

mod handshake;
mod lookup;

use std::sync::Arc;
use std::time::Duration;

use tls_context::SecureContext;
use tls_psk::{PskChoice, PskOffer, ServerConfig};
use tls_session_store::{ContextId, Kind, NotResumed};
use tls_wire::{CipherSuite, ClientHello, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) use self::handshake::{drive, negotiated, panicked, refused, transport_refused};
use self::lookup::Query;
use super::{Incoming, session};
use crate::engine::Engine;
use crate::psk_server::PskServer;
use crate::refused::Refused;
use crate::session::open_under_ids;
use crate::wire::Wire;

/// A handshake with a pre-shared key, about to begin.
pub(crate) struct Start {
    config: Arc<ServerConfig>,
    /// TLS 1.3: what was chosen of the offer. In TLS 1.2 the identity comes later.
    choice: Option<PskChoice>,
    not_resumed: NotResumed,
}

impl Start {
    fn engine(config: ServerConfig, choice: Option<PskChoice>, not_resumed: NotResumed) -> Engine {
        Engine::Psk(Box::new(Self {
            config: Arc::new(config),
            choice,
            not_resumed,
        }))
    }
}

/// Which engine makes the handshake.
pub(crate) async fn choose<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
    hello: &ClientHello,
    context: &SecureContext,
    protocol: Option<&[u8]>,
) -> Result<Engine, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let Some(psk) = &incoming.shared.psk else {
        return Ok(Engine::Rustls);
    };
    // No way around a certificate that is demanded.
    if !context.is_server() || context.client_auth().is_required() {
        return Ok(Engine::Rustls);
    }
    if session::negotiates_tls13(context, hello) {
        let version = ProtocolVersion::Tls13;
        let config = psk.config(incoming.shared, context, version, protocol);
        return choose_tls13(incoming, wire, hello, context, psk, config).await;
    }
    let version = ProtocolVersion::Tls12;
    let config = psk.config(incoming.shared, context, version, protocol);
    let takes = |suite: CipherSuite| {
        suite.works_in(version) && config.cipher_suites.contains(&suite) && config.takes(version)
    };
    // A client without a key does not offer suites with one, so no certificate is missed.
    let offers_keys = hello.cipher_suites().any(takes);
    if offers_keys && !is_ticket_of_rustls(incoming, context, hello.session_ticket()) {
        return Ok(Start::engine(config, None, NotResumed::NoSessionOffered));
    }
    Ok(Engine::Rustls)
}

async fn choose_tls13<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
    hello: &ClientHello,
    context: &SecureContext,
    psk: &PskServer,
    config: ServerConfig,
) -> Result<Engine, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let Some(mut offer) = PskOffer::read(&config, hello, now(incoming)) else {
        return Ok(Engine::Rustls);
    };
    let query = Query {
        incoming,
        hello,
        version: ProtocolVersion::Tls13,
        psk,
    };
    refuse_if_revoked(incoming, context, &mut offer);
    if let Some(identity) = offer.session_identity().cloned() {
        let keys = query.ask(wire, identity).await?;
        if let Ok(choice) = offer.resume(&keys) {
            return Ok(Start::engine(config, Some(choice), NotResumed::Unknown));
        }
    } else {
        let identities = hello.psk_identities().map(|psk| psk.identity);
        if is_ticket_of_rustls(incoming, context, identities) {
            return Ok(Engine::Rustls);
        }
    }
    let mut no_cipher = None;
    for offered in offer.identities() {
        let keys = query.ask(wire, offered.identity().clone()).await?;
        match offer.choose(offered, keys) {
            Ok(choice) => {
                let reason = offer.not_resumed();
                return Ok(Start::engine(config, Some(choice), reason));
            }
            Err(error @ tls_psk::Error::NoSharedCipher) => no_cipher = Some(error),
            Err(_) => {}
        }
    }
    // A certificate, where there is one: the client decides whether that will do.
    if context.server_resolver().is_some() {
        return Ok(Engine::Rustls);
    }
    let unknown = match no_cipher {
        Some(error) => Err(error),
        None => offer.unknown(&config),
    };
    match unknown {
        Ok(decoy) => Ok(Start::engine(config, Some(decoy), offer.not_resumed())),
        Err(error) => Err(refused(error, Vec::new())),
    }
}

/// The sessions of a context may have been revoked; those of a key end with the key.
fn refuse_if_revoked(incoming: &Incoming<'_>, context: &SecureContext, offer: &mut PskOffer) {
    let id = ContextId(context.context_id());
    let revocations = &incoming.shared.revocations;
    let made = offer.session_authenticated_at();
    if made.is_some_and(|at| revocations.revoked(&id, Vec::new, at)) {
        offer.refuse_session(NotResumed::Revoked);
    }
}

/// Whether one of these opens as a ticket that rustls makes.
fn is_ticket_of_rustls<'a>(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    tickets: impl IntoIterator<Item = &'a [u8]>,
) -> bool {
    let keys = incoming.shared.ticket_keys.as_ref();
    let Some(keys) = keys.filter(|_| incoming.shared.tickets && context.resumes()) else {
        return false;
    };
    let ours = tickets.into_iter().filter(|ticket| keys.recognises(ticket));
    ours.take(session::MAX_LOOKUPS).any(|ticket| {
        let open = |id: &ContextId| keys.open(Kind::RustlsTicket, id, ticket);
        open_under_ids(context, Vec::new, open).is_ok()
    })
}

fn now(incoming: &Incoming<'_>) -> Duration {
    Duration::from_secs(incoming.now.as_secs())
}
