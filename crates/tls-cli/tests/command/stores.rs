//! Sessions that workers share through Redis or a secret, and what happens without it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tls_testing::Pki;
use tls_testing::peer::{OpenSsl, Process, Program, Redis, RedisCluster, RedisSentinel};

use crate::ends::{Place, Serving, json, json_lines, text};
use crate::json::compare;

/// A place with a secret, and a Redis at a socket in it.
struct Fleet {
    place: Place,
    program: PathBuf,
    url: String,
}

impl Fleet {
    fn require() -> Option<Self> {
        let program = Program::Redis.require()?;
        let place = Place::new();
        private(&place.path().join("sessions.key"), &"5a".repeat(32));
        let url = format!("unix:{}", place.path().join("redis.sock").display());
        Some(Self {
            place,
            program,
            url,
        })
    }

    async fn redis(&self) -> Process {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.place.path())
            .args(["--port", "0", "--unixsocket", "redis.sock"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        let mut redis = Process::start(command);
        redis.wait_for("eady to accept connections").await;
        redis
    }

    async fn worker(&self, args: &[&str]) -> Serving {
        worker(&self.place, &self.url, args).await
    }
}

async fn worker(place: &Place, url: &str, args: &[&str]) -> Serving {
    let store = ["--session-store", url, "--session-secret", "sessions.key"];
    // A machine that is busy with other tests is no Redis that is slow.
    let patience = [
        "--session-store-timeout",
        "20s",
        "--handshake-timeout",
        "30s",
    ];
    place.serve(&[&store[..], &patience, args].concat()).await
}

fn private(file: &Path, content: &str) {
    fs::write(file, content).unwrap();
    fs::set_permissions(file, PermissionsExt::from_mode(0o600)).unwrap();
}

/// Ends both and gives the handshakes of each.
async fn handshakes(workers: [Serving; 2]) -> [Vec<Value>; 2] {
    let mut all = Vec::new();
    for worker in workers {
        worker.terminate();
        let events = json_lines(&worker.process.finish().await.stdout);
        let handshakes = events
            .into_iter()
            .filter(|event| event["event"] == "handshake");
        all.push(handshakes.collect());
    }
    all.try_into().unwrap()
}

/// Connects often to a port that two workers share: the kernel deals the connections out.
async fn reconnect(place: &Place, workers: [Serving; 2], version: &str) {
    let address = workers[0].place();
    let client = ["connect", &address, "--info", "--json", "--reconnect", "20"];
    let client = [&client[..], &["--max-version", version]].concat();
    let output = place.run(&client).await.expect_success();
    let events = json_lines(&output.stderr);
    let resumed: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "handshake")
        .map(|event| event["resumed"] == true)
        .collect();
    let expected: Vec<_> = std::iter::once(false).chain([true; 20]).collect();
    let pids = workers
        .each_ref()
        .map(|worker| worker.process.id().to_string());
    let served = handshakes(workers).await;
    assert_eq!(resumed, expected, "TLS {version}: {served:?}");
    assert!(served.iter().all(|served| !served.is_empty()));
    let of_another = |(own, served): (&String, &Vec<Value>)| {
        let maker = |event: &Value| event["session_maker"].as_str().map(str::to_owned);
        served
            .iter()
            .filter_map(maker)
            .any(|maker| maker != *own && pids.contains(&maker))
    };
    assert!(pids.iter().zip(&served).any(of_another), "{served:?}");
}

#[tokio::test]
async fn workers_with_one_redis_and_one_secret_resume_each_others_sessions() {
    let Some(fleet) = Fleet::require() else {
        return;
    };
    let _redis = fleet.redis().await;
    for version in ["1.2", "1.3"] {
        let first = fleet.worker(&["--echo", "--no-tickets"]).await;
        assert_eq!(first.listening["session_store"], "redis");
        assert_eq!(first.listening["ticket_keys"], "off");
        let address = first.address.to_string();
        let second = fleet
            .worker(&["--echo", "--no-tickets", "--listen", &address])
            .await;
        reconnect(&fleet.place, [first, second], version).await;
    }
}

#[tokio::test]
async fn workers_publish_their_ticket_keys_to_each_other() {
    let Some(fleet) = Fleet::require() else {
        return;
    };
    let _redis = fleet.redis().await;
    for version in ["1.2", "1.3"] {
        let first = fleet.worker(&["--echo"]).await;
        assert_eq!(
            (
                &first.listening["ticket_keys"],
                &first.listening["ticket_rotation"]
            ),
            (&"published".into(), &3600.into())
        );
        let address = first.address.to_string();
        let second = fleet.worker(&["--echo", "--listen", &address]).await;
        reconnect(&fleet.place, [first, second], version).await;
    }
}

#[tokio::test]
async fn published_keys_are_shown_and_rotated_and_looking_writes_nothing() {
    let Some(fleet) = Fleet::require() else {
        return;
    };
    let place = &fleet.place;
    let store = [
        "--session-store",
        &fleet.url,
        "--session-secret",
        "sessions.key",
    ];
    let show = [&["ticket-keys", "show", "--json"], &store[..]].concat();
    assert_eq!(place.exit_code(&show).await, 4);
    let _redis = fleet.redis().await;
    let keys = async || {
        let event = json(&place.run(&show).await.expect_success().stdout);
        compare(&event);
        event["keys"].as_array().unwrap().clone()
    };
    assert_eq!((keys().await.len(), keys().await.len()), (0, 0));
    let _worker = fleet.worker(&["--echo"]).await;
    let first = keys().await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["state"], "issues");
    assert!(first[0]["since"].is_string());

    let rotate = [&["ticket-keys", "rotate"], &store[..]].concat();
    let said = place.run(&rotate).await.expect_success();
    assert!(said.contains("it issues in 15m"), "{said:?}");
    assert_eq!(said.stderr, "");
    let both = keys().await;
    assert_eq!(both.len(), 2);
    assert_eq!(
        (&both[0]["name"], &both[1]["state"]),
        (&first[0]["name"], &"comes".into())
    );
    let text = [&["ticket-keys", "show"], &store[..]].concat();
    let text = place.run(&text).await.expect_success().stdout;
    assert!(text.contains("  comes   in 1"), "{text}");
    // Under another secret than the servers' it is of no use to them.
    private(&place.path().join("other.key"), &"a5".repeat(32));
    let rotate = ["ticket-keys", "rotate", "--session-store", &fleet.url];
    let other = [&rotate[..], &["--session-secret", "other.key"]].concat();
    let said = place.run(&other).await.expect_success().stderr;
    assert!(said.contains("is it that of the servers?"), "{said}");
    for wrong in [
        &["ticket-keys", "show"][..],
        &["ticket-keys", "show", "--session-store", "memory"],
        &["ticket-keys", "show", "--session-store", &fleet.url],
        &[
            "ticket-keys",
            "show",
            "a.key",
            "--session-store",
            &fleet.url,
        ],
    ] {
        assert_eq!(place.exit_code(wrong).await, 2, "{wrong:?}");
    }
}

#[tokio::test]
async fn workers_with_one_secret_and_a_clock_need_no_store() {
    let place = Place::new();
    private(&place.path().join("sessions.key"), &"5a".repeat(32));
    let clock = ["--echo", "--session-secret", "sessions.key"];
    let clock = [&clock[..], &["--ticket-rotation", "clock:1h"]].concat();
    let first = place.serve(&clock).await;
    assert_eq!(first.listening["ticket_keys"], "by_clock");
    let address = first.address.to_string();
    let second = place
        .serve(&[&clock[..], &["--listen", &address]].concat())
        .await;
    reconnect(&place, [first, second], "1.3").await;
}

#[tokio::test]
async fn openssl_reconnects_to_any_worker() {
    let (Some(fleet), Some(openssl)) = (Fleet::require(), OpenSsl::require()) else {
        return;
    };
    let _redis = fleet.redis().await;
    let first = fleet.worker(&["--no-tickets"]).await;
    let address = first.address;
    let second = fleet
        .worker(&["--no-tickets", "--listen", &address.to_string()])
        .await;
    // It reconnects five times, with the session of the first connection.
    let offers = ["-servername", "localhost", "-tls1_2", "-reconnect"];
    let output = openssl.converse(address, &offers, "", "").await;
    assert_eq!(
        output.stdout.matches("Reused, TLSv1.2").count(),
        5,
        "{output:?}"
    );
    let [first, second] = handshakes([first, second]).await;
    assert_eq!(first.len() + second.len(), 6);
}

#[tokio::test]
async fn without_redis_handshakes_go_on_and_each_change_is_told_once() {
    let Some(fleet) = Fleet::require() else {
        return;
    };
    // Down at the start, which is told before anybody comes.
    let mut worker = fleet.worker(&["--echo", "--no-tickets"]).await;
    let told = worker.event().await;
    compare(&told);
    assert_eq!(
        (&told["event"], &told["state"], &told["code"]),
        (&"store".into(), &"down".into(), &"redis_refused".into())
    );
    let address = worker.place();
    let connect = async || {
        let client = ["connect", &address, "--info", "--reconnect", "1", "--json"];
        let output = fleet.place.run(&client).await.expect_success();
        json_lines(&output.stderr).pop().unwrap()["resumed"] == true
    };
    for turn in 0..2 {
        let mut told = Value::Null;
        while told["event"] != "store" {
            assert!(!connect().await);
            // Two handshakes, and a change of state among them or not.
            let mut handshakes = 0;
            while handshakes < 2 {
                let event = worker.event().await;
                match event["event"] == "store" {
                    true => told = event,
                    false => handshakes += 1,
                }
            }
        }
        compare(&told);
        assert_eq!(
            (&told["state"], &told["backend"], &told["effect"]),
            (
                &"open_circuit".into(),
                &"redis".into(),
                &"full handshakes".into()
            ),
            "turn {turn}"
        );
        let redis = fleet.redis().await;
        let told = worker.event().await;
        assert_eq!(
            (&told["event"], &told["state"]),
            (&"store".into(), &"working".into())
        );
        assert!(connect().await);
        worker.event().await;
        assert_eq!(worker.event().await["resumed"], true);
        redis.stop();
    }
    assert_eq!(worker.process.stderr(), "");
}

/// Nobody comes, and all the same it is said that Redis is away, and that it is there.
#[tokio::test]
async fn a_server_that_waits_for_its_first_client_tells_of_its_store() {
    let Some(fleet) = Fleet::require() else {
        return;
    };
    let mut worker = fleet.worker(&["--echo"]).await;
    let mut told = Vec::new();
    let mut redis = None;
    for _ in 0..2 {
        let event = worker.event().await;
        compare(&event);
        told.push(
            [&event["state"], &event["effect"]].map(|value| value.as_str().unwrap().to_owned()),
        );
        if redis.is_none() {
            redis = Some(fleet.redis().await);
        }
    }
    assert_eq!(
        told,
        [
            ["down", "tickets go on"],
            ["working", "sessions are kept again"]
        ]
    );
    worker.terminate();
    assert_eq!(worker.event().await["event"], "drained");
}

/// Whether a client comes back to a worker that keeps sessions there.
async fn resumes(place: &Place, url: &str, args: &[&str]) -> bool {
    let args = [args, &["--no-tickets", "--echo"]].concat();
    let server = worker(place, url, &args).await;
    let client = ["connect", &server.place(), "--info", "--reconnect", "1"];
    let output = place.run(&client).await.expect_success();
    output.stderr.contains("resumed (")
}

#[tokio::test]
async fn the_store_may_be_a_cluster_behind_sentinels_or_reached_over_tls() {
    let place = Place::new();
    private(&place.path().join("sessions.key"), &"5a".repeat(32));
    let files = Pki::shared().write_to(place.path());
    let Some(over_tls) = Redis::require_tls(&files).await else {
        return;
    };
    let url = format!("rediss://localhost:{}", over_tls.address.port());
    let ca = ["--session-store-ca", text(&files.ca)];
    assert!(resumes(&place, &url, &ca).await);
    // The system does not trust its CA.
    assert!(!resumes(&place, &url, &[]).await);
    let (Some(cluster), Some(sentinel)) = (
        RedisCluster::require().await,
        RedisSentinel::require().await,
    ) else {
        return;
    };
    let url = format!("redis-cluster://{}", cluster.hosts());
    assert!(resumes(&place, &url, &[]).await);
    let (address, master) = (sentinel.address, RedisSentinel::MASTER);
    let url = format!("redis+sentinel://{address}/{master}");
    assert!(resumes(&place, &url, &[]).await);

    let Some(sentinel) = RedisSentinel::require_with("requirepass open").await else {
        return;
    };
    private(&place.path().join("sentinel"), "open\n");
    let password = ["--session-store-sentinel-password", "@sentinel"];
    let url = format!("redis+sentinel://{}/{master}", sentinel.address);
    assert!(resumes(&place, &url, &password).await);
    assert!(!resumes(&place, &url, &[]).await);
}

#[tokio::test]
async fn a_password_comes_from_a_file_or_a_variable_or_with_a_warning() {
    let Some(redis) = Redis::require_with(&["--requirepass", "hunter2"]).await else {
        return;
    };
    let place = Place::new();
    private(&place.path().join("sessions.key"), &"5a".repeat(32));
    private(&place.path().join("password"), "hunter2\n");
    let open = format!("redis://{}", redis.address);
    let with_password = format!("redis://:hunter2@{}", redis.address);
    for (url, password, warns) in [
        (&open, &["--session-store-password", "@password"][..], false),
        (&open, &["--session-store-password", "hunter2"], true),
        (&with_password, &[], true),
    ] {
        let args = [password, &["--no-tickets", "--echo"]].concat();
        let server = worker(&place, url, &args).await;
        let client = ["connect", &server.place(), "--info", "--reconnect", "1"];
        let output = place.run(&client).await.expect_success();
        assert!(output.stderr.contains("resumed ("), "{output:?}");
        let said = server.process.stderr();
        assert_eq!(
            said.contains("visible to every user in ps"),
            warns,
            "{said}"
        );
        assert!(!said.contains("hunter2"));
    }
    let store = ["--session-store", &open, "--session-secret", "env:SESSIONS"];
    let store = [
        &store[..],
        &["--session-store-timeout", "20s", "--no-tickets"],
    ]
    .concat();
    let secret = "5a".repeat(32);
    let variables = [("TLS_STORE_PASSWORD", "hunter2"), ("SESSIONS", &secret)];
    let server = place.serve_with(&store, &variables).await;
    let client = ["connect", &server.place(), "--info", "--reconnect", "1"];
    let output = place.run(&client).await.expect_success();
    assert!(output.stderr.contains("resumed ("), "{output:?}");
    assert_eq!(server.process.stderr(), "");
}

#[tokio::test]
async fn a_hang_up_takes_up_rotated_keys_and_a_changed_secret_or_says_why_not() {
    let place = Place::new();
    let (secret, keys) = (
        place.path().join("sessions.key"),
        place.path().join("t.key"),
    );
    private(&secret, &"5a".repeat(32));
    place
        .run(&["ticket-keys", "new", "t.key"])
        .await
        .expect_success();
    let files = ["--session-secret", "sessions.key", "--ticket-keys", "t.key"];
    let mut server = place.serve(&[&files[..], &["--echo"]].concat()).await;
    let session = place.path().join("session.pem");
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let mut reused = async |option: &str, count: usize| {
        let args = [
            "-servername",
            "localhost",
            "-tls1_3",
            option,
            text(&session),
        ];
        let output = openssl
            .converse(server.address, &args, "hello", "hello")
            .await;
        for _ in 0..count {
            server.event().await;
        }
        output.contains("Reused, ")
    };
    assert!(!reused("-sess_out", 1).await);
    place
        .run(&["ticket-keys", "rotate", "t.key"])
        .await
        .expect_success();
    let pid = server.process.id().to_string();
    let hang_up = || Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    hang_up();
    for file in ["sessions.key", "t.key"] {
        let event = server.event().await;
        compare(&event);
        assert_eq!(
            (&event["event"], &event["what"]),
            (&"reloaded".into(), &file.into())
        );
    }
    let newest = fs::read_to_string(&keys).unwrap()[..32].to_owned();
    let mut reused = async |option: &str| {
        let args = [
            "-servername",
            "localhost",
            "-tls1_3",
            option,
            text(&session),
        ];
        let output = openssl
            .converse(server.address, &args, "hello", "hello")
            .await;
        server.event().await;
        output
    };
    assert!(reused("-sess_in").await.contains("Reused, "));
    // A new ticket begins with the name of the new key.
    let new = reused("-sess_out").await;
    let start: Vec<_> = newest
        .as_bytes()
        .chunks(2)
        .map(|b| String::from_utf8_lossy(b))
        .collect();
    let shown = format!("0000 - {}-{}", start[..8].join(" "), start[8..].join(" "));
    assert!(new.contains(&shown), "{shown} is not in {new:?}");

    private(&secret, "short");
    hang_up();
    let event = server.event().await;
    compare(&event);
    assert_eq!(
        (&event["event"], &event["code"]),
        (&"reload_failed".into(), &"shared_secret_length".into())
    );
    assert_eq!(server.event().await["event"], "reloaded");

    // Without a word to the server, too.
    private(&keys, "no key");
    let event = server.event().await;
    compare(&event);
    assert_eq!(
        (&event["event"], &event["what"], &event["code"]),
        (
            &"reload_failed".into(),
            &"t.key".into(),
            &"key_file_line".into()
        )
    );
    place
        .run(&["ticket-keys", "new", "fresh.key"])
        .await
        .expect_success();
    fs::rename(place.path().join("fresh.key"), &keys).unwrap();
    assert_eq!(server.event().await["event"], "reloaded");
}
