//! `T-ALP-*`: which application protocol.

use serde_json::json;
use tls_context::SecureContext;
use tls_net::TlsAcceptor;
use tls_testing::Pki;
use tls_tests::credentials::{identity, server};
use tls_tests::{NodePeer, Served, VERSIONS};
use tls_wire::{AlertDescription, ProtocolVersion};

// Spec: T-ALP-01, T-ALP-02, ALP-02, ALP-04
#[tokio::test]
async fn the_servers_order_decides_and_silence_means_none() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let ca = Pki::shared().root.pem();
    let cases = [
        (vec!["a", "b", "c"], json!(["a", "b", "c"]), json!("a")),
        (vec!["a", "b", "c"], json!(["c", "b", "e"]), json!("b")),
        (vec!["a", "b", "c"], json!(["x", "y", "c"]), json!("c")),
        (vec!["a"], json!(null), json!(false)),
        (vec![], json!(["a"]), json!(false)),
        (vec![], json!(null), json!(false)),
    ];
    for (ours, theirs, expected) in cases {
        let mut served =
            Served::echo(TlsAcceptor::builder(server().alpn(ours).build().unwrap())).await;
        for version in VERSIONS {
            let mut options =
                json!({ "ca": ca, "servername": "localhost", "maxVersion": version.to_string() });
            if !theirs.is_null() {
                options["ALPNProtocols"] = theirs.clone();
            }
            let report = node.connect(served.address, options, json!({})).await;
            assert_eq!(report["alpn"], expected, "{report}");
            let info = served.connection().await;
            let ours = info.alpn_protocol().map(String::from_utf8_lossy);
            assert_eq!(
                json!(ours),
                if expected == false {
                    json!(null)
                } else {
                    expected.clone()
                }
            );
        }
    }
}

// Spec: T-ALP-03, ALP-03, ERR-21
#[tokio::test]
async fn no_overlap_is_alert_120() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let mut served = Served::echo(TlsAcceptor::builder(
        server().alpn(["foo"]).build().unwrap(),
    ))
    .await;
    for version in VERSIONS {
        let options = json!({
            "ca": Pki::shared().root.pem(), "servername": "localhost", "ALPNProtocols": ["bar"],
            "maxVersion": version.to_string(),
        });
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["secure"], false);
        assert_eq!(
            report["errors"][0]["code"],
            "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
        );
        let failure = served.failure().await;
        assert_eq!(failure.node_code, Some("ERR_SSL_NO_APPLICATION_PROTOCOL"));
    }
}

// Spec: T-ALP-04, T-ALP-05, ALP-05, ALP-06
#[tokio::test]
async fn the_hook_chooses_among_what_is_offered() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let acceptor =
        TlsAcceptor::builder(server().build().unwrap()).choose_protocol(|hello| async move {
            match hello.server_name() {
                Some("localhost") => Ok(hello.alpn_protocols().nth(1).map(<[u8]>::to_vec)),
                Some("example.test") => Ok(Some(b"never offered".to_vec())),
                _ => Err("the hook's own error"),
            }
        });
    let mut served = Served::echo(acceptor).await;
    let options = |name: &str, offers: &[&str]| json!({ "ca": Pki::shared().root.pem(), "servername": name, "ALPNProtocols": offers });
    let report = node
        .connect(
            served.address,
            options("localhost", &["a", "b", "c"]),
            json!({}),
        )
        .await;
    assert_eq!(report["alpn"], "b");
    assert_eq!(served.connection().await.alpn_protocol(), Some(&b"b"[..]));
    for name in ["localhost", "example.test"] {
        let report = node
            .connect(served.address, options(name, &["a"]), json!({}))
            .await;
        assert_eq!(
            report["errors"][0]["code"],
            "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"
        );
        assert_eq!(served.failure().await.code, "no_application_protocol");
    }
    let report = node
        .connect(
            served.address,
            options("deep.wild.example.test", &["a"]),
            json!({}),
        )
        .await;
    assert_eq!(
        report["errors"][0]["code"],
        "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR"
    );
    let failure = served.failure().await;
    assert_eq!(
        (failure.code, failure.alert),
        ("hook_failed", Some(AlertDescription::InternalError))
    );
    // Who offers nothing is not asked about.
    let silent = json!({ "ca": Pki::shared().root.pem(), "servername": "deep.wild.example.test" });
    let report = node.connect(served.address, silent, json!({})).await;
    assert_eq!(report["alpn"], false, "{report}");
}

// Spec: T-CRD-12, SOP-23
#[tokio::test]
async fn another_certificate_for_another_protocol() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let context = |leaf| {
        let builder = SecureContext::server(identity(leaf)).alpn(["usual", "other"]);
        builder.min_version(ProtocolVersion::Tls13).build().unwrap()
    };
    let alternative = Pki::shared().issue(&["localhost", "alternative.test"]);
    let (usual, other) = (context(&Pki::shared().server), context(&alternative));
    let acceptor = TlsAcceptor::builder(usual).choose_context(move |hello| {
        let wanted = hello.alpn_protocols().next() == Some(b"other");
        let chosen = wanted.then(|| other.clone());
        async move { Ok::<_, std::io::Error>(chosen) }
    });
    let served = Served::echo(acceptor).await;
    for (protocol, name) in [("usual", "example.test"), ("other", "alternative.test")] {
        let options = json!({
            "ca": Pki::shared().root.pem(), "servername": "localhost", "ALPNProtocols": [protocol],
        });
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["alpn"], protocol, "{report}");
        assert_eq!(report["protocol"], "TLSv1.3");
        let names = report["names"].as_str().unwrap();
        assert!(names.contains(name), "{names}");
    }
}
