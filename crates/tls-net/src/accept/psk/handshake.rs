//! The handshake itself, by tls-psk.

use rustls::HandshakeKind;
use tls_context::SecureContext;
use tls_psk::{PskChoice, ServerHandshake, Step};
use tls_record::{RecordLayer, RecordLimits};
use tls_wire::{AlertDescription, ClientHello, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};

use super::lookup::keys_for;
use super::{Start, now};
use crate::accept::handshake::{Early, Finished, UNSENT};
use crate::accept::{Chosen, Incoming};
use crate::connection_info::{Resumption, SessionKind};
use crate::early_data::{EarlyData, EarlyDataRefused};
use crate::engine::fenced;
use crate::engine::negotiated::Negotiated;
use crate::engine::secrets::HandshakeSecrets;
use crate::error::{HandshakeErrorKind, Phase};
use crate::refused::{Farewell, Refused};
use crate::wire::Wire;

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
