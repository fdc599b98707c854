//! Pre-shared keys on TLS 1.3 with `openssl s_client` and `s_server` at the other end: both ends of
//! ours, with groups that need a second hello, key updates and resumption.

use tls_context::{SecureContext, SecureContextBuilder};
use tls_net::{ClientPsk, PskIdentity, PskKey, PskKeys, TlsAcceptor, TlsConnector};
use tls_session_store::TicketKeys;
use tls_testing::peer::{OpenSsl, SServer};
use tls_tests::{Served, credentials, dial, exchange};
use tls_wire::{AlertDescription, CipherSuite, ProtocolVersion};

const KEY: &str = "6f0d9a3c51e84b72a1c4d7e02b9f8356";

fn table() -> PskKeys {
    let identity = PskIdentity::new("gate-7").unwrap();
    PskKeys::from_keys([(identity, PskKey::from_hex(KEY).unwrap())]).unwrap()
}

fn context() -> SecureContextBuilder {
    SecureContext::without_certificate().min_version(ProtocolVersion::Tls13)
}

async fn served(context: SecureContextBuilder) -> Served {
    Served::echo(TlsAcceptor::builder(context.build().unwrap()).psk(table())).await
}

fn client_args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["-tls1_3", "-psk_identity", "gate-7", "-psk", KEY];
    args.extend(more);
    args
}

async fn s_server(openssl: &OpenSsl, more: &[&str]) -> SServer {
    let mut args = vec![
        "-tls1_3",
        "-nocert",
        "-rev",
        "-psk_identity",
        "gate-7",
        "-psk",
        KEY,
    ];
    args.extend(more);
    openssl.s_server(&args).await
}

fn connector(context: SecureContextBuilder, identity: &str, key: &str) -> TlsConnector {
    let psk = ClientPsk {
        identity: PskIdentity::new(identity).unwrap(),
        key: PskKey::from_hex(key).unwrap(),
    };
    TlsConnector::from(context.build().unwrap()).psk([psk])
}

/// The two suites that go with a key for SHA-256, and groups that OpenSSL sends no share of.
const OFFERS: [(&str, &str, CipherSuite); 3] = [
    (
        "TLS_AES_128_GCM_SHA256",
        "X25519",
        CipherSuite::TLS_AES_128_GCM_SHA256,
    ),
    (
        "TLS_CHACHA20_POLY1305_SHA256",
        "P-384:P-256",
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_AES_128_GCM_SHA256",
        "P-521:P-256",
        CipherSuite::TLS_AES_128_GCM_SHA256,
    ),
];

// Spec: T-PSK-05
#[tokio::test]
async fn t_psk_05_s_client_says_hello_and_hears_it() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let mut served = served(context()).await;
    for (suite, groups, number) in OFFERS {
        let args = client_args(&["-ciphersuites", suite, "-groups", groups]);
        let output = openssl
            .converse(served.address, &args, "hello", "hello")
            .await;
        let output = output.expect_success();
        assert!(output.contains(&format!("Cipher is {suite}")), "{output:?}");
        let info = served.connection().await;
        assert_eq!(info.cipher_suite(), number);
        assert_eq!(
            info.psk_identity().map(ToString::to_string).as_deref(),
            Some("gate-7")
        );
    }
}

/// A suite without a key exchange, which is not taken unless asked for, keeps nobody from the
/// certificate.
#[tokio::test]
async fn a_plain_suite_beside_one_with_a_certificate() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    for allowed in [false, true] {
        let acceptor = TlsAcceptor::builder(credentials::server().build().unwrap()).psk(table());
        let acceptor = acceptor.psk_without_forward_secrecy(allowed);
        let mut served = Served::echo(acceptor).await;
        let ciphers = "PSK-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256";
        let args = [
            "-tls1_2",
            "-cipher",
            ciphers,
            "-psk_identity",
            "gate-7",
            "-psk",
            KEY,
        ];
        let output = openssl
            .converse(served.address, &args, "hello", "hello")
            .await;
        output.expect_success();
        let by_key = served.connection().await.psk_identity().is_some();
        assert_eq!(by_key, allowed);
    }
}

// Spec: T-PSK-04
#[tokio::test]
async fn t_psk_04_s_server_reverses_what_it_gets() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    for (suite, groups, number) in OFFERS {
        let more = [
            "-ciphersuites",
            suite,
            "-groups",
            groups,
            "-psk_hint",
            "gates",
        ];
        let server = s_server(&openssl, &more).await;
        let connector = connector(context(), "gate-7", KEY);
        let mut stream = dial(server.address, &connector, "localhost").await.unwrap();
        assert_eq!(stream.info().cipher_suite(), number);
        assert_eq!(exchange(&mut stream, "hello\n").await, "olleh\n");
    }
}

#[tokio::test]
async fn keys_are_updated_when_openssl_asks() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let served = served(context()).await;
    let mut client = openssl.s_client(served.address, &client_args(&[]));
    client.send(b"before\n");
    client.wait_for("before").await;
    client.send(b"K\n");
    client.wait_for("KEYUPDATE").await;
    client.send(b"behind\n");
    client.wait_for("behind").await;
    client.send(b"Q\n");
    client.finish().await.expect_success();
}

/// A session of a key is a ticket like any other to OpenSSL: it resumes, without the key, at every
/// worker with the same ticket keys.
#[tokio::test]
async fn openssl_resumes_a_session_of_ours_at_another_worker() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("session.pem");
    let file = file.to_str().unwrap();
    let ticket_keys = TicketKeys::generate().unwrap();
    let worker = || {
        let acceptor = TlsAcceptor::builder(context().build().unwrap()).psk(table());
        Served::echo(acceptor.ticket_keys(ticket_keys.clone()))
    };
    let (mut first, mut second) = (worker().await, worker().await);
    let args = client_args(&["-sess_out", file]);
    openssl
        .converse(first.address, &args, "hello", "hello")
        .await
        .expect_success();
    assert!(!first.connection().await.resumption().is_resumed());
    let args = ["-tls1_3", "-sess_in", file];
    openssl
        .converse(second.address, &args, "hello", "hello")
        .await
        .expect_success();
    let info = second.connection().await;
    assert!(info.resumption().is_resumed());
    assert_eq!(
        info.psk_identity().map(ToString::to_string).as_deref(),
        Some("gate-7")
    );
}

#[tokio::test]
async fn we_resume_a_session_of_openssl() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let server = s_server(&openssl, &[]).await;
    let connector = connector(context(), "gate-7", KEY);
    let mut stream = dial(server.address, &connector, "localhost").await.unwrap();
    assert_eq!(exchange(&mut stream, "hello\n").await, "olleh\n");
    let session = stream.session().unwrap();
    drop(stream);
    let connector = connector.resuming(session);
    let mut stream = dial(server.address, &connector, "localhost").await.unwrap();
    assert!(stream.info().resumption().is_resumed());
    assert_eq!(exchange(&mut stream, "hello\n").await, "olleh\n");
}

// Spec: PSK-06, PSK-07
#[tokio::test]
async fn what_is_wrong_is_said_to_openssl() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let mut served = served(context()).await;
    let wrong = "00112233445566778899aabbccddeeff";
    for (identity, key, code, alert) in [
        (
            "nobody",
            KEY,
            "unknown_psk_identity",
            AlertDescription::HandshakeFailure,
        ),
        (
            "gate-7",
            wrong,
            "binder_mismatch",
            AlertDescription::DecryptError,
        ),
    ] {
        let args = ["-tls1_3", "-psk_identity", identity, "-psk", key];
        let output = openssl.s_client(served.address, &args).finish().await;
        let number = format!("SSL alert number {}", u8::from(alert));
        assert!(output.contains(&number), "{output:?}");
        let failure = served.failure().await;
        assert_eq!((failure.code, failure.alert), (code, Some(alert)));
    }
}

#[tokio::test]
async fn a_server_of_certificates_does_not_take_the_key() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = tls_tests::PemFiles::new();
    let args = ["-tls1_3", "-cert", &files.cert, "-key", &files.key];
    let server = openssl.s_server(&args).await;
    let connector = connector(context(), "gate-7", KEY);
    let error = dial(server.address, &connector, "localhost")
        .await
        .unwrap_err();
    assert!(error.is_psk_not_accepted(), "{error}");
}
