//! Sessions after a handshake with a key: they resume at every worker, and only while the key is
//! the same.

use std::sync::Arc;
use std::time::Duration;

use tls_psk::{
    ClientConfig, Error, PskIdentity, PskKey, PskOffer, PskSession, ServerConfig, Tickets,
};
use tls_session_store::{Clock, ContextId, NotResumed, TicketKeys};

use crate::ends::*;

const LIFETIME: Duration = Duration::from_secs(7200);

/// Keys whose clock stands at `now`.
fn ticket_keys(now: Duration) -> TicketKeys {
    TicketKeys::from_bytes([3; 48]).with_clock(Clock::from_fn(move || now))
}

fn with_tickets(keys: TicketKeys, label: &str) -> ServerConfig {
    let mut config = server_config();
    config.tickets = Some(Tickets::new(keys, ContextId::from_label(label)));
    config
}

/// One worker of a fleet, at the time of the tests.
fn worker() -> ServerConfig {
    with_tickets(ticket_keys(NOW), "gates")
}

/// The session that a first handshake gives.
fn session() -> Arc<PskSession> {
    let open = run(client_config(), worker()).open();
    let mut sessions = open.sessions.take(NOW);
    assert_eq!(sessions.len(), 1);
    Arc::new(sessions.remove(0))
}

fn resuming(session: &Arc<PskSession>) -> ClientConfig {
    let mut config = client_config();
    config.session = Some(Arc::clone(session));
    config
}

// Spec: SOE-03, SES-09
#[test]
fn a_session_resumes_at_another_worker_and_is_not_renewed() {
    let session = session();
    assert_eq!(session.identity().as_bytes(), b"gate-7");
    assert_eq!(session.expires_at(), NOW + LIFETIME);
    let open = run(resuming(&session), worker()).open();
    for facts in [&open.client_facts, &open.server_facts] {
        assert!(facts.resumed);
        assert_eq!(facts.identity.as_bytes(), b"gate-7");
    }
    assert!(open.sessions.take(NOW).is_empty());
    // A ticket is not used up.
    assert!(
        run(resuming(&session), worker())
            .open()
            .server_facts
            .resumed
    );
}

#[test]
fn a_session_resumes_after_a_hello_retry_request() {
    let session = session();
    let mut server = worker();
    server.provider = provider_of(&[rustls::NamedGroup::secp256r1]);
    let mut client = resuming(&session);
    client.provider = provider();
    let facts = run(client, server).open().client_facts;
    assert!(facts.resumed && facts.hello_retry_request);
}

#[test]
fn other_keys_or_another_context_end_in_a_full_handshake() {
    let session = session();
    let other_keys = TicketKeys::from_bytes([4; 48]);
    for server in [
        with_tickets(ticket_keys(NOW), "doors"),
        with_tickets(other_keys, "gates"),
        server_config(),
    ] {
        assert!(!run(resuming(&session), server).open().server_facts.resumed);
    }
}

fn reason(session: &Arc<PskSession>, server: &ServerConfig, keys: &[PskKey]) -> NotResumed {
    reason_at(NOW, session, server, keys)
}

fn reason_at(
    now: Duration,
    session: &Arc<PskSession>,
    server: &ServerConfig,
    keys: &[PskKey],
) -> NotResumed {
    let mut wire = Vec::new();
    let client = Arc::new(resuming(session));
    tls_psk::ClientHandshake::new(client, NOW, &mut wire).unwrap();
    let (hello, _) = read_hello(&wire).unwrap();
    let mut offer = PskOffer::read(server, &hello, now).unwrap();
    let reason = offer.resume(keys).unwrap_err();
    assert_eq!(offer.not_resumed(), reason);
    reason
}

#[test]
fn why_a_session_is_not_resumed() {
    let session = session();
    let right = [key(&SECRET)];
    let doors = with_tickets(ticket_keys(NOW), "doors");
    assert_eq!(reason(&session, &doors, &right), NotResumed::OtherContext);
    let late = reason_at(NOW + LIFETIME, &session, &worker(), &right);
    assert_eq!(late, NotResumed::Expired);
    let replaced = [key(&[9; 32])];
    assert_eq!(
        reason(&session, &worker(), &replaced),
        NotResumed::PolicyChanged
    );
    assert_eq!(reason(&session, &worker(), &[]), NotResumed::PolicyChanged);
    let without = server_config();
    assert_eq!(
        reason(&session, &without, &right),
        NotResumed::NoSessionOffered
    );
}

#[test]
fn a_key_that_was_removed_or_replaced_resumes_nothing() {
    let session = session();
    let removed = |_: &PskIdentity| Vec::new();
    let outcome = run_with(resuming(&session), worker(), &removed, NOW, |_, _, _| {});
    assert!(matches!(
        outcome.server.error(),
        Some(Error::UnknownIdentity { .. })
    ));
    let replaced = |_: &PskIdentity| vec![key(&[9; 32])];
    let outcome = run_with(resuming(&session), worker(), &replaced, NOW, |_, _, _| {});
    assert_eq!(outcome.server.error(), Some(&Error::BinderMismatch));
}

/// While a key is changed, the sessions of the old one go on.
#[test]
fn both_keys_of_a_change_resume() {
    let session = session();
    let both = |_: &PskIdentity| vec![key(&[9; 32]), key(&SECRET)];
    let open = run_with(resuming(&session), worker(), &both, NOW, |_, _, _| {}).open();
    assert!(open.server_facts.resumed);
}

#[test]
fn a_client_offers_a_session_only_where_it_belongs() {
    let session = session();
    let offered = |config: ClientConfig, now| {
        let mut wire = Vec::new();
        tls_psk::ClientHandshake::new(Arc::new(config), now, &mut wire).unwrap();
        read_hello(&wire).unwrap().0.view().psk_identities().count() == 2
    };
    assert!(offered(resuming(&session), NOW));
    assert!(!offered(resuming(&session), NOW + LIFETIME));
    let mut other_server = resuming(&session);
    other_server.server_name = Some("other.example".to_owned());
    assert!(!offered(other_server, NOW));
    let mut other_key = resuming(&session);
    other_key.psks[0].key = key(&[9; 32]);
    assert!(!offered(other_key, NOW));
}

/// "age of the ticket ... plus ticket_age_add, modulo 2^32" (RFC 8446, Section 4.2.11.1).
#[test]
fn the_age_of_a_ticket_is_sent_obfuscated() {
    let session = session();
    let age = |now| {
        let mut wire = Vec::new();
        let config = Arc::new(resuming(&session));
        tls_psk::ClientHandshake::new(config, now, &mut wire).unwrap();
        let (hello, _) = read_hello(&wire).unwrap();
        let mut identities = hello.view().psk_identities();
        identities.next().unwrap().obfuscated_ticket_age
    };
    let later = age(NOW + Duration::from_millis(1500));
    assert_eq!(later.wrapping_sub(age(NOW)), 1500);
}

#[test]
fn a_server_may_issue_several_tickets_or_none() {
    for count in [0, 1, 3] {
        let mut server = worker();
        if let Some(tickets) = &mut server.tickets {
            tickets.count = count;
        }
        let mut open = run(client_config(), server).open();
        assert_eq!(open.sessions.take(NOW).len(), usize::from(count));
        send(&mut open.server, &mut open.client);
    }
}

/// A ticket of rustls's under the same keys is not one of ours, and the other way round.
#[test]
fn kinds_of_tickets_do_not_mix() {
    let keys = ticket_keys(NOW);
    let context = ContextId::from_label("gates");
    let ticket = keys
        .seal(
            tls_session_store::Kind::RustlsTicket,
            &context,
            b"session of rustls",
        )
        .unwrap();
    let mut client = client_config();
    client.psks[0].identity = PskIdentity::new(&ticket).unwrap();
    let outcome = run(client, worker());
    assert!(matches!(
        outcome.server.error(),
        Some(Error::UnknownIdentity { .. })
    ));
}
