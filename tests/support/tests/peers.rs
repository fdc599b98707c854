//! Real peers are found, started on free ports, talked to and stopped.

use std::{
    net::{SocketAddr, TcpStream},
    process::Command,
};

use tls_testing::{
    Pki,
    peer::{
        Chromium, Curl, Node, OpenSsl, Process, Redis, RedisCluster, RedisSentinel, base64,
        public_key_hash, public_key_hash_of_pem,
    },
};

#[test]
fn base64_agrees_with_rfc_4648_section_10() {
    for (plain, coded) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(plain.as_bytes()), coded);
    }
}

#[tokio::test]
async fn a_process_is_read_by_line_and_ends() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo one; echo port 7; read x; echo got $x; exit 3"]);
    let mut process = Process::start(command);
    assert_eq!(process.next_line().await, "one");
    assert_eq!(process.line_after("port ").await, "7");
    process.send(b"it\n");
    process.wait_for("got it").await;
    let output = process.finish().await;
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stdout, "one\nport 7\ngot it\n");
}

#[tokio::test]
#[should_panic(expected = "waited in vain for \"never\"")]
async fn waiting_for_what_never_comes_ends_with_the_program() {
    let mut process = Process::start(Command::new("true"));
    process.wait_for("never").await;
}

#[tokio::test]
async fn a_dropped_process_is_gone() {
    let process = Process::start(Command::new("cat"));
    let id = process.id().to_string();
    drop(process);
    let alive = Command::new("kill")
        .args(["-0", &id])
        .output()
        .unwrap()
        .status
        .success();
    assert!(!alive);
}

#[tokio::test]
async fn s_client_talks_to_s_server_and_resumes() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let files = Pki::shared().write_to(dir.path());
    let path = |file: &std::path::Path| file.to_str().unwrap().to_owned();
    let (cert, key, ca) = (path(&files.cert), path(&files.key), path(&files.ca));
    let session = path(&dir.path().join("session.pem"));
    for version in ["-tls1_2", "-tls1_3"] {
        let server = openssl
            .s_server(&[
                "-cert",
                &cert,
                "-cert_chain",
                &cert,
                "-key",
                &key,
                "-rev",
                version,
            ])
            .await;
        let client = [
            "-CAfile",
            &ca,
            "-verify_return_error",
            "-servername",
            "localhost",
        ];
        let first = [&client[..], &["-sess_out", &session]].concat();
        let output = openssl
            .converse(server.address, &first, "hello", "olleh")
            .await;
        assert!(output.contains("Verify return code: 0 (ok)"), "{output:?}");
        let second = [&client[..], &["-sess_in", &session]].concat();
        let output = openssl
            .converse(server.address, &second, "hello", "olleh")
            .await;
        assert!(output.contains("Reused, TLSv1."), "{version} {output:?}");
    }
}

const NODE_SERVER: &str = "
const https = require('node:https');
const fs = require('node:fs');
const [cert, key] = process.argv.slice(1).map((file) => fs.readFileSync(file));
const server = https.createServer({ cert, key }, (request, response) => {
  response.setHeader('Content-Type', 'text/html');
  response.end('<p id=p></p><script>p.textContent = \"from \" + \"node\"</script>');
});
server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port));
";

#[tokio::test]
async fn curl_and_chromium_load_a_page_from_node() {
    let Some(node) = Node::require() else { return };
    let Some(curl) = Curl::require() else { return };
    let Some(chromium) = Chromium::require() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::shared();
    let files = pki.write_to(dir.path());
    let text = |file: &std::path::Path| file.to_str().unwrap().to_owned();
    let mut server = node.script(NODE_SERVER, &[&text(&files.cert), &text(&files.key)]);
    let port = server.line_after("port ").await;

    let url = format!("https://localhost:{port}/");
    let page = curl
        .run(["--cacert", &text(&files.ca), &url])
        .await
        .expect_success();
    assert!(page.stdout.contains("<p id=p>"));
    let refused = curl.run([&url]).await;
    assert_eq!(refused.status.code(), Some(60), "{refused:?}");

    let hash = public_key_hash(&pki.server);
    assert_eq!(hash, public_key_hash_of_pem(&files.cert));
    let trusted = [hash];
    let page = chromium.dump_dom(&url, &trusted).await.expect_success();
    assert!(page.stdout.contains("from node"), "{page:?}");
    let picture = dir.path().join("page.png");
    let output = chromium
        .screenshot(&url, &picture, (320, 200), &trusted)
        .await
        .expect_success();
    let png = std::fs::read(&picture).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert!(png.starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn redis_listens_where_it_says_and_not_after_its_end() {
    let Some(redis) = Redis::require().await else {
        return;
    };
    let address: SocketAddr = redis.address;
    assert!(TcpStream::connect(address).is_ok());
    assert!(redis.directory().join("redis.sock").exists());
    drop(redis);
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn redis_is_paused_killed_and_restarted_where_it_was() {
    let Some(mut redis) = Redis::require().await else {
        return;
    };
    assert_eq!(redis.ask("SET a 1").await, "OK");
    redis.pause();
    redis.resume();
    assert_eq!(redis.ask("GET a").await, "1");
    assert!(redis.ask("NONSENSE").await.starts_with("-ERR"));
    redis.restart().await;
    assert_eq!(redis.ask("GET a").await, "");
    let replica = redis.replica().await;
    assert!(replica.ask("SET a 1").await.starts_with("-READONLY"));
    redis.kill();
    assert!(TcpStream::connect(redis.address).is_err());
}

#[tokio::test]
async fn redis_speaks_tls_or_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let files = Pki::shared().write_to(dir.path());
    let Some(redis) = Redis::require_tls(&files).await else {
        return;
    };
    assert!(TcpStream::connect(redis.address).is_ok());
    assert_eq!(redis.ask("PING").await, "PONG");
}

#[tokio::test]
async fn a_redis_cluster_serves_all_slots_and_has_replicas() {
    let Some(cluster) = RedisCluster::require().await else {
        return;
    };
    let replica = cluster.replica_of(0).await;
    assert_eq!(replica.ask("CLUSTER FAILOVER").await, "OK");
    replica.wait_until("ROLE", "master").await;
}

#[tokio::test]
async fn a_redis_sentinel_puts_the_replica_in_the_place_of_the_primary() {
    let Some(mut redis) = RedisSentinel::require().await else {
        return;
    };
    redis.primary.kill();
    redis.wait_for_failover().await;
}
