//! Any bytes in the place of a Finished, sealed under the right keys: what the record layer lets
//! through.

use std::sync::Arc;

use proptest::prelude::*;
use rustls::KeyLog;
use tls_record::{Aead, RecordProtection, TrafficKeys, prf};
use tls_wire::{ContentType, HashAlgorithm, ProtocolVersion};

use crate::agreement::Lines;
use crate::pair::{Ends, Pair, SUITES, Sender};

/// Both ends, about to get `from`'s Finished; that record, and the keys that it is sealed with.
struct Waiting {
    pair: Pair,
    finished: Vec<u8>,
    keys: TrafficKeys,
}

/// ECDHE-PSK with ChaCha20-Poly1305, of which key and nonce are 32 and 12 bytes.
fn waiting(from: Sender) -> Waiting {
    let mut ends = Ends::with_suite(SUITES[2]);
    let log = Arc::new(Lines::default());
    ends.client.key_log = Some(Arc::clone(&log) as Arc<dyn KeyLog>);
    let mut pair = Pair::new(&ends);
    let mut server_random = [0; 32];
    let (mut of_client, mut of_server) = (0, 0);
    loop {
        let (sender, record) = pair.next_record().unwrap();
        let (sent, before) = match sender {
            Sender::Client => (&mut of_client, 3),
            Sender::Server => (&mut of_server, 4),
        };
        if sender == Sender::Server && *sent == 0 {
            // Behind the headers of record and message, and the version.
            server_random.copy_from_slice(&record[11..43]);
        }
        // ClientHello, ClientKeyExchange and ChangeCipherSpec; ServerHello to ServerHelloDone, and
        // ChangeCipherSpec.
        if sender == from && *sent == before {
            let (_, client_random, master) = log.0.lock().unwrap()[0].clone();
            let mut block = [0; 2 * (32 + 12)];
            let seed: [&[u8]; 3] = [b"key expansion", &server_random, &client_random];
            prf(HashAlgorithm::Sha256, &master, &seed, &mut block).unwrap();
            let (key, iv) = match from {
                Sender::Client => (&block[..32], &block[64..76]),
                Sender::Server => (&block[32..64], &block[76..]),
            };
            let iv = iv.try_into().unwrap();
            let keys = TrafficKeys::new(Aead::ChaCha20Poly1305, key, iv).unwrap();
            return Waiting {
                pair,
                finished: record,
                keys,
            };
        }
        *sent += 1;
        pair.deliver(sender, &record);
    }
}

fn protection(keys: &TrafficKeys) -> RecordProtection {
    RecordProtection::new(ProtocolVersion::Tls12, keys).unwrap()
}

/// What comes of content of this type, made from the honest one.
fn outcome(
    from: Sender,
    content_type: ContentType,
    change: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> (bool, Option<tls_psk::Error>) {
    let mut waiting = waiting(from);
    let mut honest = waiting.finished.clone();
    let (kind, content) = protection(&waiting.keys).open(&mut honest).unwrap();
    assert_eq!((kind, content.len()), (ContentType::Handshake, 16));
    let content = change(content.to_vec());
    let mut record = Vec::new();
    let mut tx = protection(&waiting.keys);
    tx.seal(content_type, &content, &mut record).unwrap();
    waiting.pair.deliver(from, &record);
    let to = match from {
        Sender::Client => Sender::Server,
        Sender::Server => Sender::Client,
    };
    let is_open = waiting.pair.is_open(to);
    let ends = waiting.pair.into_outcome();
    let error = match to {
        Sender::Client => ends.client.err(),
        Sender::Server => ends.server.err(),
    };
    (is_open, error)
}

fn sender() -> impl Strategy<Value = Sender> {
    prop_oneof![Just(Sender::Client), Just(Sender::Server)]
}

#[test]
fn the_honest_finished_opens_each_end() {
    for from in [Sender::Client, Sender::Server] {
        let (is_open, error) = outcome(from, ContentType::Handshake, |honest| honest);
        assert!(is_open && error.is_none(), "{from:?}: {error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_content_is_an_error_or_nothing(
        from in sender(),
        content_type in prop::sample::select(vec![20u8, 21, 22, 23, 24]),
        kind in 0..30u8,
        body in prop::collection::vec(any::<u8>(), 0..80),
        is_message: bool,
    ) {
        let (is_open, error) = outcome(from, content_type.into(), |_| match is_message {
            true => [&[kind, 0, 0, body.len() as u8][..], &body].concat(),
            false => body,
        });
        prop_assert!(!is_open);
        if let Some(error) = error {
            let told = error.fault() == tls_psk::Fault::Nobody;
            prop_assert!(told || error.alert().is_some(), "{error:?}");
        }
    }

    #[test]
    fn a_finished_with_a_changed_bit_opens_nothing(from in sender(), bit in 0..8 * 16usize) {
        let (is_open, error) = outcome(from, ContentType::Handshake, |mut content| {
            content[bit / 8] ^= 1 << (bit % 8);
            content
        });
        prop_assert!(!is_open);
        prop_assert!(error.is_none_or(|error| error.alert().is_some()));
    }
}
