//! Drives the handshake by rustls, then hands over to our record layer.

use std::sync::Arc;

use rustls::HandshakeKind;
use rustls::server::UnbufferedServerConnection;
use rustls::sign::CertifiedKey;
use tls_context::SecureContext;
use tls_record::{Established, Exporter, RecordLayer, RecordLimits};
use tls_session_store::{ContextId, NotResumed, Verdict};
use tls_wire::{AlertDescription, ClientHello, ProtocolVersion, RecordHeader};
use tokio::io::{AsyncRead, AsyncWrite};

use super::early_data::{self, NextRecord, Plan};
use super::session::{self, Offer};
use super::{Chosen, Incoming};
use crate::acceptor::Shared;
use crate::connection_info::{Resumption, SessionKind};
use crate::early_data::EarlyData;
use crate::engine::early_data::EarlyRecords;
use crate::engine::failure::{self, Side};
use crate::engine::handshake::{Failure, Handshake, Progress};
use crate::engine::negotiated::Negotiated;
use crate::engine::secrets::HandshakeSecrets;
use crate::engine::server_slot::{OfferedSession, ServerSlot};
use crate::engine::slot::Slot;
use crate::engine::{handover, lowered};
use crate::error::{HandshakeErrorKind, Phase};
use crate::refused::{Farewell, Refused};
use crate::session::{Authenticated, OpenedSession, SessionIssuer};
use crate::wire::Wire;

/// A handshake that is done and judged.
pub(crate) struct Finished {
    pub(crate) chosen: Chosen,
    pub(crate) record: RecordLayer,
    pub(crate) negotiated: Negotiated,
    pub(crate) resumption: Resumption,
    pub(crate) maker: Option<String>,
    pub(crate) early: Early,
    pub(crate) authorized: bool,
    pub(crate) refusal: Option<tls_certs::Refusal>,
    pub(crate) secrets: HandshakeSecrets,
    pub(crate) server_random: Option<[u8; 32]>,
    /// Of an engine that makes its own, in place of `secrets`.
    pub(crate) exporter: Option<Exporter>,
    /// Bytes of the last flight that the stream is to send.
    pub(crate) unsent: Vec<u8>,
}

/// What became of early data, and what was taken of it.
pub(crate) struct Early {
    pub(crate) outcome: EarlyData,
    pub(crate) data: Vec<u8>,
}

/// Sessions that were offered, as the judgement after the handshake needs them.
struct Offered {
    kind: Option<SessionKind>,
    reason: NotResumed,
    session: Option<OpenedSession>,
}

pub(crate) async fn drive<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
    hello: &ClientHello,
    chosen: Chosen,
    protocol: Option<Vec<u8>>,
    offer: Offer,
    stapled: Option<Arc<CertifiedKey>>,
) -> Result<Finished, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let context = chosen.context.clone();
    let plan = early_data::plan(incoming, &context, hello, &offer);
    let (mut slot, offered) = lay_ready(incoming, &context, hello, chosen.generation, offer, &plan);
    slot.stapled = stapled;
    let connection = connection(&context, protocol, plan.limit, offered.session.is_some())?;
    let mut handshake = Handshake::new(connection, Slot::Server(Box::new(slot)));
    let sent = run(incoming, wire, hello, &context, &mut handshake, &plan).await?;
    let early = Early {
        outcome: sent.early,
        data: handshake.take_early(),
    };
    let server_random = context
        .wants_exporter()
        .then(|| server_random(&sent.first))
        .flatten();
    let (connection, slot) = handshake.into_parts();
    let Some(Slot::Server(slot)) = slot else {
        return Err(Refused::silently(
            HandshakeErrorKind::EnginePanicked,
            Phase::Handover,
        ));
    };
    let negotiated = Negotiated::read(&connection)
        .ok_or_else(|| engine_refused(rustls::Error::HandshakeNotComplete))?;
    let suite = negotiated
        .rustls_suite
        .ok_or_else(|| engine_refused(rustls::Error::HandshakeNotComplete))?;
    let established = handover::server(connection, suite, &slot.secrets, sent.last_records)
        .map_err(|kind| Refused::silently(kind, Phase::Handover))?;
    let finished = judge(
        &context,
        chosen,
        established,
        negotiated,
        *slot,
        offered,
        server_random,
        early,
    )?;
    Ok(Finished {
        unsent: sent.unsent,
        ..finished
    })
}

fn engine_refused(error: rustls::Error) -> Refused {
    Refused::silently(HandshakeErrorKind::Engine(error), Phase::Handover)
}

/// What this connection lays into the slot.
fn lay_ready(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    hello: &ClientHello,
    generation: u64,
    offer: Offer,
    plan: &Plan,
) -> (ServerSlot, Offered) {
    let shared = incoming.shared;
    let mut slot = ServerSlot {
        secrets: HandshakeSecrets {
            client_random: Some(*hello.random()),
            keep_master: context.wants_exporter(),
            keep_traffic: true,
            keep_handshake: plan.is_offered(),
            key_log: context.key_log().cloned(),
            ..HandshakeSecrets::default()
        },
        now: incoming.now,
        hello: hello.clone(),
        hellos: 0,
        parsers_disagree: None,
        no_identity: false,
        no_scheme: false,
        stapled: None,
        #[cfg(feature = "ocsp")]
        crl_keeper: shared.crl_keeper.clone(),
        #[cfg(feature = "ocsp")]
        stapler: shared.stapler.clone().filter(|_| hello.status_request()),
        accept_any: context.accepts_any_certificate(),
        client: Authenticated::nobody(incoming.now),
        refusal: None,
        offered: None,
        inherited: None,
        issuer: issuer(shared, context, hello, generation),
        tickets: shared.tickets && !plan.stores_sessions,
        new_stored: Vec::new(),
    };
    let offered = match offer {
        Offer::None(reason) => Offered {
            kind: None,
            reason,
            session: None,
        },
        Offer::Session {
            name,
            kind,
            mut session,
        } => {
            slot.inherited = Some(session.client.clone());
            let state = Some(std::mem::take(&mut session.state));
            slot.offered = Some(OfferedSession { name, state });
            Offered {
                kind: Some(kind),
                reason: NotResumed::Suite,
                session: Some(session),
            }
        }
    };
    (slot, offered)
}

/// Who makes this connection's sessions, if any are to be made.
///
/// Without the extended master secret a TLS 1.2 session must not be resumed (RFC 7627), so none is
/// made. A hello that can be answered with TLS 1.3 needs no such thing. Ticket keys without forward
/// secrecy make no tickets in TLS 1.2 unless told to.
fn issuer(
    shared: &Shared,
    context: &SecureContext,
    hello: &ClientHello,
    generation: u64,
) -> Option<SessionIssuer> {
    let bound = hello.extended_master_secret() || hello.offers(ProtocolVersion::Tls13);
    if !context.resumes() || !bound {
        return None;
    }
    let tls13 = session::negotiates_tls13(context, hello);
    let keys = shared.ticket_keys.as_ref();
    let keys = keys.filter(|keys| shared.tickets && (tls13 || keys.tls12_tickets()));
    if let Some(keys) = keys {
        // A key has to open for as long as what it issued.
        keys.cover_lifetime(context.session_timeout());
    }
    // A store that is away gets no sessions: their tickets could never resume.
    let stored = shared
        .stored
        .as_ref()
        .filter(|stored| stored.guard.takes_new());
    (keys.is_some() || stored.is_some()).then(|| SessionIssuer {
        keys: keys.cloned(),
        secret: stored.map(|stored| stored.secret.clone()),
        context_id: ContextId(context.context_id()),
        lifetime: context.session_timeout(),
        generation,
        maker: Arc::clone(&shared.worker),
    })
}

/// Tickets of TLS 1.3 that a resumed handshake brings at most (RFC 8446, Section 4.6.1).
const MAX_RENEWED: usize = 1;

/// The connection of rustls; `returns` where a session is laid ready for it.
fn connection(
    context: &SecureContext,
    protocol: Option<Vec<u8>>,
    early_data: u32,
    returns: bool,
) -> Result<UnbufferedServerConnection, Refused> {
    let unusable = |error| {
        Refused::with_alert(
            HandshakeErrorKind::UnusableContext(error),
            Phase::Context,
            AlertDescription::InternalError,
        )
    };
    let mut config = lowered::server(context).map_err(unusable)?;
    // A session is used once and replaced by one: a client keeps as many as its first handshake gave
    // it, and a resumption costs one derivation, one seal and one entry of the store.
    let fewer = returns && config.send_tls13_tickets > MAX_RENEWED;
    if protocol.is_some() || early_data > 0 || fewer {
        // These are plain fields of the configuration: a clone of it costs 60 ns.
        let mut own = (*config).clone();
        if let Some(protocol) = protocol {
            own.alpn_protocols = vec![protocol];
        }
        own.max_early_data_size = early_data;
        if fewer {
            own.send_tls13_tickets = MAX_RENEWED;
        }
        config = Arc::new(own);
    }
    UnbufferedServerConnection::new(config).map_err(unusable)
}

/// What was sent, as far as the hand-over needs it.
struct Sent {
    /// The first bytes of the first flight: the ServerHello.
    first: Vec<u8>,
    /// Records of the last flight, behind the client's Finished. In TLS 1.3 these are the tickets,
    /// and the only ones under the traffic keys.
    last_records: u64,
    /// That flight, where the stream is to send it.
    unsent: Vec<u8>,
    early: EarlyData,
}

/// As much as one small write buffer of the stream takes over.
pub(super) const UNSENT: usize = tls_record::BufferClass::SmallWrite.capacity();

/// Exchanges records until the handshake is done.
async fn run<IO>(
    incoming: &Incoming<'_>,
    wire: &mut Wire<IO>,
    hello: &ClientHello,
    context: &SecureContext,
    handshake: &mut Handshake<UnbufferedServerConnection>,
    plan: &Plan,
) -> Result<Sent, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    // In the fewest records whatever the client's fragments were: the transcript is the same, and
    // what rustls holds for them is bounded.
    let reframed = tls_wire::reframe(hello.as_bytes());
    let mut flight = Vec::with_capacity(4096);
    let mut first = Vec::new();
    let wants_start = context.wants_exporter();
    let mut early = plan.is_offered().then_some(plan);
    let (mut outcome, mut records) = (EarlyData::NotOffered, EarlyRecords::NONE);
    handshake
        .begin_with(reframed)
        .map_err(|failure| refused(failure, handshake, Vec::new()))?;
    loop {
        let progress = match handshake.advance(&mut flight) {
            Ok(progress) => progress,
            Err(failure) => return Err(refused(failure, handshake, flight)),
        };
        if let Some(plan) = early.take() {
            (outcome, records) = early_data::settle(plan, handshake, &flight);
        }
        forget_unused_offer(handshake);
        store_new_sessions(incoming, handshake).await;
        // In TLS 1.3 the last flight is tickets, for which nobody waits: they go with the stream's
        // first write, or before a read that has to wait. In TLS 1.2 it is what the client waits for.
        let tls13 =
            handshake.connection().protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
        let keeps = progress == Progress::Done && tls13 && flight.len() <= UNSENT;
        if !keeps {
            wire.write(&flight).await.map_err(transport_refused)?;
        }
        if wants_start && first.is_empty() {
            first.extend_from_slice(&flight[..flight.len().min(SERVER_HELLO_START)]);
        }
        if progress == Progress::Done {
            let last_records = count_records(&flight);
            let unsent = if keeps { flight } else { Vec::new() };
            return Ok(Sent {
                first,
                last_records,
                unsent,
                early: outcome,
            });
        }
        flight.clear();
        let record = match early_data::next_record(wire, &mut records).await {
            Ok(record) => record,
            Err(NextRecord::Transport(kind)) => return Err(transport_refused(kind)),
            Err(NextRecord::TooMuch) => return Err(early_data::too_much(handshake)),
        };
        let held = handshake.hold(&wire.received()[..record]);
        held.map_err(|failure| refused(failure, handshake, Vec::new()))?;
        wire.consume(record);
    }
}

fn count_records(mut flight: &[u8]) -> u64 {
    let mut count = 0;
    while let Some(header) = RecordHeader::read(flight) {
        count += 1;
        let length = RecordHeader::LEN + usize::from(header.length);
        flight = flight.get(length..).unwrap_or_default();
    }
    count
}

/// Record header, message header, version, random.
const SERVER_HELLO_START: usize = 5 + 4 + 2 + 32;

/// The random of a TLS 1.2 ServerHello, which the exporter needs (RFC 5705).
fn server_random(flight: &[u8]) -> Option<[u8; 32]> {
    flight
        .get(SERVER_HELLO_START - 32..SERVER_HELLO_START)?
        .try_into()
        .ok()
}

/// Sessions are made at the end of a handshake; by then rustls has said which kind it is. A
/// HelloRetryRequest makes it a full one until the second hello, which may still resume.
fn forget_unused_offer(handshake: &mut Handshake<UnbufferedServerConnection>) {
    let kind = handshake.connection().handshake_kind();
    let Some(Slot::Server(slot)) = handshake.slot_mut() else {
        return;
    };
    match kind {
        Some(HandshakeKind::Full) => slot.forget_offer(),
        Some(HandshakeKind::FullWithHelloRetryRequest) if slot.hellos > 1 => slot.forget_offer(),
        _ => {}
    }
}

/// The ticket of a stateful session is in the flight: the session is stored before that leaves.
async fn store_new_sessions(
    incoming: &Incoming<'_>,
    handshake: &mut Handshake<UnbufferedServerConnection>,
) {
    let Some(Slot::Server(slot)) = handshake.slot_mut() else {
        return;
    };
    let (Some(stored), Some(issuer)) = (&incoming.shared.stored, &slot.issuer) else {
        return;
    };
    if slot.new_stored.is_empty() {
        return;
    }
    let ttl = issuer.remaining(slot.proven_client(), incoming.now);
    let new = std::mem::take(&mut slot.new_stored);
    let new = new
        .into_iter()
        .map(|session| (session.id, session.value))
        .collect();
    // Late or failed: the client's next handshake is a full one, with the reason "unknown".
    if !stored.guard.put_all(new, ttl, &incoming.store_time).await {
        crate::metrics::session_not_stored();
    }
}

fn transport_refused(kind: HandshakeErrorKind) -> Refused {
    match kind {
        HandshakeErrorKind::TooMuchData => {
            Refused::with_alert(kind, Phase::Handshake, AlertDescription::RecordOverflow)
        }
        kind => Refused::silently(kind, Phase::Handshake),
    }
}

/// What a failure of the engine means, and what the peer hears.
fn refused(
    failure: Failure,
    handshake: &mut Handshake<UnbufferedServerConnection>,
    flight: Vec<u8>,
) -> Refused {
    let mut refusal = None;
    if let Some(Slot::Server(slot)) = handshake.slot_mut() {
        refusal = slot.refusal.take();
        // In both cases rustls says access_denied, for want of knowing better.
        // RFC 8446, Section 4.1.2: what a client may change after a HelloRetryRequest.
        let renamed = matches!(
            failure,
            Failure::Rustls(rustls::Error::PeerMisbehaved(
                rustls::PeerMisbehaved::ServerNameDifferedOnRetry
            ))
        );
        if renamed || (slot.parsers_disagree.is_some() && slot.hellos > 1) {
            let error = rustls::PeerMisbehaved::ServerNameDifferedOnRetry.into();
            let kind = HandshakeErrorKind::PeerMisbehaved(error);
            return Refused::with_alert(kind, Phase::Handshake, AlertDescription::IllegalParameter);
        }
        if let Some(field) = slot.parsers_disagree {
            let kind = HandshakeErrorKind::ParsersDisagree(field);
            return Refused::with_alert(kind, Phase::Handshake, AlertDescription::InternalError);
        }
        if slot.no_scheme {
            let kind = HandshakeErrorKind::NoSharedSignatureScheme;
            return Refused::with_alert(kind, Phase::Handshake, AlertDescription::HandshakeFailure);
        }
        if slot.no_identity {
            let kind = HandshakeErrorKind::NoSuitableIdentity;
            return Refused::with_alert(kind, Phase::Handshake, AlertDescription::HandshakeFailure);
        }
    }
    let alert = failure::plaintext_alert(&flight).or_else(|| failure::alert_of(&failure));
    let (kind, phase) = failure::classify(failure, refusal, Side::Server);
    let farewell = match (&kind, flight.is_empty()) {
        (HandshakeErrorKind::AlertReceived(_), _) => Farewell::Nothing,
        (HandshakeErrorKind::TooMuchData, _) => Farewell::Alert(AlertDescription::RecordOverflow),
        (_, true) => Farewell::Nothing,
        (_, false) => Farewell::Flight(flight, alert),
    };
    Refused {
        kind,
        phase,
        farewell,
    }
}

/// The checks that rustls does not make.
#[allow(
    clippy::too_many_arguments,
    reason = "each is a different thing and used once"
)]
fn judge(
    context: &SecureContext,
    chosen: Chosen,
    established: Established,
    negotiated: Negotiated,
    slot: ServerSlot,
    offered: Offered,
    server_random: Option<[u8; 32]>,
    early: Early,
) -> Result<Finished, Refused> {
    let record = RecordLayer::new(established, RecordLimits::default())
        .map_err(|error| Refused::silently(HandshakeErrorKind::Record(error), Phase::Handover))?;
    let resumed = (negotiated.kind == HandshakeKind::Resumed)
        .then_some(offered.session)
        .flatten();
    if let Some(why) = unacceptable(context, &negotiated, resumed.as_ref()) {
        return Err(refused_after_handshake(record, why));
    }
    let has_certificate = !negotiated.peer_certificates.is_empty();
    let proven = match &resumed {
        Some(session) => session.client.verdict == Verdict::Good,
        None => slot.refusal.is_none(),
    };
    let resumption = match (offered.kind, &resumed) {
        (Some(kind), Some(_)) => Resumption::Resumed(kind),
        _ => Resumption::Full(offered.reason),
    };
    Ok(Finished {
        chosen,
        record,
        authorized: has_certificate && proven && context.client_auth().asks(),
        refusal: slot.refusal,
        resumption,
        maker: resumed.map(|session| session.maker),
        early,
        negotiated,
        secrets: slot.secrets,
        server_random,
        exporter: None,
        unsent: Vec::new(),
    })
}

/// Why a finished handshake is not enough: a session of a laxer policy, or one that rustls resumed
/// and we did not offer.
fn unacceptable(
    context: &SecureContext,
    negotiated: &Negotiated,
    resumed: Option<&OpenedSession>,
) -> Option<&'static str> {
    if negotiated.kind == HandshakeKind::Resumed {
        let Some(session) = resumed else {
            return Some("a session resumed that was not judged");
        };
        if session.client.chain != negotiated.peer_certificates {
            return Some("the restored certificates differ from those that were judged");
        }
    }
    let demanded = context.client_auth().is_required() && !context.accepts_any_certificate();
    (demanded && negotiated.peer_certificates.is_empty())
        .then_some("the session has no client certificate and the context demands one")
}

/// `certificate_required` under the application keys, whatever rustls says.
fn refused_after_handshake(mut record: RecordLayer, why: &'static str) -> Refused {
    let alert = AlertDescription::CertificateRequired;
    record.queue_alert(alert);
    let mut flight = vec![0; record.control_len()];
    let written = record.write_control(&mut flight).unwrap_or(0);
    flight.truncate(written);
    Refused {
        kind: HandshakeErrorKind::SessionNotAcceptable(why),
        phase: Phase::Handover,
        farewell: Farewell::Flight(flight, Some(alert)),
    }
}
