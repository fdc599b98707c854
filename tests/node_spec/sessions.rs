//! `T-SES-*`: resumption with Node at the other end.

use std::time::Duration;

use serde_json::{Value, json};
use tls_context::ClientAuth;
use tls_net::{NotResumed, Resumption, TlsAcceptor, TlsConnector};
use tls_session_store::{SharedSecret, TicketKeys};
use tls_testing::Pki;
use tls_tests::credentials::{client, server, trusted_root};
use tls_tests::kept_sessions::{KeptSessions, Trouble};
use tls_tests::{NodePeer, Served, VERSIONS, dial, exchange};
use tls_wire::ProtocolVersion::{Tls12, Tls13};

fn trusting(version: &str, session: &Value) -> Value {
    let mut options =
        json!({ "ca": Pki::shared().root.pem(), "servername": "localhost", "maxVersion": version });
    if !session.is_null() {
        options["session"] = session.clone();
    }
    options
}

// Spec: T-SES-01, T-SES-02, T-SES-16, SES-01, SOP-17, SOP-20
#[tokio::test]
async fn our_client_resumes_at_a_node_server() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let theirs = node
        .listen(
            json!({ "cert": pki.server.chain_pem(), "key": pki.server.key_pem() }),
            json!({}),
        )
        .await;
    for version in VERSIONS {
        let connector = TlsConnector::from(client().max_version(version).build().unwrap());
        let mut first = dial(theirs.address, &connector, "localhost").await.unwrap();
        assert!(!first.info().resumption().is_resumed());
        exchange(&mut first, "hello").await;
        assert_eq!(node.event(theirs, "secure").await["reused"], false);
        let again = connector.resuming(first.session().expect("a session"));
        let mut second = dial(theirs.address, &again, "localhost").await.unwrap();
        exchange(&mut second, "hello").await;
        assert!(second.info().resumption().is_resumed(), "{version}");
        assert!(second.info().authorized());
        assert_eq!(node.event(theirs, "secure").await["reused"], true);
    }
}

// Spec: T-SES-01, T-SES-02, T-SES-03, T-SES-13, TKT-06, SES-06, SES-09, SOE-03
#[tokio::test]
async fn a_node_client_resumes_at_our_server() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    for (version, tickets) in [(Tls12, 1), (Tls13, 2)] {
        let version = version.to_string();
        let first = node
            .connect(served.address, trusting(&version, &json!(null)), json!({}))
            .await;
        assert_eq!(first["reused"], false);
        let sessions = first["sessions"].as_array().unwrap();
        assert_eq!(sessions.len(), tickets, "one ticket in 1.2, two in 1.3");
        assert_eq!(first["order"][0], "secureConnect", "sessions come after it");
        assert_eq!(
            served.connection().await.resumption(),
            Resumption::Full(NotResumed::NoSessionOffered)
        );
        // More than once, with the same session.
        for _ in 0..2 {
            let again = node
                .connect(served.address, trusting(&version, &sessions[0]), json!({}))
                .await;
            assert_eq!(
                (&again["reused"], &again["authorized"]),
                (&json!(true), &json!(true)),
                "{again}"
            );
            // RFC 8446, Appendix C.4: a ticket is for one connection, so one follows.
            let renewed = again["sessions"].as_array().map(Vec::len);
            assert_eq!(renewed, Some(usize::from(version == "TLSv1.3")));
            assert!(served.connection().await.resumption().is_resumed());
        }
    }
}

// Spec: SES-08
#[tokio::test]
async fn a_session_of_1_2_is_nothing_to_1_3() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    let first = node
        .connect(served.address, trusting("TLSv1.2", &json!(null)), json!({}))
        .await;
    let again = node
        .connect(
            served.address,
            trusting("TLSv1.3", &first["sessions"][0]),
            json!({}),
        )
        .await;
    assert_eq!(
        (&again["reused"], &again["protocol"]),
        (&json!(false), &json!("TLSv1.3")),
        "{again}"
    );
    served.connection().await;
    assert!(!served.connection().await.resumption().is_resumed());
}

// Spec: T-SES-04, TKT-03, TKT-05, SRV-16, SRV-17
#[tokio::test]
async fn three_servers_share_keys_that_are_changed_and_set_back() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let context = || server().session_id_context("shared").build().unwrap();
    let mut servers = Vec::new();
    for _ in 0..3 {
        let keys = TicketKeys::from_bytes([5; 48]);
        servers.push(Served::echo(TlsAcceptor::builder(context()).ticket_keys(keys)).await);
    }
    for version in VERSIONS {
        let version = version.to_string();
        let mut session = json!(null);
        let mut full = 0;
        for (round, key) in [[5; 48], [6; 48], [5; 48]].iter().enumerate() {
            for served in &mut servers {
                served.handle.set_ticket_keys(key);
                assert_eq!(served.handle.ticket_keys(), Some(*key));
            }
            let kept = session.clone();
            for served in &mut servers {
                let report = node
                    .connect(served.address, trusting(&version, &session), json!({}))
                    .await;
                let resumed = served.connection().await.resumption().is_resumed();
                assert_eq!(report["reused"], resumed);
                if !resumed {
                    full += 1;
                    session = report["sessions"][0].clone();
                }
            }
            if round == 1 {
                session = kept;
            }
        }
        assert_eq!(full, 2, "the first one, and the first one under other keys");
    }
}

// Spec: T-SES-15, SES-04
#[tokio::test]
async fn a_session_made_without_judging_is_not_used_where_it_is_judged() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let other = &Pki::shared().missing_intermediate;
    let theirs = node
        .listen(
            json!({ "cert": other.chain_pem(), "key": other.key_pem() }),
            json!({}),
        )
        .await;
    for version in VERSIONS {
        let lax = client()
            .max_version(version)
            .dangerous()
            .accept_any_certificate()
            .build()
            .unwrap();
        let mut stream = dial(theirs.address, &TlsConnector::from(lax), "localhost")
            .await
            .unwrap();
        exchange(&mut stream, "hello").await;
        assert!(!stream.info().authorized());
        let session = stream.session().unwrap();
        let strict = TlsConnector::from(client().max_version(version).build().unwrap());
        let error = dial(theirs.address, &strict.resuming(session), "localhost")
            .await
            .unwrap_err();
        assert_eq!(error.node_code(), Some("UNABLE_TO_VERIFY_LEAF_SIGNATURE"));
    }
}

// Spec: SES-05
#[tokio::test]
async fn a_session_is_for_the_name_that_made_it() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let theirs = node
        .listen(
            json!({ "cert": pki.server.chain_pem(), "key": pki.server.key_pem() }),
            json!({}),
        )
        .await;
    for version in VERSIONS {
        let connector = TlsConnector::from(client().max_version(version).build().unwrap());
        let mut stream = dial(theirs.address, &connector, "localhost").await.unwrap();
        exchange(&mut stream, "hello").await;
        let again = connector.resuming(stream.session().unwrap());
        let stream = dial(theirs.address, &again, "example.test").await.unwrap();
        assert_eq!(
            stream.info().resumption(),
            Resumption::Full(NotResumed::OtherContext)
        );
    }
}

// Spec: T-SES-18, SES-10
#[tokio::test]
async fn a_resumed_session_restores_the_client_or_its_absence() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let context = server()
        .client_auth(ClientAuth::optional(trusted_root()))
        .build()
        .unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for version in VERSIONS {
        for with_certificate in [true, false] {
            let mut options = trusting(&version.to_string(), &json!(null));
            if with_certificate {
                options["cert"] = json!(pki.client.certificate_pem() + pki.intermediate.pem());
                options["key"] = json!(pki.client.key_pem());
            }
            let first = node
                .connect(served.address, options.clone(), json!({}))
                .await;
            assert_eq!(served.connection().await.authorized(), with_certificate);
            options["session"] = first["sessions"][0].clone();
            let again = node.connect(served.address, options, json!({})).await;
            assert_eq!(
                again["reused"], true,
                "{version} {with_certificate} {again}"
            );
            let info = served.connection().await;
            assert_eq!(
                info.authorized(),
                with_certificate,
                "resumed without certificate is not authorized"
            );
            assert_eq!(
                info.peer().common_name(),
                with_certificate.then_some("client.test")
            );
        }
    }
}

// Spec: SES-11, SES-12
#[tokio::test]
async fn our_client_offers_psk_dhe_and_no_early_data() {
    let acceptor = TlsAcceptor::builder(server().build().unwrap()).keep_hello(true);
    let mut served = Served::echo(acceptor).await;
    let connector = TlsConnector::from(client().build().unwrap());
    let mut stream = dial(served.address, &connector, "localhost").await.unwrap();
    exchange(&mut stream, "hello").await;
    served.connection().await;
    let again = connector.resuming(stream.session().unwrap());
    dial(served.address, &again, "localhost").await.unwrap();
    let info = served.connection().await;
    assert!(info.resumption().is_resumed());
    let hello = info.hello().unwrap();
    assert_eq!(hello.psk_identities().count(), 1);
    // psk_dhe_ke (RFC 8446, Section 4.2.9).
    assert_eq!(hello.extension(45u16), Some(&[1, 1][..]));
    assert!(!hello.early_data());
}

// Spec: T-SES-18
#[tokio::test]
async fn an_rsa_client_chain_of_ordinary_size_resumes_too() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let pki = Pki::shared();
    let context = server().client_auth(ClientAuth::required(trusted_root()));
    let acceptor = TlsAcceptor::builder(context.build().unwrap());
    let mut served = Served::echo(acceptor).await;
    for version in VERSIONS {
        let mut options = trusting(&version.to_string(), &json!(null));
        options["cert"] = json!(pki.client_rsa.chain_pem());
        options["key"] = json!(pki.client_rsa.key_pem());
        let first = node
            .connect(served.address, options.clone(), json!({}))
            .await;
        served.connection().await;
        assert_ne!(first["sessions"], json!([]), "{version}");
        options["session"] = first["sessions"][0].clone();
        let again = node.connect(served.address, options, json!({})).await;
        assert_eq!(again["reused"], true, "{version}");
    }
}

/// What the store sees, by version: nothing where tickets do, one session of TLS 1.2 and one look-up
/// at each return, two of TLS 1.3 and one more at each return. Node asks about every hello of TLS 1.3;
/// here only what can be a session of ours is looked up, once.
// Spec: SEV-06, SEV-07, SEV-09, T-SES-07, T-SES-08, T-SES-19
#[tokio::test]
async fn the_store_is_asked_as_often_as_there_is_something_to_ask() {
    for (version, tickets, seen) in [
        (Tls12, true, [(0, 0); 3]),
        (Tls13, true, [(0, 0); 3]),
        (Tls12, false, [(1, 0), (1, 1), (1, 2)]),
        (Tls13, false, [(2, 0), (3, 1), (4, 2)]),
    ] {
        let store = KeptSessions::new(Trouble::None);
        let mut acceptor = TlsAcceptor::builder(server().build().unwrap())
            .sessions(store.clone(), SharedSecret::generate().unwrap());
        if tickets {
            acceptor = acceptor.ticket_keys(TicketKeys::generate().unwrap());
        }
        let mut served = Served::echo(acceptor).await;
        let mut connector = TlsConnector::from(client().max_version(version).build().unwrap());
        for (round, expected) in seen.into_iter().enumerate() {
            let mut stream = dial(served.address, &connector, "localhost").await.unwrap();
            exchange(&mut stream, "hello").await;
            let info = served.connection().await;
            assert_eq!(
                info.resumption().is_resumed(),
                round > 0,
                "{version} {round}"
            );
            let counts = (store.puts(), store.lookups());
            assert_eq!(counts, expected, "{version} tickets: {tickets} {round}");
            // A resumption of TLS 1.2 brings no other session: the first one goes on.
            if let Some(session) = stream.session() {
                connector = connector.resuming(session);
            }
        }
    }
}

// Spec: SEV-10
#[tokio::test]
async fn without_tickets_and_store_nothing_resumes() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let context = server().resumption(false).build().unwrap();
    let mut served = Served::echo(TlsAcceptor::builder(context)).await;
    for version in VERSIONS {
        let options = trusting(&version.to_string(), &json!(null));
        let first = node.connect(served.address, options, json!({})).await;
        served.connection().await;
        assert_eq!(
            first["sessions"].as_array().map_or(0, Vec::len),
            0,
            "{first}"
        );
        let connector = TlsConnector::from(client().max_version(version).build().unwrap());
        let mut stream = dial(served.address, &connector, "localhost").await.unwrap();
        exchange(&mut stream, "hello").await;
        assert!(stream.session().is_none(), "{version}");
        served.connection().await;
    }
}

/// There are no negative times to give; what is too long is refused when the context is built.
// Spec: T-SES-11, CTX-13
#[test]
fn a_session_lifetime_is_within_its_range() {
    let week = Duration::from_secs(7 * 86_400);
    let built = |timeout| server().session_timeout(timeout).build();
    assert_eq!(built(week).unwrap().session_timeout(), week);
    assert_eq!(
        built(Duration::ZERO).unwrap().session_timeout(),
        Duration::ZERO
    );
    let error = built(week + Duration::from_secs(1)).unwrap_err();
    assert_eq!(error.code(), "session_timeout_too_long");
}
