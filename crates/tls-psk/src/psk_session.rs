//! What a client keeps to resume (RFC 8446, Sections 2.2 and 4.6.1).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tls_wire::HashAlgorithm;

use crate::PskIdentity;
use crate::limits::MAX_TICKET;
use crate::transcript::HashOutput;

/// A session that a server has given a client, for one of its next connections.
///
/// It belongs to the key it was made with and to the server name that was asked for. Whoever has it
/// can be that client until it expires; it is overwritten with zeros when dropped.
pub struct PskSession {
    pub(crate) ticket: Vec<u8>,
    pub(crate) secret: HashOutput,
    pub(crate) hash: HashAlgorithm,
    pub(crate) age_add: u32,
    pub(crate) origin: Origin,
    received: Duration,
    lifetime: Duration,
}

/// The handshake that a session comes from.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) identity: PskIdentity,
    /// Of the key, see [`PskKey`](crate::PskKey).
    pub(crate) generation: [u8; 32],
    pub(crate) imported: bool,
    pub(crate) server_name: Option<String>,
}

impl PskSession {
    /// The name of the key that the first handshake was made with.
    #[must_use]
    pub fn identity(&self) -> &PskIdentity {
        &self.origin.identity
    }

    /// The server name that was asked for.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.origin.server_name.as_deref()
    }

    /// Unix time from which on it is of no use.
    #[must_use]
    pub fn expires_at(&self) -> Duration {
        self.received.saturating_add(self.lifetime)
    }

    /// "age of the ticket in milliseconds", and `ticket_age_add` added modulo 2^32 (RFC 8446,
    /// Section 4.2.11.1).
    pub(crate) fn obfuscated_age(&self, now: Duration) -> u32 {
        let age = now.saturating_sub(self.received).as_millis() as u32;
        age.wrapping_add(self.age_add)
    }
}

impl fmt::Debug for PskSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PskSession")
            .field("server_name", &self.origin.server_name)
            .field("ticket_len", &self.ticket.len())
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// Sessions that are kept at most until they are taken: servers send one or two.
const MAX_KEPT: usize = 4;

/// Where a connection's sessions wait for whoever wants them. They come with the records after
/// the handshake, so reading from the connection is what fills it.
#[derive(Clone, Default)]
pub struct SessionInbox(Arc<Mutex<Vec<PskSession>>>);

impl SessionInbox {
    /// The sessions that have come, the newest last; `now` is the Unix time, from which their age
    /// counts.
    #[must_use]
    pub fn take(&self, now: Duration) -> Vec<PskSession> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = std::mem::take(&mut *kept);
        for session in &mut taken {
            session.received = now;
        }
        taken
    }

    /// Keeps a session; too large a ticket is dropped, and of too many the oldest.
    pub(crate) fn put(
        &self,
        ticket: &tls_wire::NewSessionTicket<'_>,
        secret: HashOutput,
        hash: HashAlgorithm,
        origin: Origin,
    ) {
        if ticket.ticket.len() > MAX_TICKET || ticket.lifetime == 0 {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_KEPT {
            kept.remove(0);
        }
        kept.push(PskSession {
            ticket: ticket.ticket.to_vec(),
            secret,
            hash,
            age_add: ticket.age_add,
            origin,
            received: Duration::ZERO,
            lifetime: Duration::from_secs(u64::from(ticket.lifetime)),
        });
    }
}

impl fmt::Debug for SessionInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInbox").finish_non_exhaustive()
    }
}
