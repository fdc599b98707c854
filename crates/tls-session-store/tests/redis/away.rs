//! Redis is slow, down, killed, or back with nothing.

use std::time::Duration;

use tls_session_store::SessionStore;
use tls_testing::peer::Redis;

use crate::patience::{LONG, SHORT, TTL, Told, at_once, code, eager, until};

#[tokio::test]
async fn slow_a_call_ends_at_its_limit_and_the_next_ones_at_once() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let told = Told::default();
    let options = eager(&format!("redis://{}", redis.address)).time_limit(SHORT);
    let store = told.listen(options).open().unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    redis.pause();
    assert_eq!(code(store.get(b"id").await), "store_late");
    until(&store, "down", "redis_late").await;
    for _ in 0..100 {
        let answer = at_once(store.get(b"id")).expect("it waits for what is known to be down");
        assert_eq!(code(answer), "store_late");
    }
    assert_eq!(store.undisturbed_for(), None);
    redis.resume();
    until(&store, "up", "").await;
    assert_eq!(store.get(b"id").await.unwrap().unwrap(), b"value");
    assert_eq!(told.lines(), ["connecting", "up", "down redis_late", "up"]);
}

#[tokio::test]
async fn down_at_the_start_calls_fail_at_once_until_it_is_there() {
    let Some(mut redis) = Redis::require().await else {
        return;
    };
    redis.kill();
    let store = eager(&format!("redis://{}", redis.address)).open().unwrap();
    store.connect();
    until(&store, "down", "redis_refused").await;
    let answer = at_once(store.take(b"id")).expect("it waits");
    assert_eq!(code(answer), "redis_refused");
    redis.restart().await;
    until(&store, "up", "").await;
    assert_eq!(store.take(b"id").await.unwrap(), None);
}

#[tokio::test]
async fn the_first_calls_wait_for_the_first_connection() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let store = eager(&format!("redis://{}", redis.address)).open().unwrap();
    redis.pause();
    let calls = (0..10u8).map(|id| {
        let store = store.clone();
        tokio::spawn(async move { store.put_new(&[id], vec![id], TTL).await })
    });
    let calls: Vec<_> = calls.collect();
    until(&store, "connecting", "").await;
    redis.resume();
    for call in calls {
        assert!(call.await.unwrap().unwrap());
    }
}

#[tokio::test]
async fn killed_in_the_middle_of_a_call_the_call_ends() {
    let Some(mut redis) = Redis::require().await else {
        return;
    };
    let store = eager(&format!("redis://{}", redis.address)).open().unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    redis.pause();
    let call = {
        let store = store.clone();
        tokio::spawn(async move { store.take(b"id").await })
    };
    tokio::task::yield_now().await;
    redis.kill();
    let answer = tokio::time::timeout(LONG / 2, call).await.unwrap().unwrap();
    assert!(["redis_lost", "redis_refused"].contains(&code(answer)));
    until(&store, "down", "redis_refused").await;
    redis.restart().await;
    until(&store, "up", "").await;
    assert_eq!(store.take(b"id").await.unwrap(), None);
}

#[tokio::test]
async fn restarted_empty_it_is_noticed_and_what_was_taken_counts_anew() {
    let Some(mut redis) = Redis::require().await else {
        return;
    };
    let told = Told::default();
    let options = eager(&format!("redis://{}", redis.address));
    let store = told.listen(options).open().unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    let before = std::time::Instant::now();
    assert!(store.undisturbed_for().is_some());
    redis.kill();
    // Nobody calls: the end of the connection is seen all the same.
    until(&store, "down", "redis_refused").await;
    redis.restart().await;
    until(&store, "up", "").await;
    assert!(store.undisturbed_for().unwrap() < before.elapsed());
    assert_eq!(store.get(b"id").await.unwrap(), None);
    store.put(b"id", b"again".to_vec(), TTL).await.unwrap();
    let lines = told.lines();
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| *line != "down redis_lost")
        .collect();
    assert_eq!(lines, ["connecting", "up", "down redis_refused", "up"]);
}

#[tokio::test]
async fn limits_may_be_as_long_or_short_as_one_likes() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let url = format!("redis://{}", redis.address);
    let ever = Duration::MAX;
    let patient = eager(&url).time_limit(ever).reconnect(ever, ever);
    let patient = patient.max_calls(usize::MAX).open().unwrap();
    patient.put(b"id", b"value".to_vec(), ever).await.unwrap();
    assert_eq!(patient.get(b"id").await.unwrap().unwrap(), b"value");
    let never = Duration::ZERO;
    let hasty = eager(&url).time_limit(never).reconnect(never, never);
    let hasty = hasty.max_calls(0).open().unwrap();
    // A clock ticks once a millisecond, and that can be enough.
    if let Err(error) = hasty.get(b"id").await {
        assert_eq!(error.code(), "store_late");
    }
}

#[tokio::test]
async fn no_more_calls_wait_than_may() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let options = eager(&format!("redis://{}", redis.address)).max_calls(2);
    let store = options.open().unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    redis.pause();
    assert!(at_once(store.get(b"id")).is_none());
    assert!(at_once(store.get(b"id")).is_none());
    let answer = at_once(store.get(b"id")).expect("it waits");
    assert_eq!(code(answer), "redis_busy");
    redis.resume();
    let free = async { while store.get(b"id").await.is_err() {} };
    tokio::time::timeout(LONG, free).await.unwrap();
}
