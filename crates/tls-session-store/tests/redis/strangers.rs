//! What listens there is not Redis, or no longer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tls_session_store::SessionStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::patience::{LONG, SHORT, Told, code, eager, until};

/// A server that answers the n-th bytes that come in with the n-th of `answers`, and hangs up after the
/// last of them. Counts its connections.
async fn stranger(answers: &'static [&'static [u8]]) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut asked = [0; 1024];
                for answer in answers {
                    if !matches!(tcp.read(&mut asked).await, Ok(1..)) {
                        return;
                    }
                    tcp.write_all(answer).await.unwrap();
                }
                // Until the other side has had enough of it.
                let _ = tcp.shutdown().await;
                while let Ok(1..) = tcp.read(&mut asked).await {}
            });
        }
    });
    (address, connections)
}

#[tokio::test]
async fn whoever_answers_junk_is_told_once_and_called_again_and_again() {
    for (answer, fault) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "redis_protocol"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "redis_protocol"),
        (b"+OK\r\n", "redis_protocol"),
        (b"*2\r\n:1\r\n:2\r\n", "redis_protocol"),
        (b"$7\r\ncut of", "redis_protocol"),
        (b"", "redis_lost"),
        (
            b"-LOADING Redis is loading the dataset in memory\r\n",
            "redis_loading",
        ),
        (b"-NOAUTH Authentication required.\r\n", "redis_auth"),
        (b"-ERR max number of clients reached\r\n", "redis_refusal"),
    ] {
        let answers: &'static [&'static [u8]] = Box::leak(Box::new([answer]));
        let (address, connections) = stranger(answers).await;
        let told = Told::default();
        let options = eager(&format!("redis://{address}"));
        let store = told.listen(options).open().unwrap();
        assert_eq!(code(store.get(b"id").await), fault, "{answer:?}");
        let called_again = async {
            while connections.load(Ordering::Relaxed) < 4 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, called_again).await.unwrap();
        let expected = ["connecting".to_owned(), format!("down {fault}")];
        assert_eq!(told.lines(), expected, "{answer:?}");
    }
}

#[tokio::test]
async fn junk_in_place_of_an_answer_ends_the_call_and_the_connection() {
    for (answer, fault) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "redis_protocol"),
        (b"*1\r\n*1\r\n:5\r\n", "redis_protocol"),
        (b"-NOAUTH Authentication required.\r\n", "redis_auth"),
        (b"-WEIRD \x1b[31mred\r\n", "redis_refusal"),
    ] {
        let answers: &'static [&'static [u8]] = Box::leak(Box::new([b"+PONG\r\n", answer]));
        let (address, _) = stranger(answers).await;
        let store = eager(&format!("redis://{address}")).open().unwrap();
        let error = store.get(b"id").await.unwrap_err();
        assert!(!format!("{error:?}").contains('\x1b'));
        assert_eq!(code::<()>(Err(error)), fault, "{answer:?}");
    }
}

#[tokio::test]
async fn values_that_nobody_would_have_put_are_misses() {
    let mut long = format!("${}\r\n", 400_000).into_bytes();
    long.resize(long.len() + 400_000, b'x');
    long.extend(b"\r\n");
    let long: &'static [u8] = Box::leak(long.into_boxed_slice());
    let answers: &'static [&'static [u8]] = Box::leak(Box::new([b"+PONG\r\n", long]));
    let (address, _) = stranger(answers).await;
    let store = eager(&format!("redis://{address}")).open().unwrap();
    assert_eq!(store.get(b"id").await.unwrap(), None);
}

#[tokio::test]
async fn a_server_that_takes_the_connection_and_says_nothing_costs_one_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let store = eager(&url).time_limit(SHORT).open().unwrap();
    assert_eq!(code(store.get(b"id").await), "store_late");
    until(&store, "down", "redis_late").await;
}

#[tokio::test]
async fn a_name_that_nobody_has_is_said_to_be_unreachable() {
    let store = eager("redis://nobody.invalid").open().unwrap();
    assert_eq!(code(store.get(b"id").await), "redis_unreachable");
    let store = eager("unix:/nowhere/redis.sock").open().unwrap();
    assert_eq!(code(store.get(b"id").await), "redis_refused");
}
