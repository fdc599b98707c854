//! `T-VER-*`: who is let in, and what is said about it.

use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tls_certs::Trust;
use tls_context::{ClientAuth, SecureContext};
use tls_net::{TlsAcceptor, TlsConnector};
use tls_testing::{Leaf, Pki};
use tls_tests::credentials::{client, identity, server, trust, trusted_root};
use tls_tests::{NodePeer, Served, VERSIONS, dial, exchange};
use tls_wire::AlertDescription;
use tls_wire::ProtocolVersion::{self, Tls13};

fn serving(leaf: &Leaf) -> Value {
    json!({ "cert": leaf.chain_pem(), "key": leaf.key_pem() })
}

// Spec: T-VER-01, T-VER-03, T-VER-04, T-VER-15, T-VER-17, T-VER-18, T-VER-24, T-VER-27, XEC-01, XEC-02, XEC-03, XEC-04, XEC-08, XEC-09, CON-06, SOP-02, SOP-03
#[tokio::test]
async fn a_servers_certificate_judged_and_tolerated() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let cases: [(&Leaf, Trust, Option<&str>); 11] = [
        (&pki.server, trusted_root(), None),
        (
            &pki.self_signed,
            trusted_root(),
            Some("DEPTH_ZERO_SELF_SIGNED_CERT"),
        ),
        (
            &pki.other_ca,
            trusted_root(),
            Some("SELF_SIGNED_CERT_IN_CHAIN"),
        ),
        (
            &pki.other_ca,
            trusted_root().with(&trust(&pki.other_root)),
            None,
        ),
        (
            &pki.missing_intermediate,
            trusted_root(),
            Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
        ),
        (
            &pki.missing_intermediate,
            trusted_root().with(&trust(&pki.intermediate)),
            None,
        ),
        (
            &pki.server,
            trust(&pki.other_root),
            Some("UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
        ),
        (&pki.expired, trusted_root(), Some("CERT_HAS_EXPIRED")),
        (
            &pki.not_yet_valid,
            trusted_root(),
            Some("CERT_NOT_YET_VALID"),
        ),
        (
            &pki.client_auth_only,
            trusted_root(),
            Some("INVALID_PURPOSE"),
        ),
        (
            &pki.wrong_name,
            trusted_root(),
            Some("ERR_TLS_CERT_ALTNAME_INVALID"),
        ),
    ];
    for (leaf, trust, code) in cases {
        let theirs = node.listen(serving(leaf), json!({})).await;
        for version in VERSIONS {
            let context = SecureContext::client(&trust).max_version(version);
            let strict = TlsConnector::from(context.clone().build().unwrap());
            let lax = context
                .dangerous()
                .accept_any_certificate()
                .build()
                .unwrap();
            match (dial(theirs.address, &strict, "localhost").await, code) {
                (Ok(mut stream), None) => {
                    assert_eq!(exchange(&mut stream, "hello").await, "hello");
                    assert!(stream.info().authorized());
                }
                (Err(error), Some(code)) => {
                    assert_eq!(error.node_code(), Some(code), "{error}");
                    assert!(!error.hint().is_empty());
                }
                (outcome, code) => panic!("{code:?}: {outcome:?}"),
            }
            let mut stream = dial(theirs.address, &TlsConnector::from(lax), "localhost")
                .await
                .unwrap();
            assert_eq!(exchange(&mut stream, "hello").await, "hello");
            let info = stream.info();
            assert_eq!(info.authorized(), code.is_none());
            assert_eq!(
                info.authorization_error()
                    .map(|refusal| refusal.code.as_str()),
                code
            );
        }
    }
}

// Spec: T-VER-04
#[tokio::test]
async fn a_self_signed_certificate_that_is_listed_is_good() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    for leaf in [&*pki.self_signed, &*pki.self_signed_end_entity] {
        let theirs = node.listen(serving(leaf), json!({})).await;
        let listed = Trust::from_der([leaf.certificate().clone()]).unwrap();
        let connector = TlsConnector::from(SecureContext::client(&listed).build().unwrap());
        let mut stream = dial(theirs.address, &connector, "localhost").await.unwrap();
        assert_eq!(exchange(&mut stream, "hello").await, "hello");
        assert!(stream.info().authorized());
    }
}

// Spec: T-VER-19
#[tokio::test]
async fn a_root_that_is_sent_along_does_no_harm() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let chain = pki.server.chain_pem() + pki.root.pem();
    let theirs = node
        .listen(
            json!({ "cert": chain, "key": pki.server.key_pem() }),
            json!({}),
        )
        .await;
    let connector = TlsConnector::from(client().build().unwrap());
    let stream = dial(theirs.address, &connector, "localhost").await.unwrap();
    assert!(stream.info().authorized());
    assert_eq!(
        stream
            .info()
            .peer_certificates()
            .map(<[CertificateDer<'_>]>::len),
        Some(3)
    );
}

/// What a client that asks `served` gets: its Node report, and our side.
async fn report(
    node: &mut NodePeer,
    served: &Served,
    leaf: Option<&Leaf>,
    version: ProtocolVersion,
) -> Value {
    let mut options = json!({
        "ca": Pki::shared().root.pem(), "servername": "localhost", "maxVersion": version.to_string(),
    });
    if let Some(leaf) = leaf {
        options["cert"] = json!(leaf.chain_pem());
        options["key"] = json!(leaf.key_pem());
    }
    node.connect(served.address, options, json!({})).await
}

// Spec: T-VER-05, T-VER-06, T-VER-25, SRV-04, SRV-05
#[tokio::test]
async fn clients_not_asked_or_tolerated() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let tolerant = server()
        .client_auth(ClientAuth::optional(trusted_root()))
        .dangerous()
        .accept_any_certificate();
    for (context, asks) in [(server(), false), (tolerant, true)] {
        let mut served = Served::echo(TlsAcceptor::builder(context.build().unwrap())).await;
        for version in VERSIONS {
            for (leaf, code) in [
                (Some(&*pki.client), None),
                (
                    Some(&*pki.client_other_ca),
                    Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
                ),
                (Some(&*pki.client_expired), Some("CERT_HAS_EXPIRED")),
                (None, None),
            ] {
                let report = report(&mut node, &served, leaf, version).await;
                assert_eq!(report["data"], "hello", "{report}");
                let info = served.connection().await;
                assert_eq!(info.authorized(), asks && leaf.is_some() && code.is_none());
                if asks && leaf.is_some() {
                    let found = info
                        .authorization_error()
                        .map(|refusal| refusal.code.as_str());
                    assert_eq!(found, code);
                }
            }
        }
    }
}

// Spec: T-VER-07, T-VER-08, T-VER-12, T-VER-13, T-VER-16, ERR-21, ERR-22
#[tokio::test]
async fn clients_that_must_prove_themselves() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let both = trusted_root().with(&trust(&pki.other_root));
    for (trust, other_is_in) in [(trusted_root(), false), (both, true)] {
        let context = server()
            .client_auth(ClientAuth::required(&trust))
            .build()
            .unwrap();
        let mut served = Served::echo(TlsAcceptor::builder(context)).await;
        for version in VERSIONS {
            for (leaf, is_in) in [
                (Some(&*pki.client), true),
                (Some(&*pki.client_other_ca), other_is_in),
                (Some(&*pki.self_signed_end_entity), false),
                (None, false),
            ] {
                let report = report(&mut node, &served, leaf, version).await;
                if is_in {
                    assert_eq!(report["data"], "hello", "{report}");
                    assert!(served.connection().await.authorized());
                    continue;
                }
                assert_eq!(report["data"], "", "{report}");
                // In 1.3 the client is done before it hears of it.
                assert_eq!(report["secure"], version == Tls13, "{report}");
                let failure = served.failure().await;
                if leaf.is_none() {
                    assert_eq!(
                        report["errors"][0]["code"], "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
                        "{report}"
                    );
                    assert_eq!(
                        failure.node_code,
                        Some("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE")
                    );
                    assert_eq!(failure.alert, Some(AlertDescription::CertificateRequired));
                } else {
                    assert_eq!(failure.code, "client_certificate_refused");
                    assert!(failure.alert.is_some());
                }
            }
        }
    }
}

// Spec: T-VER-11, T-VER-14
#[tokio::test]
async fn both_ends_prove_themselves() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    for (chain, ca) in [
        (pki.server.chain_pem(), pki.root.pem().to_owned()),
        (
            pki.server.certificate_pem(),
            pki.root.pem().to_owned() + pki.intermediate.pem(),
        ),
    ] {
        let options = json!({
            "cert": chain, "key": pki.server.key_pem(), "ca": ca, "requestCert": true,
        });
        let theirs = node.listen(options, json!({})).await;
        for version in VERSIONS {
            let trust = Trust::from_pem(ca.as_bytes()).unwrap();
            let context = SecureContext::client(&trust)
                .max_version(version)
                .client_identity(identity(&pki.client));
            let connector = TlsConnector::from(context.build().unwrap());
            let mut stream = dial(theirs.address, &connector, "localhost").await.unwrap();
            assert_eq!(exchange(&mut stream, "hello").await, "hello");
            let facts = node.event(theirs, "secure").await;
            assert_eq!(
                (&facts["authorized"], &facts["peer"]),
                (&json!(true), &json!("client.test"))
            );
        }
    }
}

// Spec: T-VER-28, T-VER-29
#[tokio::test]
async fn a_refused_server_hears_an_alert() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let theirs = node.listen(serving(&pki.other_ca), json!({})).await;
    for version in VERSIONS {
        let connector = TlsConnector::from(client().max_version(version).build().unwrap());
        let error = dial(theirs.address, &connector, "localhost")
            .await
            .unwrap_err();
        assert_eq!(error.alert_sent(), Some(AlertDescription::UnknownCa));
        let told = node.event(theirs, "clientError").await;
        assert_eq!(
            told["code"], "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
            "{version} {told}"
        );
    }
}

// Spec: T-VER-33
#[tokio::test]
async fn trust_of_one_context_is_not_of_another() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let theirs = node.listen(serving(&pki.other_ca), json!({})).await;
    let base = trusted_root();
    let more = base.with(&trust(&pki.other_root));
    let more = TlsConnector::from(SecureContext::client(&more).build().unwrap());
    let base = TlsConnector::from(SecureContext::client(&base).build().unwrap());
    dial(theirs.address, &more, "localhost").await.unwrap();
    dial(theirs.address, &base, "localhost").await.unwrap_err();
}
