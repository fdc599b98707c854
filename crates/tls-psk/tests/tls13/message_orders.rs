//! A model test: of all orders of messages, at each state of each end, at most one leads to an open
//! connection, and none lets data in early.

use std::sync::Arc;

use tls_psk::{ClientConfig, ClientHandshake, ServerHandshake};
use tls_record::{Aead, RecordProtection, TrafficSecrets};
use tls_wire::{
    AlertDescription, ContentType, HandshakeType, HashAlgorithm, KeyUpdate, ProtocolVersion,
    RecordHeader,
};

use crate::ends::*;

/// What is sent; protected where the sender has keys by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// The n-th record of the honest flight.
    Honest(usize),
    /// A handshake message that has no place there.
    Message(HandshakeType),
    KeyUpdate,
    Data,
    ChangeCipherSpec,
    PlainAlert,
    Warning,
    ProtectedAlert,
}

/// One record: its type and content, and whether it is protected.
pub(crate) type Record = (ContentType, Vec<u8>, bool);

pub(crate) fn record(symbol: &Symbol, honest: &[Record]) -> Record {
    let fatal = vec![2, AlertDescription::HandshakeFailure.into()];
    match symbol {
        Symbol::Honest(n) => honest[*n].clone(),
        Symbol::Message(msg_type) => {
            let message = vec![(*msg_type).into(), 0, 0, 4, 0, 0, 0, 0];
            (ContentType::Handshake, message, true)
        }
        Symbol::KeyUpdate => {
            let message = KeyUpdate::Requested.encode().to_vec();
            (ContentType::Handshake, message, true)
        }
        Symbol::Data => (ContentType::ApplicationData, b"early".to_vec(), true),
        Symbol::ChangeCipherSpec => (ContentType::ChangeCipherSpec, vec![1], false),
        Symbol::PlainAlert => (ContentType::Alert, fatal, false),
        Symbol::Warning => {
            let warning = vec![1, AlertDescription::UserCanceled.into()];
            (ContentType::Alert, warning, true)
        }
        Symbol::ProtectedAlert => (ContentType::Alert, fatal, true),
    }
}

pub(crate) fn protection(secret: &[u8]) -> RecordProtection {
    let (hash, aead) = (HashAlgorithm::Sha256, Aead::Aes128Gcm);
    let secrets = TrafficSecrets::new(hash, aead, secret, secret).unwrap();
    let (keys, _) = secrets.keys().unwrap();
    RecordProtection::new(ProtocolVersion::Tls13, &keys).unwrap()
}

/// Cuts a flight into records and opens those that are protected.
pub(crate) fn opened(mut flight: Vec<u8>, secret: &[u8]) -> Vec<Record> {
    let mut rx = protection(secret);
    let mut records = Vec::new();
    while let Some(header) = RecordHeader::read(&flight) {
        let mut record: Vec<_> = flight.drain(..header.wire_len()).collect();
        match header.content_type {
            ContentType::ApplicationData => {
                let (content_type, content) = rx.open(&mut record).unwrap();
                records.push((content_type, content.to_vec(), true));
            }
            ContentType::ChangeCipherSpec => {}
            other => records.push((other, record[RecordHeader::LEN..].to_vec(), false)),
        }
    }
    records
}

/// Seals records as a sender with this secret would.
pub(crate) fn sealed(records: &[Record], secret: &[u8]) -> Vec<u8> {
    let mut tx = protection(secret);
    let mut wire = Vec::new();
    for (content_type, content, protected) in records {
        if *protected {
            tx.seal(*content_type, content, &mut wire).unwrap();
        } else {
            wire.extend(tls_wire::record::encode_plaintext_records(
                *content_type,
                0x0303,
                content,
            ));
        }
    }
    wire
}

/// A server that waits, the honest rest of the client's flight, and the client's secret.
pub(crate) fn waiting_server() -> (End<ServerHandshake>, Vec<Record>, Vec<u8>) {
    let secrets = Arc::new(Secrets::default());
    let mut server = server_config();
    server.key_log = Some(secrets.clone());
    let server = Arc::new(server);
    let mut to_server = Vec::new();
    let client = Arc::new(client_config());
    let handshake = ClientHandshake::new(client, NOW, &mut to_server).unwrap();
    let (hello, _) = read_hello(&to_server).unwrap();
    let mut to_client = Vec::new();
    let waiting = start_server(&server, &hello, &one_key, NOW, &mut to_client).unwrap();
    let mut flight = Vec::new();
    assert!(feed(End::Under(handshake), &mut to_client, &mut flight).is_done());
    let secret = secrets.get("CLIENT_HANDSHAKE_TRAFFIC_SECRET");
    (End::Under(waiting), opened(flight, &secret), secret)
}

/// A client that waits, the honest flight of the server, and the server's secret.
pub(crate) fn waiting_client() -> (End<ClientHandshake>, Vec<Record>, Vec<u8>) {
    let secrets = Arc::new(Secrets::default());
    let mut server = server_config();
    server.key_log = Some(secrets.clone());
    let mut to_server = Vec::new();
    let client: ClientConfig = client_config();
    let handshake = ClientHandshake::new(Arc::new(client), NOW, &mut to_server).unwrap();
    let (hello, _) = read_hello(&to_server).unwrap();
    let mut flight = Vec::new();
    start_server(&Arc::new(server), &hello, &one_key, NOW, &mut flight).unwrap();
    let secret = secrets.get("SERVER_HANDSHAKE_TRAFFIC_SECRET");
    (End::Under(handshake), opened(flight, &secret), secret)
}

/// All orders up to length 6 that are still alive, longest last; those that opened are returned.
pub(crate) fn explore<H: Reads>(
    honest: usize,
    wait: impl Fn() -> (End<H>, Vec<Record>, Vec<u8>),
    others: &[Symbol],
) -> Vec<Vec<Symbol>> {
    let alphabet: Vec<_> = (0..honest)
        .map(Symbol::Honest)
        .chain(others.iter().cloned())
        .collect();
    let (mut alive, mut open) = (vec![Vec::new()], Vec::new());
    for _ in 0..6 {
        let mut next = Vec::new();
        for prefix in alive {
            for symbol in &alphabet {
                let mut order: Vec<Symbol> = prefix.clone();
                order.push(symbol.clone());
                let (end, flight, secret) = wait();
                let records: Vec<_> = order.iter().map(|it| record(it, &flight)).collect();
                let mut wire = sealed(&records, &secret);
                let mut out = Vec::new();
                match feed(end, &mut wire, &mut out) {
                    End::Under(_) => next.push(order),
                    // Nothing may stand between the last message and the open connection.
                    End::Done(_) if wire.is_empty() => open.push(order),
                    End::Done(_) => {}
                    End::Failed(error) => {
                        let told = error.fault() == tls_psk::Fault::Nobody;
                        assert!(told || error.alert().is_some(), "{order:?}: {error}");
                    }
                }
            }
        }
        alive = next;
    }
    open
}

pub(crate) const OTHERS: [Symbol; 11] = [
    Symbol::Message(HandshakeType::ClientHello),
    Symbol::Message(HandshakeType::Certificate),
    Symbol::Message(HandshakeType::CertificateRequest),
    Symbol::Message(HandshakeType::EndOfEarlyData),
    Symbol::Message(HandshakeType::NewSessionTicket),
    Symbol::Message(HandshakeType::Finished),
    Symbol::KeyUpdate,
    Symbol::Data,
    Symbol::PlainAlert,
    Symbol::ProtectedAlert,
    Symbol::ChangeCipherSpec,
];

/// What is dropped wherever it stands says nothing about the order.
pub(crate) fn without_dropped(orders: Vec<Vec<Symbol>>) -> Vec<Vec<Symbol>> {
    let dropped = [Symbol::ChangeCipherSpec, Symbol::Warning];
    let mut kept: Vec<Vec<Symbol>> = orders
        .into_iter()
        .map(|order| {
            order
                .into_iter()
                .filter(|it| !dropped.contains(it))
                .collect()
        })
        .collect();
    kept.dedup();
    kept
}

#[test]
fn one_order_opens_a_server() {
    let open = without_dropped(explore(1, waiting_server, &OTHERS));
    assert_eq!(open, [[Symbol::Honest(0)]]);
}

#[test]
fn one_order_opens_a_client() {
    let honest = waiting_client().1.len();
    assert_eq!(honest, 3, "ServerHello, EncryptedExtensions, Finished");
    let mut open = without_dropped(explore(honest, waiting_client, &OTHERS));
    open.sort_by_key(Vec::len);
    open.dedup();
    let order: Vec<_> = (0..honest).map(Symbol::Honest).collect();
    assert_eq!(open, [order]);
}

/// `user_canceled` announces an end and is none; more than a few are too many.
#[test]
fn warnings_are_borne_up_to_a_limit() {
    for (count, borne) in [(4, true), (5, false)] {
        let (end, honest, secret) = waiting_server();
        let mut order = vec![Symbol::Warning; count];
        order.push(Symbol::Honest(0));
        let records: Vec<_> = order.iter().map(|it| record(it, &honest)).collect();
        let mut wire = sealed(&records, &secret);
        let end = feed(end, &mut wire, &mut Vec::new());
        assert_eq!(end.is_done(), borne);
    }
}

/// RFC 8446, Section 4.2: what was not asked for, and what belongs elsewhere.
#[test]
fn encrypted_extensions_hold_what_was_asked_for() {
    use AlertDescription as Alert;
    let alert = |extensions: &[u8]| {
        let (end, mut honest, secret) = waiting_client();
        let length = extensions.len() as u8;
        honest[1].1 = [&[8, 0, 0, length + 2, 0, length], extensions].concat();
        let mut wire = sealed(&honest, &secret);
        let end = feed(end, &mut wire, &mut Vec::new());
        end.error().and_then(tls_psk::Error::alert)
    };
    for (extensions, expected) in [
        // ALPN, server_name and early_data, which the client did not offer.
        (
            &[0, 16, 0, 5, 0, 3, 2, b'h', b'2'][..],
            Alert::UnsupportedExtension,
        ),
        (&[0, 0, 0, 0], Alert::UnsupportedExtension),
        (&[0, 42, 0, 0], Alert::UnsupportedExtension),
        // A key share, in the wrong message; the same one twice.
        (&[0, 51, 0, 0], Alert::IllegalParameter),
        (&[0, 10, 0, 0, 0, 10, 0, 0], Alert::IllegalParameter),
        (&[0, 10, 0, 9], Alert::DecodeError),
        // All well, but the Finished is not the one that goes with it.
        (&[0, 10, 0, 4, 0, 2, 0, 29], Alert::DecryptError),
    ] {
        assert_eq!(alert(extensions), Some(expected), "{extensions:?}");
    }
}
