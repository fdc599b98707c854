//! The model test where a HelloRetryRequest comes first: of all orders of messages behind it, one
//! opens each end.

use std::sync::Arc;

use tls_psk::{ClientConfig, ClientHandshake, ServerConfig, ServerHandshake};
use tls_record::RecordProtection;
use tls_wire::ContentType;

use crate::ends::*;
use crate::message_orders::{
    OTHERS, Record, Symbol, explore, opened, protection, record, without_dropped,
};

/// A client with a share that the server does not take, the server, and its secrets.
fn configs() -> (Arc<ClientConfig>, Arc<ServerConfig>, Arc<Secrets>) {
    let secrets = Arc::new(Secrets::default());
    let (mut client, mut server) = (client_config(), server_config());
    client.provider = provider_of(&[rustls::NamedGroup::X25519, rustls::NamedGroup::secp256r1]);
    server.provider = provider_of(&[rustls::NamedGroup::secp256r1]);
    server.key_log = Some(secrets.clone());
    (Arc::new(client), Arc::new(server), secrets)
}

/// Both ends behind the HelloRetryRequest.
struct Retried {
    client: End<ClientHandshake>,
    server: End<ServerHandshake>,
    secrets: Arc<Secrets>,
    retry: Vec<u8>,
    second_hello: Vec<u8>,
}

fn retried() -> Retried {
    let (client, server, secrets) = configs();
    let mut to_server = Vec::new();
    let handshake = ClientHandshake::new(client, NOW, &mut to_server).unwrap();
    let (hello, _) = read_hello(&to_server).unwrap();
    let mut retry = Vec::new();
    let started = start_server(&server, &hello, &one_key, NOW, &mut retry).unwrap();
    let mut second_hello = Vec::new();
    let client = feed(End::Under(handshake), &mut retry.clone(), &mut second_hello);
    Retried {
        client,
        server: End::Under(started),
        secrets,
        retry,
        second_hello,
    }
}

/// A client that waits for its second answer; the honest flight, and behind it the
/// HelloRetryRequest once more.
fn waiting_client() -> (End<ClientHandshake>, Vec<Record>, Vec<u8>) {
    let mut ends = retried();
    let mut flight = Vec::new();
    let server = feed(ends.server, &mut ends.second_hello, &mut flight);
    assert!(matches!(server, End::Under(_)));
    let secret = ends.secrets.get("SERVER_HANDSHAKE_TRAFFIC_SECRET");
    let mut records = opened(flight, &secret);
    records.extend(opened(ends.retry, &secret));
    (ends.client, records, secret)
}

#[test]
fn one_order_opens_a_client_behind_a_retry() {
    let records = waiting_client().1.len();
    assert_eq!(
        records, 4,
        "ServerHello, EncryptedExtensions, Finished; HelloRetryRequest"
    );
    let mut open = without_dropped(explore(records, waiting_client, &OTHERS));
    open.sort_by_key(Vec::len);
    open.dedup();
    let order: Vec<_> = (0..3).map(Symbol::Honest).collect();
    assert_eq!(open, [order]);
}

const SECOND_HELLO: Symbol = Symbol::Honest(0);
const FINISHED: Symbol = Symbol::Honest(1);

/// What is sent to a server behind its HelloRetryRequest. The Finished is the right one from the
/// time on when there is one.
struct Sender {
    client: Option<End<ClientHandshake>>,
    secrets: Arc<Secrets>,
    honest: Vec<Record>,
    tx: Option<RecordProtection>,
}

impl Sender {
    /// The records of one symbol, protected as soon as there are keys.
    fn wire(&mut self, symbol: &Symbol) -> Vec<u8> {
        let (content_type, content, protected) = record(symbol, &self.honest);
        let mut wire = Vec::new();
        match self.tx.as_mut().filter(|_| protected) {
            Some(tx) => tx.seal(content_type, &content, &mut wire).unwrap(),
            None => wire.extend(tls_wire::record::encode_plaintext_records(
                content_type,
                0x0303,
                &content,
            )),
        }
        wire
    }

    /// The server has answered: if that was its flight, the client's Finished goes with it.
    fn hear(&mut self, mut flight: Vec<u8>) {
        let Some(client) = self.client.take_if(|_| !flight.is_empty()) else {
            return;
        };
        let mut finished = Vec::new();
        if !feed(client, &mut flight, &mut finished).is_done() {
            return;
        }
        let secret = self.secrets.get("CLIENT_HANDSHAKE_TRAFFIC_SECRET");
        self.honest[1] = opened(finished, &secret).remove(0);
        self.tx = Some(protection(&secret));
    }
}

/// What comes of sending `order` to a server behind its HelloRetryRequest.
fn server_after(order: &[Symbol]) -> End<ServerHandshake> {
    let ends = retried();
    let no_finished = [&[20, 0, 0, 32][..], &[7; 32]].concat();
    let mut sender = Sender {
        client: Some(ends.client),
        honest: vec![
            opened(ends.second_hello, &[1; 32]).remove(0),
            (ContentType::Handshake, no_finished, true),
        ],
        secrets: ends.secrets,
        tx: None,
    };
    let mut server = ends.server;
    for symbol in order {
        let mut flight = Vec::new();
        let mut wire = sender.wire(symbol);
        server = feed(server, &mut wire, &mut flight);
        if !matches!(server, End::Under(_)) {
            break;
        }
        sender.hear(flight);
    }
    server
}

#[test]
fn one_order_opens_a_server_behind_a_retry() {
    let alphabet = [&[SECOND_HELLO, FINISHED], &OTHERS[..]].concat();
    let (mut alive, mut open) = (vec![Vec::new()], Vec::new());
    for _ in 0..6 {
        let mut next = Vec::new();
        for prefix in &alive {
            for symbol in &alphabet {
                let order = [prefix, &[symbol.clone()][..]].concat();
                match server_after(&order) {
                    End::Under(_) => next.push(order),
                    End::Done(_) => open.push(order),
                    End::Failed(error) => {
                        let told = error.fault() == tls_psk::Fault::Nobody;
                        assert!(told || error.alert().is_some(), "{order:?}: {error}");
                    }
                }
            }
        }
        alive = next;
    }
    let mut open = without_dropped(open);
    open.sort_by_key(Vec::len);
    open.dedup();
    assert_eq!(open, [[SECOND_HELLO, FINISHED]]);
}
