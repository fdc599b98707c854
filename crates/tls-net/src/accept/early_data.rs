//! Early data: whether this hello's may be taken, and what the answer made of it.

use rustls::server::UnbufferedServerConnection;
use tls_context::SecureContext;
use tls_record::RecordProtection;
use tls_wire::{AlertDescription, ClientHello, ContentType, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Incoming;
use super::session::{Offer, negotiates_tls13};
use crate::connection_info::SessionKind;
use crate::early_data::{EarlyData, EarlyDataRefused, UNDISTURBED};
use crate::engine::early_data::{Answer, EarlyRecords, TooMuch, Verdict, answered};
use crate::engine::handover;
use crate::engine::handshake::Handshake;
use crate::engine::slot::Slot;
use crate::error::{HandshakeErrorKind, Phase};
use crate::refused::{Farewell, Refused};
use crate::wire::Wire;

/// What one connection may do with early data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    offered: Offered,
    /// rustls's `max_early_data_size`: what is taken now, and what the tickets of this connection
    /// allow. 0 where early data is refused.
    pub(super) limit: u32,
    /// The sessions of this connection go to the store, ticket keys or not: a ticket can be used
    /// many times.
    pub(super) stores_sessions: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offered {
    Nothing,
    /// rustls may take it, if the ticket's age and the like are right.
    Acceptable,
    Refused(EarlyDataRefused),
}

impl Plan {
    pub(super) fn is_offered(&self) -> bool {
        self.offered != Offered::Nothing
    }
}

/// Decides before rustls sees the hello. The session was taken from the store by now, so nobody
/// else has it, as far as the store can be believed.
pub(super) fn plan(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    hello: &ClientHello,
    offer: &Offer,
) -> Plan {
    let limit = incoming.shared.early_data;
    let offers = hello.early_data();
    let mut plan = Plan {
        offered: match offers {
            true => Offered::Refused(EarlyDataRefused::Off),
            false => Offered::Nothing,
        },
        limit: 0,
        stores_sessions: false,
    };
    let Some(stored) = incoming.shared.stored.as_ref().filter(|_| limit > 0) else {
        return plan;
    };
    if !negotiates_tls13(context, hello) {
        if offers {
            plan.offered = Offered::Refused(EarlyDataRefused::Version);
        }
        return plan;
    }
    // A store that can't tell would only ever refuse what its tickets had invited, and one that is
    // away makes none: where there are ticket keys, they serve meanwhile.
    let undisturbed = stored.guard.undisturbed_for();
    plan.stores_sessions = undisturbed.is_some() && stored.guard.takes_new();
    if !offers {
        plan.limit = if plan.stores_sessions { limit } else { 0 };
        return plan;
    }
    let refused = match offer {
        Offer::None(_) => Some(EarlyDataRefused::FullHandshake),
        Offer::Session {
            kind: SessionKind::Ticket,
            ..
        } => Some(EarlyDataRefused::Ticket),
        Offer::Session { .. } => {
            let believed = undisturbed.is_some_and(|time| time >= UNDISTURBED);
            (!believed || !plan.stores_sessions).then_some(EarlyDataRefused::StoreDisturbed)
        }
    };
    match refused {
        Some(reason) => plan.offered = Offered::Refused(reason),
        None => (plan.offered, plan.limit) = (Offered::Acceptable, limit),
    }
    plan
}

/// What the server's first flight made of early data that was offered, and what judges the records
/// that come now.
pub(super) fn settle(
    plan: &Plan,
    handshake: &mut Handshake<UnbufferedServerConnection>,
    flight: &[u8],
) -> (EarlyData, EarlyRecords) {
    let (connection, slot) = handshake.parts_mut();
    let Some(Slot::Server(slot)) = slot else {
        return (EarlyData::NotOffered, EarlyRecords::NONE);
    };
    let (answer, records) = answered(connection, &slot.secrets, flight, plan.limit);
    slot.secrets.client_handshake = None;
    slot.secrets.server_handshake = None;
    let outcome = match (plan.offered, answer) {
        (Offered::Nothing, _) => EarlyData::NotOffered,
        (Offered::Refused(reason), _) => EarlyData::Refused(reason),
        (Offered::Acceptable, Answer::Accepted) => EarlyData::Accepted,
        (Offered::Acceptable, Answer::Retry) => {
            EarlyData::Refused(EarlyDataRefused::HelloRetryRequest)
        }
        (Offered::Acceptable, Answer::Refused) => EarlyData::Refused(EarlyDataRefused::Parameters),
    };
    tracing::debug!(outcome = outcome.as_str(), "early data offered");
    crate::metrics::early_data(outcome);
    (outcome, records)
}

/// Waits for the next record that is the engine's, and gives its length. Refused early data before
/// it is dropped.
pub(super) async fn next_record<IO>(
    wire: &mut Wire<IO>,
    records: &mut EarlyRecords,
) -> Result<usize, NextRecord>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let record = wire.record().await.map_err(NextRecord::Transport)?;
        match records.judge(&wire.received()[..record]) {
            Ok(Verdict::Engine) => return Ok(record),
            Ok(Verdict::EngineEarly) => {
                wire.refund(record);
                return Ok(record);
            }
            Ok(Verdict::Skip) => {
                wire.refund(record);
                wire.consume(record);
            }
            Err(TooMuch) => return Err(NextRecord::TooMuch),
        }
    }
}

/// Why there is no next record.
pub(super) enum NextRecord {
    Transport(HandshakeErrorKind),
    TooMuch,
}

/// The end of a client that sends more early data than anyone may.
pub(super) fn too_much(handshake: &mut Handshake<UnbufferedServerConnection>) -> Refused {
    let alert = AlertDescription::UnexpectedMessage;
    let farewell = match protected(handshake, alert) {
        Some(record) => Farewell::Flight(record, Some(alert)),
        None => Farewell::Alert(alert),
    };
    Refused {
        kind: HandshakeErrorKind::TooMuchEarlyData,
        phase: Phase::Handshake,
        farewell,
    }
}

/// The alert under the application keys, which protect all that a server sends behind its Finished;
/// `None` before that.
fn protected(
    handshake: &mut Handshake<UnbufferedServerConnection>,
    alert: AlertDescription,
) -> Option<Vec<u8>> {
    let suite = handshake.connection().negotiated_cipher_suite()?;
    let Some(Slot::Server(slot)) = handshake.slot_mut() else {
        return None;
    };
    let (keys, _) = handover::server_secrets(suite, &slot.secrets)
        .ok()?
        .keys()
        .ok()?;
    let mut protection = RecordProtection::new(ProtocolVersion::Tls13, &keys).ok()?;
    let mut record = Vec::new();
    protection
        .seal(ContentType::Alert, &[2, alert.into()], &mut record)
        .ok()?;
    Some(record)
}
