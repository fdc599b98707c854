//! Seeds that no other program can make: they are sealed under the keys of the targets.

use std::fs;
use std::sync::Arc;

use tls_any_bytes::{CONTEXT, client_of, psk, secret, server_config, ticket_keys};
use tls_psk::{PskOffer, ServerHandshake, Step};
use tls_session_store::{Envelope, Kind, Verdict};
use tls_wire::{ClientHello, ClientHelloReader, Progress, ProtocolVersion};

fn write(name: &str, parts: &[&[u8]]) {
    let path = super::fuzz("seeds").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, parts.concat()).unwrap();
}

#[test]
fn seeds_are_written_on_demand() {
    if std::env::var_os("TLS_WRITE_SEEDS").is_none() {
        return;
    }
    sessions();
    handshake_of_tls13();
    handshake_of_tls12();
}

fn sessions() {
    let envelope = |kind| Envelope {
        first_authenticated: 1_900_000_000,
        verdict: Verdict::Good,
        generation: 7,
        maker: "worker 3".into(),
        context_id: CONTEXT,
        kind,
        chain: vec![vec![1; 20], vec![2; 30]],
        payload: vec![9; 40].into(),
    };
    let ticket = envelope(Kind::RustlsTicket);
    let stored = envelope(Kind::StoredSession).encode().unwrap();
    let value = secret().seal_value(Kind::StoredSession, &CONTEXT, &[6; 32], &stored);
    let sealed = ticket_keys().seal_envelope(&ticket).unwrap();
    write("sealed_session/ok-ticket", &[&[0], &sealed]);
    write("sealed_session/ok-stored", &[&[1], &value.unwrap()]);
    write(
        "sealed_session/ok-inside",
        &[&[2], &ticket.encode().unwrap()],
    );
    write("sealed_session/cut", &[&[0], &sealed[..60]]);
}

fn read(hello: &[u8]) -> ClientHello {
    let Ok(Progress::Whole(whole)) = ClientHelloReader::default().read(hello) else {
        panic!("not whole");
    };
    ClientHello::parse(whole.message).unwrap()
}

/// The flights after the hello, while they last: to the server, and all that the client got.
fn flights(
    version: ProtocolVersion,
    start: impl FnOnce(&ClientHello, &mut Vec<u8>) -> ServerHandshake,
) -> (Vec<u8>, Vec<u8>) {
    let (mut client, mut to_server) = client_of(version);
    let mut to_client = Vec::new();
    let mut server = start(&read(&to_server), &mut to_client);
    let (mut sent, mut got) = (to_server.split_off(0), Vec::new());
    for _ in 0..2 {
        got.extend_from_slice(&to_client);
        while !to_client.is_empty() {
            let progress = client.read(&mut to_client, &mut to_server).unwrap();
            to_client.drain(..progress.consumed);
            if let Step::Ask(_) = progress.step {
                let _ = client.answer(Some(psk()), &mut to_server).unwrap();
            }
        }
        sent.extend_from_slice(&to_server);
        while !to_server.is_empty() {
            let progress = server.read(&mut to_server, &mut to_client).unwrap();
            to_server.drain(..progress.consumed);
            if let Step::Ask(_) = progress.step {
                let _ = server.answer(vec![psk().key], &mut to_client).unwrap();
            }
        }
    }
    (sent, got)
}

fn handshake_of_tls13() {
    let (sent, got) = flights(ProtocolVersion::Tls13, |hello, out| {
        let config = Arc::new(server_config());
        let now = std::time::Duration::from_secs(1_900_000_000);
        let offer = PskOffer::read(&config, hello, now).unwrap();
        let choice = offer
            .choose(&offer.identities()[0], vec![psk().key])
            .unwrap();
        ServerHandshake::tls13(config, hello, choice, now, out).unwrap()
    });
    write("psk_server/ok-tls13", &[&sent]);
    write("psk_server/cut", &[&sent[..50]]);
    // Another client has another key share, so that what is protected does not open.
    write("psk_client/tls13", &[&[1], &got]);
}

fn handshake_of_tls12() {
    let (sent, got) = flights(ProtocolVersion::Tls12, |hello, out| {
        ServerHandshake::tls12(Arc::new(server_config()), hello, out).unwrap()
    });
    write("psk_server/ok-tls12", &[&sent]);
    write("psk_client/tls12", &[&[0], &got]);
    // Up to ServerHelloDone all is in the clear.
    let change = got.windows(6).position(|it| it == [20, 3, 3, 0, 1, 1]);
    write(
        "psk_client/ok-tls12-to-done",
        &[&[0], &got[..change.unwrap()]],
    );
}
