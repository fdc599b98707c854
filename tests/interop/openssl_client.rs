//! Our server and `openssl s_client`.

use std::net::SocketAddr;

use rustls::HandshakeKind;
use tls_context::{ClientAuth, SecureContext};
use tls_net::{Fault, Phase, TlsAcceptor};
use tls_testing::Pki;
use tls_testing::peer::{OpenSsl, Output, Process};
use tls_tests::credentials::{identity, server, trusted_root};
use tls_tests::{PemFiles, Served, VERSIONS};
use tls_wire::{AlertDescription, ProtocolVersion};

/// `s_client` with a root, and our server's name.
struct SClient {
    openssl: OpenSsl,
    files: PemFiles,
}

impl SClient {
    fn require() -> Option<Self> {
        Some(Self {
            openssl: OpenSsl::require()?,
            files: PemFiles::new(),
        })
    }

    fn args<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let mut args = vec!["-CAfile", &self.files.ca, "-verify_return_error"];
        if !more.contains(&"-noservername") {
            args.extend(["-servername", "localhost"]);
        }
        args.extend(more);
        args
    }

    fn start(&self, address: SocketAddr, more: &[&str]) -> Process {
        self.openssl.s_client(address, &self.args(more))
    }

    /// Says hello, hears it, and quits.
    async fn converse(&self, address: SocketAddr, more: &[&str]) -> Output {
        self.openssl
            .converse(address, &self.args(more), "hello", "hello")
            .await
    }
}

/// Ends a program that has said `text`.
async fn finish_after(mut process: Process, text: &str) -> Output {
    process.wait_for(text).await;
    process.finish().await
}

/// The option for that version.
fn flag(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::Tls12 => "-tls1_2",
        _ => "-tls1_3",
    }
}

fn version_of(info: &tls_net::ConnectionInfo) -> ProtocolVersion {
    ProtocolVersion::from(u16::from(info.protocol_version().unwrap()))
}

fn suite_of(info: &tls_net::ConnectionInfo) -> String {
    let suite = u16::from(info.negotiated_cipher_suite().unwrap().suite());
    tls_wire::CipherSuite(suite).iana_name().unwrap().to_owned()
}

#[tokio::test]
async fn an_echo_and_its_facts_over_both_versions() {
    let Some(client) = SClient::require() else {
        return;
    };
    let context = server().alpn(["h2", "http/1.1"]).build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for version in VERSIONS {
        let args = [flag(version), "-alpn", "x,http/1.1"];
        let output = client
            .converse(served.address, &args)
            .await
            .expect_success();
        assert!(output.contains("Verify return code: 0 (ok)"), "{output:?}");
        assert!(output.contains("ALPN protocol: http/1.1"), "{output:?}");
        let info = served.connection().await;
        assert_eq!(version_of(&info), version);
        assert_eq!(info.server_name(), Some("localhost"));
        assert_eq!(info.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(
            served.end().await.unwrap(),
            6,
            "s_client's Q sends close_notify"
        );
    }
}

#[tokio::test]
async fn without_name_or_alpn_there_is_neither() {
    let Some(client) = SClient::require() else {
        return;
    };
    let context = server().alpn(["h2"]).build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for version in VERSIONS {
        let args = [flag(version), "-noservername"];
        let output = client
            .converse(served.address, &args)
            .await
            .expect_success();
        assert!(output.contains("No ALPN negotiated"), "{output:?}");
        let info = served.connection().await;
        assert_eq!((info.server_name(), info.alpn_protocol()), (None, None));
    }
}

/// Suite, and the key it takes.
const SUITES: [(&str, &str); 9] = [
    ("TLS_AES_256_GCM_SHA384", "-tls1_3"),
    ("TLS_CHACHA20_POLY1305_SHA256", "-tls1_3"),
    ("TLS_AES_128_GCM_SHA256", "-tls1_3"),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", "-tls1_2"),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", "-tls1_2"),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", "-tls1_2"),
    ("ECDHE-RSA-AES256-GCM-SHA384", "-tls1_2"),
    ("ECDHE-RSA-AES128-GCM-SHA256", "-tls1_2"),
    ("ECDHE-RSA-CHACHA20-POLY1305", "-tls1_2"),
];

// Spec: CTX-24, MOD-12
#[tokio::test]
async fn every_suite_with_the_key_that_it_takes() {
    let Some(client) = SClient::require() else {
        return;
    };
    let pki = Pki::shared();
    let context = server()
        .identity(identity(&pki.server_rsa))
        .build()
        .unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for (suite, version) in SUITES {
        let option = if version == "-tls1_3" {
            "-ciphersuites"
        } else {
            "-cipher"
        };
        let args = [version, option, suite];
        let output = client
            .converse(served.address, &args)
            .await
            .expect_success();
        assert!(output.contains(&format!("Cipher is {suite}")), "{output:?}");
        let expected = tls_wire::CipherSuite::from_name(suite).unwrap();
        assert_eq!(
            suite_of(&served.connection().await),
            expected.iana_name().unwrap()
        );
        let key = match suite {
            _ if suite.contains("RSA") && !suite.contains("ECDSA") => {
                "Server public key is 2048 bit"
            }
            _ => "Server public key is 256 bit",
        };
        assert!(output.contains(key), "{suite}: {output:?}");
    }
}

// Spec: CIP-17
#[tokio::test]
async fn every_group_that_both_ends_have() {
    let Some(client) = SClient::require() else {
        return;
    };
    // OpenSSL takes a certificate on P-256 in 1.2 only where it offers that group.
    let context = SecureContext::server(identity(&Pki::shared().server_rsa))
        .build()
        .unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for (group, said) in [
        ("X25519", "Server Temp Key: X25519, 253 bits"),
        ("P-256", "Server Temp Key: ECDH, prime256v1, 256 bits"),
        ("P-384", "Server Temp Key: ECDH, secp384r1, 384 bits"),
    ] {
        for version in VERSIONS {
            let args = [flag(version), "-groups", group];
            let output = client
                .converse(served.address, &args)
                .await
                .expect_success();
            assert!(output.contains(said), "{output:?}");
            let info = served.connection().await;
            let negotiated = info.negotiated_key_exchange_group().unwrap();
            let expected = tls_wire::NamedGroup::from_name(group).unwrap();
            assert_eq!(u16::from(negotiated), expected.0);
        }
    }
}

#[tokio::test]
async fn a_key_share_of_another_group_costs_one_round_trip() {
    let Some(client) = SClient::require() else {
        return;
    };
    let context = server().groups("P-384").build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    let args = ["-tls1_3", "-groups", "X25519:P-384"];
    client
        .converse(served.address, &args)
        .await
        .expect_success();
    let info = served.connection().await;
    assert_eq!(
        info.handshake_kind(),
        Some(HandshakeKind::FullWithHelloRetryRequest)
    );
}

#[tokio::test]
async fn key_updates_of_the_client_are_followed_and_answered() {
    let Some(client) = SClient::require() else {
        return;
    };
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    let mut process = client.start(served.address, &["-tls1_3", "-msg"]);
    process.send(b"before\n");
    process.wait_for("\nbefore").await;
    // Of its own keys only.
    process.send(b"k\n");
    process.wait_for("KeyUpdate").await;
    process.send(b"between\n");
    process.wait_for("\nbetween").await;
    // Of the server's keys as well.
    process.send(b"K\n");
    process
        .wait_for("<<< TLS 1.3, Handshake [length 0005], KeyUpdate")
        .await;
    process.send(b"after\n");
    process.wait_for("\nafter").await;
    process.send(b"Q\n");
    let output = process.finish().await.expect_success();
    let updates = |way: &str| {
        output
            .stdout
            .matches(&format!(
                "{way} TLS 1.3, Handshake [length 0005], KeyUpdate"
            ))
            .count()
    };
    assert_eq!((updates(">>>"), updates("<<<")), (2, 1), "{output:?}");
    served.connection().await;
    assert_eq!(served.end().await.unwrap(), 7 + 8 + 6);
}

#[tokio::test]
async fn a_client_that_vanishes_is_no_end_of_data() {
    let Some(client) = SClient::require() else {
        return;
    };
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    for version in VERSIONS {
        let mut process = client.start(served.address, &[flag(version)]);
        process.send(b"hello\n");
        process.wait_for("hello").await;
        process.stop();
        served.connection().await;
        let error = served.end().await.unwrap_err();
        let expected = [
            std::io::ErrorKind::UnexpectedEof,
            std::io::ErrorKind::ConnectionReset,
        ];
        assert!(expected.contains(&error.kind()), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_closes_is_understood() {
    use tokio::io::AsyncWriteExt;
    let Some(client) = SClient::require() else {
        return;
    };
    let acceptor = TlsAcceptor::builder(server().build().unwrap());
    let served = Served::start(acceptor, |mut stream| async move {
        stream.write_all(b"goodbye\n").await?;
        stream.close().await.map(|_| 0)
    });
    let mut served = served.await;
    for version in VERSIONS {
        let process = client.start(served.address, &[flag(version), "-msg"]);
        let output = finish_after(process, "closed").await;
        assert!(output.contains("\ngoodbye"), "{output:?}");
        assert!(
            output.contains("warning, close_notify") || output.contains("warning close_notify"),
            "{output:?}"
        );
        served.connection().await;
        served.end().await.unwrap();
    }
}

// Spec: T-CIP-32, T-CIP-05, ERR-22
#[tokio::test]
async fn a_version_that_is_off_gets_alert_70() {
    let Some(client) = SClient::require() else {
        return;
    };
    let context = server()
        .max_version(ProtocolVersion::Tls12)
        .build()
        .unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for old in ["-tls1_1", "-tls1"] {
        let args = [old, "-cipher", "DEFAULT@SECLEVEL=0"];
        let output = client.start(served.address, &args).finish().await;
        assert!(output.contains("SSL alert number 70"), "{output:?}");
        let failure = served.failure().await;
        assert_eq!(failure.code, "no_shared_version");
        assert_eq!(failure.node_code, Some("ERR_SSL_UNSUPPORTED_PROTOCOL"));
        assert_eq!(failure.alert, Some(AlertDescription::ProtocolVersion));
        assert_eq!(failure.fault, Fault::Peer);
    }
}

// Spec: T-CIP-09
#[tokio::test]
async fn versions_that_do_not_meet_get_alert_70_too() {
    let Some(client) = SClient::require() else {
        return;
    };
    for (ours, theirs) in [
        (ProtocolVersion::Tls12, "-tls1_3"),
        (ProtocolVersion::Tls13, "-tls1_2"),
    ] {
        let context = server()
            .min_version(ours)
            .max_version(ours)
            .build()
            .unwrap();
        let mut served = Served::echo(TlsAcceptor::builder(context)).await;
        let output = client.start(served.address, &[theirs]).finish().await;
        assert!(output.contains("SSL alert number 70"), "{output:?}");
        assert_eq!(served.failure().await.code, "no_shared_version");
    }
}

// Spec: T-CIP-11
#[tokio::test]
async fn no_cipher_in_common_gets_alert_40() {
    let Some(client) = SClient::require() else {
        return;
    };
    let context = server()
        .ciphers("TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES256-GCM-SHA384")
        .build()
        .unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for args in [
        ["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
        ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
        ["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"],
    ] {
        let output = client.start(served.address, &args).finish().await;
        assert!(
            output.contains("SSL alert number 40"),
            "{args:?} {output:?}"
        );
        let failure = served.failure().await;
        assert_eq!(failure.code, "no_shared_cipher", "{args:?} {failure:?}");
        assert_eq!(failure.node_code, Some("ERR_SSL_NO_SHARED_CIPHER"));
        assert_eq!(failure.server_name.as_deref(), Some("localhost"));
    }
}

// Spec: T-ALP-03, ALP-03
#[tokio::test]
async fn no_protocol_in_common_gets_alert_120() {
    let Some(client) = SClient::require() else {
        return;
    };
    let context = server().alpn(["foo"]).build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for version in VERSIONS {
        let output = client
            .start(served.address, &[flag(version), "-alpn", "bar"])
            .finish()
            .await;
        assert!(output.contains("SSL alert number 120"), "{output:?}");
        let failure = served.failure().await;
        assert_eq!(failure.code, "no_application_protocol");
        assert_eq!(failure.node_code, Some("ERR_SSL_NO_APPLICATION_PROTOCOL"));
        assert_eq!(failure.alert, Some(AlertDescription::NoApplicationProtocol));
    }
}

/// A client's certificate, and what becomes of it.
struct ClientCertificate {
    auth: ClientAuth,
    /// Chain and key.
    sends: Option<(String, String)>,
    outcome: Outcome,
}

enum Outcome {
    /// In, and proven or not.
    Authorized(bool),
    /// Out: the alert and the failure's code.
    Refused(u8, &'static str),
}

// Spec: T-VER-05, T-VER-07, SRV-04, SRV-05
#[tokio::test]
async fn client_certificates_off_optional_and_required() {
    let Some(client) = SClient::require() else {
        return;
    };
    let pki = Pki::shared();
    let good = Some((
        client.files.client_cert.clone(),
        client.files.client_key.clone(),
    ));
    let foreign = Some(client.files.leaf(&pki.client_other_ca, "foreign"));
    let expired = Some(client.files.leaf(&pki.client_expired, "expired"));
    let optional = ClientAuth::optional(trusted_root());
    let required = ClientAuth::required(trusted_root());
    let case = |auth: &ClientAuth, sends: &Option<_>, outcome| ClientCertificate {
        auth: auth.clone(),
        sends: sends.clone(),
        outcome,
    };
    let cases = [
        case(&ClientAuth::Off, &good, Outcome::Authorized(false)),
        case(&ClientAuth::Off, &None, Outcome::Authorized(false)),
        case(&optional, &None, Outcome::Authorized(false)),
        case(&optional, &good, Outcome::Authorized(true)),
        case(
            &optional,
            &foreign,
            Outcome::Refused(48, "client_certificate_refused"),
        ),
        case(&required, &good, Outcome::Authorized(true)),
        case(
            &required,
            &None,
            Outcome::Refused(116, "client_certificate_missing"),
        ),
        case(
            &required,
            &foreign,
            Outcome::Refused(48, "client_certificate_refused"),
        ),
        case(
            &required,
            &expired,
            Outcome::Refused(45, "client_certificate_refused"),
        ),
    ];
    for case in cases {
        let context = server().client_auth(case.auth.clone()).build().unwrap();
        let mut served = Served::echo(TlsAcceptor::builder(context)).await;
        for version in VERSIONS {
            let mut args = vec![flag(version)];
            if let Some((cert, key)) = &case.sends {
                args.extend([
                    "-cert",
                    cert,
                    "-key",
                    key,
                    "-cert_chain",
                    &client.files.chain,
                ]);
            }
            match case.outcome {
                Outcome::Authorized(authorized) => {
                    client
                        .converse(served.address, &args)
                        .await
                        .expect_success();
                    let info = served.connection().await;
                    assert_eq!(info.authorized(), authorized);
                    let name = authorized.then_some("client.test");
                    assert_eq!(info.peer().common_name(), name);
                }
                Outcome::Refused(alert, code) => {
                    let process = client.start(served.address, &args);
                    let output = finish_after(process, "SSL alert number").await;
                    let heard = format!("SSL alert number {alert}");
                    assert!(output.contains(&heard), "{heard} {version} {output:?}");
                    let failure = served.failure().await;
                    assert_eq!(
                        (failure.code, failure.phase),
                        (code, Phase::ClientCertificate)
                    );
                    assert!(served.is_quiet());
                }
            }
        }
    }
}

#[tokio::test]
async fn a_renegotiation_is_refused_and_does_no_harm() {
    let Some(client) = SClient::require() else {
        return;
    };
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    let mut process = client.start(served.address, &["-tls1_2"]);
    process.send(b"hello\n");
    process.wait_for("hello").await;
    process.send(b"R\n");
    // OpenSSL takes the warning for the end.
    let output = finish_after(process, "no renegotiation").await;
    assert!(!output.contains("DONE"), "{output:?}");
    served.connection().await;
    let _ = served.end().await;
    client
        .converse(served.address, &["-tls1_2"])
        .await
        .expect_success();
}

// Two threads: the write to `s_client` blocks until our server has taken most of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mebibyte_arrives_whole() {
    let Some(client) = SClient::require() else {
        return;
    };
    let mut served = Served::start(
        TlsAcceptor::builder(server().build().unwrap()),
        |mut stream| async move { tokio::io::copy(&mut stream, &mut tokio::io::sink()).await },
    )
    .await;
    let line = [b'x'; 1023];
    let sent: Vec<u8> = (0..1024)
        .flat_map(|_| line.into_iter().chain([b'\n']))
        .collect();
    for version in VERSIONS {
        let mut process = client.start(
            served.address,
            &[flag(version), "-nocommands", "-no_ign_eof"],
        );
        process.send(&sent);
        process.finish().await.expect_success();
        served.connection().await;
        assert_eq!(served.end().await.unwrap(), 1 << 20);
    }
}
