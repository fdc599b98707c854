//! `T-CIP-*`: versions, ciphers, groups.

use serde_json::{Value, json};
use tls_context::SecureContext;
use tls_net::{TlsAcceptor, TlsConnector};
use tls_testing::Pki;
use tls_tests::credentials::{client, identity, server};
use tls_tests::{NodePeer, Served, dial, exchange};
use tls_wire::ProtocolVersion::{Tls12, Tls13};
use tls_wire::{AlertDescription, CipherSuite};

fn trusting(more: Value) -> Value {
    let mut options = json!({ "ca": Pki::shared().root.pem(), "servername": "localhost" });
    if let (Value::Object(options), Value::Object(more)) = (&mut options, more) {
        options.extend(more);
    }
    options
}

// Spec: T-CIP-01, T-CIP-04, T-CIP-07, T-CIP-33, CIP-09, CIP-14
#[tokio::test]
async fn the_highest_common_version() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    for (min, max) in [(Tls12, Tls13), (Tls13, Tls13), (Tls12, Tls12)] {
        let context = server().min_version(min).max_version(max).build().unwrap();
        let mut served = Served::echo(TlsAcceptor::builder(context)).await;
        for (their_min, their_max) in [
            ("TLSv1", "TLSv1.3"),
            ("TLSv1.2", "TLSv1.2"),
            ("TLSv1.3", "TLSv1.3"),
            ("TLSv1.2", "TLSv1.3"),
        ] {
            let options = trusting(json!({ "minVersion": their_min, "maxVersion": their_max }));
            let report = node.connect(served.address, options, json!({})).await;
            let ours = [min.to_string(), max.to_string()];
            let common = ["TLSv1.3", "TLSv1.2"].into_iter().find(|version| {
                ours[0].as_str() <= *version
                    && *version <= ours[1].as_str()
                    && their_min <= *version
                    && *version <= their_max
            });
            match common {
                Some(version) => {
                    assert_eq!(report["protocol"], version, "{report}");
                    served.connection().await;
                }
                // Spec row T-CIP-09.
                None => {
                    assert_eq!(
                        report["errors"][0]["code"], "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
                        "{report}"
                    );
                    assert_eq!(
                        served.failure().await.node_code,
                        Some("ERR_SSL_UNSUPPORTED_PROTOCOL")
                    );
                }
            }
        }
    }
}

// Spec: T-CIP-05, T-CIP-09, ERR-21
#[tokio::test]
async fn versions_that_do_not_meet() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    for method in ["TLSv1_1_method", "TLSv1_method"] {
        let options =
            trusting(json!({ "secureProtocol": method, "ciphers": "DEFAULT:@SECLEVEL=0" }));
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(
            report["errors"][0]["code"], "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
            "{report}"
        );
        let failure = served.failure().await;
        assert_eq!(
            (failure.code, failure.alert),
            ("no_shared_version", Some(AlertDescription::ProtocolVersion))
        );
    }
    let options = json!({ "cert": pki.server.chain_pem(), "key": pki.server.key_pem(), "minVersion": "TLSv1.3" });
    let theirs = node.listen(options, json!({})).await;
    let connector = TlsConnector::from(client().max_version(Tls12).build().unwrap());
    let error = dial(theirs.address, &connector, "localhost")
        .await
        .unwrap_err();
    assert_eq!(
        error.node_code(),
        Some("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION")
    );
    assert_eq!(
        node.event(theirs, "clientError").await["code"],
        "ERR_SSL_UNSUPPORTED_PROTOCOL"
    );
}

// Spec: T-CIP-10, T-CIP-12, T-CIP-13, T-CIP-17, T-CIP-18, T-CIP-20, CIP-01, CIP-03, CIP-10, SOP-12
#[tokio::test]
async fn the_suite_that_both_lists_lead_to() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let rsa = || SecureContext::server(identity(&Pki::shared().server_rsa));
    let cases = [
        (
            rsa().ciphers("TLS_AES_256_GCM_SHA384"),
            json!({}),
            "TLS_AES_256_GCM_SHA384",
        ),
        (
            rsa(),
            json!({ "ciphers": "TLS_AES_128_GCM_SHA256" }),
            "TLS_AES_128_GCM_SHA256",
        ),
        (
            rsa(),
            json!({ "ciphers": "AES256-SHA:TLS_AES_256_GCM_SHA384" }),
            "TLS_AES_256_GCM_SHA384",
        ),
        (
            rsa(),
            json!({ "ciphers": "AES256-SHA" }),
            "TLS_AES_256_GCM_SHA384",
        ),
        (
            rsa().ciphers("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"),
            json!({ "ciphers": "TLS_AES_256_GCM_SHA384" }),
            "TLS_AES_256_GCM_SHA384",
        ),
        (
            rsa().max_version(Tls12),
            json!({ "ciphers": "ECDHE-RSA-AES256-GCM-SHA384" }),
            "ECDHE-RSA-AES256-GCM-SHA384",
        ),
        (
            rsa()
                .ciphers("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384")
                .max_version(Tls12),
            json!({ "ciphers": "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256" }),
            "ECDHE-RSA-AES128-GCM-SHA256",
        ),
        (
            rsa()
                .ciphers("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384")
                .honor_cipher_order(false)
                .max_version(Tls12),
            json!({ "ciphers": "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256" }),
            "ECDHE-RSA-AES256-GCM-SHA384",
        ),
    ];
    for (ours, theirs, expected) in cases {
        let mut served = Served::echo(TlsAcceptor::builder(ours.build().unwrap())).await;
        let report = node
            .connect(served.address, trusting(theirs), json!({}))
            .await;
        assert_eq!(report["cipher"]["name"], expected, "{report}");
        let suite = CipherSuite(u16::from(
            served
                .connection()
                .await
                .negotiated_cipher_suite()
                .unwrap()
                .suite(),
        ));
        assert_eq!(report["cipher"]["standardName"], suite.iana_name().unwrap());
        assert_eq!(
            report["cipher"]["version"],
            suite.minimum_version().unwrap().to_string()
        );
    }
}

// Spec: T-CIP-11, ERR-21, ERR-22
#[tokio::test]
async fn no_suite_in_common_is_alert_40_both_ways() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let context = server().ciphers("TLS_AES_256_GCM_SHA384").build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    let options = trusting(json!({ "ciphers": "TLS_CHACHA20_POLY1305_SHA256" }));
    let report = node.connect(served.address, options, json!({})).await;
    assert_eq!(
        report["errors"][0]["code"],
        "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"
    );
    assert_eq!(
        served.failure().await.node_code,
        Some("ERR_SSL_NO_SHARED_CIPHER")
    );
    let options = json!({
        "cert": pki.server.chain_pem(), "key": pki.server.key_pem(), "ciphers": "TLS_CHACHA20_POLY1305_SHA256",
    });
    let theirs = node.listen(options, json!({})).await;
    let connector = TlsConnector::from(client().ciphers("TLS_AES_256_GCM_SHA384").build().unwrap());
    let error = dial(theirs.address, &connector, "localhost")
        .await
        .unwrap_err();
    assert_eq!(
        error.node_code(),
        Some("ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE")
    );
    assert_eq!(
        node.event(theirs, "clientError").await["code"],
        "ERR_SSL_NO_SHARED_CIPHER"
    );
}

// Spec: T-CIP-24, T-CIP-27, CIP-17, CIP-18, SOP-13
#[tokio::test]
async fn the_group_of_the_key_exchange() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    let hybrid = rustls::NamedGroup::X25519MLKEM768;
    for (curve, version, said, group) in [
        ("auto", "TLSv1.3", json!({}), hybrid),
        (
            "X25519",
            "TLSv1.3",
            json!({ "type": "ECDH", "name": "X25519", "size": 253 }),
            rustls::NamedGroup::X25519,
        ),
        (
            "prime256v1",
            "TLSv1.3",
            json!({ "type": "ECDH", "name": "prime256v1", "size": 256 }),
            rustls::NamedGroup::secp256r1,
        ),
        (
            "prime256v1",
            "TLSv1.2",
            json!({ "type": "ECDH", "name": "prime256v1", "size": 256 }),
            rustls::NamedGroup::secp256r1,
        ),
        (
            "secp256k1:prime256v1:secp521r1",
            "TLSv1.2",
            json!({ "type": "ECDH", "name": "prime256v1", "size": 256 }),
            rustls::NamedGroup::secp256r1,
        ),
    ] {
        let options = trusting(json!({ "ecdhCurve": curve, "maxVersion": version }));
        let report = node.connect(served.address, options, json!({})).await;
        assert_eq!(report["ephemeral"], said, "{report}");
        assert_eq!(
            served.connection().await.negotiated_key_exchange_group(),
            Some(group)
        );
    }
    // And our client: the hybrid by default, others when asked for.
    let options = json!({ "cert": pki.server.chain_pem(), "key": pki.server.key_pem() });
    let theirs = node.listen(options, json!({})).await;
    for (groups, group) in [
        ("auto", hybrid),
        ("X25519", rustls::NamedGroup::X25519),
        ("P-384", rustls::NamedGroup::secp384r1),
    ] {
        let connector = TlsConnector::from(client().groups(groups).build().unwrap());
        let mut stream = dial(theirs.address, &connector, "localhost").await.unwrap();
        assert_eq!(exchange(&mut stream, "hello").await, "hello");
        assert_eq!(stream.info().negotiated_key_exchange_group(), Some(group));
    }
}

// Spec: T-CIP-28
#[tokio::test]
async fn no_group_in_common_is_alert_40() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let context = server().groups("P-384").build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    let options = trusting(json!({ "ecdhCurve": "X25519", "minVersion": "TLSv1.3" }));
    let report = node.connect(served.address, options, json!({})).await;
    assert_eq!(
        report["errors"][0]["code"], "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
        "{report}"
    );
    let failure = served.failure().await;
    assert_eq!(
        (failure.code, failure.node_code),
        ("no_shared_group", Some("ERR_SSL_NO_SUITABLE_KEY_SHARE"))
    );
}

// Spec: T-CRD-03, T-CRD-13, CTX-24
#[tokio::test]
async fn the_identity_that_the_client_can_use() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    for identities in [
        vec![&*pki.server, &*pki.server_rsa],
        vec![&*pki.server_rsa, &*pki.server],
    ] {
        let identities: Vec<_> = identities.into_iter().map(identity).collect();
        let context = SecureContext::server(identities)
            .max_version(Tls12)
            .build()
            .unwrap();
        let mut served = Served::echo(TlsAcceptor::builder(context)).await;
        for (suite, curve) in [
            ("ECDHE-ECDSA-AES256-GCM-SHA384", json!("prime256v1")),
            ("ECDHE-RSA-AES256-GCM-SHA384", json!(null)),
        ] {
            let report = node
                .connect(
                    served.address,
                    trusting(json!({ "ciphers": suite })),
                    json!({}),
                )
                .await;
            assert_eq!(report["cipher"]["name"], suite, "{report}");
            assert_eq!(report["curve"], curve);
            served.connection().await;
        }
    }
}
