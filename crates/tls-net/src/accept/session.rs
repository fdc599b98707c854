//! Opens the session that a hello names: our tickets first, then the store, under limits, since
//! nobody has proved anything yet.

use tls_context::SecureContext;
use tls_session_store::{ContextId, Kind, NotResumed, OpenFailure, TicketKeys};
use tls_wire::extension::pre_shared_key::PskIdentity;
use tls_wire::{ClientHello, ProtocolVersion};
use zeroize::Zeroizing;

use super::Incoming;
use crate::connection_info::SessionKind;
use crate::revocation::{self, Key};
use crate::session::{self, OpenedSession, SESSION_ID_LEN, StoredSessions};

/// Sessions that one hello may have opened or looked up: a 64 KiB hello holds some 900 identities.
pub(super) const MAX_LOOKUPS: usize = 2;

/// A session that may be resumed, or why none.
pub(crate) enum Offer {
    /// It stood up to every check; the bytes by which the client named it.
    Session {
        name: Vec<u8>,
        kind: SessionKind,
        session: OpenedSession,
    },
    /// A full handshake, with its reason.
    None(NotResumed),
}

/// Opens what the hello names. Never an error: whatever is wrong means a full handshake.
pub(crate) async fn open(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    hello: &ClientHello,
) -> Offer {
    match find(incoming, context, hello).await {
        Ok(found) => match not_revoked(incoming, &found.session).await {
            Ok(()) => Offer::Session {
                name: found.name,
                kind: found.kind,
                session: found.session,
            },
            Err(why) => Offer::None(why),
        },
        Err(why) => Offer::None(why),
    }
}

/// A session that stood up to every check, by which name, and where it was.
struct Found {
    name: Vec<u8>,
    kind: SessionKind,
    session: OpenedSession,
}

/// Our tickets first, then the store.
async fn find(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    hello: &ClientHello,
) -> Result<Found, NotResumed> {
    let names = if context.resumes() {
        offered_names(context, hello)
    } else {
        Vec::new()
    };
    if names.is_empty() {
        return Err(NotResumed::NoSessionOffered);
    }
    let shared = incoming.shared;
    let mut reason = None;
    if let Some(keys) = shared.ticket_keys.as_ref().filter(|_| shared.tickets) {
        match open_ticket(incoming, context, keys, &names) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(why) => reason = Some(why),
        }
    }
    if let Some(stored) = &shared.stored {
        match fetch(incoming, context, stored, &names).await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    Err(reason.unwrap_or(NotResumed::WrongKey))
}

/// Whether the sessions of this client, or of the context that made this one, were revoked: here,
/// or, where a certificate stands behind the session, on another worker with the same store.
async fn not_revoked(incoming: &Incoming<'_>, session: &OpenedSession) -> Result<(), NotResumed> {
    let shared = incoming.shared;
    let client = &session.client;
    let keys = || Key::all_of(&client.chain);
    if shared
        .revocations
        .revoked(&session.context_id, keys, client.at)
    {
        return Err(NotResumed::Revoked);
    }
    match &shared.stored {
        Some(stored) if !client.chain.is_empty() => {
            let keys = Key::all_of(&client.chain);
            revocation::ask(incoming, stored, &keys, client.at).await
        }
        _ => Ok(()),
    }
}

/// A name under which a session is offered.
struct Name<'a> {
    bytes: &'a [u8],
    from: NameKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NameKind {
    Psk,
    Ticket,
    SessionId,
}

/// The names by which this hello offers sessions, for the version that will be negotiated.
///
/// Every TLS 1.3 hello has a random 32-byte session id: it names nothing. A TLS 1.2 session id
/// counts only without a ticket (RFC 5077, Section 3.4), and only with the extended master secret,
/// without which a resumed handshake is not bound to its first (RFC 7627, Section 5.3).
fn offered_names<'a>(context: &SecureContext, hello: &'a ClientHello) -> Vec<Name<'a>> {
    if negotiates_tls13(context, hello) {
        let psk = |identity: PskIdentity<'a>| Name {
            bytes: identity.identity,
            from: NameKind::Psk,
        };
        return hello.psk_identities().map(psk).collect();
    }
    if !hello.extended_master_secret() {
        return Vec::new();
    }
    match hello.session_ticket() {
        Some(ticket) if !ticket.is_empty() => {
            vec![Name {
                bytes: ticket,
                from: NameKind::Ticket,
            }]
        }
        _ if hello.session_id().len() == SESSION_ID_LEN => {
            vec![Name {
                bytes: hello.session_id(),
                from: NameKind::SessionId,
            }]
        }
        _ => Vec::new(),
    }
}

/// Whether `hello` will be answered with TLS 1.3.
pub(super) fn negotiates_tls13(context: &SecureContext, hello: &ClientHello) -> bool {
    let mut versions = context.versions().iter();
    hello.offers(ProtocolVersion::Tls13)
        && versions.any(|v| v.version == rustls::ProtocolVersion::TLSv1_3)
}

fn open_ticket(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    keys: &TicketKeys,
    names: &[Name<'_>],
) -> Result<Option<Found>, NotResumed> {
    let ours = names
        .iter()
        .filter(|name| name.from != NameKind::SessionId && keys.recognises(name.bytes));
    let mut reason = None;
    for name in ours.take(MAX_LOOKUPS) {
        let kind = Kind::RustlsTicket;
        let open = |id: &ContextId| keys.open(kind, id, name.bytes);
        match judge(incoming, context, kind, open) {
            Ok(session) => {
                return Ok(Some(Found {
                    name: name.bytes.to_vec(),
                    kind: SessionKind::Ticket,
                    session,
                }));
            }
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    reason.map_or(Ok(None), Err)
}

/// The session that `open` opens, if it may be resumed here and now.
fn judge(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    kind: Kind,
    open: impl Fn(&ContextId) -> Result<Zeroizing<Vec<u8>>, OpenFailure>,
) -> Result<OpenedSession, NotResumed> {
    let replaced = || incoming.shared.contexts.load().replaced.clone();
    let (id, envelope) = session::open_under_ids(context, replaced, open)?;
    session::judge(context, &id, kind, &envelope, incoming.now)
}

async fn fetch(
    incoming: &Incoming<'_>,
    context: &SecureContext,
    stored: &StoredSessions,
    names: &[Name<'_>],
) -> Result<Option<Found>, NotResumed> {
    let ids = names
        .iter()
        .filter(|name| name.from != NameKind::Ticket && name.bytes.len() == SESSION_ID_LEN);
    let mut reason = None;
    for name in ids.take(MAX_LOOKUPS) {
        let time = &incoming.store_time;
        // A TLS 1.3 session is single use, across workers; one of TLS 1.2 may come back.
        let found = match name.from {
            NameKind::SessionId => stored.guard.get(name.bytes, time).await,
            _ => stored.guard.take(name.bytes, time).await,
        };
        let opened = found
            .and_then(|found| found.ok_or(NotResumed::Unknown))
            .and_then(|value| {
                let kind = Kind::StoredSession;
                let open = |id: &ContextId| stored.secret.open_value(kind, id, name.bytes, &value);
                judge(incoming, context, kind, open)
            });
        match opened {
            Ok(session) => {
                return Ok(Some(Found {
                    name: name.bytes.to_vec(),
                    kind: SessionKind::Stored,
                    session,
                }));
            }
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    reason.map_or(Ok(None), Err)
}
