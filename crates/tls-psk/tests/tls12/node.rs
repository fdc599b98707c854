//! Node's `pskCallback` at the other end.

use std::net::SocketAddr;

use tls_psk::{ClientPsk, Error};
use tls_testing::peer::{Node, Process};
use tls_wire::{AlertDescription, CipherSuite};
use tokio::net::TcpListener;

use crate::over_tcp::{accept, connect};
use crate::pair::{Ends, identity, key};

const SUITES: [CipherSuite; 4] = [
    CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_PSK_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,
];

/// Knows `gate-7`, echoes, and says what it is told.
const SERVER: &str = r#"
const [ciphers, hint, byte] = process.argv.slice(1);
const server = require('tls').createServer({
  ciphers, maxVersion: 'TLSv1.2', pskIdentityHint: hint || undefined,
  pskCallback: (socket, identity) =>
    identity === 'gate-7' ? Buffer.alloc(32, Number(byte)) : null,
}, (socket) => {
  console.log('open', socket.getCipher().name, socket.isSessionReused(), JSON.stringify(socket.getPeerCertificate()));
  socket.pipe(socket);
});
server.on('tlsClientError', (error) => console.log('error', error.code));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"#;

/// Says hello, and what comes of it.
const CLIENT: &str = r#"
const [port, ciphers, byte] = process.argv.slice(1);
const socket = require('tls').connect({
  port, host: '127.0.0.1', ciphers, maxVersion: 'TLSv1.2', checkServerIdentity() {},
  pskCallback: (hint) => {
    console.log('hint', hint);
    return byte ? { psk: Buffer.alloc(32, Number(byte)), identity: 'gate-7' } : null;
  },
}, () => {
  console.log('open', socket.getCipher().name, socket.authorized);
  socket.write('hello\n');
});
socket.on('data', (data) => { console.log('data', String(data).trim()); socket.end(); });
socket.on('error', (error) => console.log('error', error.code));
"#;

async fn server(node: &Node, suite: CipherSuite, hint: &str, byte: &str) -> (Process, SocketAddr) {
    let mut process = node.script(SERVER, &[suite.openssl_name().unwrap(), hint, byte]);
    let port: u16 = process.next_line().await.parse().unwrap();
    (process, SocketAddr::from(([127, 0, 0, 1], port)))
}

// Spec: PSK-02, PSK-04
#[tokio::test]
async fn psk_02_our_client_at_a_server_of_node() {
    let Some(node) = Node::require() else {
        return;
    };
    for suite in SUITES {
        for hint in ["", "gates"] {
            let (mut server, address) = server(&node, suite, hint, "7").await;
            let ends = Ends::with_suite(suite);
            let mut stream = connect(address, ends.client, ends.psk).await.unwrap();
            let expected = (!hint.is_empty()).then_some(hint.as_bytes());
            assert_eq!(stream.facts.hint.as_deref(), expected);
            stream.send(b"hello\n").await;
            assert_eq!(stream.line().await, "hello");
            let name = suite.openssl_name().unwrap();
            assert_eq!(server.next_line().await, format!("open {name} false {{}}"));
            stream.close().await;
        }
    }
}

// Spec: PSK-02, PSK-04, PSK-11
#[tokio::test]
async fn psk_02_a_client_of_node_at_our_server() {
    let Some(node) = Node::require() else {
        return;
    };
    for suite in SUITES {
        for hint in [None, Some("gates")] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port().to_string();
            let name = suite.openssl_name().unwrap();
            let mut client = node.script(CLIENT, &[&port, name, "7"]);
            let mut ends = Ends::with_suite(suite);
            ends.server.hint = hint.map(|hint| hint.as_bytes().to_vec());
            let mut stream = accept(&listener, ends.server, |_| vec![key(7)])
                .await
                .unwrap();
            assert_eq!(stream.facts.identity, identity("gate-7"));
            assert_eq!(stream.line().await, "hello");
            stream.send(b"world\n").await;
            let hint = hint.unwrap_or("null");
            assert_eq!(client.next_line().await, format!("hint {hint}"));
            assert_eq!(client.next_line().await, format!("open {name} true"));
            assert_eq!(client.next_line().await, "data world");
        }
    }
}

// Spec: PSK-06, PSK-07, T-PSK-07, T-PSK-10
#[tokio::test]
async fn t_psk_07_and_10_node_s_server_and_we_agree_on_what_is_wrong() {
    let Some(node) = Node::require() else {
        return;
    };
    for suite in SUITES {
        for (who, byte, alert, code) in [
            (
                "gate-7",
                "8",
                AlertDescription::BadRecordMac,
                "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
            ),
            (
                "gate-8",
                "7",
                AlertDescription::UnknownPskIdentity,
                "ERR_SSL_PSK_IDENTITY_NOT_FOUND",
            ),
        ] {
            let (mut server, address) = server(&node, suite, "", byte).await;
            let psk = ClientPsk {
                identity: identity(who),
                key: key(7),
            };
            let refused = connect(address, Ends::with_suite(suite).client, Some(psk)).await;
            let expected = match alert {
                AlertDescription::UnknownPskIdentity => {
                    Error::PskNotAccepted { alert: Some(alert) }
                }
                _ => Error::AlertReceived(alert),
            };
            assert_eq!(refused.err(), Some(expected));
            let said = server.next_line().await;
            // With some ciphers OpenSSL 3.5 names the operation that failed instead.
            let bad_mac = alert == AlertDescription::BadRecordMac;
            let other = bad_mac && said == "error ERR_SSL_CIPHER_OPERATION_FAILED";
            assert!(other || said == format!("error {code}"), "{said}");
        }
    }
}

// Spec: PSK-06, PSK-07, PSK-08, T-PSK-07, T-PSK-09, T-PSK-10
#[tokio::test]
async fn t_psk_07_and_10_our_server_gives_node_s_client_its_codes() {
    let Some(node) = Node::require() else {
        return;
    };
    for suite in SUITES {
        for (known, byte, theirs, ours) in [
            (
                true,
                "8",
                "ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC",
                "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC",
            ),
            (
                false,
                "7",
                "ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY",
                "ERR_SSL_PSK_IDENTITY_NOT_FOUND",
            ),
            (
                true,
                "",
                "ERR_SSL_PSK_IDENTITY_NOT_FOUND",
                "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
            ),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port().to_string();
            let name = suite.openssl_name().unwrap();
            let mut client = node.script(CLIENT, &[&port, name, byte]);
            let lookup = |_: &[u8]| if known { vec![key(7)] } else { Vec::new() };
            let refused = accept(&listener, Ends::with_suite(suite).server, lookup).await;
            assert_eq!(
                refused.err().and_then(|error| error.node_code()),
                Some(ours)
            );
            client.wait_for(&format!("error {theirs}")).await;
        }
    }
}
