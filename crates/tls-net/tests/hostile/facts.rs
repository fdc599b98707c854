//! Facts about rustls that this crate is built on and no other test here would miss.

use std::io::Write as _;
use std::sync::Arc;

use rustls::ServerConnection;
use rustls::unbuffered::ConnectionState;
use tls_testing::{Pki, plain_rustls};

/// `discard` is given for errors too, and the queued alert is fetched with the buffer of the failed
/// call, only while something is queued: what our driver does.
#[test]
fn the_alert_of_a_failed_call_is_fetched_with_the_same_buffer() {
    for version in plain_rustls::VERSIONS {
        let config = Arc::new(plain_rustls::server(version, &Pki::shared().server));
        let mut server = rustls::server::UnbufferedServerConnection::new(config).unwrap();
        let mut held = b"\x16\x03\x03\x00\x04\x02\x00\x00\x00".to_vec();
        let status = server.process_tls_records(&mut held);
        let discard = status.discard;
        assert!(status.state.is_err());
        held.drain(..discard);
        assert!(server.wants_write(), "an alert is queued");
        let mut alert = [0; 64];
        let mut length = 0;
        while server.wants_write() {
            match server.process_tls_records(&mut held).state.unwrap() {
                ConnectionState::EncodeTlsData(mut data) => {
                    length += data.encode(&mut alert[length..]).unwrap();
                }
                ConnectionState::TransmitTlsData(data) => data.done(),
                _ => panic!("nothing else"),
            }
        }
        assert_eq!(alert[..length], [21, 3, 3, 0, 2, 2, 50]);
    }
}

/// rustls itself resumes a session of a lax configuration under a strict one: the reason for our rule.
/// Should this ever fail, rustls has learnt it, and the rule can be looked at again.
#[test]
fn plain_rustls_resumes_without_the_demanded_certificate() {
    for version in plain_rustls::VERSIONS {
        let leaf = &Pki::shared().server;
        let ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().unwrap();
        let mut lax = plain_rustls::server(version, leaf);
        lax.ticketer = ticketer.clone();
        let mut strict = plain_rustls::server_demanding_client(version, leaf);
        strict.ticketer = ticketer;
        let client = Arc::new(plain_rustls::client(version));
        let mut kinds = Vec::new();
        for config in [lax, strict] {
            let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
            let mut client = rustls::ClientConnection::new(client.clone(), name).unwrap();
            let mut server = ServerConnection::new(Arc::new(config)).unwrap();
            for _ in 0..6 {
                let mut wire = Vec::new();
                while client.wants_write() {
                    client.write_tls(&mut wire).unwrap();
                }
                server.read_tls(&mut &wire[..]).unwrap();
                server.process_new_packets().unwrap();
                wire.clear();
                while server.wants_write() {
                    server.write_tls(&mut wire).unwrap();
                }
                client.read_tls(&mut &wire[..]).unwrap();
                client.process_new_packets().unwrap();
            }
            server.writer().write_all(b"x").unwrap();
            assert!(!server.is_handshaking());
            assert!(server.peer_certificates().is_none());
            kinds.push(server.handshake_kind().unwrap());
        }
        assert_eq!(
            kinds,
            [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed]
        );
    }
}
