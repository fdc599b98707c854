//! Key log and exporter: what both ends of a handshake must agree on.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tls_net::{TlsAcceptor, TlsConnector};
use tls_testing::Pki;
use tls_tests::credentials::{client, server};
use tls_tests::{NodePeer, Served, VERSIONS, dial, exchange};
use tls_wire::ProtocolVersion::Tls12;

/// Lines as Node writes them.
#[derive(Debug, Default)]
struct Lines(Mutex<Vec<String>>);

impl rustls::KeyLog for Lines {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        self.0.lock().unwrap().push(line);
    }
}

impl Lines {
    fn take(&self) -> Vec<String> {
        let mut lines = std::mem::take(&mut *self.0.lock().unwrap());
        lines.sort();
        lines
    }
}

fn sorted(lines: &Value) -> Vec<String> {
    let mut lines: Vec<String> = serde_json::from_value(lines.clone()).unwrap();
    lines.sort();
    lines
}

// Spec: T-KEY-01, SEV-05, SOE-04
#[tokio::test]
async fn both_ends_log_the_same_secrets() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let lines = Arc::new(Lines::default());
    let context = server().key_log(lines.clone()).build().unwrap();
    let served = Served::echo(TlsAcceptor::builder(context)).await;
    let theirs = json!({ "cert": pki.server.chain_pem(), "key": pki.server.key_pem() });
    let theirs = node.listen(theirs, json!({ "keylog": true })).await;
    for version in VERSIONS {
        let count = if version == Tls12 { 1 } else { 5 };
        let options = json!({ "ca": pki.root.pem(), "servername": "localhost", "maxVersion": version.to_string() });
        let report = node.connect(served.address, options, json!({})).await;
        let ours = lines.take();
        assert_eq!(ours.len(), count, "{ours:?}");
        assert_eq!(ours, sorted(&report["keylog"]));

        let context = client()
            .max_version(version)
            .key_log(lines.clone())
            .build()
            .unwrap();
        let mut stream = dial(theirs.address, &TlsConnector::from(context), "localhost")
            .await
            .unwrap();
        exchange(&mut stream, "hello").await;
        let ours = lines.take();
        let mut logged = Vec::new();
        for _ in 0..count {
            logged.push(
                node.event(theirs, "keylog").await["line"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        logged.sort();
        assert_eq!(ours, logged);
    }
}

// Spec: T-EKM-01, T-EKM-02, SOP-09
#[tokio::test]
async fn both_ends_export_the_same_material() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let asked = json!([
        { "length": 128, "label": "EXPORTER-test" },
        { "length": 128, "label": "EXPORTER-test", "context": "" },
        { "length": 128, "label": "EXPORTER-test", "context": "more" },
    ]);
    let material = |stream: &tls_net::TlsStream<tokio::net::TcpStream>| -> Vec<String> {
        [None, Some(&b""[..]), Some(&b"more"[..])]
            .into_iter()
            .map(|context| {
                stream
                    .export_keying_material([0u8; 128], b"EXPORTER-test", context)
                    .unwrap()
            })
            .map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
            .collect()
    };
    let theirs = json!({ "cert": pki.server.chain_pem(), "key": pki.server.key_pem() });
    let theirs = node.listen(theirs, json!({ "exporter": asked })).await;
    for version in VERSIONS {
        let context = client()
            .max_version(version)
            .exporter(true)
            .build()
            .unwrap();
        let mut stream = dial(theirs.address, &TlsConnector::from(context), "localhost")
            .await
            .unwrap();
        exchange(&mut stream, "hello").await;
        let ours = material(&stream);
        assert_eq!(node.event(theirs, "secure").await["exported"], json!(ours));
        assert_eq!(
            ours[0] == ours[1],
            version != Tls12,
            "absent differs from empty in 1.2"
        );
        assert_ne!(ours[1], ours[2]);

        let found = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&found);
        let acceptor = TlsAcceptor::builder(server().exporter(true).build().unwrap());
        let served = Served::start(acceptor, move |stream| {
            *keep.lock().unwrap() = material(&stream);
            tls_tests::served::echo(stream)
        })
        .await;
        let options = json!({ "ca": pki.root.pem(), "servername": "localhost", "maxVersion": version.to_string() });
        let report = node
            .connect(served.address, options, json!({ "exporter": asked }))
            .await;
        assert_eq!(report["exported"], json!(*found.lock().unwrap()));
    }
}
