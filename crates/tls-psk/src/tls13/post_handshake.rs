//! What a client does after the handshake: next keys, and sessions out of NewSessionTickets.

use tls_record::{KeyUpdateRefused, PostHandshake, TicketRefused, TrafficKeys, TrafficSecrets};
use tls_wire::{HashAlgorithm, NewSessionTicket};

use super::key_schedule;
use crate::SessionInbox;
use crate::psk_session::Origin;
use crate::transcript::HashOutput;

/// The client's part. A server's is [`TrafficSecrets`] alone.
pub(crate) struct ClientPostHandshake {
    pub(crate) secrets: TrafficSecrets,
    pub(crate) hash: HashAlgorithm,
    pub(crate) resumption_master: HashOutput,
    pub(crate) origin: Origin,
    pub(crate) inbox: SessionInbox,
}

impl PostHandshake for ClientPostHandshake {
    fn next_tx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        self.secrets.next_tx_keys()
    }

    fn next_rx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        self.secrets.next_rx_keys()
    }

    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TicketRefused> {
        let ticket = NewSessionTicket::parse(body).map_err(|_| TicketRefused)?;
        let master = &self.resumption_master;
        let secret = key_schedule::resumption_psk(self.hash, master, ticket.nonce)
            .map_err(|_| TicketRefused)?;
        self.inbox
            .put(&ticket, secret, self.hash, self.origin.clone());
        Ok(())
    }
}
