//! `PSK-*`, `T-PSK-*`: keys agreed beforehand, with a Node at the other end.

use serde_json::{Value, json};
use tls_context::{SecureContext, SecureContextBuilder};
use tls_net::{
    AcceptorBuilder, ClientPsk, PskIdentity, PskKey, PskKeys, TlsAcceptor, TlsConnector,
};
use tls_session_store::TicketKeys;
use tls_testing::Pki;
use tls_testing::peer::Node;
use tls_tests::credentials::{client, server};
use tls_tests::{NodePeer, Served, VERSIONS, dial, exchange};
use tls_wire::{AlertDescription, CipherSuite, ProtocolVersion};

/// What Node's own test names: PSK is off in its list otherwise.
const CIPHERS: &str = "PSK+HIGH:TLS_AES_128_GCM_SHA256";
const KEY: &str = "d731ef57be09e5204f0b205b60627028";

fn identity(name: &str) -> PskIdentity {
    PskIdentity::new(name).unwrap()
}

fn keys(key: &str) -> PskKeys {
    let key = PskKey::from_hex(key).unwrap();
    PskKeys::from_keys([(identity("TestUser"), key)]).unwrap()
}

fn without_certificate() -> SecureContextBuilder {
    SecureContext::without_certificate()
}

fn acceptor(key: &str) -> AcceptorBuilder {
    TlsAcceptor::builder(without_certificate().build().unwrap()).psk(keys(key))
}

fn connector(context: SecureContextBuilder, name: &str, key: &str) -> TlsConnector {
    let psk = ClientPsk {
        identity: identity(name),
        key: PskKey::from_hex(key).unwrap(),
    };
    TlsConnector::from(context.build().unwrap()).psk([psk])
}

/// Options of a Node client with a key.
fn node_client(name: &str, key: &str, version: ProtocolVersion) -> Value {
    json!({
        "ciphers": CIPHERS, "maxVersion": version.to_string(), "checkServerIdentity": "skip",
        "psk": { "identity": name, "key": key },
    })
}

/// Options of a Node server with one key and no certificate.
fn node_server(key: &str, version: ProtocolVersion) -> Value {
    json!({
        "ciphers": CIPHERS, "maxVersion": version.to_string(), "psks": { "TestUser": key },
    })
}

// Spec: T-PSK-01, PSK-02, PSK-04, PSK-11, T-PSK-14
#[tokio::test]
async fn a_node_client_with_a_key() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    for key in [KEY.to_owned(), "5a".repeat(128)] {
        let mut served = Served::echo(acceptor(&key).psk_hint("broker")).await;
        for version in VERSIONS {
            let options = node_client("TestUser", &key, version);
            let more = json!({ "end": "end", "expect": 5 });
            let report = node.connect(served.address, options, more).await;
            assert_eq!(report["data"], "hello", "{report}");
            assert_eq!(report["authorized"], true);
            assert_eq!(report["peer"], Value::Null);
            let info = served.connection().await;
            assert_eq!(info.psk_identity(), Some(&identity("TestUser")));
            assert!(info.authorized() && info.peer_certificates().is_none());
            match version {
                // The callback is called before the hello; TLS 1.3 has no hint.
                ProtocolVersion::Tls13 => {
                    assert_eq!(report["hints"][0], Value::Null);
                    assert_eq!(report["reused"], true);
                    assert_eq!(report["ephemeral"], json!({}));
                    assert_eq!(report["sessions"].as_array().map(Vec::len), Some(1));
                    assert_eq!(report["cipher"]["name"], "TLS_AES_128_GCM_SHA256");
                    assert_eq!(info.cipher_suite(), CipherSuite::TLS_AES_128_GCM_SHA256);
                }
                _ => {
                    assert_eq!(report["hints"], json!(["broker"]));
                    assert_eq!(report["reused"], false);
                }
            }
        }
    }
}

// Spec: T-PSK-14
#[tokio::test]
async fn a_node_client_resumes_at_another_worker_what_a_key_began() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let ticket_keys = TicketKeys::generate().unwrap();
    let worker = || Served::echo(acceptor(KEY).ticket_keys(ticket_keys.clone()));
    let (mut first, mut second) = (worker().await, worker().await);
    let options = node_client("TestUser", KEY, ProtocolVersion::Tls13);
    let report = node.connect(first.address, options, json!({})).await;
    assert!(!first.connection().await.resumption().is_resumed());
    // Without the key: the session is enough, as long as the server still has it.
    let options = json!({
        "ciphers": CIPHERS, "minVersion": "TLSv1.3", "checkServerIdentity": "skip",
        "session": report["sessions"][0],
    });
    let report = node.connect(second.address, options, json!({})).await;
    assert_eq!(report["data"], "hello", "{report}");
    assert_eq!(report["reused"], true);
    let info = second.connection().await;
    assert!(info.resumption().is_resumed());
    assert_eq!(info.psk_identity(), Some(&identity("TestUser")));
}

// Spec: T-PSK-01, PSK-02, PSK-04, PSK-11
#[tokio::test]
async fn a_node_server_with_a_key() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    for key in [KEY.to_owned(), "5a".repeat(128)] {
        for version in VERSIONS {
            let mut options = node_server(&key, version);
            options["pskIdentityHint"] = json!("broker");
            let peer = node.listen(options, json!({})).await;
            let context = without_certificate().max_version(version);
            let connector = connector(context, "TestUser", &key);
            let mut stream = dial(peer.address, &connector, "localhost").await.unwrap();
            assert_eq!(exchange(&mut stream, "hello").await, "hello");
            let info = stream.info();
            assert!(info.authorized() && info.peer_certificates().is_none());
            let secure = node.event(peer, "secure").await;
            assert_eq!(secure["identities"][0], "TestUser");
            assert_eq!(secure["authorized"], false);
        }
    }
}

// Spec: PSK-06, T-PSK-02, T-PSK-07
#[tokio::test]
async fn an_unknown_identity() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let mut served = Served::echo(acceptor(KEY)).await;
    for (version, alert) in [
        (ProtocolVersion::Tls13, AlertDescription::HandshakeFailure),
        (ProtocolVersion::Tls12, AlertDescription::UnknownPskIdentity),
    ] {
        let options = node_client("Nobody", KEY, version);
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(
            report["errors"][0]["code"],
            json!(alert.node_code()),
            "{report}"
        );
        let failure = served.failure().await;
        assert_eq!(failure.code, "unknown_psk_identity");
        assert_eq!(failure.node_code, Some("ERR_SSL_PSK_IDENTITY_NOT_FOUND"));
        assert_eq!(failure.alert, Some(alert));

        let peer = node.listen(node_server(KEY, version), json!({})).await;
        let context = without_certificate().max_version(version);
        let connector = connector(context, "Nobody", KEY);
        let error = dial(peer.address, &connector, "localhost")
            .await
            .unwrap_err();
        assert_eq!(error.node_code(), alert.node_code(), "{error}");
    }
}

// Spec: PSK-07, T-PSK-03, T-PSK-10
#[tokio::test]
async fn a_wrong_key() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let wrong = "00112233445566778899aabbccddeeff";
    let mut served = Served::echo(acceptor(KEY)).await;
    for (version, alert, node_code) in [
        (
            ProtocolVersion::Tls13,
            AlertDescription::DecryptError,
            "ERR_SSL_BINDER_DOES_NOT_VERIFY",
        ),
        (
            ProtocolVersion::Tls12,
            AlertDescription::BadRecordMac,
            "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
        ),
    ] {
        let options = node_client("TestUser", wrong, version);
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(
            report["errors"][0]["code"],
            json!(alert.node_code()),
            "{report}"
        );
        let failure = served.failure().await;
        assert_eq!(
            (failure.node_code, failure.alert),
            (Some(node_code), Some(alert))
        );

        let peer = node.listen(node_server(KEY, version), json!({})).await;
        let context = without_certificate().max_version(version);
        let connector = connector(context, "TestUser", wrong);
        let error = dial(peer.address, &connector, "localhost")
            .await
            .unwrap_err();
        assert_eq!(error.node_code(), alert.node_code(), "{error}");
    }
}

// Spec: PSK-06, PSK-12, T-PSK-08
#[tokio::test]
async fn beside_a_certificate_an_unknown_identity_gets_that() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let acceptor = TlsAcceptor::builder(server().build().unwrap()).psk(keys(KEY));
    let mut served = Served::echo(acceptor).await;
    let ca = Pki::shared().root.pem();
    for (name, by_key) in [("TestUser", true), ("Nobody", false)] {
        let mut options = node_client(name, KEY, ProtocolVersion::Tls13);
        options["ca"] = json!(ca);
        options["servername"] = json!("localhost");
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["data"], "hello", "{report}");
        assert_eq!(report["peer"].is_null(), by_key);
        assert_eq!(served.connection().await.psk_identity().is_some(), by_key);
    }
    // And one without a key at all, in both versions.
    for version in VERSIONS {
        let options = json!({
            "ca": ca, "servername": "localhost", "maxVersion": version.to_string(),
        });
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["authorized"], true, "{report}");
        assert!(served.connection().await.psk_identity().is_none());
    }
}

// Spec: PSK-08, T-PSK-09
#[tokio::test]
async fn a_client_without_a_key_for_this_server() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    // Node's client, our server.
    let acceptor = TlsAcceptor::builder(server().build().unwrap()).psk(keys(KEY));
    let mut served = Served::echo(acceptor).await;
    let ca = Pki::shared().root.pem();
    for version in VERSIONS {
        let options = json!({
            "ca": ca, "servername": "localhost", "maxVersion": version.to_string(),
            "ciphers": "PSK:TLS_AES_128_GCM_SHA256", "psk": null,
        });
        let report = node.connect(served.address, options, json!({})).await;
        if version == ProtocolVersion::Tls12 {
            let code = "ERR_SSL_PSK_IDENTITY_NOT_FOUND";
            assert_eq!(report["errors"][0]["code"], code, "{report}");
            let alert = AlertDescription::HandshakeFailure.node_code();
            assert_eq!(served.failure().await.node_code, alert);
        } else {
            assert_eq!(report["authorized"], true, "{report}");
            assert!(served.connection().await.psk_identity().is_none());
        }
    }
    // Our client, Node's server.
    let pki = Pki::shared();
    for version in VERSIONS {
        let mut options = node_server(KEY, version);
        options["cert"] = json!(pki.server.chain_pem());
        options["key"] = json!(pki.server.key_pem());
        let peer = node.listen(options, json!({})).await;
        let context = client().max_version(version).min_version(version);
        let connector = TlsConnector::from(context.build().unwrap()).psk_choose(|_| None);
        let outcome = dial(peer.address, &connector, "localhost").await;
        if version == ProtocolVersion::Tls12 {
            let error = outcome.unwrap_err();
            assert_eq!(error.node_code(), Some("ERR_SSL_PSK_IDENTITY_NOT_FOUND"));
        } else {
            assert!(outcome.unwrap().info().peer_certificates().is_some());
        }
    }
}

// Spec: PSK-05, T-PSK-11
#[tokio::test]
async fn the_longest_identity_and_key() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let (name, key) = ("x".repeat(256), "5a".repeat(512));
    let table = PskKeys::from_keys([(identity(&name), PskKey::from_hex(&key).unwrap())]);
    let context = without_certificate().build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context).psk(table.unwrap())).await;
    for version in VERSIONS {
        let options = node_client(&name, &key, version);
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["data"], "hello", "{report}");
        let info = served.connection().await;
        assert_eq!(info.psk_identity(), Some(&identity(&name)));
    }
}

// Spec: PSK-01, PSK-14
#[tokio::test]
async fn one_end_without_keys() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    // Our server has a certificate and no keys; a client of TLS 1.2 offers nothing but.
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    let mut options = node_client("TestUser", KEY, ProtocolVersion::Tls12);
    options["ciphers"] = json!("PSK");
    let report = node.connect(served.address, options, json!({})).await;
    let alert = AlertDescription::HandshakeFailure.node_code();
    assert_eq!(report["errors"][0]["code"], json!(alert), "{report}");
    let failure = served.failure().await;
    assert_eq!(failure.node_code, Some("ERR_SSL_NO_SHARED_CIPHER"));
    // Node's server has neither.
    let options = json!({ "ciphers": CIPHERS });
    let peer = node.listen(options, json!({})).await;
    let connector = connector(without_certificate(), "TestUser", KEY);
    let error = dial(peer.address, &connector, "localhost")
        .await
        .unwrap_err();
    assert!(error.is_psk_not_accepted(), "{error}");
}

// Spec: PSK-09
#[tokio::test]
async fn a_key_for_sha_256_does_not_go_with_sha_384() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let context = without_certificate().ciphers("TLS_AES_256_GCM_SHA384");
    let acceptor = TlsAcceptor::builder(context.build().unwrap()).psk(keys(KEY));
    let mut served = Served::echo(acceptor).await;
    let mut options = node_client("TestUser", KEY, ProtocolVersion::Tls13);
    options["ciphers"] = json!("TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256");
    let report = node.connect(served.address, options, json!({})).await;
    assert_eq!(report["secure"], false, "{report}");
    assert_eq!(served.failure().await.code, "no_shared_cipher");
}

/// The JavaScript of `docs/psk.md`: both ends of it, as they are shown, against ours.
#[tokio::test]
async fn what_the_page_says_for_node_is_so() {
    let Some(node) = Node::require() else {
        return;
    };
    let page = include_str!("../../docs/psk.md");
    let block = page.split("```js\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let listens = ".listen(PORT);";
    let connects = "identity: 'gate-7' }) });";
    assert_eq!(block.matches(listens).count(), 1, "{block}");
    assert_eq!(block.matches(connects).count(), 1, "{block}");
    let (_, line) = page.split_once("gate-7:").unwrap();
    let key = line.lines().next().unwrap();

    let psk = PskKeys::from_keys([(identity("gate-7"), PskKey::from_hex(key).unwrap())]).unwrap();
    let acceptor = TlsAcceptor::builder(without_certificate().build().unwrap()).psk(psk);
    let mut served = Served::echo(acceptor).await;
    let port = served.address.port();
    let listening = ".listen(0, '127.0.0.1', function () { console.log(this.address().port); });";
    let connected = "identity: 'gate-7' }) }, function () { this.end('hello'); })
        .on('data', (data) => console.log('got', String(data)));";
    let block = block
        .replace(listens, listening)
        .replace(connects, connected);
    let script = format!("const [host, port] = ['127.0.0.1', {port}];\n{block}");
    let mut theirs = node.script(&script, &[]);

    // Its two ends are at work at once, so that the lines come in any order.
    let mut lines = [theirs.next_line().await, theirs.next_line().await];
    lines.sort();
    assert_eq!(lines[1], "got hello");
    let info = served.connection().await;
    assert_eq!(info.psk_identity(), Some(&identity("gate-7")));
    let address = ([127, 0, 0, 1], lines[0].parse().unwrap()).into();
    for version in VERSIONS {
        let context = without_certificate().max_version(version);
        let connector = connector(context, "gate-7", key);
        let mut stream = dial(address, &connector, "localhost").await.unwrap();
        assert_eq!(exchange(&mut stream, "hello").await, "hello", "{version}");
    }
}
