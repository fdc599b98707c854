//! Whether a pre-shared key is the proof of this connection, and the handshake if it is.
//!
//! Tickets of ours are recognised first and go to the engine that made them; then the look-up is
//! asked for the identities that none of our keys opens. None known: the certificate of the context,
//! where there is one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use rustls::HandshakeKind;
use tls_context::SecureContext;
use tls_psk::{
    PskChoice, PskIdentity, PskKey, PskOffer, PskQuery, Question, ServerConfig, ServerHandshake,
    Step,
};
use tls_record::{RecordLayer, RecordLimits};
use tls_session_store::{ContextId, Kind, NotResumed};
use tls_wire::{AlertDescription, CipherSuite, ClientHello, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};

use super::handshake::{Early, Finished, UNSENT};
use super::{Chosen, Incoming, session};
use crate::connection_info::{Resumption, SessionKind};
use crate::early_data::{EarlyData, EarlyDataRefused};
use crate::engine::negotiated::Negotiated;
use crate::engine::secrets::HandshakeSecrets;
use crate::engine::{Engine, fenced};
use crate::error::{HandshakeErrorKind, Phase};
use crate::psk_server::PskServer;
use crate::refused::{Farewell, Refused};
use crate::session::open_under_ids;
use crate::wire::Wire;

/// The hook's name in errors.
const LOOKUP: &str = "psk_lookup";

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
    // A client without a key does not offer suites with one, so no certificate is missed. Without
    // a certificate of ours there is nothing else to answer with.
    if hello.cipher_suites().any(takes) {
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
    let mut query = Query {
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
    } else if is_ticket_of_rustls(incoming, context, hello) {
        return Ok(Engine::Rustls);
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

/// Whether a ticket in the hello opens as one that rustls makes.
fn is_ticket_of_rustls(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    hello: &ClientHello,
) -> bool {
    let keys = incoming.shared.ticket_keys.as_ref();
    let Some(keys) = keys.filter(|_| incoming.shared.tickets && context.resumes()) else {
        return false;
    };
    let mut ours = hello
        .psk_identities()
        .filter(|psk| keys.recognises(psk.identity))
        .take(session::MAX_LOOKUPS);
    ours.any(|psk| {
        let open = |id: &ContextId| keys.open(Kind::RustlsTicket, id, psk.identity);
        open_under_ids(context, Vec::new, open).is_ok()
    })
}

fn now(incoming: &Incoming<'_>) -> Duration {
    Duration::from_secs(incoming.now.as_secs())
}

/// Asks for the keys of identities.
struct Query<'a> {
    incoming: &'a Incoming<'a>,
    hello: &'a ClientHello,
    version: ProtocolVersion,
    psk: &'a PskServer,
}

impl Query<'_> {
    /// The keys of one identity. An error, a delay or a panic of the look-up ends this connection.
    async fn ask<IO>(
        &mut self,
        wire: &mut Wire<IO>,
        identity: PskIdentity,
    ) -> Result<Vec<PskKey>, Refused>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let mut query = PskQuery::new(identity, self.version);
        query.server_name = self.hello.server_name().map(Arc::from);
        query.peer = self.incoming.peer;
        if let Some(keys) = self.psk.lookup.find_now(&query) {
            return Ok(keys);
        }
        let limit = self.incoming.shared.limits.hook_timeout;
        let answer = AssertUnwindSafe(self.psk.lookup.find(query)).catch_unwind();
        let answer = wire.within(tokio::time::timeout(limit, answer)).await;
        let kind = match answer {
            Ok(Ok(Ok(Ok(keys)))) => return Ok(keys),
            Ok(Ok(Ok(Err(error)))) => HandshakeErrorKind::HookFailed(LOOKUP, error),
            Ok(Ok(Err(_))) => HandshakeErrorKind::HookPanicked(LOOKUP),
            Ok(Err(_)) => HandshakeErrorKind::HookTimeout(LOOKUP, limit),
            Err(kind) => return Err(Refused::silently(kind, Phase::Handshake)),
        };
        let alert = AlertDescription::InternalError;
        Err(Refused::with_alert(kind, Phase::Context, alert))
    }
}

/// Makes the handshake, and hands over.
pub(crate) async fn drive<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
    hello: &ClientHello,
    chosen: Chosen,
    start: Start,
) -> Result<Finished, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut out = Vec::with_capacity(2048);
    let not_resumed = start.not_resumed;
    let maker = start.choice.as_ref().and_then(PskChoice::session_maker);
    let maker = maker.map(str::to_owned);
    let mut handshake = begin(incoming, hello, start, &mut out)?;
    let finished = exchange(incoming, wire, hello, &mut handshake, &mut out).await?;
    let facts = finished.facts;
    let established = finished.established;
    let record = RecordLayer::new(established, RecordLimits::default())
        .map_err(|error| Refused::silently(HandshakeErrorKind::Record(error), Phase::Handover))?;
    // In TLS 1.3 what is left are tickets, for which nobody waits: they go with the stream's first
    // write. In TLS 1.2 it is what the client waits for.
    if facts.version != ProtocolVersion::Tls13 || out.len() > UNSENT {
        wire.write(&out).await.map_err(transport_refused)?;
        out.clear();
    }
    let resumption = match facts.resumed {
        true => Resumption::Resumed(SessionKind::Ticket),
        false => Resumption::Full(not_resumed),
    };
    let early = match (hello.early_data(), facts.resumed) {
        (false, _) => EarlyData::NotOffered,
        (true, true) => EarlyData::Refused(EarlyDataRefused::Ticket),
        (true, false) => EarlyData::Refused(EarlyDataRefused::FullHandshake),
    };
    if hello.early_data() {
        crate::metrics::early_data(early);
    }
    Ok(Finished {
        negotiated: negotiated(&chosen.context, facts),
        chosen,
        record,
        resumption,
        maker,
        early: Early {
            outcome: early,
            data: Vec::new(),
        },
        // The key is the proof (`PSK-11`).
        authorized: true,
        refusal: None,
        secrets: HandshakeSecrets::default(),
        server_random: None,
        exporter: finished.exporter,
        unsent: out,
    })
}

fn begin(
    incoming: &Incoming<'_>,
    hello: &ClientHello,
    start: Start,
    out: &mut Vec<u8>,
) -> Result<ServerHandshake, Refused> {
    let begun = fenced(|| match start.choice {
        Some(choice) => ServerHandshake::tls13(start.config, hello, choice, now(incoming), out),
        None => ServerHandshake::tls12(start.config, hello, out),
    });
    match begun {
        None => Err(panicked()),
        Some(begun) => begun.map_err(|error| refused(error, std::mem::take(out))),
    }
}

/// Exchanges records until the handshake is done. What is still to be sent is left in `out`.
async fn exchange<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
    hello: &ClientHello,
    handshake: &mut ServerHandshake,
    out: &mut Vec<u8>,
) -> Result<Box<tls_psk::Finished>, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let read = fenced(|| handshake.read(wire.received_mut(), out));
        let mut step = match read.ok_or_else(panicked)? {
            Err(error) => Err(error),
            Ok(progress) => {
                wire.consume(progress.consumed);
                Ok(progress.step)
            }
        };
        if let Ok(Step::Ask(question)) = step {
            let keys = keys_for(incoming, wire, hello, &question).await?;
            let answered = fenced(|| handshake.answer(keys, out));
            step = answered.ok_or_else(panicked)?;
        }
        match step {
            Err(error) => return Err(refused(error, std::mem::take(out))),
            Ok(Step::Done(finished)) => return Ok(finished),
            Ok(Step::NeedBytes(_)) => {
                wire.write(out).await.map_err(transport_refused)?;
                out.clear();
                wire.fill().await.map_err(transport_refused)?;
            }
            Ok(_) => {}
        }
    }
}

/// TLS 1.2: the keys of the identity that the client has named, none for one that no key has.
async fn keys_for<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
    hello: &ClientHello,
    question: &Question,
) -> Result<Vec<PskKey>, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let (Question::Identity(identity), Some(psk)) = (question, &incoming.shared.psk) else {
        return Ok(Vec::new());
    };
    let Ok(identity) = PskIdentity::from_wire(identity) else {
        return Ok(Vec::new());
    };
    let mut query = Query {
        incoming,
        hello,
        version: ProtocolVersion::Tls12,
        psk,
    };
    query.ask(wire, identity).await
}

/// The facts in rustls's terms, as far as it has any.
pub(crate) fn negotiated(context: &SecureContext, facts: tls_psk::Facts) -> Negotiated {
    let suites = context.provider().cipher_suites.iter();
    let number = facts.cipher_suite.0;
    let mut suites = suites.filter(|suite| u16::from(suite.suite()) == number);
    let kind = match (facts.resumed, facts.hello_retry_request) {
        (true, _) => HandshakeKind::Resumed,
        (false, true) => HandshakeKind::FullWithHelloRetryRequest,
        (false, false) => HandshakeKind::Full,
    };
    let psk_identity = Some(facts.external_identity());
    Negotiated {
        version: rustls::ProtocolVersion::from(facts.version.number()),
        suite: facts.cipher_suite,
        rustls_suite: suites.next().copied(),
        group: facts.group.map(|group| rustls::NamedGroup::from(group.0)),
        kind,
        alpn: facts.alpn,
        peer_certificates: Vec::new(),
        psk_identity,
    }
}

pub(crate) fn panicked() -> Refused {
    Refused::silently(HandshakeErrorKind::EnginePanicked, Phase::Handshake)
}

pub(crate) fn transport_refused(kind: HandshakeErrorKind) -> Refused {
    match kind {
        HandshakeErrorKind::TooMuchData => {
            Refused::with_alert(kind, Phase::Handshake, AlertDescription::RecordOverflow)
        }
        kind => Refused::silently(kind, Phase::Handshake),
    }
}

/// What an error of the engine means; `flight` is what it made last, with its alert.
pub(crate) fn refused(error: tls_psk::Error, flight: Vec<u8>) -> Refused {
    let alert = error.alert();
    let farewell = match (flight.is_empty(), alert) {
        (false, alert) => Farewell::Flight(flight, alert),
        (true, Some(alert)) => Farewell::Alert(alert),
        (true, None) => Farewell::Nothing,
    };
    Refused {
        kind: HandshakeErrorKind::from(error),
        phase: Phase::Handshake,
        farewell,
    }
}
