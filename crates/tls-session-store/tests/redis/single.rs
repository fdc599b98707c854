//! One server.

use std::time::Duration;

use tls_session_store::{RedisStore, SessionStore};
use tls_testing::peer::Redis;

const TTL: Duration = Duration::from_secs(300);

#[tokio::test]
async fn what_one_store_puts_another_takes_once() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let url = format!("redis://{}", redis.address);
    let one = RedisStore::open(&url).unwrap();
    let other = RedisStore::open(&url).unwrap();
    assert_eq!(one.state().name(), "unused");
    one.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    assert_eq!(other.get(b"id").await.unwrap().unwrap(), b"value");
    assert_eq!(other.take(b"id").await.unwrap().unwrap(), b"value");
    assert_eq!(one.take(b"id").await.unwrap(), None);
    assert!(one.put_new(b"new", b"1".to_vec(), TTL).await.unwrap());
    assert!(!other.put_new(b"new", b"2".to_vec(), TTL).await.unwrap());
    assert_eq!(one.state().name(), "up");
    assert!(one.undisturbed_for().is_some());
}

#[tokio::test]
async fn a_unix_socket_serves_as_well() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let socket = redis.directory().join("redis.sock");
    let store = RedisStore::open(&format!("unix:{}?db=3", socket.display())).unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    assert_eq!(store.take(b"id").await.unwrap().unwrap(), b"value");
}
