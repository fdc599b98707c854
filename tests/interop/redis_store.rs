//! A session store in a real Redis that fails in every way: handshakes go on as full ones, and
//! sessions resume again by themselves when it is back.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tls_net::{
    AcceptorBuilder, ClientSession, NotResumed, Resumption, SessionKind, StoreState, TlsAcceptor,
    TlsConnector,
};
use tls_session_store::{RedisStore, SharedSecret};
use tls_testing::Pki;
use tls_testing::peer::{Redis, RedisSentinel};
use tls_tests::credentials::{client, server};
use tls_tests::{NodePeer, Served, VERSIONS, dial, exchange, in_time};
use tls_wire::ProtocolVersion;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// A server with a store, its states, and a client.
struct Site {
    served: Served,
    /// A session is for the client that made it.
    clients: [TlsConnector; 2],
    states: UnboundedReceiver<(&'static str, Option<&'static str>)>,
}

/// Under load a Redis that is well may be late; then it is not the time limit that is tested.
const AMPLE: Duration = Duration::from_secs(10);

impl Site {
    async fn with(url: &str, change: impl FnOnce(AcceptorBuilder) -> AcceptorBuilder) -> Self {
        let store = RedisStore::open(url).unwrap();
        let (tell, states) = mpsc::unbounded_channel();
        let acceptor = TlsAcceptor::builder(server().build().unwrap())
            .sessions(store, SharedSecret::generate().unwrap())
            .on_store_state(move |state| {
                let code = state.trouble().map(tls_net::StoreTrouble::code);
                let _ = tell.send((state.as_str(), code));
            });
        Self {
            served: Served::echo(change(acceptor)).await,
            clients: VERSIONS
                .map(|version| TlsConnector::from(client().max_version(version).build().unwrap())),
            states,
        }
    }

    async fn at(url: &str) -> Self {
        Self::with(url, |acceptor| acceptor.store_timeout(AMPLE)).await
    }

    /// What the server says of a connection that offers `session`, and the session that it gives.
    async fn visit(
        &mut self,
        version: ProtocolVersion,
        session: Option<&ClientSession>,
    ) -> (Resumption, Option<ClientSession>) {
        let connector = match session {
            Some(session) => self.client(version).resuming(session.clone()),
            None => self.client(version),
        };
        let address = self.served.address;
        let mut stream = dial(address, &connector, "localhost").await.unwrap();
        assert_eq!(exchange(&mut stream, "hello").await, "hello");
        let resumption = self.served.connection().await.resumption();
        (resumption, stream.session())
    }

    fn client(&self, version: ProtocolVersion) -> TlsConnector {
        let [tls12, tls13] = &self.clients;
        match version {
            ProtocolVersion::Tls12 => tls12.clone(),
            _ => tls13.clone(),
        }
    }

    /// A session, from a full handshake.
    async fn session(&mut self, version: ProtocolVersion) -> ClientSession {
        self.visit(version, None).await.1.expect("a session")
    }

    /// Full handshakes until the state changes.
    async fn until(&mut self, state: &'static str) -> Option<&'static str> {
        let changed = async {
            loop {
                for version in VERSIONS {
                    let (_, session) = self.visit(version, None).await;
                    if let Some(session) = session {
                        self.visit(version, Some(&session)).await;
                    }
                }
                match self.states.try_recv() {
                    Ok((name, code)) if name == state => return code,
                    Ok(other) => panic!("{other:?} in place of {state}"),
                    Err(_) => {}
                }
            }
        };
        in_time(state, changed).await
    }

    /// Nobody does anything, and the store is in use again.
    async fn recovers(&mut self) {
        let next = in_time("the store's return", self.states.recv()).await;
        assert_eq!(next, Some(("working", None)));
        self.resumes().await;
    }

    async fn resumes(&mut self) {
        for version in VERSIONS {
            let session = self.session(version).await;
            let (resumption, _) = self.visit(version, Some(&session)).await;
            assert_eq!(
                resumption,
                Resumption::Resumed(SessionKind::Stored),
                "{version}"
            );
        }
    }

    async fn is_full(
        &mut self,
        version: ProtocolVersion,
        session: &ClientSession,
        why: NotResumed,
    ) {
        let (resumption, _) = self.visit(version, Some(session)).await;
        assert_eq!(resumption, Resumption::Full(why), "{version}");
    }
}

fn url(address: SocketAddr) -> String {
    format!("redis://{address}")
}

/// Its connections stay open and nothing is answered, with the limit as it is by default.
// Spec: T-SES-20, SEV-06
#[tokio::test]
async fn redis_that_hangs_costs_resumptions_only() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let mut site = Site::with(&url(redis.address), |acceptor| acceptor).await;
    redis.pause();
    let code = site.until("open_circuit").await;
    assert!(
        matches!(code, Some("store_late" | "store_down")),
        "{code:?}"
    );
    for version in VERSIONS {
        let (resumption, session) = site.visit(version, None).await;
        assert_eq!(resumption, Resumption::Full(NotResumed::NoSessionOffered));
        assert!(session.is_none(), "no ticket that could never resume");
    }
    redis.resume();
    let next = in_time("the store's return", site.states.recv()).await;
    assert_eq!(next, Some(("working", None)));
    let resumed = async {
        for version in VERSIONS {
            loop {
                let (_, session) = site.visit(version, None).await;
                let Some(session) = session else { continue };
                if site.visit(version, Some(&session)).await.0.is_resumed() {
                    break;
                }
            }
        }
    };
    in_time("resumptions", resumed).await;
}

#[tokio::test]
async fn a_server_starts_without_redis() {
    let Some(mut redis) = Redis::require().await else {
        return;
    };
    redis.kill();
    let mut site = Site::at(&url(redis.address)).await;
    assert_eq!(site.until("open_circuit").await, Some("store_down"));
    redis.restart().await;
    site.recovers().await;
}

/// The look-up is under way when Redis dies; what it had is lost.
// Spec: T-SES-21, SEV-07
#[tokio::test]
async fn redis_may_die_in_the_middle_of_a_handshake_and_come_back_empty() {
    let Some(mut redis) = Redis::require().await else {
        return;
    };
    let mut site = Site::at(&url(redis.address)).await;
    for version in VERSIONS {
        let session = site.session(version).await;
        let kept = site.session(version).await;
        redis.pause();
        let waiting = {
            let connector = site.client(version).resuming(session);
            let address = site.served.address;
            tokio::spawn(async move {
                let mut stream = dial(address, &connector, "localhost").await.unwrap();
                exchange(&mut stream, "hello").await
            })
        };
        let asked = async {
            while site.served.handle.stats().handshakes == 0 {
                tokio::task::yield_now().await;
            }
        };
        in_time("a handshake at work", asked).await;
        redis.kill();
        assert_eq!(in_time("its echo", waiting).await.unwrap(), "hello");
        let resumption = site.served.connection().await.resumption();
        assert_eq!(
            resumption,
            Resumption::Full(NotResumed::StoreDown),
            "{version}"
        );
        redis.restart().await;
        // One miss is no outage: it is asked again, and has forgotten everything.
        let asked = async {
            loop {
                let session = site.visit(version, None).await.1;
                let Some(session) = session else { continue };
                if site.visit(version, Some(&session)).await.0.is_resumed() {
                    break;
                }
            }
        };
        in_time("resumptions", asked).await;
        site.is_full(version, &kept, NotResumed::Unknown).await;
        while site.states.try_recv().is_ok() {}
    }
}

/// What it has still resumes; what can't be stored is not promised.
#[tokio::test]
async fn a_full_redis_is_read_on() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let mut site = Site::at(&url(redis.address)).await;
    let mut kept = Vec::new();
    for version in VERSIONS {
        kept.push((version, site.session(version).await));
    }
    assert_eq!(redis.ask("CONFIG SET maxmemory 1").await, "OK");
    assert_eq!(site.until("read_only").await, Some("store_full"));
    for version in VERSIONS {
        assert!(site.visit(version, None).await.1.is_none());
    }
    for (version, session) in &kept {
        let (resumption, _) = site.visit(*version, Some(session)).await;
        assert_eq!(resumption, Resumption::Resumed(SessionKind::Stored));
    }
    assert_eq!(redis.ask("CONFIG SET maxmemory 0").await, "OK");
    site.recovers().await;
}

/// A session id of TLS 1.2 is read; a session of TLS 1.3 would have to be taken.
#[tokio::test]
async fn a_replica_gives_sessions_of_1_2() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let mut site = Site::at(&url(redis.address)).await;
    let mut kept = Vec::new();
    for version in VERSIONS {
        kept.push((version, site.session(version).await));
    }
    let Some(primary) = Redis::require().await else {
        return;
    };
    let port = primary.address.port();
    // What it has comes along: a copy would begin with nothing.
    let demote = format!("REPLICAOF 127.0.0.1 {port}");
    primary.pause();
    assert_eq!(redis.ask(&demote).await, "OK");
    assert_eq!(site.until("read_only").await, Some("store_read_only"));
    for (version, session) in &kept {
        let (resumption, _) = site.visit(*version, Some(session)).await;
        let expected = match version {
            ProtocolVersion::Tls12 => Resumption::Resumed(SessionKind::Stored),
            _ => Resumption::Full(NotResumed::StoreDown),
        };
        assert_eq!(resumption, expected, "{version}");
    }
    assert_eq!(redis.ask("REPLICAOF NO ONE").await, "OK");
    site.recovers().await;
}

#[tokio::test]
async fn a_failover_costs_resumptions_only() {
    let Some(mut sentinel) = RedisSentinel::require().await else {
        return;
    };
    let url = format!(
        "redis+sentinel://{}/{}",
        sentinel.address,
        RedisSentinel::MASTER
    );
    let mut site = Site::at(&url).await;
    site.resumes().await;
    sentinel.primary.kill();
    assert_eq!(site.until("open_circuit").await, Some("store_down"));
    sentinel.wait_for_failover().await;
    site.recovers().await;
}

#[tokio::test]
async fn a_password_that_is_wrong_may_become_right() {
    let Some(redis) = Redis::require_with(&["--requirepass", "right"]).await else {
        return;
    };
    let mut site = Site::at(&format!("redis://:other@{}", redis.address)).await;
    assert_eq!(site.until("open_circuit").await, Some("store_down"));
    let state = site.served.handle.store_state().unwrap();
    let text = state.to_string();
    assert!(
        text.contains("password") && !text.contains("other"),
        "{text}"
    );
    let change = ["AUTH right", "CONFIG SET requirepass other"];
    assert_eq!(redis.ask_all(&change).await, "OK");
    site.recovers().await;
}

/// Another service at that address.
// Spec: T-SES-09
#[tokio::test]
async fn junk_in_place_of_answers_costs_resumptions_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stranger = tokio::spawn(async move {
        loop {
            let (mut io, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let mut asked = [0; 512];
                while io.read(&mut asked).await.is_ok_and(|read| read > 0) {
                    let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
                    if io.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let mut site = Site::at(&url(address)).await;
    assert_eq!(site.until("open_circuit").await, Some("store_down"));
    assert!(matches!(
        site.served.handle.store_state(),
        Some(StoreState::OpenCircuit(_))
    ));
    stranger.abort();
}

/// Values that were cut, changed, swapped or made by another version: each is a miss with its
/// reason, and the next session is good.
// Spec: T-SES-09, SES-02
#[tokio::test]
async fn what_somebody_did_to_a_value_is_a_miss() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let mut site = Site::at(&url(redis.address)).await;
    let each = |call: &str| format!("for _,k in ipairs(keys) do redis.call({call}) end");
    let swap = "local last = redis.call('GET', keys[#keys]) for _,k in ipairs(keys) do \
                last = redis.call('GETSET', k, last) end";
    let spoil = [
        (each("'SETRANGE', k, 0, 'x'"), NotResumed::Malformed),
        (each("'SET', k, 'short'"), NotResumed::Malformed),
        (each("'SETRANGE', k, 60, 'xyz'"), NotResumed::OtherContext),
        (each("'APPEND', k, 'x'"), NotResumed::OtherContext),
        (swap.to_owned(), NotResumed::OtherContext),
        (each("'DEL', k"), NotResumed::Unknown),
    ];
    for version in VERSIONS {
        for (script, why) in &spoil {
            assert_eq!(redis.ask("FLUSHALL").await, "OK");
            // Two, for what is swapped.
            site.session(version).await;
            let session = site.session(version).await;
            let script =
                format!("EVAL \"local keys = redis.call('KEYS', '*') {script} return 'OK'\" 0");
            assert_eq!(redis.ask(&script).await, "OK", "{script}");
            site.is_full(version, &session, *why).await;
        }
    }
    site.resumes().await;
}

/// Three workers, each with a runtime and a connection of its own, and one Redis.
struct Workers {
    addresses: Vec<SocketAddr>,
    connections: UnboundedReceiver<(usize, Resumption, Option<String>)>,
    _stop: Vec<tokio::sync::oneshot::Sender<()>>,
}

impl Workers {
    fn start(redis: &Redis) -> Self {
        let secret = SharedSecret::generate().unwrap();
        let (told, connections) = mpsc::unbounded_channel();
        let mut addresses = Vec::new();
        let mut stops = Vec::new();
        for number in 0..3 {
            let (url, secret, told) = (url(redis.address), secret.clone(), told.clone());
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            let (ready, address) = std::sync::mpsc::channel();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let acceptor = TlsAcceptor::builder(server().build().unwrap())
                        .sessions(RedisStore::open(&url).unwrap(), secret)
                        .store_timeout(AMPLE)
                        .worker_name(&format!("worker {number}"));
                    let mut served = Served::echo(acceptor).await;
                    ready.send(served.address).unwrap();
                    tokio::pin!(stopped);
                    loop {
                        tokio::select! {
                            info = served.next_connection() => {
                                let Some(info) = info else { return };
                                let maker = info.session_maker().map(str::to_owned);
                                let _ = told.send((number, info.resumption(), maker));
                            }
                            _ = &mut stopped => return,
                        }
                    }
                });
            });
            addresses.push(address.recv().unwrap());
            stops.push(stop);
        }
        Self {
            addresses,
            connections,
            _stop: stops,
        }
    }

    async fn connection(&mut self) -> (usize, Resumption, Option<String>) {
        in_time("a connection", self.connections.recv())
            .await
            .unwrap()
    }
}

/// The first connection is full, all others resume, wherever they go.
// Spec: T-SES-05, SES-01
#[tokio::test]
async fn a_session_resumes_on_any_worker() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let mut workers = Workers::start(&redis);
    for version in VERSIONS {
        let mut connector = TlsConnector::from(client().max_version(version).build().unwrap());
        let mut maker = 0;
        for round in 0..16 {
            let number = (round * 2) % 3;
            let address = workers.addresses[number];
            let mut stream = dial(address, &connector, "localhost").await.unwrap();
            exchange(&mut stream, "hello").await;
            let (seen, resumption, made_by) = workers.connection().await;
            assert_eq!(seen, number);
            assert_eq!(resumption.is_resumed(), round > 0, "{version} {round}");
            if round > 0 {
                assert_eq!(
                    made_by,
                    Some(format!("worker {maker}")),
                    "{version} {round}"
                );
            }
            if let Some(session) = stream.session() {
                // A resumed connection of TLS 1.2 goes on with the session that it has.
                if round == 0 || version == ProtocolVersion::Tls13 {
                    maker = number;
                }
                connector = connector.resuming(session);
            }
        }
    }
}

/// A client that uses one session of TLS 1.3 again, elsewhere, finds nothing; one of TLS 1.2 may.
// Spec: SES-06
#[tokio::test]
async fn a_stored_session_of_1_3_is_used_once_in_a_fleet() {
    let (Some(redis), Some(mut node)) = (Redis::require().await, NodePeer::require()) else {
        return;
    };
    let mut workers = Workers::start(&redis);
    for version in VERSIONS {
        let mut options = json!({
            "ca": Pki::shared().root.pem(),
            "servername": "localhost",
            "maxVersion": version.to_string(),
            // TLS 1.2 goes by session ids then.
            "secureOptions": if version == ProtocolVersion::Tls12 { 1 << 14 } else { 0 },
        });
        let first = node
            .connect(workers.addresses[0], options.clone(), json!({}))
            .await;
        workers.connection().await;
        options["session"] = first["sessions"][0].clone();
        for number in [1, 2, 0] {
            node.connect(workers.addresses[number], options.clone(), json!({}))
                .await;
            let (_, resumption, _) = workers.connection().await;
            let expected = match (version, number) {
                (ProtocolVersion::Tls13, 2 | 0) => Resumption::Full(NotResumed::Unknown),
                _ => Resumption::Resumed(SessionKind::Stored),
            };
            assert_eq!(resumption, expected, "{version} at worker {number}");
        }
    }
}
