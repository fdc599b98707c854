//! Two ends in memory, and the bytes between them in the hands of the test.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use tls_psk::{
    ClientConfig, ClientHandshake, ClientPsk, Error, Finished, PskIdentity, PskKey, PskOffer,
    ServerConfig, ServerHandshake, Step,
};
use tls_record::{Opened, RecordLayer, RecordLimits};
use tls_wire::{ClientHello, ClientHelloReader, Progress, ProtocolVersion};

/// Unix time of all tests but those about time.
pub(crate) const NOW: Duration = Duration::from_secs(1_900_000_000);
pub(crate) const SECRET: [u8; 32] = [7; 32];

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A provider with these groups only.
pub(crate) fn provider_of(groups: &[rustls::NamedGroup]) -> Arc<CryptoProvider> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    let all = rustls::crypto::aws_lc_rs::ALL_KX_GROUPS;
    let find = |name: &rustls::NamedGroup| *all.iter().find(|it| it.name() == *name).unwrap();
    provider.kx_groups = groups.iter().map(find).collect();
    Arc::new(provider)
}

pub(crate) fn key(secret: &[u8]) -> PskKey {
    PskKey::from_bytes(secret).unwrap()
}

pub(crate) fn psk(identity: &str, secret: &[u8]) -> ClientPsk {
    ClientPsk {
        identity: PskIdentity::new(identity).unwrap(),
        key: key(secret),
    }
}

/// TLS 1.3 alone, one key, X25519 alone: the smallest hello.
pub(crate) fn client_config() -> ClientConfig {
    let mut config = ClientConfig::new(provider_of(&[rustls::NamedGroup::X25519]));
    config.versions = vec![ProtocolVersion::Tls13];
    config.psks.push(psk("gate-7", &SECRET));
    config
}

pub(crate) fn server_config() -> ServerConfig {
    let mut config = ServerConfig::new(provider());
    config.versions = vec![ProtocolVersion::Tls13];
    config
}

/// The look-up of a server.
pub(crate) type Keys<'a> = &'a dyn Fn(&PskIdentity) -> Vec<PskKey>;

/// Knows "gate-7" alone.
pub(crate) fn one_key(identity: &PskIdentity) -> Vec<PskKey> {
    match identity.as_bytes() {
        b"gate-7" => vec![key(&SECRET)],
        _ => Vec::new(),
    }
}

/// Reads the hello at the start of `wire` as a server's caller does; what follows it is returned.
pub(crate) fn read_hello(wire: &[u8]) -> Result<(ClientHello, Vec<u8>), tls_wire::Error> {
    let mut reader = ClientHelloReader::default();
    let Progress::Whole(whole) = reader.read(wire)? else {
        let field = "client_hello";
        return Err(tls_wire::Error::Truncated { field });
    };
    let rest = wire[whole.consumed..].to_vec();
    Ok((ClientHello::parse(whole.message)?, rest))
}

/// Starts a server as its caller does: sessions first, then the look-up.
pub(crate) fn start_server(
    config: &Arc<ServerConfig>,
    hello: &ClientHello,
    keys: Keys<'_>,
    now: Duration,
    out: &mut Vec<u8>,
) -> Result<ServerHandshake, Error> {
    let Some(mut offer) = PskOffer::read(config, hello, now) else {
        return Err(Error::NoSharedVersion);
    };
    let mut choice = None;
    if let Some(identity) = offer.session_identity() {
        let found = keys(identity);
        choice = offer.resume(&found).ok();
    }
    let mut refused = None;
    for offered in offer.identities() {
        if choice.is_some() {
            break;
        }
        match offer.choose(offered, keys(offered.identity())) {
            Ok(chosen) => choice = Some(chosen),
            Err(error @ Error::NoSharedCipher) => refused = Some(error),
            Err(_) => {}
        }
    }
    let choice = match (choice, refused) {
        (Some(choice), _) => choice,
        (None, Some(error)) => return Err(error),
        (None, None) => offer.unknown(config)?,
    };
    ServerHandshake::tls13(Arc::clone(config), hello, choice, now, out)
}

/// Where one end stands.
pub(crate) enum End<H> {
    Under(H),
    Done(Box<Finished>),
    Failed(Error),
}

impl<H> End<H> {
    pub(crate) fn error(&self) -> Option<&Error> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }

    pub(crate) fn finished(self) -> Finished {
        match self {
            Self::Done(finished) => *finished,
            Self::Failed(error) => panic!("{}: {error}", error.code()),
            Self::Under(_) => panic!("the handshake still waits"),
        }
    }
}

/// A handshake that takes bytes.
pub(crate) trait Reads {
    fn read(&mut self, wire: &mut [u8], out: &mut Vec<u8>) -> Result<tls_psk::Progress, Error>;
}

impl Reads for ClientHandshake {
    fn read(&mut self, wire: &mut [u8], out: &mut Vec<u8>) -> Result<tls_psk::Progress, Error> {
        Self::read(self, wire, out)
    }
}

impl Reads for ServerHandshake {
    fn read(&mut self, wire: &mut [u8], out: &mut Vec<u8>) -> Result<tls_psk::Progress, Error> {
        Self::read(self, wire, out)
    }
}

/// Feeds all of `wire`; what is left over, because the handshake is done or failed, stays in it.
pub(crate) fn feed<H: Reads>(end: End<H>, wire: &mut Vec<u8>, out: &mut Vec<u8>) -> End<H> {
    let End::Under(mut handshake) = end else {
        return end;
    };
    loop {
        match handshake.read(wire, out) {
            Err(error) => return End::Failed(error),
            Ok(progress) => {
                wire.drain(..progress.consumed);
                match progress.step {
                    Step::Continue => {}
                    Step::NeedBytes(more) => {
                        assert!(more > wire.len());
                        return End::Under(handshake);
                    }
                    Step::Ask(question) => panic!("asked {question:?} in TLS 1.3"),
                    Step::Done(finished) => return End::Done(finished),
                }
            }
        }
    }
}

/// What became of a whole handshake.
pub(crate) struct Outcome {
    pub(crate) client: End<ClientHandshake>,
    pub(crate) server: End<ServerHandshake>,
    /// Sent by the server, not yet read by the client: tickets, or an alert.
    pub(crate) to_client: Vec<u8>,
    /// Everything that the server sent.
    pub(crate) server_sent: Vec<u8>,
    /// Everything that the client sent.
    pub(crate) client_sent: Vec<u8>,
}

/// Who is sending, for whoever meddles with flights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Server,
}

/// Runs a handshake; `meddle` sees each flight (with its number, from 0) before the other end does.
pub(crate) fn run_with(
    client: ClientConfig,
    server: ServerConfig,
    keys: Keys<'_>,
    now: Duration,
    mut meddle: impl FnMut(From, usize, &mut Vec<u8>),
) -> Outcome {
    let server = Arc::new(server);
    let mut to_server = Vec::new();
    let handshake = ClientHandshake::new(Arc::new(client), now, &mut to_server).unwrap();
    let mut client_end = End::Under(handshake);
    let mut outcome = (to_server.clone(), Vec::new());
    meddle(From::Client, 0, &mut to_server);
    let mut to_client = Vec::new();
    let mut server_end = match read_hello(&to_server) {
        Err(error) => End::Failed(error.into()),
        Ok((hello, rest)) => {
            to_server = rest;
            match start_server(&server, &hello, keys, now, &mut to_client) {
                Ok(handshake) => End::Under(handshake),
                Err(error) => {
                    if to_client.is_empty()
                        && let Some(alert) = error.alert()
                    {
                        to_client.extend([21, 3, 3, 0, 2, 2, alert.into()]);
                    }
                    End::Failed(error)
                }
            }
        }
    };
    for flight in 0.. {
        server_end = feed(server_end, &mut to_server, &mut to_client);
        outcome.1.extend_from_slice(&to_client);
        meddle(From::Server, flight, &mut to_client);
        if to_client.is_empty() {
            break;
        }
        client_end = feed(client_end, &mut to_client, &mut to_server);
        outcome.0.extend_from_slice(&to_server);
        meddle(From::Client, flight + 1, &mut to_server);
        if to_server.is_empty() || !matches!(server_end, End::Under(_)) {
            break;
        }
    }
    Outcome {
        client: client_end,
        server: server_end,
        to_client,
        client_sent: outcome.0,
        server_sent: outcome.1,
    }
}

/// Runs a handshake that nobody meddles with.
pub(crate) fn run(client: ClientConfig, server: ServerConfig) -> Outcome {
    run_with(client, server, &one_key, NOW, |_, _, _| {})
}

/// Two record layers after a handshake, and what the server has sent behind it.
pub(crate) struct Open {
    pub(crate) client: RecordLayer,
    pub(crate) server: RecordLayer,
    pub(crate) client_facts: tls_psk::Facts,
    pub(crate) server_facts: tls_psk::Facts,
    pub(crate) sessions: tls_psk::SessionInbox,
    pub(crate) exporters: [Option<tls_record::Exporter>; 2],
}

impl Outcome {
    /// Both ends are done: hands over, reads the tickets, and sends data both ways.
    pub(crate) fn open(self) -> Open {
        let (client, server) = (self.client.finished(), self.server.finished());
        let layer = |established| RecordLayer::new(established, RecordLimits::default()).unwrap();
        let mut open = Open {
            client: layer(client.established),
            server: layer(server.established),
            client_facts: client.facts,
            server_facts: server.facts,
            sessions: client.sessions.unwrap(),
            exporters: [client.exporter, server.exporter],
        };
        let mut wire = self.to_client;
        while !wire.is_empty() {
            let opened = open.client.open(&mut wire, &mut [0; 64]).unwrap();
            let Opened::Control { consumed } = opened else {
                panic!("{opened:?}");
            };
            wire.drain(..consumed);
        }
        send(&mut open.client, &mut open.server);
        send(&mut open.server, &mut open.client);
        open
    }
}

/// Sends a few bytes from one end to the other.
pub(crate) fn send(from: &mut RecordLayer, to: &mut RecordLayer) {
    let mut wire = vec![0; from.control_len() + from.sealed_len(5)];
    let sealed = from.seal(b"hello", &mut wire).unwrap();
    let mut wire = wire[..sealed.written].to_vec();
    let mut data = [0; 64];
    loop {
        match to.open(&mut wire, &mut data).unwrap() {
            Opened::Data { written, .. } => {
                assert_eq!(&data[..written], b"hello");
                return;
            }
            Opened::Control { consumed } => drop(wire.drain(..consumed)),
            other => panic!("{other:?}"),
        }
    }
}

/// A key log that keeps what it sees.
#[derive(Debug, Default)]
pub(crate) struct Secrets(pub(crate) Mutex<Vec<(String, Vec<u8>)>>);

impl rustls::KeyLog for Secrets {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        let mut kept = self.0.lock().unwrap();
        kept.push((label.to_owned(), secret.to_vec()));
    }
}

impl Secrets {
    pub(crate) fn all(&self) -> Vec<(String, Vec<u8>)> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn get(&self, label: &str) -> Vec<u8> {
        let all = self.all();
        all.into_iter().find(|(it, _)| it == label).unwrap().1
    }
}
