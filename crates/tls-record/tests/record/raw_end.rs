//! The other end, made by hand: seals any record, right or wrong, and opens what it gets. Shares no
//! code with the record layer but the AEAD.

use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Algorithm, CHACHA20_POLY1305};
use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use tls_record::{
    Aead, Error, Established, KeyUpdateRefused, Opened, PostHandshake, RecordLayer, RecordLimits,
    Role, TicketRefused, TrafficKeys,
};
use tls_wire::ProtocolVersion;

pub(crate) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const DATA: u8 = 23;

pub(crate) const AEADS: [Aead; 3] = [Aead::Aes128Gcm, Aead::Aes256Gcm, Aead::ChaCha20Poly1305];
pub(crate) const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::Tls12, ProtocolVersion::Tls13];
pub(crate) const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// Every combination of version, AEAD and role.
pub(crate) fn for_all(mut check: impl FnMut(ProtocolVersion, Aead, Role)) {
    for version in VERSIONS {
        for aead in AEADS {
            for role in ROLES {
                check(version, aead, role);
            }
        }
    }
}

/// Key and IV of a sender; `generation` counts key updates.
fn key_and_iv(sender: Role, generation: u8) -> ([u8; 32], [u8; 12]) {
    let side = match sender {
        Role::Client => 0x11,
        Role::Server => 0x55,
    };
    ([side ^ generation; 32], [side.wrapping_add(generation); 12])
}

fn traffic_keys(aead: Aead, sender: Role, generation: u8) -> TrafficKeys {
    let (key, iv) = key_and_iv(sender, generation);
    TrafficKeys::new(aead, &key[..aead.key_len()], iv).unwrap()
}

fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// The handshake engine of the layer under test.
pub(crate) struct Engine {
    aead: Aead,
    role: Role,
    generations: (u8, u8),
    tickets: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// The body of a ticket that the engine refuses.
pub(crate) const BAD_TICKET: &[u8] = b"bad";

impl PostHandshake for Engine {
    fn next_tx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        self.generations.0 = self.generations.0.checked_add(1).ok_or(KeyUpdateRefused)?;
        Ok(traffic_keys(self.aead, self.role, self.generations.0))
    }

    fn next_rx_keys(&mut self) -> Result<TrafficKeys, KeyUpdateRefused> {
        self.generations.1 = self.generations.1.checked_add(1).ok_or(KeyUpdateRefused)?;
        Ok(traffic_keys(
            self.aead,
            other(self.role),
            self.generations.1,
        ))
    }

    fn new_session_ticket(&mut self, body: &[u8]) -> Result<(), TicketRefused> {
        if body == BAD_TICKET {
            return Err(TicketRefused);
        }
        self.tickets.lock().unwrap().push(body.to_vec());
        Ok(())
    }
}

struct RawKeys {
    key: LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

/// The hand-made end.
pub(crate) struct RawEnd {
    pub(crate) version: ProtocolVersion,
    pub(crate) aead: Aead,
    /// The role of this end.
    pub(crate) role: Role,
    tx: RawKeys,
    rx: RawKeys,
    generations: (u8, u8),
}

fn algorithm(aead: Aead) -> &'static Algorithm {
    match aead {
        Aead::Aes128Gcm => &AES_128_GCM,
        Aead::Aes256Gcm => &AES_256_GCM,
        _ => &CHACHA20_POLY1305,
    }
}

fn raw_keys(aead: Aead, sender: Role, generation: u8, sequence: u64) -> RawKeys {
    let (key, iv) = key_and_iv(sender, generation);
    let key = UnboundKey::new(algorithm(aead), &key[..aead.key_len()]).unwrap();
    RawKeys {
        key: LessSafeKey::new(key),
        iv,
        sequence,
    }
}

impl RawKeys {
    fn nonce(&self) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        nonce
    }
}

/// A layer and the raw end that it talks to.
pub(crate) struct Pair {
    pub(crate) layer: RecordLayer,
    pub(crate) raw: RawEnd,
    pub(crate) tickets: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// First sequence numbers: TLS 1.2 has spent one for each Finished.
fn first_sequence(version: ProtocolVersion) -> u64 {
    if version == ProtocolVersion::Tls12 {
        1
    } else {
        0
    }
}

impl Pair {
    /// `role` is the layer's.
    pub(crate) fn new(version: ProtocolVersion, aead: Aead, role: Role) -> Self {
        Self::with_limits(version, aead, role, RecordLimits::default())
    }

    pub(crate) fn with_limits(
        version: ProtocolVersion,
        aead: Aead,
        role: Role,
        limits: RecordLimits,
    ) -> Self {
        let tickets = Arc::default();
        let engine = Engine {
            aead,
            role,
            generations: (0, 0),
            tickets: Arc::clone(&tickets),
        };
        Self::with_engine(version, aead, role, limits, Some(Box::new(engine)), tickets)
    }

    pub(crate) fn without_engine(version: ProtocolVersion, aead: Aead, role: Role) -> Self {
        let limits = RecordLimits::default();
        Self::with_engine(version, aead, role, limits, None, Arc::default())
    }

    fn with_engine(
        version: ProtocolVersion,
        aead: Aead,
        role: Role,
        limits: RecordLimits,
        post_handshake: Option<Box<dyn PostHandshake>>,
        tickets: Arc<Mutex<Vec<Vec<u8>>>>,
    ) -> Self {
        let sequence = first_sequence(version);
        let established = Established {
            role,
            version,
            tx: traffic_keys(aead, role, 0),
            tx_sequence: sequence,
            rx: traffic_keys(aead, other(role), 0),
            rx_sequence: sequence,
            post_handshake,
        };
        Self {
            layer: RecordLayer::new(established, limits).unwrap(),
            raw: RawEnd {
                version,
                aead,
                role: other(role),
                tx: raw_keys(aead, other(role), 0, sequence),
                rx: raw_keys(aead, role, 0, sequence),
                generations: (0, 0),
            },
            tickets,
        }
    }

    /// What the layer has to say beside data, opened: type and content of each record.
    pub(crate) fn control(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut wire = vec![0; self.layer.control_len()];
        let written = self.layer.write_control(&mut wire).unwrap();
        assert_eq!(written, wire.len(), "control_len is exact");
        self.raw.open_all(&wire)
    }

    /// The layer opens `wire` and makes nothing of it but data.
    pub(crate) fn data(&mut self, wire: &mut [u8]) -> Vec<u8> {
        let mut out = vec![0xee; 17_000];
        match self.layer.open(wire, &mut out) {
            Ok(Opened::Data { consumed, written }) => {
                assert_eq!(consumed, wire.len());
                out.truncate(written);
                out
            }
            other => panic!("data expected, got {other:?}"),
        }
    }

    /// The layer opens a record that is not data.
    pub(crate) fn handled(&mut self, wire: &mut [u8]) {
        let consumed = wire.len();
        assert_eq!(
            self.layer.open(wire, &mut [0; 17_000]),
            Ok(Opened::Control { consumed })
        );
    }

    /// The layer seals all of `plaintext`.
    pub(crate) fn sealed(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let mut wire = vec![0; self.layer.sealed_len(plaintext.len())];
        let sealed = self.layer.seal(plaintext, &mut wire).unwrap();
        assert_eq!(sealed.consumed, plaintext.len());
        wire.truncate(sealed.written);
        wire
    }

    /// Opening fails with `error`.
    pub(crate) fn refused(&mut self, wire: &mut [u8]) -> Error {
        self.layer.open(wire, &mut [0; 17_000]).unwrap_err()
    }
}

impl RawEnd {
    /// A record with any content.
    pub(crate) fn seal(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        self.seal_padded(content_type, content, 0)
    }

    /// The same with padding (TLS 1.3).
    pub(crate) fn seal_padded(
        &mut self,
        content_type: u8,
        content: &[u8],
        padding: usize,
    ) -> Vec<u8> {
        if self.version == ProtocolVersion::Tls12 {
            return self.seal12(content_type, content);
        }
        self.seal_inner(&[content, &[content_type], &vec![0; padding]].concat())
    }

    /// TLS 1.3: a record of any inner plaintext.
    pub(crate) fn seal_inner(&mut self, inner: &[u8]) -> Vec<u8> {
        let length = u16::try_from(inner.len() + 16).unwrap();
        let header = [&[DATA, 3, 3], &length.to_be_bytes()[..]].concat();
        let mut sealed = inner.to_vec();
        let nonce = Nonce::assume_unique_for_key(self.tx.nonce());
        self.tx
            .key
            .seal_in_place_append_tag(nonce, Aad::from(&header), &mut sealed)
            .unwrap();
        self.tx.sequence += 1;
        [header, sealed].concat()
    }

    fn seal12(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        let nonce = self.tx.nonce();
        let explicit: &[u8] = if self.aead == Aead::ChaCha20Poly1305 {
            &[]
        } else {
            &nonce[4..]
        };
        let mut sealed = content.to_vec();
        let aad = aad12(self.tx.sequence, content_type, content.len());
        let nonce_of_record = Nonce::assume_unique_for_key(nonce);
        self.tx
            .key
            .seal_in_place_append_tag(nonce_of_record, Aad::from(&aad), &mut sealed)
            .unwrap();
        self.tx.sequence += 1;
        let length = u16::try_from(explicit.len() + sealed.len()).unwrap();
        [
            &[content_type, 3, 3],
            &length.to_be_bytes()[..],
            explicit,
            &sealed,
        ]
        .concat()
    }

    /// Opens one record: its type and content.
    pub(crate) fn open(&mut self, record: &[u8]) -> (u8, Vec<u8>) {
        let (header, body) = record.split_at(5);
        if self.version == ProtocolVersion::Tls13 {
            assert_eq!(&header[..3], &[DATA, 3, 3]);
            let mut inner = self.unseal(self.rx.nonce(), header, body);
            let content_type = inner.pop().unwrap();
            assert_ne!(content_type, 0, "the layer does not pad");
            return (content_type, inner);
        }
        let mut nonce = self.rx.nonce();
        let mut sealed = body;
        if self.aead != Aead::ChaCha20Poly1305 {
            nonce[4..].copy_from_slice(&body[..8]);
            sealed = &body[8..];
        }
        let aad = aad12(self.rx.sequence, header[0], sealed.len() - 16);
        (header[0], self.unseal(nonce, &aad, sealed))
    }

    fn unseal(&mut self, nonce: [u8; 12], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let mut opened = sealed.to_vec();
        let length = self
            .rx
            .key
            .open_in_place(nonce, Aad::from(aad), &mut opened)
            .unwrap()
            .len();
        opened.truncate(length);
        self.rx.sequence += 1;
        opened
    }

    /// Opens several records. Follows key updates.
    pub(crate) fn open_all(&mut self, mut wire: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut records = Vec::new();
        while !wire.is_empty() {
            let length = 5 + usize::from(u16::from_be_bytes([wire[3], wire[4]]));
            let record = self.open(&wire[..length]);
            if record.0 == HANDSHAKE && record.1[0] == 24 {
                self.update_rx();
            }
            records.push(record);
            wire = &wire[length..];
        }
        records
    }

    /// A KeyUpdate, and new keys after it.
    pub(crate) fn key_update(&mut self, request: bool) -> Vec<u8> {
        let record = self.seal(HANDSHAKE, &[24, 0, 0, 1, u8::from(request)]);
        self.generations.0 += 1;
        self.tx = raw_keys(self.aead, self.role, self.generations.0, 0);
        record
    }

    fn update_rx(&mut self) {
        self.generations.1 += 1;
        self.rx = raw_keys(self.aead, other(self.role), self.generations.1, 0);
    }

    /// Leaves out one record.
    pub(crate) fn skip(&mut self) {
        self.tx.sequence += 1;
    }
}

fn aad12(sequence: u64, content_type: u8, length: usize) -> Vec<u8> {
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    [&sequence.to_be_bytes()[..], &[content_type, 3, 3], &length].concat()
}

/// A handshake message.
pub(crate) fn message(handshake_type: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[handshake_type], &length[1..], body].concat()
}
