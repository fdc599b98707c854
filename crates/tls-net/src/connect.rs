//! How a connection goes out: the client's side of the handshake, by rustls.

mod psk;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use rustls::HandshakeKind;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::{ServerName, UnixTime};
use tls_record::{RecordLayer, RecordLimits};
use tls_session_store::NotResumed;
use tls_wire::{
    AlertDescription, FirstBytes, HandshakeJoiner, ProtocolVersion, RecordHeader, ServerHelloView,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::client_session::{Binding, ClientSession, Inbox, Kept, Proven, SessionSource};
use crate::connection_info::{ConnectionInfo, ContextRule, Facts, Resumption, SessionKind};
use crate::connector::TlsConnector;
use crate::early_data::EarlyData;
use crate::engine::client_slot::{ClientSlot, SessionInbox, SessionValue};
use crate::engine::failure::{self, Side};
use crate::engine::handshake::{Failure, Handshake, Progress};
use crate::engine::negotiated::Negotiated;
use crate::engine::secrets::HandshakeSecrets;
use crate::engine::slot::Slot;
use crate::engine::{handover, lowered};
use crate::error::{HandshakeError, HandshakeErrorKind, Phase};
use crate::refused::{Farewell, Refused};
use crate::stream::{Parts, Rest, TlsStream};
use crate::wire::Wire;

/// One connection on its way out.
struct Outgoing<'a> {
    connector: &'a TlsConnector,
    name: ServerName<'static>,
    port: Option<u16>,
    peer: Option<SocketAddr>,
    begun: Instant,
    now: UnixTime,
}

pub(crate) async fn connect<IO>(
    connector: &TlsConnector,
    name: ServerName<'static>,
    port: Option<u16>,
    peer: Option<SocketAddr>,
    io: IO,
) -> Result<TlsStream<IO>, HandshakeError>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let begun = Instant::now();
    let now = connector
        .clock
        .as_ref()
        .and_then(|clock| clock.current_time());
    let now = now.unwrap_or_else(UnixTime::now);
    let outgoing = Outgoing {
        connector,
        name,
        port,
        peer,
        begun,
        now,
    };
    let mut wire = Wire::new(io, &[], begun, connector.handshake_timeout);
    let offer = match psk::offer(&outgoing) {
        Ok(offer) => offer,
        Err(refused) => {
            return Err(refused.tell(wire).await.with_peer(peer, begun.elapsed()));
        }
    };
    if let Some(offer) = offer {
        return match psk::run(&outgoing, &mut wire, offer).await {
            Ok(finished) => Ok(psk::stream(&outgoing, wire, finished)),
            Err(refused) => Err(refused.tell(wire).await.with_peer(peer, begun.elapsed())),
        };
    }
    match run(&outgoing, &mut wire).await {
        Ok(finished) => Ok(stream(&outgoing, wire, finished)),
        Err(refused) => Err(refused.tell(wire).await.with_peer(peer, begun.elapsed())),
    }
}

/// A handshake that is done.
struct Finished {
    record: RecordLayer,
    negotiated: Negotiated,
    slot: ClientSlot,
    resumption: Resumption,
    server_hello: Option<ServerHelloFacts>,
}

/// What rustls does not tell of the ServerHello.
#[derive(Clone, Copy)]
struct ServerHelloFacts {
    random: [u8; 32],
    extended_master_secret: bool,
}

async fn run<IO>(outgoing: &Outgoing<'_>, wire: &mut Wire<IO>) -> Result<Finished, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let context = &outgoing.connector.context;
    let unusable =
        |error| Refused::silently(HandshakeErrorKind::UnusableContext(error), Phase::Context);
    let config = lowered::client(context).map_err(unusable)?;
    let (offered, reason) = offer(outgoing);
    let offered_kind = offered.as_ref().map(|_| SessionKind::Ticket);
    let slot = ClientSlot {
        secrets: HandshakeSecrets {
            keep_master: context.wants_exporter(),
            key_log: context.key_log().cloned(),
            ..HandshakeSecrets::default()
        },
        now: Some(outgoing.now),
        accept_any: context.accepts_any_certificate(),
        offered,
        inbox: Arc::new(SessionInbox::default()),
        #[cfg(feature = "ocsp")]
        crl_keeper: outgoing.connector.crl_keeper.clone(),
        staple_check: outgoing.connector.staples.for_context(context),
        ..ClientSlot::default()
    };
    let mut slot = Some(Slot::Client(Box::new(slot)));
    // The hello is made here already, so the session is looked for here.
    let connection = crate::engine::slot::with_slot(&mut slot, || {
        UnbufferedClientConnection::new(config, outgoing.name.clone())
    });
    let connection = connection.map_err(unusable)?;
    let Some(slot) = slot else {
        return Err(panicked());
    };
    let mut handshake = Handshake::new(connection, slot);
    let server_hello = exchange(wire, &mut handshake).await?;
    let (connection, slot) = handshake.into_parts();
    let Some(Slot::Client(slot)) = slot else {
        return Err(panicked());
    };
    let negotiated = Negotiated::read(&connection).ok_or_else(panicked)?;
    let established = handover::client(connection, &slot.inbox)
        .map_err(|kind| Refused::silently(kind, Phase::Handover))?;
    let record = RecordLayer::new(established, RecordLimits::default())
        .map_err(|error| Refused::silently(HandshakeErrorKind::Record(error), Phase::Handover))?;
    let resumption = match (negotiated.kind == HandshakeKind::Resumed, offered_kind) {
        (true, Some(kind)) => Resumption::Resumed(kind),
        (true, None) => return Err(panicked()),
        (false, Some(_)) => Resumption::Full(NotResumed::Unknown),
        (false, None) => Resumption::Full(reason),
    };
    Ok(Finished {
        record,
        negotiated,
        slot: *slot,
        resumption,
        server_hello,
    })
}

fn panicked() -> Refused {
    Refused::silently(HandshakeErrorKind::EnginePanicked, Phase::Handover)
}

/// The session to offer, or why none.
fn offer(outgoing: &Outgoing<'_>) -> (Option<SessionValue>, NotResumed) {
    let Some(session) = &outgoing.connector.session else {
        return (None, NotResumed::NoSessionOffered);
    };
    let context = &outgoing.connector.context;
    // A resumed handshake has no staple: what the full one made of it must do.
    if session.binding().staples < outgoing.connector.staples.policy {
        return (None, NotResumed::PolicyChanged);
    }
    match session.take_for(context, &outgoing.name, outgoing.port, outgoing.now) {
        Ok(Kept::Rustls(value)) => (Some(value), NotResumed::NoSessionOffered),
        // A session of a key proves nothing to whoever asks for a certificate.
        Ok(Kept::Psk(_)) => (None, NotResumed::OtherContext),
        Err(reason) => (None, reason),
    }
}

/// Exchanges records until the handshake is done.
async fn exchange<IO>(
    wire: &mut Wire<IO>,
    handshake: &mut Handshake<UnbufferedClientConnection>,
) -> Result<Option<ServerHelloFacts>, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut flight = Vec::with_capacity(2048);
    let mut server_hello = ServerHelloTap::default();
    loop {
        let progress = match handshake.advance(&mut flight) {
            Ok(progress) => progress,
            Err(failure) => return Err(refused(failure, handshake, flight)),
        };
        wire.write(&flight).await.map_err(transport_refused)?;
        flight.clear();
        if progress == Progress::Done {
            return Ok(server_hello.found);
        }
        if !server_hello.begun {
            sniff(wire).await?;
        }
        let record = wire.record().await.map_err(transport_refused)?;
        let bytes = &wire.received()[..record];
        server_hello.see(bytes);
        let held = handshake.hold(bytes);
        held.map_err(|failure| refused(failure, handshake, Vec::new()))?;
        wire.consume(record);
    }
}

/// Looks at the plaintext records at the beginning for the ServerHello.
#[derive(Default)]
struct ServerHelloTap {
    begun: bool,
    joiner: Option<HandshakeJoiner>,
    found: Option<ServerHelloFacts>,
}

impl ServerHelloTap {
    fn see(&mut self, record: &[u8]) {
        if self.found.is_some() && self.joiner.is_none() {
            return;
        }
        self.begun = true;
        let [22, _, _, _, _, content @ ..] = record else {
            return;
        };
        let joiner = self.joiner.get_or_insert_with(HandshakeJoiner::default);
        if joiner.push(content).is_err() {
            self.joiner = None;
            return;
        }
        while let Ok(Some(message)) = joiner.next_message() {
            let Ok(hello) = ServerHelloView::parse(&message) else {
                continue;
            };
            if hello.is_hello_retry_request() {
                continue;
            }
            let negotiated = hello.version();
            self.found = Some(ServerHelloFacts {
                random: *hello.random(),
                extended_master_secret: negotiated == ProtocolVersion::Tls13
                    || hello.extension(EXTENDED_MASTER_SECRET).is_some(),
            });
            self.joiner = None;
            return;
        }
    }
}

/// RFC 7627, Section 5.1.
const EXTENDED_MASTER_SECRET: u16 = 23;

/// What answers may be no TLS at all: told from its first five bytes, before a length is believed.
async fn sniff<IO>(wire: &mut Wire<IO>) -> Result<(), Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    while wire.received().len() < RecordHeader::LEN {
        wire.fill().await.map_err(transport_refused)?;
    }
    let received = wire.received();
    if FirstBytes::classify(received) == FirstBytes::Tls {
        return Ok(());
    }
    let line = received
        .split(|byte| matches!(byte, b'\r' | b'\n'))
        .next()
        .unwrap_or_default();
    let excerpt = line
        .iter()
        .take(EXCERPT)
        .flat_map(|byte| byte.escape_ascii())
        .map(char::from);
    let kind = HandshakeErrorKind::ServerNotTls(excerpt.collect());
    Err(Refused::silently(kind, Phase::Handshake))
}

/// Bytes of a stranger's answer that are shown.
const EXCERPT: usize = 64;

fn transport_refused(kind: HandshakeErrorKind) -> Refused {
    match kind {
        HandshakeErrorKind::TooMuchData => {
            Refused::with_alert(kind, Phase::Handshake, AlertDescription::RecordOverflow)
        }
        kind => Refused::silently(kind, Phase::Handshake),
    }
}

fn refused(
    failure: Failure,
    handshake: &mut Handshake<UnbufferedClientConnection>,
    flight: Vec<u8>,
) -> Refused {
    let (refusal, staple) = match handshake.slot_mut() {
        Some(Slot::Client(slot)) => (slot.refusal.take(), slot.checked_staple.refusal.take()),
        _ => (None, None),
    };
    let alert = failure::plaintext_alert(&flight).or_else(|| failure::alert_of(&failure));
    let (kind, phase) = match staple {
        Some(kind) => (kind, Phase::ServerCertificate),
        None => failure::classify(failure, refusal, Side::Client),
    };
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

fn stream<IO>(outgoing: &Outgoing<'_>, wire: Wire<IO>, finished: Finished) -> TlsStream<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let Finished {
        record,
        negotiated,
        slot,
        resumption,
        server_hello,
    } = finished;
    let context = &outgoing.connector.context;
    let resumed_from = outgoing
        .connector
        .session
        .as_ref()
        .filter(|_| resumption.is_resumed())
        .map(ClientSession::binding);
    let (first_verified, refusal) = match resumed_from {
        Some(binding) => (binding.first_verified, binding.refusal.clone()),
        None => (outgoing.now, slot.refusal),
    };
    let random = server_hello.map(|hello| hello.random);
    let exporter = slot.secrets.exporter(negotiated.suite, random);
    let binding = Binding {
        server_name: outgoing.name.clone(),
        port: outgoing.port,
        verification_id: context.verification_id(),
        proof: Proven::ByChain(negotiated.peer_certificates.clone().into()),
        first_verified,
        refusal: refusal.clone(),
        staples: outgoing.connector.staples.policy,
    };
    let usable =
        context.resumes() && server_hello.is_some_and(|hello| hello.extended_master_secret);
    let info = ConnectionInfo::new(Facts {
        version: negotiated.version,
        suite: negotiated.suite,
        rustls_suite: negotiated.rustls_suite,
        psk_identity: None,
        group: negotiated.group,
        kind: negotiated.kind,
        alpn: negotiated.alpn.map(Vec::into_boxed_slice),
        server_name: match &outgoing.name {
            ServerName::DnsName(name) => Some(Box::from(name.as_ref())),
            _ => None,
        },
        peer_certificates: negotiated.peer_certificates.into_boxed_slice(),
        authorized: refusal.is_none(),
        refusal,
        resumption,
        maker: None,
        early_data: EarlyData::NotOffered,
        rule: ContextRule::Client,
        generation: context.generation(),
        peer_addr: outgoing.peer,
        elapsed: outgoing.begun.elapsed(),
        hello: None,
        ocsp_response: slot.checked_staple.response,
        staple_verdict: slot.checked_staple.verdict,
        parsed_peer: OnceLock::new(),
    });
    let (io, received) = wire.into_parts();
    let sessions = Some(SessionSource {
        inbox: Inbox::Rustls(slot.inbox),
        bound_to: binding,
        usable,
    });
    let rest = Rest {
        exporter,
        sessions,
        early: bytes::Bytes::new(),
    };
    TlsStream::new(Parts {
        io,
        record,
        info,
        incoming: received,
        unsent: Vec::new(),
        rest,
    })
}
