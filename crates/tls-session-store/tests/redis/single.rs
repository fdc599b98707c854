//! One server, reached in each way.

use std::time::Duration;

use rustls::RootCertStore;
use tls_session_store::{RedisOptions, RedisStore, SessionStore};
use tls_testing::{Pki, peer::Redis};

use crate::patience::{TTL, code, eager, until};

#[tokio::test]
async fn what_one_store_puts_another_takes_once() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let url = format!("redis://{}", redis.address);
    let one = RedisStore::open(&url).unwrap();
    let other = RedisStore::open(&url).unwrap();
    assert_eq!(one.state().name(), "unused");
    assert_eq!(one.undisturbed_for(), None);
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
async fn keys_have_the_prefix_and_a_lifetime_in_the_database_asked_for() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let store = eager(&format!("redis://{}/3", redis.address))
        .prefix("shop:")
        .open()
        .unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    assert_eq!(redis.ask_all(&["SELECT 3", "GET shop:id"]).await, "value");
    let left = redis.ask_all(&["SELECT 3", "PTTL shop:id"]).await;
    let left: u128 = left.parse().unwrap();
    assert!(left > 0 && left <= TTL.as_millis());
    let instead = eager(&format!("redis://{}/3", redis.address)).database(4);
    let instead = instead.prefix("shop:").open().unwrap();
    assert_eq!(instead.get(b"id").await.unwrap(), None);
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

fn tls_store(redis: &Redis, roots: RootCertStore) -> RedisOptions {
    eager(&format!("rediss://localhost:{}", redis.address.port())).tls_roots(roots)
}

#[tokio::test]
async fn over_tls_the_server_is_who_it_should_be() {
    let directory = tempfile::tempdir().unwrap();
    let pki = Pki::shared();
    let Some(redis) = Redis::require_tls(&pki.write_to(directory.path())).await else {
        return;
    };
    let store = tls_store(&redis, pki.roots()).open().unwrap();
    store.put(b"id", b"value".to_vec(), TTL).await.unwrap();
    assert_eq!(store.take(b"id").await.unwrap().unwrap(), b"value");

    let mut others = RootCertStore::empty();
    others.add(pki.other_root.certificate().clone()).unwrap();
    let distrustful = tls_store(&redis, others).open().unwrap();
    assert_eq!(code(distrustful.get(b"id").await), "redis_tls");

    let named = |name: &str| {
        let name = name.to_owned().try_into().unwrap();
        tls_store(&redis, pki.roots())
            .tls_server_name(name)
            .open()
            .unwrap()
    };
    assert_eq!(named("example.test").get(b"id").await.unwrap(), None);
    assert_eq!(code(named("elsewhere.test").get(b"id").await), "redis_tls");
}

#[tokio::test]
async fn a_config_of_ones_own_decides_about_tls() {
    let directory = tempfile::tempdir().unwrap();
    let pki = Pki::shared();
    let Some(redis) = Redis::require_tls(&pki.write_to(directory.path())).await else {
        return;
    };
    let config = tls_testing::plain_rustls::client(&rustls::version::TLS13).into();
    let url = format!("rediss://localhost:{}", redis.address.port());
    let store = eager(&url).tls_config(config).open().unwrap();
    assert_eq!(store.get(b"id").await.unwrap(), None);
}

#[test]
fn tls_options_want_a_url_with_tls_and_a_cluster_has_one_database() {
    let options = RedisOptions::from_url("redis://localhost").unwrap();
    let error = options.tls_roots(RootCertStore::empty()).open();
    assert_eq!(error.unwrap_err().code(), "store_url");
    let options = RedisOptions::from_url("redis-cluster://localhost").unwrap();
    assert_eq!(options.database(1).open().unwrap_err().code(), "store_url");
}

/// The commands that the documentation lists are enough, and no more is allowed.
#[tokio::test]
async fn a_user_with_few_permissions_is_enough() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let user = "ACL SETUSER sessions on >p@ss/word ~shop:* +get +set +getdel +del +exists +ping";
    assert_eq!(redis.ask(user).await, "OK");
    let url = format!("redis://{}", redis.address);
    let store = |prefix: &str| {
        let options = eager(&url).user("sessions").password("p@ss/word");
        options.prefix(prefix).open().unwrap()
    };
    let own = store("shop:");
    own.put(b"id", b"1".to_vec(), TTL).await.unwrap();
    own.put_new(b"id", b"2".to_vec(), TTL).await.unwrap();
    assert_eq!(own.get(b"id").await.unwrap().unwrap(), b"1");
    assert_eq!(own.take(b"id").await.unwrap().unwrap(), b"1");
    own.remove(b"id").await.unwrap();
    assert!(
        own.put_new(b"id", b"2".to_vec(), Duration::ZERO)
            .await
            .unwrap()
    );
    assert_eq!(own.state().name(), "up");
    let others = store("bank:");
    assert_eq!(code(others.get(b"id").await), "redis_no_permission");
    until(&others, "impaired", "redis_no_permission").await;

    let in_url = format!("redis://sessions:p%40ss%2Fword@{}", redis.address);
    let in_url = eager(&in_url).prefix("shop:").open().unwrap();
    assert_eq!(in_url.get(b"id").await.unwrap(), None);
    assert!(!format!("{in_url:?} {:?}", eager(&url).password("p@ss")).contains("p@ss"));
}

/// A store belongs to no runtime: neither to that in which it was opened nor to that of a call.
#[test]
fn a_store_outlives_runtimes_and_needs_none() {
    let everything = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let runtime = everything();
    let Some(redis) = runtime.block_on(Redis::require()) else {
        return;
    };
    let store = RedisStore::open(&format!("redis://{}", redis.address)).unwrap();
    let first = everything();
    first
        .block_on(store.put(b"id", b"value".to_vec(), TTL))
        .unwrap();
    // It stands still from here on, and is gone afterwards.
    let bare = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let got = bare.block_on(store.get(b"id")).unwrap();
    assert_eq!(got.unwrap(), b"value");
    drop(first);
    let several = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let calls: Vec<_> = (0..20u8)
        .map(|id| {
            let store = store.clone();
            several.spawn(async move { store.put_new(&[id], vec![id], TTL).await.unwrap() })
        })
        .collect();
    for call in calls {
        assert!(several.block_on(call).unwrap());
    }
    // The last clone may go inside a runtime.
    runtime.block_on(async move { drop(store) });
}
