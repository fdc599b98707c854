//! rustls at both ends of a handshake in memory: one stays rustls, the other hands over to us.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use rustls::client::UnbufferedClientConnection;
use rustls::kernel::KernelConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, ConnectionTrafficSecrets, ExtractedSecrets,
    ServerConfig, ServerConnection, SupportedProtocolVersion,
};
use tls_record::{
    Aead, Established, KeyUpdateRefused, Opened, PostHandshake, RecordLayer, RecordLimits, Role,
    TicketRefused, TrafficKeys,
};
use tls_testing::{Pki, plain_rustls};
use tls_wire::ProtocolVersion;

use crate::raw_end::VERSIONS;

/// A peer that is rustls, buffered.
pub(crate) type Peer = rustls::Connection;

/// Our layer, and rustls at the other end.
pub(crate) struct RustlsPair {
    pub(crate) layer: RecordLayer,
    pub(crate) peer: Peer,
    /// Bytes of the peer that have not been opened.
    pub(crate) wire: Vec<u8>,
    /// The sequence numbers that rustls reported: ours to send, ours to receive.
    pub(crate) sequences: (u64, u64),
}

/// The suite of each version and AEAD.
fn suite(version: ProtocolVersion, aead: Aead) -> CipherSuite {
    match (version, aead) {
        (ProtocolVersion::Tls13, Aead::Aes128Gcm) => CipherSuite::TLS13_AES_128_GCM_SHA256,
        (ProtocolVersion::Tls13, Aead::Aes256Gcm) => CipherSuite::TLS13_AES_256_GCM_SHA384,
        (ProtocolVersion::Tls13, _) => CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        (_, Aead::Aes128Gcm) => CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        (_, Aead::Aes256Gcm) => CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        (_, _) => CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    }
}

pub(crate) fn rustls_version(version: ProtocolVersion) -> &'static SupportedProtocolVersion {
    let index = VERSIONS.iter().position(|&known| known == version).unwrap();
    plain_rustls::VERSIONS[index]
}

/// Configs of both ends that speak one version and one suite.
pub(crate) fn configs(version: ProtocolVersion, aead: Aead) -> (ClientConfig, ServerConfig) {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider
        .cipher_suites
        .retain(|known| known.suite() == suite(version, aead));
    let provider = Arc::new(provider);
    let versions = [rustls_version(version)];
    let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .unwrap()
        .with_root_certificates(Pki::shared().roots())
        .with_no_client_auth();
    let leaf = &Pki::shared().server;
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(leaf.chain().to_vec(), leaf.key())
        .unwrap();
    client.enable_secret_extraction = true;
    server.enable_secret_extraction = true;
    (client, server)
}

fn localhost() -> rustls::pki_types::ServerName<'static> {
    "localhost".try_into().unwrap()
}

/// rustls's handshake engine after the hand-over.
enum Kernel {
    Client(KernelConnection<rustls::client::ClientConnectionData>),
    Server(KernelConnection<rustls::server::ServerConnectionData>),
}

fn traffic_keys(secrets: ConnectionTrafficSecrets) -> TrafficKeys {
    let (aead, key, iv) = match secrets {
        ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (Aead::Aes128Gcm, key, iv),
        ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (Aead::Aes256Gcm, key, iv),
        ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => (Aead::ChaCha20Poly1305, key, iv),
        _ => panic!("an AEAD that nobody asked for"),
    };
    TrafficKeys::new(aead, key.as_ref(), iv.as_ref().try_into().unwrap()).unwrap()
}

struct Engine {
    kernel: Kernel,
    tickets: Arc<Mutex<usize>>,
}

impl PostHandshake for Engine {
    fn next_tx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        let next = match &mut self.kernel {
            Kernel::Client(kernel) => kernel.update_tx_secret(),
            Kernel::Server(kernel) => kernel.update_tx_secret(),
        };
        next.map(|(_, secrets)| traffic_keys(secrets))
            .map_err(|_| KeyUpdateRefused)
    }

    fn next_rx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        let next = match &mut self.kernel {
            Kernel::Client(kernel) => kernel.update_rx_secret(),
            Kernel::Server(kernel) => kernel.update_rx_secret(),
        };
        next.map(|(_, secrets)| traffic_keys(secrets))
            .map_err(|_| KeyUpdateRefused)
    }

    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TicketRefused> {
        *self.tickets.lock().unwrap() += 1;
        match &mut self.kernel {
            Kernel::Client(kernel) => kernel
                .handle_new_session_ticket(body)
                .map_err(|_| TicketRefused),
            Kernel::Server(_) => Err(TicketRefused),
        }
    }
}

/// What one turn of the unbuffered engine came to.
enum Turn {
    Again,
    NeedRecord,
    Done,
}

fn turn<Data>(status: UnbufferedStatus<'_, '_, Data>, out: &mut Vec<u8>) -> (usize, Turn) {
    let discard = status.discard;
    let turn = match status.state.unwrap() {
        ConnectionState::EncodeTlsData(mut encode) => {
            let start = out.len();
            out.resize(start + 20_000, 0);
            let written = encode.encode(&mut out[start..]).unwrap();
            out.truncate(start + written);
            Turn::Again
        }
        ConnectionState::TransmitTlsData(transmit) => {
            transmit.done();
            Turn::Again
        }
        ConnectionState::BlockedHandshake => Turn::NeedRecord,
        ConnectionState::WriteTraffic(_) => Turn::Done,
        other => panic!("unexpected state {other:?}"),
    };
    (discard, turn)
}

/// Gives what was written to the peer, and what it answers to `wire`.
fn exchange(peer: &mut Peer, out: &mut Vec<u8>, wire: &mut Vec<u8>) {
    feed(peer, out);
    out.clear();
    take(peer, wire);
}

/// rustls takes all of `bytes`.
pub(crate) fn feed(peer: &mut Peer, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        peer.read_tls(&mut rest).unwrap();
        peer.process_new_packets().unwrap();
    }
}

/// What rustls wants to send.
pub(crate) fn take(peer: &mut Peer, wire: &mut Vec<u8>) {
    while peer.wants_write() {
        peer.write_tls(wire).unwrap();
    }
}

/// Moves the next whole record from `wire` to `hold`.
fn next_record(wire: &mut Vec<u8>, hold: &mut Vec<u8>) {
    let length = 5 + usize::from(u16::from_be_bytes([wire[3], wire[4]]));
    hold.extend(wire.drain(..length));
}

macro_rules! hand_over {
    ($connection:ident, $peer:ident, $kernel:path) => {{
        let (mut hold, mut out, mut wire) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let (discard, turn) = turn($connection.process_tls_records(&mut hold), &mut out);
            hold.drain(..discard);
            match turn {
                Turn::Again => {}
                Turn::Done if !$connection.is_handshaking() => break,
                Turn::Done | Turn::NeedRecord => {
                    exchange(&mut $peer, &mut out, &mut wire);
                    next_record(&mut wire, &mut hold);
                }
            }
        }
        exchange(&mut $peer, &mut out, &mut wire);
        assert!(hold.is_empty());
        let (secrets, kernel) = $connection.dangerous_into_kernel_connection().unwrap();
        (secrets, $kernel(kernel), wire)
    }};
}

fn established(
    version: ProtocolVersion,
    role: Role,
    secrets: ExtractedSecrets,
    engine: Engine,
) -> Established {
    let ExtractedSecrets {
        tx: (tx_sequence, tx),
        rx: (rx_sequence, rx),
    } = secrets;
    Established {
        role,
        version,
        tx: traffic_keys(tx),
        tx_sequence,
        rx: traffic_keys(rx),
        rx_sequence,
        post_handshake: Some(Box::new(engine)),
    }
}

impl RustlsPair {
    /// `role` is ours.
    pub(crate) fn new(version: ProtocolVersion, aead: Aead, role: Role) -> Self {
        Self::with_configs(version, role, configs(version, aead), Arc::default())
    }

    pub(crate) fn with_configs(
        version: ProtocolVersion,
        role: Role,
        (client, server): (ClientConfig, ServerConfig),
        tickets: Arc<Mutex<usize>>,
    ) -> Self {
        let (client, server) = (Arc::new(client), Arc::new(server));
        let (secrets, kernel, wire, peer);
        match role {
            Role::Client => {
                let mut ours = UnbufferedClientConnection::new(client, localhost()).unwrap();
                let mut theirs = Peer::from(ServerConnection::new(server).unwrap());
                (secrets, kernel, wire) = hand_over!(ours, theirs, Kernel::Client);
                peer = theirs;
            }
            Role::Server => {
                let mut ours = UnbufferedServerConnection::new(server).unwrap();
                let mut theirs = Peer::from(ClientConnection::new(client, localhost()).unwrap());
                (secrets, kernel, wire) = hand_over!(ours, theirs, Kernel::Server);
                peer = theirs;
            }
        }
        let sequences = (secrets.tx.0, secrets.rx.0);
        let established = established(version, role, secrets, Engine { kernel, tickets });
        let layer = RecordLayer::new(established, RecordLimits::default()).unwrap();
        Self {
            layer,
            peer,
            wire,
            sequences,
        }
    }

    /// We send `plaintext`; rustls reads it.
    pub(crate) fn send(&mut self, plaintext: &[u8]) {
        let mut wire = vec![0; self.layer.sealed_len(plaintext.len())];
        let sealed = self.layer.seal(plaintext, &mut wire).unwrap();
        assert_eq!(sealed.consumed, plaintext.len());
        feed_and_read(&mut self.peer, &wire[..sealed.written], plaintext);
    }

    /// Control records of ours go to rustls.
    pub(crate) fn send_control(&mut self) {
        let mut wire = vec![0; self.layer.control_len()];
        let written = self.layer.write_control(&mut wire).unwrap();
        feed(&mut self.peer, &wire[..written]);
    }

    /// rustls sends `plaintext`; we read it.
    pub(crate) fn receive(&mut self, plaintext: &[u8], out: &mut [u8]) {
        self.peer.writer().write_all(plaintext).unwrap();
        let mut got = Vec::new();
        self.pump(out, &mut got);
        assert!(
            got == plaintext,
            "{} bytes came, {} were sent",
            got.len(),
            plaintext.len()
        );
    }

    /// Opens all that rustls has to send.
    pub(crate) fn pump(&mut self, out: &mut [u8], got: &mut Vec<u8>) {
        take(&mut self.peer, &mut self.wire);
        let mut start = 0;
        while start < self.wire.len() {
            let rest = &mut self.wire[start..];
            start += match self.layer.open(rest, out).unwrap() {
                Opened::Data { consumed, written } => {
                    got.extend_from_slice(&out[..written]);
                    consumed
                }
                Opened::InPlace {
                    consumed,
                    plaintext,
                } => {
                    got.extend_from_slice(&rest[plaintext]);
                    consumed
                }
                Opened::Control { consumed } | Opened::CloseNotify { consumed } => consumed,
                Opened::NeedBytes(_) => panic!("rustls sends whole records"),
            };
        }
        self.wire.clear();
    }
}

/// rustls takes `wire` and reads `expected` from it.
fn feed_and_read(peer: &mut Peer, wire: &[u8], expected: &[u8]) {
    let (mut rest, mut got) = (wire, vec![0; expected.len()]);
    let mut filled = 0;
    while !rest.is_empty() {
        peer.read_tls(&mut rest).unwrap();
        let state = peer.process_new_packets().unwrap();
        let readable = state.plaintext_bytes_to_read();
        peer.reader()
            .read_exact(&mut got[filled..filled + readable])
            .unwrap();
        filled += readable;
    }
    assert_eq!(filled, expected.len());
    assert!(got == expected, "wrong bytes");
}
