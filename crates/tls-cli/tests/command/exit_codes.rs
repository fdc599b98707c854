use std::net::TcpListener;

use tls_testing::Pki;

use crate::ends::{Place, text};

/// What is wrong with the words, the exit code, and what the message has to say.
type Row<'a> = (&'a [&'a str], i32, &'a str);

async fn check(place: &Place, table: &[Row<'_>]) {
    for (args, code, says) in table {
        let output = place.run(args).await;
        assert_eq!(
            output.status.code(),
            Some(*code),
            "{args:?}: {}",
            output.stderr
        );
        assert!(
            output.stderr.contains(says),
            "{args:?}: {says:?} is not in {}",
            output.stderr
        );
        assert_eq!(output.stdout, "", "{args:?}");
    }
}

#[tokio::test]
async fn usage_and_configuration_are_2() {
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    let (cert, key, ca) = (text(&files.cert), text(&files.key), text(&files.ca));
    check(
        &place,
        &[
            // First: what comes later makes the CA.
            (
                &["connect", "localhost:1", "--ca", "dev"],
                2,
                "there is no development CA",
            ),
            (&["nonsense"], 2, "nonsense"),
            (&["serve", "--no-such-option"], 2, "--no-such-option"),
            (&["serve", "--listen", "nowhere"], 2, "nowhere"),
            (
                &["serve", "--ciphers", "NOPE"],
                2,
                "\"NOPE\" is not the name of a cipher",
            ),
            (&["serve", "--groups", "NOPE"], 2, "NOPE"),
            (&["serve", "--min-version", "1.1"], 2, "TLSv1.1"),
            (&["serve", "--min-version", "x"], 2, "1.2 or 1.3"),
            (
                &["serve", "--min-version", "1.3", "--max-version", "1.2"],
                2,
                "above",
            ),
            (
                &["serve", "--cert", cert],
                2,
                "each certificate needs its key",
            ),
            (&["serve", "--sni", "a.test"], 2, "PATTERN=CERT,KEY"),
            (&["serve", "--client-ca", ca], 2, "--require-cert"),
            (&["serve", "--require-cert"], 2, "--client-ca"),
            (&["serve", "--crl", "a.crl"], 2, "--client-ca"),
            (
                &["serve", "--session-store", "redis://localhost"],
                2,
                "needs a secret that they share",
            ),
            (
                &["serve", "--ticket-rotation", "clock:1h"],
                2,
                "--session-secret FILE",
            ),
            (&["serve", "--ticket-rotation", "often"], 2, "often"),
            (
                &["serve", "--ticket-keys", "a", "--no-tickets"],
                2,
                "--no-tickets",
            ),
            (
                &["serve", "--session-store", "http://localhost"],
                2,
                "redis-cluster://HOST,HOST",
            ),
            (
                &["serve", "--session-secret", "env:TLS_NO_SUCH_VARIABLE"],
                2,
                "TLS_NO_SUCH_VARIABLE",
            ),
            (&["serve", "--psk-only"], 2, "--psk"),
            (
                &["serve", "--psk", "a", "--psk-only", "--cert", cert],
                2,
                "--psk-only",
            ),
            (
                &["connect", "localhost:1", "--psk-identity", "a"],
                2,
                "--psk-key",
            ),
            (
                &[
                    "connect",
                    "localhost:1",
                    "--psk-identity",
                    "a",
                    "--psk-key",
                    "xyzzy",
                ],
                2,
                "hex",
            ),
            (
                &[
                    "connect",
                    "localhost:1",
                    "--psk-identity",
                    "a",
                    "--psk-key",
                    "00ff",
                ],
                2,
                "tls psk new",
            ),
            (
                &[
                    "connect",
                    "localhost:1",
                    "--psk-identity",
                    "a",
                    "--psk-key",
                    "6f0d9a3c51e84b72a1c4d7e02b9f8356",
                    "--ca",
                    "dev",
                ],
                2,
                "--psk-or-certificate",
            ),
            (&["serve", "--early-data", "100000"], 2, "65536"),
            (
                &["serve", "--max-pending", "0"],
                2,
                "max_pending must be at least 1",
            ),
            (
                &[
                    "serve",
                    "--cert",
                    cert,
                    "--key",
                    key,
                    "--sni",
                    &format!("a b={cert},{key}"),
                ],
                2,
                "a b",
            ),
            (
                &["connect", "bad name:1"],
                2,
                "neither a host name nor an IP address",
            ),
            (&["connect", "localhost:port"], 2, "HOST:PORT"),
            (
                &["connect", "localhost:1", "--ca", "none"],
                2,
                "trust is empty",
            ),
            (&["connect", "localhost:1", "--cert", cert], 2, "--key"),
            (&["ciphers", "NOPE"], 2, "NOPE"),
            (
                &["cert", "verify", cert, "--time", "soon"],
                2,
                "2026-12-24T00:00:00Z",
            ),
            (
                &["cert", "verify", cert, "--time", "1969-01-01T00:00:00Z"],
                2,
                "before 1970",
            ),
            (
                &[
                    "cert",
                    "verify",
                    cert,
                    "--purpose",
                    "client",
                    "--host",
                    "a.test",
                ],
                2,
                "not checked for a host",
            ),
            (
                &[
                    "cert",
                    "verify",
                    cert,
                    "--purpose",
                    "client",
                    "--ca",
                    "none",
                ],
                2,
                "trusted by nobody",
            ),
            (&["cert", "verify", cert, "--host", "a b"], 2, "a b"),
            (&["cert", "check", cert, "--within", "soon"], 2, "soon"),
            (&["help", "nonsense"], 2, "nonsense"),
        ],
    )
    .await;
}

#[tokio::test]
async fn files_keys_and_ports_are_3() {
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    let (cert, key, client_key) = (text(&files.cert), text(&files.key), text(&files.client_key));
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = busy
        .local_addr()
        .map(|addr| (busy, addr.to_string()))
        .unwrap();
    let junk = place.path().join("junk.pem");
    std::fs::write(&junk, "junk").unwrap();
    let junk = text(&junk);
    let damaged = place.path().join("damaged.der");
    std::fs::write(&damaged, [0x30, 3, 2, 1, 1]).unwrap();
    let (damaged, ca) = (text(&damaged), text(&files.ca));
    check(
        &place,
        &[
            (
                &["serve", "--cert", cert, "--key", client_key],
                3,
                "none of the certificates belongs to this private key",
            ),
            (
                &["serve", "--cert", "missing.pem", "--key", key],
                3,
                "cannot read missing.pem",
            ),
            (
                &["serve", "--cert", junk, "--key", key],
                3,
                "no certificate",
            ),
            (
                &["serve", "--cert", cert, "--key", cert],
                3,
                "no private key",
            ),
            (
                &["serve", "--session-secret", "missing.key"],
                3,
                "openssl rand -hex 32",
            ),
            (
                &["serve", "--ticket-keys", "missing.key"],
                3,
                "tls ticket-keys new",
            ),
            (
                &["serve", "--listen", &busy.1],
                3,
                "another program has the port",
            ),
            (
                &["serve", "--listen", "192.0.2.1:0"],
                3,
                "does not have that address",
            ),
            (
                &["serve", "--keylog", "missing/keys.log"],
                3,
                "missing/keys.log",
            ),
            (
                &["connect", "localhost:1", "--ca", "missing.pem"],
                3,
                "missing.pem",
            ),
            (
                &["cert", "show", "missing.pem"],
                3,
                "can't read missing.pem",
            ),
            (&["serve", "--psk", "missing.psk"], 3, "tls psk new"),
            (&["cert", "show", junk], 3, "no certificate"),
            (&["cert", "verify", junk], 3, "no certificate"),
            (
                &["cert", "verify", damaged],
                3,
                "not a certificate that can be read",
            ),
            (
                &["cert", "verify", cert, "--ca", "missing.pem"],
                3,
                "missing.pem",
            ),
            (
                &["cert", "verify", cert, "--crl", ca],
                3,
                "failed to parse CRL",
            ),
            (
                &["cert", "check", "missing.pem"],
                3,
                "can't read missing.pem",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_network_is_4_the_handshake_5_and_a_certificate_6() {
    let place = Place::new();
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = unused.local_addr().unwrap().to_string();
    drop(unused);
    let only_12 = place.serve(&["--max-version", "1.2"]).await;
    let (address, place_name) = (only_12.address.to_string(), only_12.place());
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_address = silent.local_addr().unwrap().to_string();
    check(
        &place,
        &[
            (&["connect", &refused], 4, "refused"),
            (&["cert", "verify", &refused], 4, "refused"),
            (&["cert", "check", &refused], 4, "refused"),
            (
                &["cert", "verify", &silent_address, "--timeout", "50ms"],
                4,
                "timeout",
            ),
            (
                &["connect", "no-such-host.invalid"],
                4,
                "no-such-host.invalid",
            ),
            (
                &["connect", &silent_address, "--timeout", "50ms"],
                4,
                "timeout",
            ),
            (
                &["connect", &place_name, "--min-version", "1.3"],
                5,
                "alert protocol_version",
            ),
            (
                &["connect", &place_name, "--alpn", "no-such"],
                5,
                "alert no_application_protocol",
            ),
            (
                &["connect", &address, "--ca", "mozilla"],
                6,
                "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            ),
            (
                &["connect", &address, "--servername", "example.org"],
                6,
                "ERR_TLS_CERT_ALTNAME_INVALID",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_table_is_printed() {
    let place = Place::new();
    let help = place.run(&["help", "exit-codes"]).await.expect_success();
    let numbers: Vec<_> = help
        .stdout
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(numbers, ["0", "1", "2", "3", "4", "5", "6", "7", "70"]);
}

#[tokio::test]
async fn help_is_short_and_the_long_one_has_every_option() {
    let place = Place::new();
    let short = place.run(&["serve", "--help"]).await.expect_success();
    let long = place.run(&["help", "serve"]).await.expect_success();
    assert!(short.stdout.contains("Examples:") && !short.stdout.contains("--max-pending"));
    assert!(long.stdout.contains("--max-pending") && long.stdout.contains("--ticket-keys"));
}
