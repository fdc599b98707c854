//! `T-SNI-*`: which context.

use serde_json::json;
use tls_context::{ClientAuth, SecureContext};
use tls_net::{ContextRule, TlsAcceptor, TlsConnector};
use tls_testing::Pki;
use tls_tests::credentials::{client, identity, server, trust};
use tls_tests::{NodePeer, Served, VERSIONS, dial};
use tls_wire::AlertDescription;

fn serving(name: &str) -> SecureContext {
    SecureContext::server(identity(&Pki::shared().issue(&[name])))
        .build()
        .unwrap()
}

// Spec: T-SNI-01, T-SNI-13, T-SNI-12, SNI-01, SNI-02, SRV-14
#[tokio::test]
async fn names_patterns_and_the_default() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let acceptor = TlsAcceptor::builder(server().build().unwrap())
        .context("a.example.com", serving("exact"))
        .context("*.test.com", serving("pattern"))
        .context("foo*.y.com", serving("part"))
        .context("*", serving("star"));
    let mut served = Served::echo(acceptor).await;
    let cases = [
        ("a.example.com", "exact", Some("a.example.com")),
        ("A.EXAMPLE.com", "exact", Some("a.example.com")),
        ("b.test.com", "pattern", Some("*.test.com")),
        ("foobar.y.com", "part", Some("foo*.y.com")),
        ("single", "star", Some("*")),
        ("a.b.test.com", "localhost", None),
        ("c.wrong.com", "localhost", None),
        ("", "localhost", None),
    ];
    for (name, common_name, rule) in cases {
        let options = json!({ "ca": Pki::shared().root.pem(), "servername": name, "checkServerIdentity": "skip" });
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["peer"], common_name, "{name}: {report}");
        let info = served.connection().await;
        let rule = rule.map_or(ContextRule::Default, |rule| ContextRule::Name(rule.into()));
        assert_eq!(*info.context_rule(), rule);
        let lower = name.to_ascii_lowercase();
        assert_eq!(
            info.server_name(),
            Some(&*lower).filter(|name| !name.is_empty())
        );
    }
}

// Spec: T-SNI-06
#[tokio::test]
async fn the_newest_of_equal_patterns_wins() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let acceptor = TlsAcceptor::builder(server().build().unwrap())
        .context("*.test.com", serving("older"))
        .context("*.test.com", serving("newer"));
    let mut served = Served::echo(acceptor).await;
    let options = json!({ "ca": Pki::shared().root.pem(), "servername": "b.test.com", "checkServerIdentity": "skip" });
    let report = node
        .connect(served.address, options.clone(), json!({}))
        .await;
    assert_eq!(report["peer"], "newer");
    served
        .handle
        .add_context("*.test.com", serving("newest"))
        .unwrap();
    for _ in 0..2 {
        let report = node
            .connect(served.address, options.clone(), json!({}))
            .await;
        assert_eq!(report["peer"], "newest");
    }
    served.connection().await;
}

// Spec: T-SNI-02, T-SNI-05, SNI-03, SNI-04
#[tokio::test]
async fn the_chosen_context_brings_its_own_client_authorities() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let asking = |trust| {
        server()
            .client_auth(ClientAuth::optional(trust))
            .dangerous()
            .accept_any_certificate()
            .build()
            .unwrap()
    };
    let (ours, others) = (asking(trust(&pki.root)), asking(trust(&pki.other_root)));
    let by_name = TlsAcceptor::builder(server().build().unwrap())
        .context("ours.test", ours.clone())
        .context("others.test", others.clone());
    let by_hook = TlsAcceptor::builder(server().build().unwrap()).choose_context(move |hello| {
        let chosen = match hello.server_name() {
            Some("ours.test") => Some(ours.clone()),
            Some("others.test") => Some(others.clone()),
            _ => None,
        };
        async move {
            tokio::task::yield_now().await;
            Ok::<_, std::io::Error>(chosen)
        }
    });
    for (acceptor, version) in [(by_name, VERSIONS[0]), (by_hook, VERSIONS[1])] {
        let mut served = Served::echo(acceptor).await;
        for (name, leaf, authorized) in [
            ("ours.test", &*pki.client, true),
            ("ours.test", &*pki.client_other_ca, false),
            ("others.test", &*pki.client, false),
            ("others.test", &*pki.client_other_ca, true),
            ("nobody.test", &*pki.client, false),
        ] {
            let options = json!({
                "ca": pki.root.pem(), "servername": name, "checkServerIdentity": "skip",
                "cert": leaf.chain_pem(), "key": leaf.key_pem(), "maxVersion": version.to_string(),
            });
            let report = node.connect(served.address, options, json!({})).await;
            assert_eq!(report["data"], "hello", "{name} {report}");
            let info = served.connection().await;
            assert_eq!(info.authorized(), authorized, "{name}");
            let default = name == "nobody.test";
            assert_eq!(*info.context_rule() == ContextRule::Default, default);
        }
    }
}

// Spec: T-SNI-04, T-SNI-03, SNI-08
#[tokio::test]
async fn a_hook_that_fails_or_chooses_nonsense_ends_that_connection_only() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let acceptor =
        TlsAcceptor::builder(server().build().unwrap()).choose_context(|hello| async move {
            match hello.server_name() {
                Some("fails.test") => Err("the hook's own error"),
                Some("panics.test") => panic!("the hook's own panic"),
                Some("client.test") => Ok(Some(client().build().unwrap())),
                _ => Ok(None),
            }
        });
    let mut served = Served::echo(acceptor).await;
    let options = |name: &str| json!({ "ca": Pki::shared().root.pem(), "servername": name, "checkServerIdentity": "skip" });
    for (name, code) in [
        ("fails.test", "hook_failed"),
        ("panics.test", "hook_panicked"),
        ("client.test", "unusable_context"),
    ] {
        let report = node.connect(served.address, options(name), json!({})).await;
        assert_eq!(
            report["errors"][0]["code"], "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
            "{name} {report}"
        );
        let failure = served.failure().await;
        assert_eq!(
            (failure.code, failure.server_name.as_deref()),
            (code, Some(name))
        );
        assert_eq!(failure.alert, Some(AlertDescription::InternalError));
        assert!(failure.peer.is_some());
    }
    let report = node
        .connect(served.address, options("localhost"), json!({}))
        .await;
    assert_eq!(report["data"], "hello");
}

// Spec: T-SNI-07, SNI-05, T-VER-42, CTX-25
#[tokio::test]
async fn no_certificate_anywhere_is_alert_40() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let empty = SecureContext::without_certificate().build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(empty)).await;
    for version in VERSIONS {
        let options = json!({ "servername": "localhost", "maxVersion": version.to_string() });
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(
            report["errors"][0]["code"], "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
            "{report}"
        );
        let failure = served.failure().await;
        assert_eq!(failure.code, "no_suitable_identity");
        assert_eq!(
            failure.node_code,
            Some("ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM")
        );
    }
}

// Spec: T-SNI-11, CON-09, CON-11
#[tokio::test]
async fn an_address_is_checked_and_not_sent_as_a_name() {
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    let connector = TlsConnector::from(client().build().unwrap());
    let stream = dial(served.address, &connector, "127.0.0.1").await.unwrap();
    assert!(stream.info().authorized());
    assert_eq!(served.connection().await.server_name(), None);
    let error = dial(served.address, &connector, "127.0.0.2")
        .await
        .unwrap_err();
    assert_eq!(error.node_code(), Some("ERR_TLS_CERT_ALTNAME_INVALID"));
}
