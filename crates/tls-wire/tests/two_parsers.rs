//! One hello, two readers: ours chooses context, session and engine, rustls reads it again.
//!
//! Wherever both accept a hello they must see the same server name, protocols, suites, schemes and
//! groups; otherwise a client could be let in under one context and answered under another. Where
//! only one accepts it the connection ends, so being stricter is safe; the kinds are listed.

#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use proptest::prelude::*;
use rustls::server::Acceptor;
use tls_wire::{CipherSuite, ClientHello, ClientHelloBuilder, Error, ExtensionType, reframe};

/// What a server decides by.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    server_name: Option<String>,
    alpn: Vec<Vec<u8>>,
    suites: Vec<u16>,
    schemes: Vec<u16>,
    groups: Vec<u16>,
}

fn ours(message: &[u8]) -> Result<Seen, Error> {
    let hello = ClientHello::parse(message.to_vec().into())?;
    Ok(Seen {
        server_name: hello.server_name().map(str::to_owned),
        alpn: hello.alpn_protocols().map(<[u8]>::to_vec).collect(),
        suites: hello.cipher_suites().map(|suite| suite.0).collect(),
        schemes: hello.signature_schemes().map(|scheme| scheme.0).collect(),
        groups: hello.named_groups().map(|group| group.0).collect(),
    })
}

fn theirs(message: &[u8]) -> Result<Seen, String> {
    let mut acceptor = Acceptor::default();
    let wire = reframe(message);
    let mut rest = &wire[..];
    let accepted = loop {
        acceptor.read_tls(&mut rest).unwrap();
        match acceptor.accept() {
            Ok(Some(accepted)) => break accepted,
            Ok(None) if rest.is_empty() => return Err("waits for more".to_owned()),
            Ok(None) => {}
            Err((error, _)) => return Err(error.to_string()),
        }
    };
    let hello = accepted.client_hello();
    Ok(Seen {
        server_name: hello.server_name().map(str::to_owned),
        alpn: hello
            .alpn()
            .into_iter()
            .flatten()
            .map(<[u8]>::to_vec)
            .collect(),
        suites: hello
            .cipher_suites()
            .iter()
            .map(|&suite| suite.into())
            .collect(),
        schemes: hello
            .signature_schemes()
            .iter()
            .map(|&scheme| scheme.into())
            .collect(),
        groups: hello
            .named_groups()
            .into_iter()
            .flatten()
            .map(|&group| group.into())
            .collect(),
    })
}

/// Where we refuse what rustls takes; each has an example in `where_we_are_stricter`.
fn is_known_strictness(error: &Error) -> bool {
    match error {
        // rustls counts them when it looks for a key, after the hello was accepted.
        Error::BinderCount { .. }
        // rustls has no bound of its own beside the length of the message.
        | Error::TooManyExtensions { .. } => true,
        // rustls does not read `signature_algorithms_cert`, whose fields have the same names.
        Error::BadLength { field, .. }
        | Error::Truncated { field }
        | Error::TrailingBytes { field, .. } => {
            matches!(*field, "signature_algorithms" | "supported_signature_algorithms")
        }
        _ => false,
    }
}

/// Both see the same, or the connection ends for a known reason.
fn compare(message: &[u8]) -> Result<(), TestCaseError> {
    match (ours(message), theirs(message)) {
        (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
        (Err(error), Ok(_)) => {
            prop_assert!(is_known_strictness(&error), "only we refuse: {:?}", error);
        }
        // rustls also refuses what it has no use for: no common suite kind, no schemes.
        (_, Err(_)) => {}
    }
    Ok(())
}

#[path = "hellos/recorded.rs"]
mod files;

fn recorded() -> &'static [Vec<u8>] {
    static MESSAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        files::names()
            .iter()
            .map(|name| files::message(name))
            .collect()
    });
    &MESSAGES
}

/// A hello taken apart, so that its lengths stay right when its parts are changed.
#[derive(Clone, Debug)]
struct Parts {
    random: [u8; 32],
    session_id: Vec<u8>,
    suites: Vec<CipherSuite>,
    extensions: Vec<(u16, Vec<u8>)>,
}

impl Parts {
    fn of(message: &[u8]) -> Self {
        let hello = ClientHello::parse(message.to_vec().into()).unwrap();
        Self {
            random: *hello.random(),
            session_id: hello.session_id().to_vec(),
            suites: hello.cipher_suites().collect(),
            extensions: hello
                .extensions()
                .map(|e| (e.extension_type.0, e.body.to_vec()))
                .collect(),
        }
    }

    fn build(&self) -> Vec<u8> {
        let mut builder = ClientHelloBuilder::new(self.random)
            .session_id(&self.session_id)
            .cipher_suites(&self.suites);
        for (number, body) in &self.extensions {
            builder = builder.extension(*number, body);
        }
        builder.build().unwrap()
    }
}

/// One change to a hello.
#[derive(Clone, Debug)]
enum Mutation {
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Duplicate(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Remove(prop::sample::Index),
    Body(prop::sample::Index, Vec<u8>),
    BodyByte(prop::sample::Index, prop::sample::Index, u8),
    BodyCut(prop::sample::Index, prop::sample::Index),
    Name(Vec<u8>),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    let name = "[A-Za-z0-9._:-]{1,24}|([0-9]{1,3}\\.){3}[0-9]{1,3}|[a-z]{1,9}\\.[a-zA-Z]{2,5}\\.?";
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        index().prop_map(Mutation::Cut),
        index().prop_map(Mutation::Duplicate),
        (index(), index()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        index().prop_map(Mutation::Remove),
        (index(), prop::collection::vec(0..5u8, 0..9)).prop_map(|(at, b)| Mutation::Body(at, b)),
        (index(), index(), 0..40u8).prop_map(|(at, in_it, b)| Mutation::BodyByte(at, in_it, b)),
        (index(), index()).prop_map(|(at, in_it)| Mutation::BodyCut(at, in_it)),
        name.prop_map(|name| Mutation::Name(name.into_bytes())),
        prop::collection::vec(any::<u8>(), 1..12).prop_map(Mutation::Name),
    ]
}

fn server_name_body(name: &[u8]) -> Vec<u8> {
    let length = u16::try_from(name.len()).unwrap();
    let list = [&[0][..], &length.to_be_bytes(), name].concat();
    [&(length + 3).to_be_bytes()[..], &list].concat()
}

fn mutate(message: &[u8], mutation: &Mutation) -> Vec<u8> {
    let mut parts = Parts::of(message);
    let count = parts.extensions.len();
    match mutation {
        Mutation::Byte(at, byte) => {
            let mut message = message.to_vec();
            let at = at.index(message.len());
            message[at] = *byte;
            return message;
        }
        Mutation::Cut(at) => {
            let mut message = message[..4 + at.index(message.len() - 4)].to_vec();
            let length = u32::try_from(message.len() - 4).unwrap();
            message[1..4].copy_from_slice(&length.to_be_bytes()[1..]);
            return message;
        }
        Mutation::Duplicate(at) => {
            let copy = parts.extensions[at.index(count)].clone();
            parts.extensions.insert(0, copy);
        }
        Mutation::Swap(a, b) => parts.extensions.swap(a.index(count), b.index(count)),
        Mutation::Remove(at) => drop(parts.extensions.remove(at.index(count))),
        Mutation::Body(at, body) => parts.extensions[at.index(count)].1.clone_from(body),
        Mutation::BodyByte(at, in_it, byte) => {
            let body = &mut parts.extensions[at.index(count)].1;
            if !body.is_empty() {
                let at = in_it.index(body.len());
                body[at] = *byte;
            }
        }
        Mutation::BodyCut(at, in_it) => {
            let body = &mut parts.extensions[at.index(count)].1;
            if !body.is_empty() {
                body.truncate(in_it.index(body.len()));
            }
        }
        Mutation::Name(name) => {
            let number = ExtensionType::SERVER_NAME.0;
            parts.extensions.retain(|(other, _)| *other != number);
            parts.extensions.insert(0, (number, server_name_body(name)));
        }
    }
    parts.build()
}

#[test]
fn both_read_every_recorded_hello_alike() {
    for message in recorded() {
        assert_eq!(ours(message).unwrap(), theirs(message).unwrap());
    }
}

/// Lower case, one trailing dot off, and an IP address counts as none.
#[test]
fn both_normalise_server_names_alike() {
    let message = &recorded()[0];
    for (name, expected) in [
        ("Example.COM", Some("example.com")),
        ("example.com.", Some("example.com")),
        ("192.0.2.7", None),
        ("2001:db8::1", None),
    ] {
        let message = mutate(message, &Mutation::Name(name.into()));
        let [ours, theirs] = [ours(&message).unwrap(), theirs(&message).unwrap()];
        assert_eq!(ours, theirs);
        assert_eq!(ours.server_name.as_deref(), expected);
    }
    for name in [
        "a b",
        "example.com..",
        "-a.example",
        "example.1",
        "[::1]",
        ".",
        "\u{e9}",
    ] {
        let message = mutate(message, &Mutation::Name(name.into()));
        assert_eq!(
            ours(&message).map_err(|e| e.code()),
            Err("illegal_value"),
            "{name}"
        );
        assert!(theirs(&message).is_err(), "{name}");
    }
}

/// The kinds of hellos that end at us although rustls would take them.
#[test]
fn where_we_are_stricter() {
    let message = &recorded()[0];
    let with = |number: u16, body: &[u8]| {
        let mut parts = Parts::of(message);
        parts.extensions.push((number, body.to_vec()));
        parts.build()
    };
    let two_binders = [
        &[0, 7, 0, 1, b'a', 0, 0, 0, 0][..],
        &[0, 66],
        &[[32; 33]; 2].concat(),
    ];
    let mut many = Parts::of(message);
    many.extensions
        .extend((30_000..30_300).map(|number| (number, vec![])));
    for (message, code) in [
        (with(41, &two_binders.concat()), "binder_count"),
        (with(50, &[0, 3, 4, 3, 8]), "bad_length"),
        (many.build(), "too_many_extensions"),
    ] {
        let error = ours(&message).unwrap_err();
        assert_eq!(error.code(), code);
        assert!(is_known_strictness(&error), "{error}");
        assert_eq!(theirs(&message).map(|_| ()), Ok(()), "{code}");
    }
}

/// Two of the rules that must not be left to one reader alone.
#[test]
fn both_refuse_duplicates_and_a_key_that_is_not_last() {
    let message = recorded()
        .iter()
        .find(|message| Parts::of(message).extensions.last().unwrap().0 == 41)
        .unwrap();
    let mut parts = Parts::of(message);
    let last = parts.extensions.len() - 1;
    parts.extensions.swap(0, last);
    let message = parts.build();
    assert_eq!(ours(&message), Err(Error::PreSharedKeyNotLast));
    assert!(theirs(&message).is_err());
    parts.extensions.swap(0, last);
    parts.extensions.insert(0, parts.extensions[0].clone());
    let message = parts.build();
    assert_eq!(
        ours(&message).map_err(|e| e.code()),
        Err("duplicate_extension")
    );
    assert!(theirs(&message).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn both_read_mutated_hellos_alike(
        which in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let recorded = recorded();
        let mut message = recorded[which.index(recorded.len())].clone();
        for mutation in &mutations {
            message = mutate(&message, mutation);
            compare(&message)?;
            // Only what we can take apart can be changed further.
            if ours(&message).is_err() || Parts::of(&message).extensions.is_empty() {
                break;
            }
        }
    }
}
