//! `tls ocsp`, staples that `tls serve` keeps fresh, and lists that are fetched.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::CustomExtension;
use serde_json::Value;
use tls_testing::peer::{OcspCa, OcspResponder, OpenSsl, Redis, Standing};
use tls_testing::pki::{p256, server_params};
use tls_testing::{Leaf, Pki};

use crate::ends::{Place, Serving, json, json_lines, text};
use crate::json::compare;

/// A CA with a responder, and a certificate that names it.
struct World {
    place: Place,
    openssl: OpenSsl,
    ca: OcspCa,
    responder: OcspResponder,
    leaf: Leaf,
    cert: PathBuf,
    key: PathBuf,
    root: PathBuf,
}

/// The serial number of every leaf here, so that the CA's index can name it beforehand.
const SERIAL: &str = "0A1B2C";

impl World {
    async fn new(standing: Standing) -> Option<Self> {
        let openssl = OpenSsl::require()?;
        let place = Place::new();
        let ca = OcspCa::new(openssl.clone(), &Pki::shared().intermediate);
        ca.set(SERIAL, standing);
        let responder = ca.listen(&["-nmin", "60"]).await;
        let leaf = leaf(&responder.url);
        let (cert, key) = leaf.write_to(place.path(), "leaf");
        let root = Pki::shared().root.write_to(place.path(), "root");
        Some(Self {
            place,
            openssl,
            ca,
            responder,
            leaf,
            cert,
            key,
            root,
        })
    }

    async fn ocsp(&self, args: &[&str]) -> (i32, Value) {
        let args = [&["ocsp"], args, &["--allow-private", "--json"]].concat();
        let output = self.place.run(&args).await;
        let code = output.status.code().unwrap();
        let text = if output.stdout.is_empty() {
            json_lines(&output.stderr).remove(0)
        } else {
            json(&output.stdout)
        };
        compare(&text);
        (code, text)
    }

    async fn serve(&self, args: &[&str]) -> Serving {
        let files = ["--cert", text(&self.cert), "--key", text(&self.key)];
        self.place.serve(&[&files, args].concat()).await
    }
}

/// A leaf with [`SERIAL`] whose responder is at `url`.
fn leaf(url: &str) -> Leaf {
    let url = url.as_bytes();
    let length = u8::try_from(url.len()).unwrap();
    let mut access = vec![0x30, 14 + length, 0x30, 12 + length];
    access.extend([0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 0x86, length]);
    access.extend(url);
    sign(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access)
}

fn sign(oid: &[u64], value: Vec<u8>) -> Leaf {
    let mut params = server_params(&["localhost"]);
    params.serial_number = Some(vec![0x0a, 0x1b, 0x2c].into());
    let extension = CustomExtension::from_oid_content(oid, value);
    params.custom_extensions.push(extension);
    Pki::shared().intermediate.sign(params, p256())
}

#[tokio::test]
async fn check_asks_and_explains() {
    for (standing, status, code) in [
        (Standing::Valid, "good", 0),
        (Standing::Revoked, "revoked", 1),
        (Standing::Unknown, "unknown", 1),
    ] {
        let Some(world) = World::new(standing).await else {
            return;
        };
        let cert = text(&world.cert);
        let (exit, answer) = world.ocsp(&["check", cert]).await;
        assert_eq!(exit, code, "{answer}");
        assert_eq!(answer["status"], status);
        assert_eq!(answer["ok"], code == 0);
        assert_eq!(answer["serial"], SERIAL);
        assert_eq!(answer["responder"], world.responder.url);
        if status == "revoked" {
            assert_eq!(answer["revoked_at"], "2025-01-01T00:00:00Z");
            assert_eq!(answer["reason"], "keyCompromise");
        }
        let said = world
            .place
            .run(&["ocsp", "check", cert, "--allow-private", "--get"])
            .await;
        assert!(said.stdout.contains(status), "{}", said.stdout);
        assert_eq!(said.status.code(), Some(code));
    }
}

#[tokio::test]
async fn what_can_not_be_asked_says_what_to_do() {
    let Some(world) = World::new(Standing::Valid).await else {
        return;
    };
    let cert = text(&world.cert);
    // A stranger's certificate must not make anybody call inside its network.
    let closed = world.place.run(&["ocsp", "check", cert]).await;
    assert_eq!(closed.status.code(), Some(4));
    assert!(
        closed.stderr.contains("--allow-private"),
        "{}",
        closed.stderr
    );
    let alone = world.place.path().join("alone.pem");
    std::fs::write(&alone, world.leaf.certificate_pem()).unwrap();
    let (exit, error) = world.ocsp(&["check", text(&alone)]).await;
    assert_eq!((exit, &error["code"]), (1, &"no_issuer".into()));
    let issuer = Pki::shared()
        .intermediate
        .write_to(world.place.path(), "issuer");
    let (exit, _) = world
        .ocsp(&["check", text(&alone), "--issuer", text(&issuer)])
        .await;
    assert_eq!(exit, 0);
    let (cert, _) = Pki::shared().server.write_to(world.place.path(), "plain");
    let (exit, error) = world.ocsp(&["check", text(&cert)]).await;
    assert_eq!((exit, &error["code"]), (1, &"no_responder".into()));
    let gone = [
        "check",
        text(&world.cert),
        "--responder",
        "http://127.0.0.1:1/",
    ];
    let (exit, error) = world.ocsp(&gone).await;
    assert_eq!((exit, &error["code"]), (4, &"fetch_connect".into()));
}

#[tokio::test]
async fn a_fetched_staple_serves_and_is_read_again() {
    let Some(world) = World::new(Standing::Revoked).await else {
        return;
    };
    let staple = world.place.path().join("staple.der");
    let fetch = ["fetch", text(&world.cert), "--out", text(&staple)];
    let (exit, answer) = world.ocsp(&fetch).await;
    // Revoked is an answer, too: it is written, and the exit code says so.
    assert_eq!((exit, &answer["status"]), (1, &"revoked".into()));
    assert_openssl_believes(&world, &staple, "revoked").await;
    let mut serving = world.serve(&["--ocsp", text(&staple)]).await;
    let event = serving.event().await;
    compare(&event);
    assert_eq!(
        (&event["event"], &event["status"]),
        (&"staple".into(), &"revoked".into())
    );
    let refused = connect(&world, &serving, &[]).await;
    assert_eq!(refused.status.code(), Some(6), "{}", refused.stderr);
    let taken = connect(&world, &serving, &["--revocation", "ignore"]).await;
    assert_eq!(taken.status.code(), Some(0), "{}", taken.stderr);
    // Another file, at the start: junk is an error, not silence.
    std::fs::write(&staple, b"junk").unwrap();
    let files = ["--cert", text(&world.cert), "--key", text(&world.key)];
    let args = ["--listen", "127.0.0.1:0", "--ocsp", text(&staple)];
    let output = world
        .place
        .run(&[&["serve"], &files[..], &args].concat())
        .await;
    assert!(
        output.stderr.contains("no OCSP response"),
        "{}",
        output.stderr
    );
    // Nothing is written of what can't be stapled.
    world.ca.set(SERIAL, Standing::Unknown);
    let unknowing = world.ca.listen(&["-nmin", "60"]).await;
    let other = world.place.path().join("other.der");
    let fetch = ["fetch", text(&world.cert), "--out", text(&other)];
    let fetch = [&fetch[..], &["--responder", &unknowing.url]].concat();
    let (exit, error) = world.ocsp(&fetch).await;
    assert_eq!((exit, &error["code"]), (1, &"status_unknown".into()));
    assert!(!other.exists());
}

async fn connect(world: &World, serving: &Serving, args: &[&str]) -> tls_testing::peer::Output {
    let place = serving.place();
    let all = ["connect", &place, "--info", "--ca", text(&world.root)];
    world.place.run(&[&all, args].concat()).await
}

/// A certificate with an OCSP address, and nothing else: stapled within the first seconds.
#[tokio::test]
async fn serve_staples_by_itself() {
    let Some(world) = World::new(Standing::Valid).await else {
        return;
    };
    let mut serving = world.serve(&["--ocsp-allow-private"]).await;
    let event = serving.event().await;
    compare(&event);
    assert_eq!(
        (&event["event"], &event["status"]),
        (&"staple".into(), &"good".into())
    );
    let args = [
        "-status",
        "-servername",
        "localhost",
        "-CAfile",
        text(&world.root),
    ];
    let said = world
        .openssl
        .converse(serving.address, &args, "", "---")
        .await;
    assert!(said.contains("Cert Status: good"), "{}", said.stdout);
    let required = connect(
        &world,
        &serving,
        &["--revocation", "require", "--request-ocsp"],
    )
    .await;
    assert_eq!(required.status.code(), Some(0), "{}", required.stderr);
    assert!(
        required.stderr.contains("the staple says good"),
        "{}",
        required.stderr
    );
    let (exit, answer) = world
        .ocsp(&["check", &serving.place(), "--issuer", text(&world.root)])
        .await;
    assert_eq!((exit, &answer["staple"]), (0, &"good".into()), "{answer}");
    // Without it, who requires a staple is refused.
    let mut bare = world.serve(&["--ocsp", "off"]).await;
    let refused = connect(&world, &bare, &["--revocation", "require"]).await;
    assert_eq!(refused.status.code(), Some(6), "{}", refused.stderr);
    assert_eq!(bare.event().await["event"], "failure");
    let said = connect(&world, &bare, &["--request-ocsp"]).await;
    assert!(said.stderr.contains("sent no staple"), "{}", said.stderr);
}

/// The responder may be gone by the time that the second worker comes.
#[tokio::test]
async fn workers_that_share_a_store_share_their_staples() {
    let (Some(world), Some(redis)) = (World::new(Standing::Valid).await, Redis::require().await)
    else {
        return;
    };
    let secret = world.place.path().join("sessions.key");
    std::fs::write(&secret, "5a".repeat(32)).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let store = format!("redis://{}", redis.address);
    let args = [
        "--session-store",
        &store,
        "--session-secret",
        text(&secret),
        "--ocsp-allow-private",
    ];
    let mut first = world.serve(&args).await;
    staple_of(&mut first).await;
    kill(world.responder.process.id());
    let mut second = world.serve(&args).await;
    staple_of(&mut second).await;
    let required = connect(&world, &second, &["--revocation", "require"]).await;
    assert_eq!(required.status.code(), Some(0), "{}", required.stderr);
}

fn kill(process: u32) {
    let status = Command::new("kill")
        .args(["-KILL", &process.to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// The next event about a staple, which must be a good one; what is said of the store goes by.
async fn staple_of(serving: &mut Serving) {
    loop {
        let event = serving.event().await;
        if event["event"] == "staple" {
            return assert_eq!(event["status"], "good", "{event}");
        }
    }
}

/// Also without any store; and what is in the directory is good for other programs.
#[tokio::test]
async fn a_directory_keeps_staples_over_a_restart() {
    let Some(world) = World::new(Standing::Valid).await else {
        return;
    };
    let cache = world.place.path().join("cache");
    let args = ["--ocsp-allow-private", "--revocation-cache", text(&cache)];
    let mut first = world.serve(&args).await;
    staple_of(&mut first).await;
    drop(first);
    kill(world.responder.process.id());
    let mut second = world.serve(&args).await;
    staple_of(&mut second).await;
    let required = connect(&world, &second, &["--revocation", "require"]).await;
    assert_eq!(required.status.code(), Some(0), "{}", required.stderr);
    let [kept] = std::fs::read_dir(&cache)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert_openssl_believes(&world, &kept, "good").await;
}

/// `openssl ocsp` as the judge of a response in a file.
async fn assert_openssl_believes(world: &World, response: &Path, status: &str) {
    let issuer = Pki::shared()
        .intermediate
        .write_to(world.place.path(), "judge");
    let args = ["ocsp", "-respin", text(response), "-issuer", text(&issuer)];
    let more = ["-cert", text(&world.cert), "-CAfile", text(&world.root)];
    let judged = world.openssl.run(&[&args[..], &more].concat()).await;
    let said = format!("{}{}", judged.stdout, judged.stderr);
    assert!(said.contains("Response verify OK"), "{said}");
    assert!(said.contains(&format!(": {status}")), "{said}");
}

/// Whoever runs it should hear of that before a client does.
#[tokio::test]
async fn a_demand_without_a_staple_is_told_at_the_start() {
    let Some(world) = World::new(Standing::Valid).await else {
        return;
    };
    let mut params = server_params(&["localhost"]);
    let feature = vec![0x30, 0x03, 0x02, 0x01, 0x05];
    let oid = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
    let extension = CustomExtension::from_oid_content(oid, feature);
    params.custom_extensions.push(extension);
    let leaf = Pki::shared().intermediate.sign(params, p256());
    let (cert, key) = leaf.write_to(world.place.path(), "demanding");
    let files = ["--cert", text(&cert), "--key", text(&key)];
    let mut serving = world.place.serve(&files).await;
    let mut last = Value::Null;
    while last["code"] != "nobody_to_ask" {
        last = serving.event().await;
        compare(&last);
        assert_eq!(last["event"], "staple");
        assert_eq!(
            (&last["must_staple"], &last["status"]),
            (&true.into(), &Value::Null)
        );
    }
}

/// A server that answers everything with `body`; gives its port.
fn http(body: Vec<u8>) -> u16 {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    port
}

/// CRL distribution points: one, with one address.
fn distribution_point(url: &str) -> Leaf {
    let url = url.as_bytes();
    let length = u8::try_from(url.len()).unwrap();
    let mut points = vec![0x30, 8 + length, 0x30, 6 + length, 0xa0, 4 + length];
    points.extend([0xa0, 2 + length, 0x86, length]);
    points.extend(url);
    sign(&[2, 5, 29, 31], points)
}

#[tokio::test]
async fn connect_has_the_lists_fetched_that_the_server_s_certificates_name() {
    // Revoked by serial number, which every leaf here has.
    let list = Pki::shared().intermediate.crl(&[0x0a_1b2c]);
    for (list, code) in [
        (list, 6),
        (Pki::shared().intermediate.crl(&[]), 0),
        ("no list".to_owned(), 0),
    ] {
        let place = Place::new();
        let leaf = distribution_point(&format!("http://127.0.0.1:{}/ca.crl", http(list.into())));
        let (cert, key) = leaf.write_to(place.path(), "leaf");
        let root = Pki::shared().root.write_to(place.path(), "root");
        let serving = place
            .serve(&["--cert", text(&cert), "--key", text(&key)])
            .await;
        let server = serving.place();
        let args = [
            "connect",
            &server,
            "--info",
            "--ca",
            text(&root),
            "--crl",
            "auto",
        ];
        let said = place
            .run(&[&args[..], &["--ocsp-allow-private"]].concat())
            .await;
        assert_eq!(said.status.code(), Some(code), "{}", said.stderr);
        assert_eq!(
            said.stderr.contains("CERT_REVOKED"),
            code == 6,
            "{}",
            said.stderr
        );
    }
}
