//! Handshakes that must fail, and how each end says so.

use tls_psk::{ClientPsk, Error, ImportContext};
use tls_wire::{AlertDescription, CipherSuite, NamedGroup};

use crate::pair::{Ends, Outcome, SUITES, Sender, identity, key, provider_with};

fn node_codes(outcome: &Outcome) -> (Option<&'static str>, Option<&'static str>) {
    let code = |error: Option<&Error>| error.and_then(Error::node_code);
    (
        code(outcome.client.as_ref().err()),
        code(outcome.server.as_ref().err()),
    )
}

// Spec: PSK-07, T-PSK-10
#[test]
fn psk_07_a_wrong_key_is_bad_record_mac_at_both_ends() {
    for suite in SUITES {
        let mut ends = Ends::with_suite(suite);
        ends.keys = vec![key(8)];
        let outcome = ends.run();
        assert_eq!(outcome.codes(), ("alert_received", "bad_record_mac"));
        assert_eq!(
            node_codes(&outcome),
            (
                Some("ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC"),
                Some("ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC")
            )
        );
        // Several keys are no better than one.
        ends.keys = vec![key(8), key(9)];
        assert_eq!(ends.run().codes(), ("alert_received", "bad_record_mac"));
    }
}

// Spec: PSK-06, T-PSK-07
#[test]
fn psk_06_an_unknown_identity_is_told_by_its_alert() {
    let mut ends = Ends::new();
    ends.known = b"another".to_vec();
    let outcome = ends.run();
    assert_eq!(
        outcome.codes(),
        ("psk_not_accepted", "unknown_psk_identity")
    );
    assert_eq!(
        node_codes(&outcome),
        (
            Some("ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY"),
            Some("ERR_SSL_PSK_IDENTITY_NOT_FOUND")
        )
    );
}

/// With the decoy an unknown identity fails as a wrong key does: the same records of the same
/// lengths, the same alert.
#[test]
fn the_decoy_hides_which_identities_exist() {
    for suite in SUITES {
        let mut ends = Ends::with_suite(suite);
        ends.server.decoy = true;
        ends.keys = vec![key(8)];
        let wrong_key = ends.run();
        ends.known = b"another".to_vec();
        let unknown = ends.run();
        assert_eq!(unknown.codes(), wrong_key.codes());
        assert_eq!(unknown.codes(), ("alert_received", "bad_record_mac"));
        let shape = |outcome: &Outcome| -> Vec<_> {
            let sent = outcome.server_sent.iter();
            sent.map(|record| (record[0], record.len())).collect()
        };
        assert_eq!(shape(&unknown), shape(&wrong_key));
        assert_eq!(unknown.server_sent.last(), wrong_key.server_sent.last());
    }
}

// Spec: PSK-08, T-PSK-09
#[test]
fn psk_08_a_client_without_a_key_for_the_hint_says_handshake_failure() {
    let mut ends = Ends::new();
    ends.psk = None;
    let outcome = ends.run();
    assert_eq!(outcome.codes(), ("no_psk", "alert_received"));
    assert_eq!(
        node_codes(&outcome),
        (
            Some("ERR_SSL_PSK_IDENTITY_NOT_FOUND"),
            Some("ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE")
        )
    );
    let alert = Error::AlertReceived(AlertDescription::HandshakeFailure);
    assert_eq!(outcome.server.err(), Some(alert));
}

// Spec: PSK-14
#[test]
fn psk_14_ends_without_a_suite_in_common_part_at_once() {
    let mut ends = Ends::new();
    ends.server.cipher_suites = vec![SUITES[1]];
    ends.client.cipher_suites = vec![SUITES[0]];
    let outcome = ends.run();
    assert_eq!(outcome.codes().1, "no_shared_cipher");
    assert_eq!(node_codes(&outcome).1, Some("ERR_SSL_NO_SHARED_CIPHER"));
    assert!(outcome.client.is_err());
}

#[test]
fn a_key_alone_has_to_be_asked_for_at_both_ends() {
    for (client, server) in [(true, false), (false, true)] {
        let mut ends = Ends::with_suite(SUITES[0]);
        ends.client.cipher_suites.push(SUITES[3]);
        ends.server.cipher_suites.push(SUITES[3]);
        ends.client.allow_psk_ke = client;
        ends.server.allow_psk_ke = server;
        // No curve in common: only a suite without one could do.
        ends.client.provider = provider_with(NamedGroup::X25519);
        ends.server.provider = provider_with(NamedGroup::SECP384R1);
        assert_eq!(ends.run().codes().1, "no_shared_group");
        ends.client.allow_psk_ke = true;
        ends.server.allow_psk_ke = true;
        let (client, _) = ends.run().both();
        assert_eq!(client.facts.group, None);
    }
}

#[test]
fn no_protocol_in_common_is_told_by_its_alert() {
    let mut ends = Ends::new();
    ends.client.alpn = vec![b"h2".to_vec()];
    ends.server.alpn = vec![b"mqtt".to_vec()];
    assert_eq!(ends.run().codes().1, "no_application_protocol");
}

/// RFC 9257, Section 4.1.
#[test]
fn an_end_does_not_take_its_own_identity() {
    let mut ends = Ends::new();
    ends.server.own_identities = vec![identity("gate-7")];
    assert_eq!(ends.run().codes().1, "psk_reflection");
    // With the decoy option it fails as a wrong key does.
    ends.server.decoy = true;
    assert_eq!(ends.run().codes().1, "bad_record_mac");
}

/// RFC 9258, Section 5.1.
#[test]
fn imported_keys_are_not_for_tls12() {
    let context = ImportContext::between("gate-7", "server").unwrap();
    let imported = context.import(&identity("gate-7"), &key(7)).unwrap();
    let mut ends = Ends::new();
    let ClientPsk { identity, key } = imported[0].clone();
    ends.psk = Some(ClientPsk {
        identity: identity.clone(),
        key: key.clone(),
    });
    assert_eq!(ends.run().codes().0, "psk_imported_for_tls12");

    let mut ends = Ends::new();
    ends.keys = vec![key];
    assert_eq!(ends.run().codes().1, "unknown_psk_identity");
}

/// Identities of 0 and of 65,000 bytes are unknown ones: nobody is asked for their keys. With 65,535
/// the message is over its limit.
#[test]
fn identities_of_impossible_lengths_are_unknown() {
    for length in [0, 521, 65_000, 65_535] {
        for decoy in [false, true] {
            let mut ends = Ends::with_suite(CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256);
            ends.server.decoy = decoy;
            let outcome = ends.run_changed(|from, record| match (from, record[5]) {
                (Sender::Client, 16) => client_key_exchange(length),
                _ => vec![record],
            });
            let expected = match (length, decoy) {
                (65_535, _) => "too_large",
                (_, false) => "unknown_psk_identity",
                (_, true) => "bad_record_mac",
            };
            assert_eq!(outcome.codes().1, expected, "{length}");
        }
    }
}

/// In as many records as it takes.
fn client_key_exchange(length: u16) -> Vec<Vec<u8>> {
    let mut message = vec![16, 0, 0, 0];
    message.extend_from_slice(&length.to_be_bytes());
    message.resize(message.len() + usize::from(length), b'x');
    let body = (message.len() - 4) as u32;
    message[1..4].copy_from_slice(&body.to_be_bytes()[1..]);
    let content_type = tls_wire::ContentType::Handshake;
    vec![tls_wire::record::encode_plaintext_records(
        content_type,
        0x0303,
        &message,
    )]
}
