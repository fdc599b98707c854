//! Redis is well, but does not do it: full, read-only, or closed to us.

use tls_session_store::SessionStore;
use tls_testing::peer::Redis;

use crate::patience::{TTL, Told, code, eager, until};

#[tokio::test]
async fn full_it_still_gives_what_it_has() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let store = eager(&format!("redis://{}", redis.address)).open().unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    assert_eq!(redis.ask("CONFIG SET maxmemory 1").await, "OK");
    for _ in 0..3 {
        let answer = store.put(b"more", b"value".to_vec(), TTL).await;
        assert_eq!(code(answer), "store_full");
    }
    until(&store, "impaired", "redis_full").await;
    assert_eq!(store.take(b"id").await.unwrap().unwrap(), b"value");
    assert_eq!(redis.ask("CONFIG SET maxmemory 0").await, "OK");
    store.put(b"more", b"value".to_vec(), TTL).await.unwrap();
}

#[tokio::test]
async fn a_replica_gives_but_does_not_take_until_it_is_a_primary() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let replica = redis.replica().await;
    let store = eager(&format!("redis://{}", replica.address))
        .open()
        .unwrap();
    assert_eq!(store.get(b"id").await.unwrap(), None);
    let before = std::time::Instant::now();
    for _ in 0..3 {
        let answer = store.put(b"id", b"value".to_vec(), TTL).await;
        assert_eq!(code(answer), "store_read_only");
    }
    assert_eq!(code(store.take(b"id").await), "store_read_only");
    until(&store, "impaired", "redis_read_only").await;
    assert!(store.undisturbed_for().unwrap() < before.elapsed());
    assert_eq!(replica.ask("REPLICAOF NO ONE").await, "OK");
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_told_once_and_tried_again() {
    let Some(redis) = Redis::require_with(&["--requirepass", "right"]).await else {
        return;
    };
    let url = format!("redis://{}", redis.address);
    let told = Told::default();
    let wrong = told.listen(eager(&url).password("wrong")).open().unwrap();
    let none = eager(&url).open().unwrap();
    assert_eq!(code(wrong.get(b"id").await), "redis_auth");
    assert_eq!(code(none.get(b"id").await), "redis_auth");
    let text = format!("{:?} {wrong:?}", wrong.get(b"id").await.unwrap_err());
    assert!(!text.contains("wrong"), "{text}");
    // Redis counts the attempts: several were made, and nothing more was told.
    let attempts = |log: &str| {
        let mut lines = log.lines().skip_while(|line| *line != "count").skip(1);
        lines
            .next()
            .map_or(0, |count| count.parse::<u32>().unwrap())
    };
    while attempts(&redis.ask_all(&["AUTH right", "ACL LOG"]).await) < 5 {}
    assert_eq!(told.lines(), ["connecting", "down redis_auth"]);
    let change = ["AUTH right", "CONFIG SET requirepass wrong"];
    assert_eq!(redis.ask_all(&change).await, "OK");
    until(&wrong, "up", "").await;
    assert_eq!(wrong.get(b"id").await.unwrap(), None);
}

/// As when a password is changed on the server first.
#[tokio::test]
async fn a_password_that_is_asked_for_later_ends_the_connection() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let user = |password: &str| format!("ACL SETUSER sessions reset on >{password} ~* +@all");
    assert_eq!(redis.ask(&user("old")).await, "OK");
    let url = format!("redis://{}", redis.address);
    let store = eager(&url).user("sessions").password("old").open().unwrap();
    assert_eq!(store.get(b"id").await.unwrap(), None);
    assert_eq!(redis.ask("ACL DELUSER sessions").await, "1");
    until(&store, "down", "redis_auth").await;
    assert_eq!(redis.ask(&user("old")).await, "OK");
    until(&store, "up", "").await;
}
