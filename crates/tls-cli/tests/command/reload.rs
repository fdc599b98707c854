//! Files that change while `tls serve` runs.

use std::fs;
use std::process::Command;

use tls_testing::Pki;
use tls_testing::peer::Process;

use crate::ends::{Place, Serving, json, text};
use crate::json::compare;

fn hang_up(server: &Serving) {
    let pid = server.process.id().to_string();
    let status = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    assert!(status.success());
}

async fn serial(place: &Place, server: &Serving) -> String {
    let shown = place
        .run(&["cert", "show", &server.place(), "--json"])
        .await
        .expect_success();
    let leaf = json(shown.stdout.lines().next().unwrap());
    leaf["serial"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_bad_one_changes_nothing() {
    let place = Place::new();
    let pki = Pki::shared();
    let names = ["localhost", "127.0.0.1"];
    let (cert, key) = pki.issue(&names).write_to(place.path(), "web");
    let ca = pki.root.write_to(place.path(), "clients");
    let pair = ["--cert", text(&cert), "--key", text(&key)];
    let clients = ["--client-ca", text(&ca), "--request-cert"];
    let mut server = place
        .serve(&[&pair[..], &clients, &["--echo"]].concat())
        .await;
    let first = serial(&place, &server).await;
    assert_eq!(server.event().await["event"], "handshake");

    let _ = pki.issue(&names).write_to(place.path(), "web");
    hang_up(&server);
    let event = server.event().await;
    compare(&event);
    assert_eq!(
        (&event["event"], &event["what"]),
        (&"reloaded".into(), &text(&cert).into())
    );
    let second = serial(&place, &server).await;
    assert_ne!(first, second);
    assert_eq!(server.event().await["generation"], 2);

    // Another key than that of the certificate, and a CA that is none.
    fs::write(&key, pki.client.key_pem()).unwrap();
    fs::write(&ca, "junk").unwrap();
    hang_up(&server);
    let mut codes = Vec::new();
    for _ in 0..2 {
        let event = server.event().await;
        compare(&event);
        assert_eq!(event["event"], "reload_failed");
        codes.push(event["code"].as_str().unwrap().to_owned());
    }
    codes.sort_unstable();
    assert_eq!(codes, ["key_without_certificate", "no_certificate"]);
    assert_eq!(serial(&place, &server).await, second);
}

/// `script` gives it a terminal, and takes it away when it ends.
#[tokio::test]
async fn a_server_ends_with_its_terminal() {
    if Command::new("script").arg("--version").output().is_err() {
        return;
    }
    let place = Place::new();
    let dev = text(&place.path().join("dev")).to_owned();
    let line = format!(
        "{} serve --json --listen 127.0.0.1:0 --dev-dir {dev}",
        env!("CARGO_BIN_EXE_tls")
    );
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]);
    let mut terminal = Process::start(command);
    let listening = json(&terminal.next_line().await);
    assert_eq!(listening["event"], "listening", "{listening}");
    let pid = listening["pid"].to_string();
    terminal.stop();
    let mut command = Command::new("tail");
    command.args(["--pid", &pid, "-f", "/dev/null"]);
    Process::start(command).finish().await.expect_success();
}
