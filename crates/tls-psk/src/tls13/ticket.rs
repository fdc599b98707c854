//! Tickets of a server (RFC 8446, Section 4.6.1), sealed under the keys that all workers share.
//!
//! ```text
//! payload: version (1) | hash (1) | secret (hash) | generation of the key (32)
//!          | imported (1) | identity (2 + n)
//! ```

use std::time::Duration;

use subtle::ConstantTimeEq;
use tls_session_store::{Envelope, Kind, NotResumed, Verdict};
use tls_wire::HashAlgorithm;
use tls_wire::new_session_ticket::MAX_LIFETIME;
use tls_wire::reader::Reader;
use zeroize::Zeroizing;

use crate::limits::MAX_WIRE_IDENTITY;
use crate::psk_session::Origin;
use crate::transcript::HashOutput;
use crate::{PskIdentity, PskKey, Tickets};

const VERSION: u8 = 1;

/// A session out of a ticket of ours.
pub(crate) struct TicketSession {
    pub(crate) secret: HashOutput,
    pub(crate) hash: HashAlgorithm,
    pub(crate) origin: Origin,
    /// Unix time in seconds of the handshake that made it.
    pub(crate) authenticated_at: u64,
    /// Which process made it.
    pub(crate) maker: String,
}

impl TicketSession {
    /// Whether `key` is the one that the first handshake was made with.
    pub(crate) fn is_of(&self, key: &PskKey) -> bool {
        self.origin.generation.ct_eq(&key.generation()).into()
    }
}

impl std::fmt::Debug for TicketSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TicketSession").finish_non_exhaustive()
    }
}

/// Opens a ticket that one of the keys has made, and that is no older than tickets may be.
pub(crate) fn open(
    tickets: &Tickets,
    ticket: &[u8],
    now: Duration,
) -> Result<TicketSession, NotResumed> {
    let (kind, context) = (Kind::PskTicket, &tickets.context);
    let opened = tickets.keys.open(kind, context, ticket)?;
    let envelope = Envelope::decode(&opened).map_err(|_| NotResumed::Malformed)?;
    envelope.check(kind, context, now, tickets.lifetime.min(MAX_LIFETIME))?;
    let (hash, secret, origin) = decode(&envelope.payload).ok_or(NotResumed::Malformed)?;
    Ok(TicketSession {
        secret,
        hash,
        origin,
        authenticated_at: envelope.first_authenticated,
        maker: envelope.maker,
    })
}

/// Seals a session; `None` if that fails, and no ticket goes out then.
pub(crate) fn seal(
    tickets: &Tickets,
    hash: HashAlgorithm,
    secret: &HashOutput,
    origin: &Origin,
    first_authenticated: u64,
) -> Option<Vec<u8>> {
    let envelope = Envelope {
        first_authenticated,
        verdict: Verdict::NoCertificate,
        generation: 0,
        maker: tickets.maker.to_string(),
        context_id: tickets.context,
        kind: Kind::PskTicket,
        chain: Vec::new(),
        payload: encode(hash, secret, origin)?,
    };
    tickets.keys.seal_envelope(&envelope).ok()
}

fn encode(hash: HashAlgorithm, secret: &HashOutput, origin: &Origin) -> Option<Zeroizing<Vec<u8>>> {
    let identity = origin.identity.as_bytes();
    // Never grows: a reallocation would leave the secret behind.
    let length = 2 + hash.output_len() + origin.generation.len() + 3 + identity.len();
    let mut payload = Zeroizing::new(Vec::with_capacity(length));
    payload.push(VERSION);
    payload.push(u8::try_from(hash.output_len()).ok()?);
    payload.extend_from_slice(secret.as_bytes());
    payload.extend_from_slice(&origin.generation);
    payload.push(u8::from(origin.imported));
    payload.extend_from_slice(&u16::try_from(identity.len()).ok()?.to_be_bytes());
    payload.extend_from_slice(identity);
    Some(payload)
}

fn decode(payload: &[u8]) -> Option<(HashAlgorithm, HashOutput, Origin)> {
    let mut reader = Reader::new(payload, "ticket");
    if reader.u8().ok()? != VERSION {
        return None;
    }
    let hash = match reader.u8().ok()? {
        32 => HashAlgorithm::Sha256,
        48 => HashAlgorithm::Sha384,
        _ => return None,
    };
    let secret = HashOutput::copy(reader.take(hash.output_len()).ok()?);
    let generation = *reader.array::<32>().ok()?;
    let imported = reader.u8().ok()? == 1;
    let identity = reader.vec16("identity", 1..=MAX_WIRE_IDENTITY).ok()?;
    reader.finish().ok()?;
    let origin = Origin {
        identity: PskIdentity::from_wire(identity).ok()?,
        generation,
        imported,
        server_name: None,
    };
    Some((hash, secret, origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_session_store::{Clock, ContextId, TicketKeys};

    fn tickets() -> Tickets {
        let keys = TicketKeys::generate().unwrap();
        Tickets::new(keys, ContextId::from_label("test"))
    }

    fn origin() -> Origin {
        Origin {
            identity: PskIdentity::new("gate-7").unwrap(),
            generation: PskKey::from_bytes(&[7; 32]).unwrap().generation(),
            imported: true,
            server_name: None,
        }
    }

    #[test]
    fn a_ticket_round_trips_under_its_own_keys_and_context() {
        let tickets = tickets();
        let now = Clock::unix().now();
        for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
            let secret = HashOutput::copy(&vec![5; hash.output_len()]);
            let ticket = seal(&tickets, hash, &secret, &origin(), now.as_secs()).unwrap();
            let session = open(&tickets, &ticket, now).unwrap();
            assert!(session.secret.equals(secret.as_bytes()) && session.hash == hash);
            assert!(session.is_of(&PskKey::from_bytes(&[7; 32]).unwrap()));
            assert!(!session.is_of(&PskKey::from_bytes(&[8; 32]).unwrap()));
            let mut other = tickets.clone();
            other.context = ContextId::from_label("other");
            let refused = open(&other, &ticket, now).unwrap_err();
            assert_eq!(refused, NotResumed::OtherContext);
            let late = now + tickets.lifetime;
            assert_eq!(
                open(&tickets, &ticket, late).unwrap_err(),
                NotResumed::Expired
            );
        }
    }

    #[test]
    fn payloads_that_are_cut_are_none() {
        let secret = HashOutput::copy(&[5; 32]);
        let payload = encode(HashAlgorithm::Sha256, &secret, &origin()).unwrap();
        assert!(decode(&payload).is_some());
        for length in 0..payload.len() {
            assert!(decode(&payload[..length]).is_none(), "{length}");
        }
    }
}
