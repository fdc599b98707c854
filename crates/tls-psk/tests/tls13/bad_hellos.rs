//! Hellos that a server refuses, each with its alert.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tls_psk::{Error, ServerConfig, ServerHandshake};
use tls_wire::extension::key_share::KeyShareEntry;
use tls_wire::extension::pre_shared_key::PskIdentity as WireIdentity;
use tls_wire::extension::psk_key_exchange_modes::PskKeyExchangeMode as Mode;
use tls_wire::{
    AlertDescription, CipherSuite, ClientHello, ClientHelloBuilder, ExtensionType, NamedGroup,
    ProtocolVersion,
};

use crate::ends::*;

/// A share of P-256 that any server can complete: the generator (SEC 2, Section 2.4.2).
pub(crate) const P256_GENERATOR: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

/// A hello of which each part can be wrong, with a binder that is right.
#[derive(Clone)]
pub(crate) struct Hello {
    pub(crate) versions: Vec<ProtocolVersion>,
    pub(crate) suites: Vec<CipherSuite>,
    pub(crate) modes: Option<Vec<Mode>>,
    pub(crate) groups: Option<Vec<NamedGroup>>,
    pub(crate) shares: Option<Vec<NamedGroup>>,
    pub(crate) compression: Vec<u8>,
    pub(crate) early_data: bool,
    pub(crate) identities: Vec<Vec<u8>>,
    pub(crate) binder_len: usize,
}

impl Default for Hello {
    fn default() -> Self {
        Self {
            versions: vec![ProtocolVersion::Tls13],
            suites: vec![CipherSuite::TLS_AES_128_GCM_SHA256],
            modes: Some(vec![Mode::PskDheKe]),
            groups: Some(vec![NamedGroup::SECP256R1]),
            shares: Some(vec![NamedGroup::SECP256R1]),
            compression: vec![0],
            early_data: false,
            identities: vec![b"gate-7".to_vec()],
            binder_len: 32,
        }
    }
}

impl Hello {
    pub(crate) fn message(&self) -> Vec<u8> {
        let point = hex::decode(P256_GENERATOR).unwrap();
        let mut hello = ClientHelloBuilder::new([5; 32])
            .session_id(&[6; 32])
            .cipher_suites(&self.suites)
            .compression_methods(&self.compression)
            .supported_versions(&self.versions);
        if let Some(groups) = &self.groups {
            hello = hello.named_groups(groups);
        }
        if let Some(shares) = &self.shares {
            let entry = |&group: &NamedGroup| KeyShareEntry {
                group,
                key_exchange: &point,
            };
            hello = hello.key_shares(&shares.iter().map(entry).collect::<Vec<_>>());
        }
        if let Some(modes) = &self.modes {
            hello = hello.psk_modes(modes);
        }
        if self.early_data {
            hello = hello.early_data();
        }
        let identity = |identity| WireIdentity {
            identity,
            obfuscated_ticket_age: 0,
        };
        let identities: Vec<_> = self.identities.iter().map(|it| identity(it)).collect();
        let zeros = vec![vec![0; self.binder_len]; identities.len()];
        let mut message = hello.pre_shared_keys(&identities, &zeros).build().unwrap();
        let length = 2 + zeros.len() * (1 + self.binder_len);
        let kept = message.len() - length;
        let binder = binder(&SECRET, &message[..kept]);
        for (place, value) in message[kept + 2..]
            .chunks_mut(1 + self.binder_len)
            .flat_map(|entry| entry[1..].iter_mut().zip(binder))
        {
            *place = value;
        }
        message
    }

    /// Offers it to a server that knows "gate-7".
    pub(crate) fn offer(
        &self,
        server: &ServerConfig,
        out: &mut Vec<u8>,
    ) -> Result<ServerHandshake, Error> {
        let hello = ClientHello::parse(self.message().into())?;
        start_server(&Arc::new(server.clone()), &hello, &one_key, NOW, out)
    }

    fn refused(&self) -> Error {
        let mut server = server_config();
        server.allow_psk_ke = false;
        self.offer(&server, &mut Vec::new()).err().unwrap()
    }
}

/// The binder of an external key, computed by hand (RFC 8446, Sections 4.2.11.2 and 7.1).
fn binder(psk: &[u8], without_binders: &[u8]) -> [u8; 32] {
    let hmac = |key: &[u8], data: &[u8]| -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
        mac.update(data);
        mac.finalize().into_bytes().into()
    };
    // One block of HKDF-Expand is HMAC(secret, info || 1).
    let expand = |secret: &[u8], label: &[u8], context: &[u8]| {
        let label = [b"tls13 ", label].concat();
        let (label_len, context_len) = ([label.len() as u8], [context.len() as u8]);
        let info = [
            &[0, 32],
            &label_len[..],
            &label,
            &context_len,
            context,
            &[1],
        ]
        .concat();
        hmac(secret, &info)
    };
    let early = hmac(&[0; 32], psk);
    let key = expand(&early, b"ext binder", &Sha256::digest(b""));
    let finished = expand(&key, b"finished", b"");
    hmac(&finished, &Sha256::digest(without_binders))
}

#[test]
fn the_hello_of_these_tests_is_a_good_one() {
    let started = Hello::default().offer(&server_config(), &mut Vec::new());
    assert!(started.is_ok());
}

fn changed(change: impl FnOnce(&mut Hello)) -> Error {
    let mut hello = Hello::default();
    change(&mut hello);
    hello.refused()
}

#[test]
fn what_is_missing_or_wrong_has_its_alert() {
    use AlertDescription as Alert;
    let x25519 = NamedGroup::X25519;
    let p256 = NamedGroup::SECP256R1;
    let rows: [(Error, &str, Alert); 12] = [
        (
            changed(|it| it.modes = None),
            "missing_extension",
            Alert::MissingExtension,
        ),
        (
            changed(|it| it.modes = Some(vec![Mode::Unknown(7), Mode::Unknown(0x2b)])),
            "no_shared_psk_mode",
            Alert::HandshakeFailure,
        ),
        (
            changed(|it| it.modes = Some(vec![Mode::PskKe])),
            "no_shared_psk_mode",
            Alert::HandshakeFailure,
        ),
        (
            changed(|it| it.groups = None),
            "missing_extension",
            Alert::MissingExtension,
        ),
        (
            changed(|it| it.shares = None),
            "missing_extension",
            Alert::MissingExtension,
        ),
        (
            changed(|it| it.shares = Some(vec![p256, p256])),
            "illegal_parameter",
            Alert::IllegalParameter,
        ),
        (
            changed(|it| it.shares = Some(vec![x25519])),
            "illegal_parameter",
            Alert::IllegalParameter,
        ),
        (
            changed(|it| {
                it.groups = Some(vec![NamedGroup::FFDHE2048]);
                it.shares = Some(Vec::new());
            }),
            "no_shared_group",
            Alert::HandshakeFailure,
        ),
        // A point of P-256 is no value of X25519.
        (
            changed(|it| {
                it.groups = Some(vec![x25519]);
                it.shares = Some(vec![x25519]);
            }),
            "illegal_parameter",
            Alert::IllegalParameter,
        ),
        (
            changed(|it| it.compression = vec![1, 0]),
            "illegal_parameter",
            Alert::IllegalParameter,
        ),
        (
            changed(|it| it.suites = vec![CipherSuite::TLS_AES_256_GCM_SHA384]),
            "no_shared_cipher",
            Alert::HandshakeFailure,
        ),
        (
            changed(|it| it.versions = vec![ProtocolVersion::Tls12]),
            "no_shared_version",
            Alert::ProtocolVersion,
        ),
    ];
    for (error, code, alert) in rows {
        assert_eq!(
            (error.code(), error.alert()),
            (code, Some(alert)),
            "{error}"
        );
    }
}

/// "a binder of wrong length is illegal_parameter, an unparsable one decode_error".
#[test]
fn a_binder_has_the_length_of_its_hash() {
    for length in [1, 31, 33, 48, 255] {
        let error = changed(|it| it.binder_len = length);
        assert_eq!(
            error,
            Error::BinderLength {
                length,
                expected: 32
            }
        );
        assert_eq!(error.alert(), Some(AlertDescription::IllegalParameter));
    }
    let mut cut = Hello::default().message();
    // The one binder claims a byte more than the list has.
    let place = cut.len() - 33;
    cut[place] += 1;
    let error = ClientHello::parse(cut.into()).err().unwrap();
    assert_eq!(error.alert(), Some(AlertDescription::DecodeError));
}

#[test]
fn as_many_binders_as_identities() {
    let identity = WireIdentity {
        identity: b"gate-7",
        obfuscated_ticket_age: 0,
    };
    let hello = |identities: &[WireIdentity<'_>], binders: &[[u8; 32]]| {
        let hello = ClientHelloBuilder::new([5; 32])
            .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
            .pre_shared_keys(identities, binders)
            .build();
        ClientHello::parse(hello.unwrap().into()).err().unwrap()
    };
    for error in [
        hello(&[identity], &[[0; 32]; 2]),
        hello(&[identity, identity], &[[0; 32]]),
    ] {
        assert_eq!(error.code(), "binder_count");
        assert_eq!(error.alert(), Some(AlertDescription::IllegalParameter));
    }
}

#[test]
fn the_offer_stands_last() {
    let identity = WireIdentity {
        identity: b"gate-7",
        obfuscated_ticket_age: 0,
    };
    let hello = ClientHelloBuilder::new([5; 32])
        .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
        .pre_shared_keys(&[identity], &[[0; 32]])
        .extension(ExtensionType::PADDING, &[]);
    let error = ClientHello::parse(hello.build().unwrap().into())
        .err()
        .unwrap();
    assert_eq!(error.code(), "pre_shared_key_not_last");
    assert_eq!(error.alert(), Some(AlertDescription::IllegalParameter));
}

/// Identities of any length are parsed; those that no key can have are never looked up.
#[test]
fn a_huge_identity_is_nobodys() {
    let whole = ClientHelloBuilder::new([5; 32]).pre_shared_keys(
        &[WireIdentity {
            identity: &[b'x'; 65_535],
            obfuscated_ticket_age: 0,
        }],
        &[[0; 32]],
    );
    // Beside its own length nothing of 65,535 bytes fits into the vector of extensions.
    assert!(whole.build().is_err());
    let error = changed(|it| it.identities = vec![vec![b'x'; 60_000]]);
    assert!(matches!(error, Error::UnknownIdentity { .. }));
    let hello = Hello {
        identities: vec![vec![b'x'; 60_000], b"gate-7".to_vec()],
        ..Hello::default()
    };
    assert!(hello.offer(&server_config(), &mut Vec::new()).is_ok());
}

/// 900 identities are 4 look-ups.
#[test]
fn only_the_first_identities_are_looked_up() {
    let hello = Hello {
        identities: (0..900).map(|n| format!("id-{n}").into_bytes()).collect(),
        ..Hello::default()
    };
    let hello = ClientHello::parse(hello.message().into()).unwrap();
    let asked = std::cell::Cell::new(0);
    let keys = |_: &tls_psk::PskIdentity| {
        asked.set(asked.get() + 1);
        Vec::new()
    };
    let server = Arc::new(server_config());
    assert!(start_server(&server, &hello, &keys, NOW, &mut Vec::new()).is_err());
    assert_eq!(asked.get(), tls_psk::limits::MAX_LOOKUPS);
}

fn second_hello(change: impl FnOnce(&mut Hello)) -> Error {
    let first = Hello {
        groups: Some(vec![NamedGroup::SECP256R1, NamedGroup::X25519]),
        shares: Some(Vec::new()),
        ..Hello::default()
    };
    let mut server = server_config();
    server.provider = provider_of(&[rustls::NamedGroup::secp256r1]);
    let started = first.offer(&server, &mut Vec::new()).unwrap();
    let mut second = Hello {
        shares: Some(vec![NamedGroup::SECP256R1]),
        ..first
    };
    change(&mut second);
    let mut wire = tls_wire::reframe(&second.message());
    let mut out = Vec::new();
    let end = feed(End::Under(started), &mut wire, &mut out);
    end.error().cloned().unwrap()
}

/// RFC 8446, Section 4.1.2.
#[test]
fn a_second_hello_repeats_the_first() {
    let different = "a second hello that differs from the first";
    for (error, what) in [
        (
            second_hello(|it| it.suites.push(CipherSuite::TLS_AES_256_GCM_SHA384)),
            different,
        ),
        (
            second_hello(|it| it.groups = Some(vec![NamedGroup::SECP256R1])),
            different,
        ),
        (
            second_hello(|it| it.modes = Some(vec![Mode::PskKe])),
            different,
        ),
        (
            second_hello(|it| it.early_data = true),
            "early data in a second hello",
        ),
        (
            second_hello(|it| it.identities = vec![b"gate-8".to_vec()]),
            "a second hello without the pre-shared key of the first",
        ),
    ] {
        assert_eq!(error, Error::IllegalParameter { what });
    }
    // All is well but the binder, which is the one of a first hello.
    assert_eq!(second_hello(|_| {}), Error::BinderMismatch);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any byte of a hello changed to any other: an error with an alert, or another offer that the
    /// binder does not go with. Never a panic, and never an answer.
    #[test]
    fn a_hello_with_a_changed_byte_is_never_answered(place: prop::sample::Index, change in 1..=255u8) {
        let mut message = Hello::default().message();
        let place = place.index(message.len());
        message[place] ^= change;
        let server = Arc::new(server_config());
        let mut out = Vec::new();
        let error = match ClientHello::parse(message.into()) {
            Err(error) => Error::from(error),
            Ok(hello) => start_server(&server, &hello, &one_key, NOW, &mut out).err().unwrap(),
        };
        prop_assert!(error.alert().is_some());
        prop_assert!(out.is_empty() || out[..5] == [21, 3, 3, 0, 2]);
    }
}
