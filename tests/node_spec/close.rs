//! `T-CLS-13` and on: ends, halves, and much data.

use std::io;

use serde_json::json;
use tls_net::{TlsAcceptor, TlsConnector};
use tls_testing::Pki;
use tls_tests::credentials::{client, server};
use tls_tests::{NodePeer, Served, VERSIONS, dial, exchange, in_time};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

fn trusting(version: tls_wire::ProtocolVersion) -> serde_json::Value {
    json!({ "ca": Pki::shared().root.pem(), "servername": "localhost", "maxVersion": version.to_string() })
}

fn serving() -> serde_json::Value {
    let pki = Pki::shared();
    json!({ "cert": pki.server.chain_pem(), "key": pki.server.key_pem() })
}

// Spec: T-CLS-14, T-CLS-15
#[tokio::test]
async fn an_end_without_close_notify_is_an_error() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    for (behaviour, expected) in [
        ("fin", io::ErrorKind::UnexpectedEof),
        ("reset", io::ErrorKind::ConnectionReset),
    ] {
        let theirs = node
            .listen(serving(), json!({ "behaviour": behaviour }))
            .await;
        for version in VERSIONS {
            let connector = TlsConnector::from(client().max_version(version).build().unwrap());
            let mut stream = dial(theirs.address, &connector, "localhost").await.unwrap();
            stream.write_all(b"x").await.unwrap();
            let mut rest = Vec::new();
            let error = in_time("the end", stream.read_to_end(&mut rest))
                .await
                .unwrap_err();
            assert_eq!(error.kind(), expected, "{version} {error}");
        }
    }
}

// Spec: T-CLS-13, T-CLS-16, CON-05
#[tokio::test]
async fn each_direction_ends_by_itself() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    // Ours writes on after the client's end.
    let acceptor = TlsAcceptor::builder(server().build().unwrap());
    let mut served = Served::start(acceptor, |mut stream| async move {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        stream.write_all(b"Bye").await?;
        stream.shutdown().await?;
        Ok(all.len() as u64)
    })
    .await;
    for version in VERSIONS {
        let mut options = trusting(version);
        options["allowHalfOpen"] = json!(true);
        let report = node
            .connect(served.address, options, json!({ "end": "half" }))
            .await;
        assert_eq!(
            (&report["data"], &report["hadError"]),
            (&json!("Bye"), &json!(false)),
            "{report}"
        );
        assert_eq!(served.end().await.unwrap(), 5);
    }
    // And a client of ours after the server's.
    let mut options = serving();
    options["allowHalfOpen"] = json!(true);
    let theirs = node.listen(options, json!({ "behaviour": "end" })).await;
    let connector = TlsConnector::from(client().build().unwrap());
    let mut stream = dial(theirs.address, &connector, "localhost").await.unwrap();
    stream.write_all(b"x").await.unwrap();
    let mut all = Vec::new();
    in_time("the end", stream.read_to_end(&mut all))
        .await
        .unwrap();
    assert_eq!(all, b"goodbye");
    stream.write_all(b"still here").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(node.event(theirs, "end").await["received"], 11);
}

// Spec: T-CLS-19, T-CLS-20, T-CLS-26
#[tokio::test]
async fn eight_mebibytes_each_way() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let size: usize = (8 << 20) + 1;
    let theirs = node
        .listen(serving(), json!({ "behaviour": "source", "size": size }))
        .await;
    let sink = node.listen(serving(), json!({ "behaviour": "sink" })).await;
    let source = Served::start(
        TlsAcceptor::builder(server().build().unwrap()),
        move |mut stream| async move {
            stream.write_all(&vec![b'x'; size]).await?;
            stream.shutdown().await?;
            Ok(0)
        },
    )
    .await;
    for version in VERSIONS {
        let connector = TlsConnector::from(client().max_version(version).build().unwrap());
        let mut stream = dial(theirs.address, &connector, "localhost").await.unwrap();
        let mut all = Vec::new();
        in_time("all of it", stream.read_to_end(&mut all))
            .await
            .unwrap();
        assert_eq!(all.len(), size);
        let mut stream = dial(sink.address, &connector, "localhost").await.unwrap();
        in_time("all of it", stream.write_all(&all)).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(node.event(sink, "end").await["received"], size);
        let report = node
            .connect(
                source.address,
                trusting(version),
                json!({ "send": null, "end": "wait" }),
            )
            .await;
        assert_eq!(
            (&report["received"], &report["hadError"]),
            (&json!(size), &json!(false))
        );
    }
}

// Spec: T-CLS-26
#[tokio::test]
async fn small_writes_keep_their_order() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    for version in VERSIONS {
        let more = json!({ "send": "abc", "repeat": 500 });
        let report = node.connect(served.address, trusting(version), more).await;
        assert_eq!(report["data"], "abc".repeat(500));
        let report = node
            .connect(
                served.address,
                trusting(version),
                json!({ "send": "", "expect": 0 }),
            )
            .await;
        assert_eq!(
            (&report["secure"], &report["hadError"]),
            (&json!(true), &json!(false))
        );
    }
}

// Spec: T-FRG-01, SOP-24
#[tokio::test]
async fn records_are_no_larger_than_asked() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let served = Served::start(
        TlsAcceptor::builder(server().build().unwrap()),
        |mut stream| async move {
            assert!(stream.set_max_send_fragment(511).is_err());
            assert!(stream.set_max_send_fragment(16_385).is_err());
            stream.set_max_send_fragment(768)?;
            stream.write_all(&[b'x'; 10_000]).await?;
            stream.shutdown().await?;
            Ok(0)
        },
    )
    .await;
    for version in VERSIONS {
        let report = node
            .connect(
                served.address,
                trusting(version),
                json!({ "send": null, "end": "wait" }),
            )
            .await;
        assert_eq!(report["received"], 10_000);
        let chunks: Vec<u64> = report["chunks"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(serde_json::Value::as_u64)
            .collect();
        assert!(chunks.iter().all(|chunk| *chunk <= 768), "{chunks:?}");
    }
}

// Spec: T-CLS-29, CON-04
#[tokio::test]
async fn tls_inside_tls() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let inner = TlsAcceptor::from(server().build().unwrap());
    let mut served = Served::start(
        TlsAcceptor::builder(server().build().unwrap()),
        move |outer| {
            let inner = inner.clone();
            async move {
                let mut stream = inner.accept(outer).await?;
                let mut all = vec![0; 40_000];
                stream.read_exact(&mut all).await?;
                stream.write_all(&all).await?;
                stream.shutdown().await?;
                Ok(40_000)
            }
        },
    )
    .await;
    for version in VERSIONS {
        let more = json!({ "inside": trusting(version), "send": "x".repeat(40_000) });
        let report = node.connect(served.address, trusting(version), more).await;
        assert_eq!(report["received"], 40_000, "{report}");
        assert_eq!(served.end().await.unwrap(), 40_000);
    }
}

// Spec: T-SNI-09, T-ALP-07, T-CLS-28, SNI-07, SOC-14
#[tokio::test]
async fn tls_begins_where_plain_text_ends() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let acceptor = TlsAcceptor::builder(server().build().unwrap())
        .choose_context(|_| async {
            Ok::<_, io::Error>(Some(server().alpn(["http/1.1"]).build().unwrap()))
        })
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for version in VERSIONS {
        let mut options = trusting(version);
        options["ALPNProtocols"] = json!(["h2", "http/1.1"]);
        options["requestOCSP"] = json!(true);
        let id = node.start_connect(address, options, json!({ "plain": "STARTTLS\n" }));
        let (io, _) = listener.accept().await.unwrap();
        let mut io = BufReader::new(io);
        let mut line = String::new();
        in_time("a line", io.read_line(&mut line)).await.unwrap();
        assert_eq!(line, "STARTTLS\n");
        io.write_all(b"OK\n").await.unwrap();
        // What the client said already is given along.
        let prefix = in_time("the hello", io.fill_buf()).await.unwrap().to_vec();
        assert_eq!(prefix[0], 22);
        let mut stream = in_time(
            "a handshake",
            acceptor.accept_prefixed(io.into_inner(), &prefix),
        )
        .await
        .unwrap();
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await.unwrap();
        stream.write_all(&hello).await.unwrap();
        stream.shutdown().await.unwrap();
        let report = node.answer(id).await;
        assert_eq!(
            (&report["plain"], &report["alpn"], &report["data"]),
            (&json!("OK\n"), &json!("http/1.1"), &json!("hello"))
        );
    }
}

// Spec: T-CRD-11, SRV-18
#[tokio::test]
async fn a_reload_leaves_open_connections_alone() {
    let Some(mut node) = NodePeer::require() else {
        return;
    };
    let mut served = Served::echo(TlsAcceptor::builder(server().build().unwrap())).await;
    let connector = TlsConnector::from(client().build().unwrap());
    let mut open = dial(served.address, &connector, "localhost").await.unwrap();
    assert_eq!(exchange(&mut open, "before").await, "before");
    let other = Pki::shared().issue(&["localhost", "reloaded.test"]);
    let other = tls_context::SecureContext::server(tls_tests::credentials::identity(&other))
        .build()
        .unwrap();
    served.handle.set_context(other).unwrap();
    let report = node
        .connect(
            served.address,
            json!({ "ca": Pki::shared().root.pem(), "servername": "reloaded.test" }),
            json!({}),
        )
        .await;
    assert_eq!(report["authorized"], true, "{report}");
    assert_eq!(exchange(&mut open, "after").await, "after");
    assert_eq!(served.connection().await.generation(), 1);
    assert_eq!(served.connection().await.generation(), 2);
}
