//! Our two ends against Node.

use serde_json::json;
use tls_net::{TlsAcceptor, TlsConnector};
use tls_testing::Pki;
use tls_tests::credentials::{client, server};
use tls_tests::{NodePeer, Served, VERSIONS, dial, exchange};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

// Spec: T-ALP-01, T-CIP-33, SOP-04, SOP-05, SOP-16, CON-08, CON-09
#[tokio::test]
async fn a_node_client_echoes_and_sees_the_same_facts() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let context = server().alpn(["a", "b", "c"]).build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for version in VERSIONS {
        let options = json!({
            "ca": pki.root.pem(), "servername": "localhost", "maxVersion": version.to_string(),
            "ALPNProtocols": ["c", "b", "e"],
        });
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["authorized"], true, "{report}");
        assert_eq!(report["data"], "hello");
        assert_eq!(report["protocol"], version.to_string());
        assert_eq!(report["alpn"], "b");
        assert_eq!(report["ended"], true, "our close_notify is its 'end'");
        assert_eq!(report["hadError"], false);
        let info = served.connection().await;
        assert_eq!(info.alpn_protocol(), Some(&b"b"[..]));
        assert_eq!(info.server_name(), Some("localhost"));
        assert_eq!(
            served.end().await.unwrap(),
            5,
            "its end() is our end of data"
        );
    }
}

// Spec: T-CIP-18, T-CIP-33, SOP-12
#[tokio::test]
async fn a_node_server_echoes_and_sees_the_same_facts() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let options = json!({
        "cert": pki.server.chain_pem(), "key": pki.server.key_pem(), "ALPNProtocols": ["a", "b", "c"],
    });
    let theirs = node.listen(options, json!({})).await;
    for version in VERSIONS {
        let context = client()
            .max_version(version)
            .alpn(["c", "b", "e"])
            .build()
            .unwrap();
        let connector = TlsConnector::from(context);
        let mut stream = dial(theirs.address, &connector, "localhost").await.unwrap();
        assert_eq!(exchange(&mut stream, "hello").await, "hello");
        let info = stream.info();
        assert!(info.authorized());
        assert_eq!(info.alpn_protocol(), Some(&b"b"[..]));
        let facts = node.event(theirs, "secure").await;
        assert_eq!(facts["protocol"], version.to_string());
        assert_eq!(facts["servername"], "localhost");
        assert_eq!(facts["alpn"], "b");
        let suite = u16::from(info.negotiated_cipher_suite().unwrap().suite());
        let suite = tls_wire::CipherSuite(suite);
        assert_eq!(facts["cipher"]["standardName"], suite.iana_name().unwrap());
        assert_eq!(facts["cipher"]["name"], suite.openssl_name().unwrap());
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert_eq!(node.event(theirs, "end").await["received"], 5);
    }
}
