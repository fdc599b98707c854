//! The primary that sentinels name, before and after its end.

use tls_session_store::SessionStore;
use tls_testing::peer::RedisSentinel;

use crate::patience::{SHORT, TTL, code, eager, until};

#[tokio::test]
async fn after_a_failover_the_new_primary_is_asked() {
    let Some(mut redis) = RedisSentinel::require().await else {
        return;
    };
    let user = "ACL SETUSER sessions on >pw ~tls:* +get +set +getdel +del +exists +ping +role";
    for server in [&redis.primary, &redis.replica] {
        assert_eq!(server.ask(user).await, "OK");
    }
    // One that is away comes first.
    let (sentinel, master) = (redis.address, RedisSentinel::MASTER);
    let url = format!("redis+sentinel://sessions:pw@127.0.0.1:1,{sentinel}/{master}");
    let store = eager(&url).open().unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    assert_eq!(redis.primary.ask("GET tls:id").await, "value");
    redis.replica.wait_until("GET tls:id", "value").await;
    assert_eq!(store.undisturbed_for(), None, "replication is asynchronous");

    redis.primary.kill();
    redis.wait_for_failover().await;
    until(&store, "up", "").await;
    assert_eq!(store.take(b"id").await.unwrap().unwrap(), b"value");
    assert_eq!(redis.replica.ask("EXISTS tls:id").await, "0");
}

/// A primary that hangs is left for the one that takes its place, and not returned to.
#[tokio::test]
async fn a_primary_that_hangs_is_left() {
    let Some(mut redis) = RedisSentinel::require().await else {
        return;
    };
    let url = format!(
        "redis+sentinel://{}/{}",
        redis.address,
        RedisSentinel::MASTER
    );
    let store = eager(&url).time_limit(SHORT).open().unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    redis.replica.wait_until("GET tls:id", "value").await;
    redis.primary.pause();
    assert_eq!(code(store.get(b"id").await), "store_late");
    redis.wait_for_failover().await;
    until(&store, "up", "").await;
    assert_eq!(store.get(b"id").await.unwrap().unwrap(), b"value");
}

#[tokio::test]
async fn a_name_that_no_sentinel_knows_is_said() {
    let Some(redis) = RedisSentinel::require().await else {
        return;
    };
    let store = eager(&format!("redis+sentinel://{}/other", redis.address));
    let store = store.open().unwrap();
    assert_eq!(code(store.get(b"id").await), "redis_no_primary");
    let store = eager("redis+sentinel://127.0.0.1:1/main").open().unwrap();
    assert_eq!(code(store.get(b"id").await), "redis_refused");
}

/// Of its own, beside that of the servers which it watches.
#[tokio::test]
async fn a_sentinel_may_want_a_password() {
    let Some(sentinel) = RedisSentinel::require_with("requirepass open").await else {
        return;
    };
    let url = format!(
        "redis+sentinel://{}/{}",
        sentinel.address,
        RedisSentinel::MASTER
    );
    for password in [None, Some("shut")] {
        let options = eager(&url);
        let options = match password {
            Some(password) => options.sentinel_password(password),
            None => options,
        };
        let store = options.open().unwrap();
        assert_eq!(code(store.get(b"id").await), "redis_auth", "{password:?}");
    }
    for user in [None, Some("default")] {
        let options = eager(&url).sentinel_password("open");
        let options = match user {
            Some(user) => options.sentinel_user(user),
            None => options,
        };
        let store = options.open().unwrap();
        assert_eq!(store.get(b"id").await.unwrap(), None);
    }
}
