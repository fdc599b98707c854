//! Our client and `openssl s_server`.

use tls_net::{HandshakeErrorKind, TlsConnector, TlsStream};
use tls_testing::Pki;
use tls_testing::peer::{OpenSsl, SServer};
use tls_tests::credentials::{client, identity};
use tls_tests::{PemFiles, VERSIONS, dial, exchange, in_time};
use tls_wire::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// `s_server` with our certificate, and more.
async fn s_server(openssl: &OpenSsl, files: &PemFiles, more: &[&str]) -> SServer {
    let mut args = vec![
        "-cert",
        &files.cert,
        "-cert_chain",
        &files.chain,
        "-key",
        &files.key,
    ];
    args.extend(more);
    openssl.s_server(&args).await
}

/// Sends a line to a server with `-rev`, which reverses it.
async fn reversed(stream: &mut TlsStream<TcpStream>, line: &str) -> String {
    exchange(stream, &format!("{line}\n"))
        .await
        .trim_end()
        .to_owned()
}

#[tokio::test]
async fn lines_come_back_reversed_over_both_versions() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = PemFiles::new();
    let server = s_server(&openssl, &files, &["-rev", "-alpn", "h2,http/1.1"]).await;
    for version in VERSIONS {
        let context = client()
            .max_version(version)
            .alpn(["x", "http/1.1"])
            .build()
            .unwrap();
        let connector = TlsConnector::from(context);
        let mut stream = dial(server.address, &connector, "localhost").await.unwrap();
        assert_eq!(reversed(&mut stream, "hello").await, "olleh");
        let info = stream.info();
        assert_eq!(
            ProtocolVersion::from(u16::from(info.protocol_version().unwrap())),
            version
        );
        assert_eq!(info.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert!(info.authorized());
        assert_eq!(
            info.peer_certificates().unwrap(),
            Pki::shared().server.chain()
        );
        stream.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn the_name_chooses_the_certificate() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = PemFiles::new();
    let other = Pki::shared().issue(&["second.test"]);
    let (cert, key) = files.leaf(&other, "second");
    let args = [
        "-rev",
        "-servername",
        "second.test",
        "-cert2",
        &cert,
        "-key2",
        &key,
    ];
    let server = s_server(&openssl, &files, &args).await;
    // OpenSSL sends no chain for its second certificate, so the intermediate is trusted here.
    let pki = Pki::shared();
    let trust = tls_tests::credentials::trusted_root()
        .with(&tls_tests::credentials::trust(&pki.intermediate));
    for version in VERSIONS {
        let context = tls_context::SecureContext::client(&trust)
            .max_version(version)
            .build();
        let connector = TlsConnector::from(context.unwrap());
        for (name, leaf) in [("localhost", &*pki.server), ("second.test", &other)] {
            let mut stream = dial(server.address, &connector, name).await.unwrap();
            assert_eq!(reversed(&mut stream, "abc").await, "cba");
            assert_eq!(
                &stream.info().peer_certificates().unwrap()[0],
                leaf.certificate()
            );
            stream.shutdown().await.unwrap();
        }
        let error = dial(server.address, &connector, "elsewhere.test")
            .await
            .unwrap_err();
        assert_eq!(error.code(), "server_certificate_refused");
        assert_eq!(error.node_code(), Some("ERR_TLS_CERT_ALTNAME_INVALID"));
    }
}

#[tokio::test]
async fn every_suite_and_every_group() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = PemFiles::new();
    let (rsa, rsa_key) = files.leaf(&Pki::shared().server_rsa, "rsa");
    let args = [
        "-rev",
        "-dcert",
        &rsa,
        "-dkey",
        &rsa_key,
        "-dcert_chain",
        &files.chain,
    ];
    let server = s_server(&openssl, &files, &args).await;
    for suite in [
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_GCM_SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-CHACHA20-POLY1305",
    ] {
        let expected = CipherSuite::from_name(suite).unwrap();
        let version = expected.minimum_version().unwrap();
        let context = client()
            .ciphers(suite)
            .max_version(version)
            .build()
            .unwrap();
        let mut stream = dial(server.address, &TlsConnector::from(context), "localhost")
            .await
            .unwrap();
        assert_eq!(reversed(&mut stream, suite).await.len(), suite.len());
        let negotiated = stream.info().negotiated_cipher_suite().unwrap().suite();
        assert_eq!(u16::from(negotiated), expected.0, "{suite}");
        stream.shutdown().await.unwrap();
    }
    for group in ["X25519", "P-256", "P-384"] {
        for version in VERSIONS {
            let context = client().groups(group).max_version(version).build().unwrap();
            let mut stream = dial(server.address, &TlsConnector::from(context), "localhost")
                .await
                .unwrap();
            assert_eq!(reversed(&mut stream, group).await.len(), group.len());
            let negotiated = stream.info().negotiated_key_exchange_group().unwrap();
            assert_eq!(
                u16::from(negotiated),
                NamedGroup::from_name(group).unwrap().0
            );
            stream.shutdown().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_client_certificate_is_sent_when_asked_for() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = PemFiles::new();
    let args = [
        "-rev",
        "-CAfile",
        &files.ca,
        "-Verify",
        "2",
        "-verify_return_error",
    ];
    let mut server = s_server(&openssl, &files, &args).await;
    let pki = Pki::shared();
    for version in VERSIONS {
        let context = client().max_version(version);
        let with = context
            .clone()
            .client_identity(identity(&pki.client))
            .build()
            .unwrap();
        let mut stream = dial(server.address, &TlsConnector::from(with), "localhost")
            .await
            .unwrap();
        assert_eq!(reversed(&mut stream, "who am I").await, "I ma ohw");
        stream.shutdown().await.unwrap();
        // Without one, OpenSSL refuses: within the handshake in 1.2, after it in 1.3.
        let without = TlsConnector::from(context.build().unwrap());
        match (version, dial(server.address, &without, "localhost").await) {
            (ProtocolVersion::Tls12, Err(error)) => {
                let HandshakeErrorKind::AlertReceived(alert) = error.kind() else {
                    panic!("{error}")
                };
                assert_eq!(*alert, AlertDescription::HandshakeFailure);
                assert_eq!(
                    error.node_code(),
                    Some("ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE")
                );
            }
            (_, Ok(mut stream)) => {
                let mut byte = [0; 1];
                let error = in_time("the alert", stream.read(&mut byte))
                    .await
                    .unwrap_err();
                assert!(
                    error.to_string().contains("certificate_required"),
                    "{error}"
                );
            }
            (version, other) => panic!("{version}: {other:?}"),
        }
    }
    server.process.wait_for("client.test").await;
}

#[tokio::test]
async fn key_updates_of_the_server_are_followed_and_answered() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = PemFiles::new();
    let mut server = s_server(&openssl, &files, &["-msg", "-tls1_3"]).await;
    let connector = TlsConnector::from(client().build().unwrap());
    let mut stream = dial(server.address, &connector, "localhost").await.unwrap();
    let mut line = [0; 7];
    for command in ["k", "K"] {
        server.process.send(format!("{command}\n").as_bytes());
        let sent = format!("KeyUpdate\n    18 00 00 01 0{}", u8::from(command == "K"));
        server.process.wait_for(&sent).await;
        server.process.send(format!("from {command}\n").as_bytes());
        let read = in_time("a line", stream.read_exact(&mut line)).await;
        assert!(read.is_ok(), "{command} {read:?} {:?}", server.process);
        assert_eq!(line, format!("from {command}\n").as_bytes());
        stream
            .write_all(format!("to {command}\n").as_bytes())
            .await
            .unwrap();
        server.process.wait_for(&format!("to {command}")).await;
    }
    let answers = server.process.stdout();
    let answers = answers
        .matches("<<< TLS 1.3, Handshake [length 0005], KeyUpdate")
        .count();
    assert_eq!(answers, 1, "only the second one asked for ours");
}

#[tokio::test]
async fn sessions_resume_once_each() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = PemFiles::new();
    let server = s_server(&openssl, &files, &["-rev"]).await;
    for version in VERSIONS {
        let context = client().max_version(version).build().unwrap();
        let connector = TlsConnector::from(context);
        let mut first = dial(server.address, &connector, "localhost").await.unwrap();
        assert!(!first.info().resumption().is_resumed());
        reversed(&mut first, "one").await;
        let session = first.session().expect("a session");
        first.shutdown().await.unwrap();
        let again = connector.resuming(session);
        let mut second = dial(server.address, &again, "localhost").await.unwrap();
        assert!(second.info().resumption().is_resumed(), "{version}");
        assert!(second.info().authorized());
        assert_eq!(
            second.info().peer_certificates().unwrap(),
            Pki::shared().server.chain()
        );
        assert_eq!(reversed(&mut second, "two").await, "owt");
        second.shutdown().await.unwrap();
        let mut third = dial(server.address, &again, "localhost").await.unwrap();
        assert!(!third.info().resumption().is_resumed());
        assert_eq!(reversed(&mut third, "three").await, "eerht");
        third.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_vanishes_is_no_end_of_data() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = PemFiles::new();
    for version in VERSIONS {
        let server = s_server(&openssl, &files, &["-rev"]).await;
        let context = client().max_version(version).build().unwrap();
        let connector = TlsConnector::from(context);
        let mut stream = dial(server.address, &connector, "localhost").await.unwrap();
        reversed(&mut stream, "hello").await;
        server.process.stop();
        let mut byte = [0; 1];
        let error = in_time("the end", stream.read(&mut byte))
            .await
            .unwrap_err();
        let expected = [
            std::io::ErrorKind::UnexpectedEof,
            std::io::ErrorKind::ConnectionReset,
        ];
        assert!(expected.contains(&error.kind()), "{error:?}");
    }
}

#[tokio::test]
async fn what_the_two_ends_do_not_share_is_named() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = PemFiles::new();
    let server = s_server(
        &openssl,
        &files,
        &[
            "-rev",
            "-tls1_3",
            "-ciphersuites",
            "TLS_AES_128_GCM_SHA256",
            "-alpn",
            "foo",
            "-groups",
            "P-256",
        ],
    )
    .await;
    let cases = [
        (
            client().max_version(ProtocolVersion::Tls12),
            AlertDescription::ProtocolVersion,
        ),
        (
            client().ciphers("TLS_AES_256_GCM_SHA384"),
            AlertDescription::HandshakeFailure,
        ),
        (
            client().groups("X25519"),
            AlertDescription::HandshakeFailure,
        ),
        (
            client().alpn(["bar"]),
            AlertDescription::NoApplicationProtocol,
        ),
    ];
    for (context, expected) in cases {
        let connector = TlsConnector::from(context.build().unwrap());
        let error = dial(server.address, &connector, "localhost")
            .await
            .unwrap_err();
        let HandshakeErrorKind::AlertReceived(alert) = error.kind() else {
            panic!("{error}")
        };
        assert_eq!(*alert, expected);
    }
}
