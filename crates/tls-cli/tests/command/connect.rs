use tls_testing::Pki;
use tls_testing::peer::OpenSsl;

use crate::ends::{Place, json_lines, text};

#[tokio::test]
async fn stdin_goes_to_the_peer_and_its_answer_to_stdout_and_nothing_else() {
    for version in ["1.2", "1.3"] {
        let place = Place::new();
        let server = place.serve(&["--echo"]).await;
        let mut client = place.start(&[
            "connect",
            &server.place(),
            "--min-version",
            version,
            "--max-version",
            version,
        ]);
        client.send(b"Q\nR\nhello\n");
        client.wait_for("hello").await;
        let output = client.finish().await;
        assert_eq!(
            (output.status.code(), output.stdout.as_str()),
            (Some(0), "Q\nR\nhello\n")
        );
        assert!(
            output
                .stderr
                .contains(&format!("negotiated   TLS {version}  ")),
            "{}",
            output.stderr
        );
        assert!(
            output.stderr.contains("verified     OK  CN=localhost"),
            "{}",
            output.stderr
        );
    }
}

#[tokio::test]
async fn both_ends_agree_with_openssl() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    for version in ["-tls1_2", "-tls1_3"] {
        let peer = openssl
            .s_server(&[
                "-cert",
                text(&files.cert),
                "-key",
                text(&files.key),
                "-cert_chain",
                text(&files.cert),
                "-rev",
                version,
            ])
            .await;
        let address = peer.address.to_string();
        let mut client = place.start(&[
            "connect",
            &address,
            "--ca",
            text(&files.ca),
            "--servername",
            "example.test",
        ]);
        client.send(b"olleh\n");
        client.wait_for("hello").await;
        client.finish().await;
    }
    let server = place.serve(&["--echo"]).await;
    let ca = place.ca();
    for version in ["-tls1_2", "-tls1_3"] {
        let args = ["-CAfile", text(&ca), "-servername", "localhost", version];
        let output = openssl
            .converse(server.address, &args, "hello", "hello")
            .await;
        assert!(
            output.contains("Verify return code: 0 (ok)"),
            "{}",
            output.stdout
        );
    }
}

#[tokio::test]
async fn reconnecting_resumes_each_time() {
    for version in ["1.2", "1.3"] {
        let place = Place::new();
        let server = place.serve(&[]).await;
        let args = [
            "connect",
            &server.place(),
            "--reconnect",
            "3",
            "--info",
            "--json",
        ];
        let args: Vec<_> = args.into_iter().chain(["--max-version", version]).collect();
        let output = place.run(&args).await.expect_success();
        let events = json_lines(&output.stderr);
        assert_eq!(
            (&events[0]["event"], &events[0]["v"]),
            (&"connected".into(), &1.into())
        );
        let handshakes: Vec<_> = events
            .iter()
            .filter(|event| event["event"] == "handshake")
            .collect();
        let resumed: Vec<_> = handshakes
            .iter()
            .map(|event| event["resumed"] == true)
            .collect();
        assert_eq!(resumed, [false, true, true, true], "TLS {version}");
        assert!(handshakes.iter().all(|event| event["verify_code"] == "OK"));
        assert_eq!(output.stdout, "");
    }
}

#[tokio::test]
async fn a_refused_certificate_is_explained_and_insecure_goes_on() {
    let place = Place::new();
    let server = place.serve(&["--echo"]).await;
    let refused = place
        .run(&["connect", &server.place(), "--ca", "mozilla", "--info"])
        .await;
    assert_eq!(refused.status.code(), Some(6));
    for part in [
        "refused      UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "subject    CN=localhost",
        "\n  do         ",
    ] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    let json = place
        .run(&[
            "connect",
            &server.place(),
            "--ca",
            "mozilla",
            "--info",
            "--json",
        ])
        .await;
    let error = json_lines(&json.stderr).pop().unwrap();
    assert_eq!(error["code"], "server_certificate_refused");
    assert_eq!(
        (&error["exit"], &error["phase"]),
        (&6.into(), &"server_certificate".into())
    );

    let insecure = place
        .run(&[
            "connect",
            &server.place(),
            "--ca",
            "mozilla",
            "--info",
            "--insecure",
        ])
        .await;
    assert_eq!(insecure.status.code(), Some(0));
    assert!(
        insecure.stderr.contains("accepted all the same"),
        "{}",
        insecure.stderr
    );
}

#[tokio::test]
async fn client_certificates_are_shown_where_they_are_asked_for() {
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    let mut server = place
        .serve(&["--client-ca", text(&files.ca), "--require-cert", "--echo"])
        .await;
    let address = server.place();
    let with = [
        "connect",
        &address,
        "--cert",
        text(&files.client_cert),
        "--key",
        text(&files.client_key),
        "--info",
    ];
    assert_eq!(place.exit_code(&with).await, 0);
    let event = server.event().await;
    assert_eq!(
        (&event["authorized"], &event["event"]),
        (&true.into(), &"handshake".into())
    );
    assert_eq!(event["certificate"]["subject"], "CN=client.test");

    // TLS 1.3 tells the client only after its handshake.
    for version in ["1.2", "1.3"] {
        let without = place
            .run(&["connect", &address, "--max-version", version])
            .await;
        assert_eq!(
            without.status.code(),
            Some(5),
            "{version}: {}",
            without.stderr
        );
        assert_eq!(server.event().await["code"], "client_certificate_missing");
    }
}

/// Each end's lists are about the other's certificate.
#[tokio::test]
async fn a_revoked_certificate_is_refused_by_either_end() {
    let place = Place::new();
    let pki = Pki::shared();
    let files = pki.write_to(place.path());
    let write = |name: &str, client: &[_], server: &[_]| {
        let lists = [
            pki.root.crl(&[]),
            pki.intermediate.crl_pem(2026, &[client, server].concat()),
        ];
        let file = place.path().join(name).join("lists.crl");
        std::fs::create_dir(place.path().join(name)).unwrap();
        std::fs::write(&file, lists.concat()).unwrap();
        file
    };
    let good = write("good.crl", &[], &[]);
    let client = write("client.crl", &[pki.client.certificate()], &[]);
    let server = write("server.crl", &[], &[pki.server.certificate()]);
    let own = ["--cert", text(&files.cert), "--key", text(&files.key)];
    let shown = [
        "--cert",
        text(&files.client_cert),
        "--key",
        text(&files.client_key),
    ];
    let rows = [(&good, &good, 0), (&client, &good, 5), (&good, &server, 6)];
    // Also where others are fetched, and from a directory.
    let auto = ["--crl", "auto"];
    for ((clients, servers, exit), more) in rows
        .into_iter()
        .flat_map(|row| [(row, &[][..]), (row, &auto)])
    {
        let servers = servers.parent().unwrap();
        let asks = ["--client-ca", text(&files.ca), "--require-cert"];
        let lists = ["--crl", text(clients), "--echo", "--max-version", "1.2"];
        let mut serving = place.serve(&[&own[..], &asks, &lists, more].concat()).await;
        let address = serving.place();
        let trusts = ["connect", &address, "--info", "--ca", text(&files.ca)];
        let output = place
            .run(&[&trusts[..], &shown, &["--crl", text(servers)], more].concat())
            .await;
        assert_eq!(output.status.code(), Some(exit), "{output:?}");
        match exit {
            0 => assert_eq!(serving.event().await["authorized"], true),
            5 => assert_eq!(serving.event().await["node_code"], "CERT_REVOKED"),
            _ => assert!(output.stderr.contains("CERT_REVOKED"), "{output:?}"),
        }
    }
}

#[tokio::test]
async fn a_peer_that_ends_without_close_notify_is_a_cut_connection() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    let peer = openssl
        .s_server(&[
            "-cert",
            text(&files.cert),
            "-key",
            text(&files.key),
            "-cert_chain",
            text(&files.cert),
        ])
        .await;
    let address = peer.address.to_string();
    let mut client = place.start(&["connect", &address, "--ca", text(&files.ca)]);
    client.wait_for("verified").await;
    peer.process.stop();
    let output = client.finish().await;
    assert_eq!(output.status.code(), Some(4), "{}", output.stderr);
}

/// The end of standard input closes one side only: the answer still comes.
#[tokio::test]
async fn a_request_from_a_pipe_is_answered() {
    let place = Place::new();
    let server = place.serve(&[]).await;
    let mut client = place.start(&["connect", &server.place()]);
    client.send(b"GET /connection.json HTTP/1.0\r\n\r\n");
    let output = client.finish().await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stdout.starts_with("HTTP/1.0 200 OK"), "{output:?}");
}
