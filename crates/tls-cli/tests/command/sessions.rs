use tls_testing::peer::OpenSsl;

use crate::ends::{Place, json, text};
use crate::json::compare;

/// Two processes with the same ticket keys, at one port.
#[tokio::test]
async fn processes_that_share_ticket_keys_share_a_port_and_sessions() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let place = Place::new();
        let keys = place.path().join("tickets.key");
        place
            .run(&["ticket-keys", "new", text(&keys)])
            .await
            .expect_success();
        let mut first = place.serve(&["--echo", "--ticket-keys", text(&keys)]).await;
        let session = place.path().join("session.pem");
        let offers = ["-servername", "localhost", version];
        let out = ["-sess_out", text(&session)];
        openssl
            .converse(
                first.address,
                &[&offers[..], &out[..]].concat(),
                "hello",
                "hello",
            )
            .await;
        assert_eq!(first.event().await["resumed"], false);

        // While both listen, the kernel chooses; once the first is gone, there is no choice.
        let address = first.address.to_string();
        let mut second = place
            .serve(&["--echo", "--listen", &address, "--ticket-keys", text(&keys)])
            .await;
        assert_eq!(second.address, first.address);
        let maker = first.process.id().to_string();
        first.terminate();
        first.process.finish().await;
        let back = ["-sess_in", text(&session)];
        let output = openssl
            .converse(
                second.address,
                &[&offers[..], &back[..]].concat(),
                "hello",
                "hello",
            )
            .await;
        assert!(output.contains("Reused, "), "{}", output.stdout);
        let event = second.event().await;
        assert_eq!(
            (&event["resumed"], &event["session_maker"]),
            (&true.into(), &maker.into()),
            "{event}"
        );
    }
}

#[tokio::test]
async fn ticket_keys_are_made_private_never_overwritten_and_never_shown() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let file = place.path().join("tickets.key");
    place
        .run(&["ticket-keys", "new", text(&file)])
        .await
        .expect_success();
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let key = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        place.exit_code(&["ticket-keys", "new", text(&file)]).await,
        3
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), key);

    let shown = place
        .run(&["ticket-keys", "show", text(&file)])
        .await
        .expect_success();
    let line = format!("{}  issues  since 20", &key[..32]);
    assert!(shown.stdout.starts_with(&line), "{shown:?}");
    assert!(!shown.contains(&key[32..48]));

    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let open = place
        .run(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--ticket-keys",
            text(&file),
        ])
        .await;
    assert_eq!(open.status.code(), Some(3));
    assert!(open.stderr.contains("chmod 600"), "{}", open.stderr);
}

#[tokio::test]
async fn a_rotated_file_has_a_new_key_first_and_the_old_ones_behind() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let file = place.path().join("tickets.key");
    let keys = async |command: &[&str]| {
        place
            .run(&[&["ticket-keys"], command, &[text(&file)]].concat())
            .await
            .expect_success()
            .stdout
    };
    keys(&["new"]).await;
    let first = std::fs::read_to_string(&file).unwrap();
    let said = keys(&["rotate"]).await;
    assert!(said.contains(" issues; 1 more open"), "{said}");
    let content = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = content.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with(&first[..96]) && lines[1].contains(" retired "));
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let event = json(&keys(&["show", "--json"]).await);
    compare(&event);
    assert_eq!(event["keys"][0]["name"], lines[0][..32]);
    assert_eq!(
        (&event["keys"][0]["state"], &event["keys"][1]["state"]),
        (&"issues".into(), &"opens".into())
    );
    assert!(event["keys"][0]["retired"].is_null() && event["keys"][1]["retired"].is_string());
    // Nobody has a ticket of a key that ceased to issue so long ago.
    let said = keys(&["rotate", "--lifetime", "0s"]).await;
    assert!(!said.contains("more open"), "{said}");
    let missing = ["ticket-keys", "rotate", "missing.key"];
    assert_eq!(place.exit_code(&missing).await, 3);
}
