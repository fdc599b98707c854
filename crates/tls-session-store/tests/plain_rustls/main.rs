//! With plain rustls at both ends, in memory: who resumes where, and who must not.
//!
//! The first tests hold what rustls itself does **not** check. If one of them fails after an update of
//! rustls, it has become stricter, and the documentation of `ContextId` can be milder.

#![allow(clippy::unwrap_used)]

mod pair;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pair::{Outcome, Peers, VERSIONS, Version, handshake};
use rustls::HandshakeKind::{Full, Resumed};
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};
use tls_session_store::{Clock, ContextId, MemoryStore, RustlsSessions, SharedSecret, TicketKeys};

/// Where a server's sessions are: with the client, or in a store.
#[derive(Clone)]
enum Sessions {
    Tickets(Arc<dyn ProducesTickets>),
    Stored(Arc<dyn StoresServerSessions>),
}

impl Sessions {
    /// Of rustls's own making: for the facts about it.
    fn of_rustls() -> [Self; 2] {
        [
            Self::Tickets(rustls::crypto::aws_lc_rs::Ticketer::new().unwrap()),
            Self::Stored(ServerSessionMemoryCache::new(32)),
        ]
    }
}

/// Workers that share a ticket key, a store and its secret.
struct Fleet {
    keys: TicketKeys,
    store: MemoryStore,
    secret: SharedSecret,
    clock: Clock,
    hand: Arc<AtomicU64>,
}

impl Fleet {
    fn new() -> Self {
        let hand = Arc::new(AtomicU64::new(1_000_000));
        let seconds = hand.clone();
        let clock = Clock::from_fn(move || Duration::from_secs(seconds.load(Ordering::Relaxed)));
        Self {
            keys: TicketKeys::generate().unwrap(),
            store: MemoryStore::with_clock(100, 1 << 20, clock.clone()),
            secret: SharedSecret::generate().unwrap(),
            clock,
            hand,
        }
    }

    /// What another worker, which has only the keys, makes of `context`: tickets, then a store.
    fn worker(&self, context: &str) -> [Sessions; 2] {
        let context = ContextId::from_label(context);
        let keys = TicketKeys::from_bytes(self.keys.to_bytes()).with_clock(self.clock.clone());
        let stored = RustlsSessions::new(self.store.clone(), self.secret.clone(), context)
            .with_clock(self.clock.clone());
        [
            Sessions::Tickets(keys.ticketer_for(context)),
            Sessions::Stored(Arc::new(stored)),
        ]
    }
}

/// Runs `check` for TLS 1.2 and 1.3.
fn for_each_version(check: impl Fn(&Peers, Version)) {
    let peers = Peers::new();
    for version in VERSIONS {
        check(&peers, version);
    }
}

#[test]
fn fact_rustls_alone_resumes_without_the_client_certificate_that_a_config_demands() {
    for_each_version(|peers, version| {
        for sessions in Sessions::of_rustls() {
            let lax = peers.server(version, false, &sessions);
            let strict = peers.server(version, true, &sessions);
            let client = peers.client(version);
            assert_eq!(handshake(&lax, &client).unwrap().kind, Full);
            let bypassed = handshake(&strict, &client).unwrap();
            assert_eq!(
                bypassed,
                Outcome {
                    kind: Resumed,
                    client_certificates: 0
                }
            );
        }
    });
}

#[test]
fn fact_rustls_alone_resumes_a_session_of_900_days_ago() {
    for_each_version(|peers, version| {
        let [_, stored] = Sessions::of_rustls();
        let server = peers.server(version, false, &stored);
        let later = peers.server_in_the_future(version, &stored, 900);
        let client = peers.client(version);
        assert_eq!(handshake(&server, &client).unwrap().kind, Full);
        assert_eq!(handshake(&later, &client).unwrap().kind, Resumed);
    });
}

// Spec: TKT-04, T-SES-17, CTX-11
#[test]
fn tkt_04_a_session_of_a_lax_context_does_not_resume_where_certificates_are_demanded() {
    for_each_version(|peers, version| {
        let fleet = Fleet::new();
        for (lax, strict) in fleet.worker("lax").iter().zip(&fleet.worker("strict")) {
            let lax = peers.server(version, false, lax);
            let strict = peers.server(version, true, strict);

            let stranger = peers.client(version);
            assert_eq!(handshake(&lax, &stranger).unwrap().kind, Full);
            let refused = handshake(&strict, &stranger).unwrap_err();
            assert!(refused.contains("NoCertificatesPresented"), "{refused}");

            let member = peers.client_with_certificate(version);
            assert_eq!(handshake(&lax, &member).unwrap().kind, Full);
            let checked = handshake(&strict, &member).unwrap();
            assert_eq!(
                checked,
                Outcome {
                    kind: Full,
                    client_certificates: 1
                }
            );
            // Under one context resumption brings the certificate back.
            let again = handshake(&strict, &member).unwrap();
            assert_eq!(
                again,
                Outcome {
                    kind: Resumed,
                    client_certificates: 1
                }
            );
        }
    });
}

// Spec: TKT-03, T-SES-05
#[test]
fn tkt_03_the_same_context_resumes_on_every_worker() {
    for_each_version(|peers, version| {
        let fleet = Fleet::new();
        for keeper in 0..2 {
            let client = peers.client(version);
            let kinds: Vec<_> = (0..5)
                .map(|_| {
                    let worker = &fleet.worker("shop")[keeper];
                    let server = peers.server(version, false, worker);
                    handshake(&server, &client).unwrap().kind
                })
                .collect();
            assert_eq!(kinds, [Full, Resumed, Resumed, Resumed, Resumed]);
        }
    });
}

// Spec: TKT-05
#[test]
fn tkt_05_a_replaced_key_means_a_full_handshake_and_no_error() {
    for_each_version(|peers, version| {
        let keys = TicketKeys::generate().unwrap();
        let sessions = Sessions::Tickets(keys.ticketer_for(ContextId::from_label("shop")));
        let server = peers.server(version, false, &sessions);
        let client = peers.client(version);
        let kind = || handshake(&server, &client).unwrap().kind;
        assert_eq!(kind(), Full);
        assert_eq!(kind(), Resumed);
        keys.set(&[9; 48]);
        assert_eq!(kind(), Full);
        assert_eq!(kind(), Resumed);
        keys.rotate().unwrap();
        assert_eq!(kind(), Resumed, "the key before still opens");
    });
}

// Spec: SES-07
#[test]
fn ses_07_a_session_older_than_its_lifetime_does_not_resume() {
    for_each_version(|peers, version| {
        let fleet = Fleet::new();
        for sessions in &fleet.worker("shop") {
            let server = peers.server(version, false, sessions);
            let client = peers.client(version);
            let kind = || handshake(&server, &client).unwrap().kind;
            assert_eq!(kind(), Full);
            fleet.hand.fetch_add(7_199, Ordering::Relaxed);
            assert_eq!(kind(), Resumed);
            fleet.hand.fetch_add(7_200, Ordering::Relaxed);
            assert_eq!(kind(), Full);
        }
    });
}

#[test]
fn the_default_ticketer_resumes_at_its_own_config_only() {
    for_each_version(|peers, version| {
        let keys = TicketKeys::generate().unwrap();
        let [first, second] = [(); 2].map(|()| Sessions::Tickets(keys.ticketer().unwrap()));
        let first = peers.server(version, false, &first);
        let second = peers.server(version, false, &second);
        let client = peers.client(version);
        assert_eq!(handshake(&first, &client).unwrap().kind, Full);
        assert_eq!(handshake(&first, &client).unwrap().kind, Resumed);
        assert_eq!(handshake(&second, &client).unwrap().kind, Full);
    });
}

#[test]
fn a_stored_tls13_session_is_used_once() {
    let store = MemoryStore::new();
    let sessions = RustlsSessions::new(
        store.clone(),
        SharedSecret::generate().unwrap(),
        ContextId([1; 32]),
    );
    assert!(sessions.put(b"id".to_vec(), b"session".to_vec()));
    assert_eq!(sessions.get(b"id").unwrap(), b"session");
    assert_eq!(sessions.take(b"id").unwrap(), b"session");
    assert_eq!(sessions.take(b"id"), None);
    assert!(store.is_empty());
    assert!(
        !sessions.put(vec![1; 33], b"session".to_vec()),
        "an odd id is not stored"
    );
}

#[test]
fn a_session_moved_to_another_id_does_not_open() {
    use tls_session_store::SessionStore;

    let store = MemoryStore::new();
    let sessions = RustlsSessions::new(
        store.clone(),
        SharedSecret::generate().unwrap(),
        ContextId([1; 32]),
    );
    assert!(sessions.put(b"victim".to_vec(), b"session".to_vec()));
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(async {
            let sealed = store.get(b"victim").await.unwrap().unwrap();
            assert!(!sealed.windows(7).any(|window| window == b"session"));
            store
                .put(b"other", sealed, Duration::from_secs(9))
                .await
                .unwrap();
        });
    assert_eq!(sessions.get(b"other"), None);
    assert_eq!(sessions.get(b"victim").unwrap(), b"session");
}

#[test]
fn a_session_too_long_for_a_ticket_gets_none() {
    let ticketer = TicketKeys::generate().unwrap().ticketer().unwrap();
    let ticket = ticketer.encrypt(&[1; 1_800]).unwrap();
    assert_eq!(ticketer.decrypt(&ticket).unwrap(), [1; 1_800]);
    assert_eq!(ticketer.encrypt(&[1; 2_000]), None);
    assert_eq!(ticketer.decrypt(b"junk"), None);
    assert!(ticketer.enabled());
    assert_eq!(ticketer.lifetime(), 7_200);
}
