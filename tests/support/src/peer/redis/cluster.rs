//! Three Redis servers that share the slots of a cluster.

use super::{Redis, free_address};

/// The last slot of each of three nodes, and the first.
const SLOTS: [(u16, u16); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];

/// A cluster of three primaries, which notices within half a second that one is gone.
#[derive(Debug)]
pub struct RedisCluster {
    /// Its primaries, in the order of their slots.
    pub nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Starts one that serves all slots, or skips.
    pub async fn require() -> Option<Self> {
        let mut nodes = Vec::new();
        for _ in SLOTS {
            nodes.push(node().await?);
        }
        let first = nodes.first()?;
        for (epoch, (node, (start, end))) in nodes.iter().zip(SLOTS).enumerate() {
            // Otherwise they agree on epochs first, which takes some seconds.
            node.ask(&format!("CLUSTER SET-CONFIG-EPOCH {}", epoch + 1))
                .await;
            let answer = node
                .ask(&format!("CLUSTER ADDSLOTSRANGE {start} {end}"))
                .await;
            assert_eq!(answer, "OK");
            meet(first, node).await;
        }
        let cluster = Self { nodes };
        cluster.wait_until_well().await;
        Some(cluster)
    }

    /// A replica of the node with that index, in step with it.
    pub async fn replica_of(&self, index: usize) -> Redis {
        let primary = &self.nodes[index];
        let id = primary.ask("CLUSTER MYID").await;
        let replica = node().await.unwrap();
        meet(primary, &replica).await;
        replica.wait_until("CLUSTER NODES", &id).await;
        assert_eq!(replica.ask(&format!("CLUSTER REPLICATE {id}")).await, "OK");
        replica
            .wait_until("INFO replication", "master_link_status:up")
            .await;
        let port = replica.address.port().to_string();
        for node in &self.nodes {
            node.wait_until("CLUSTER SLOTS", &port).await;
        }
        replica
    }

    /// Waits until all nodes say that all slots are served.
    pub async fn wait_until_well(&self) {
        for node in &self.nodes {
            node.wait_until("CLUSTER INFO", "cluster_state:ok").await;
            node.wait_until("CLUSTER INFO", "cluster_slots_ok:16384")
                .await;
        }
    }

    /// `host:port` of each, as a URL has them.
    #[must_use]
    pub fn hosts(&self) -> String {
        let hosts: Vec<_> = self
            .nodes
            .iter()
            .map(|node| node.address.to_string())
            .collect();
        hosts.join(",")
    }
}

/// A node without slots. Its bus would be 10,000 ports above, where there may be none.
async fn node() -> Option<Redis> {
    let bus = free_address().port().to_string();
    let cluster = [
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",
        "500",
        "--cluster-port",
        &bus,
    ];
    Redis::require_with(&cluster).await
}

async fn meet(one: &Redis, other: &Redis) {
    let info = other.ask("CONFIG GET cluster-port").await;
    let bus = info.lines().last().unwrap();
    let port = other.address.port();
    let answer = one
        .ask(&format!("CLUSTER MEET 127.0.0.1 {port} {bus}"))
        .await;
    assert_eq!(answer, "OK");
}
