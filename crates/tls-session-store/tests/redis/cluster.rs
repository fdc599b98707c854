//! A cluster: each id at its node, while nodes fail and slots move.

use rustls::RootCertStore;
use tls_session_store::{RedisStore, SessionStore};
use tls_testing::{
    Pki,
    peer::{Redis, RedisCluster},
};

use crate::patience::{TTL, Told, at_once, code, eager, until};

/// Enough ids for each node to have several.
const IDS: std::ops::Range<u8> = 0..30;

async fn put_all(store: &RedisStore) {
    for id in IDS {
        store.put(&[id], vec![id], TTL).await.unwrap();
    }
}

#[tokio::test]
async fn each_id_is_found_through_any_node() {
    let Some(cluster) = RedisCluster::require().await else {
        return;
    };
    // A node that is away is no hindrance.
    let url = format!("redis-cluster://127.0.0.1:1,{}", cluster.hosts());
    let one = eager(&url).open().unwrap();
    put_all(&one).await;
    for node in &cluster.nodes {
        assert_ne!(node.ask("DBSIZE").await, "0");
        let other = eager(&format!("redis-cluster://{}", node.address));
        let other = other.open().unwrap();
        for id in IDS {
            assert_eq!(other.get(&[id]).await.unwrap().unwrap(), [id]);
        }
    }
    for id in IDS {
        assert_eq!(one.take(&[id]).await.unwrap().unwrap(), [id]);
        assert_eq!(one.take(&[id]).await.unwrap(), None);
    }
    assert_eq!(one.state().name(), "up");
    assert_eq!(one.undisturbed_for(), None, "replication is asynchronous");
}

/// Whoever takes one for the other is told what to write.
#[tokio::test]
async fn a_node_is_no_single_server_and_a_single_server_no_cluster() {
    let (Some(cluster), Some(redis)) = (RedisCluster::require().await, Redis::require().await)
    else {
        return;
    };
    let node = eager(&format!("redis://{}", cluster.nodes[0].address));
    let node = node.open().unwrap();
    let mut codes = Vec::new();
    for id in IDS {
        if let Err(error) = node.get(&[id]).await {
            codes.push(code::<()>(Err(error)));
        }
    }
    assert!(!codes.is_empty() && codes.iter().all(|code| *code == "redis_cluster_node"));
    until(&node, "impaired", "redis_cluster_node").await;

    let single = eager(&format!("redis-cluster://{}", redis.address));
    let single = single.open().unwrap();
    assert_eq!(code(single.get(b"id").await), "redis_no_cluster");
    until(&single, "down", "redis_no_cluster").await;
}

#[tokio::test]
async fn a_cluster_over_tls_is_who_it_should_be() {
    let directory = tempfile::tempdir().unwrap();
    let pki = Pki::shared();
    let files = pki.write_to(directory.path());
    let Some(cluster) = RedisCluster::require_tls(&files).await else {
        return;
    };
    let options = || eager(&format!("rediss-cluster://{}", cluster.hosts()));
    let store = options().tls_roots(pki.roots()).open().unwrap();
    put_all(&store).await;
    for id in IDS {
        assert_eq!(store.take(&[id]).await.unwrap().unwrap(), [id]);
    }
    let mut others = RootCertStore::empty();
    others.add(pki.other_root.certificate().clone()).unwrap();
    let distrustful = options().tls_roots(others).open().unwrap();
    assert_eq!(code(distrustful.get(&[0]).await), "redis_tls");
}

#[tokio::test]
async fn without_one_node_the_others_serve_and_its_replica_follows() {
    let Some(mut cluster) = RedisCluster::require().await else {
        return;
    };
    let replica = cluster.replica_of(0).await;
    for node in &cluster.nodes {
        let answer = node
            .ask("CONFIG SET cluster-require-full-coverage no")
            .await;
        assert_eq!(answer, "OK");
    }
    let told = Told::default();
    let options = eager(&format!("redis-cluster://{}", cluster.hosts()));
    let store = told.listen(options).open().unwrap();
    put_all(&store).await;
    let size = cluster.nodes[0].ask("DBSIZE").await;
    replica.wait_until("DBSIZE", &size).await;

    // No replica can take over while it is stopped.
    replica.pause();
    cluster.nodes[0].kill();
    until(&store, "impaired", "redis_refused").await;
    let mut refused = 0;
    for id in IDS {
        match at_once(store.get(&[id])) {
            Some(Err(error)) => {
                let fault = code::<()>(Err(error));
                assert!(["redis_refused", "redis_lost"].contains(&fault), "{fault}");
                refused += 1;
            }
            _ => assert_eq!(store.get(&[id]).await.unwrap().unwrap(), [id]),
        }
    }
    assert!(refused > 0 && refused < IDS.len());

    replica.resume();
    until(&store, "up", "").await;
    for id in IDS {
        assert_eq!(store.get(&[id]).await.unwrap().unwrap(), [id]);
    }
    assert!(told.lines().len() < 10, "{:?}", told.lines());
}

#[tokio::test]
async fn all_nodes_away_is_down_and_heals() {
    let Some(mut cluster) = RedisCluster::require().await else {
        return;
    };
    let store = eager(&format!("redis-cluster://{}", cluster.hosts()));
    let store = store.open().unwrap();
    put_all(&store).await;
    for node in &mut cluster.nodes {
        node.kill();
    }
    until(&store, "down", "redis_refused").await;
    for id in IDS {
        let fault = code(at_once(store.get(&[id])).expect("it waits"));
        assert!(["redis_refused", "redis_lost"].contains(&fault), "{fault}");
    }
    for node in &mut cluster.nodes {
        node.restart().await;
    }
    cluster.wait_until_well().await;
    until(&store, "up", "").await;
    put_all(&store).await;
}

async fn set_slot(node: &Redis, what: &str) {
    let answer = node.ask(&format!("CLUSTER SETSLOT {what}")).await;
    assert_eq!(answer, "OK");
}

/// The key of this id is in the slot that the test moves.
const MOVED: &[u8] = b"moved";

#[tokio::test]
async fn a_slot_that_moves_is_followed() {
    let Some(cluster) = RedisCluster::require().await else {
        return;
    };
    // What the documentation says that a user needs is enough for all of this.
    let user = "ACL SETUSER sessions on >pw ~tls:* +get +set +getdel +del +exists +ping \
        +cluster|slots +asking";
    for node in &cluster.nodes {
        assert_eq!(node.ask(user).await, "OK");
    }
    let store = eager(&format!("redis-cluster://sessions:pw@{}", cluster.hosts()));
    let store = store.open().unwrap();
    store.put(MOVED, b"1".to_vec(), TTL).await.unwrap();
    let slot = cluster.nodes[0].ask("CLUSTER KEYSLOT tls:moved").await;
    let mut from = 0;
    while cluster.nodes[from].ask("DBSIZE").await == "0" {
        from += 1;
    }
    let (from, to) = (&cluster.nodes[from], &cluster.nodes[(from + 1) % 3]);
    let (from_id, to_id) = (from.ask("CLUSTER MYID").await, to.ask("CLUSTER MYID").await);
    store.remove(MOVED).await.unwrap();

    // On the move: what is not there any more is at the other already.
    set_slot(to, &format!("{slot} IMPORTING {from_id}")).await;
    set_slot(from, &format!("{slot} MIGRATING {to_id}")).await;
    store.put(MOVED, b"2".to_vec(), TTL).await.unwrap();
    assert_eq!(to.ask("DBSIZE").await, "1");
    assert_eq!(store.get(MOVED).await.unwrap().unwrap(), b"2");

    // Moved.
    for node in [to, from] {
        set_slot(node, &format!("{slot} NODE {to_id}")).await;
    }
    assert_eq!(store.take(MOVED).await.unwrap().unwrap(), b"2");
    assert_eq!(store.state().name(), "up");
}
