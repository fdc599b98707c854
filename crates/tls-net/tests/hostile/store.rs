//! The guard around the session store: no handshake waits for a store that is away, and the store
//! is used again by itself when it is back. The clock is tokio's and stands still unless all wait.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tls_net::{NotResumed, Resumption, SessionKind, StoreState, TlsAcceptor};
use tls_session_store::{SharedSecret, TicketKeys};
use tls_wire::ProtocolVersion;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::ends::VERSIONS;
use super::moody::{Mood, Moody};
use super::raw::hello;
use super::resumption::{attacker, hidden, lax, visit};
use super::support::pass;

/// The states that the application was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn guarded(store: &Moody) -> (tls_net::AcceptorBuilder, Told) {
    let told = Told::default();
    let tell = told.clone();
    let acceptor = TlsAcceptor::builder(lax())
        .sessions(store.clone(), SharedSecret::generate().unwrap())
        .on_store_state(move |state: &StoreState| {
            let code = state.trouble().map_or("-", |trouble| trouble.code());
            let line = format!("{} {code}", state.as_str());
            tell.0.lock().unwrap().push(line);
        });
    (acceptor, told)
}

const LIMIT: Duration = Duration::from_millis(25);

/// How long a visit took, by tokio's clock, and what came of it.
async fn timed(
    acceptor: &TlsAcceptor,
    config: &Arc<rustls::ClientConfig>,
) -> (Duration, Resumption) {
    let begun = Instant::now();
    let info = visit(acceptor, config, "localhost").await.unwrap();
    (begun.elapsed(), info.resumption())
}

/// Late or failing: after three handshakes nobody asks any more, and nobody is told twice. Back:
/// sessions resume within seconds, without anybody's doing.
// Spec: T-SES-20, T-SES-21
#[tokio::test(start_paused = true)]
async fn after_three_misses_no_handshake_waits_until_the_store_is_back() {
    for version in VERSIONS {
        for (mood, code, reason) in [
            (Mood::Dead, "store_late", NotResumed::StoreLate),
            (Mood::Down, "store_down", NotResumed::StoreDown),
            (Mood::Panics, "store_down", NotResumed::StoreDown),
        ] {
            let store = Moody::new();
            let (acceptor, told) = guarded(&store);
            let acceptor = acceptor.build().unwrap();
            let config = attacker(version, &hidden());
            // Enough sessions for what follows: each of TLS 1.3 is for one use.
            for _ in 0..2 {
                timed(&acceptor, &config).await;
            }
            store.set(mood);
            let mut full = 0;
            while acceptor.store_state() == Some(StoreState::Working) {
                let (took, _) = timed(&acceptor, &config).await;
                assert!(took <= LIMIT + Duration::from_millis(2), "{took:?}");
                full += 1;
                assert!(full <= 3, "{version} {mood:?}");
            }
            assert_eq!(told.take(), [format!("open_circuit {code}")]);
            store.lookups();
            store.puts();
            let begun = Instant::now();
            let config = attacker(version, &hidden());
            for _ in 0..20 {
                let (took, resumption) = timed(&acceptor, &config).await;
                assert_eq!(took, Duration::ZERO, "{version} {mood:?}");
                assert_eq!(resumption, Resumption::Full(NotResumed::NoSessionOffered));
            }
            assert_eq!(
                (store.lookups(), store.puts()),
                (0, 0),
                "{version} {mood:?}"
            );
            assert_eq!(begun.elapsed(), Duration::ZERO);
            // A long outage is no flood: it was told once.
            pass(Duration::from_secs(60)).await;
            assert!(told.take().is_empty());
            assert!(store.lookups() < 60, "asked with pauses");
            let state = acceptor.store_state().unwrap();
            assert_eq!(state.trouble().unwrap().code(), code);

            store.set(Mood::Good);
            pass(Duration::from_secs(4)).await;
            assert_eq!(told.take(), ["working -"]);
            timed(&acceptor, &config).await;
            let (_, resumption) = timed(&acceptor, &config).await;
            assert_eq!(resumption, Resumption::Resumed(SessionKind::Stored));
            // Sessions from before say why they do not resume while the circuit is open.
            store.set(mood);
            for _ in 0..3 {
                timed(&acceptor, &config).await;
            }
            assert_eq!(told.take(), [format!("open_circuit {code}")]);
            store.set(Mood::Good);
            pass(Duration::from_secs(4)).await;
            let other = attacker(version, &hidden());
            for _ in 0..2 {
                timed(&acceptor, &other).await;
            }
            store.set(mood);
            while acceptor.store_state().unwrap() == StoreState::Working {
                let gone = attacker(version, &hidden());
                timed(&acceptor, &gone).await;
                timed(&acceptor, &gone).await;
            }
            let (took, resumption) = timed(&acceptor, &other).await;
            assert_eq!(
                (took, resumption),
                (Duration::ZERO, Resumption::Full(reason))
            );
        }
    }
}

/// The limit is for the handshake: looking up, and storing what comes next.
#[tokio::test(start_paused = true)]
async fn all_calls_of_a_handshake_share_one_limit() {
    for version in VERSIONS {
        let store = Moody::new();
        let (acceptor, told) = guarded(&store);
        let acceptor = acceptor.build().unwrap();
        let config = attacker(version, &hidden());
        timed(&acceptor, &config).await;
        store.set(Mood::Slow(18));
        for _ in 0..8 {
            let (took, _) = timed(&acceptor, &config).await;
            assert!(took <= LIMIT + Duration::from_millis(2), "{took:?}");
        }
        // It answers in time. That too little time was left for another call is not its fault.
        assert_eq!(acceptor.store_state(), Some(StoreState::Working));
        assert!(told.take().is_empty());
    }
}

/// A client that goes while the store is asked says nothing about the store.
// Spec: T-SES-12, SEV-13
#[tokio::test(start_paused = true)]
async fn clients_that_vanish_do_not_open_the_circuit() {
    let store = Moody::new();
    let (acceptor, told) = guarded(&store);
    let acceptor = acceptor.build().unwrap();
    store.set(Mood::Dead);
    let mut hello = hello(ProtocolVersion::Tls12);
    hello.head.splice(
        34..35 + usize::from(hello.head[34]),
        [32].into_iter().chain([9; 32]),
    );
    for _ in 0..10 {
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        near.write_all(&hello.clone().bytes()).await.unwrap();
        let accepting = acceptor.accept(far);
        let gone = tokio::time::timeout(LIMIT / 2, accepting).await;
        assert!(gone.is_err(), "it was being looked up");
    }
    assert_eq!(store.lookups(), 10);
    assert_eq!(acceptor.store_state(), Some(StoreState::Working));
    assert!(told.take().is_empty());
}

/// Full, or a replica: what it has still resumes where it stays (TLS 1.2); nothing new is made.
#[tokio::test(start_paused = true)]
async fn a_store_that_takes_nothing_is_read_on() {
    let store = Moody::new();
    let (acceptor, told) = guarded(&store);
    let acceptor = acceptor.build().unwrap();
    let kept = attacker(ProtocolVersion::Tls12, &hidden());
    timed(&acceptor, &kept).await;
    store.set(Mood::FailingPut);
    for version in VERSIONS {
        for _ in 0..3 {
            timed(&acceptor, &attacker(version, &hidden())).await;
        }
    }
    assert_eq!(told.take(), ["read_only store_full"]);
    store.puts();
    for version in VERSIONS {
        let config = attacker(version, &hidden());
        for _ in 0..2 {
            let (_, resumption) = timed(&acceptor, &config).await;
            assert_eq!(
                resumption,
                Resumption::Full(NotResumed::NoSessionOffered),
                "no ticket that could never resume"
            );
        }
    }
    assert_eq!(store.puts(), 0);
    let (_, resumption) = timed(&acceptor, &kept).await;
    assert_eq!(resumption, Resumption::Resumed(SessionKind::Stored));
    store.set(Mood::Good);
    pass(Duration::from_secs(4)).await;
    assert_eq!(told.take(), ["working -"]);
    for version in VERSIONS {
        let config = attacker(version, &hidden());
        timed(&acceptor, &config).await;
        let (_, resumption) = timed(&acceptor, &config).await;
        assert_eq!(resumption, Resumption::Resumed(SessionKind::Stored));
    }
}

/// A Redis user without `+getdel`: whatever else works, it must not count as back.
#[tokio::test(start_paused = true)]
async fn a_store_that_gives_nothing_away_is_not_back() {
    let store = Moody::new();
    let (acceptor, told) = guarded(&store);
    let acceptor = acceptor.build().unwrap();
    store.set(Mood::FailingTake);
    let config = attacker(ProtocolVersion::Tls13, &hidden());
    for _ in 0..4 {
        timed(&acceptor, &config).await;
    }
    assert_eq!(told.take(), ["open_circuit store_down"]);
    pass(Duration::from_secs(30)).await;
    assert_eq!(told.take(), [""; 0]);
    store.set(Mood::Good);
    pass(Duration::from_secs(4)).await;
    assert_eq!(told.take(), ["working -"]);
}

/// With ticket keys beside the store, tickets are what is issued; a dead store changes nothing.
#[tokio::test(start_paused = true)]
async fn tickets_go_on_without_the_store() {
    for version in VERSIONS {
        let store = Moody::new();
        let (acceptor, _) = guarded(&store);
        let keys = TicketKeys::generate().unwrap();
        let acceptor = acceptor.ticket_keys(keys).build().unwrap();
        store.set(Mood::Dead);
        let config = attacker(version, &hidden());
        timed(&acceptor, &config).await;
        for _ in 0..5 {
            let (took, resumption) = timed(&acceptor, &config).await;
            assert_eq!(took, Duration::ZERO);
            assert_eq!(resumption, Resumption::Resumed(SessionKind::Ticket));
        }
        assert_eq!((store.lookups(), store.puts()), (0, 0));
    }
}

/// Look-ups in flight are capped: whoever comes beyond that makes a full handshake at once.
#[tokio::test(start_paused = true)]
async fn look_ups_in_flight_are_capped() {
    for version in VERSIONS {
        let store = Moody::new();
        let (acceptor, _) = guarded(&store);
        let acceptor = acceptor.max_lookups(1).build().unwrap();
        let configs = [(); 2].map(|()| attacker(version, &hidden()));
        for config in &configs {
            timed(&acceptor, config).await;
        }
        store.set(Mood::Slow(5));
        let (first, second) =
            tokio::join!(timed(&acceptor, &configs[0]), timed(&acceptor, &configs[1]));
        assert_eq!(first.1, Resumption::Resumed(SessionKind::Stored));
        assert_eq!(second.1, Resumption::Full(NotResumed::TooManyLookups));
        // The place is free again, also after a look-up that was given up.
        store.set(Mood::Good);
        let (_, resumption) = timed(&acceptor, &attacker(version, &hidden())).await;
        assert_eq!(resumption, Resumption::Full(NotResumed::NoSessionOffered));
    }
}

/// An acceptor that moves to another runtime takes the state along, not the task that probes.
#[test]
fn another_runtime_goes_on_probing() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap()
    };
    let store = Moody::new();
    let (acceptor, told) = guarded(&store);
    let acceptor = acceptor.build().unwrap();
    let version = ProtocolVersion::Tls13;
    runtime().block_on(async {
        store.set(Mood::Down);
        for _ in 0..3 {
            timed(&acceptor, &attacker(version, &hidden())).await;
        }
    });
    assert_eq!(told.take(), ["open_circuit store_down"]);
    runtime().block_on(async {
        store.set(Mood::Good);
        timed(&acceptor, &attacker(version, &hidden())).await;
        pass(Duration::from_secs(4)).await;
        assert_eq!(told.take(), ["working -"]);
    });
}
