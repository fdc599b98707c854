//! Our server and our client, in memory: the same bodies for TLS 1.2 and 1.3.

mod ends;

use ends::{Ends, VERSIONS};
use tls_net::{NotResumed, Resumption, SessionKind, TlsConnector};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn data_flows_both_ways_and_closes_cleanly() {
    for version in VERSIONS {
        let ends = Ends::new(version);
        let (mut client, mut server) = ends.connect().await;
        client.write_all(b"ping").await.unwrap();
        client.flush().await.unwrap();
        let mut got = [0; 4];
        server.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"ping");
        server.write_all(b"pong").await.unwrap();
        server.shutdown().await.unwrap();
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"pong");
    }
}

// Spec: SOP-04, SOP-05, SOP-16, ALP-02, T-ALP-01
#[tokio::test]
async fn both_ends_report_the_same_facts() {
    for version in VERSIONS {
        let ends = Ends::new(version);
        let (client, server) = ends.connect().await;
        let (client, server) = (client.info(), server.info());
        assert_eq!(client.protocol_version(), server.protocol_version());
        assert_eq!(
            client.negotiated_cipher_suite(),
            server.negotiated_cipher_suite()
        );
        assert_eq!(
            client.negotiated_key_exchange_group(),
            server.negotiated_key_exchange_group()
        );
        assert_eq!(client.alpn_protocol(), Some(&b"h2"[..]));
        assert_eq!(server.alpn_protocol(), Some(&b"h2"[..]));
        assert_eq!(server.server_name(), Some("localhost"));
        assert!(client.authorized());
        assert!(!server.authorized());
        assert_eq!(
            server.resumption(),
            Resumption::Full(NotResumed::NoSessionOffered)
        );
    }
}

// Spec: SES-01, SES-02, T-SES-01, T-SES-02, SOP-20
#[tokio::test]
async fn a_session_resumes_once() {
    for version in VERSIONS {
        let ends = Ends::new(version);
        let (mut client, mut server) = ends.connect().await;
        ends::exchange(&mut client, &mut server).await;
        let session = client.session().expect("a session");
        let again = ends.connector.resuming(session.clone());
        let (mut client, mut server) = ends.connect_with(&again).await;
        assert!(client.info().resumption().is_resumed(), "{version}");
        assert_eq!(
            server.info().resumption(),
            Resumption::Resumed(SessionKind::Ticket)
        );
        assert!(client.info().authorized());
        ends::exchange(&mut client, &mut server).await;
        assert!(client.session().is_some() || version == tls_wire::ProtocolVersion::Tls12);
        let (client, server) = ends.connect_with(&again).await;
        assert_eq!(
            client.info().resumption(),
            Resumption::Full(NotResumed::Unknown)
        );
        assert_eq!(
            server.info().resumption(),
            Resumption::Full(NotResumed::NoSessionOffered)
        );
    }
}

// Spec: SOP-09, T-EKM-01, T-EKM-02
#[tokio::test]
async fn keying_material_is_equal_at_both_ends() {
    for version in VERSIONS {
        let ends = Ends::with(
            version,
            |context| context.exporter(true),
            |context| context.exporter(true),
        );
        let (client, server) = ends.connect().await;
        for context in [None, Some(&b""[..]), Some(&b"context"[..])] {
            let ours = client
                .export_keying_material([0; 128], b"label", context)
                .unwrap();
            let theirs = server
                .export_keying_material([0; 128], b"label", context)
                .unwrap();
            assert_eq!(ours, theirs);
        }
        let absent = client
            .export_keying_material([0; 32], b"label", None)
            .unwrap();
        let empty = client
            .export_keying_material([0; 32], b"label", Some(b""))
            .unwrap();
        assert_eq!(absent == empty, version == tls_wire::ProtocolVersion::Tls13);
    }
}

#[tokio::test]
async fn tls_works_inside_tls() {
    for version in VERSIONS {
        let ends = Ends::new(version);
        let (client, server) = ends.connect().await;
        let acceptor = ends.acceptor.clone();
        let connector: TlsConnector = ends.connector.clone();
        let (inner_client, inner_server) = tokio::join!(
            connector.connect(ends::name("localhost"), client),
            acceptor.accept(server)
        );
        let (mut client, mut server) = (inner_client.unwrap(), inner_server.unwrap());
        let data = vec![7; 40_000];
        let (sent, received) = tokio::join!(
            async {
                client.write_all(&data).await?;
                client.shutdown().await
            },
            async {
                let mut received = Vec::new();
                server.read_to_end(&mut received).await.map(|_| received)
            }
        );
        sent.unwrap();
        assert_eq!(received.unwrap(), data);
    }
}
