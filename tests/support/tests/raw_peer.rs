//! The raw peer sends what it is given and tells how the other side ended.

use std::{io, time::Duration};

use tls_testing::{RawListener, RawPeer, Received, raw_peer::Ended, transport};

async fn connected() -> (RawPeer, RawPeer) {
    let listener = RawListener::bind().await;
    tokio::join!(RawPeer::connect(listener.address()), listener.accept())
}

#[tokio::test]
async fn bytes_arrive_and_an_orderly_end_is_eof() {
    let (mut client, mut server) = connected().await;
    assert!(client.send(b"hello").await);
    assert_eq!(server.read_exact(5).await, b"hello");
    client.close_write().await;
    let received = server.exchange(b"bye").await;
    assert_eq!(
        received,
        Received {
            bytes: Vec::new(),
            ended: Ended::Eof
        }
    );
    drop(server);
    assert_eq!(client.read_to_end().await.bytes, b"bye");
}

#[tokio::test]
async fn a_reset_is_told_from_an_end() {
    let (client, mut server) = connected().await;
    client.reset();
    let ended = server.read_to_end().await.ended;
    assert_eq!(ended, Ended::Error(io::ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let (_client, server) = connected().await;
    let mut server = server.with_deadline(Duration::from_millis(1));
    assert_eq!(server.read_to_end().await.ended, Ended::StillOpen);
}

#[tokio::test]
async fn records_and_alerts_are_read_out() {
    let (near, far) = transport::pair();
    let (mut near, mut far) = (RawPeer::over(near), RawPeer::over(far));
    near.send(&[22, 3, 3, 0, 1, 9, 21, 3, 3, 0, 2, 2, 40, 23, 3])
        .await;
    assert_eq!(far.read_record().await, Some((22, vec![9])));
    near.close_write().await;
    let received = far.read_to_end().await;
    assert_eq!(received.alert(), Some((2, 40)));
    assert_eq!(received.records(), [(21, vec![2, 40])]);
}
