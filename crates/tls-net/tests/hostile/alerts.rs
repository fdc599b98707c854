//! After an error the other end hears one alert, the right one, and nothing panics. Calling rustls
//! once too often there is a remote panic in release builds too: every refused client certificate
//! would trigger it.

use std::sync::Arc;

use rustls::{ClientConfig, ServerConfig};
use tls_context::{ClientAuth, SecureContext, SecureContextBuilder};
use tls_net::{Fault, Phase, TlsAcceptor, TlsConnector};
use tls_testing::transport::recorded;
use tls_testing::{Leaf, Pki, plain_rustls};
use tls_wire::ProtocolVersion;

use super::ends::VERSIONS;
use super::plain::{Plain, alert_of};
use super::support::{Failed, Failures, client, identity, rustls_version, server, trust};

/// What came of a client that is to be refused.
struct Seen {
    failed: Failed,
    /// The alert as the client's rustls read it.
    heard: Option<u8>,
    /// Records from the server that can be alerts, and whether one of them is the last.
    alerts: usize,
    last: bool,
}

async fn refused_by_server(context: SecureContext, config: ClientConfig) -> Seen {
    let failures = Failures::default();
    let acceptor = failures
        .heard_by(TlsAcceptor::builder(context))
        .build()
        .unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (near, recording) = recorded(near);
    let mut plain = Plain::client(&Arc::new(config), "localhost", near);
    let (heard, refused) = tokio::join!(
        async {
            let outcome = plain.handshake(b"").await;
            let error = match outcome {
                Ok(()) => plain.read_to_end().await.unwrap_err(),
                Err(error) => error,
            };
            let heard = alert_of(&error);
            // The server waits a little for us to go.
            drop(plain);
            heard
        },
        acceptor.accept(far)
    );
    let error = refused.unwrap_err();
    let failed = failures.only();
    assert_eq!(
        failed,
        Failed::from(&error),
        "on_failure heard what accept gave"
    );
    let (alerts, last) = alert_records(&recording.read());
    Seen {
        failed,
        heard,
        alerts,
        last,
    }
}

/// How many records look like alerts (plain, or sealed in TLS 1.3 or 1.2), and whether the last does.
fn alert_records(bytes: &[u8]) -> (usize, bool) {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let [kind, _, _, a, b, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*a, *b]));
        found.push(*kind == 21 || (*kind == 23 && length == 2 + 1 + 16));
        rest = &tail[length..];
    }
    (
        found.iter().filter(|alert| **alert).count(),
        found.last() == Some(&true),
    )
}

/// Change of the server's context, change of the client's configuration, code, phase, alert.
type Row = (
    &'static str,
    fn(SecureContextBuilder, ProtocolVersion) -> SecureContextBuilder,
    fn(ProtocolVersion) -> ClientConfig,
    &'static str,
    Phase,
    u8,
);

fn plain(version: ProtocolVersion) -> ClientConfig {
    plain_rustls::client(rustls_version(version))
}

fn with(version: ProtocolVersion, leaf: &Leaf) -> ClientConfig {
    plain_rustls::client_with(rustls_version(version), leaf)
}

fn demanding(context: SecureContextBuilder, _: ProtocolVersion) -> SecureContextBuilder {
    context.client_auth(ClientAuth::required(trust()))
}

fn with_provider(
    version: ProtocolVersion,
    change: impl FnOnce(&mut rustls::crypto::CryptoProvider),
) -> ClientConfig {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    change(&mut provider);
    ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[rustls_version(version)])
        .unwrap()
        .with_root_certificates(Pki::shared().roots())
        .with_no_client_auth()
}

const ROWS: [Row; 9] = [
    (
        "an expired client certificate",
        demanding,
        |version| with(version, &Pki::shared().client_expired),
        "client_certificate_refused",
        Phase::ClientCertificate,
        45,
    ),
    (
        "a client certificate of another CA",
        demanding,
        |version| with(version, &Pki::shared().client_other_ca),
        "client_certificate_refused",
        Phase::ClientCertificate,
        48,
    ),
    (
        "a server's certificate as the client's",
        demanding,
        |version| with(version, &Pki::shared().server),
        "client_certificate_refused",
        Phase::ClientCertificate,
        43,
    ),
    (
        "no client certificate",
        demanding,
        plain,
        "client_certificate_missing",
        Phase::ClientCertificate,
        116,
    ),
    (
        "no shared suite",
        |context, _| context.ciphers("TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES256-GCM-SHA384"),
        |version| {
            with_provider(version, |provider| {
                use rustls::CipherSuite as Suite;
                provider.cipher_suites.retain(|suite| {
                    matches!(
                        suite.suite(),
                        Suite::TLS13_AES_128_GCM_SHA256
                            | Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                    )
                });
            })
        },
        "no_shared_cipher",
        Phase::Handshake,
        40,
    ),
    (
        "no shared group",
        |context, _| context.groups("P-384"),
        |version| {
            with_provider(version, |provider| {
                provider
                    .kx_groups
                    .retain(|group| group.name() == rustls::NamedGroup::X25519);
            })
        },
        "no_shared_group",
        Phase::Handshake,
        40,
    ),
    (
        "no shared version",
        |context, version| match version {
            ProtocolVersion::Tls12 => context.min_version(ProtocolVersion::Tls13),
            _ => context.max_version(ProtocolVersion::Tls12),
        },
        plain,
        "no_shared_version",
        Phase::Handshake,
        70,
    ),
    (
        "no shared protocol",
        |context, _| context.alpn(["h2"]),
        |version| {
            let mut config = plain(version);
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            config
        },
        "no_application_protocol",
        Phase::Handshake,
        120,
    ),
    (
        "a server without an identity",
        |_, _| SecureContext::without_certificate(),
        plain,
        "no_suitable_identity",
        Phase::Handshake,
        40,
    ),
];

// Spec: SEV-03, T-ALP-03, T-SNI-07, ERR-22
#[tokio::test]
async fn a_refused_client_hears_one_alert_the_right_one() {
    for version in VERSIONS {
        for (what, context, config, code, phase, alert) in ROWS {
            let context = context(server(), version).build().unwrap();
            let seen = refused_by_server(context, config(version)).await;
            let Failed {
                code: own,
                phase: own_phase,
                fault,
                alert: sent,
                server_name,
            } = seen.failed.clone();
            assert_eq!((own, own_phase), (code, phase), "{version}: {what}");
            let config = code == "no_suitable_identity";
            assert_eq!(
                fault,
                if config { Fault::Config } else { Fault::Peer },
                "{what}"
            );
            assert_eq!(seen.heard, Some(alert), "{version}: {what}: heard");
            assert_eq!(sent, Some(alert), "{version}: {what}: reported");
            assert_eq!(
                (seen.alerts, seen.last),
                (1, true),
                "{version}: {what}: one alert"
            );
            assert_eq!(server_name.as_deref(), Some("localhost"));
        }
    }
}

/// What came of our client at a server that it refuses.
async fn refused_by_client(context: SecureContext, config: ServerConfig, name: &str) -> Seen {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (far, recording) = recorded(far);
    let mut plain = Plain::server(&Arc::new(config), far);
    let connector = TlsConnector::from(context);
    let (heard, refused) = tokio::join!(
        async {
            let error = match plain.handshake(b"").await {
                Ok(()) => plain.read_to_end().await.unwrap_err(),
                Err(error) => error,
            };
            let heard = alert_of(&error);
            drop(plain);
            heard
        },
        connector.connect(super::ends::name(name), near)
    );
    let (alerts, last) = alert_records(&recording.read());
    Seen {
        failed: Failed::from(&refused.unwrap_err()),
        heard,
        alerts,
        last,
    }
}

// Spec: T-CLS-11
#[tokio::test]
async fn a_refused_server_hears_one_alert_the_right_one() {
    let pki = Pki::shared();
    let rows: [(&str, &Leaf, &str, u8); 5] = [
        ("expired", &pki.expired, "localhost", 45),
        ("not yet valid", &pki.not_yet_valid, "localhost", 45),
        ("another CA", &pki.other_ca, "localhost", 48),
        ("self-signed", &pki.self_signed_end_entity, "localhost", 48),
        ("another name", &pki.wrong_name, "localhost", 42),
    ];
    for version in VERSIONS {
        for (what, leaf, name, alert) in rows {
            let config = plain_rustls::server(rustls_version(version), leaf);
            let seen = refused_by_client(client(version).build().unwrap(), config, name).await;
            assert_eq!(
                seen.failed.code, "server_certificate_refused",
                "{version}: {what}"
            );
            assert_eq!(seen.failed.phase, Phase::ServerCertificate);
            assert_eq!(seen.failed.fault, Fault::Peer);
            assert_eq!(seen.heard, Some(alert), "{version}: {what}: heard");
            assert_eq!(
                seen.failed.alert,
                Some(alert),
                "{version}: {what}: reported"
            );
            assert_eq!(
                (seen.alerts, seen.last),
                (1, true),
                "{version}: {what}: one alert"
            );
        }
    }
}

/// The server's refusal comes under the application keys when the client is done already.
// Spec: T-CLS-37, ERR-21
#[tokio::test]
async fn a_refusal_after_the_clients_handshake_is_read_from_the_stream() {
    let context = server()
        .client_auth(ClientAuth::required(trust()))
        .build()
        .unwrap();
    let acceptor = TlsAcceptor::from(context);
    for (leaf, alert) in [
        (None, "certificate_required"),
        (Some(&Pki::shared().client_expired), "certificate_expired"),
    ] {
        let mut context = client(ProtocolVersion::Tls13);
        if let Some(leaf) = leaf {
            // A client does not load an expired certificate by accident; a peer may well have one.
            context = context.client_identity(identity(leaf));
        }
        let connector = TlsConnector::from(context.build().unwrap());
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (connected, refused) = tokio::join!(
            async {
                let mut stream = connector
                    .connect(super::ends::name("localhost"), near)
                    .await?;
                let read = tokio::io::AsyncReadExt::read_u8(&mut stream).await;
                Ok::<_, tls_net::HandshakeError>(read)
            },
            acceptor.accept(far)
        );
        assert!(refused.is_err());
        let error = connected.unwrap().unwrap_err();
        assert!(error.to_string().contains(alert), "{error}");
    }
}
