//! With any single bit changed on the way the two ends never both finish.

use proptest::prelude::*;
use tls_psk::{ClientConfig, ServerConfig};

use crate::ends::*;

/// The key alone: small flights, and no key exchange to wait for.
fn configs() -> (ClientConfig, ServerConfig) {
    let (mut client, mut server) = (client_config(), server_config());
    client.provider = provider_of(&[]);
    client.alpn = vec![b"mqtt".to_vec()];
    server.alpn = client.alpn.clone();
    client.allow_psk_ke = true;
    server.allow_psk_ke = true;
    (client, server)
}

/// Places of the record versions' minor byte, which "MUST be ignored for all purposes" (RFC 8446,
/// Section 5.1) in records that are not protected; in protected ones it is authenticated.
fn ignored(mut flight: &[u8]) -> Vec<usize> {
    let (mut places, mut start) = (Vec::new(), 0);
    while let Some(header) = tls_wire::RecordHeader::read(flight) {
        if header.content_type != tls_wire::ContentType::ApplicationData {
            places.push(start + 2);
        }
        start += header.wire_len();
        flight = &flight[header.wire_len()..];
    }
    places
}

fn every_bit(from: From, number: usize) {
    let (client, server) = configs();
    let mut length = 0;
    let mut skipped = Vec::new();
    let whole = run_with(
        client.clone(),
        server.clone(),
        &one_key,
        NOW,
        |who, n, flight| {
            if (who, n) == (from, number) {
                length = flight.len();
                skipped = ignored(flight);
            }
        },
    );
    assert!(whole.client.is_done() && whole.server.is_done() && length > 50);
    for bit in 0..8 * length {
        if skipped.contains(&(bit / 8)) {
            continue;
        }
        let outcome = run_with(
            client.clone(),
            server.clone(),
            &one_key,
            NOW,
            |who, n, flight| {
                if (who, n) == (from, number) {
                    flight[bit / 8] ^= 1 << (bit % 8);
                }
            },
        );
        let both = outcome.client.is_done() && outcome.server.is_done();
        assert!(!both, "bit {bit} of flight {number} of {from:?}");
    }
}

#[test]
fn in_the_hello() {
    every_bit(From::Client, 0);
}

#[test]
fn in_the_flight_of_the_server() {
    every_bit(From::Server, 0);
}

#[test]
fn in_the_finished_of_the_client() {
    every_bit(From::Client, 1);
}

/// With a key exchange, and where `retried`, after a HelloRetryRequest.
fn with_a_key_exchange(retried: bool) -> (ClientConfig, ServerConfig) {
    let (mut client, mut server) = (client_config(), server_config());
    let (x25519, p256) = (rustls::NamedGroup::X25519, rustls::NamedGroup::secp256r1);
    client.provider = provider_of(&[x25519, p256]);
    server.provider = provider_of(&[if retried { p256 } else { x25519 }]);
    (client, server)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn with_a_key_exchange_and_a_second_hello(
        retried: bool,
        // Two flights of the client and one of the server; with a second hello one more of each.
        flight in 0..5usize,
        bit: prop::sample::Index,
    ) {
        let order = [
            (From::Client, 0),
            (From::Server, 0),
            (From::Client, 1),
            (From::Server, 1),
            (From::Client, 2),
        ];
        let place = order[if retried { flight } else { flight % 3 }];
        let (client, server) = with_a_key_exchange(retried);
        let mut changed = false;
        let outcome = run_with(client, server, &one_key, NOW, |who, n, bytes| {
            if (who, n) == place {
                let bit = bit.index(8 * bytes.len());
                changed = !ignored(bytes).contains(&(bit / 8));
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        });
        let both = outcome.client.is_done() && outcome.server.is_done();
        prop_assert_eq!(both, !changed);
    }
}
