//! What comes after a handshake.

use tls_record::{
    Aead, Established, KeyUpdateRefused, Opened, PostHandshake, RecordLayer, RecordLimits,
    RecordProtection, Role, TicketRefused, TrafficKeys,
};
use tls_wire::{ContentType, ProtocolVersion};

/// Keys that both ends know; `generation` counts the key updates.
fn keys(aead: Aead, generation: u8) -> TrafficKeys {
    let key = [generation; 32];
    TrafficKeys::new(aead, &key[..aead.key_len()], [generation; 12]).unwrap()
}

/// Derives next keys as [`Sender`] does.
struct Engine(Aead, u8);

impl PostHandshake for Engine {
    fn next_tx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        Ok(keys(self.0, 0))
    }

    fn next_rx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        self.1 = self.1.checked_add(1).ok_or(KeyUpdateRefused)?;
        Ok(keys(self.0, self.1))
    }

    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TicketRefused> {
        if body.is_empty() {
            Err(TicketRefused)
        } else {
            Ok(())
        }
    }
}

/// The peer: seals what the bytes say, under the right keys, or puts it on the wire as it is.
struct Sender {
    version: ProtocolVersion,
    aead: Aead,
    generation: u8,
    protection: RecordProtection,
}

impl Sender {
    fn new(version: ProtocolVersion, aead: Aead) -> Self {
        Self {
            version,
            aead,
            generation: 1,
            protection: RecordProtection::new(version, &keys(aead, 1)).unwrap(),
        }
    }

    fn send(&mut self, content_type: u8, content: &[u8], wire: &mut Vec<u8>) {
        let content_type = ContentType::from(content_type);
        self.protection.seal(content_type, content, wire).unwrap();
        let is_key_update = matches!(content, [24, 0, 0, 1, _]);
        if content_type == ContentType::Handshake && is_key_update {
            self.generation = self.generation.wrapping_add(1);
            let next = keys(self.aead, self.generation);
            self.protection = RecordProtection::new(self.version, &next).unwrap();
        }
    }
}

/// The first byte chooses version, role, cipher and the room of the reader; then come records: a
/// type (with its highest bit: not sealed), a length, and the content. `true` if none was refused.
#[must_use]
pub fn records(bytes: &[u8]) -> bool {
    let Some((choice, mut script)) = bytes.split_first() else {
        return false;
    };
    let version = match choice & 1 {
        0 => ProtocolVersion::Tls12,
        _ => ProtocolVersion::Tls13,
    };
    let aead = match choice >> 1 & 3 {
        0 => Aead::Aes128Gcm,
        1 => Aead::Aes256Gcm,
        _ => Aead::ChaCha20Poly1305,
    };
    let role = if choice & 8 == 0 {
        Role::Client
    } else {
        Role::Server
    };
    let established = Established {
        role,
        version,
        tx: keys(aead, 0),
        tx_sequence: 0,
        rx: keys(aead, 1),
        rx_sequence: 0,
        post_handshake: Some(Box::new(Engine(aead, 1))),
    };
    let mut layer = RecordLayer::new(established, RecordLimits::default()).unwrap();
    let mut out = vec![0; if choice & 16 == 0 { 0 } else { 17_000 }];
    let mut sender = Sender::new(version, aead);
    let mut wire = Vec::new();
    while let [kind, len, rest @ ..] = script {
        let (content, rest) = rest.split_at(rest.len().min(usize::from(*len)));
        script = rest;
        if kind & 0x80 == 0 {
            sender.send(*kind, content, &mut wire);
        } else {
            wire.extend_from_slice(content);
        }
        if !opened(&mut layer, &mut wire, &mut out) {
            return false;
        }
    }
    wire.is_empty()
}

/// Opens what is there and sends what is to be said. False when the connection has failed: then it
/// stays so, and gives no byte.
fn opened(layer: &mut RecordLayer, wire: &mut Vec<u8>, out: &mut [u8]) -> bool {
    loop {
        let consumed = match layer.open(wire, out) {
            Ok(Opened::NeedBytes(needed)) => {
                assert!(needed > wire.len());
                return true;
            }
            Ok(Opened::Data { consumed, written }) => {
                assert!(written <= out.len());
                consumed
            }
            Ok(Opened::InPlace {
                consumed,
                plaintext,
            }) => {
                assert!(plaintext.end <= consumed);
                consumed
            }
            Ok(Opened::Control { consumed }) => consumed,
            // What follows is ignored.
            Ok(Opened::CloseNotify { .. }) => {
                wire.clear();
                return true;
            }
            Err(error) => {
                assert_eq!(
                    layer.open(wire, out),
                    Err(error),
                    "the first fault is final"
                );
                assert!(layer.seal(b"data", &mut [0; 100]).is_err());
                say(layer);
                return false;
            }
        };
        assert!(consumed <= wire.len());
        wire.drain(..consumed);
        say(layer);
    }
}

fn say(layer: &mut RecordLayer) {
    let mut control = vec![0; layer.control_len()];
    if layer.has_control() {
        let written = layer.write_control(&mut control).unwrap();
        assert!(written <= control.len());
    }
}
