//! Ticket keys that rotate: for how long a ticket resumes, and what goes out in TLS 1.2.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tls_net::{AcceptorBuilder, NotResumed, Resumption, SessionKind, TlsAcceptor};
use tls_session_store::{MemoryStore, SharedSecret, TicketKeys};
use tls_testing::Clock;
use tls_wire::ProtocolVersion;

use super::ends::VERSIONS;
use super::resumption::{attacker, hidden, visit};
use super::support::server;

const HOUR: Duration = Duration::from_secs(3_600);

/// The clock as ticket keys have it.
fn of_keys(clock: &Clock) -> tls_session_store::Clock {
    let clock = clock.clone();
    tls_session_store::Clock::from_fn(move || Duration::from_secs(clock.seconds()))
}

/// A server whose sessions live for `lifetime`.
fn worker(clock: &Clock, lifetime: Duration, keys: &TicketKeys) -> AcceptorBuilder {
    let context = server().session_timeout(lifetime).build().unwrap();
    TlsAcceptor::builder(context)
        .clock(clock.time_provider())
        .ticket_keys(keys.clone())
}

/// A client whose clock stands still: it offers what an honest one would have dropped.
fn ageless(version: ProtocolVersion) -> Arc<ClientConfig> {
    let mut config = ClientConfig::clone(&attacker(version, &hidden()));
    config.time_provider = Clock::new().time_provider();
    Arc::new(config)
}

fn by_clock(clock: &Clock) -> TicketKeys {
    let secret = SharedSecret::from_bytes(&[7; 32]).unwrap();
    let keys = TicketKeys::by_clock(secret, HOUR).unwrap();
    keys.with_clock(of_keys(clock)).allow_tls12_tickets()
}

fn by_period(clock: &Clock) -> TicketKeys {
    let keys = TicketKeys::generate().unwrap();
    keys.with_clock(of_keys(clock)).rotate_every(HOUR)
}

/// A key opens for as long as the sessions that it sealed, however often keys change; when it is gone,
/// the reason says so.
// Spec: CTX-13, TKT-05, SES-02
#[tokio::test]
async fn a_ticket_lives_as_long_as_its_session_across_rotations() {
    for version in VERSIONS {
        for keys in [by_period, by_clock] {
            let clock = Clock::new();
            let keys = keys(&clock);
            assert_eq!(keys.lifetime(), 2 * HOUR);
            let acceptor = worker(&clock, 24 * HOUR, &keys).build().unwrap();
            assert_eq!(keys.lifetime(), 24 * HOUR, "told by the context");
            let clients = [(); 3].map(|()| ageless(version));
            for client in &clients {
                visit(&acceptor, client, "localhost").await.unwrap();
            }
            // Tickets made along the way turn the ring.
            for _ in 0..23 {
                clock.advance(HOUR);
                let other = ageless(version);
                visit(&acceptor, &other, "localhost").await.unwrap();
            }
            let rows = [
                (Duration::ZERO, Resumption::Resumed(SessionKind::Ticket)),
                (HOUR, Resumption::Full(NotResumed::Expired)),
                (5 * HOUR, Resumption::Full(NotResumed::WrongKey)),
            ];
            for (client, (later, expected)) in clients.iter().zip(rows) {
                clock.advance(later);
                let info = visit(&acceptor, client, "localhost").await.unwrap();
                assert_eq!(info.resumption(), expected, "{version} after {later:?}");
            }
        }
    }
}

/// Keys that follow from a secret have no forward secrecy, and a TLS 1.2 ticket holds the secret of
/// its handshake.
// Spec: TKT-06, TKT-07
#[tokio::test]
async fn keys_by_clock_seal_no_tickets_of_tls12_unless_allowed() {
    let secret = || SharedSecret::from_bytes(&[7; 32]).unwrap();
    let keys = || TicketKeys::by_clock(secret(), HOUR).unwrap();
    let none = Resumption::Full(NotResumed::NoSessionOffered);
    let [ticket, stored] = [SessionKind::Ticket, SessionKind::Stored].map(Resumption::Resumed);
    for version in VERSIONS {
        let is_tls12 = version == ProtocolVersion::Tls12;
        let rows = [
            (keys(), false, if is_tls12 { none } else { ticket }),
            (keys(), true, if is_tls12 { stored } else { ticket }),
            (keys().allow_tls12_tickets(), false, ticket),
        ];
        for (keys, with_store, expected) in rows {
            let mut builder = TlsAcceptor::builder(server().build().unwrap()).ticket_keys(keys);
            if with_store {
                builder = builder.sessions(MemoryStore::new(), secret());
            }
            let acceptor = builder.build().unwrap();
            let client = attacker(version, &hidden());
            visit(&acceptor, &client, "localhost").await.unwrap();
            let info = visit(&acceptor, &client, "localhost").await.unwrap();
            assert_eq!(info.resumption(), expected, "{version}, {with_store}");
        }
    }
}

/// Two processes with the secret and nothing else; the second is started after the first is gone.
// Spec: TKT-03
#[tokio::test]
async fn keys_by_clock_resume_at_a_worker_that_was_started_later() {
    for version in VERSIONS {
        let clock = Clock::new();
        let client = ageless(version);
        let first = worker(&clock, 2 * HOUR, &by_clock(&clock)).build().unwrap();
        visit(&first, &client, "localhost").await.unwrap();
        drop(first);
        clock.advance(HOUR);
        let second = worker(&clock, 2 * HOUR, &by_clock(&clock)).build().unwrap();
        let info = visit(&second, &client, "localhost").await.unwrap();
        let expected = Resumption::Resumed(SessionKind::Ticket);
        assert_eq!(info.resumption(), expected, "{version}");
    }
}
