//! `T-IDN-*`: the name in the certificate.

use serde_json::json;
use tls_net::TlsConnector;
use tls_testing::pki::{p256, server_params};
use tls_testing::{Leaf, Pki};
use tls_tests::credentials::client;
use tls_tests::{NodePeer, dial};

// Spec: T-IDN-21, T-IDN-22
#[tokio::test]
async fn only_alternative_names_count() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let named = |common_name: &str, names: &[&str]| -> Leaf {
        let mut params = server_params(names);
        params.distinguished_name.remove(rcgen::DnType::CommonName);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, common_name);
        pki.intermediate.sign(params, p256())
    };
    for leaf in [
        named("good.test", &["evil.test"]),
        named("good.test", &["127.0.0.1"]),
        named("good.test", &[]),
    ] {
        let theirs = node
            .listen(
                json!({ "cert": leaf.chain_pem(), "key": leaf.key_pem() }),
                json!({}),
            )
            .await;
        let connector = TlsConnector::from(client().build().unwrap());
        let error = dial(theirs.address, &connector, "good.test")
            .await
            .unwrap_err();
        assert_eq!(error.node_code(), Some("ERR_TLS_CERT_ALTNAME_INVALID"));
        assert!(error.to_string().contains("good.test"), "{error}");
    }
}
