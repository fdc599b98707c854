//! Early data from `openssl s_client`, and the same early flight many times over real sockets with a
//! real Redis.

use std::sync::Arc;
use std::time::Duration;

use tls_context::{SecureContext, SecureContextBuilder};
use tls_net::{
    AcceptorBuilder, EarlyData, EarlyDataRefused, NotResumed, PskIdentity, PskKey, PskKeys,
    Resumption, TlsAcceptor,
};
use tls_session_store::{Error, MemoryStore, RedisStore, SessionStore, SharedSecret};
use tls_testing::peer::{OpenSsl, Output, Redis};
use tls_testing::{Clock, SameClient};
use tls_tests::credentials::server;
use tls_tests::{PemFiles, Served, in_time};
use tls_wire::HashAlgorithm;
use tokio::net::TcpStream;
use tokio::sync::Barrier;

const LIMIT: u32 = 16 * 1024;

/// `s_client` with a session file and a file of early data.
struct Early {
    openssl: OpenSsl,
    files: PemFiles,
    store: MemoryStore,
    secret: SharedSecret,
}

impl Early {
    fn require(data: &[u8]) -> Option<Self> {
        let early = Self {
            openssl: OpenSsl::require()?,
            files: PemFiles::new(),
            store: MemoryStore::new(),
            secret: SharedSecret::generate().unwrap(),
        };
        std::fs::write(early.files.path("early"), data).unwrap();
        Some(early)
    }

    fn worker(&self, context: SecureContextBuilder) -> AcceptorBuilder {
        TlsAcceptor::builder(context.build().unwrap())
            .sessions(self.store.clone(), self.secret.clone())
    }

    /// A connection that leaves its session, then one with early data. What both ends say of it.
    async fn visit(&self, first: &mut Served, second: &mut Served) -> (Output, EarlyData) {
        let session = self.files.path("session.pem");
        let early = self.files.path("early");
        let common = [
            "-CAfile",
            &self.files.ca,
            "-verify_return_error",
            "-servername",
            "localhost",
            // The second group is there for a server that has to ask again.
            "-groups",
            "P-256:P-384",
            "-alpn",
            "one,two",
        ];
        let keep = [&common[..], &["-sess_out", &session]].concat();
        let kept = self
            .openssl
            .converse(first.address, &keep, "hello", "hello")
            .await;
        assert!(kept.expect_success().contains("Max Early Data: 16384"));
        assert_eq!(first.connection().await.early_data(), EarlyData::NotOffered);
        let offer = [&common[..], &["-sess_in", &session, "-early_data", &early]].concat();
        let offered = self
            .openssl
            .converse(second.address, &offer, "later", "later")
            .await;
        let info = second.connection().await;
        (offered.expect_success(), info.early_data())
    }
}

// Spec: SES-12
#[tokio::test]
async fn openssl_sends_early_data() {
    let Some(early) = Early::require(b"sent before anything was answered\n") else {
        return;
    };
    let mut first = Served::echo(early.worker(server()).early_data(LIMIT)).await;
    let mut second = Served::echo(early.worker(server()).early_data(LIMIT)).await;
    let (output, outcome) = early.visit(&mut first, &mut second).await;
    assert!(output.contains("Early data was accepted"), "{output:?}");
    assert!(output.contains("sent before anything"), "echoed");
    assert_eq!(outcome, EarlyData::Accepted);
}

/// As much as the ticket allows, refused in every way that a worker can: then all is as usual.
// Spec: SES-12
#[tokio::test]
async fn openssl_goes_on_when_its_early_data_is_refused() {
    // OpenSSL sends it in one record; the plain rustls client of other tests in sixteen.
    let Some(early) = Early::require(&[b'e'; LIMIT as usize]) else {
        return;
    };
    let other_secret = SharedSecret::generate().unwrap();
    let on = |context| early.worker(context).early_data(LIMIT);
    let parameters = EarlyDataRefused::Parameters;
    let rows = [
        ("off", early.worker(server()), EarlyDataRefused::Off),
        (
            "other secret",
            on(server()).sessions(early.store.clone(), other_secret),
            EarlyDataRefused::FullHandshake,
        ),
        (
            "other context",
            on(server().session_id_context("other")),
            EarlyDataRefused::FullHandshake,
        ),
        (
            "retry",
            on(server().groups("P-384")),
            EarlyDataRefused::HelloRetryRequest,
        ),
        ("other protocol", on(server().alpn(["two"])), parameters),
    ];
    for (row, worker, reason) in rows {
        let mut first = Served::echo(on(server().alpn(["one", "two"]))).await;
        let mut second = Served::echo(worker).await;
        let (output, outcome) = early.visit(&mut first, &mut second).await;
        assert!(output.contains("Early data was rejected"), "{row}");
        assert!(output.contains("later"), "{row}");
        assert_eq!(outcome, EarlyData::Refused(reason), "{row}");
    }
}

/// An external pre-shared key that allows early data, at the engine for such keys: skipped as well. Its
/// secret is the one of a session, since that is how `s_client` is told that it may send some.
// Spec: SES-12
#[tokio::test]
async fn the_engine_of_pre_shared_keys_skips_early_data_too() {
    let Some(early) = Early::require(&[b'e'; LIMIT as usize]) else {
        return;
    };
    let first = Served::echo(early.worker(server()).early_data(LIMIT)).await;
    let session = early.files.path("session.pem");
    let data = early.files.path("early");
    let keep = ["-CAfile", &early.files.ca, "-sess_out", &session];
    let kept = early
        .openssl
        .converse(first.address, &keep, "hello", "hello");
    let kept = kept.await.expect_success().stdout;
    let secret = kept.rsplit("Resumption PSK: ").next().unwrap();
    let secret = secret.split_whitespace().next().unwrap();
    let key = PskKey::from_hex(secret)
        .unwrap()
        .with_hash(HashAlgorithm::Sha384);
    let keys = PskKeys::from_keys([(PskIdentity::new("gate-7").unwrap(), key)]).unwrap();
    for on in [true, false] {
        let context = SecureContext::without_certificate();
        let mut worker = early.worker(context).psk(keys.clone());
        if on {
            worker = worker.early_data(LIMIT);
        }
        let mut second = Served::echo(worker).await;
        let offer = ["-psk_session", &session, "-psk_identity", "gate-7"];
        let offer = [&offer[..], &["-early_data", &data]].concat();
        let offered = early
            .openssl
            .converse(second.address, &offer, "later", "later");
        let output = offered.await.expect_success();
        assert!(output.contains("Early data was rejected"), "{output:?}");
        let info = second.connection().await;
        assert!(info.psk_identity().is_some());
        assert_eq!(
            info.early_data(),
            EarlyData::Refused(EarlyDataRefused::FullHandshake)
        );
    }
}

/// A Redis that has been connected long enough, for tests that cannot wait two minutes.
struct LongConnected(RedisStore);

impl SessionStore for LongConnected {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        self.0.put(id, value, ttl).await
    }

    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        self.0.put_new(id, value, ttl).await
    }

    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.0.get(id).await
    }

    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.0.take(id).await
    }

    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        self.0.remove(id).await
    }

    fn undisturbed_for(&self) -> Option<Duration> {
        self.0.undisturbed_for().map(|_| Duration::from_secs(3600))
    }
}

/// Three workers, each with a connection of its own to one Redis.
struct Fleet {
    redis: Redis,
    secret: SharedSecret,
    clock: Clock,
}

impl Fleet {
    async fn require() -> Option<Self> {
        Some(Self {
            redis: Redis::require().await?,
            secret: SharedSecret::generate().unwrap(),
            clock: Clock::new(),
        })
    }

    /// A store that has been used, so it knows since when it is connected.
    async fn connected_store(&self) -> RedisStore {
        let store = RedisStore::open(&format!("redis://{}", self.redis.address)).unwrap();
        let nothing = in_time("Redis", store.get(b"nothing")).await;
        assert_eq!(nothing.unwrap(), None);
        store
    }

    fn worker(&self, store: impl SessionStore) -> AcceptorBuilder {
        TlsAcceptor::builder(server().build().unwrap())
            .sessions(store, self.secret.clone())
            .clock(self.clock.time_provider())
            .early_data(LIMIT)
    }

    async fn workers(&self, patience: Duration) -> [Served; 3] {
        let worker = async || {
            let store = LongConnected(self.connected_store().await);
            Served::echo(self.worker(store).store_timeout(patience)).await
        };
        [worker().await, worker().await, worker().await]
    }

    /// A client that has been at the first worker, and early flights of it.
    async fn client(&self, worker: &mut Served) -> SameClient {
        let same = SameClient::new(&self.clock);
        let io = TcpStream::connect(worker.address).await.unwrap();
        in_time("the first visit", same.first_visit(io)).await;
        let first = worker.connection().await;
        assert_eq!(first.early_data(), EarlyData::NotOffered);
        same
    }
}

/// Sends `copies` of one flight to the workers at once; how many clients were told that it was taken,
/// and how many workers say so.
async fn replay(same: &SameClient, workers: &mut [Served; 3], copies: usize) -> (usize, usize) {
    let start = Arc::new(Barrier::new(copies));
    let mut visits = Vec::new();
    for at in 0..copies {
        let copy = same.copy(b"once only");
        let address = workers[at % 3].address;
        let start = start.clone();
        visits.push(tokio::spawn(async move {
            let io = TcpStream::connect(address).await.unwrap();
            start.wait().await;
            let (told, answer) = copy.visit(io, b"late").await.unwrap();
            let expected: &[u8] = if told { b"once onlylate" } else { b"late" };
            assert_eq!(answer, expected);
            told
        }));
    }
    let mut told = 0;
    for visit in visits {
        told += usize::from(in_time("a visit", visit).await.unwrap());
    }
    let mut taken = 0;
    for at in 0..copies {
        taken += usize::from(
            workers[at % 3]
                .connection()
                .await
                .early_data()
                .is_accepted(),
        );
    }
    (told, taken)
}

/// 200 copies of one early flight at once, to three workers that share a Redis: exactly one is taken.
/// With Redis paused, and with it gone, none is; the handshakes complete all the same.
// Spec: SES-12
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_hundred_copies_one_is_taken_with_redis() {
    let Some(mut fleet) = Fleet::require().await else {
        return;
    };
    let mut workers = fleet.workers(Duration::from_secs(20)).await;
    let same = fleet.client(&mut workers[0]).await;
    assert_eq!(replay(&same, &mut workers, 200).await, (1, 1));

    let mut workers = fleet.workers(Duration::from_millis(25)).await;
    let same = fleet.client(&mut workers[0]).await;
    fleet.redis.pause();
    assert_eq!(replay(&same, &mut workers, 200).await, (0, 0), "paused");
    fleet.redis.resume();
    fleet.redis.kill();
    assert_eq!(replay(&same, &mut workers, 200).await, (0, 0), "gone");
}

/// A Redis that was connected a moment ago may have failed over: resumption yes, early data no.
// Spec: SES-12
#[tokio::test]
async fn a_redis_just_connected_is_not_believed() {
    let Some(fleet) = Fleet::require().await else {
        return;
    };
    let worker = fleet.worker(fleet.connected_store().await);
    let mut worker = Served::echo(worker.store_timeout(Duration::from_secs(20))).await;
    let same = fleet.client(&mut worker).await;
    for resumes in [true, false] {
        let io = TcpStream::connect(worker.address).await.unwrap();
        let visit = same.copy(b"early").visit(io, b"late");
        let (told, answer) = in_time("a visit", visit).await.unwrap();
        assert_eq!((told, &answer[..]), (false, &b"late"[..]));
        let info = worker.connection().await;
        let (resumption, reason) = match resumes {
            true => (info.resumption(), EarlyDataRefused::StoreDisturbed),
            false => (
                Resumption::Full(NotResumed::Unknown),
                EarlyDataRefused::FullHandshake,
            ),
        };
        assert_eq!(info.resumption(), resumption);
        assert_eq!(info.resumption().is_resumed(), resumes);
        assert_eq!(info.early_data(), EarlyData::Refused(reason));
    }
}
