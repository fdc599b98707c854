//! What two ends agree on.

use std::sync::Arc;

use tls_psk::{Error, ImportContext, PskIdentity, PskKeys};
use tls_wire::extension::psk_key_exchange_modes::PskKeyExchangeMode;
use tls_wire::{AlertDescription, CipherSuite, HashAlgorithm, NamedGroup, ProtocolVersion};

use crate::ends::*;

#[test]
fn a_handshake_with_a_key_and_x25519() {
    let open = run(client_config(), server_config()).open();
    for facts in [&open.client_facts, &open.server_facts] {
        assert_eq!(facts.identity.as_bytes(), b"gate-7");
        assert_eq!(facts.cipher_suite, CipherSuite::TLS_AES_128_GCM_SHA256);
        assert_eq!(facts.group, Some(NamedGroup::X25519));
        assert_eq!(facts.mode(), PskKeyExchangeMode::PskDheKe);
        assert!(!facts.resumed && !facts.hello_retry_request);
    }
}

#[test]
fn every_group_of_the_provider() {
    for name in [
        rustls::NamedGroup::X25519MLKEM768,
        rustls::NamedGroup::X25519,
        rustls::NamedGroup::secp256r1,
        rustls::NamedGroup::secp384r1,
    ] {
        let mut client = client_config();
        client.provider = provider_of(&[name]);
        let open = run(client, server_config()).open();
        assert_eq!(open.server_facts.group, Some(NamedGroup(name.into())));
    }
}

/// A hybrid group comes with its classical half, so that a server without it needs no second hello.
#[test]
fn the_classical_half_of_a_hybrid_group_is_a_share_of_its_own() {
    let mut client = client_config();
    client.provider = provider();
    let mut server = server_config();
    server.provider = provider_of(&[rustls::NamedGroup::X25519]);
    let open = run(client, server).open();
    assert_eq!(open.client_facts.group, Some(NamedGroup::X25519));
    assert!(!open.client_facts.hello_retry_request);
}

#[test]
fn a_hello_retry_request_asks_for_the_group_that_the_server_has() {
    let mut client = client_config();
    client.provider = provider();
    let mut server = server_config();
    server.provider = provider_of(&[rustls::NamedGroup::secp384r1]);
    let open = run(client, server).open();
    for facts in [&open.client_facts, &open.server_facts] {
        assert_eq!(facts.group, Some(NamedGroup::SECP384R1));
        assert!(facts.hello_retry_request);
    }
}

// Spec: PSK-04, PSK-13
#[test]
fn psk_13_a_hint_means_nothing_in_tls13() {
    let mut server = server_config();
    server.hint = Some(b"gates".to_vec());
    let open = run(client_config(), server).open();
    assert_eq!(open.client_facts.hint, None);
    assert_eq!(open.server_facts.hint, None);
}

// Spec: PSK-09
#[test]
fn psk_09_the_hash_of_the_key_decides_which_suites_there_are() {
    let suites = [
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ];
    for suite in suites {
        let hash = suite.hash().unwrap();
        for declared in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
            let mut client = client_config();
            client.psks[0].key = key(&SECRET).with_hash(declared);
            let mut server = server_config();
            server.cipher_suites = vec![suite];
            let keys = |_: &PskIdentity| vec![key(&SECRET).with_hash(declared)];
            let outcome = run_with(client, server, &keys, NOW, |_, _, _| {});
            if declared == hash {
                assert_eq!(outcome.open().client_facts.cipher_suite, suite);
            } else {
                assert_eq!(outcome.server.error(), Some(&Error::NoSharedCipher));
                let alert = Some(AlertDescription::HandshakeFailure);
                let refused = Error::PskNotAccepted { alert };
                assert_eq!(outcome.client.error(), Some(&refused));
            }
        }
    }
}

/// Both ends must have the same hash in mind for one key.
#[test]
fn a_key_declared_for_another_hash_does_not_go_with_the_suite() {
    let keys = |_: &PskIdentity| vec![key(&SECRET).with_hash(HashAlgorithm::Sha384)];
    let outcome = run_with(client_config(), server_config(), &keys, NOW, |_, _, _| {});
    assert_eq!(outcome.server.error(), Some(&Error::NoSharedCipher));
}

#[test]
fn of_several_identities_the_first_that_the_server_knows() {
    let mut client = client_config();
    client.psks = vec![
        psk("old", &[1; 32]),
        psk("gate-7", &SECRET),
        psk("other", &[2; 32]),
    ];
    let open = run(client, server_config()).open();
    assert_eq!(open.client_facts.identity.as_bytes(), b"gate-7");
    assert_eq!(open.server_facts.identity.as_bytes(), b"gate-7");
}

/// While a key is changed two of them live under one name.
#[test]
fn two_keys_for_one_identity_both_work() {
    let both = |_: &PskIdentity| vec![key(&[9; 32]), key(&SECRET)];
    for secret in [[9; 32], SECRET] {
        let mut client = client_config();
        client.psks = vec![psk("gate-7", &secret)];
        run_with(client, server_config(), &both, NOW, |_, _, _| {}).open();
    }
}

#[test]
fn psk_ke_only_where_both_ends_ask_for_it() {
    for (client_asks, server_asks) in [(true, true), (true, false), (false, true)] {
        let mut client = client_config();
        client.allow_psk_ke = client_asks;
        client.provider = provider_of(&[]);
        let mut server = server_config();
        server.allow_psk_ke = server_asks;
        if !client_asks {
            client.provider = provider_of(&[rustls::NamedGroup::X25519]);
            server.provider = provider_of(&[rustls::NamedGroup::secp256r1]);
        }
        let outcome = run(client, server);
        match (client_asks, server_asks) {
            (true, true) => {
                let facts = outcome.open().server_facts;
                assert_eq!(
                    (facts.group, facts.mode()),
                    (None, PskKeyExchangeMode::PskKe)
                );
            }
            (true, false) => {
                assert_eq!(outcome.server.error(), Some(&Error::NoSharedMode));
            }
            _ => assert_eq!(outcome.server.error(), Some(&Error::NoSharedGroup)),
        }
    }
}

/// Even where the key alone would do, a key exchange is made if there is one.
#[test]
fn a_key_exchange_is_preferred_to_none() {
    let mut client = client_config();
    client.allow_psk_ke = true;
    let mut server = server_config();
    server.allow_psk_ke = true;
    assert_eq!(
        run(client, server).open().server_facts.mode(),
        PskKeyExchangeMode::PskDheKe
    );
}

#[test]
fn alpn_and_server_name() {
    let mut client = client_config();
    client.alpn = vec![b"mqtt".to_vec(), b"h2".to_vec()];
    client.server_name = Some("broker.example".to_owned());
    let mut server = server_config();
    server.alpn = vec![b"h2".to_vec(), b"mqtt".to_vec()];
    let open = run(client.clone(), server.clone()).open();
    assert_eq!(open.client_facts.alpn.as_deref(), Some(&b"h2"[..]));
    assert_eq!(open.server_facts.alpn, open.client_facts.alpn);
    assert_eq!(
        open.server_facts.server_name.as_deref(),
        Some("broker.example")
    );
    server.alpn = vec![b"http/1.1".to_vec()];
    let outcome = run(client, server);
    assert_eq!(outcome.server.error(), Some(&Error::NoApplicationProtocol));
    let alert = Error::AlertReceived(AlertDescription::NoApplicationProtocol);
    assert_eq!(outcome.client.error(), Some(&alert));
}

// Spec: PSK-07
#[test]
fn psk_07_a_wrong_key_is_decrypt_error() {
    let mut client = client_config();
    client.psks = vec![psk("gate-7", &[8; 32])];
    let outcome = run(client, server_config());
    let error = outcome.server.error().unwrap();
    assert_eq!(error, &Error::BinderMismatch);
    assert_eq!(error.node_code(), Some("ERR_SSL_BINDER_DOES_NOT_VERIFY"));
    let error = outcome.client.error().unwrap();
    assert_eq!(error, &Error::AlertReceived(AlertDescription::DecryptError));
    assert_eq!(error.node_code(), Some("ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR"));
}

// Spec: PSK-06
#[test]
fn psk_06_an_unknown_identity_is_handshake_failure() {
    let mut client = client_config();
    client.psks = vec![psk("nobody", &SECRET)];
    let outcome = run(client, server_config());
    let alert = AlertDescription::HandshakeFailure;
    assert_eq!(
        outcome.server.error(),
        Some(&Error::UnknownIdentity { alert })
    );
    let refused = Error::PskNotAccepted { alert: Some(alert) };
    assert_eq!(outcome.client.error(), Some(&refused));
    assert_eq!(refused.node_code(), alert.node_code());
}

/// With the decoy option an unknown identity looks to the client exactly as a wrong key does.
#[test]
fn a_decoy_fails_as_a_wrong_key_does() {
    let sent = |identity: &str| {
        let mut client = client_config();
        client.psks = vec![psk(identity, &[8; 32])];
        let mut server = server_config();
        server.decoy = true;
        let outcome = run(client, server);
        (outcome.server_sent, outcome.server.error().cloned())
    };
    let (unknown, wrong) = (sent("nobody"), sent("gate-7"));
    assert_eq!(unknown.0, wrong.0);
    assert_eq!(unknown.0, [21, 3, 3, 0, 2, 2, 51]);
    assert_eq!(wrong.1, Some(Error::BinderMismatch));
    // The server's own report tells them apart.
    assert_eq!(unknown.1.map(|it| it.code()), Some("unknown_psk_identity"));
}

/// RFC 9257, Section 4.1.
#[test]
fn a_server_refuses_its_own_client_identity() {
    let mut server = server_config();
    server.own_identities = vec![PskIdentity::new("gate-7").unwrap()];
    let outcome = run(client_config(), server);
    assert_eq!(outcome.server.error(), Some(&Error::Reflection));
}

/// An imported identity bears the external one inside.
#[test]
fn a_server_knows_its_own_identity_when_it_is_imported() {
    let (external, context) = (
        PskIdentity::new("gate-7").unwrap(),
        ImportContext::new("fleet").unwrap(),
    );
    let table = PskKeys::from_keys([(external.clone(), key(&SECRET))]).unwrap();
    let table = table.imported_into(context.clone());
    let keys = |identity: &PskIdentity| table.find(identity, ProtocolVersion::Tls13);
    for own in [Vec::new(), vec![external.clone()]] {
        let mut client = client_config();
        client.psks = context.import(&external, &key(&SECRET)).unwrap();
        let mut server = server_config();
        server.own_identities = own.clone();
        let outcome = run_with(client, server, &keys, NOW, |_, _, _| {});
        let expected = (!own.is_empty()).then_some(&Error::Reflection);
        assert_eq!(outcome.server.error(), expected);
    }
}

/// Without a suite for the hash of any key there is no TLS 1.3, and so no silent TLS 1.2 either.
#[test]
fn keys_that_no_suite_goes_with_are_an_error() {
    for versions in [
        vec![ProtocolVersion::Tls13],
        vec![ProtocolVersion::Tls13, ProtocolVersion::Tls12],
    ] {
        let mut client = client_config();
        client.versions = versions;
        client
            .cipher_suites
            .retain(|suite| *suite != CipherSuite::TLS_AES_256_GCM_SHA384);
        client.psks[0].key = key(&SECRET).with_hash(HashAlgorithm::Sha384);
        let mut out = Vec::new();
        let refused = tls_psk::ClientHandshake::new(Arc::new(client), NOW, &mut out);
        assert_eq!(refused.map(drop).unwrap_err().code(), "nothing_configured");
        assert!(out.is_empty());
    }
}

#[test]
fn both_ends_log_the_same_secrets_and_export_the_same_material() {
    let (mut client, mut server) = (client_config(), server_config());
    let logs = [Arc::new(Secrets::default()), Arc::new(Secrets::default())];
    client.key_log = Some(logs[0].clone());
    server.key_log = Some(logs[1].clone());
    (client.exporter, server.exporter) = (true, true);
    let open = run(client, server).open();
    assert_eq!(logs[0].all(), logs[1].all());
    let labels: Vec<_> = logs[0].all().into_iter().map(|(label, _)| label).collect();
    assert_eq!(
        labels,
        [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0",
            "EXPORTER_SECRET",
        ]
    );
    let material = open.exporters.map(|exporter| {
        let mut out = [0; 32];
        exporter
            .unwrap()
            .export(&mut out, b"EXPORTER-test", Some(b"x"))
            .unwrap();
        out
    });
    assert_eq!(material[0], material[1]);
}

#[test]
fn without_being_asked_no_exporter_is_kept() {
    let open = run(client_config(), server_config()).open();
    assert!(open.exporters.iter().all(Option::is_none));
}

#[test]
fn keys_are_updated_both_ways() {
    let mut open = run(client_config(), server_config()).open();
    open.client.request_key_update().unwrap();
    send(&mut open.client, &mut open.server);
    // The answer goes in front of the server's data.
    send(&mut open.server, &mut open.client);
    open.server.request_key_update().unwrap();
    send(&mut open.server, &mut open.client);
    send(&mut open.client, &mut open.server);
}

/// A session id asks for change_cipher_spec records (RFC 8446, Appendix D.4).
#[test]
fn both_ends_send_one_change_cipher_spec() {
    const CHANGE_CIPHER_SPEC: [u8; 6] = [20, 3, 3, 0, 1, 1];
    let count = |sent: &[u8]| {
        sent.windows(6)
            .filter(|it| *it == CHANGE_CIPHER_SPEC)
            .count()
    };
    let mut server = server_config();
    for groups in [
        vec![rustls::NamedGroup::X25519],
        vec![rustls::NamedGroup::secp256r1],
    ] {
        server.provider = provider_of(&groups);
        let mut client = client_config();
        client.provider = provider();
        let outcome = run(client, server.clone());
        assert!(outcome.client.is_done() && outcome.server.is_done());
        assert_eq!(
            (count(&outcome.client_sent), count(&outcome.server_sent)),
            (1, 1)
        );
    }
}

/// Cut into any segments the result is the same.
#[test]
fn bytes_may_come_one_by_one() {
    let server = Arc::new(server_config());
    let mut to_server = Vec::new();
    let client = Arc::new(client_config());
    let mut handshake = tls_psk::ClientHandshake::new(client, NOW, &mut to_server).unwrap();
    let (hello, _) = read_hello(&to_server).unwrap();
    let mut flight = Vec::new();
    start_server(&server, &hello, &one_key, NOW, &mut flight).unwrap();
    let (mut wire, mut out) = (Vec::new(), Vec::new());
    for byte in flight {
        wire.push(byte);
        let progress = handshake.read(&mut wire, &mut out).unwrap();
        wire.drain(..progress.consumed);
        if let tls_psk::Step::Done(_) = progress.step {
            return;
        }
    }
    panic!("never done");
}
