//! What is counted: handshakes by reason, calls to the store, changes of its state.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "tests")]

#[path = "ends/mod.rs"]
mod ends;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tls_context::SecureContext;
use tls_net::{TlsAcceptor, TlsConnector};
use tls_session_store::{Error, MemoryStore, SessionStore, SharedSecret};
use tls_testing::CountedMetrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What the guard of the store logged: level and state.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("tls_net::store_guard")
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut State(&mut line));
        self.0.lock().unwrap().push(line);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// Appends the field `state`.
struct State<'a>(&'a mut String);

impl tracing::field::Visit for State<'_> {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        if field.name() == "state" {
            self.0.push(' ');
            self.0.push_str(value);
        }
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn std::fmt::Debug) {}
}

/// Works until it is told to be down.
#[derive(Clone, Default)]
struct Moody(MemoryStore, Arc<Mutex<bool>>);

impl Moody {
    fn check(&self) -> Result<(), Error> {
        let down = *self.1.lock().unwrap();
        if down {
            Err(Error::Store("down".into()))
        } else {
            Ok(())
        }
    }
}

impl SessionStore for Moody {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        self.check()?;
        self.0.put(id, value, ttl).await
    }
    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        self.check()?;
        self.0.put_new(id, value, ttl).await
    }
    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.check()?;
        self.0.get(id).await
    }
    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.check()?;
        self.0.take(id).await
    }
    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        self.0.remove(id).await
    }
}

#[test]
fn handshakes_calls_and_states_are_counted() {
    let counted = CountedMetrics::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.clone(), || {
        metrics::with_local_recorder(&counted, || runtime.block_on(visits()));
    });
    assert_eq!(
        *lines.0.lock().unwrap(),
        ["WARN open_circuit", "INFO working"],
        "a line for each state, however many handshakes there are in it"
    );
    let rows = [
        (
            "tls_handshakes_total{outcome=ok,kind=no_session_offered}",
            2,
        ),
        ("tls_handshakes_total{outcome=ok,kind=resumed}", 1),
        ("tls_handshakes_total{outcome=ok,kind=store_down}", 2),
        ("tls_session_store_calls_total{call=take,outcome=ok}", 1),
        ("tls_session_store_calls_total{call=put,outcome=ok}", 3),
        (
            "tls_session_store_calls_total{call=take,outcome=store_down}",
            2,
        ),
        (
            "tls_session_store_calls_total{call=put,outcome=store_down}",
            1,
        ),
        ("tls_sessions_not_stored_total{}", 1),
        (
            "tls_session_store_state_changes_total{state=open_circuit}",
            1,
        ),
        ("tls_session_store_state_changes_total{state=working}", 1),
        ("tls_session_store_away{}", 0),
        // A set of contexts, and one renewal of a certificate in it.
        ("tls_context_generation{context=default}", 2.0_f64.to_bits()),
    ];
    for (name, expected) in rows {
        assert_eq!(counted.count(name), expected, "{name}: {:?}", counted);
    }
}

/// A handshake with a pre-shared key is one more, and is told apart.
#[test]
fn handshakes_with_keys_are_counted() {
    let counted = CountedMetrics::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&counted, || runtime.block_on(visit_with_a_key()));
    for name in [
        "tls_handshakes_total{outcome=ok,kind=no_session_offered}",
        "tls_psk_handshakes_total{kind=full}",
    ] {
        assert_eq!(counted.count(name), 1, "{name}: {:?}", counted);
    }
}

async fn visit_with_a_key() {
    let psk = tls_net::ClientPsk {
        identity: tls_net::PskIdentity::new("gate-7").unwrap(),
        key: tls_net::PskKey::generate(256).unwrap(),
    };
    let table = tls_net::PskKeys::from_keys([(psk.identity.clone(), psk.key.clone())]).unwrap();
    let context = SecureContext::without_certificate().build().unwrap();
    let acceptor = TlsAcceptor::builder(context.clone()).psk(table).build();
    let connector = TlsConnector::from(context).psk([psk]);
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let acceptor = acceptor.unwrap();
    let (client, server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
    assert!(client.is_ok() && server.is_ok());
}

/// Early data is counted when the server answers, so a replay that ends there is in it.
#[test]
fn early_data_is_counted_by_what_became_of_it() {
    let counted = CountedMetrics::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&counted, || runtime.block_on(early_visits()));
    let rows = [
        ("tls_early_data_total{outcome=accepted}", 1),
        ("tls_early_data_total{outcome=early_data_full_handshake}", 3),
        ("tls_early_data_total{outcome=not_offered}", 0),
        ("tls_handshakes_total{outcome=peer_closed,fault=peer}", 3),
    ];
    for (name, expected) in rows {
        assert_eq!(counted.count(name), expected, "{name}: {:?}", counted);
    }
}

/// A first visit, one with early data, and three replays of that.
async fn early_visits() {
    let leaf = &tls_testing::Pki::shared().server;
    let (chain, key) = (leaf.chain_pem(), leaf.key_pem());
    let identity = tls_certs::Identity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    let clock = tls_testing::Clock::new();
    let acceptor = TlsAcceptor::builder(SecureContext::server(identity).build().unwrap())
        .sessions(MemoryStore::new(), SharedSecret::generate().unwrap())
        .early_data(1000)
        .clock(clock.time_provider())
        .build()
        .unwrap();
    let same = tls_testing::SameClient::new(&clock);
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::join!(same.first_visit(near), echo(&acceptor, far, 1));
    let (near, far) = tokio::io::duplex(64 * 1024);
    let copy = same.copy(b"early");
    let (told, ()) = tokio::join!(copy.visit(near, b"late"), echo(&acceptor, far, 9));
    assert!(told.unwrap().0);
    for _ in 0..3 {
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        near.write_all(&same.copy(b"early").flight).await.unwrap();
        near.shutdown().await.unwrap();
        assert!(acceptor.accept(far).await.is_err());
    }
}

/// Gives back as many bytes.
async fn echo(acceptor: &TlsAcceptor, io: tokio::io::DuplexStream, bytes: usize) {
    let mut stream = acceptor.accept(io).await.unwrap();
    let mut data = vec![0; bytes];
    stream.read_exact(&mut data).await.unwrap();
    stream.write_all(&data).await.unwrap();
    stream.flush().await.unwrap();
}

/// A full handshake, a resumed one, two while the store is down, and one when it is back.
async fn visits() {
    let store = Moody::default();
    let pki = ends::Pki::new();
    let identity = tls_certs::Watched::new(pki.identity.clone());
    let context = SecureContext::server(&identity).build().unwrap();
    let acceptor = TlsAcceptor::builder(context)
        .sessions(store.clone(), SharedSecret::generate().unwrap())
        .build()
        .unwrap();
    let context = SecureContext::client(pki.trust.clone()).build().unwrap();
    let connector = TlsConnector::from(context);
    let visit = async |connector: &TlsConnector| {
        let (near, far) = ends::handshake(&acceptor, connector, "localhost").await;
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        ends::exchange(&mut near, &mut far).await;
        near.session()
    };
    let first = visit(&connector).await.unwrap();
    let second = visit(&connector.resuming(first)).await.unwrap();
    *store.1.lock().unwrap() = true;
    let third = visit(&connector.resuming(second)).await.unwrap();
    let none = visit(&connector.resuming(third)).await;
    assert!(none.is_none(), "no ticket that could never resume");
    *store.1.lock().unwrap() = false;
    let never = std::future::pending::<()>();
    let passed = tokio::time::timeout(Duration::from_secs(4), never).await;
    assert!(passed.is_err());
    identity.replace(pki.issue("localhost", |_| {})).unwrap();
    assert!(visit(&connector).await.is_some());
}
