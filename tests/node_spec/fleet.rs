//! Several processes that resume each other's sessions by tickets, with a real Redis or with nothing
//! between them: `T-SES-05`, `TKT-03` and `TKT-05` across processes.

mod worker;

use serde_json::{Value, json};
use tls_testing::Pki;
use tls_testing::peer::Redis;
use tls_tests::{NodePeer, VERSIONS};
use tls_wire::ProtocolVersion;

use worker::{Fleet, Way, Worker};

const HOUR: u64 = 3_600;
/// By which a published key precedes its first use.
const LEAD: u64 = 900;

/// A client that offers a session as often as it is told to, with what it keeps.
struct Client {
    node: NodePeer,
    sessions: Vec<(ProtocolVersion, Value)>,
}

impl Client {
    /// A visit with this session, or none; whether it resumed, and a session for the next one.
    async fn visit(
        &mut self,
        worker: &Worker,
        version: ProtocolVersion,
        session: &Value,
    ) -> (bool, Value) {
        let mut options = json!({
            "ca": Pki::shared().root.pem(),
            "servername": "localhost",
            "maxVersion": version.to_string(),
        });
        if !session.is_null() {
            options["session"] = session.clone();
        }
        let report = self.node.connect(worker.address, options, json!({})).await;
        assert_eq!(report["protocol"], version.to_string(), "{report}");
        (report["reused"] == true, report["sessions"][0].clone())
    }

    /// Gets one session of each version from `worker`, and keeps them.
    async fn begin(&mut self, worker: &Worker) {
        for version in VERSIONS {
            let (resumed, session) = self.visit(worker, version, &Value::Null).await;
            assert!(!resumed && !session.is_null());
            self.sessions.push((version, session));
        }
    }

    /// Each session that it keeps resumes at each worker.
    async fn resume_everywhere(&mut self, workers: &[Worker], when: &str) {
        for worker in workers {
            for (version, session) in self.sessions.clone() {
                let (resumed, _) = self.visit(worker, version, &session).await;
                assert!(resumed, "{version}, {when}");
            }
        }
    }
}

/// An hour later, in steps of which each worker sees the next key before it issues.
async fn an_hour_later(fleet: &mut Fleet) {
    fleet.advance(HOUR - LEAD).await;
    fleet.sync().await;
    fleet.advance(LEAD + 1).await;
    fleet.sync().await;
}

// Spec: T-SES-05, TKT-03, TKT-05
#[tokio::test]
async fn published_keys_across_processes() {
    let (Some(node), Some(mut redis)) = (NodePeer::require(), Redis::require().await) else {
        return;
    };
    let sessions = Vec::new();
    let mut client = Client { node, sessions };
    let url = format!("redis://{}", redis.address);
    let mut fleet = Fleet::start(Way::Published(&url), 3).await;
    let first = fleet.sync().await;
    client.begin(&fleet.workers[0]).await;
    client.resume_everywhere(&fleet.workers, "at first").await;

    an_hour_later(&mut fleet).await;
    let second = fleet.sync().await;
    assert_ne!(first, second, "another key issues");
    client.begin(&fleet.workers[1]).await;
    client
        .resume_everywhere(&fleet.workers, "after a rotation")
        .await;

    // A worker ends, and another one takes its place.
    fleet.restart(0).await;
    assert_eq!(fleet.sync().await, second);
    client
        .resume_everywhere(&fleet.workers, "after a restart")
        .await;

    // Redis is killed: the keys go on. It comes back empty, and gets them back.
    redis.kill();
    client.begin(&fleet.workers[2]).await;
    client
        .resume_everywhere(&fleet.workers, "without Redis")
        .await;
    redis.restart().await;
    assert_eq!(fleet.sync().await, second);
    assert_eq!(redis.ask("DBSIZE").await.trim_start_matches(':'), "2");
    fleet.restart(1).await;
    assert_eq!(fleet.sync().await, second);
    client
        .resume_everywhere(&fleet.workers, "after Redis was empty")
        .await;

    // At somebody's word, out of turn.
    assert_eq!(fleet.workers[2].ask("rotate").await, "900");
    fleet.sync().await;
    fleet.advance(LEAD + 1).await;
    assert_ne!(fleet.sync().await, second);
    client
        .resume_everywhere(&fleet.workers, "after a rotation by hand")
        .await;

    // Nothing in Redis looks like a key of any of them.
    let dump = redis.ask_all(&["SAVE", "DBSIZE"]).await;
    assert_eq!(dump.trim_start_matches(':'), "3");
    let dump = std::fs::read(redis.directory().join("dump.rdb")).unwrap();
    for worker in &mut fleet.workers {
        let key = worker.ask("key").await;
        let secret: Vec<u8> = (32..96)
            .step_by(2)
            .map(|at| u8::from_str_radix(&key[at..at + 2], 16).unwrap())
            .collect();
        assert!(!dump.windows(16).any(|window| window == &secret[..16]));
    }
}

/// One worker can't reach Redis while the others turn their keys. It goes on with those that it has,
/// and its tickets resume everywhere; theirs do at it once it is back.
// Spec: T-SES-05, TKT-03, TKT-05
#[tokio::test]
async fn a_worker_that_was_cut_off_catches_up() {
    let (Some(node), Some(redis)) = (NodePeer::require(), Redis::require().await) else {
        return;
    };
    let user = "ACL SETUSER branch on nopass ~* +@all";
    assert_eq!(redis.ask(user).await, "OK");
    let sessions = Vec::new();
    let mut client = Client { node, sessions };
    let url = format!("redis://{}", redis.address);
    let mut fleet = Fleet::start(Way::Published(&url), 2).await;
    let branch = format!("redis://branch:any@{}", redis.address);
    fleet.join(&branch).await;
    let first = fleet.sync().await;
    client.begin(&fleet.workers[2]).await;
    client.resume_everywhere(&fleet.workers, "at first").await;

    assert_eq!(redis.ask("ACL SETUSER branch off").await, "OK");
    redis.ask("CLIENT KILL USER branch").await;
    assert_eq!(fleet.workers[2].ask("look").await, "store_down");
    fleet.advance(HOUR - LEAD).await;
    fleet.sync_first(2).await;
    fleet.advance(LEAD + 1).await;
    let second = fleet.sync_first(2).await;
    assert_ne!(first, second);
    client.begin(&fleet.workers[2]).await;
    client.resume_everywhere(&fleet.workers, "cut off").await;
    for version in VERSIONS {
        let (_, session) = client.visit(&fleet.workers[0], version, &Value::Null).await;
        let (resumed, _) = client.visit(&fleet.workers[2], version, &session).await;
        assert!(!resumed, "{version}: a key that it has not seen");
        client.sessions.push((version, session));
    }

    assert_eq!(redis.ask("ACL SETUSER branch on").await, "OK");
    assert_eq!(fleet.sync().await, second);
    client.resume_everywhere(&fleet.workers, "caught up").await;
}

/// No Redis, no file, no word: one secret.
// Spec: T-SES-05, TKT-03, TKT-05
#[tokio::test]
async fn keys_by_clock_across_processes() {
    let Some(node) = NodePeer::require() else {
        return;
    };
    let sessions = Vec::new();
    let mut client = Client { node, sessions };
    let mut fleet = Fleet::start(Way::ByClock, 3).await;
    let first = fleet.sync().await;
    client.begin(&fleet.workers[0]).await;
    client.resume_everywhere(&fleet.workers, "at first").await;
    fleet.advance(HOUR).await;
    assert_ne!(fleet.sync().await, first);
    client
        .resume_everywhere(&fleet.workers, "in the next epoch")
        .await;
    fleet.restart(1).await;
    client
        .resume_everywhere(&fleet.workers, "after a restart")
        .await;
    // A worker whose clock is four minutes ahead, at the turn of an epoch or not.
    fleet.workers[2].ask("advance 240").await;
    client.begin(&fleet.workers[2]).await;
    client
        .resume_everywhere(&fleet.workers, "of a clock ahead")
        .await;
}

/// As Node's own test has it: the first connection is a full one, all others resume.
// Spec: T-SES-05
#[tokio::test]
async fn of_sixteen_connections_to_several_processes_fifteen_resume() {
    let (Some(node), Some(redis)) = (NodePeer::require(), Redis::require().await) else {
        return;
    };
    let sessions = Vec::new();
    let mut client = Client { node, sessions };
    let url = format!("redis://{}", redis.address);
    let mut fleet = Fleet::start(Way::Published(&url), 4).await;
    fleet.sync().await;
    for version in VERSIONS {
        let mut session = Value::Null;
        let mut resumed = 0;
        for round in 0..16 {
            let worker = &fleet.workers[round % fleet.workers.len()];
            let (reused, new) = client.visit(worker, version, &session).await;
            resumed += u32::from(reused);
            if round == 0 {
                session = new;
            }
        }
        assert_eq!(resumed, 15, "{version}");
    }
}
