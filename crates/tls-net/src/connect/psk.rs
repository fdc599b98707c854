//! The client's side of a handshake with a pre-shared key, by tls-psk.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tls_psk::{ClientConfig, ClientHandshake, Question, SessionInbox, Step};
use tls_record::{Exporter, RecordLayer, RecordLimits};
use tls_session_store::NotResumed;
use tls_wire::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Outgoing, sniff};
use crate::accept::psk::{negotiated, panicked, refused, transport_refused};
use crate::client_session::{Binding, Inbox, Kept, Proven, SessionSource};
use crate::connection_info::{ConnectionInfo, ContextRule, Facts, Resumption, SessionKind};
use crate::early_data::EarlyData;
use crate::engine::fenced;
use crate::error::{HandshakeErrorKind, Phase};
use crate::psk_client::PskClient;
use crate::psk_server::{cipher_suites, versions};
use crate::refused::Refused;
use crate::stream::{Parts, Rest, TlsStream};
use crate::wire::Wire;

/// What a client with pre-shared keys is about to offer.
pub(super) struct Offer<'a> {
    psk: &'a PskClient,
    config: ClientConfig,
    reason: NotResumed,
}

/// The offer of keys; `None` where the handshake is to be one with certificates.
pub(super) fn offer<'a>(outgoing: &Outgoing<'a>) -> Result<Option<Offer<'a>>, Refused> {
    let Some(psk) = outgoing.connector.psk.as_ref() else {
        return Ok(None);
    };
    let context = &outgoing.connector.context;
    let mut config = ClientConfig::new(Arc::clone(context.provider()));
    config.versions = versions(context);
    config.cipher_suites = cipher_suites(context, &config.cipher_suites);
    config.alpn = context.alpn().to_vec();
    config.server_name = match &outgoing.name {
        ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
        _ => None,
    };
    config.allow_psk_ke = psk.without_forward_secrecy;
    config.key_log = context.key_log().cloned();
    config.exporter = context.wants_exporter();
    let mut reason = NotResumed::NoSessionOffered;
    if config.versions.contains(&ProtocolVersion::Tls13) {
        let offered = fenced(|| psk.offered());
        config.psks = offered.ok_or_else(|| hook_panicked(Phase::Context))?;
        if config.psks.is_empty() {
            return Ok(None);
        }
        // In TLS 1.3 the exporter's secret opens nothing else.
        config.exporter |= config.versions == [ProtocolVersion::Tls13];
        match session(outgoing) {
            Ok(session) => config.session = session,
            Err(why) => reason = why,
        }
    }
    Ok(Some(Offer {
        psk,
        config,
        reason,
    }))
}

/// The application's closure panicked: that ends this one connection.
fn hook_panicked(phase: Phase) -> Refused {
    Refused::silently(HandshakeErrorKind::HookPanicked("psk_choose"), phase)
}

/// The session to offer, one of this engine.
fn session(outgoing: &Outgoing<'_>) -> Result<Option<Arc<tls_psk::PskSession>>, NotResumed> {
    let Some(session) = &outgoing.connector.session else {
        return Ok(None);
    };
    let context = &outgoing.connector.context;
    match session.take_for(context, &outgoing.name, outgoing.port, outgoing.now)? {
        Kept::Psk(session) => Ok(Some(Arc::new(session))),
        Kept::Rustls(_) => Err(NotResumed::OtherContext),
    }
}

/// Makes the handshake, and hands over.
pub(super) async fn run<IO>(
    outgoing: &Outgoing<'_>,
    wire: &mut Wire<IO>,
    offer: Offer<'_>,
) -> Result<Finished, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let offers_session = offer.config.session.is_some();
    let now = Duration::from_secs(outgoing.now.as_secs());
    let mut out = Vec::with_capacity(2048);
    let config = Arc::new(offer.config);
    let begun = fenced(|| ClientHandshake::new(config, now, &mut out));
    let mut handshake = begun
        .ok_or_else(panicked)?
        .map_err(|error| Refused::silently(HandshakeErrorKind::from(error), Phase::Context))?;
    let finished = exchange(wire, offer.psk, &mut handshake, &mut out).await?;
    let resumption = match (finished.facts.resumed, offers_session) {
        (true, _) => Resumption::Resumed(SessionKind::Ticket),
        (false, true) => Resumption::Full(NotResumed::Unknown),
        (false, false) => Resumption::Full(offer.reason),
    };
    let record = RecordLayer::new(finished.established, RecordLimits::default())
        .map_err(|error| Refused::silently(HandshakeErrorKind::Record(error), Phase::Handover))?;
    Ok(Finished {
        record,
        facts: finished.facts,
        exporter: finished.exporter,
        sessions: finished.sessions,
        resumption,
    })
}

/// A handshake that is done.
pub(super) struct Finished {
    record: RecordLayer,
    facts: tls_psk::Facts,
    exporter: Option<Exporter>,
    sessions: Option<SessionInbox>,
    resumption: Resumption,
}

/// Exchanges records until the handshake is done, and sends all that is to be sent.
async fn exchange<IO>(
    wire: &mut Wire<IO>,
    psk: &PskClient,
    handshake: &mut ClientHandshake,
    out: &mut Vec<u8>,
) -> Result<tls_psk::Finished, Refused>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut begun = false;
    loop {
        let read = fenced(|| handshake.read(wire.received_mut(), out));
        let mut step = match read.ok_or_else(panicked)? {
            Err(error) => Err(error),
            Ok(progress) => {
                wire.consume(progress.consumed);
                Ok(progress.step)
            }
        };
        if let Ok(Step::Ask(Question::Hint(hint))) = &step {
            // The application's own closure may panic.
            let chosen = fenced(|| psk.for_hint(hint.as_deref()));
            let chosen = chosen.ok_or_else(|| hook_panicked(Phase::Handshake))?;
            let answered = fenced(|| handshake.answer(chosen, out));
            step = answered.ok_or_else(panicked)?;
        }
        match step {
            Err(error) => return Err(refused(error, std::mem::take(out))),
            Ok(Step::Done(finished)) => {
                wire.write(out).await.map_err(transport_refused)?;
                return Ok(*finished);
            }
            Ok(Step::NeedBytes(_)) => {
                wire.write(out).await.map_err(transport_refused)?;
                out.clear();
                if begun {
                    wire.fill().await.map_err(transport_refused)?;
                } else {
                    sniff(wire).await?;
                    begun = true;
                }
            }
            Ok(_) => {}
        }
    }
}

/// The finished handshake becomes a stream.
pub(super) fn stream<IO>(
    outgoing: &Outgoing<'_>,
    wire: Wire<IO>,
    finished: Finished,
) -> TlsStream<IO>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let context = &outgoing.connector.context;
    let negotiated = negotiated(context, finished.facts);
    let binding = Binding {
        server_name: outgoing.name.clone(),
        port: outgoing.port,
        verification_id: context.verification_id(),
        proof: Proven::ByKey,
        first_verified: outgoing.now,
        refusal: None,
        staples: outgoing.connector.staples.policy,
    };
    let info = ConnectionInfo::new(Facts {
        version: negotiated.version,
        suite: negotiated.suite,
        rustls_suite: negotiated.rustls_suite,
        psk_identity: negotiated.psk_identity,
        group: negotiated.group,
        kind: negotiated.kind,
        alpn: negotiated.alpn.map(Vec::into_boxed_slice),
        server_name: match &outgoing.name {
            ServerName::DnsName(name) => Some(Box::from(name.as_ref())),
            _ => None,
        },
        peer_certificates: Box::default(),
        ocsp_response: None,
        staple_verdict: None,
        // The key is the proof (`PSK-11`).
        authorized: true,
        refusal: None,
        resumption: finished.resumption,
        maker: None,
        early_data: EarlyData::NotOffered,
        rule: ContextRule::Client,
        generation: context.generation(),
        peer_addr: outgoing.peer,
        elapsed: outgoing.begun.elapsed(),
        hello: None,
        parsed_peer: OnceLock::new(),
    });
    let sessions = finished.sessions.map(|inbox| SessionSource {
        inbox: Inbox::Psk(inbox, outgoing.connector.clock.clone()),
        bound_to: binding,
        usable: context.resumes(),
    });
    let (io, received) = wire.into_parts();
    TlsStream::new(Parts {
        io,
        record: finished.record,
        info,
        incoming: received,
        unsent: Vec::new(),
        rest: Rest {
            exporter: finished.exporter,
            sessions,
            early: bytes::Bytes::new(),
        },
    })
}
