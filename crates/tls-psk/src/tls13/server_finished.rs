//! The server's last state: the client's Finished, then tickets (RFC 8446, Sections 4.4.4 and 4.6.1).

use tls_record::{Established, Role, TrafficKeys, TrafficSecrets};
use tls_wire::new_session_ticket::MAX_LIFETIME;
use tls_wire::{HandshakeType, NamedGroup, NewSessionTicket, ProtocolVersion};

use super::key_schedule::{self, MasterSecret, PskKind};
use super::server::{Agreed, State};
use super::ticket;
use super::traffic::{self, ApplicationTraffic};
use crate::limits::MAX_TICKET;
use crate::machine::Next;
use crate::psk_choice::{Candidate, Chosen};
use crate::psk_session::Origin;
use crate::records::Records;
use crate::transcript::{HashOutput, Transcript};
use crate::{Error, Facts, Finished, handshake_message, key_exchange};

/// Everything is sent; the client's Finished is awaited.
pub(crate) struct ClientFinished {
    pub(crate) agreed: Agreed,
    pub(crate) group: Option<NamedGroup>,
    pub(crate) retried: bool,
    pub(crate) candidate: Candidate,
    pub(crate) transcript: Transcript,
    pub(crate) client_handshake: HashOutput,
    pub(crate) application: ApplicationTraffic,
    pub(crate) keys: ApplicationKeys,
    pub(crate) master: MasterSecret,
}

/// What protects the application's data; the server writes under it already.
pub(crate) struct ApplicationKeys {
    pub(crate) secrets: TrafficSecrets,
    pub(crate) tx: TrafficKeys,
    pub(crate) rx: TrafficKeys,
}

impl ClientFinished {
    pub(crate) fn finished(
        mut self,
        message: &[u8],
        records: &mut Records,
    ) -> Result<Next<State>, Error> {
        let verify_data =
            handshake_message::body(message, HandshakeType::Finished, "the client's Finished")?;
        let hash = traffic::hash(self.agreed.suite.suite);
        let messages = self.transcript.hash();
        let expected = key_schedule::verify_data(hash, &self.client_handshake, &messages)?;
        if !expected.equals(verify_data) {
            return Err(Error::FinishedMismatch);
        }
        // The keys change: nothing may follow in this record.
        records.finish()?;
        self.transcript.add(message);
        self.send_tickets(records)?;
        let (facts, exporter) = (self.facts(), self.application.exporter(hash)?);
        let ApplicationKeys { secrets, tx, rx } = self.keys;
        Ok(Next::Done(Box::new(Finished {
            established: Established {
                role: Role::Server,
                version: ProtocolVersion::Tls13,
                tx,
                tx_sequence: records.tx_sequence(),
                rx,
                rx_sequence: 0,
                post_handshake: Some(Box::new(secrets)),
            },
            facts,
            exporter,
            sessions: None,
        })))
    }

    fn facts(&self) -> Facts {
        Facts {
            version: ProtocolVersion::Tls13,
            cipher_suite: self.agreed.suite.suite,
            group: self.group,
            identity: self.agreed.origin.identity().clone(),
            imported: match &self.agreed.origin {
                Chosen::Session(origin) => origin.imported,
                _ => self.candidate.kind == PskKind::Imported,
            },
            resumed: matches!(self.agreed.origin, Chosen::Session(_)),
            hello_retry_request: self.retried,
            alpn: self.agreed.alpn.clone(),
            server_name: self.agreed.server_name.clone(),
            hint: None,
        }
    }

    /// What tickets are bound to: the name and the very key of this handshake. A resumed one issues
    /// none (spec `SES-09`).
    fn origin(&self) -> Option<Origin> {
        let Chosen::External(identity) = &self.agreed.origin else {
            return None;
        };
        Some(Origin {
            identity: identity.clone(),
            generation: self.candidate.generation()?,
            imported: self.candidate.kind == PskKind::Imported,
            server_name: None,
        })
    }

    /// Tickets for the next connections, under the traffic keys (RFC 8446, Section 4.6.1). A ticket
    /// that can't be made is none; the handshake stands.
    fn send_tickets(&self, records: &mut Records) -> Result<(), Error> {
        let (Some(tickets), Some(origin)) = (&self.agreed.config.tickets, self.origin()) else {
            return Ok(());
        };
        let hash = traffic::hash(self.agreed.suite.suite);
        let made = self.agreed.now.as_secs();
        let resumption = self.master.resumption(&self.transcript.hash())?;
        for number in 0..tickets.count {
            let nonce = [number];
            let secret = key_schedule::resumption_psk(hash, &resumption, &nonce)?;
            let age_add = u32::from_be_bytes(key_exchange::random(&self.agreed.config.provider)?);
            let Some(ticket) = ticket::seal(tickets, hash, &secret, &origin, made)
                .filter(|ticket| ticket.len() <= MAX_TICKET)
            else {
                return Ok(());
            };
            let ticket = NewSessionTicket {
                lifetime: u32::try_from(tickets.lifetime.min(MAX_LIFETIME).as_secs())
                    .unwrap_or(u32::MAX),
                age_add,
                nonce: &nonce,
                ticket: &ticket,
                max_early_data: None,
            };
            send_ticket(&ticket, records)?;
        }
        Ok(())
    }
}

fn send_ticket(ticket: &NewSessionTicket<'_>, records: &mut Records) -> Result<(), Error> {
    let body = ticket.encode()?;
    let message = handshake_message::write(HandshakeType::NewSessionTicket, &body);
    records.send_handshake(&message)
}
