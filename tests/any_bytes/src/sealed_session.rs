//! Tickets of clients, and what comes back from a store.

use std::time::Duration;

use tls_session_store::{Clock, ContextId, Envelope, Kind, SharedSecret, TicketKeys};

/// The context of the seeds.
pub const CONTEXT: ContextId = ContextId([5; 32]);
/// The id of the stored seeds.
const ID: [u8; 32] = [6; 32];
/// Unix time of all of them.
const NOW: Duration = Duration::from_secs(1_900_000_000);

/// The keys of the seeds.
#[must_use]
pub fn ticket_keys() -> TicketKeys {
    TicketKeys::from_bytes([7; 48]).with_clock(Clock::from_fn(|| NOW))
}

/// The secret of the seeds.
#[must_use]
pub fn secret() -> SharedSecret {
    SharedSecret::from_bytes(&[8; 32]).unwrap()
}

/// The first byte says whether the rest is a ticket, a stored value, or what lies inside of either,
/// which is sealed first. `true` if a session came of it.
#[must_use]
pub fn sealed_session(bytes: &[u8]) -> bool {
    let Some((kind, bytes)) = bytes.split_first() else {
        return false;
    };
    let keys = ticket_keys();
    match kind % 3 {
        0 => keys
            .open_envelope(Kind::RustlsTicket, &CONTEXT, bytes)
            .is_ok(),
        1 => secret()
            .open_value(Kind::StoredSession, &CONTEXT, &ID, bytes)
            .is_ok_and(|value| is_envelope(&value)),
        _ => {
            let Ok(ticket) = keys.seal(Kind::RustlsTicket, &CONTEXT, bytes) else {
                return false;
            };
            let opened = keys.open(Kind::RustlsTicket, &CONTEXT, &ticket).unwrap();
            assert_eq!(&opened[..], bytes);
            let session = keys.open_envelope(Kind::RustlsTicket, &CONTEXT, &ticket);
            assert!(is_envelope(bytes) || session.is_err());
            session.is_ok()
        }
    }
}

/// Whether it is one; what is one has one form only.
fn is_envelope(bytes: &[u8]) -> bool {
    Envelope::decode(bytes).is_ok_and(|envelope| {
        assert_eq!(&envelope.encode().unwrap()[..], bytes);
        true
    })
}
