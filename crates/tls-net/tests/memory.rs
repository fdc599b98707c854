//! What is left of connections that failed: nothing. In a process of its own, since it measures.
#![allow(clippy::unwrap_used, reason = "tests")]

use tls_certs::Identity;
use tls_context::SecureContext;
use tls_net::TlsAcceptor;
use tls_testing::{Pki, RawPeer, plain_rustls};

/// Resident memory of this process in bytes (proc(5): `statm`, in pages).
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// The first flight of a client.
fn hello() -> Vec<u8> {
    let config = plain_rustls::client(&rustls::version::TLS13);
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut client = rustls::ClientConnection::new(config.into(), name).unwrap();
    let mut flight = Vec::new();
    client.write_tls(&mut flight).unwrap();
    flight
}

#[tokio::test]
async fn two_thousand_bad_connections_leave_no_memory_behind() {
    let leaf = &Pki::shared().server;
    let identity = Identity::from_pem(leaf.chain_pem().as_bytes(), leaf.key_pem().as_bytes());
    let context = SecureContext::server(identity.unwrap()).build().unwrap();
    let acceptor = TlsAcceptor::builder(context)
        .on_failure(|_| {})
        .build()
        .unwrap();
    let hello = hello();
    let mut spoiled = hello.clone();
    spoiled[60..].reverse();
    let one_byte_records: Vec<u8> = hello[5..]
        .iter()
        .flat_map(|byte| [22, 3, 1, 0, 1, *byte])
        .collect();
    let mut endless = hello.clone();
    endless.extend((0..30_000).flat_map(|_| [22, 3, 3, 0, 1, 11]));
    let bad: [&[u8]; 8] = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        &[b'*'; 1024],
        &hello[..hello.len() / 2],
        &hello,
        &spoiled,
        &one_byte_records,
        &endless,
    ];
    let mut early = 0;
    for at in 0..2000 {
        let (near, far) = tokio::io::duplex(16 * 1024);
        let mut peer = RawPeer::over(near);
        let bytes = bad[at % bad.len()];
        let (_, outcome) = tokio::join!(
            async {
                peer.send(bytes).await;
                peer.close_write().await;
                peer.read_to_end().await;
                drop(peer);
            },
            acceptor.accept(far)
        );
        assert!(outcome.is_err());
        if at == 199 {
            early = resident();
        }
    }
    let late = resident();
    assert!(
        late < early + 1024 * 1024,
        "{} KiB more",
        (late - early) / 1024
    );
}
