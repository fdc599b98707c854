//! What is set is what a client's hello says.

use std::sync::Arc;

use rustls::{ClientConnection, pki_types::ServerName};
use tls_context::{
    ProtocolVersion::{Tls12, Tls13},
    SecureContextBuilder,
};
use tls_wire::{CipherSuite, ClientHello, NamedGroup, RecordHeader};

use crate::handshake::{client, lower_client};

fn hello(builder: SecureContextBuilder) -> ClientHello {
    let name = ServerName::try_from("example.test").unwrap();
    let mut client = ClientConnection::new(Arc::clone(&lower_client(builder)), name).unwrap();
    let mut wire = Vec::new();
    client.write_tls(&mut wire).unwrap();
    ClientHello::parse(wire.split_off(RecordHeader::LEN).into()).unwrap()
}

fn openssl_names(hello: &ClientHello) -> Vec<&'static str> {
    let suites = hello.cipher_suites().filter(|suite| !suite.is_signalling());
    suites.map(|suite| suite.openssl_name().unwrap()).collect()
}

// Spec: CIP-18, CIP-22, MOD-04
#[test]
fn by_default_it_offers_both_versions_and_the_hybrid_first() {
    let hello = hello(client());
    assert_eq!(hello.legacy_version(), Tls12);
    assert_eq!(hello.session_id().len(), 32);
    assert!(hello.offers(Tls12) && hello.offers(Tls13) && hello.extended_master_secret());
    assert_eq!(hello.server_name(), Some("example.test"));
    assert_eq!(
        openssl_names(&hello).join(":"),
        tls_context::DEFAULT_CIPHERS
    );
    let groups: Vec<NamedGroup> = hello.named_groups().collect();
    let shares: Vec<NamedGroup> = hello.key_share_groups().collect();
    use NamedGroup as G;
    assert_eq!(
        groups,
        [G::X25519MLKEM768, G::X25519, G::SECP256R1, G::SECP384R1]
    );
    assert_eq!(shares, [G::X25519MLKEM768, G::X25519]);
    assert_eq!(hello.alpn_protocols().count(), 0);
}

// Spec: CIP-01, CIP-17, CIP-22
#[test]
fn it_offers_nothing_that_was_not_chosen() {
    let builder = client()
        .max_version(Tls12)
        .ciphers("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
        .groups("P-384:X25519")
        .alpn(["b", "a"]);
    let hello = hello(builder);
    assert!(hello.offers(Tls12) && !hello.offers(Tls13));
    let names = [
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
    ];
    assert_eq!(openssl_names(&hello), names);
    let groups: Vec<NamedGroup> = hello.named_groups().collect();
    assert_eq!(groups, [NamedGroup::SECP384R1, NamedGroup::X25519]);
    let protocols: Vec<&[u8]> = hello.alpn_protocols().collect();
    assert_eq!(protocols, [b"b", b"a"]);
    assert!(
        !hello
            .cipher_suites()
            .any(|suite| suite == CipherSuite::TLS_AES_128_GCM_SHA256)
    );
}
