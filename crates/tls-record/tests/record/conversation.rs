//! Two layers talk to each other in any order of sends, updates and tiny keys: what arrives is what
//! was sent.

use proptest::prelude::*;
use tls_record::{Aead, Opened, RecordLayer, RecordLimits, Role};
use tls_wire::ProtocolVersion;

use crate::raw_end::{AEADS, Pair, VERSIONS};

#[derive(Clone, Debug)]
enum Step {
    Send {
        length: usize,
        fragment: usize,
    },
    /// TLS 1.3 only.
    Update,
    /// What one side has sent so far reaches the other.
    Deliver {
        room: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<(bool, Step)>> {
    let step = prop_oneof![
        4 => (0..9000usize, 512..2000usize)
            .prop_map(|(length, fragment)| Step::Send { length, fragment }),
        1 => Just(Step::Update),
        2 => prop_oneof![Just(0), 1..1500usize, Just(17_000)].prop_map(|room| Step::Deliver { room }),
    ];
    prop::collection::vec((any::<bool>(), step), 1..40)
}

/// One end, what it has sealed and not delivered, and what it has sent and received in all.
struct End {
    layer: RecordLayer,
    wire: Vec<u8>,
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl End {
    fn new(version: ProtocolVersion, aead: Aead, role: Role) -> Self {
        let mut limits = RecordLimits::default();
        if version == ProtocolVersion::Tls13 {
            limits.records_per_key = Some(12);
            // Keys change all the time here, on purpose.
            limits.key_updates = u8::MAX;
        }
        let layer = Pair::with_limits(version, aead, role, limits).layer;
        Self {
            layer,
            wire: Vec::new(),
            sent: Vec::new(),
            received: Vec::new(),
        }
    }

    fn send(&mut self, length: usize, fragment: usize) {
        let first = self.sent.len();
        let plaintext: Vec<u8> = (first..first + length).map(|index| index as u8).collect();
        self.layer.set_max_fragment(fragment).unwrap();
        let mut out = vec![0; self.layer.sealed_len(length)];
        let sealed = self.layer.seal(&plaintext, &mut out).unwrap();
        assert_eq!(sealed.consumed, length, "sealed_len gives room enough");
        self.wire.extend_from_slice(&out[..sealed.written]);
        self.sent.extend(plaintext);
    }

    fn receive(&mut self, wire: &mut [u8], room: usize) {
        let (mut out, mut start) = (vec![0; room], 0);
        while start < wire.len() {
            let rest = &mut wire[start..];
            start += match self.layer.open(rest, &mut out).unwrap() {
                Opened::Data { consumed, written } => {
                    self.received.extend_from_slice(&out[..written]);
                    consumed
                }
                Opened::InPlace {
                    consumed,
                    plaintext,
                } => {
                    self.received.extend_from_slice(&rest[plaintext]);
                    consumed
                }
                Opened::Control { consumed } => consumed,
                other => panic!("{other:?}"),
            };
        }
    }
}

fn deliver(from: &mut End, to: &mut End, room: usize) {
    to.receive(&mut std::mem::take(&mut from.wire), room);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_arrives_is_what_was_sent(
        version in prop::sample::select(VERSIONS.to_vec()),
        aead in prop::sample::select(AEADS.to_vec()),
        steps in steps(),
    ) {
        let mut client = End::new(version, aead, Role::Client);
        let mut server = End::new(version, aead, Role::Server);
        for (of_client, step) in steps {
            let (one, other) =
                if of_client { (&mut client, &mut server) } else { (&mut server, &mut client) };
            match step {
                Step::Send { length, fragment } => one.send(length, fragment),
                Step::Update => drop(one.layer.request_key_update()),
                Step::Deliver { room } => deliver(one, other, room),
            }
        }
        for _ in 0..2 {
            deliver(&mut client, &mut server, 17_000);
            deliver(&mut server, &mut client, 0);
        }
        prop_assert_eq!(&client.sent, &server.received);
        prop_assert_eq!(&server.sent, &client.received);
    }
}
