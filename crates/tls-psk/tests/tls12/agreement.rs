//! What two ends agree on, whatever the suite, the group and the rest.

use std::sync::{Arc, Mutex};

use rustls::KeyLog;
use tls_psk::{Finished, ProtocolVersion};
use tls_record::{Opened, RecordLayer, RecordLimits};
use tls_wire::{CipherSuite, NamedGroup};

use crate::pair::{Ends, SUITES, identity, key, provider_with};

/// Data both ways, and nothing of it readable on the way.
fn echo(client: Box<Finished>, server: Box<Finished>) {
    let mut client = RecordLayer::new(client.established, RecordLimits::default()).unwrap();
    let mut server = RecordLayer::new(server.established, RecordLimits::default()).unwrap();
    let there = |from: &mut RecordLayer, to: &mut RecordLayer, text: &[u8]| {
        let mut wire = vec![0; from.sealed_len(text.len())];
        let sealed = from.seal(text, &mut wire).unwrap();
        assert!(!wire.windows(text.len()).any(|part| part == text));
        let mut data = [0; 64];
        let opened = to.open(&mut wire[..sealed.written], &mut data).unwrap();
        let Opened::Data { written, .. } = opened else {
            panic!("{opened:?}")
        };
        assert_eq!(&data[..written], text);
    };
    for _ in 0..3 {
        there(&mut client, &mut server, b"from the client");
        there(&mut server, &mut client, b"from the server");
    }
}

#[test]
fn every_suite_with_every_group_opens_and_carries_data() {
    for suite in SUITES {
        let ecdhe = suite.iana_name().unwrap().contains("ECDHE");
        for group in [
            NamedGroup::X25519,
            NamedGroup::SECP256R1,
            NamedGroup::SECP384R1,
        ] {
            let mut ends = Ends::with_suite(suite);
            ends.server.provider = provider_with(group);
            let (client, server) = ends.run().both();
            assert_eq!(client.facts, server.facts, "{suite}");
            let facts = &client.facts;
            assert_eq!(facts.version, ProtocolVersion::Tls12);
            assert_eq!(facts.cipher_suite, suite);
            assert_eq!(facts.group, ecdhe.then_some(group));
            assert_eq!(facts.identity, identity("gate-7"));
            for established in [&client.established, &server.established] {
                assert_eq!((established.tx_sequence, established.rx_sequence), (1, 1));
            }
            echo(client, server);
        }
    }
}

// Spec: PSK-04
#[test]
fn psk_04_a_hint_reaches_the_client_with_or_without_ecdhe() {
    for suite in SUITES {
        for hint in [None, Some(b"gates".to_vec()), Some(vec![b'x'; 256])] {
            let mut ends = Ends::with_suite(suite);
            ends.server.hint.clone_from(&hint);
            let outcome = ends.run();
            assert_eq!(outcome.hint, Some(hint.clone()), "{suite}");
            let (client, server) = outcome.both();
            assert_eq!((client.facts.hint, server.facts.hint), (hint.clone(), hint));
        }
    }
}

#[test]
fn protocol_and_server_name_are_agreed() {
    let mut ends = Ends::new();
    ends.client.alpn = vec![b"h2".to_vec(), b"mqtt".to_vec()];
    ends.server.alpn = vec![b"x".to_vec(), b"mqtt".to_vec(), b"h2".to_vec()];
    ends.client.server_name = Some("broker.example".into());
    let (client, server) = ends.run().both();
    assert_eq!(client.facts.alpn.as_deref(), Some(&b"mqtt"[..]));
    assert_eq!(server.facts.server_name.as_deref(), Some("broker.example"));
    assert_eq!(client.facts, server.facts);
}

#[test]
fn ecdhe_comes_first_and_the_client_decides_only_where_it_may() {
    let mut ends = Ends::new();
    ends.client.allow_psk_ke = true;
    ends.server.allow_psk_ke = true;
    // The worst first, as a client might have it.
    ends.client.cipher_suites = SUITES.into_iter().rev().collect();
    let (client, _) = ends.run().both();
    assert_eq!(
        client.facts.cipher_suite,
        CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256
    );
    ends.server.client_order = true;
    let (client, _) = ends.run().both();
    assert_eq!(
        client.facts.cipher_suite,
        CipherSuite::TLS_PSK_WITH_CHACHA20_POLY1305_SHA256
    );
}

/// A key is changed at the server first: old and new both open.
#[test]
fn each_of_two_live_keys_of_an_identity_opens() {
    for (byte, suite) in [(7, SUITES[0]), (8, SUITES[0]), (9, SUITES[4])] {
        let mut ends = Ends::with_suite(suite);
        ends.keys = vec![key(7), key(8), key(9)];
        if let Some(psk) = &mut ends.psk {
            psk.key = key(byte);
        }
        let (client, server) = ends.run().both();
        echo(client, server);
    }
}

/// Label, client random, secret.
pub(crate) type Line = (String, Vec<u8>, Vec<u8>);

#[derive(Debug, Default)]
pub(crate) struct Lines(pub(crate) Mutex<Vec<Line>>);

impl KeyLog for Lines {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = (label.to_owned(), client_random.to_vec(), secret.to_vec());
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn both_ends_log_one_line_and_export_the_same() {
    let (at_client, at_server) = (Arc::new(Lines::default()), Arc::new(Lines::default()));
    let mut ends = Ends::new();
    ends.client.key_log = Some(Arc::clone(&at_client) as Arc<dyn KeyLog>);
    ends.server.key_log = Some(Arc::clone(&at_server) as Arc<dyn KeyLog>);
    let (client, server) = ends.run().both();
    assert!(client.exporter.is_none() && server.exporter.is_none());
    let lines = at_client.0.lock().unwrap().clone();
    assert_eq!(lines, *at_server.0.lock().unwrap());
    assert_eq!((lines.len(), lines[0].0.as_str()), (1, "CLIENT_RANDOM"));
    assert_eq!((lines[0].1.len(), lines[0].2.len()), (32, 48));

    ends.client.exporter = true;
    ends.server.exporter = true;
    let (client, server) = ends.run().both();
    let export = |end: Box<Finished>| {
        let mut out = [0; 32];
        let exporter = end.exporter.unwrap();
        exporter
            .export(&mut out, b"EXPORTER-test", Some(b"context"))
            .unwrap();
        out
    };
    assert_eq!(export(client), export(server));
}
