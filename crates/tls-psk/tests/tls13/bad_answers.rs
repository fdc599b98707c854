//! Answers of a server that a client refuses, each with its alert.

use std::sync::Arc;

use proptest::prelude::*;
use tls_psk::{ClientConfig, ClientHandshake, Error};
use tls_wire::server_hello::{DOWNGRADE_TLS11, DOWNGRADE_TLS12, HELLO_RETRY_REQUEST};
use tls_wire::{AlertDescription, CipherSuite, ClientHello, ExtensionType, ServerHelloWriter};

use crate::bad_hellos::P256_GENERATOR;
use crate::ends::*;

fn client() -> ClientConfig {
    let mut config = client_config();
    config.provider = provider_of(&[rustls::NamedGroup::secp256r1, rustls::NamedGroup::secp384r1]);
    config
}

/// A ServerHello of which each part can be wrong.
#[derive(Clone)]
struct Answer {
    random: [u8; 32],
    session_id: Option<Vec<u8>>,
    suite: CipherSuite,
    extensions: Vec<(ExtensionType, Vec<u8>)>,
}

fn share(group: u16) -> (ExtensionType, Vec<u8>) {
    let point = hex::decode(P256_GENERATOR).unwrap();
    let length = (point.len() as u16).to_be_bytes();
    let body = [&group.to_be_bytes()[..], &length, &point].concat();
    (ExtensionType::KEY_SHARE, body)
}

const VERSION: (ExtensionType, [u8; 2]) = (ExtensionType::SUPPORTED_VERSIONS, [3, 4]);

impl Default for Answer {
    fn default() -> Self {
        Self {
            random: [8; 32],
            session_id: None,
            suite: CipherSuite::TLS_AES_128_GCM_SHA256,
            extensions: vec![
                (VERSION.0, VERSION.1.to_vec()),
                share(0x0017),
                (ExtensionType::PRE_SHARED_KEY, vec![0, 0]),
            ],
        }
    }
}

impl Answer {
    /// A HelloRetryRequest for P-384.
    fn retry() -> Self {
        Self {
            random: HELLO_RETRY_REQUEST,
            extensions: vec![
                (VERSION.0, VERSION.1.to_vec()),
                (ExtensionType::KEY_SHARE, vec![0, 0x18]),
            ],
            ..Self::default()
        }
    }

    fn message(&self, hello: &ClientHello) -> Vec<u8> {
        let extensions: Vec<_> = self
            .extensions
            .iter()
            .map(|(it, body)| (*it, &body[..]))
            .collect();
        ServerHelloWriter {
            random: &self.random,
            session_id: self
                .session_id
                .as_deref()
                .unwrap_or_else(|| hello.session_id()),
            cipher_suite: self.suite,
        }
        .write(&extensions)
        .unwrap()
    }
}

/// Gives a client these answers, one after the other.
fn answer(config: ClientConfig, answers: &[Answer]) -> (End<ClientHandshake>, Vec<u8>) {
    let mut sent = Vec::new();
    let handshake = ClientHandshake::new(Arc::new(config), NOW, &mut sent).unwrap();
    let (hello, _) = read_hello(&sent).unwrap();
    let mut end = End::Under(handshake);
    let mut out = Vec::new();
    for answer in answers {
        let mut wire = tls_wire::reframe(&answer.message(&hello));
        end = feed(end, &mut wire, &mut out);
    }
    (end, out)
}

fn refused(change: impl FnOnce(&mut Answer)) -> Error {
    let mut changed = Answer::default();
    change(&mut changed);
    answer(client(), &[changed]).0.error().cloned().unwrap()
}

#[test]
fn the_answer_of_these_tests_is_a_good_one() {
    let (end, out) = answer(client(), &[Answer::default()]);
    assert!(matches!(end, End::Under(_)));
    assert_eq!(out, [20, 3, 3, 0, 1, 1]);
}

#[test]
fn what_is_wrong_in_a_server_hello_has_its_alert() {
    use AlertDescription as Alert;
    let illegal = ("illegal_parameter", Some(Alert::IllegalParameter));
    let rows: [(Error, (&str, Option<Alert>)); 14] = [
        (refused(|it| it.session_id = Some(vec![1; 32])), illegal),
        (refused(|it| it.session_id = Some(Vec::new())), illegal),
        // Not offered: the key is one for SHA-256.
        (
            refused(|it| it.suite = CipherSuite::TLS_AES_256_GCM_SHA384),
            illegal,
        ),
        (
            refused(|it| it.suite = CipherSuite::TLS_AES_128_CCM_SHA256),
            illegal,
        ),
        (refused(|it| it.extensions[2].1 = vec![0, 1]), illegal),
        (refused(|it| drop(it.extensions.remove(1))), illegal),
        // A share of a group of which none was sent, and of one that was not offered.
        (refused(|it| it.extensions[1] = share(0x0018)), illegal),
        (refused(|it| it.extensions[1] = share(0x001d)), illegal),
        (
            refused(|it| it.extensions[1].1.truncate(60)),
            ("truncated", Some(Alert::DecodeError)),
        ),
        (
            refused(|it| it.extensions.push((ExtensionType::ALPN, vec![]))),
            illegal,
        ),
        (
            refused(|it| it.extensions.push((ExtensionType::STATUS_REQUEST, vec![]))),
            ("unsolicited_extension", Some(Alert::UnsupportedExtension)),
        ),
        (
            refused(|it| {
                it.extensions
                    .push((ExtensionType::SIGNATURE_ALGORITHMS, vec![]));
            }),
            illegal,
        ),
        // RFC 8446, Section 4.2.1: the extension is not for older versions.
        (refused(|it| it.extensions[0].1 = vec![3, 3]), illegal),
        (
            refused(|it| drop(it.extensions.remove(0))),
            ("no_shared_version", Some(Alert::ProtocolVersion)),
        ),
    ];
    for (row, (error, expected)) in rows.into_iter().enumerate() {
        assert_eq!((error.code(), error.alert()), expected, "{row}: {error}");
    }
}

/// A server that goes on without the key has a weaker proof to show: that is an end, a clean one.
#[test]
fn a_server_that_does_not_take_the_key_is_told_so() {
    let error = refused(|it| drop(it.extensions.pop()));
    assert_eq!(error, Error::PskNotAccepted { alert: None });
    assert_eq!(error.alert(), Some(AlertDescription::HandshakeFailure));
}

/// RFC 8446, Section 4.1.3.
#[test]
fn a_downgrade_is_seen_by_its_mark() {
    let mut config = client();
    config.versions = vec![
        tls_wire::ProtocolVersion::Tls13,
        tls_wire::ProtocolVersion::Tls12,
    ];
    for mark in [DOWNGRADE_TLS12, DOWNGRADE_TLS11] {
        let mut down = Answer {
            suite: CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
            extensions: Vec::new(),
            ..Answer::default()
        };
        down.random[24..].copy_from_slice(&mark);
        let (end, _) = answer(config.clone(), &[down]);
        assert_eq!(end.error(), Some(&Error::Downgrade));
        assert_eq!(
            Error::Downgrade.alert(),
            Some(AlertDescription::IllegalParameter)
        );
    }
}

#[test]
fn a_hello_retry_request_has_to_change_something() {
    let retry = |change: fn(&mut Answer)| {
        let mut answer = Answer::retry();
        change(&mut answer);
        answer
    };
    let illegal = |answers: &[Answer]| {
        let (end, _) = answer(client(), answers);
        let error = end.error().cloned().unwrap();
        assert_eq!(
            error.alert(),
            Some(AlertDescription::IllegalParameter),
            "{error}"
        );
    };
    // A share that is there already, a group that was not offered, nothing at all.
    illegal(&[retry(|it| it.extensions[1].1 = vec![0, 0x17])]);
    illegal(&[retry(|it| it.extensions[1].1 = vec![0, 0x1d])]);
    illegal(&[retry(|it| drop(it.extensions.pop()))]);
    // A cookie is a change, and comes back.
    let cookie = retry(|it| it.extensions[1] = (ExtensionType::COOKIE, vec![0, 2, 7, 7]));
    let (end, out) = answer(client(), &[cookie]);
    assert!(matches!(end, End::Under(_)));
    let (second, _) = read_hello(&out[6..]).unwrap();
    assert_eq!(second.view().cookie(), Some(&[7, 7][..]));
    // Twice is once too often.
    let (end, _) = answer(client(), &[Answer::retry(), Answer::retry()]);
    assert_eq!(end.error().map(Error::code), Some("unexpected_message"));
}

#[test]
fn what_follows_a_hello_retry_request_keeps_to_it() {
    let second = |change: fn(&mut Answer)| {
        let mut second = Answer::default();
        change(&mut second);
        let (end, _) = answer(client(), &[Answer::retry(), second]);
        let error = end.error().cloned().unwrap();
        assert_eq!(
            error.alert(),
            Some(AlertDescription::IllegalParameter),
            "{error}"
        );
    };
    second(|it| it.suite = CipherSuite::TLS_CHACHA20_POLY1305_SHA256);
    // The share of the first hello is gone.
    second(|it| it.extensions[1] = share(0x0017));
    second(|it| it.extensions[0].1 = vec![3, 3]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any bytes at a client: an error or more to come, never a panic and never an open connection.
    #[test]
    fn any_bytes_at_a_client(bytes in prop::collection::vec(any::<u8>(), 0..200), framed: bool) {
        let mut sent = Vec::new();
        let config = Arc::new(client());
        let handshake = ClientHandshake::new(config, NOW, &mut sent).unwrap();
        let mut wire = if framed { tls_wire::reframe(&bytes) } else { bytes };
        let end = feed(End::Under(handshake), &mut wire, &mut Vec::new());
        prop_assert!(!end.is_done());
    }

    /// Any byte of an honest ServerHello changed.
    #[test]
    fn a_changed_byte_of_a_server_hello(place: prop::sample::Index, change in 1..=255u8) {
        let mut flights = 0;
        let outcome = run_with(client(), server_config(), &one_key, NOW, |who, n, flight| {
            if (who, n) == (From::Server, 0) {
                let length = tls_wire::RecordHeader::read(flight).unwrap().wire_len();
                let at = 5 + place.index(length - 5);
                flight[at] ^= change;
                flights += 1;
            }
        });
        prop_assert_eq!(flights, 1);
        prop_assert!(!outcome.client.is_done());
    }
}
