//! Each reason for a full handshake arises where it should, with its code.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustls::ClientConfig;
use tls_context::{ClientAuth, SecureContextBuilder};
use tls_net::{NotResumed, Resumption, SessionsOf, TlsAcceptor};
use tls_session_store::{SharedSecret, TicketKeys};
use tls_testing::{Clock, Pki};
use tls_wire::ProtocolVersion;

use super::ends::VERSIONS;
use super::moody::{Mood, Moody};
use super::resumption::{KEPT, Keep, Quiet, Shown, attacker, attacker_with, hidden, visit};
use super::support::{server, trust};

/// Between the full handshake that makes a session and the one that offers it.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    Hours,
    Mood(Mood),
    OtherKeys,
    OtherSecretIdContext,
    OtherPolicy,
    CertificateEnds,
    OtherName,
    Revoked,
}

use Between as B;

/// What happens, how sessions are kept, and the reason.
const TABLE: &[(Between, &[Keep], Option<NotResumed>)] = &[
    (B::Nothing, &KEPT, None),
    (
        B::Mood(Mood::Forgetful),
        &[Keep::Stored],
        Some(NotResumed::Unknown),
    ),
    (B::Hours, &KEPT, Some(NotResumed::Expired)),
    (B::OtherKeys, &[Keep::Tickets], Some(NotResumed::WrongKey)),
    (
        B::OtherSecretIdContext,
        &KEPT,
        Some(NotResumed::OtherContext),
    ),
    (B::OtherPolicy, &KEPT, Some(NotResumed::PolicyChanged)),
    (
        B::CertificateEnds,
        &KEPT,
        Some(NotResumed::ChainNoLongerGood),
    ),
    (B::OtherName, &KEPT, Some(NotResumed::Suite)),
    (B::Revoked, &KEPT, Some(NotResumed::Revoked)),
    (
        B::Mood(Mood::Silent),
        &[Keep::Stored],
        Some(NotResumed::StoreLate),
    ),
    (
        B::Mood(Mood::Failing),
        &[Keep::Stored],
        Some(NotResumed::StoreDown),
    ),
    (
        B::Mood(Mood::Cut),
        &[Keep::Stored],
        Some(NotResumed::Malformed),
    ),
    (
        B::Mood(Mood::OtherVersion),
        &[Keep::Stored],
        Some(NotResumed::Malformed),
    ),
    // One that was changed or swapped can't be told from one of another context.
    (
        B::Mood(Mood::Changed),
        &[Keep::Stored],
        Some(NotResumed::OtherContext),
    ),
    (
        B::Mood(Mood::Swapped),
        &[Keep::Stored],
        Some(NotResumed::OtherContext),
    ),
];

fn optional() -> SecureContextBuilder {
    server()
        .client_auth(ClientAuth::optional(trust()))
        .session_timeout(Duration::from_secs(7200))
}

/// A client whose certificate ends on the second day.
fn short_lived(version: ProtocolVersion, clock: &Clock) -> (Arc<ClientConfig>, Shown) {
    let mut params = tls_testing::pki::client_params("short.test");
    params.not_after = rcgen::date_time_ymd(2026, 1, 2);
    let leaf = Pki::shared()
        .intermediate
        .sign(params, tls_testing::pki::p256());
    attacker_with(version, &leaf, clock)
}

async fn reason(version: ProtocolVersion, keep: Keep, between: Between) -> Resumption {
    let clock = Clock::at(tls_testing::clock::START + 75_000);
    let store = Moody::new();
    let context = match between {
        B::CertificateEnds => optional().session_timeout(Duration::from_secs(86_400)),
        _ => optional(),
    };
    let builder = TlsAcceptor::builder(context.build().unwrap()).clock(clock.time_provider());
    let builder = match keep {
        Keep::Tickets => builder.ticket_keys(TicketKeys::generate().unwrap()),
        Keep::Stored => builder.sessions(store.clone(), SharedSecret::generate().unwrap()),
    };
    let acceptor = builder.build().unwrap();
    let handle = acceptor.listen(Quiet).handle();
    let (config, shown) = short_lived(version, &clock);
    shown.store(true, Ordering::SeqCst);
    let first = visit(&acceptor, &config, "localhost").await.unwrap();
    assert_eq!(
        first.resumption(),
        Resumption::Full(NotResumed::NoSessionOffered)
    );
    let mut name = "localhost";
    match between {
        B::Nothing => {}
        B::Hours => clock.advance(Duration::from_secs(7200)),
        B::Mood(mood) => {
            // Another's session, for what is swapped.
            visit(&acceptor, &attacker(version, &hidden()), "localhost")
                .await
                .unwrap();
            store.set(mood);
        }
        B::OtherKeys => handle.set_ticket_keys(&[9; 48]),
        B::OtherSecretIdContext => {
            // Not the one that was replaced, so it is not the policy that changed.
            for label in ["a", "b", "c", "d", "e", "f"] {
                let context = optional().session_id_context(label).build().unwrap();
                handle.set_context(context).unwrap();
            }
        }
        B::OtherPolicy => {
            let context = server().client_auth(ClientAuth::required(trust()));
            handle.set_context(context.build().unwrap()).unwrap();
        }
        B::CertificateEnds => {
            clock.advance(Duration::from_secs(12_000));
            shown.store(false, Ordering::SeqCst);
        }
        B::OtherName => name = "example.test",
        B::Revoked => {
            let whose = SessionsOf::Name("short.test".into());
            handle.revoke_sessions(&whose).await.unwrap();
        }
    }
    let again = visit(&acceptor, &config, name).await.unwrap();
    again.resumption()
}

// Spec: SES-02, SES-07, SES-10, T-SES-09, T-SES-17
#[tokio::test(start_paused = true)]
async fn every_reason_arises_where_it_should() {
    let mut seen = BTreeSet::from([NotResumed::NoSessionOffered.code()]);
    for (between, kept, expected) in TABLE {
        for keep in *kept {
            for version in VERSIONS {
                let found = reason(version, *keep, *between).await;
                match expected {
                    None => assert!(found.is_resumed(), "{version} {keep:?} {between:?}"),
                    Some(why) => {
                        assert_eq!(
                            found,
                            Resumption::Full(*why),
                            "{version} {keep:?} {between:?}"
                        );
                        seen.insert(why.code());
                    }
                }
            }
        }
    }
    // Its own test is in `store`.
    seen.insert(NotResumed::TooManyLookups.code());
    let all: BTreeSet<_> = NotResumed::ALL.iter().map(|why| why.code()).collect();
    assert_eq!(seen, all);
}
