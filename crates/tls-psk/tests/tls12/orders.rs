//! Every order of messages: at most one leads to an open connection.

use std::collections::BTreeSet;

use crate::pair::{Ends, Pair, SUITES, Sender};

/// Records that belong nowhere, or not in the clear.
fn strangers() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("HelloRequest", vec![22, 3, 3, 0, 4, 0, 0, 0, 0]),
        ("Certificate", vec![22, 3, 3, 0, 7, 11, 0, 0, 3, 0, 0, 0]),
        (
            "NewSessionTicket",
            vec![22, 3, 3, 0, 10, 4, 0, 0, 6, 0, 0, 0, 9, 0, 0],
        ),
        ("Finished in the clear", {
            let mut record = vec![22, 3, 3, 0, 16, 20, 0, 0, 12];
            record.resize(21, 7);
            record
        }),
        ("data in the clear", vec![23, 3, 3, 0, 2, b'h', b'i']),
    ]
}

/// The names of the records that one end gets in an ordinary handshake, in their order.
fn ordinary(to: Sender, ecdhe: bool) -> Vec<&'static str> {
    match (to, ecdhe) {
        (Sender::Server, _) => vec![
            "ClientHello",
            "ClientKeyExchange",
            "ChangeCipherSpec",
            "Finished",
        ],
        (Sender::Client, true) => vec![
            "ServerHello",
            "ServerKeyExchange",
            "ServerHelloDone",
            "ChangeCipherSpec",
            "Finished",
        ],
        (Sender::Client, false) => vec![
            "ServerHello",
            "ServerHelloDone",
            "ChangeCipherSpec",
            "Finished",
        ],
    }
}

/// What comes of sending `order` to one end while the other is fed as it should be.
enum Came {
    Open,
    Failed,
    Waits,
}

/// Runs a handshake in which `to` gets the records of `order` and nothing else. A record that its
/// peer has not made yet, because it waits itself, is taken from another handshake.
fn run(ends: &Ends, to: Sender, order: &[&str], foreign: &[Vec<u8>]) -> Came {
    let from = match to {
        Sender::Server => Sender::Client,
        Sender::Client => Sender::Server,
    };
    let names = ordinary(to, ends.client.cipher_suites == [SUITES[0]]);
    let strangers = strangers();
    let mut pair = Pair::new(ends);
    let mut made: Vec<Vec<u8>> = Vec::new();
    for wanted in order {
        while let Some((sender, record)) = pair.next_record() {
            if sender == from {
                made.push(record);
            } else {
                pair.deliver(sender, &record);
            }
        }
        let record = match names.iter().position(|name| name == wanted) {
            Some(place) => made.get(place).unwrap_or(&foreign[place]).clone(),
            None => strangers
                .iter()
                .find(|(name, _)| name == wanted)
                .unwrap()
                .1
                .clone(),
        };
        pair.deliver(from, &record);
        if pair.has_failed(to) {
            return Came::Failed;
        }
    }
    if pair.is_open(to) {
        Came::Open
    } else {
        Came::Waits
    }
}

/// All orders up to six messages, without those that begin with one that has failed already.
fn orders_that_open(suite: tls_wire::CipherSuite, to: Sender) -> BTreeSet<Vec<&'static str>> {
    let ends = Ends::with_suite(suite);
    let names = ordinary(to, suite == SUITES[0]);
    let another = ends.run();
    let foreign = match to {
        Sender::Server => another.client_sent,
        Sender::Client => another.server_sent,
    };
    let mut alphabet = names;
    alphabet.extend(strangers().iter().map(|(name, _)| *name));
    let mut open = BTreeSet::new();
    let mut prefixes = vec![Vec::new()];
    for _ in 0..6 {
        let mut longer = Vec::new();
        for prefix in &prefixes {
            for name in &alphabet {
                let mut order: Vec<&'static str> = prefix.clone();
                order.push(name);
                match run(&ends, to, &order, &foreign) {
                    Came::Open => _ = open.insert(order),
                    Came::Failed => {}
                    Came::Waits => longer.push(order),
                }
            }
        }
        prefixes = longer;
    }
    open
}

#[test]
fn a_server_opens_after_one_order_only() {
    for suite in [SUITES[0], SUITES[3]] {
        let open = orders_that_open(suite, Sender::Server);
        let expected = ordinary(Sender::Server, suite == SUITES[0]);
        assert_eq!(open.into_iter().collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn a_client_opens_after_one_order_only() {
    for suite in [SUITES[0], SUITES[3]] {
        let open = orders_that_open(suite, Sender::Client);
        let expected = ordinary(Sender::Client, suite == SUITES[0]);
        assert_eq!(open.into_iter().collect::<Vec<_>>(), [expected]);
    }
}
