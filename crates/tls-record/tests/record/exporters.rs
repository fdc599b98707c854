//! Keying material equals rustls's own, in both versions.

use std::sync::{Arc, Mutex};

use rustls::{ClientConfig, ClientConnection, KeyLog, ServerConfig, ServerConnection};
use tls_record::{Aead, Error, Exporter, KeyLogLabel, key_log_line};
use tls_wire::{HashAlgorithm, ProtocolVersion};

use crate::raw_end::{AEADS, VERSIONS};
use crate::rustls_end::configs;

/// Keeps the label of every line.
#[derive(Debug, Default)]
struct Labels(Mutex<Vec<String>>);

impl KeyLog for Labels {
    fn log(&self, label: &str, _client_random: &[u8], _secret: &[u8]) {
        self.0.lock().unwrap().push(label.to_owned());
    }
}

// Spec: SOE-04, T-KEY-01
#[test]
fn soe_04_one_line_in_tls12_and_five_in_tls13() {
    for version in VERSIONS {
        let (mut client, mut server) = configs(version, Aead::Aes128Gcm);
        let labels = [Arc::new(Labels::default()), Arc::new(Labels::default())];
        client.key_log = Arc::clone(&labels[0]) as Arc<dyn KeyLog>;
        server.key_log = Arc::clone(&labels[1]) as Arc<dyn KeyLog>;
        let _connected = handshake(client, server);
        for labels in labels {
            let labels = labels.0.lock().unwrap();
            assert_eq!(
                labels.len(),
                if version == ProtocolVersion::Tls13 {
                    5
                } else {
                    1
                }
            );
            for label in labels.iter() {
                let known = KeyLogLabel::from_name(label).unwrap();
                let line = key_log_line(known, &[1; 32], &[2; 32]);
                assert!(line.starts_with(label.as_str()) && line.ends_with('\n'));
            }
        }
    }
}

/// Keeps what the exporter starts from, as the slot of a real stack does.
#[derive(Debug, Default)]
struct Secrets(Mutex<Option<(Vec<u8>, Vec<u8>)>>);

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        if label == "EXPORTER_SECRET" || label == "CLIENT_RANDOM" {
            *self.0.lock().unwrap() = Some((client_random.to_vec(), secret.to_vec()));
        }
    }
}

struct Connected {
    client: ClientConnection,
    server: ServerConnection,
    exporter: Exporter,
}

fn hash(aead: Aead) -> HashAlgorithm {
    match aead {
        Aead::Aes256Gcm => HashAlgorithm::Sha384,
        _ => HashAlgorithm::Sha256,
    }
}

/// A handshake in memory; the server random is taken from the bytes.
fn handshake(
    client: ClientConfig,
    server: ServerConfig,
) -> (ClientConnection, ServerConnection, [u8; 32]) {
    let name = "localhost".try_into().unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    let mut server_random = None;
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        server.read_tls(&mut &wire[..]).unwrap();
        server.process_new_packets().unwrap();
        wire.clear();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        // The server random stands in the ServerHello: record, message and version come before.
        if server_random.is_none() {
            server_random = wire
                .get(11..43)
                .map(|random| <[u8; 32]>::try_from(random).unwrap());
        }
        client.read_tls(&mut &wire[..]).unwrap();
        client.process_new_packets().unwrap();
    }
    (client, server, server_random.unwrap())
}

fn connect(version: ProtocolVersion, aead: Aead) -> Connected {
    let (mut client, server) = configs(version, aead);
    let secrets = Arc::new(Secrets::default());
    client.key_log = Arc::clone(&secrets) as Arc<dyn KeyLog>;
    let (client, server, server_random) = handshake(client, server);
    let (client_random, secret) = secrets.0.lock().unwrap().take().unwrap();
    let exporter = if version == ProtocolVersion::Tls13 {
        Exporter::tls13(hash(aead), &secret)
    } else {
        let client_random = client_random.try_into().unwrap();
        Exporter::tls12(hash(aead), &secret, &client_random, &server_random)
    };
    Connected {
        client,
        server,
        exporter: exporter.unwrap(),
    }
}

// Spec: SOP-09, T-EKM-02
#[test]
fn sop_09_keying_material_is_what_rustls_exports() {
    let contexts: [Option<&[u8]>; 4] = [None, Some(b""), Some(b"context"), Some(&[0xaa; 1000])];
    for version in VERSIONS {
        for aead in AEADS {
            let connected = connect(version, aead);
            for label in [&b"EXPORTER-test"[..], b"EXPORTER-Channel-Binding", b"l"] {
                for context in contexts {
                    for length in [1, 32, 48, 128, 1000] {
                        let mut ours = vec![0; length];
                        connected
                            .exporter
                            .export(&mut ours, label, context)
                            .unwrap();
                        let theirs = vec![0; length];
                        let theirs = connected
                            .client
                            .export_keying_material(theirs, label, context);
                        assert_eq!(Ok(&ours), theirs.as_ref());
                        let theirs = vec![0; length];
                        let theirs = connected
                            .server
                            .export_keying_material(theirs, label, context);
                        assert_eq!(Ok(&ours), theirs.as_ref());
                    }
                }
            }
        }
    }
}

// Spec: SOP-09, T-EKM-02
#[test]
fn t_ekm_02_no_context_differs_from_an_empty_one_in_tls12_only() {
    for version in VERSIONS {
        let exporter = connect(version, Aead::Aes128Gcm).exporter;
        let (mut without, mut empty) = ([0; 32], [0; 32]);
        exporter.export(&mut without, b"label", None).unwrap();
        exporter.export(&mut empty, b"label", Some(b"")).unwrap();
        assert_eq!(without == empty, version == ProtocolVersion::Tls13);
    }
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let exporter = Exporter::tls13(HashAlgorithm::Sha256, &[1; 32]).unwrap();
    let tls12 = Exporter::tls12(HashAlgorithm::Sha384, &[1; 48], &[2; 32], &[3; 32]).unwrap();
    for exporter in [&exporter, &tls12] {
        for length in [0, 255 * 32 + 1] {
            let refused = exporter.export(&mut vec![0; length], b"label", None);
            assert_eq!(
                refused,
                Err(Error::ExportLength {
                    length,
                    limit: 255 * 32
                })
            );
        }
        assert_eq!(
            exporter.export(&mut vec![0; 255 * 32], b"label", None),
            Ok(())
        );
        let refused = exporter.export(&mut [0; 32], &[b'l'; 250], None);
        assert_eq!(refused, Err(Error::ExportLabel { length: 250 }));
        let refused = exporter.export(&mut [0; 32], b"label", Some(&[0; 65_536]));
        assert_eq!(refused, Err(Error::ExportContext { length: 65_536 }));
    }
    for length in [0, 31, 33, 48] {
        let refused = Exporter::tls13(HashAlgorithm::Sha256, &vec![1; length]).err();
        assert_eq!(
            refused,
            Some(Error::ExportSecret {
                expected: 32,
                actual: length
            })
        );
    }
    let refused = Exporter::tls12(HashAlgorithm::Sha256, &[1; 32], &[2; 32], &[3; 32]).err();
    assert_eq!(
        refused,
        Some(Error::ExportSecret {
            expected: 48,
            actual: 32
        })
    );
}
