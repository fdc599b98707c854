//! One suite for every store. A backend of your own can be run through it too: copy this file.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use directory_store::DirectoryStore;
use tls_session_store::{Clock, DynSessionStore, MemoryStore, NoStore, SessionStore};

#[path = "../examples/directory_store.rs"]
#[allow(dead_code, reason = "the example's main")]
mod directory_store;

const TTL: Duration = Duration::from_secs(300);

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Moves a store's time on.
type Wait = Box<dyn Fn(Duration)>;

/// What every store that keeps sessions does.
async fn keeps_the_contract(store: impl SessionStore + Clone, wait: Wait) {
    puts_and_gets(&store).await;
    puts_new_once(&store, &wait).await;
    takes_once(&store).await;
    expires(&store, &wait).await;
    removes(&store).await;
    refuses_odd_ids(&store).await;
    takes_once_among_many(store).await;
}

async fn puts_and_gets(store: &impl SessionStore) {
    assert_eq!(
        store.get(b"none").await.unwrap(),
        None,
        "a miss is no error"
    );
    store.put(b"a", b"first".to_vec(), TTL).await.unwrap();
    store.put(b"b", Vec::new(), TTL).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.get(b"a").await.unwrap().unwrap(), b"first");
    }
    assert_eq!(
        store.get(b"b").await.unwrap().unwrap(),
        b"",
        "empty is a value"
    );
    store.put(b"a", b"second".to_vec(), TTL).await.unwrap();
    assert_eq!(
        store.get(b"a").await.unwrap().unwrap(),
        b"second",
        "replaced"
    );
}

async fn puts_new_once(store: &impl SessionStore, wait: &Wait) {
    let second = Duration::from_secs(1);
    let put = |value: &[u8], ttl| store.put_new(b"new", value.to_vec(), ttl);
    assert!(put(b"never", Duration::ZERO).await.unwrap());
    assert!(put(b"first", second).await.unwrap());
    assert!(!put(b"second", TTL).await.unwrap());
    assert!(!put(b"never", Duration::ZERO).await.unwrap());
    assert_eq!(store.get(b"new").await.unwrap().unwrap(), b"first");
    wait(second);
    assert!(
        put(b"third", TTL).await.unwrap(),
        "expired is as if never there"
    );
    assert_eq!(store.take(b"new").await.unwrap().unwrap(), b"third");
    assert!(put(b"fourth", TTL).await.unwrap());
    store.put(b"new", b"fifth".to_vec(), TTL).await.unwrap();
    assert_eq!(store.get(b"new").await.unwrap().unwrap(), b"fifth");
}

async fn takes_once(store: &impl SessionStore) {
    store.put(b"once", b"value".to_vec(), TTL).await.unwrap();
    assert_eq!(store.take(b"once").await.unwrap().unwrap(), b"value");
    assert_eq!(store.take(b"once").await.unwrap(), None);
    assert_eq!(store.get(b"once").await.unwrap(), None);
}

async fn expires(store: &impl SessionStore, wait: &Wait) {
    let second = Duration::from_secs(1);
    store
        .put(b"short", b"x".to_vec(), 2 * second)
        .await
        .unwrap();
    store
        .put(b"shorter", b"x".to_vec(), 2 * second)
        .await
        .unwrap();
    store.put(b"long", b"x".to_vec(), TTL).await.unwrap();
    store
        .put(b"never", b"x".to_vec(), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(store.get(b"never").await.unwrap(), None);
    wait(second);
    assert!(store.get(b"short").await.unwrap().is_some());
    wait(second);
    assert_eq!(store.get(b"short").await.unwrap(), None);
    assert_eq!(store.take(b"shorter").await.unwrap(), None);
    assert!(store.take(b"long").await.unwrap().is_some());
    store.put(b"short", b"again".to_vec(), TTL).await.unwrap();
    assert_eq!(store.take(b"short").await.unwrap().unwrap(), b"again");
}

async fn removes(store: &impl SessionStore) {
    store.put(b"gone", b"x".to_vec(), TTL).await.unwrap();
    store.remove(b"gone").await.unwrap();
    assert_eq!(store.get(b"gone").await.unwrap(), None);
    store.remove(b"gone").await.unwrap();
}

async fn refuses_odd_ids(store: &impl SessionStore) {
    for id in [&[][..], &[7; 33], &[7; 1000]] {
        let error = store.put(id, b"x".to_vec(), TTL).await.unwrap_err();
        assert_eq!(error.code(), "session_id_length");
        let error = store.put_new(id, b"x".to_vec(), TTL).await.unwrap_err();
        assert_eq!(error.code(), "session_id_length");
        store.remove(id).await.unwrap();
        assert_eq!(
            store.get(id).await.unwrap(),
            None,
            "a stranger's id is a miss"
        );
        assert_eq!(store.take(id).await.unwrap(), None);
    }
}

async fn takes_once_among_many(store: impl SessionStore + Clone) {
    let taken = AtomicU64::new(0);
    for round in 0..50u8 {
        store.put(&[round], vec![round], TTL).await.unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..50u8 {
                    if run(store.take(&[round])).unwrap().is_some() {
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), 50);
}

fn settable_clock() -> (Clock, Wait) {
    let hand = Arc::new(AtomicU64::new(0));
    let seconds = hand.clone();
    let clock = Clock::from_fn(move || Duration::from_secs(seconds.load(Ordering::Relaxed)));
    let wait = move |time: Duration| {
        hand.fetch_add(time.as_secs(), Ordering::Relaxed);
    };
    (clock, Box::new(wait))
}

fn memory_store() -> (MemoryStore, Wait) {
    let (clock, wait) = settable_clock();
    (MemoryStore::with_clock(1_000, 1 << 20, clock), wait)
}

#[test]
fn the_memory_store_keeps_the_contract() {
    let (store, wait) = memory_store();
    run(keeps_the_contract(store, wait));
}

#[test]
fn a_store_behind_dyn_keeps_the_contract() {
    let (store, wait) = memory_store();
    let store: Arc<dyn DynSessionStore> = Arc::new(store);
    run(keeps_the_contract(store, wait));
}

#[test]
fn a_shared_store_keeps_the_contract() {
    let (store, wait) = memory_store();
    run(keeps_the_contract(Arc::new(store), wait));
}

#[test]
fn the_store_of_the_example_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let (clock, wait) = settable_clock();
    let store = DirectoryStore {
        directory: directory.path().to_owned(),
        clock,
    };
    run(keeps_the_contract(store, wait));
}

/// The null store differs in one thing: it forgets at once. It never fails.
#[test]
fn no_store_takes_everything_and_keeps_nothing() {
    run(async {
        NoStore.put(b"a", b"x".to_vec(), TTL).await.unwrap();
        assert_eq!(NoStore.get(b"a").await.unwrap(), None);
        assert_eq!(NoStore.take(b"a").await.unwrap(), None);
        NoStore.remove(b"a").await.unwrap();
    });
}

#[cfg(feature = "redis")]
mod redis {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixStream;
    use std::path::PathBuf;

    use tls_session_store::RedisStore;
    use tls_testing::peer::{Redis, RedisCluster};

    use super::*;

    fn started<T>(start: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap().block_on(start)
    }

    /// Time passes for Redis when what is left of its keys' lifetimes gets less.
    const AGE: &str = "EVAL \"for _, key in ipairs(redis.call('KEYS', '*')) do \
        redis.call('PEXPIRE', key, redis.call('PTTL', key) - ARGV[1]) end return 'aged'\" 0";

    fn wait(sockets: Vec<PathBuf>) -> Wait {
        Box::new(move |time| {
            for socket in &sockets {
                let mut stream = UnixStream::connect(socket).unwrap();
                writeln!(stream, "{AGE} {}\r", time.as_millis()).unwrap();
                let mut answer = String::new();
                BufReader::new(stream).read_line(&mut answer).unwrap();
                assert_eq!(answer.trim(), "$4");
            }
        })
    }

    #[test]
    fn the_redis_store_keeps_the_contract() {
        let Some(redis) = started(Redis::require()) else {
            return;
        };
        let store = RedisStore::open(&format!("redis://{}", redis.address)).unwrap();
        let socket = redis.directory().join("redis.sock");
        run(keeps_the_contract(store, wait(vec![socket])));
    }

    #[test]
    fn the_redis_store_keeps_the_contract_in_a_cluster() {
        let Some(cluster) = started(RedisCluster::require()) else {
            return;
        };
        let url = format!("redis-cluster://{}", cluster.hosts());
        let store = RedisStore::open(&url).unwrap();
        let sockets = cluster
            .nodes
            .iter()
            .map(|node| node.directory().join("redis.sock"));
        let sockets = sockets.collect();
        run(keeps_the_contract(store, wait(sockets)));
    }
}
