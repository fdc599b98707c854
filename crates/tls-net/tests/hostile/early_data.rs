//! Early data: taken once and counted, refused in every other way without harm, and what a client
//! that does it wrong hears.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustls::{ClientConfig, Connection};
use tls_context::SecureContextBuilder;
use tls_net::{
    AcceptorBuilder, ConnectionInfo, EarlyData, EarlyDataRefused, NotResumed, Resumption,
    SessionKind, TlsAcceptor,
};
use tls_session_store::{Error, MemoryStore, SessionStore, SharedSecret, TicketKeys};
use tls_testing::{Clock, Pki, SameClient, plain_rustls};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::plain::Plain;
use super::support::{Failures, server};

/// A memory store that says what it is told to of itself.
#[derive(Clone)]
struct Store {
    inner: MemoryStore,
    /// Seconds; `u64::MAX` for "cannot tell".
    undisturbed: Arc<AtomicU64>,
    trouble: Arc<AtomicUsize>,
}

const CANNOT_TELL: u64 = u64::MAX;
const DOWN: usize = 1;
const SILENT: usize = 2;
/// Finds nothing.
const FORGETFUL: usize = 3;

impl Store {
    fn new() -> Self {
        Self {
            inner: MemoryStore::new(),
            undisturbed: Arc::new(AtomicU64::new(1_000_000)),
            trouble: Arc::default(),
        }
    }

    async fn trouble(&self) -> Result<(), Error> {
        match self.trouble.load(Ordering::SeqCst) {
            DOWN => Err(Error::Store("down".into())),
            SILENT => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

impl SessionStore for Store {
    async fn put(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<(), Error> {
        self.trouble().await?;
        self.inner.put(id, value, ttl).await
    }

    async fn put_new(&self, id: &[u8], value: Vec<u8>, ttl: Duration) -> Result<bool, Error> {
        self.trouble().await?;
        self.inner.put_new(id, value, ttl).await
    }

    async fn get(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.trouble().await?;
        if self.trouble.load(Ordering::SeqCst) == FORGETFUL {
            return Ok(None);
        }
        self.inner.get(id).await
    }

    async fn take(&self, id: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.trouble().await?;
        if self.trouble.load(Ordering::SeqCst) == FORGETFUL {
            return Ok(None);
        }
        self.inner.take(id).await
    }

    async fn remove(&self, id: &[u8]) -> Result<(), Error> {
        self.inner.remove(id).await
    }

    fn undisturbed_for(&self) -> Option<Duration> {
        match self.undisturbed.load(Ordering::SeqCst) {
            CANNOT_TELL => None,
            seconds => Some(Duration::from_secs(seconds)),
        }
    }
}

/// Workers that share a store and its secret.
struct Fleet {
    store: Store,
    secret: SharedSecret,
    clock: Clock,
}

const LIMIT: u32 = 64 * 1024;

impl Fleet {
    fn new() -> Self {
        Self {
            store: Store::new(),
            secret: SharedSecret::generate().unwrap(),
            clock: Clock::new(),
        }
    }

    fn builder(&self, context: SecureContextBuilder) -> AcceptorBuilder {
        TlsAcceptor::builder(context.build().unwrap())
            .sessions(self.store.clone(), self.secret.clone())
            .clock(self.clock.time_provider())
    }

    fn worker(&self) -> TlsAcceptor {
        self.worker_with(server())
    }

    fn worker_with(&self, context: SecureContextBuilder) -> TlsAcceptor {
        self.builder(context).early_data(LIMIT).build().unwrap()
    }
}

/// A plain client that sends early data where its ticket lets it.
fn client(clock: &Clock) -> ClientConfig {
    let mut config = plain_rustls::client(&rustls::version::TLS13);
    config.enable_early_data = true;
    config.time_provider = clock.time_provider();
    config
}

/// Writes early data in records of `size` bytes; how many bytes the ticket allowed.
fn write_early<IO>(plain: &mut Plain<IO>, records: usize, size: usize) -> usize {
    let Connection::Client(client) = &mut plain.connection else {
        panic!("a client");
    };
    client.set_buffer_limit(None);
    let Some(mut early) = client.early_data() else {
        return 0;
    };
    let written = (0..records).map(|_| early.write(&vec![b'e'; size]).unwrap());
    written.sum()
}

/// What both ends saw.
#[derive(Debug)]
struct Visit {
    /// Early bytes that the client sent.
    sent: usize,
    /// Whether the client was told that they were taken.
    told: bool,
    /// What the server read as early.
    early: Vec<u8>,
    info: ConnectionInfo,
}

impl Visit {
    #[track_caller]
    fn refused(&self, reason: EarlyDataRefused) {
        assert!(self.sent > 0, "nothing was sent early");
        assert!(!self.told);
        assert_eq!(self.early, b"");
        assert_eq!(self.info.early_data(), EarlyData::Refused(reason));
    }
}

/// One connection with `records` early records of `size` bytes, then a byte each way and more.
async fn visit(
    acceptor: &TlsAcceptor,
    config: &Arc<ClientConfig>,
    records: usize,
    size: usize,
) -> Visit {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut plain = Plain::client(config, "localhost", near);
    let sent = write_early(&mut plain, records, size);
    let (told, (early, info)) = tokio::join!(
        async {
            plain.handshake(b"late").await.unwrap();
            assert_eq!(plain.read_exact(4).await.unwrap(), b"late");
            let Connection::Client(client) = &plain.connection else {
                panic!("a client");
            };
            client.is_early_data_accepted()
        },
        serve(acceptor, far),
    );
    Visit {
        sent,
        told,
        early,
        info,
    }
}

/// The server's side of a visit.
async fn serve(acceptor: &TlsAcceptor, io: DuplexStream) -> (Vec<u8>, ConnectionInfo) {
    let mut stream = acceptor.accept(io).await.unwrap();
    let mut early = vec![0; stream.early_data_len()];
    stream.read_exact(&mut early).await.unwrap();
    assert_eq!(stream.early_data_len(), 0);
    let mut late = [0; 4];
    stream.read_exact(&mut late).await.unwrap();
    stream.write_all(&late).await.unwrap();
    stream.flush().await.unwrap();
    (early, stream.info())
}

/// A config whose session was made by a plain rustls server that takes early data.
async fn with_foreign_session(clock: &Clock) -> Arc<ClientConfig> {
    let config = Arc::new(client(clock));
    let mut foreign = plain_rustls::server(&rustls::version::TLS13, &Pki::shared().server);
    foreign.max_early_data_size = 1 << 20;
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut plain = Plain::client(&config, "localhost", near);
    let mut foreign = Plain::server(&Arc::new(foreign), far);
    let (near, far) = tokio::join!(
        async {
            plain.handshake(b"x").await?;
            plain.read_exact(1).await
        },
        foreign.handshake(b"y")
    );
    near.unwrap();
    far.unwrap();
    config
}

/// A config whose session was made by `acceptor`.
async fn with_session(acceptor: &TlsAcceptor, mut config: ClientConfig) -> Arc<ClientConfig> {
    config.enable_early_data = true;
    let config = Arc::new(config);
    let first = visit(acceptor, &config, 1, 1).await;
    assert_eq!(first.info.early_data(), EarlyData::NotOffered);
    config
}

/// Early data is off, and the ticket is another server's: the connection goes on without.
// Spec: SES-12
#[tokio::test]
async fn sixteen_refused_records_harm_nothing() {
    let clock = Clock::new();
    for size in [1, 100, 6_000, 16_384] {
        let config = with_foreign_session(&clock).await;
        let acceptor = TlsAcceptor::builder(server().build().unwrap())
            .clock(clock.time_provider())
            .build()
            .unwrap();
        let visit = visit(&acceptor, &config, 16, size).await;
        assert_eq!(visit.sent, 16 * size);
        visit.refused(EarlyDataRefused::Off);
    }
}

/// Accepted: read first, by itself, and named as early, whatever the size of reads and records.
// Spec: SES-12
#[tokio::test]
async fn early_data_is_taken_and_read_first() {
    let fleet = Fleet::new();
    let acceptor = fleet.worker();
    for (records, size) in [(1, 1), (3, 100), (1, 16_384), (4, 16_384)] {
        let config = with_session(&acceptor, client(&fleet.clock)).await;
        let visit = visit(&acceptor, &config, records, size).await;
        assert!(visit.told);
        assert_eq!(visit.early, vec![b'e'; records * size]);
        assert_eq!(visit.info.early_data(), EarlyData::Accepted);
        assert_eq!(
            visit.info.resumption(),
            Resumption::Resumed(SessionKind::Stored)
        );
    }
    // A read never gives early bytes and later ones together.
    let config = with_session(&acceptor, client(&fleet.clock)).await;
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut plain = Plain::client(&config, "localhost", near);
    assert_eq!(write_early(&mut plain, 1, 10), 10);
    let (_, stream) = tokio::join!(
        async { plain.handshake(b"late").await.unwrap() },
        acceptor.accept(far)
    );
    let mut stream = stream.unwrap();
    let mut buffer = [0; 100];
    for (room, early, left) in [(4, 4, 6), (100, 6, 0)] {
        let read = stream.read(&mut buffer[..room]).await.unwrap();
        assert_eq!((read, stream.early_data_len()), (early, left));
    }
    assert_eq!(stream.read(&mut buffer).await.unwrap(), 4);
    assert_eq!(&buffer[..4], b"late");
}

/// Every way of refusing: sixteen records are skipped, then everything is as usual. The session was
/// made by one worker and is offered to another.
// Spec: SES-12
#[tokio::test(start_paused = true)]
async fn refused_in_every_way_and_then_as_usual() {
    use EarlyDataRefused as Why;
    let full = Resumption::Full;
    let resumed = Resumption::Resumed(SessionKind::Stored);
    let rows: [(&str, Why, Resumption); 12] = [
        ("off", Why::Off, resumed),
        (
            "ticket unknown",
            Why::FullHandshake,
            full(NotResumed::Unknown),
        ),
        (
            "store down",
            Why::FullHandshake,
            full(NotResumed::StoreDown),
        ),
        (
            "store late",
            Why::FullHandshake,
            full(NotResumed::StoreLate),
        ),
        ("expired", Why::FullHandshake, full(NotResumed::Expired)),
        (
            "other context",
            Why::FullHandshake,
            full(NotResumed::OtherContext),
        ),
        ("reconnected", Why::StoreDisturbed, resumed),
        ("cannot tell", Why::StoreDisturbed, resumed),
        ("retry", Why::HelloRetryRequest, resumed),
        ("other protocol", Why::Parameters, resumed),
        ("other suite", Why::Parameters, full(NotResumed::Suite)),
        ("other clock", Why::Parameters, resumed),
    ];
    for (row, reason, resumption) in rows {
        let fleet = Fleet::new();
        let first = fleet.worker_with(server().alpn(["one"]));
        let their_clock = Clock::new();
        let mut config = client(&their_clock);
        config.alpn_protocols = vec![b"one".to_vec(), b"two".to_vec()];
        let config = with_session(&first, config).await;
        let again = server().alpn(["one"]);
        let second = match row {
            "off" => fleet.builder(again).build().unwrap(),
            "expired" => fleet.worker_with(again.session_timeout(Duration::from_secs(60))),
            "other context" => fleet.worker_with(again.session_id_context("other")),
            "retry" => fleet.worker_with(again.groups("P-384")),
            "other protocol" => fleet.worker_with(server().alpn(["two"])),
            "other suite" => fleet.worker_with(again.ciphers("TLS_CHACHA20_POLY1305_SHA256")),
            _ => fleet.worker_with(again),
        };
        match row {
            "ticket unknown" => fleet.store.trouble.store(FORGETFUL, Ordering::SeqCst),
            "store down" => fleet.store.trouble.store(DOWN, Ordering::SeqCst),
            "store late" => fleet.store.trouble.store(SILENT, Ordering::SeqCst),
            "reconnected" => fleet.store.undisturbed.store(119, Ordering::SeqCst),
            "cannot tell" => fleet.store.undisturbed.store(CANNOT_TELL, Ordering::SeqCst),
            "expired" => fleet.clock.advance(Duration::from_secs(61)),
            "other clock" => their_clock.advance(Duration::from_secs(61)),
            _ => {}
        }
        let visit = visit(&second, &config, 16, 4_000).await;
        assert_eq!(visit.info.resumption(), resumption, "{row}");
        assert_eq!(visit.sent, 16 * 4_000, "{row}");
        visit.refused(reason);
    }
}

/// The two minutes, to the second; and who can never tell invites nobody.
#[tokio::test]
async fn a_store_is_believed_after_two_minutes() {
    let fleet = Fleet::new();
    let acceptor = fleet.worker();
    fleet.store.undisturbed.store(0, Ordering::SeqCst);
    let config = with_session(&acceptor, client(&fleet.clock)).await;
    fleet.store.undisturbed.store(120, Ordering::SeqCst);
    let accepted = visit(&acceptor, &config, 1, 1).await;
    assert_eq!(accepted.info.early_data(), EarlyData::Accepted);

    fleet.store.undisturbed.store(CANNOT_TELL, Ordering::SeqCst);
    let config = with_session(&acceptor, client(&fleet.clock)).await;
    let uninvited = visit(&acceptor, &config, 1, 1).await;
    assert_eq!((uninvited.sent, uninvited.early), (0, Vec::new()));
    assert!(uninvited.info.resumption().is_resumed());
}

/// What was offered once and refused may be offered again with the next session.
#[tokio::test]
async fn a_session_of_a_refused_connection_leads_back_to_early_data() {
    let fleet = Fleet::new();
    let acceptor = fleet.worker();
    let config = with_session(&acceptor, client(&fleet.clock)).await;
    fleet.store.trouble.store(FORGETFUL, Ordering::SeqCst);
    visit(&acceptor, &config, 1, 1)
        .await
        .refused(EarlyDataRefused::FullHandshake);
    fleet.store.trouble.store(0, Ordering::SeqCst);
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(visit(&acceptor, &config, 1, 1).await.info.early_data());
    }
    assert!(outcomes.contains(&EarlyData::Accepted), "{outcomes:?}");
}

/// Sessions of a plain client that says of every ticket that it allows early data.
#[derive(Debug, Default)]
struct Overconfident(std::sync::Mutex<Vec<rustls::client::Tls13ClientSessionValue>>);

impl rustls::client::ClientSessionStore for Overconfident {
    fn set_kx_hint(&self, _: rustls::pki_types::ServerName<'static>, _: rustls::NamedGroup) {}
    fn kx_hint(&self, _: &rustls::pki_types::ServerName<'_>) -> Option<rustls::NamedGroup> {
        None
    }
    fn set_tls12_session(
        &self,
        _: rustls::pki_types::ServerName<'static>,
        _: rustls::client::Tls12ClientSessionValue,
    ) {
    }
    fn tls12_session(
        &self,
        _: &rustls::pki_types::ServerName<'_>,
    ) -> Option<rustls::client::Tls12ClientSessionValue> {
        None
    }
    fn remove_tls12_session(&self, _: &rustls::pki_types::ServerName<'static>) {}
    fn insert_tls13_ticket(
        &self,
        _: rustls::pki_types::ServerName<'static>,
        mut value: rustls::client::Tls13ClientSessionValue,
    ) {
        value._private_set_max_early_data_size(1 << 20);
        self.0.lock().unwrap().push(value);
    }
    fn take_tls13_ticket(
        &self,
        _: &rustls::pki_types::ServerName<'static>,
    ) -> Option<rustls::client::Tls13ClientSessionValue> {
        self.0.lock().unwrap().pop()
    }
}

fn overconfident(clock: &Clock) -> ClientConfig {
    let mut config = client(clock);
    config.resumption = rustls::client::Resumption::store(Arc::new(Overconfident::default()));
    config
}

/// A ticket can be used many times, so it never allows early data, whatever the client thinks; and
/// with early data on, sessions are stored though there are ticket keys.
#[tokio::test]
async fn no_early_data_from_tickets() {
    let fleet = Fleet::new();
    let keys = TicketKeys::generate().unwrap();
    let builder = || fleet.builder(server()).ticket_keys(keys.clone());
    let sealing = builder().build().unwrap();
    let both = builder().early_data(LIMIT).build().unwrap();
    let config = with_session(&sealing, overconfident(&fleet.clock)).await;
    let ticket = visit(&both, &config, 16, 6_000).await;
    ticket.refused(EarlyDataRefused::Ticket);
    assert_eq!(
        ticket.info.resumption(),
        Resumption::Resumed(SessionKind::Ticket)
    );
    // The session that it brought is a stored one.
    let stored = visit(&both, &config, 1, 1).await;
    assert_eq!(
        stored.info.resumption(),
        Resumption::Resumed(SessionKind::Stored)
    );
    assert_eq!(stored.info.early_data(), EarlyData::Accepted);
    // A store that can't tell is no better than tickets, which then are what there is.
    fleet.store.undisturbed.store(CANNOT_TELL, Ordering::SeqCst);
    let config = with_session(&both, client(&fleet.clock)).await;
    let uninvited = visit(&both, &config, 1, 1).await;
    assert_eq!(uninvited.sent, 0);
    assert_eq!(
        uninvited.info.resumption(),
        Resumption::Resumed(SessionKind::Ticket)
    );
}

/// More than the limit, and more than is skipped: the client hears why, under the right keys.
#[tokio::test]
async fn too_much_early_data_ends_the_connection() {
    let fleet = Fleet::new();
    let failures = Failures::default();
    let heard = |builder: AcceptorBuilder| failures.heard_by(builder).build().unwrap();
    let small = heard(fleet.builder(server()).early_data(1_000));
    let off = heard(fleet.builder(server()));
    let retrying = heard(fleet.builder(server().groups("P-384")));
    // Exactly the limit is taken.
    let config = with_session(&small, client(&fleet.clock)).await;
    let exact = visit(&small, &config, 1, 2_000).await;
    assert_eq!((exact.sent, exact.early.len()), (1_000, 1_000));
    let rows = [
        ("limit", &small, 1, 1_001),
        ("limit, in two", &small, 2, 501),
        ("skipped", &off, 17, 16_384),
        ("skipped before a retry", &retrying, 17, 16_384),
    ];
    for (row, acceptor, records, size) in rows {
        let config = with_session(&small, overconfident(&fleet.clock)).await;
        let (near, far) = tokio::io::duplex(1 << 20);
        let mut plain = Plain::client(&config, "localhost", near);
        assert_eq!(write_early(&mut plain, records, size), records * size);
        let (heard, accepted) = tokio::join!(
            async {
                // Before or after its Finished, the client can read the alert.
                let heard = match plain.handshake(b"").await {
                    Ok(()) => plain.read_to_end().await.unwrap_err(),
                    Err(error) => error,
                };
                plain.io.shutdown().await.unwrap();
                heard
            },
            acceptor.accept(far)
        );
        assert_eq!(accepted.unwrap_err().code(), "too_much_early_data", "{row}");
        assert_eq!(failures.only().alert, Some(10), "{row}");
        assert_eq!(super::plain::alert_of(&heard), Some(10), "{row}: {heard}");
    }
}

/// A client that leaves out EndOfEarlyData, or goes on with early data behind it.
#[tokio::test]
async fn the_end_of_early_data_is_where_it_has_to_be() {
    let fleet = Fleet::new();
    let failures = Failures::default();
    let acceptor = failures
        .heard_by(fleet.builder(server()).early_data(LIMIT))
        .build()
        .unwrap();
    for row in ["missing", "early data behind it", "twice"] {
        let config = with_session(&acceptor, client(&fleet.clock)).await;
        let (near, far) = tokio::io::duplex(64 * 1024);
        let mut plain = Plain::client(&config, "localhost", near);
        assert_eq!(write_early(&mut plain, 1, 10), 10);
        let mut first = Vec::new();
        while plain.connection.wants_write() {
            plain.connection.write_tls(&mut first).unwrap();
        }
        let (_, accepted) = tokio::join!(
            async {
                plain.io.write_all(&first).await.unwrap();
                while plain.connection.is_handshaking() {
                    plain.fill().await.unwrap();
                }
                let mut second = Vec::new();
                while plain.connection.wants_write() {
                    plain.connection.write_tls(&mut second).unwrap();
                }
                let early = last_record(&first).to_vec();
                let end = first_record(&second, 23);
                let changed = match row {
                    "missing" => second[end.end..].to_vec(),
                    "twice" => [&second[..end.end], &second[end.start..]].concat(),
                    _ => [&second[..end.end], &early, &second[end.end..]].concat(),
                };
                plain.io.write_all(&changed).await.unwrap();
                let heard = plain.read_to_end().await.unwrap_err();
                assert_eq!(super::plain::alert_of(&heard), Some(20), "{row}: {heard}");
                plain.io.shutdown().await.unwrap();
            },
            acceptor.accept(far)
        );
        assert_eq!(accepted.unwrap_err().code(), "peer_misbehaved", "{row}");
        assert_eq!(failures.take().len(), 1, "{row}");
    }
}

/// Where the first record of `content_type` is.
fn first_record(wire: &[u8], content_type: u8) -> std::ops::Range<usize> {
    let mut at = 0;
    loop {
        let length = 5 + usize::from(u16::from_be_bytes([wire[at + 3], wire[at + 4]]));
        if wire[at] == content_type {
            return at..at + length;
        }
        at += length;
    }
}

fn last_record(mut wire: &[u8]) -> &[u8] {
    loop {
        let length = 5 + usize::from(u16::from_be_bytes([wire[3], wire[4]]));
        match wire.split_at(length) {
            (last, []) => return last,
            (_, rest) => wire = rest,
        }
    }
}

/// A server of TLS 1.2 skips what a client of 1.3 had already sent, and goes on from the next handshake
/// record.
#[tokio::test]
async fn a_server_of_tls12_skips_early_data() {
    let failures = Failures::default();
    let acceptor = failures.heard_by(old(&Fleet::new())).build().unwrap();
    let (mut near, far) = tokio::io::duplex(1 << 20);
    let hello = super::raw::hello(tls_wire::ProtocolVersion::Tls12);
    let mut flight = hello.with(42, &[]).bytes();
    flight.extend([20, 3, 3, 0, 1, 1]);
    for _ in 0..16 {
        flight.extend([23, 3, 3, 0x10, 0]);
        flight.extend(vec![0x5a; 0x1000]);
    }
    // A ClientKeyExchange with a point that is none.
    let message = super::raw::handshake(16, &[1, 9]);
    flight.extend(super::raw::records(22, &message, 16_384));
    near.write_all(&flight).await.unwrap();
    near.shutdown().await.unwrap();
    let (accepted, answer) = tokio::join!(acceptor.accept(far), async {
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        answer
    });
    let error = accepted.unwrap_err();
    assert!(error.to_string().contains("InvalidKeyShare"), "{error}");
    let alert = failures.only().alert.unwrap();
    assert!(answer.ends_with(&super::raw::alert(alert)), "{answer:?}");
}

/// A client that sent early data itself ends a connection that turns out to be TLS 1.2 (RFC 8446,
/// Appendix D.3): that is the report, whatever it sent before.
#[tokio::test]
async fn a_client_ends_a_connection_of_tls12_itself() {
    let fleet = Fleet::new();
    let builder = ClientConfig::builder_with_provider(plain_rustls::provider());
    let mut config = builder
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_root_certificates(Pki::shared().roots())
        .with_no_client_auth();
    config.time_provider = fleet.clock.time_provider();
    let config = with_session(&fleet.worker(), config).await;
    let acceptor = old(&fleet).build().unwrap();
    let (near, far) = tokio::io::duplex(1 << 20);
    let mut plain = Plain::client(&config, "localhost", near);
    assert!(write_early(&mut plain, 16, 4_000) > 0);
    let (_, accepted) = tokio::join!(
        async {
            plain.handshake(b"").await.unwrap_err();
            drop(plain);
        },
        acceptor.accept(far)
    );
    assert_eq!(accepted.unwrap_err().code(), "peer_closed");
}

fn old(fleet: &Fleet) -> AcceptorBuilder {
    let context = server().max_version(tls_wire::ProtocolVersion::Tls12);
    fleet.builder(context).early_data(LIMIT)
}

/// Early data without a session to go with it, from a peer that only wants to be skipped.
#[tokio::test]
async fn early_data_without_a_session_is_skipped_too() {
    let acceptor = TlsAcceptor::from(server().build().unwrap());
    let hello = super::raw::hello(tls_wire::ProtocolVersion::Tls13).with(42, &[]);
    let mut flight = hello.bytes();
    for _ in 0..16 {
        flight.extend([23, 3, 3, 0, 60]);
        flight.extend([0x5a; 60]);
    }
    let (mut near, far) = tokio::io::duplex(1 << 20);
    near.write_all(&flight).await.unwrap();
    near.shutdown().await.unwrap();
    let (accepted, answer) = tokio::join!(acceptor.accept(far), async {
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        answer
    });
    assert_eq!(accepted.unwrap_err().code(), "peer_closed");
    assert!(answer.len() > 500, "a full handshake was offered");
}

/// The same flight, byte for byte, 200 times at once, to three workers with one store: one of them
/// takes its early data, once. All others are full handshakes.
// Spec: SES-12
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_hundred_copies_one_is_taken() {
    let fleet = Fleet::new();
    for (trouble, expected) in [(0, 1), (DOWN, 0), (SILENT, 0)] {
        fleet.store.trouble.store(0, Ordering::SeqCst);
        let same = SameClient::new(&fleet.clock);
        let workers = [fleet.worker(), fleet.worker(), fleet.worker()];
        first_visit(&same, &workers[0]).await;
        fleet.store.trouble.store(trouble, Ordering::SeqCst);
        let copies: Vec<_> = (0..200).map(|_| same.copy(b"once only")).collect();
        let start = Arc::new(tokio::sync::Barrier::new(copies.len()));
        let mut flights: Vec<_> = copies.iter().map(|copy| copy.flight.clone()).collect();
        flights.dedup();
        assert_eq!(flights.len(), 1, "they are the same, byte for byte");
        let mut tasks = Vec::new();
        for (copy, worker) in copies.into_iter().zip(workers.iter().cycle()) {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let (worker, start) = (worker.clone(), start.clone());
            tasks.push(tokio::spawn(async move {
                start.wait().await;
                let (told, (early, info)) =
                    tokio::join!(copy.visit(near, b"late"), serve(&worker, far));
                let taken = info.early_data().is_accepted();
                assert_eq!((told.unwrap().0, early == b"once only"), (taken, taken));
                if !taken {
                    let refused = EarlyData::Refused(EarlyDataRefused::FullHandshake);
                    assert_eq!(info.early_data(), refused);
                }
                taken
            }));
        }
        let mut taken = 0;
        for task in tasks {
            taken += usize::from(task.await.unwrap());
        }
        assert_eq!(taken, expected, "store trouble {trouble}");
    }
}

/// Lets `same` have its first, full handshake with `acceptor`.
async fn first_visit(same: &SameClient, acceptor: &TlsAcceptor) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::join!(same.first_visit(near), async {
        let mut stream = acceptor.accept(far).await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"y").await.unwrap();
        stream.flush().await.unwrap();
    });
}

/// Without a store there is nothing to take from; and a handshake holds so much and no more.
#[test]
fn a_builder_says_what_early_data_needs() {
    let build = |stored: bool, bytes: u32| {
        let mut builder = TlsAcceptor::builder(server().build().unwrap());
        if stored {
            builder = builder.sessions(MemoryStore::new(), SharedSecret::generate().unwrap());
        }
        let built = builder.early_data(bytes).build();
        built.map(drop).map_err(|error| error.code())
    };
    assert_eq!(build(false, 0), Ok(()));
    assert_eq!(build(false, 1), Err("early_data_without_store"));
    assert_eq!(build(true, 65_536), Ok(()));
    assert_eq!(build(true, 65_537), Err("early_data_limit"));
}
