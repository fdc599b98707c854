//! `T-VER-*`: who is let in, and what is said about it.

use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tls_certs::{Crls, Identity, Passphrase, Trust};
use tls_context::{ClientAuth, SecureContext};
use tls_net::{TlsAcceptor, TlsConnector};
use tls_testing::peer::OpenSsl;
use tls_testing::pki::p256;
use tls_testing::{Authority, Leaf, Pki};
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

/// The lists of both authorities above our leaves, with these on them.
fn lists(year: i32, revoked: &[&Leaf]) -> Vec<String> {
    let pki = Pki::shared();
    let revoked: Vec<_> = revoked.iter().map(|leaf| leaf.certificate()).collect();
    vec![
        pki.root.crl_pem(year, &[]),
        pki.intermediate.crl_pem(year, &revoked),
    ]
}

// Spec: CTX-08, T-VER-26, XEC-10, XEC-11
#[tokio::test]
async fn a_client_with_lists_says_what_node_says() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let theirs = node.listen(serving(&pki.server), json!({})).await;
    for (crls, code) in [
        (lists(2025, &[&pki.server]), Some("CERT_REVOKED")),
        (lists(2025, &[&pki.server_rsa]), None),
        (lists(2025, &[])[1..].to_vec(), Some("UNABLE_TO_GET_CRL")),
        (
            vec![pki.other_root.crl_pem(2025, &[])],
            Some("UNABLE_TO_GET_CRL"),
        ),
        (lists(2010, &[]), Some("CRL_HAS_EXPIRED")),
    ] {
        let options = json!({
            "ca": pki.root.pem(), "crl": crls, "servername": "localhost",
            "rejectUnauthorized": false,
        });
        let report = node.connect(theirs.address, options, json!({})).await;
        assert_eq!(report["authorizationError"], json!(code), "{report}");
        let context = client()
            .crls(Crls::from_pem(crls.concat().as_bytes()).unwrap())
            .dangerous()
            .accept_any_certificate();
        let connector = TlsConnector::from(context.build().unwrap());
        let stream = dial(theirs.address, &connector, "localhost").await.unwrap();
        let info = stream.info();
        let ours = info
            .authorization_error()
            .map(|refusal| refusal.code.as_str());
        assert_eq!(ours, code);
        assert_eq!(info.authorized(), code.is_none());
    }
}

// Spec: CTX-08, XEC-10
#[tokio::test]
async fn of_a_ca_with_a_new_key_each_certificate_has_its_own_list() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let [old, new] = [(); 2].map(|()| Authority::root("CA with a new key"));
    let [of_old, of_new] = [&old, &new].map(|ca| ca.server(&["localhost"], p256()));
    let lists = [
        old.crl_pem(2024, &[]),
        new.crl_pem(2025, &[of_new.certificate()]),
    ];
    let ca = [old.pem(), new.pem()];
    for (leaf, code) in [(&of_old, None), (&of_new, Some("CERT_REVOKED"))] {
        let theirs = node.listen(serving(leaf), json!({})).await;
        let options = json!({
            "ca": ca, "crl": lists, "servername": "localhost", "rejectUnauthorized": false,
        });
        let report = node.connect(theirs.address, options, json!({})).await;
        assert_eq!(report["authorizationError"], json!(code), "{report}");
        let context = SecureContext::client(trust(&old).with(&trust(&new)))
            .crls(Crls::from_pem(lists.concat().as_bytes()).unwrap())
            .dangerous()
            .accept_any_certificate();
        let connector = TlsConnector::from(context.build().unwrap());
        let stream = dial(theirs.address, &connector, "localhost").await.unwrap();
        let info = stream.info();
        let ours = info
            .authorization_error()
            .map(|refusal| refusal.code.as_str());
        assert_eq!(ours, code);
    }
}

// Spec: CTX-08, T-VER-09
#[tokio::test]
async fn a_server_with_lists_lets_in_whom_they_do_not_name() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let crls = lists(2025, &[&pki.client_rsa]).concat();
    let context = server()
        .client_auth(ClientAuth::required(trusted_root()))
        .crls(Crls::from_pem(crls.as_bytes()).unwrap());
    let mut served = Served::echo(TlsAcceptor::builder(context.build().unwrap())).await;
    for version in VERSIONS {
        for (leaf, code) in [
            (&*pki.client, None),
            (&*pki.client_rsa, Some("CERT_REVOKED")),
            (
                &*pki.client_other_ca,
                Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
            ),
        ] {
            let report = report(&mut node, &served, Some(leaf), version).await;
            assert_eq!(report["data"] == "hello", code.is_none(), "{report}");
            if let Some(code) = code {
                let failure = served.failure().await;
                assert_eq!(
                    failure.certificate.map(tls_certs::VerifyCode::as_str),
                    Some(code)
                );
            } else {
                assert!(served.connection().await.authorized());
            }
        }
        let report = report(&mut node, &served, None, version).await;
        assert_eq!(report["data"], "", "{report}");
        assert_eq!(served.failure().await.code, "client_certificate_missing");
    }
}

// Spec: CTX-03, T-VER-22, T-VER-23, XEC-05, XEC-06
#[tokio::test]
async fn a_partial_chain_is_judged_as_node_does_with_the_same_option() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let theirs = node
        .listen(serving(&pki.missing_intermediate), json!({}))
        .await;
    for (ca, code) in [
        (
            pki.intermediate.pem().to_owned(),
            "UNABLE_TO_GET_ISSUER_CERT",
        ),
        (
            pki.missing_intermediate.certificate_pem(),
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        ),
    ] {
        for (partial, expected) in [(true, None), (false, Some(code))] {
            let options = json!({
                "ca": ca, "servername": "localhost", "rejectUnauthorized": false,
                "allowPartialTrustChain": partial,
            });
            let report = node.connect(theirs.address, options, json!({})).await;
            assert_eq!(report["authorizationError"], json!(expected), "{report}");
            let context = SecureContext::client(Trust::from_pem(ca.as_bytes()).unwrap())
                .partial_chain(partial)
                .dangerous()
                .accept_any_certificate();
            let connector = TlsConnector::from(context.build().unwrap());
            let stream = dial(theirs.address, &connector, "localhost").await.unwrap();
            let info = stream.info();
            let ours = info
                .authorization_error()
                .map(|refusal| refusal.code.as_str());
            assert_eq!(ours, expected);
        }
    }
}

// Spec: T-VER-31, CTX-21, CTX-22
#[tokio::test]
async fn one_context_serves_many_connections_and_what_is_not_set_is_the_default() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let theirs = node.listen(serving(&Pki::shared().server), json!({})).await;
    let bare = client().build().unwrap();
    let defaults = client().ciphers("").groups("auto").alpn([""; 0]);
    for context in [bare, defaults.build().unwrap()] {
        for connector in [
            TlsConnector::from(context.clone()),
            TlsConnector::from(context),
        ] {
            let mut stream = dial(theirs.address, &connector, "localhost").await.unwrap();
            assert_eq!(exchange(&mut stream, "hello").await, "hello");
            assert!(stream.info().authorized());
        }
    }
}

/// The certificates as they came; what they were verified with is not among them.
// Spec: T-VER-35
#[tokio::test]
async fn each_end_sees_what_the_other_sent() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let theirs = node.listen(serving(&pki.server), json!({})).await;
    let connector = TlsConnector::from(client().build().unwrap());
    let stream = dial(theirs.address, &connector, "localhost").await.unwrap();
    assert_eq!(stream.info().peer_certificates(), Some(pki.server.chain()));

    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    report(&mut node, &served, None, Tls13).await;
    assert_eq!(served.connection().await.peer_certificates(), None);
}

/// A PFX on both sides, one of them ours.
// Spec: T-IDN-29, CTX-07
#[tokio::test]
async fn a_pfx_proves_who_a_peer_is() {
    let (Some(mut node), Some(openssl)) = (NodePeer::require(), OpenSsl::require()) else {
        return;
    };
    let pki = Pki::shared();
    let directory = tempfile::tempdir().unwrap();
    let mut pfx = Vec::new();
    for (leaf, name) in [(&pki.server, "server"), (&pki.client, "client")] {
        let (certificate, key) = leaf.write_to(directory.path(), name);
        let out = directory.path().join(format!("{name}.p12"));
        let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
        let path = out.to_str().unwrap();
        let args = [
            "pkcs12",
            "-export",
            "-in",
            certificate,
            "-inkey",
            key,
            "-out",
            path,
            "-passout",
            "pass:sample",
        ];
        openssl.run(args).await.expect_success();
        pfx.push(std::fs::read(out).unwrap());
    }
    let passphrase = Passphrase::new("sample");
    let context = SecureContext::server(Identity::from_pkcs12(&pfx[0], &passphrase).unwrap())
        .client_auth(ClientAuth::optional(trusted_root()))
        .dangerous()
        .accept_any_certificate();
    let mut served = Served::echo(TlsAcceptor::builder(context.build().unwrap())).await;
    for version in VERSIONS {
        let options = json!({
            "ca": pki.root.pem(), "servername": "localhost", "maxVersion": version.to_string(),
            "pfx": tls_testing::peer::base64(&pfx[1]), "passphrase": "sample",
        });
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["data"], "hello", "{report}");
        assert_eq!(report["authorized"], true, "{report}");
        let info = served.connection().await;
        assert!(info.authorized() && info.authorization_error().is_none());
        assert_eq!(
            info.peer_certificates().unwrap()[0],
            *pki.client.certificate()
        );
    }
}
