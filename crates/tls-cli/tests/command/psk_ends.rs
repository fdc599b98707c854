//! Two ends that share a key, without certificates or beside them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tls_testing::peer::{Curl, OpenSsl};

use crate::ends::{Place, json, json_lines, text};
use crate::json::compare;

const KEY: &str = "6f0d9a3c51e84b72a1c4d7e02b9f8356";
const OTHER: &str = "00112233445566778899aabbccddeeff";

/// A place with the key of `gate-7` in `devices.psk`.
fn place() -> Place {
    let place = Place::new();
    write(&place, &format!("# ours\ngate-7:{KEY}\n"));
    place
}

fn write(place: &Place, lines: &str) {
    let file = place.path().join("devices.psk");
    fs::write(&file, lines).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
}

const ONLY: [&str; 4] = ["--psk", "devices.psk", "--psk-only", "--echo"];
const WITH_FILE: [&str; 4] = ["--psk-identity", "gate-7", "--psk-key", "@devices.psk"];

#[tokio::test]
async fn two_ends_talk_without_any_certificate() {
    let place = place();
    let mut server = place.serve(&ONLY).await;
    compare(&server.listening);
    assert!(server.listening["certificate"].is_null());
    assert!(!place.ca().exists());
    for version in ["1.2", "1.3"] {
        let address = server.place();
        let versions = ["--min-version", version, "--max-version", version];
        let words = [&["connect", &address][..], &versions, &WITH_FILE].concat();
        let mut client = place.start(&words);
        client.send(b"hello\n");
        client.wait_for("hello\n").await;
        let output = client.finish().await.expect_success();
        assert_eq!(output.stdout, "hello\n");
        assert_eq!(output.stderr.contains("MLKEM"), version == "1.3");
        let verified = "verified     OK  by the pre-shared key of \"gate-7\"";
        assert!(output.stderr.contains(verified), "{}", output.stderr);
        let event = server.event().await;
        compare(&event);
        assert_eq!(
            (&event["psk_identity"], &event["authorized"]),
            (&"gate-7".into(), &true.into())
        );
    }
    // It comes back with a ticket, and is still the same.
    let again = ["connect", &server.place(), "--info", "--reconnect", "1"];
    let again = place.run(&[&again[..], &WITH_FILE].concat()).await;
    assert!(again.expect_success().stderr.contains("resumed (ticket)"));
}

#[tokio::test]
async fn what_to_try_without_certificates_has_a_key() {
    let place = place();
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let mut server = place.start(&[&listen[..], &ONLY].concat());
    let url = server.line_after("listening  https://localhost:").await;
    let port = url.split_whitespace().next().unwrap().to_owned();
    for line in [
        format!("openssl s_client -connect localhost:{port} -psk_identity NAME -psk HEXKEY"),
        format!("tls connect localhost:{port} --psk-identity NAME --psk-key @FILE"),
    ] {
        server.wait_for(&line).await;
    }
}

#[tokio::test]
async fn the_page_needs_no_certificate_either() {
    let place = place();
    let server = place.serve(&["--psk", "devices.psk", "--psk-only"]).await;
    let address = server.place();
    let mut client = place.start(&[&["connect", &address][..], &WITH_FILE].concat());
    client.send(b"GET /connection.json HTTP/1.0\r\n\r\n");
    let output = client.finish().await.expect_success();
    let told = json(output.stdout.split_once("\r\n\r\n").unwrap().1);
    assert_eq!(
        (&told["psk_identity"], &told["certificate"]),
        (&"gate-7".into(), &serde_json::Value::Null)
    );
}

#[tokio::test]
async fn whoever_has_no_key_or_another_gets_no_further() {
    let place = place();
    write(&place, &format!("gate-7:{KEY}\nother:{OTHER}\n"));
    let server = place.serve(&ONLY).await;
    let address = server.place();
    for (identity, key) in [("gate-7", OTHER), ("stranger", KEY)] {
        for version in ["1.2", "1.3"] {
            let words = ["connect", &address, "--info", "--max-version", version];
            let psk = ["--psk-identity", identity, "--psk-key", key];
            let output = place.run(&[&words[..], &psk].concat()).await;
            assert_eq!(output.status.code(), Some(5), "{output:?}");
            let said = &output.stderr;
            let refused = "does not take the pre-shared key";
            assert!(said.contains("alert") || said.contains(refused), "{said}");
            assert!(output.stderr.contains("visible to every user in ps"));
            assert!(!output.stderr.contains(key));
        }
    }
    assert_eq!(place.exit_code(&["connect", &address, "--info"]).await, 5);
}

#[tokio::test]
async fn a_key_that_is_not_where_it_should_be_is_told_as_such() {
    let place = place();
    for (secret, told) in [
        ("env:NOT_SET", "--psk-key: environment variable NOT_SET"),
        ("@nowhere", "nowhere"),
    ] {
        let words = ["connect", "localhost:1", "--psk-identity", "gate-7"];
        let words = [&words[..], &["--psk-key", secret]].concat();
        let output = place.run(&words).await;
        assert_eq!(output.status.code(), Some(3));
        let said = &output.stderr;
        assert!(
            said.contains(told) && !said.contains("passphrase"),
            "{said}"
        );
    }
    let open = place.path().join("open.psk");
    fs::write(&open, format!("gate-7:{KEY}\n")).unwrap();
    fs::set_permissions(&open, PermissionsExt::from_mode(0o644)).unwrap();
    let output = place
        .run(&["serve", "--psk", "open.psk", "--psk-only"])
        .await;
    assert!(output.contains("tls psk check"), "{output:?}");
}

#[tokio::test]
async fn keys_are_imported_where_both_ends_say_so() {
    let place = place();
    let import = ["--psk-import", "gate and door"];
    let server = place.serve(&[&ONLY[..], &import].concat()).await;
    let address = server.place();
    let words = [&["connect", &address, "--info"][..], &WITH_FILE].concat();
    let imported = [&words[..], &import].concat();
    place.run(&imported).await.expect_success();
    let other = [&words[..], &["--psk-import", "elsewhere"]].concat();
    assert_eq!(place.exit_code(&other).await, 5);
}

#[tokio::test]
async fn keys_stand_beside_certificates() {
    let Some(curl) = Curl::require() else { return };
    let place = place();
    let mut server = place.serve(&["--psk", "devices.psk"]).await;
    let url = server.url("/connection.json");
    let ca = place.ca();
    let page = curl
        .run(["--cacert", text(&ca), &url])
        .await
        .expect_success();
    assert!(page.stdout.contains(r#""psk_identity": null"#));
    server.event().await;
    let words = ["connect", &server.place(), "--info"];
    place.run(&words).await.expect_success();
    server.event().await;
    place
        .run(&[&words[..], &WITH_FILE].concat())
        .await
        .expect_success();
    assert_eq!(server.event().await["psk_identity"], "gate-7");

    // A server that knows no keys: nothing weaker takes their place unless that is wanted.
    let plain = place.serve(&[]).await;
    let words = ["connect", &plain.place(), "--info", "--max-version", "1.3"];
    let words = [&words[..], &WITH_FILE].concat();
    assert_eq!(place.exit_code(&words).await, 5);
    let either = [&words[..], &["--psk-or-certificate"]].concat();
    let output = place.run(&either).await.expect_success();
    assert!(output.stderr.contains("OK  CN=localhost"), "{output:?}");
    assert!(
        output.stderr.contains("key          not taken"),
        "{output:?}"
    );
}

#[tokio::test]
async fn both_ends_agree_with_openssl() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let place = place();
    let server = place.serve(&ONLY).await;
    for version in ["-tls1_2", "-tls1_3"] {
        let psk = [version, "-psk_identity", "gate-7", "-psk", KEY];
        let output = openssl
            .converse(server.address, &psk, "hello", "hello")
            .await;
        assert!(output.contains(", TLSv1."), "{output:?}");
        let peer = [
            version,
            "-nocert",
            "-psk_identity",
            "gate-7",
            "-psk",
            KEY,
            "-rev",
        ];
        let peer = openssl.s_server(&peer).await;
        let address = peer.address.to_string();
        let mut client = place.start(&[&["connect", &address][..], &WITH_FILE].concat());
        client.send(b"hello\n");
        client.wait_for("olleh").await;
        client.finish().await.expect_success();
    }
}

#[tokio::test]
async fn a_hint_is_told_and_strangers_learn_nothing_from_a_decoy() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let place = place();
    let more = ["--psk-hint", "which gate?", "--psk-decoy"];
    let server = place.serve(&[&ONLY[..], &more].concat()).await;
    let psk = ["-tls1_2", "-psk_identity", "gate-7", "-psk", KEY];
    let output = openssl
        .converse(server.address, &psk, "hello", "hello")
        .await;
    assert!(
        output.contains("PSK identity hint: which gate?"),
        "{output:?}"
    );
    for version in ["1.2", "1.3"] {
        let mut ends = Vec::new();
        for (identity, key) in [("gate-7", OTHER), ("stranger", KEY)] {
            let words = [
                "connect",
                &server.place(),
                "--info",
                "--max-version",
                version,
            ];
            let psk = ["--psk-identity", identity, "--psk-key", key, "--json"];
            let output = place.run(&[&words[..], &psk].concat()).await;
            let error = json_lines(output.stderr.split_once('\n').unwrap().1)
                .pop()
                .unwrap();
            ends.push((error["code"].clone(), error["message"].clone()));
        }
        assert_eq!(ends[0], ends[1]);
    }
}

#[tokio::test]
async fn a_changed_file_is_taken_up_at_a_hang_up() {
    let place = place();
    let mut server = place.serve(&ONLY).await;
    let pid = server.process.id().to_string();
    let hang_up = || Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    for (lines, event, exit) in [
        (format!("new:{KEY}\n"), "reloaded", 5),
        ("gate-7:xyzzy\n".to_owned(), "reload_failed", 5),
        (format!("gate-7:{KEY}\n"), "reloaded", 0),
    ] {
        write(&place, &lines);
        hang_up();
        let told = server.event().await;
        compare(&told);
        assert_eq!(told["event"], event, "{told}");
        let key = ["--psk-identity", "gate-7", "--psk-key", KEY];
        let words = ["connect", &server.place(), "--info"];
        assert_eq!(place.exit_code(&[&words[..], &key].concat()).await, exit);
        server.event().await;
    }
}
