//! Three Redis servers that share the slots of a cluster.

use std::ffi::OsString;

use super::{Redis, free_address, os, tls_args};
use crate::pki::PkiFiles;

/// The last slot of each of three nodes, and the first.
const SLOTS: [(u16, u16); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];

/// A cluster of three primaries, which notices within half a second that one is gone.
#[derive(Debug)]
pub struct RedisCluster {
    /// Its primaries, in the order of their slots.
    pub nodes: Vec<Redis>,
    port_option: &'static str,
    further: Vec<OsString>,
}

impl RedisCluster {
    /// Starts one that serves all slots, or skips.
    pub async fn require() -> Option<Self> {
        Self::require_at("--port", Vec::new()).await
    }

    /// The same over TLS, among the nodes too.
    pub async fn require_tls(files: &PkiFiles) -> Option<Self> {
        let mut further = tls_args(files);
        further.extend(os(&["--tls-cluster", "yes"]));
        Self::require_at("--tls-port", further).await
    }

    async fn require_at(port_option: &'static str, further: Vec<OsString>) -> Option<Self> {
        let mut nodes = Vec::new();
        for _ in SLOTS {
            nodes.push(node(port_option, &further).await?);
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
        let cluster = Self {
            nodes,
            port_option,
            further,
        };
        cluster.wait_until_well().await;
        Some(cluster)
    }

    /// A replica of the node with that index, in step with it.
    pub async fn replica_of(&self, index: usize) -> Redis {
        let primary = &self.nodes[index];
        let id = primary.ask("CLUSTER MYID").await;
        let replica = node(self.port_option, &self.further).await.unwrap();
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
async fn node(port_option: &str, further: &[OsString]) -> Option<Redis> {
    let bus = free_address().port().to_string();
    let cluster = [
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",
        "500",
        "--cluster-port",
        &bus,
    ];
    Redis::require_at(port_option, &[os(&cluster), further.to_vec()].concat()).await
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
