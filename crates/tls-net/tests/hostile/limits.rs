//! Limits of a server: who waits, who goes, what a shutdown counts, what a listener's error means.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::ClientConfig;
use tls_net::{Listener, Server, TlsAcceptor, TlsConnector, is_transient};
use tls_testing::plain_rustls;
use tls_wire::ProtocolVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::ends;
use super::plain::Plain;
use super::raw::hello;
use super::support::{Failures, client, pass, server};

fn builder() -> tls_net::AcceptorBuilder {
    TlsAcceptor::builder(server().build().unwrap())
}

fn connector() -> TlsConnector {
    TlsConnector::from(client(ProtocolVersion::Tls13).build().unwrap())
}

fn plain_config() -> Arc<ClientConfig> {
    Arc::new(plain_rustls::client(&rustls::version::TLS13))
}

/// Connections, or errors, as the test gives them.
struct Given {
    connections: mpsc::UnboundedReceiver<io::Result<DuplexStream>>,
    taken: Arc<AtomicUsize>,
}

#[derive(Clone)]
struct Giver {
    connections: mpsc::UnboundedSender<io::Result<DuplexStream>>,
    taken: Arc<AtomicUsize>,
}

fn listener() -> (Giver, Given) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let taken = Arc::new(AtomicUsize::new(0));
    let giver = Giver {
        connections: sender,
        taken: taken.clone(),
    };
    (
        giver,
        Given {
            connections: receiver,
            taken,
        },
    )
}

impl Giver {
    /// A new connection; the client's end.
    fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(64 * 1024);
        self.connections.send(Ok(far)).unwrap();
        near
    }

    fn fail(&self, error: io::Error) {
        self.connections.send(Err(error)).unwrap();
    }

    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

impl Listener for Given {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, Option<SocketAddr>)> {
        match self.connections.recv().await {
            Some(outcome) => {
                self.taken.fetch_add(1, Ordering::SeqCst);
                Ok((outcome?, None))
            }
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A good client over a given connection.
async fn good(giver: &Giver) -> tls_net::TlsStream<DuplexStream> {
    connector()
        .connect(ends::name("localhost"), giver.connect())
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_oldest_without_a_hello_goes() {
    let failures = Failures::default();
    let acceptor = failures.heard_by(builder()).max_pending(3).build().unwrap();
    let (giver, given) = listener();
    let server = acceptor.listen(given);
    let handle = server.handle();
    let server = Arc::new(server);
    let accepting = server.clone();
    let serving = tokio::spawn(async move { accepting.accept().await });
    let mut silent: Vec<_> = (0..3).map(|_| giver.connect()).collect();
    let begun = Instant::now();
    pass(Duration::from_millis(1)).await;
    assert_eq!(handle.stats().pending, 3);
    let stream = good(&giver).await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(serving.await.unwrap().unwrap().is_some());
    let failed = failures.only();
    assert_eq!((failed.code, failed.alert), ("too_many_pending", None));
    // The first is closed, the others are not.
    assert_eq!(silent[0].read(&mut [0]).await.unwrap(), 0);
    assert!(futures_util::FutureExt::now_or_never(silent[1].read(&mut [0])).is_none());
    drop(stream);
}

/// With a thousand silent sockets at default options a good client is served, over and over.
#[tokio::test]
async fn silent_sockets_do_not_keep_a_good_client_out() {
    let server = builder()
        .build()
        .unwrap()
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(|mut stream| async move {
        let byte = stream.read_u8().await.unwrap();
        stream.write_u8(byte).await.unwrap();
        stream.flush().await.unwrap();
    }));
    let mut silent = Vec::new();
    // Each is two descriptors of this process.
    for _ in 0..400 {
        match TcpStream::connect(address).await {
            Ok(stream) => silent.push(stream),
            Err(_) => break,
        }
    }
    assert!(silent.len() > 100);
    let connector = connector().server_name(ends::name("localhost"));
    for byte in 0..20 {
        let mut stream = connector.connect_to(&address.to_string()).await.unwrap();
        stream.write_u8(byte).await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), byte);
    }
    drop(silent);
    serving.abort();
}

/// Silent connections take no place of `max_connections`: those are for streams.
#[tokio::test(start_paused = true)]
async fn silent_sockets_take_no_place_of_a_connection() {
    let acceptor = builder().max_connections(1).build().unwrap();
    let (giver, given) = listener();
    let server = acceptor.listen(given);
    let _silent: Vec<_> = (0..3).map(|_| giver.connect()).collect();
    let begun = Instant::now();
    let (_client, accepted) = tokio::join!(good(&giver), server.accept());
    let first = accepted.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    // The place is taken: the next waits until it is free.
    let (giver2, waiting) = (
        giver.clone(),
        tokio::spawn(async move { server.accept().await }),
    );
    let next = tokio::spawn(async move { good(&giver2).await });
    pass(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    drop(first);
    assert!(waiting.await.unwrap().unwrap().is_some());
    next.await.unwrap();
}

/// When all places are taken handshakes wait, no longer than their own time limit.
#[tokio::test(start_paused = true)]
async fn a_handshake_waits_for_its_place_within_its_time() {
    let failures = Failures::default();
    let acceptor = failures
        .heard_by(builder())
        .max_handshakes(2)
        .build()
        .unwrap();
    let bytes = hello(ProtocolVersion::Tls13).bytes();
    // Two clients that say hello and no more.
    let mut stalled = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let (mut near, far) = tokio::io::duplex(64 * 1024);
        near.write_all(&bytes).await.unwrap();
        stalled.push(near);
        let acceptor = acceptor.clone();
        tasks.push(tokio::spawn(async move {
            acceptor.accept(far).await.map(|_| ())
        }));
    }
    pass(Duration::from_millis(1)).await;
    let begun = Instant::now();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut plain = Plain::client(&plain_config(), "localhost", near);
    // At 10 s the two give their places up, and the deadline of the third is the same moment or later.
    let (_, outcome) = tokio::join!(
        async {
            plain.handshake(b"").await.ok();
            plain
        },
        acceptor.accept(far)
    );
    assert!(
        begun.elapsed() <= Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    if let Err(error) = outcome {
        assert_eq!(error.code(), "handshake_timeout");
    }
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap_err().code(), "handshake_timeout");
    }
}

/// An application that stops accepting fills the queue, then the places, then the listener's own
/// backlog; when it goes on, everybody who still waits is served.
#[tokio::test(start_paused = true)]
async fn an_application_that_stops_accepting_stops_the_listener() {
    let acceptor = builder().max_handshakes(4).build().unwrap();
    let (giver, given) = listener();
    let server = acceptor.listen(given);
    let handle = server.handle();
    let (_first, accepted) = tokio::join!(good(&giver), server.accept());
    accepted.unwrap().unwrap();
    let clients: Vec<_> = (0..300)
        .map(|_| {
            let connecting = connector();
            let near = giver.connect();
            tokio::spawn(async move { connecting.connect(ends::name("localhost"), near).await })
        })
        .collect();
    pass(Duration::from_secs(1)).await;
    let taken = giver.taken();
    // Some wait for their hello to be read; no more than a burst of them is taken.
    assert!(taken < 200, "the listener went on: {taken} of 301");
    assert!(handle.stats().handshakes <= 4);
    // It accepts again.
    let mut served = 0;
    while served < 300 {
        let next = tokio::time::timeout(Duration::from_secs(60), server.accept()).await;
        let Ok(stream) = next else { break };
        assert!(stream.unwrap().is_some());
        served += 1;
    }
    let mut connected = 0;
    for client in clients {
        connected += usize::from(client.await.unwrap().is_ok());
    }
    assert_eq!((served, connected), (300, 300));
}

/// `select!` drops the future of `accept` again and again: no stream is lost.
#[tokio::test]
async fn accept_is_cancel_safe_and_shared() {
    let (giver, given) = listener();
    let server = Arc::new(builder().build().unwrap().listen(given));
    let (sender, mut streams) = mpsc::unbounded_channel();
    for _ in 0..3 {
        let (server, sender) = (server.clone(), sender.clone());
        tokio::spawn(async move {
            for patience in (0..7_u8).cycle() {
                // Dropped after a few polls, now more, now fewer.
                let impatient = async {
                    for _ in 0..patience {
                        tokio::task::yield_now().await;
                    }
                };
                tokio::select! {
                    biased;
                    () = impatient => {}
                    stream = server.accept() => {
                        let Some(stream) = stream.unwrap() else { return };
                        sender.send(stream).unwrap();
                    }
                }
            }
        });
    }
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(good(&giver).await);
    }
    for _ in 0..20 {
        streams.recv().await.unwrap();
    }
    server.handle().shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn a_server_that_is_dropped_ends_its_handshakes() {
    let failures = Failures::default();
    let (giver, given) = listener();
    let server = failures.heard_by(builder()).build().unwrap().listen(given);
    let mut silent = giver.connect();
    let (mut client, accepted) = tokio::join!(good(&giver), server.accept());
    let mut stream = accepted.unwrap().unwrap();
    drop(server);
    assert_eq!(
        silent.read(&mut [0]).await.unwrap(),
        0,
        "its handshake is over"
    );
    // A stream that was handed out lives on.
    stream.write_u8(7).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), 7);
    assert_eq!(failures.codes(), ["handshake_abandoned"]);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_the_shutdown_cuts_is_reported() {
    let failures = Failures::default();
    let (giver, given) = listener();
    let server = failures.heard_by(builder()).build().unwrap().listen(given);
    let handle = server.handle();
    let serving = tokio::spawn(server.serve(|_| async {}));
    let _silent = giver.connect();
    pass(Duration::from_millis(1)).await;
    handle.shutdown(Duration::from_secs(1)).await;
    let drained = serving.await.unwrap().unwrap();
    assert_eq!((drained.completed, drained.cut), (0, 1));
    assert_eq!(failures.codes(), ["handshake_abandoned"]);
}

// Spec: SRV-11
#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_streams_and_counts_them() {
    let (giver, given) = listener();
    let server = builder().build().unwrap().listen(given);
    let handle = server.handle();
    let mut streams = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..3 {
        let (client, accepted) = tokio::join!(good(&giver), server.accept());
        clients.push(client);
        streams.push(accepted.unwrap().unwrap());
    }
    assert_eq!(handle.stats().connections, 3);
    let last = streams.pop();
    let draining = tokio::spawn({
        let handle = handle.clone();
        async move { handle.shutdown(Duration::from_secs(30)).await }
    });
    pass(Duration::from_secs(1)).await;
    drop(streams);
    let begun = Instant::now();
    let drained = draining.await.unwrap();
    assert_eq!((drained.completed, drained.cut), (2, 1));
    assert_eq!(begun.elapsed().as_secs(), 29, "the deadline");
    assert!(server.accept().await.unwrap().is_none());
    drop(last);
    assert_eq!(handle.stats().connections, 0);
}

/// One acceptor, two servers: the shutdown of one is nothing to the other.
#[tokio::test(start_paused = true)]
async fn a_shutdown_counts_its_own_server_only() {
    let acceptor = builder().build().unwrap();
    let ((giver, given), (_, other)) = (listener(), listener());
    let (busy, idle) = (acceptor.listen(given), acceptor.listen(other));
    let (_client, accepted) = tokio::join!(good(&giver), busy.accept());
    let _stream = accepted.unwrap().unwrap();
    let begun = Instant::now();
    let drained = idle.handle().shutdown(Duration::from_secs(30)).await;
    assert_eq!((drained.completed, drained.cut), (0, 0));
    assert_eq!(begun.elapsed().as_secs(), 0);
}

/// A handshake in progress is part of what a shutdown waits for.
#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_handshakes() {
    let (giver, given) = listener();
    let server = builder().build().unwrap().listen(given);
    let handle = server.handle();
    let near = giver.connect();
    let accepting = tokio::spawn(async move { server.accept().await });
    pass(Duration::from_millis(1)).await;
    let draining = tokio::spawn(async move { handle.shutdown(Duration::from_secs(30)).await });
    pass(Duration::from_secs(1)).await;
    assert!(!draining.is_finished(), "a handshake is in progress");
    let client = connector()
        .connect(ends::name("localhost"), near)
        .await
        .unwrap();
    let stream = accepting.await.unwrap().unwrap();
    assert!(
        stream.is_some(),
        "a handshake begun before the shutdown is served"
    );
    drop((stream, client));
    assert_eq!(draining.await.unwrap().cut, 0);
}

#[tokio::test(start_paused = true)]
async fn serve_cuts_what_is_left_at_the_deadline() {
    let (giver, given) = listener();
    let server = builder().build().unwrap().listen(given);
    let handle = server.handle();
    let serving = tokio::spawn(server.serve(|mut stream| async move {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.ok();
    }));
    let mut stays = good(&giver).await;
    let mut goes = good(&giver).await;
    pass(Duration::from_millis(1)).await;
    let begun = Instant::now();
    let shutdown = tokio::spawn(async move { handle.shutdown(Duration::from_secs(3)).await });
    pass(Duration::from_secs(1)).await;
    goes.shutdown().await.unwrap();
    let drained = serving.await.unwrap().unwrap();
    assert_eq!((drained.completed, drained.cut), (1, 1));
    assert_eq!(begun.elapsed().as_secs(), 3);
    shutdown.await.unwrap();
    assert!(stays.read_u8().await.is_err(), "it was cut");
}

#[tokio::test(start_paused = true)]
async fn a_listeners_death_is_told_and_its_colds_are_not() {
    let (giver, given) = listener();
    let server: Server<Given> = builder().build().unwrap().listen(given);
    // accept(2): errors of the connection that would have come, to be tried again.
    let pending = [100, 71, 92, 112, 64, 113, 95, 101, 103, 104, 1];
    for errno in pending {
        giver.fail(io::Error::from_raw_os_error(errno));
    }
    // EMFILE, ENFILE, ENOBUFS, ENOMEM: the server rests instead of spinning.
    for errno in [24, 23, 105, 12] {
        giver.fail(io::Error::from_raw_os_error(errno));
    }
    let begun = Instant::now();
    let (_client, accepted) = tokio::join!(good(&giver), server.accept());
    let _stream = accepted.unwrap().unwrap();
    let rested = begun.elapsed();
    assert!(
        rested >= Duration::from_millis(400),
        "a pause for each: {rested:?}"
    );
    assert!(rested < Duration::from_secs(5), "{rested:?}");
    giver.fail(io::Error::from_raw_os_error(22));
    let died = server.accept().await.unwrap_err();
    assert_eq!(died.raw_os_error(), Some(22));
}

#[test]
fn errors_of_accept_are_told_apart() {
    // Linux numbers: what accept(2) says to try again, then what it does not.
    for errno in [
        4, 11, 12, 23, 24, 64, 71, 92, 95, 100, 101, 103, 104, 105, 111, 112, 113,
    ] {
        assert!(
            is_transient(&io::Error::from_raw_os_error(errno)),
            "{errno}"
        );
    }
    for errno in [9, 14, 22, 88] {
        assert!(
            !is_transient(&io::Error::from_raw_os_error(errno)),
            "{errno}"
        );
    }
}

/// A mistake in a limit is told when the acceptor is put together.
#[test]
fn limits_of_zero_are_told_at_once() {
    let zero = Duration::ZERO;
    let rows = [
        builder().hello_timeout(zero),
        builder().handshake_timeout(zero),
        builder().hook_timeout(zero),
        builder().max_pending(0),
        builder().max_handshakes(0),
        builder().max_connections(0),
    ];
    for row in rows {
        assert_eq!(row.build().unwrap_err().code(), "zero_limit");
    }
}
