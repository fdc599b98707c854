//! rustls checks nothing of a session that comes back but suite, extended master secret and name. What
//! must not resume does not, with its reason; nothing that is wrong with a session ends a connection.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::client::{
    ClientSessionStore, Resumption as PlainResumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, NamedGroup};
use tls_context::{ClientAuth, SecureContext};
use tls_net::{NotResumed, Resumption, SessionKind, TlsAcceptor, TlsConnector};
use tls_session_store::{MemoryStore, SharedSecret};
use tls_testing::{Clock, Leaf, Pki, plain_rustls};
use tls_wire::ProtocolVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::ends::{self, VERSIONS};
use super::moody::{Mood, Moody};
use super::plain::Plain;
use super::raw::hello;
use super::support::{client, identity, rustls_version, server, trust};

/// Sessions of a plain client, without regard to names: what an attacker's client would do.
#[derive(Debug, Default)]
struct AnyName {
    tls12: Mutex<Option<Tls12ClientSessionValue>>,
    tls13: Mutex<Vec<Tls13ClientSessionValue>>,
}

impl ClientSessionStore for AnyName {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }
    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        *self.tls12.lock().unwrap() = Some(value);
    }
    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.tls12.lock().unwrap().clone()
    }
    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.tls13.lock().unwrap().push(value);
    }
    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.tls13.lock().unwrap().pop()
    }
}

/// A client certificate that can be held back.
#[derive(Debug)]
struct Sometimes {
    key: Arc<rustls::sign::CertifiedKey>,
    shown: Arc<AtomicBool>,
}

impl rustls::client::ResolvesClientCert for Sometimes {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        self.shown.load(Ordering::SeqCst).then(|| self.key.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A plain client that offers whatever session it has to whomever, its certificate when told to.
pub(super) fn attacker(version: ProtocolVersion, shown: &Shown) -> Arc<ClientConfig> {
    Arc::new(attacking(version, &Pki::shared().client, shown))
}

/// The same with another certificate, not yet shown, and a clock.
pub(super) fn attacker_with(
    version: ProtocolVersion,
    leaf: &Leaf,
    clock: &Clock,
) -> (Arc<ClientConfig>, Shown) {
    let shown = hidden();
    let mut config = attacking(version, leaf, &shown);
    config.time_provider = clock.time_provider();
    (Arc::new(config), shown)
}

fn attacking(version: ProtocolVersion, leaf: &Leaf, shown: &Shown) -> ClientConfig {
    let key = identity(leaf).certified_key().clone();
    let mut config = ClientConfig::builder_with_provider(plain_rustls::provider())
        .with_protocol_versions(&[rustls_version(version)])
        .unwrap()
        .with_root_certificates(Pki::shared().roots())
        .with_client_cert_resolver(Arc::new(Sometimes {
            key,
            shown: shown.clone(),
        }));
    config.resumption = PlainResumption::store(Arc::new(AnyName::default()));
    config
}

/// Whether a client shows its certificate.
pub(super) type Shown = Arc<AtomicBool>;

pub(super) fn hidden() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

/// What the server says of one connection of a plain client; both ends exchange a byte.
pub(super) async fn visit(
    acceptor: &TlsAcceptor,
    config: &Arc<ClientConfig>,
    name: &str,
) -> Result<tls_net::ConnectionInfo, &'static str> {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut plain = Plain::client(config, name, near);
    let (_, accepted) = tokio::join!(
        async {
            if plain.handshake(b"x").await.is_ok() {
                plain.read_exact(1).await.ok();
            }
            drop(plain);
        },
        async {
            let mut stream = acceptor.accept(far).await.map_err(|error| error.code())?;
            stream.read_u8().await.map_err(|_| "read")?;
            stream.write_all(b"y").await.map_err(|_| "write")?;
            stream.flush().await.map_err(|_| "flush")?;
            Ok(stream.info())
        }
    );
    accepted
}

/// Both ways of keeping sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Tickets,
    Stored,
}

pub(super) fn kept(builder: tls_net::AcceptorBuilder, keep: Keep) -> tls_net::AcceptorBuilder {
    match keep {
        Keep::Tickets => builder,
        Keep::Stored => builder.sessions(MemoryStore::new(), SharedSecret::generate().unwrap()),
    }
}

pub(super) const KEPT: [Keep; 2] = [Keep::Tickets, Keep::Stored];

pub(super) fn strict() -> SecureContext {
    server()
        .client_auth(ClientAuth::required(trust()))
        .build()
        .unwrap()
}

pub(super) fn lax() -> SecureContext {
    server().build().unwrap()
}

/// A session of TLS 1.3 is replaced by one: the client has as many as after its first handshake, and
/// the store does not grow with every connection.
// Spec: SES-09
#[tokio::test]
async fn a_resumed_handshake_brings_one_session_for_the_one_it_used() {
    for (tickets, kept) in [(1, 1), (2, 2), (5, 5)] {
        let store = MemoryStore::new();
        let acceptor = TlsAcceptor::builder(server().tickets(tickets).build().unwrap())
            .sessions(store.clone(), SharedSecret::generate().unwrap())
            .build()
            .unwrap();
        let config = attacker(ProtocolVersion::Tls13, &hidden());
        for visits in 0..4 {
            let info = visit(&acceptor, &config, "localhost").await.unwrap();
            assert_eq!(info.resumption().is_resumed(), visits > 0);
            assert_eq!(store.len(), kept, "{tickets} tickets, {visits} visits");
        }
    }
}

/// The authentication bypass: a session made without a client certificate, offered where one is
/// demanded, over names of one acceptor and over a change of the default context.
// Spec: T-SES-17, TKT-04, SES-02
#[tokio::test]
async fn a_session_of_a_lax_context_opens_no_strict_one() {
    for version in VERSIONS {
        for keep in KEPT {
            let builder = TlsAcceptor::builder(lax()).context("example.test", strict());
            let acceptor = kept(builder, keep).build().unwrap();
            let config = attacker(version, &hidden());
            visit(&acceptor, &config, "localhost").await.unwrap();
            let again = visit(&acceptor, &config, "localhost").await.unwrap();
            assert!(again.resumption().is_resumed(), "{version} {keep:?}");
            let refused = visit(&acceptor, &config, "example.test").await.unwrap_err();
            assert_eq!(refused, "client_certificate_missing", "{version} {keep:?}");

            // The default context becomes a strict one.
            let config = attacker(version, &hidden());
            visit(&acceptor, &config, "localhost").await.unwrap();
            let server = acceptor.listen(ends_listener());
            server.handle().set_context(strict()).unwrap();
            let refused = visit(&acceptor, &config, "localhost").await.unwrap_err();
            assert_eq!(
                refused, "client_certificate_missing",
                "{version} {keep:?}: reload"
            );

            // And with the certificate at hand: a full handshake, and the reason.
            let shown = Arc::new(AtomicBool::new(true));
            server.handle().set_context(lax()).unwrap();
            let config = attacker(version, &shown);
            visit(&acceptor, &config, "localhost").await.unwrap();
            server.handle().set_context(strict()).unwrap();
            let full = visit(&acceptor, &config, "localhost").await.unwrap();
            assert_eq!(
                full.resumption(),
                Resumption::Full(NotResumed::PolicyChanged)
            );
            assert!(full.authorized());
        }
    }
}

/// A listener that never has anything.
pub(super) struct Quiet;

impl tls_net::Listener for Quiet {
    type Io = tokio::io::DuplexStream;

    async fn accept(&mut self) -> std::io::Result<(Self::Io, Option<std::net::SocketAddr>)> {
        pending().await
    }

    fn local_addr(&self) -> std::io::Result<std::net::SocketAddr> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

pub(super) fn ends_listener() -> Quiet {
    Quiet
}

/// A resumed client is the one that proved itself, and its chain is judged anew.
// Spec: T-SES-18, SES-10
#[tokio::test]
async fn a_resumed_client_keeps_its_certificate_until_that_ends() {
    for version in VERSIONS {
        for keep in KEPT {
            let clock = Clock::new();
            let mut params = tls_testing::pki::client_params("short.test");
            params.not_after = rcgen::date_time_ymd(2026, 1, 2);
            let leaf = Pki::shared()
                .intermediate
                .sign(params, tls_testing::pki::p256());
            let acceptor = kept(TlsAcceptor::builder(strict()), keep);
            let acceptor = acceptor.clock(clock.time_provider()).build().unwrap();
            let mut config = plain_rustls::client_with(rustls_version(version), &leaf);
            config.time_provider = clock.time_provider();
            let config = Arc::new(config);
            visit(&acceptor, &config, "localhost").await.unwrap();
            let again = visit(&acceptor, &config, "localhost").await.unwrap();
            assert!(again.resumption().is_resumed());
            assert!(again.authorized());
            assert_eq!(again.peer().common_name(), Some("short.test"));
            assert_eq!(again.peer().proof(), tls_net::Proof::ResumedCertificate);
            // Within the session's lifetime, but the certificate is over.
            clock.set(tls_testing::clock::START + 86_400 + 200);
            let context = server()
                .client_auth(ClientAuth::required(trust()))
                .session_timeout(Duration::from_secs(3 * 86_400))
                .build()
                .unwrap();
            acceptor
                .listen(Quiet)
                .handle()
                .set_context(context)
                .unwrap();
            let refused = visit(&acceptor, &config, "localhost").await.unwrap_err();
            assert_eq!(refused, "client_certificate_refused", "{version} {keep:?}");
        }
    }
}

/// With optional certificates the handshake goes on; the reason says what was found.
#[tokio::test]
async fn an_expired_client_certificate_is_the_reason_of_a_full_handshake() {
    for version in VERSIONS {
        let clock = Clock::new();
        let mut params = tls_testing::pki::client_params("short.test");
        params.not_after = rcgen::date_time_ymd(2026, 1, 2);
        let leaf = Pki::shared()
            .intermediate
            .sign(params, tls_testing::pki::p256());
        let shown = Arc::new(AtomicBool::new(true));
        let context = server()
            .client_auth(ClientAuth::optional(trust()))
            .session_timeout(Duration::from_secs(3 * 86_400))
            .build()
            .unwrap();
        let acceptor = TlsAcceptor::builder(context)
            .clock(clock.time_provider())
            .build()
            .unwrap();
        let mut config = ClientConfig::clone(&attacker(version, &shown));
        config.client_auth_cert_resolver = Arc::new(Sometimes {
            key: identity(&leaf).certified_key().clone(),
            shown: shown.clone(),
        });
        config.time_provider = clock.time_provider();
        let config = Arc::new(config);
        visit(&acceptor, &config, "localhost").await.unwrap();
        clock.advance(Duration::from_secs(2 * 86_400));
        shown.store(false, Ordering::SeqCst);
        let full = visit(&acceptor, &config, "localhost").await.unwrap();
        assert_eq!(
            full.resumption(),
            Resumption::Full(NotResumed::ChainNoLongerGood)
        );
        assert!(!full.authorized());
    }
}

/// Age counts from the first full handshake; a renewal inherits it, and 900 days are too many.
// Spec: SES-07, T-SES-10
#[tokio::test]
async fn age_counts_from_the_first_full_handshake() {
    for version in VERSIONS {
        for keep in KEPT {
            let clock = Clock::new();
            let context = server()
                .session_timeout(Duration::from_secs(3600))
                .build()
                .unwrap();
            let acceptor = kept(TlsAcceptor::builder(context), keep);
            let acceptor = acceptor.clock(clock.time_provider()).build().unwrap();
            let mut config = ClientConfig::clone(&attacker(version, &hidden()));
            config.time_provider = clock.time_provider();
            let config = Arc::new(config);
            let first = visit(&acceptor, &config, "localhost").await.unwrap();
            assert_eq!(
                first.resumption(),
                Resumption::Full(NotResumed::NoSessionOffered)
            );
            for _ in 0..2 {
                clock.advance(Duration::from_secs(1700));
                let again = visit(&acceptor, &config, "localhost").await.unwrap();
                assert!(again.resumption().is_resumed(), "{version} {keep:?}");
            }
            // The newest ticket is 300 s old, the proof 3,700 s.
            clock.advance(Duration::from_secs(300));
            let old = visit(&acceptor, &config, "localhost").await.unwrap();
            assert!(!old.resumption().is_resumed(), "{version} {keep:?}");
            clock.advance(Duration::from_secs(900 * 86_400));
            let ancient = visit(&acceptor, &config, "localhost").await.unwrap();
            assert!(!ancient.resumption().is_resumed(), "{version} {keep:?}");
        }
    }
}

/// A session that was offered and not taken up (its name is another) leaves nothing in the sessions of
/// the full handshake that follows.
#[tokio::test]
async fn an_unused_offer_leaves_no_trace() {
    for version in VERSIONS {
        for keep in KEPT {
            let context = server()
                .client_auth(ClientAuth::optional(trust()))
                .build()
                .unwrap();
            let acceptor = kept(TlsAcceptor::builder(context), keep).build().unwrap();
            let shown = Arc::new(AtomicBool::new(true));
            let config = attacker(version, &shown);
            assert!(
                visit(&acceptor, &config, "localhost")
                    .await
                    .unwrap()
                    .authorized()
            );
            shown.store(false, Ordering::SeqCst);
            let full = visit(&acceptor, &config, "example.test").await.unwrap();
            assert!(!full.resumption().is_resumed(), "{version} {keep:?}");
            assert!(!full.authorized());
            let again = visit(&acceptor, &config, "example.test").await;
            let again = again.unwrap_or_else(|code| panic!("{version} {keep:?}: {code}"));
            assert!(!again.authorized());
            assert!(again.peer_certificates().is_none());
            assert!(again.resumption().is_resumed(), "{version} {keep:?}");
        }
    }
}

/// Our client offers a session under its own name, port and policy only, and once.
// Spec: SES-03, SES-05, T-SES-14, T-SES-15, T-SES-16, SES-06
#[tokio::test]
async fn a_client_session_stays_with_its_name_and_policy() {
    for version in VERSIONS {
        let acceptor = TlsAcceptor::from(lax());
        let strict_client = TlsConnector::from(client(version).build().unwrap());
        let lax_client = TlsConnector::from(
            client(version)
                .dangerous()
                .accept_any_certificate()
                .build()
                .unwrap(),
        );
        let session = async |connector: &TlsConnector, host: &str| {
            let (client, server) = ends::handshake(&acceptor, connector, host).await;
            let (mut client, mut server) = (client.unwrap(), server.unwrap());
            ends::exchange(&mut client, &mut server).await;
            client.session().unwrap()
        };
        let reason = async |connector: &TlsConnector, host: &str| {
            let (client, server) = ends::handshake(&acceptor, connector, host).await;
            assert_eq!(
                server.unwrap().info().resumption(),
                Resumption::Full(NotResumed::NoSessionOffered),
                "nothing was offered"
            );
            client.unwrap().info().resumption()
        };
        // Another name, even one of the same certificate.
        let made = session(&strict_client, "localhost").await;
        let other = reason(&strict_client.resuming(made.clone()), "example.test").await;
        assert_eq!(other, Resumption::Full(NotResumed::OtherContext));
        // A stricter policy, and a laxer one.
        let other = reason(&lax_client.resuming(made.clone()), "localhost").await;
        assert_eq!(other, Resumption::Full(NotResumed::PolicyChanged));
        let unproven = session(&lax_client, "localhost").await;
        let other = reason(&strict_client.resuming(unproven), "localhost").await;
        assert_eq!(other, Resumption::Full(NotResumed::PolicyChanged));
        // The refused offers did not use it up; the first good one does.
        assert!(!made.is_used());
        let resuming = strict_client.resuming(made.clone());
        let (client, server) = ends::handshake(&acceptor, &resuming, "localhost").await;
        assert!(client.unwrap().info().resumption().is_resumed());
        assert!(server.unwrap().info().resumption().is_resumed());
        assert!(made.is_used());
        let other = reason(&resuming, "localhost").await;
        assert_eq!(other, Resumption::Full(NotResumed::Unknown));
    }
}

// Spec: SES-05
#[tokio::test]
async fn a_client_session_stays_with_its_port() {
    let acceptor = TlsAcceptor::from(lax());
    let first = acceptor.bind("127.0.0.1:0").await.unwrap();
    let second = acceptor.bind("127.0.0.1:0").await.unwrap();
    let connector = TlsConnector::from(client(ProtocolVersion::Tls13).build().unwrap())
        .server_name(ends::name("localhost"));
    let visit = async |server: &tls_net::Server, connector: &TlsConnector| {
        let address = server.local_addr().unwrap().to_string();
        let (client, served) = tokio::join!(connector.connect_to(&address), server.accept());
        let (mut client, mut served) = (client.unwrap(), served.unwrap().unwrap());
        served.write_all(b"x").await.unwrap();
        client.read_u8().await.unwrap();
        (client.info().resumption(), client.session().unwrap())
    };
    let (_, session) = visit(&first, &connector).await;
    let (other, _) = visit(&second, &connector.resuming(session.clone())).await;
    assert_eq!(other, Resumption::Full(NotResumed::OtherContext));
    let (same, _) = visit(&first, &connector.resuming(session)).await;
    assert!(same.is_resumed());
}

/// A chain that would be refused today: nothing is offered, and the full handshake fails as it should.
#[tokio::test]
async fn a_client_session_ends_with_the_servers_certificate() {
    for version in VERSIONS {
        let clock = Clock::new();
        let mut params = tls_testing::pki::server_params(&["localhost"]);
        params.not_after = rcgen::date_time_ymd(2026, 1, 2);
        let leaf = Pki::shared()
            .intermediate
            .sign(params, tls_testing::pki::p256());
        let context = SecureContext::server(identity(&leaf)).build().unwrap();
        let acceptor = TlsAcceptor::builder(context)
            .clock(clock.time_provider())
            .build()
            .unwrap();
        let connector =
            TlsConnector::from(client(version).build().unwrap()).clock(clock.time_provider());
        let (near, far) = ends::handshake(&acceptor, &connector, "localhost").await;
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        ends::exchange(&mut near, &mut far).await;
        let session = near.session().unwrap();
        clock.advance(Duration::from_secs(3 * 86_400));
        let resuming = connector.resuming(session);
        let (near, _) = ends::handshake(&acceptor, &resuming, "localhost").await;
        assert_eq!(near.unwrap_err().code(), "server_certificate_refused");
    }
}

/// Changed, cut and swapped tickets and ids are no error.
// Spec: SES-02, T-SES-09
#[tokio::test]
async fn a_spoiled_ticket_is_a_full_handshake() {
    let acceptor = TlsAcceptor::from(lax());
    let config = Arc::new(plain_rustls::client(&rustls::version::TLS12));
    let mut ticket = Vec::new();
    // A real ticket, from the second hello of a client that has one.
    visit(&acceptor, &config, "localhost").await.unwrap();
    let second = super::raw::Hello::parse(&super::raw::hello_message(&config, "localhost"));
    for (extension, value) in &second.extensions {
        if *extension == 35 {
            ticket.clone_from(value);
        }
    }
    assert!(ticket.len() > 48, "a ticket is offered");
    let mut spoiled = vec![
        ticket[..ticket.len() - 1].to_vec(),
        ticket[..20].to_vec(),
        vec![7; 200],
        vec![7],
    ];
    for at in [0, 15, 16, 40, 60, ticket.len() - 1] {
        let mut changed = ticket.clone();
        changed[at] ^= 1;
        spoiled.push(changed);
    }
    let flight = async |ticket: &[u8]| {
        let hello = second.clone().without(35).with(35, ticket).bytes();
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        near.write_all(&hello).await.unwrap();
        let accepting = acceptor.accept(far);
        tokio::pin!(accepting);
        let mut back = vec![0; 4096];
        tokio::select! {
            read = near.read(&mut back) => read.unwrap(),
            ended = &mut accepting => panic!("ended: {:?}", ended.err()),
        }
    };
    // The flight of a full handshake has the certificates in it, so it is long.
    assert!(flight(&ticket).await < 500, "the ticket itself resumes");
    for ticket in spoiled {
        assert!(flight(&ticket).await > 500, "{} bytes", ticket.len());
    }
}

pub(super) fn stored(store: &Moody) -> TlsAcceptor {
    let secret = SharedSecret::generate().unwrap();
    TlsAcceptor::builder(lax())
        .sessions(store.clone(), secret)
        .build()
        .unwrap()
}

/// Whatever the store does, the client is served, and no later than the store's time limit.
// Spec: T-SES-07, T-SES-09, T-SES-12, T-SES-19
#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_or_broken_costs_its_time_limit_at_most() {
    for version in VERSIONS {
        let store = Moody::new();
        let acceptor = stored(&store);
        let rows = [
            (Mood::Good, None, 0),
            (Mood::Silent, Some(NotResumed::StoreLate), 25),
            (Mood::Failing, Some(NotResumed::StoreDown), 0),
            (Mood::Junk, Some(NotResumed::OtherContext), 0),
        ];
        for (mood, reason, millis) in rows {
            let config = attacker(version, &hidden());
            store.set(Mood::Good);
            visit(&acceptor, &config, "localhost").await.unwrap();
            store.set(mood);
            let begun = Instant::now();
            let info = visit(&acceptor, &config, "localhost").await.unwrap();
            match reason {
                None => {
                    assert_eq!(info.resumption(), Resumption::Resumed(SessionKind::Stored));
                }
                Some(NotResumed::OtherContext) => assert!(!info.resumption().is_resumed()),
                Some(reason) => assert_eq!(info.resumption(), Resumption::Full(reason)),
            }
            assert!(
                begun.elapsed() <= Duration::from_millis(millis + 2),
                "{version} {mood:?}"
            );
        }
        for (mood, millis) in [(Mood::SilentPut, 25), (Mood::FailingPut, 0)] {
            let config = attacker(version, &hidden());
            store.set(mood);
            let begun = Instant::now();
            visit(&acceptor, &config, "localhost").await.unwrap();
            // Two tickets in TLS 1.3, one limit for both.
            assert!(
                begun.elapsed() <= Duration::from_millis(millis + 2),
                "{version} {mood:?}"
            );
            store.set(Mood::Good);
            let info = visit(&acceptor, &config, "localhost").await.unwrap();
            assert_eq!(info.resumption(), Resumption::Full(NotResumed::Unknown));
        }
    }
}

/// Nobody has proved anything yet: what a hello can cost is bounded.
// Spec: T-SES-08
#[tokio::test]
async fn a_hello_costs_two_look_ups_at_most() {
    let store = Moody::new();
    let acceptor = stored(&store);
    let tls13 = hello(ProtocolVersion::Tls13);
    let offer = |identities: &[Vec<u8>]| {
        let mut list = Vec::new();
        let mut binders = Vec::new();
        for identity in identities {
            list.extend(u16::try_from(identity.len()).unwrap().to_be_bytes());
            list.extend(identity);
            list.extend([0; 4]);
            binders.push(32);
            binders.extend([7; 32]);
        }
        let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
        let value = [&length(&list)[..], &list, &length(&binders), &binders].concat();
        tls13.clone().with(41, &value).bytes()
    };
    let ids = |count: usize, length: usize| {
        (0..count)
            .map(|at| vec![u8::try_from(at % 251).unwrap(); length])
            .collect::<Vec<_>>()
    };
    let mut tls12 = hello(ProtocolVersion::Tls12);
    let rows = [
        ("the random session id of TLS 1.3", tls13.bytes(), 0),
        ("identities of other lengths", offer(&ids(20, 31)), 0),
        ("one of ours", offer(&ids(1, 32)), 1),
        ("nine hundred", offer(&ids(880, 32)), 2),
        (
            "a foreign ticket of TLS 1.2",
            tls12.clone().without(35).with(35, &[1; 32]).bytes(),
            0,
        ),
        (
            "a session id of TLS 1.2",
            {
                tls12.head.splice(
                    34..35 + usize::from(tls12.head[34]),
                    [32].into_iter().chain([9; 32]),
                );
                tls12.clone().bytes()
            },
            1,
        ),
        (
            "the same without extended master secret",
            tls12.without(23).bytes(),
            0,
        ),
    ];
    for (what, bytes, expected) in rows {
        let (mut near, far) = tokio::io::duplex(128 * 1024);
        near.write_all(&bytes).await.unwrap();
        near.shutdown().await.unwrap();
        let (outcome, ()) = tokio::join!(acceptor.accept(far), async {
            near.read_to_end(&mut Vec::new()).await.ok();
        });
        assert!(outcome.is_err(), "{what}");
        assert_eq!(store.lookups(), expected, "{what}");
    }
    assert_eq!(store.puts(), 0, "nothing was made for a stranger");
}

/// Stateful sessions of TLS 1.3 are single use, across workers.
#[tokio::test]
async fn a_stored_session_of_tls13_is_used_once() {
    let store = Moody::new();
    let acceptor = stored(&store);
    let context = client(ProtocolVersion::Tls13).build().unwrap();
    let connector = TlsConnector::from(context);
    let (near, far) = ends::handshake(&acceptor, &connector, "localhost").await;
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    ends::exchange(&mut near, &mut far).await;
    assert_eq!(store.inner.len(), 2, "two tickets");
    let resuming = connector.resuming(near.session().unwrap());
    let (_, far) = ends::handshake(&acceptor, &resuming, "localhost").await;
    assert_eq!(
        far.unwrap().info().resumption(),
        Resumption::Resumed(SessionKind::Stored)
    );
    assert_eq!(store.lookups(), 1);
}

/// Keys of another server, changed keys, and the old ones again.
// Spec: TKT-03, TKT-05, T-SES-04, SRV-16, SRV-17
#[tokio::test]
async fn ticket_keys_decide_who_resumes() {
    for version in VERSIONS {
        let keys = tls_session_store::TicketKeys::generate().unwrap();
        let first = TlsAcceptor::builder(lax())
            .ticket_keys(keys.clone())
            .worker_name("one")
            .build()
            .unwrap();
        let shared = tls_session_store::TicketKeys::from_bytes(keys.to_bytes());
        let second = TlsAcceptor::builder(lax())
            .ticket_keys(shared)
            .build()
            .unwrap();
        let third = TlsAcceptor::from(lax());
        let config = attacker(version, &hidden());
        visit(&first, &config, "localhost").await.unwrap();
        let info = visit(&second, &config, "localhost").await.unwrap();
        assert_eq!(
            info.resumption(),
            Resumption::Resumed(SessionKind::Ticket),
            "{version}"
        );
        assert_eq!(info.session_maker(), Some("one"));
        let info = visit(&third, &config, "localhost").await.unwrap();
        assert_eq!(info.resumption(), Resumption::Full(NotResumed::WrongKey));

        let server = second.listen(Quiet);
        let handle = server.handle();
        let old = handle.ticket_keys().unwrap();
        let config = attacker(version, &hidden());
        visit(&second, &config, "localhost").await.unwrap();
        visit(&second, &config, "localhost").await.unwrap();
        let before = Arc::new(ClientConfig::clone(&config));
        handle.set_ticket_keys(&[3; 48]);
        let info = visit(&second, &before, "localhost").await.unwrap();
        assert_eq!(info.resumption(), Resumption::Full(NotResumed::WrongKey));
        handle.set_ticket_keys(&old);
    }
}
