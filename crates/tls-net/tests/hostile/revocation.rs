//! Sessions end before their time: those of a client, here and on other workers, and those of a
//! context that was replaced.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustls::ClientConfig;
use tls_context::{ClientAuth, SecureContext};
use tls_net::{AcceptorBuilder, NotResumed, Resumption, SessionsOf, TlsAcceptor};
use tls_session_store::{SessionStore as _, SharedSecret, TicketKeys};
use tls_testing::{Clock, Pki};
use tls_wire::ProtocolVersion;
use tokio::io::AsyncWriteExt as _;

use super::ends::VERSIONS;
use super::moody::{Mood, Moody};
use super::raw::hello;
use super::resumption::{KEPT, Keep, Quiet, attacker_with, visit};
use super::support::{pass, server, trust};

fn context() -> SecureContext {
    server()
        .client_auth(ClientAuth::optional(trust()))
        .build()
        .unwrap()
}

/// What workers share, and how they keep sessions.
struct Fleet {
    clock: Clock,
    store: Moody,
    keys: [u8; 48],
    secret: SharedSecret,
    keep: Keep,
}

impl Fleet {
    fn new(keep: Keep) -> Self {
        Self {
            clock: Clock::new(),
            store: Moody::new(),
            keys: [4; 48],
            secret: SharedSecret::generate().unwrap(),
            keep,
        }
    }

    /// The store loses what was put there last, and a minute goes by.
    async fn forget_last_for_a_minute(&self) {
        self.store
            .inner
            .remove(&self.store.last_id())
            .await
            .unwrap();
        pass(Duration::from_secs(61)).await;
    }

    fn builder(&self) -> AcceptorBuilder {
        let builder = TlsAcceptor::builder(context())
            .sessions(self.store.clone(), self.secret.clone())
            .clock(self.clock.time_provider());
        match self.keep {
            Keep::Tickets => builder.ticket_keys(TicketKeys::from_bytes(self.keys)),
            Keep::Stored => builder,
        }
    }

    fn worker(&self) -> TlsAcceptor {
        self.builder().build().unwrap()
    }

    fn client(&self, version: ProtocolVersion, shows_certificate: bool) -> Arc<ClientConfig> {
        let (config, shown) = attacker_with(version, &Pki::shared().client, &self.clock);
        shown.store(shows_certificate, Ordering::SeqCst);
        config
    }
}

async fn resumption(worker: &TlsAcceptor, config: &Arc<ClientConfig>) -> Resumption {
    visit(worker, config, "localhost")
        .await
        .unwrap()
        .resumption()
}

const REVOKED: Resumption = Resumption::Full(NotResumed::Revoked);

/// By each property of the certificate, on the worker that was told and on one that shares its
/// store. Other clients go on; so does this one, from its next full handshake.
#[tokio::test(start_paused = true)]
async fn sessions_of_a_client_are_revoked_on_all_workers() {
    let leaf = Pki::shared().client.certificate();
    let summary = tls_certs::CertificateSummary::from_der(leaf).unwrap();
    for version in VERSIONS {
        for keep in KEPT {
            for whose in [
                SessionsOf::certificate(leaf),
                SessionsOf::Serial(summary.serial.to_lowercase()),
                SessionsOf::Subject(summary.subject.clone()),
                SessionsOf::Name("client.test".into()),
            ] {
                let fleet = Fleet::new(keep);
                let (one, other) = (fleet.worker(), fleet.worker());
                let [here, there] = [(); 2].map(|()| fleet.client(version, true));
                let stranger = fleet.client(version, false);
                for config in [&here, &there, &stranger] {
                    resumption(&one, config).await;
                    assert!(resumption(&other, config).await.is_resumed(), "{version}");
                }
                fleet.clock.advance(Duration::from_secs(10));
                one.revoke_sessions(&whose).await.unwrap();
                let what = format!("{version} {keep:?} {whose:?}");
                assert_eq!(resumption(&one, &here).await, REVOKED, "{what}");
                assert_eq!(resumption(&other, &there).await, REVOKED, "{what}");
                assert!(resumption(&other, &stranger).await.is_resumed(), "{what}");
                // Those made in the next minutes don't either: a clock may be fast.
                assert_eq!(resumption(&one, &here).await, REVOKED, "{what}");
                fleet.clock.advance(Duration::from_secs(240));
                assert_eq!(resumption(&one, &here).await, REVOKED, "{what}");
                fleet.clock.advance(Duration::from_secs(61));
                assert!(!resumption(&one, &here).await.is_resumed());
                assert!(resumption(&other, &here).await.is_resumed(), "{what}");
            }
        }
    }
}

/// Restarted empty, or short of memory: nobody notices.
#[tokio::test(start_paused = true)]
async fn a_store_that_forgot_a_revocation_hears_of_it_again() {
    let fleet = Fleet::new(Keep::Tickets);
    let (one, other) = (fleet.worker(), fleet.worker());
    let config = fleet.client(ProtocolVersion::Tls13, true);
    resumption(&other, &config).await;
    let whose = SessionsOf::certificate(Pki::shared().client.certificate());
    one.revoke_sessions(&whose).await.unwrap();
    fleet.forget_last_for_a_minute().await;
    assert_eq!(resumption(&other, &config).await, REVOKED);
    // By now two know it: one of them may go.
    drop(one);
    fleet.forget_last_for_a_minute().await;
    assert!(
        fleet
            .store
            .inner
            .get(&fleet.store.last_id())
            .await
            .unwrap()
            .is_some()
    );
}

/// The id says nothing of the client to whoever lacks the secret. Workers that are about to replace
/// theirs hear of each other all the same.
#[tokio::test(start_paused = true)]
async fn a_revocation_is_found_by_those_with_the_secret() {
    let whose = SessionsOf::certificate(Pki::shared().client.certificate());
    let mut ids = Vec::new();
    for later in [false, true] {
        let mut fleet = Fleet::new(Keep::Tickets);
        let new = SharedSecret::generate().unwrap();
        let old = fleet.secret.clone();
        let (ahead, behind) = (
            new.with_previous(&old).unwrap(),
            old.with_previous(&new).unwrap(),
        );
        let (tells, hears) = match later {
            true => (ahead, behind),
            false => (behind, ahead),
        };
        fleet.secret = tells;
        let one = fleet.worker();
        fleet.secret = hears;
        let other = fleet.worker();
        let config = fleet.client(ProtocolVersion::Tls13, true);
        resumption(&other, &config).await;
        one.revoke_sessions(&whose).await.unwrap();
        ids.push(fleet.store.last_id());
        assert_eq!(resumption(&other, &config).await, REVOKED);
    }
    assert_ne!(ids[0], ids[1], "of one client, under two secrets");
}

/// Whoever offers a session of TLS 1.3 has it taken out of the store, proved or not. Under which id a
/// revocation is there can be seen by whoever reads the store.
#[tokio::test(start_paused = true)]
async fn nobody_takes_a_revocation_out_of_the_store() {
    for keep in KEPT {
        let fleet = Fleet::new(keep);
        let (one, other) = (fleet.worker(), fleet.worker());
        let config = fleet.client(ProtocolVersion::Tls13, true);
        resumption(&other, &config).await;
        let whose = SessionsOf::certificate(Pki::shared().client.certificate());
        one.revoke_sessions(&whose).await.unwrap();
        let id = fleet.store.last_id();
        let length = |bytes: usize| u16::try_from(bytes).unwrap().to_be_bytes();
        let identity = [&length(id.len())[..], &id, &[0; 4]].concat();
        let binder = [&[32][..], &[0; 32]].concat();
        let offer = [
            &length(identity.len())[..],
            &identity,
            &length(binder.len()),
            &binder,
        ];
        let modes = hello(ProtocolVersion::Tls13).without(45).with(45, &[1, 1]);
        let taking = modes.with(41, &offer.concat()).bytes();
        let (mut near, far) = tokio::io::duplex(1 << 16);
        near.write_all(&taking).await.unwrap();
        near.shutdown().await.unwrap();
        let code = other.accept(far).await.unwrap_err().code();
        assert_eq!(code, "peer_closed", "it read the hello to its end");
        assert_eq!(resumption(&other, &config).await, REVOKED, "{keep:?}");
    }
}

/// What can't be asked is a full handshake for those with certificates, and only for them.
#[tokio::test(start_paused = true)]
async fn without_the_store_no_certificate_resumes() {
    for version in VERSIONS {
        let fleet = Fleet::new(Keep::Tickets);
        let worker = fleet.worker();
        let (known, stranger) = (fleet.client(version, true), fleet.client(version, false));
        for config in [&known, &stranger] {
            resumption(&worker, config).await;
        }
        fleet.store.set(Mood::Down);
        let down = Resumption::Full(NotResumed::StoreDown);
        assert_eq!(resumption(&worker, &known).await, down);
        assert!(resumption(&worker, &stranger).await.is_resumed());
        // Junk in place of a revocation is taken for one.
        fleet.store.set(Mood::Junk);
        assert_eq!(resumption(&worker, &known).await, REVOKED);
    }
}

/// The application hears that the others did not; and when the store is back, they do.
#[tokio::test(start_paused = true)]
async fn a_store_that_was_away_hears_of_revocations_when_it_is_back() {
    for version in VERSIONS {
        let fleet = Fleet::new(Keep::Tickets);
        let (one, other) = (fleet.worker(), fleet.worker());
        let config = fleet.client(version, true);
        resumption(&other, &config).await;
        // It has no part in the revocation, and lets the worker notice the outage.
        let (colleague, shown) = attacker_with(version, &Pki::shared().client_rsa, &fleet.clock);
        shown.store(true, Ordering::SeqCst);
        resumption(&one, &colleague).await;
        fleet.store.set(Mood::Down);
        let whose = SessionsOf::certificate(Pki::shared().client.certificate());
        let error = one.revoke_sessions(&whose).await.unwrap_err();
        assert_eq!(error.code(), "revocation_not_shared");
        assert!(!error.to_string().is_empty());
        for _ in 0..3 {
            let down = Resumption::Full(NotResumed::StoreDown);
            assert_eq!(resumption(&one, &colleague).await, down);
        }
        assert_eq!(one.store_state().unwrap().as_str(), "open_circuit");
        fleet.store.set(Mood::Good);
        pass(Duration::from_secs(4)).await;
        assert_eq!(one.store_state().unwrap().as_str(), "working");
        assert_eq!(resumption(&other, &config).await, REVOKED);
        assert!(resumption(&other, &colleague).await.is_resumed());
    }
}

/// `set_context` keeps sessions of an equal policy; where asked to, it ends them.
// Spec: SRV-18, T-SES-22
#[tokio::test]
async fn a_replaced_context_ends_its_sessions_where_asked_to() {
    for version in VERSIONS {
        for keep in KEPT {
            for end in [false, true] {
                let fleet = Fleet::new(keep);
                let builder = fleet.builder().context("example.test", context());
                let worker = builder.end_sessions_on_replace(end).build().unwrap();
                let handle = worker.listen(Quiet).handle();
                for (name, replace) in [("localhost", false), ("example.test", true)] {
                    fleet.clock.advance(Duration::from_secs(100));
                    let config = fleet.client(version, false);
                    visit(&worker, &config, name).await.unwrap();
                    if replace {
                        handle.add_context("example.test", context()).unwrap();
                    } else {
                        handle.set_context(context()).unwrap();
                    }
                    let found = visit(&worker, &config, name).await.unwrap().resumption();
                    let what = format!("{version} {keep:?} {name} {end}: {found}");
                    assert_eq!(found == REVOKED, end, "{what}");
                    assert_eq!(found.is_resumed(), !end, "{what}");
                }
            }
        }
    }
}
