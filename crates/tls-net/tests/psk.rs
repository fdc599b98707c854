//! Pre-shared keys at both ends, beside certificates and without.

#![allow(clippy::unwrap_used)]

mod ends;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ends::{End, Pki, VERSIONS, exchange, handshake};
use rustls::HandshakeKind;
use tls_context::{ClientAuth, SecureContext, SecureContextBuilder};
use tls_net::{
    AcceptorBuilder, ClientPsk, ConnectionInfo, HandshakeErrorKind, ImportContext, NotResumed,
    Proof, PskIdentity, PskKey, PskKeys, Resumption, SessionKind, TlsAcceptor, TlsConnector,
};
use tls_wire::{AlertDescription, CipherSuite, ProtocolVersion};

const SECRET: [u8; 32] = [7; 32];

fn identity(name: &str) -> PskIdentity {
    PskIdentity::new(name).unwrap()
}

fn key(secret: &[u8]) -> PskKey {
    PskKey::from_bytes(secret).unwrap()
}

fn psk(name: &str, secret: &[u8]) -> ClientPsk {
    ClientPsk {
        identity: identity(name),
        key: key(secret),
    }
}

/// Knows "gate-7" alone.
fn table() -> PskKeys {
    PskKeys::from_keys([(identity("gate-7"), key(&SECRET))]).unwrap()
}

fn without_certificate() -> SecureContextBuilder {
    SecureContext::without_certificate()
}

/// A server of keys alone.
fn acceptor() -> AcceptorBuilder {
    TlsAcceptor::builder(without_certificate().build().unwrap()).psk(table())
}

/// A client with one key, up to `version`.
fn connector(version: ProtocolVersion) -> TlsConnector {
    with_psks(version, [psk("gate-7", &SECRET)])
}

fn with_psks(version: ProtocolVersion, psks: impl IntoIterator<Item = ClientPsk>) -> TlsConnector {
    let context = without_certificate().max_version(version).build().unwrap();
    TlsConnector::from(context).psk(psks)
}

async fn connect(acceptor: AcceptorBuilder, connector: &TlsConnector) -> (End, End) {
    handshake(&acceptor.build().unwrap(), connector, "broker.example").await
}

/// Both ends' facts of a connection that carries data.
async fn facts((client, server): (End, End)) -> [ConnectionInfo; 2] {
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    exchange(&mut client, &mut server).await;
    [client.info(), server.info()]
}

// Spec: PSK-11
#[tokio::test]
async fn psk_11_both_ends_are_authorised_by_the_key() {
    for version in VERSIONS {
        for info in facts(connect(acceptor(), &connector(version)).await).await {
            assert_eq!(info.psk_identity(), Some(&identity("gate-7")));
            assert!(info.authorized() && info.peer_certificates().is_none());
            assert_eq!(info.peer().proof(), Proof::PreSharedKey);
            assert_eq!(info.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(info.server_name(), Some("broker.example"));
            let number = info.protocol_version().map(u16::from);
            assert_eq!(number, Some(version.number()));
            match version {
                ProtocolVersion::Tls13 => {
                    let suite = info.negotiated_cipher_suite().unwrap();
                    assert_eq!(CipherSuite(u16::from(suite.suite())), info.cipher_suite());
                    assert_eq!(info.cipher_suite(), CipherSuite::TLS_AES_128_GCM_SHA256);
                }
                _ => {
                    assert!(info.negotiated_cipher_suite().is_none());
                    assert!(
                        info.cipher_suite()
                            .iana_name()
                            .unwrap()
                            .contains("ECDHE_PSK")
                    );
                }
            }
            assert!(info.negotiated_key_exchange_group().is_some());
        }
    }
}

#[tokio::test]
async fn imported_keys_show_the_name_of_the_external_one() {
    let context = ImportContext::between("gate-7", "broker").unwrap();
    let psks = context.import(&identity("gate-7"), &key(&SECRET)).unwrap();
    let server = TlsAcceptor::builder(without_certificate().build().unwrap())
        .psk(table().imported_into(context));
    let server = server.build().unwrap();
    let client = with_psks(ProtocolVersion::Tls13, psks);
    let (near, far) = handshake(&server, &client, "broker.example").await;
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    exchange(&mut near, &mut far).await;
    let again = client.resuming(near.session().unwrap());
    let resumed = facts(handshake(&server, &again, "broker.example").await).await;
    assert!(resumed[1].resumption().is_resumed());
    for info in [near.info(), far.info()].iter().chain(&resumed) {
        assert_eq!(info.psk_identity(), Some(&identity("gate-7")));
    }
}

#[tokio::test]
async fn a_session_of_a_key_resumes_at_another_worker() {
    let keys = tls_session_store::TicketKeys::generate().unwrap();
    let worker = || {
        let acceptor = acceptor().ticket_keys(keys.clone()).worker_name("one");
        acceptor.build().unwrap()
    };
    let client = connector(ProtocolVersion::Tls13);
    let (near, far) = handshake(&worker(), &client, "broker.example").await;
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    exchange(&mut near, &mut far).await;
    let full = Resumption::Full(NotResumed::NoSessionOffered);
    assert_eq!(far.info().resumption(), full);
    let session = near.session().unwrap();
    assert!(near.session().is_none());
    let again = client.resuming(session.clone());
    let resumed = facts(handshake(&worker(), &again, "broker.example").await).await;
    for info in &resumed {
        assert_eq!(info.resumption(), Resumption::Resumed(SessionKind::Ticket));
        assert_eq!(info.handshake_kind(), Some(HandshakeKind::Resumed));
        assert_eq!(info.psk_identity(), Some(&identity("gate-7")));
    }
    assert_eq!(resumed[1].session_maker(), Some("one"));
    // Once, and never under another name.
    assert!(session.is_used());
}

#[tokio::test]
async fn a_session_ends_with_its_key() {
    let table = table();
    let server = TlsAcceptor::builder(without_certificate().build().unwrap()).psk(table.clone());
    let server = server.build().unwrap();
    let client = connector(ProtocolVersion::Tls13);
    let (near, far) = handshake(&server, &client, "broker.example").await;
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    exchange(&mut near, &mut far).await;
    let again = client.resuming(near.session().unwrap());
    table.remove(&identity("gate-7"));
    let (near, far) = handshake(&server, &again, "broker.example").await;
    assert_eq!(near.unwrap_err().code(), "psk_not_accepted");
    assert_eq!(far.unwrap_err().code(), "unknown_psk_identity");
}

// Spec: PSK-06, PSK-07, T-PSK-02
#[tokio::test]
async fn unknown_identities_and_wrong_keys_have_their_alerts() {
    use AlertDescription as Alert;
    for (version, name, secret, code, alert) in [
        (
            ProtocolVersion::Tls13,
            "nobody",
            SECRET,
            "unknown_psk_identity",
            Alert::HandshakeFailure,
        ),
        (
            ProtocolVersion::Tls12,
            "nobody",
            SECRET,
            "unknown_psk_identity",
            Alert::UnknownPskIdentity,
        ),
        (
            ProtocolVersion::Tls13,
            "gate-7",
            [8; 32],
            "binder_mismatch",
            Alert::DecryptError,
        ),
        (
            ProtocolVersion::Tls12,
            "gate-7",
            [8; 32],
            "bad_record_mac",
            Alert::BadRecordMac,
        ),
    ] {
        let client = with_psks(version, [psk(name, &secret)]);
        let (near, far) = connect(acceptor(), &client).await;
        let (near, far) = (near.unwrap_err(), far.unwrap_err());
        assert_eq!((far.code(), far.alert_sent()), (code, Some(alert)));
        assert_eq!(near.node_code(), alert.node_code(), "{near}");
    }
}

/// The decoy answers an unknown identity as a wrong key, in both versions.
#[tokio::test]
async fn a_decoy_hides_which_identities_there_are() {
    for version in VERSIONS {
        let answer = async |name: &str| {
            let client = with_psks(version, [psk(name, &[8; 32])]);
            let (near, far) = connect(acceptor().psk_decoy(true), &client).await;
            (near.unwrap_err().code(), far.unwrap_err().alert_sent())
        };
        assert_eq!(answer("nobody").await, answer("gate-7").await);
    }
}

// Spec: PSK-12, T-PSK-08
#[tokio::test]
async fn certificates_and_keys_on_one_port() {
    let pki = Pki::new();
    for version in VERSIONS {
        let server = || {
            let context = SecureContext::server(pki.identity.clone()).build().unwrap();
            TlsAcceptor::builder(context).psk(table())
        };
        let by_key = facts(connect(server(), &connector(version)).await).await;
        assert!(by_key[1].psk_identity().is_some());
        let context = SecureContext::client(pki.trust.clone()).max_version(version);
        let client = TlsConnector::from(context.build().unwrap());
        let acceptor = server().build().unwrap();
        let by_certificate = facts(handshake(&acceptor, &client, "localhost").await).await;
        assert!(by_certificate[0].peer_certificates().is_some());
        assert!(by_certificate[1].psk_identity().is_none());
    }
}

/// Tickets go to the engine that made them.
#[tokio::test]
async fn a_session_of_a_certificate_is_resumed_beside_keys() {
    let pki = Pki::new();
    let context = SecureContext::server(pki.identity.clone()).build().unwrap();
    let server = TlsAcceptor::builder(context).psk(table()).build().unwrap();
    for version in VERSIONS {
        let context = SecureContext::client(pki.trust.clone()).max_version(version);
        let client = TlsConnector::from(context.build().unwrap());
        let (near, far) = handshake(&server, &client, "localhost").await;
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        exchange(&mut near, &mut far).await;
        let again = client.resuming(near.session().unwrap());
        let infos = facts(handshake(&server, &again, "localhost").await).await;
        assert!(infos[1].resumption().is_resumed());
        assert!(infos[1].psk_identity().is_none());
    }
}

/// Never a silent fall to a weaker proof.
#[tokio::test]
async fn a_server_without_the_key_is_a_typed_error() {
    let pki = Pki::new();
    let context = SecureContext::server(pki.identity.clone()).build().unwrap();
    let server = TlsAcceptor::builder(context).build().unwrap();
    let context = SecureContext::client(pki.trust.clone()).build().unwrap();
    let client = TlsConnector::from(context).psk([psk("gate-7", &SECRET)]);
    let (near, far) = handshake(&server, &client, "localhost").await;
    let error = near.unwrap_err();
    assert!(error.is_psk_not_accepted(), "{error}");
    assert!(matches!(error.kind(), HandshakeErrorKind::Psk(_)));
    assert!(far.is_err());
}

#[tokio::test]
async fn connect_to_may_be_told_to_try_again_with_certificates() {
    let pki = Pki::new();
    let context = SecureContext::server(pki.identity.clone()).build().unwrap();
    let server = TlsAcceptor::from(context)
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr().unwrap().to_string();
    let accepting = tokio::spawn(async move { server.accept().await });
    let context = SecureContext::client(pki.trust.clone()).build().unwrap();
    let name = ends::name("localhost");
    let client = TlsConnector::from(context)
        .server_name(name)
        .psk([psk("gate-7", &SECRET)]);
    let error = client.connect_to(&address).await.unwrap_err();
    assert_eq!(error.code(), "psk_not_accepted");
    let stream = client
        .psk_or_certificate(true)
        .connect_to(&address)
        .await
        .unwrap();
    assert!(stream.info().psk_identity().is_none() && stream.info().authorized());
    assert!(accepting.await.unwrap().unwrap().is_some());
}

// Spec: PSK-04, PSK-08, T-PSK-09
#[tokio::test]
async fn a_client_chooses_by_hint_and_may_have_no_key() {
    let hints = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&hints);
    let choose = move |hint: Option<&[u8]>| {
        seen.lock().unwrap().push(hint.map(<[u8]>::to_vec));
        Some(psk("gate-7", &SECRET))
    };
    for version in VERSIONS {
        let context = without_certificate().max_version(version).build().unwrap();
        let client = TlsConnector::from(context).psk_choose(choose.clone());
        facts(connect(acceptor().psk_hint("broker-1"), &client).await).await;
    }
    let hint = Some(b"broker-1".to_vec());
    assert_eq!(*hints.lock().unwrap(), [hint, None]);
    // No key in TLS 1.2 is an end, in TLS 1.3 a handshake with certificates.
    let pki = Pki::new();
    for version in VERSIONS {
        let context = SecureContext::server(pki.identity.clone()).build().unwrap();
        let server = TlsAcceptor::builder(context).psk(table()).build().unwrap();
        let context = SecureContext::client(pki.trust.clone()).max_version(version);
        let context = match version {
            ProtocolVersion::Tls12 => context,
            _ => context.min_version(version),
        };
        let client = TlsConnector::from(context.build().unwrap()).psk_choose(|_| None);
        let (near, far) = handshake(&server, &client, "localhost").await;
        match version {
            ProtocolVersion::Tls12 => {
                let error = near.unwrap_err();
                assert_eq!(error.node_code(), Some("ERR_SSL_PSK_IDENTITY_NOT_FOUND"));
                let kind = far.unwrap_err();
                let alert = HandshakeErrorKind::AlertReceived(AlertDescription::HandshakeFailure);
                assert_eq!(kind.kind().to_string(), alert.to_string());
            }
            _ => assert!(near.unwrap().info().peer_certificates().is_some() && far.is_ok()),
        }
    }
}

// Spec: PSK-15, T-PSK-12
#[tokio::test]
async fn psk_15_a_lookup_that_fails_ends_one_connection() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = TlsAcceptor::builder(without_certificate().build().unwrap())
        .hook_timeout(Duration::from_secs(1))
        .psk_lookup(move |query| {
            let call = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                match call / VERSIONS.len() {
                    0 => Err("the database is away"),
                    1 => panic!("a defect"),
                    _ => Ok((query.identity.as_bytes() == b"gate-7").then(|| key(&SECRET))),
                }
            }
        })
        .build()
        .unwrap();
    for code in ["hook_failed", "hook_panicked"] {
        for version in VERSIONS {
            let (near, far) = handshake(&server, &connector(version), "broker.example").await;
            let error = far.unwrap_err();
            assert_eq!(error.code(), code);
            assert_eq!(error.alert_sent(), Some(AlertDescription::InternalError));
            assert!(near.is_err());
        }
    }
    for version in VERSIONS {
        facts(handshake(&server, &connector(version), "broker.example").await).await;
    }
    assert_eq!(calls.load(Ordering::Relaxed), 6);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_takes_too_long_ends_its_connection() {
    let server = TlsAcceptor::builder(without_certificate().build().unwrap())
        .hook_timeout(Duration::from_secs(2))
        .psk_lookup(|_| std::future::pending::<Result<Option<PskKey>, std::io::Error>>())
        .build()
        .unwrap();
    for version in VERSIONS {
        let (_, far) = handshake(&server, &connector(version), "broker.example").await;
        assert_eq!(far.unwrap_err().code(), "hook_timeout");
    }
}

/// A key is no way around a certificate that is demanded.
#[tokio::test]
async fn client_certificates_and_keys_do_not_mix() {
    let pki = Pki::new();
    let demanding = SecureContext::server(pki.identity.clone())
        .client_auth(ClientAuth::required(pki.trust.clone()))
        .build()
        .unwrap();
    let refused = TlsAcceptor::builder(demanding.clone()).psk(table()).build();
    assert_eq!(refused.unwrap_err().code(), "psk_with_client_certificates");
    let server = TlsAcceptor::builder(without_certificate().build().unwrap())
        .context("broker.example", demanding)
        .psk(table());
    let (near, far) = connect(server, &connector(ProtocolVersion::Tls13)).await;
    assert!(near.is_err() && far.is_err());
}

// Spec: T-PSK-06
#[tokio::test]
async fn a_hint_has_256_bytes_at_most() {
    assert!(acceptor().psk_hint(&"x".repeat(256)).build().is_ok());
    let error = acceptor().psk_hint(&"x".repeat(257)).build().unwrap_err();
    assert_eq!(error.code(), "psk_hint_too_long");
    assert_eq!(
        error.node_code(),
        Some("ERR_TLS_PSK_SET_IDENTITY_HINT_FAILED")
    );
}

#[tokio::test]
async fn keys_alone_only_where_both_ends_ask_for_it() {
    for version in VERSIONS {
        let client = connector(version).psk_without_forward_secrecy(true);
        // A key exchange is made if there is one.
        let server = acceptor().psk_without_forward_secrecy(true);
        let info = &facts(connect(server, &client).await).await[1];
        assert!(info.negotiated_key_exchange_group().is_some());
    }
}

#[tokio::test]
async fn exporters_and_protocols_are_those_of_any_connection() {
    for version in VERSIONS {
        let context = without_certificate().alpn(["mqtt"]).exporter(true);
        let server = TlsAcceptor::builder(context.clone().build().unwrap()).psk(table());
        let client = TlsConnector::from(context.max_version(version).build().unwrap())
            .psk([psk("gate-7", &SECRET)]);
        let (near, far) = connect(server, &client).await;
        let (near, far) = (near.unwrap(), far.unwrap());
        for stream in [&near, &far] {
            assert_eq!(stream.info().alpn_protocol(), Some(&b"mqtt"[..]));
        }
        let export = |stream: &tls_net::TlsStream<_>| {
            stream
                .export_keying_material([0; 32], b"EXPORTER-test", None)
                .unwrap()
        };
        assert_eq!(export(&near), export(&far));
    }
}
