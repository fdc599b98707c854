//! Ticket keys as rustls wants them.

use rustls::server::ProducesTickets;

use crate::envelope::Header;
use crate::limits::MAX_TICKET_LEN;
use crate::{ContextId, Kind, NotResumed, TicketKeys, Verdict};

/// Seals rustls's sessions into tickets of one context.
#[derive(Debug)]
pub(crate) struct Ticketer {
    keys: TicketKeys,
    context: ContextId,
}

impl Ticketer {
    pub(crate) fn new(keys: TicketKeys, context: ContextId) -> Self {
        Self { keys, context }
    }

    fn open(&self, ticket: &[u8]) -> Result<Vec<u8>, NotResumed> {
        let mut envelope = self
            .keys
            .open_envelope(Kind::RustlsTicket, &self.context, ticket)?;
        Ok(std::mem::take(&mut *envelope.payload))
    }
}

impl ProducesTickets for Ticketer {
    fn enabled(&self) -> bool {
        // rustls does not say for which version it asks.
        self.keys.tls12_tickets()
    }

    fn lifetime(&self) -> u32 {
        u32::try_from(self.keys.lifetime().as_secs()).unwrap_or(u32::MAX)
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        if !self.enabled() {
            return None;
        }
        let header = Header {
            kind: Kind::RustlsTicket,
            context_id: &self.context,
            first_authenticated: self.keys.unix_time().as_secs(),
            // rustls does not tell a ticketer what it verified.
            verdict: &Verdict::NotRecorded,
            generation: 0,
            maker: "",
            chain: &[],
        };
        let len = header.encoded_len(plain.len());
        self.keys
            .seal_with(Kind::RustlsTicket, &self.context, len, |out| {
                header.encode_into(plain, out)
            })
            .inspect_err(|error| tracing::warn!(code = error.code(), "no ticket issued"))
            .ok()
            .filter(|ticket| ticket.len() <= MAX_TICKET_LEN)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.open(cipher)
            .inspect_err(|reason| tracing::debug!(reason = reason.code(), "ticket not resumed"))
            .ok()
    }
}
