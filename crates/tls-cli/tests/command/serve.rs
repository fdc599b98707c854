use std::io::{Read, Write};
use std::net::TcpStream;

use tls_testing::Pki;
use tls_testing::peer::{Curl, OpenSsl};

use crate::ends::{Place, json, text};

#[tokio::test]
async fn the_page_and_the_json_tell_of_the_connection_over_both_http() {
    let Some(curl) = Curl::require() else { return };
    let place = Place::new();
    let server = place.serve(&[]).await;
    let ca = place.ca();
    for (option, http, alpn) in [
        ("--http2", "HTTP/2.0", "h2"),
        ("--http1.1", "HTTP/1.1", "http/1.1"),
    ] {
        let url = server.url("/connection.json");
        let output = curl
            .run(["--cacert", text(&ca), option, &url])
            .await
            .expect_success();
        let told = json(&output.stdout);
        assert_eq!((&told["http"], &told["alpn"]), (&http.into(), &alpn.into()));
        assert_eq!(
            (&told["v"], &told["server_name"]),
            (&1.into(), &"localhost".into())
        );
        assert_eq!(told["version"], "TLSv1.3");
        assert!(told["ja4"].as_str().unwrap().starts_with("t13d"), "{told}");
        let page = curl
            .run(["--cacert", text(&ca), option, &server.url("/")])
            .await
            .expect_success();
        assert!(
            page.stdout.contains("<b id=\"version\">TLSv1.3</b>"),
            "{}",
            page.stdout
        );
    }
}

#[tokio::test]
async fn bytes_are_sent_as_asked_for_and_head_sends_none() {
    let Some(curl) = Curl::require() else { return };
    let place = Place::new();
    let server = place.serve(&[]).await;
    let ca = place.ca();
    for option in ["--http2", "--http1.1"] {
        let url = server.url("/bytes/3000000");
        let size = [
            "--cacert",
            text(&ca),
            option,
            "-o",
            "/dev/null",
            "-w",
            "%{size_download}",
            &url,
        ];
        assert_eq!(curl.run(size).await.expect_success().stdout, "3000000");
        let head = ["--cacert", text(&ca), option, "--head", &url];
        let head = curl.run(head).await.expect_success();
        assert!(
            head.stdout
                .to_lowercase()
                .contains("content-length: 3000000"),
            "{}",
            head.stdout
        );
    }
}

#[tokio::test]
async fn plain_http_is_told_and_the_server_goes_on() {
    let place = Place::new();
    let mut server = place.serve(&[]).await;
    let mut plain = TcpStream::connect(server.address).unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let _ = plain.read_to_end(&mut Vec::new());
    let event = server.event().await;
    assert_eq!(
        (&event["event"], &event["code"]),
        (&"failure".into(), &"not_tls_plain_http".into())
    );
    assert_eq!(
        (&event["fault"], &event["phase"]),
        (&"peer".into(), &"hello".into())
    );
    assert_eq!(event["node_code"], "ERR_SSL_HTTP_REQUEST");
    assert_eq!(
        place
            .exit_code(&["connect", &server.place(), "--info"])
            .await,
        0
    );
    assert_eq!(server.event().await["event"], "handshake");
}

#[tokio::test]
async fn for_people_it_says_where_it_listens_and_what_to_try() {
    let place = Place::new();
    let mut server = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let url = server.line_after("listening  https://localhost:").await;
    let port = url.split_whitespace().next().unwrap().to_owned();
    assert!(
        server
            .line_after("certificate  dev CA")
            .await
            .contains("(new)")
    );
    server
        .wait_for(&format!("tls connect localhost:{port}"))
        .await;
    let mut plain = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    server
        .wait_for(&format!(
            "not TLS: plain HTTP \"GET / HTTP/1.1\". Use https://localhost:{port}/"
        ))
        .await;
}

#[tokio::test]
async fn a_host_of_another_policy_is_misdirected() {
    let Some(curl) = Curl::require() else { return };
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    let sni = format!(
        "a.localhost={},{}",
        files.cert.display(),
        files.key.display()
    );
    let server = place
        .serve(&[
            "--sni",
            &sni,
            "--client-ca",
            text(&files.ca),
            "--request-cert",
        ])
        .await;
    let ca = place.ca();
    for (host, expected) in [("a.localhost", "421"), ("localhost", "200")] {
        let host = format!("host: {host}");
        let args = [
            "--cacert",
            text(&ca),
            "-H",
            &host,
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
        ];
        let url = server.url("/");
        let output = curl
            .run(args.into_iter().chain([url.as_str()]))
            .await
            .expect_success();
        assert_eq!(output.stdout, expected, "{host}");
    }
}

#[tokio::test]
async fn rsa_and_ecdsa_serve_side_by_side() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let place = Place::new();
    let pki = Pki::shared();
    let (cert, key) = pki.server.write_to(place.path(), "ecdsa");
    let (rsa_cert, rsa_key) = pki.server_rsa.write_to(place.path(), "rsa");
    let server = place
        .serve(&[
            "--cert",
            text(&cert),
            "--key",
            text(&key),
            "--cert",
            text(&rsa_cert),
            "--key",
            text(&rsa_key),
            "--echo",
        ])
        .await;
    for (schemes, kind) in [("ECDSA+SHA256", "ecdsa"), ("RSA-PSS+SHA256", "rsa")] {
        let output = openssl
            .converse(server.address, &["-sigalgs", schemes], "hello", "hello")
            .await;
        let shown = output.stdout.to_lowercase();
        let signed = shown
            .lines()
            .find(|line| line.starts_with("peer signature type"))
            .unwrap();
        assert!(signed.contains(kind), "{signed}");
    }
}

#[tokio::test]
async fn a_drain_lets_connections_end_or_cuts_them_and_says_so() {
    for (timeout, cut, code) in [("60s", 0, 0), ("20ms", 1, 7)] {
        let place = Place::new();
        let mut server = place
            .serve(&["--echo", "--shutdown-timeout", timeout])
            .await;
        let mut client = place.start(&["connect", &server.place()]);
        client.send(b"hello\n");
        assert_eq!(client.next_line().await, "hello");
        assert_eq!(server.event().await["event"], "handshake");
        server.terminate();
        if cut == 0 {
            client.close_stdin();
        }
        let drained = server.event().await;
        assert_eq!(
            (&drained["event"], &drained["cut"]),
            (&"drained".into(), &cut.into()),
            "{drained}"
        );
        assert_eq!(server.process.finish().await.status.code(), Some(code));
    }
}

#[tokio::test]
async fn keep_alive_connections_do_not_hold_up_a_drain() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let place = Place::new();
    let server = place.serve(&["--shutdown-timeout", "60s"]).await;
    let mut client = openssl.s_client(
        server.address,
        &["-quiet", "-alpn", "http/1.1", "-servername", "localhost"],
    );
    client.send(b"GET /bytes/5 HTTP/1.1\r\nhost: localhost\r\n\r\n");
    client.wait_for("content-length: 5").await;
    server.terminate();
    let ended = server.process.finish().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stdout);
}

#[tokio::test]
async fn the_key_log_is_private_and_announced() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let log = place.path().join("keys.log");
    let server = place.serve(&["--keylog", text(&log)]).await;
    assert_eq!(
        place
            .exit_code(&["connect", &server.place(), "--info"])
            .await,
        0
    );
    assert!(
        server
            .process
            .stderr()
            .contains("whoever has it can read them all")
    );
    let told = std::fs::read_to_string(&log).unwrap();
    assert!(told.contains("CLIENT_TRAFFIC_SECRET_0 "), "{told}");
    assert_eq!(
        std::fs::metadata(&log).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
