use tls_testing::Pki;

use crate::ends::{Place, json, json_lines, text};
use crate::json::compare;

#[tokio::test]
async fn the_development_ca_is_made_once_shown_and_removed() {
    let place = Place::new();
    let first = place.run(&["cert", "dev", "--json"]).await.expect_success();
    let again = place.run(&["cert", "dev", "--json"]).await.expect_success();
    let (first, again) = (json(&first.stdout), json(&again.stdout));
    assert_eq!(
        (&first["created"], &again["created"]),
        (&true.into(), &false.into())
    );
    assert_eq!(first["certificate"], again["certificate"]);
    compare(&first);
    let path = place.run(&["cert", "dev", "--path"]).await.expect_success();
    assert_eq!(path.stdout.trim(), text(&place.ca()));
    place
        .run(&["cert", "dev", "--remove"])
        .await
        .expect_success();
    assert!(!place.ca().exists());
    let removed = ["cert", "dev", "--remove", "--json"];
    compare(&json(&place.run(&removed).await.expect_success().stdout));
    let nothing = place
        .run(&["cert", "dev", "--remove"])
        .await
        .expect_success();
    assert!(nothing.stdout.contains("there was no development CA"));
}

#[tokio::test]
async fn certificates_are_shown_of_a_file_of_stdin_and_of_a_server() {
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    let of_file = place
        .run(&["cert", "show", text(&files.cert)])
        .await
        .expect_success();
    assert!(
        of_file.stdout.starts_with("certificate 0  CN=localhost\n"),
        "{}",
        of_file.stdout
    );
    assert!(
        of_file
            .stdout
            .contains("certificate 1  CN=Test Intermediate"),
        "{}",
        of_file.stdout
    );

    let events = ["cert", "show", "--json", text(&files.cert)];
    for event in json_lines(&place.run(&events).await.expect_success().stdout) {
        compare(&event);
    }

    let mut of_stdin = place.start(&["cert", "show", "-"]);
    of_stdin.send(&std::fs::read(&files.cert).unwrap());
    assert_eq!(of_stdin.finish().await.stdout, of_file.stdout);

    let server = place
        .serve(&["--cert", text(&files.cert), "--key", text(&files.key)])
        .await;
    let of_server = place
        .run(&["cert", "show", &server.place()])
        .await
        .expect_success();
    assert_eq!(of_server.stdout, of_file.stdout);
}

#[tokio::test]
async fn ciphers_are_listed_and_selected() {
    let place = Place::new();
    let all = place.run(&["ciphers"]).await.expect_success();
    assert_eq!(all.stdout.lines().count(), 9, "{}", all.stdout);
    let one = place
        .run(&["ciphers", "TLS_AES_128_GCM_SHA256"])
        .await
        .expect_success();
    assert_eq!(one.stdout.lines().count(), 1, "{}", one.stdout);
}

// A message names the file, and what it is.
#[tokio::test]
async fn what_is_no_certificate_is_named() {
    let place = Place::new();
    let pfx = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tls-certs/tests/fixtures/load/ec.modern.p12"
    );
    let damaged = place.path().join("damaged.cer");
    std::fs::write(&damaged, [0x30, 3, 2, 1, 1]).unwrap();
    for (file, code) in [
        (pfx, "pkcs12_unexpected"),
        (text(&damaged), "certificate_damaged"),
    ] {
        for command in ["show", "verify", "check"] {
            let output = place.run(&["cert", command, file, "--json"]).await;
            assert_eq!(output.status.code(), Some(3), "{command} {file}");
            let error = json(&output.stderr);
            assert_eq!(error["code"], code, "{command} {file}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(file), "{message}");
        }
    }
}
