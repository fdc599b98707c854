//! Handshakes with pre-shared keys, one end of which is bytes.

use std::sync::Arc;
use std::time::Duration;

use tls_psk::{
    ClientConfig, ClientHandshake, ClientPsk, Error, PskIdentity, PskKey, PskOffer, Question,
    ServerConfig, ServerHandshake, Step,
};
use tls_wire::{CipherSuite, ClientHello, ClientHelloReader, Progress, ProtocolVersion};

use crate::provider;

/// Unix time of all handshakes.
const NOW: Duration = Duration::from_secs(1_900_000_000);

/// What both ends know.
const IDENTITY: &str = "gate-7";

/// The key of the seeds, and its identity.
#[must_use]
pub fn psk() -> ClientPsk {
    ClientPsk {
        identity: PskIdentity::new(IDENTITY).unwrap(),
        key: PskKey::from_bytes(&[7; 32]).unwrap(),
    }
}

/// A server of both versions that takes all there is.
#[must_use]
pub fn server_config() -> ServerConfig {
    let mut config = ServerConfig::new(provider());
    config.versions = vec![ProtocolVersion::Tls13, ProtocolVersion::Tls12];
    config.allow_psk_ke = true;
    config.alpn = vec![b"h2".to_vec()];
    config
}

/// A client of this version, and its hello.
#[must_use]
pub fn client_of(version: ProtocolVersion) -> (ClientHandshake, Vec<u8>) {
    let mut config = ClientConfig::new(provider());
    config.versions = vec![version];
    config.psks.push(psk());
    config.allow_psk_ke = true;
    if version == ProtocolVersion::Tls12 {
        config.cipher_suites = vec![
            CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256,
            CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
        ];
    }
    let mut hello = Vec::new();
    let client = ClientHandshake::new(Arc::new(config), NOW, &mut hello).unwrap();
    (client, hello)
}

/// A server's end reads a client's bytes, from the hello on. `true` if the hello was answered.
#[must_use]
pub fn psk_server(bytes: &[u8]) -> bool {
    let Ok(Progress::Whole(whole)) = ClientHelloReader::default().read(bytes) else {
        return false;
    };
    let consumed = whole.consumed;
    let Ok(hello) = ClientHello::parse(whole.message) else {
        return false;
    };
    let config = Arc::new(server_config());
    let mut out = Vec::new();
    let started = match PskOffer::read(&config, &hello, NOW) {
        Some(offer) => tls13(&config, &offer, &hello, &mut out),
        None => ServerHandshake::tls12(config, &hello, &mut out),
    };
    let mut server = match started {
        Ok(server) => server,
        Err(error) => {
            check(&error);
            return false;
        }
    };
    let mut wire = bytes[consumed..].to_vec();
    let mut answer = |server: &mut ServerHandshake, question, out: &mut Vec<u8>| {
        let keys = match question {
            Question::Identity(name) if name == IDENTITY.as_bytes() => vec![psk().key],
            _ => Vec::new(),
        };
        server.answer(keys, out)
    };
    drive(
        &mut server,
        ServerHandshake::read,
        &mut answer,
        &mut wire,
        &mut out,
    );
    true
}

fn tls13(
    config: &Arc<ServerConfig>,
    offer: &PskOffer,
    hello: &ClientHello,
    out: &mut Vec<u8>,
) -> Result<ServerHandshake, Error> {
    let known = offer
        .identities()
        .iter()
        .filter(|offered| offered.identity().as_bytes() == IDENTITY.as_bytes());
    let choice = known
        .filter_map(|offered| offer.choose(offered, vec![psk().key]).ok())
        .next();
    let choice = match choice {
        Some(choice) => choice,
        None => offer.unknown(config)?,
    };
    ServerHandshake::tls13(Arc::clone(config), hello, choice, NOW, out)
}

/// A client's end reads a server's bytes: the first says in which version. `true` if the handshake
/// was not refused.
#[must_use]
pub fn psk_client(bytes: &[u8]) -> bool {
    let Some((choice, wire)) = bytes.split_first() else {
        return false;
    };
    let version = match choice & 1 {
        0 => ProtocolVersion::Tls12,
        _ => ProtocolVersion::Tls13,
    };
    let (mut client, mut out) = client_of(version);
    let mut answer =
        |client: &mut ClientHandshake, _, out: &mut Vec<u8>| client.answer(Some(psk()), out);
    let mut wire = wire.to_vec();
    drive(
        &mut client,
        ClientHandshake::read,
        &mut answer,
        &mut wire,
        &mut out,
    )
}

/// Feeds all of `wire`; false for a refusal. Nobody finishes with bytes of before.
fn drive<H>(
    handshake: &mut H,
    read: impl Fn(&mut H, &mut [u8], &mut Vec<u8>) -> Result<tls_psk::Progress, Error>,
    answer: &mut impl FnMut(&mut H, Question, &mut Vec<u8>) -> Result<Step, Error>,
    wire: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> bool {
    loop {
        let step = read(handshake, wire, out).and_then(|progress| {
            wire.drain(..progress.consumed);
            match progress.step {
                Step::Ask(question) => answer(handshake, question, out),
                step => Ok(step),
            }
        });
        match step {
            Ok(Step::Continue) => {}
            Ok(Step::NeedBytes(needed)) => {
                assert!(needed > wire.len());
                return true;
            }
            Ok(Step::Ask(again)) => panic!("asked twice: {again:?}"),
            Ok(Step::Done(_)) => panic!("a handshake that knew the future"),
            Err(error) => {
                check(&error);
                return false;
            }
        }
    }
}

/// Who fails on bytes says so with an alert, unless it heard one.
fn check(error: &Error) {
    let heard = matches!(
        error,
        Error::AlertReceived(_) | Error::PskNotAccepted { alert: Some(_) }
    );
    assert!(
        heard || error.alert().is_some(),
        "{error:?} is told to nobody"
    );
}
