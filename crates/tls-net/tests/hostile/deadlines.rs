//! Deadlines after the handshake, on tokio's paused clock.

use std::io;
use std::time::Duration;

use tls_net::{StreamTimeout, TlsAcceptor, TlsConnector, TlsStream};
use tls_wire::ProtocolVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep};

use super::ends::{VERSIONS, name};
use super::support::{client, server};

const LIMIT: Duration = Duration::from_secs(30);

async fn pair(
    version: ProtocolVersion,
    acceptor: &TlsAcceptor,
) -> (TlsStream<DuplexStream>, TlsStream<DuplexStream>) {
    let (near, far) = tokio::io::duplex(16 * 1024);
    let connector = TlsConnector::from(client(version).build().unwrap());
    let (client, server) = tokio::join!(
        connector.connect(name("localhost"), near),
        acceptor.accept(far)
    );
    (client.unwrap(), server.unwrap())
}

fn timeout(error: &io::Error) -> StreamTimeout {
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    *error.get_ref().unwrap().downcast_ref().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_meets_the_idle_timeout_and_a_slow_one_does_not() {
    let acceptor = TlsAcceptor::builder(server().build().unwrap()).idle_timeout(LIMIT);
    let acceptor = acceptor.build().unwrap();
    for version in VERSIONS {
        let (mut client, mut server) = pair(version, &acceptor).await;
        // A byte just in time, three times; then none.
        let client = tokio::spawn(async move {
            for _ in 0..3 {
                sleep(LIMIT - Duration::from_secs(1)).await;
                client.write_all(b"x").await.unwrap();
                client.flush().await.unwrap();
            }
            client
        });
        let mut byte = [0];
        for _ in 0..3 {
            server.read_exact(&mut byte).await.unwrap();
        }
        let silent = Instant::now();
        let error = server.read(&mut byte).await.unwrap_err();
        assert_eq!(timeout(&error), StreamTimeout::Idle(LIMIT));
        assert_eq!(silent.elapsed().as_secs(), LIMIT.as_secs());
        // It does not come back to life by being asked again.
        assert!(server.read(&mut byte).await.is_err());
        drop(client.await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_keeps_a_connection_from_being_idle() {
    let acceptor = TlsAcceptor::from(server().build().unwrap());
    let (mut client, mut server) = pair(ProtocolVersion::Tls13, &acceptor).await;
    server.set_idle_timeout(Some(LIMIT));
    let reads = tokio::spawn(async move { client.read_to_end(&mut Vec::new()).await });
    let (mut read, mut write) = tokio::io::split(server);
    let begun = Instant::now();
    let writes = tokio::spawn(async move {
        for _ in 0..4 {
            sleep(LIMIT / 2).await;
            write.write_all(b"still here").await.unwrap();
            write.flush().await.unwrap();
        }
        write
    });
    let error = read.read(&mut [0]).await.unwrap_err();
    assert_eq!(timeout(&error), StreamTimeout::Idle(LIMIT));
    assert_eq!(begun.elapsed().as_secs(), 3 * LIMIT.as_secs());
    drop((read, writes.await.unwrap()));
    assert!(reads.await.unwrap().is_err(), "cut without close_notify");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_meets_the_write_timeout() {
    let acceptor = TlsAcceptor::builder(server().build().unwrap()).write_timeout(LIMIT);
    let acceptor = acceptor.build().unwrap();
    for version in VERSIONS {
        let (client, mut server) = pair(version, &acceptor).await;
        let begun = Instant::now();
        let error = server.write_all(&vec![0; 1 << 20]).await.unwrap_err();
        assert_eq!(timeout(&error), StreamTimeout::Write(LIMIT));
        assert_eq!(begun.elapsed().as_secs(), LIMIT.as_secs());
        drop(client);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_only_reads_learns_of_a_write_that_stalls() {
    let acceptor = TlsAcceptor::from(server().build().unwrap());
    let (client, mut server) = pair(ProtocolVersion::Tls13, &acceptor).await;
    server.set_write_timeout(Some(LIMIT));
    server.write_all(b"with the tickets").await.unwrap();
    // Accepted into the stream's own buffer, as far as the transport is concerned not sent.
    let accepted = server.write(&vec![0; 64 * 1024]).await.unwrap();
    assert!(accepted > 16 * 1024);
    let error = server.read(&mut [0]).await.unwrap_err();
    assert_eq!(timeout(&error), StreamTimeout::Write(LIMIT));
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_a_stalled_one() {
    let acceptor = TlsAcceptor::from(server().build().unwrap());
    let (mut client, mut server) = pair(ProtocolVersion::Tls12, &acceptor).await;
    server.set_write_timeout(Some(LIMIT));
    let reads = tokio::spawn(async move {
        let mut got = 0;
        let mut some = vec![0; 16 * 1024];
        loop {
            sleep(LIMIT / 2).await;
            match client.read(&mut some).await.unwrap() {
                0 => return got,
                read => got += read,
            }
        }
    });
    server.write_all(&vec![0; 200_000]).await.unwrap();
    server.shutdown().await.unwrap();
    assert_eq!(reads.await.unwrap(), 200_000);
}

#[test]
fn a_timeout_of_zero_is_refused() {
    let builder = || TlsAcceptor::builder(server().build().unwrap());
    let zero = Duration::ZERO;
    for acceptor in [builder().idle_timeout(zero), builder().write_timeout(zero)] {
        assert_eq!(acceptor.build().unwrap_err().code(), "zero_limit");
    }
    assert_eq!(StreamTimeout::Idle(LIMIT).code(), "idle_timeout");
    assert_eq!(StreamTimeout::Write(LIMIT).code(), "write_timeout");
}
