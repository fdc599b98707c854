//! `T-CLS-01` and on: what goes wrong before a connection is secure.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tls_net::{Phase, TlsAcceptor, TlsConnector};
use tls_testing::raw_peer::Ended;
use tls_testing::{Pki, RawListener, RawPeer};
use tls_tests::credentials::{client, server};
use tls_tests::{NodePeer, Served, dial, in_time};

async fn served() -> Served {
    Served::echo(TlsAcceptor::builder(server().build().unwrap())).await
}

// Spec: T-CLS-01, T-CLS-38, SEV-03, SEV-04
#[tokio::test]
async fn a_client_that_connects_and_goes_is_told_once() {
    let mut served = served().await;
    RawPeer::connect(served.address).await.reset();
    let failure = served.failure().await;
    assert!(["peer_closed", "io"].contains(&failure.code), "{failure:?}");
    assert!(failure.peer.is_some());
    RawPeer::connect(served.address).await.close_write().await;
    let failure = served.failure().await;
    assert_eq!(
        (failure.code, failure.node_code),
        ("peer_closed", Some("ECONNRESET"))
    );
    assert!(served.failure_so_far().is_none(), "once for each");
}

// Spec: T-CLS-02, T-CLS-03, T-CLS-04, T-CLS-05, T-CLS-07, T-CIP-31, ERR-22
#[tokio::test]
async fn junk_is_named_and_the_next_client_is_served() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let mut served = served().await;
    let megabyte = vec![b'*'; 1 << 20];
    let ssl3 = [
        &[22, 3, 0, 0, 45, 1, 0, 0, 41, 3, 0][..],
        &[7; 32],
        &[0, 0, 2, 0, 10, 1, 0],
    ]
    .concat();
    let cases: [(&[u8], &str, Option<&str>); 6] = [
        (
            &[0x2a; 1024],
            "not_tls",
            Some("ERR_SSL_WRONG_VERSION_NUMBER"),
        ),
        (
            b"blah\nblah\nblah\n",
            "not_tls",
            Some("ERR_SSL_WRONG_VERSION_NUMBER"),
        ),
        (
            b"GET / HTTP/1.1\r\n\r\n",
            "not_tls_plain_http",
            Some("ERR_SSL_HTTP_REQUEST"),
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            "not_tls_ssh",
            Some("ERR_SSL_WRONG_VERSION_NUMBER"),
        ),
        (&megabyte, "not_tls", Some("ERR_SSL_WRONG_VERSION_NUMBER")),
        (
            &ssl3,
            "no_shared_version",
            Some("ERR_SSL_UNSUPPORTED_PROTOCOL"),
        ),
    ];
    for (bytes, code, node_code) in cases {
        let received = RawPeer::connect(served.address).await.exchange(bytes).await;
        assert_ne!(received.ended, Ended::StillOpen);
        let failure = served.failure().await;
        assert_eq!(
            (failure.code, failure.node_code),
            (code, node_code),
            "{failure:?}"
        );
    }
    let options = json!({ "ca": Pki::shared().root.pem(), "servername": "localhost" });
    assert_eq!(
        node.connect(served.address, options, json!({})).await["data"],
        "hello"
    );
}

// Spec: T-CLS-09, SRV-03, ERR-06
#[tokio::test]
async fn a_silent_client_is_given_up() {
    let limit = Duration::from_millis(50);
    let acceptor = TlsAcceptor::builder(server().build().unwrap())
        .handshake_timeout(limit)
        .hello_timeout(limit);
    let mut served = Served::echo(acceptor).await;
    let mut silent = RawPeer::connect(served.address).await;
    let failure = served.failure().await;
    assert_eq!(
        (failure.code, failure.phase),
        ("hello_timeout", Phase::Hello)
    );
    assert_eq!(failure.node_code, Some("ERR_TLS_HANDSHAKE_TIMEOUT"));
    assert_ne!(silent.read_to_end().await.ended, Ended::StillOpen);
}

// Spec: T-CLS-06
#[tokio::test]
async fn a_server_that_speaks_no_tls_is_named() {
    for greeting in [
        &b"hello from plain text\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ] {
        let listener = RawListener::bind().await;
        let connector = TlsConnector::from(client().build().unwrap());
        let (outcome, ()) =
            tokio::join!(dial(listener.address(), &connector, "localhost"), async {
                let mut peer = listener.accept().await;
                peer.send(greeting).await;
                peer.read_to_end().await;
            });
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), "server_not_tls", "{error}");
        assert_eq!(error.node_code(), Some("ERR_SSL_PACKET_LENGTH_TOO_LONG"));
    }
}

// Spec: T-CLS-10, CON-21
#[tokio::test]
async fn a_server_that_closes_at_once_is_a_reset() {
    let listener = RawListener::bind().await;
    let connector = TlsConnector::from(client().build().unwrap());
    let (outcome, ()) = tokio::join!(dial(listener.address(), &connector, "localhost"), async {
        listener.accept().await.close_write().await;
    });
    let error = outcome.unwrap_err();
    assert!(["peer_closed", "io"].contains(&error.code()), "{error}");
}

// Spec: T-CLS-12
#[tokio::test]
async fn a_port_where_nobody_listens_is_refused() {
    let listener = RawListener::bind().await;
    let address = listener.address();
    drop(listener);
    let connector = TlsConnector::from(client().build().unwrap());
    let outcome = in_time("an answer", connector.connect_to(&address.to_string())).await;
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.code(), error.node_code()),
        ("unreachable", Some("ECONNREFUSED"))
    );
}

// Spec: T-CLS-12, T-CLS-39
#[tokio::test]
async fn a_node_client_that_leaves_early_harms_nobody() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let mut served = served().await;
    let options = || json!({ "ca": Pki::shared().root.pem(), "servername": "localhost" });
    node.connect(served.address, options(), json!({ "vanish": "connect" }))
        .await;
    assert!(["peer_closed", "io"].contains(&served.failure().await.code));
    node.connect(
        served.address,
        options(),
        json!({ "vanish": "secure", "send": null }),
    )
    .await;
    // Its Finished never left.
    assert!(["peer_closed", "io"].contains(&served.failure().await.code));
    let report = node.connect(served.address, options(), json!({})).await;
    assert_eq!(report["data"], "hello");
}

// Spec: T-CLS-08
#[tokio::test]
async fn a_bad_record_ends_its_own_connection_only() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let mut served = served().await;
    // The Node client writes raw bytes behind the back of its own TLS.
    let code = "
        const options = { host: '127.0.0.1', port: args.port, ca: args.ca, servername: 'localhost' };
        const good = tls.connect(options);
        await new Promise((resolve) => good.once('secureConnect', resolve));
        const raw = net.connect(args.port, '127.0.0.1');
        const bad = tls.connect({ ...options, socket: raw });
        await new Promise((resolve) => bad.once('secureConnect', resolve));
        // Until an echo came, its Finished may still be on its way.
        bad.write('x');
        await new Promise((resolve) => bad.once('data', resolve));
        const failed = new Promise((resolve) => bad.once('error', (error) => resolve(error.code)));
        raw.write(Buffer.alloc(6, 0xff));
        const code = await failed;
        let trips = 0;
        for (; trips < 20; trips++) {
          good.write('x');
          await new Promise((resolve) => good.once('data', resolve));
        }
        good.end();
        return { code, trips };
    ";
    let args = json!({ "port": served.address.port(), "ca": Pki::shared().root.pem() });
    let answer = node
        .ask(json!({ "op": "run", "code": code, "args": args }))
        .await;
    assert_eq!(answer["result"]["trips"], 20, "{answer}");
    // No record has the type 0xff, whatever its length says (RFC 8446, Section 5).
    assert_eq!(
        answer["result"]["code"], "ERR_SSL_SSL/TLS_ALERT_UNEXPECTED_MESSAGE",
        "{answer}"
    );
    assert!(served.failure_so_far().is_none());
    let ends = [served.end().await.is_ok(), served.end().await.is_ok()];
    assert_eq!(
        ends.iter().filter(|ok| **ok).count(),
        1,
        "one ended well and one did not"
    );
}

// Spec: SRV-09, SNI-04
#[tokio::test]
async fn a_slow_hook_is_given_up_and_a_hook_is_asked_once() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let acceptor = TlsAcceptor::builder(server().build().unwrap())
        .hook_timeout(Duration::from_millis(50))
        .choose_context(move |hello| {
            count.fetch_add(1, Ordering::SeqCst);
            async move {
                if hello.server_name() == Some("slow.test") {
                    std::future::pending::<()>().await;
                }
                Ok::<_, std::io::Error>(None)
            }
        });
    let mut served = Served::echo(acceptor).await;
    let options = |name: &str| json!({ "ca": Pki::shared().root.pem(), "servername": name });
    node.connect(served.address, options("slow.test"), json!({}))
        .await;
    assert_eq!(served.failure().await.code, "hook_timeout");
    let report = node
        .connect(served.address, options("localhost"), json!({}))
        .await;
    assert_eq!(report["data"], "hello");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn junk_before_the_clients_finished_gets_an_alert_it_can_read() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let served = served().await;
    let code = "
        const raw = net.connect(args.port, '127.0.0.1');
        const bad = tls.connect({ socket: raw, ca: args.ca, servername: 'localhost' });
        const failed = new Promise((resolve) => bad.once('error', (error) => resolve(error.code)));
        await new Promise((resolve) => bad.once('secureConnect', resolve));
        raw.write(Buffer.alloc(6, 0xff));
        return { code: await failed };
    ";
    let args = json!({ "port": served.address.port(), "ca": Pki::shared().root.pem() });
    let answer = node
        .ask(json!({ "op": "run", "code": code, "args": args }))
        .await;
    // Ours may be silent by then, but must not say in plain what the client takes for an attack.
    let said = &answer["result"]["code"];
    assert_ne!(said, "ERR_SSL_BAD_RECORD_TYPE", "{answer}");
}
