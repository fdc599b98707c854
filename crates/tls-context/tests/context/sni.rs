//! Server names: exact ones, patterns, and contexts chosen by them.

use std::{io::Cursor, sync::Arc};

use proptest::prelude::*;
use rustls::{
    ClientConnection, Connection,
    pki_types::{CertificateDer, ServerName},
    server::Acceptor,
};
use tls_context::{SecureContext, SniMap};
use tls_testing::{Pki, plain_rustls};

use crate::handshake::{identity, run};

fn map(patterns: &[&'static str]) -> SniMap<&'static str> {
    let mut map = SniMap::new();
    for pattern in patterns {
        map.insert(pattern, *pattern).unwrap();
    }
    map
}

// Spec: SNI-01, T-SNI-13
#[test]
fn a_star_is_a_run_without_a_dot_anywhere_in_a_label() {
    for (pattern, fits, does_not) in [
        (
            "foo*.y.com",
            &["foobar.y.com", "foo.y.com"][..],
            &["fo.y.com", "foo.z.y.com"][..],
        ),
        (
            "*.test.com",
            &["b.test.com", "xn--b.test.com"],
            &["test.com", "a.b.test.com", "btest.com"],
        ),
        ("*", &["localhost", "a"], &["a.b", "a.example.com"]),
        (
            "*-api.*.com",
            &["x-api.y.com", "-api.z.com"],
            &["x-api.com", "api.y.com", "x-api.y.z.com"],
        ),
        (
            "a*b*c.com",
            &["abc.com", "a1b2c.com", "abbcc.com", "abcbc.com"],
            &["ac.com", "abcd.com"],
        ),
        ("w*.*", &["www.com", "w.com"], &["w", "x.com", "www.a.com"]),
    ] {
        let map = map(&[pattern]);
        for name in fits {
            assert_eq!(map.get(Some(name)), Some(&pattern), "{pattern} {name}");
        }
        for name in does_not {
            assert_eq!(map.get(Some(name)), None, "{pattern} {name}");
        }
    }
}

// Spec: SNI-02, T-SNI-06
#[test]
fn an_exact_name_beats_patterns_and_the_newest_pattern_wins() {
    let mut map = SniMap::new();
    for (pattern, value) in [
        ("*.example.com", 1),
        ("a.example.com", 2),
        ("*.example.com", 3),
        ("a*.example.com", 4),
    ] {
        map.insert(pattern, value).unwrap();
    }
    for _ in 0..3 {
        assert_eq!(map.get(Some("a.example.com")), Some(&2));
        assert_eq!(map.get(Some("ab.example.com")), Some(&4));
        assert_eq!(map.get(Some("b.example.com")), Some(&3));
    }
    map.insert("*.example.com", 5).unwrap();
    assert_eq!(map.get(Some("ab.example.com")), Some(&5));
    map.insert("a.example.com", 6).unwrap();
    assert_eq!(map.get(Some("a.example.com")), Some(&6));
    assert_eq!(map.len(), 3);
}

// Spec: SNI-02, T-SNI-13
#[test]
fn no_name_has_no_entry() {
    let map = map(&["*", "*.*", "example.com"]);
    assert_eq!(map.get(None), None);
    assert_eq!(map.get(Some("")), None);
    assert!(SniMap::<()>::default().is_empty());
}

// Node minds the case.
// Spec: SNI-01
#[test]
fn letter_case_and_a_dot_at_the_end_do_not_matter() {
    let map = map(&["Www.Example.com", "*.TEST.com."]);
    for name in ["www.example.com", "WWW.EXAMPLE.COM", "www.example.com."] {
        assert_eq!(map.get(Some(name)), Some(&"Www.Example.com"));
    }
    assert_eq!(map.get(Some("a.test.com")), Some(&"*.TEST.com."));
}

#[test]
fn names_that_can_never_come_are_refused() {
    let mut map = SniMap::new();
    for empty in ["", "."] {
        let error = map.insert(empty, ()).unwrap_err();
        assert_eq!(error.code(), "empty_server_name");
        assert_eq!(error.node_code(), Some("ERR_TLS_REQUIRED_SERVER_NAME"));
    }
    for name in [
        "bücher.example",
        "a b.example",
        "a\n.example",
        &"a.".repeat(128),
    ] {
        assert_eq!(
            map.insert(name, ()).unwrap_err().code(),
            "invalid_server_name",
            "{name}"
        );
    }
    assert!(map.is_empty());
}

#[test]
fn what_is_removed_is_gone() {
    let mut map = map(&["a.com", "*.a.com", "x*.a.com"]);
    assert_eq!(map.remove("X*.a.com"), Some("x*.a.com"));
    assert_eq!(map.get(Some("xy.a.com")), Some(&"*.a.com"));
    assert_eq!(map.remove("*.a.com"), Some("*.a.com"));
    assert_eq!(map.remove("a.com"), Some("a.com"));
    assert_eq!(map.remove("a.com"), None);
    assert!(map.is_empty());
}

// Spec: T-SNI-01
#[test]
fn contexts_are_chosen_by_name_with_plain_rustls() {
    let pki = Pki::shared();
    let names = ["a.example.com", "*.test.com", "chain.example.com"];
    let leaves = names.map(|name| pki.issue(&[name]));
    let mut contexts = SniMap::new();
    for (name, leaf) in names.into_iter().zip(&leaves) {
        let context = SecureContext::server(identity(leaf)).build().unwrap();
        contexts.insert(name, context).unwrap();
    }
    let default = SecureContext::server(identity(&pki.server))
        .build()
        .unwrap();
    for (name, expected) in [
        ("a.example.com", leaves[0].certificate()),
        ("b.test.com", leaves[1].certificate()),
        ("chain.example.com", leaves[2].certificate()),
        ("a.b.test.com", pki.server.certificate()),
        ("c.wrong.com", pki.server.certificate()),
    ] {
        assert_eq!(served(name, &contexts, &default), *expected, "{name}");
    }
}

/// The leaf that a client asking for `name` is shown.
fn served(
    name: &'static str,
    contexts: &SniMap<SecureContext>,
    default: &SecureContext,
) -> CertificateDer<'static> {
    let client = SecureContext::client(crate::handshake::trust());
    let client = client.dangerous().accept_any_certificate().build().unwrap();
    let server_name = ServerName::try_from(name).unwrap();
    let config = client.rustls_client().unwrap();
    let mut client = Connection::from(ClientConnection::new(config, server_name).unwrap());

    let mut acceptor = Acceptor::default();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    acceptor.read_tls(&mut Cursor::new(hello)).unwrap();
    let accepted = acceptor.accept().unwrap().unwrap();
    let context = contexts
        .get(accepted.client_hello().server_name())
        .unwrap_or(default);
    let server = accepted
        .into_connection(context.rustls_server().unwrap())
        .unwrap();
    let mut server = Connection::from(server);
    run(&mut client, &mut server).unwrap();
    assert_eq!(
        plain_rustls::VERSIONS[1].version,
        server.protocol_version().unwrap()
    );
    client.peer_certificates().unwrap()[0].clone().into_owned()
}

#[test]
fn clones_share_nothing() {
    let mut one = SniMap::new();
    one.insert("a.com", Arc::new(1)).unwrap();
    let two = one.clone();
    one.insert("a.com", Arc::new(2)).unwrap();
    assert_eq!(two.get(Some("a.com")).map(|value| **value), Some(1));
}

/// The rule in the plainest words: the newest exact entry, else the newest pattern that fits.
fn model(entries: &[(String, usize)], name: &str) -> Option<usize> {
    let fits = |pattern: &str| star_fits(pattern.as_bytes(), name.as_bytes());
    let exact = entries.iter().rev().find(|(pattern, _)| pattern == name);
    let pattern = || {
        entries
            .iter()
            .rev()
            .find(|(pattern, _)| pattern.contains('*') && fits(pattern))
    };
    exact.or_else(pattern).map(|(_, value)| *value)
}

/// `*` takes nothing, or one byte other than a dot and then goes on.
fn star_fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], name) => {
            star_fits(rest, name)
                || matches!(name, [byte, after @ ..] if *byte != b'.' && star_fits(pattern, after))
        }
        ([byte, rest @ ..], [first, after @ ..]) => byte == first && star_fits(rest, after),
        _ => false,
    }
}

proptest! {
    // Spec: SNI-01, SNI-02
    #[test]
    fn the_map_does_what_the_rule_says(
        patterns in prop::collection::vec("[ab*]{1,3}(\\.[ab*]{1,3}){0,2}", 0..12),
        names in prop::collection::vec("[ab]{1,4}(\\.[ab]{1,4}){0,2}", 1..12),
    ) {
        let mut map = SniMap::new();
        let mut entries = Vec::new();
        for (value, pattern) in patterns.into_iter().enumerate() {
            map.insert(&pattern, value).unwrap();
            entries.push((pattern, value));
            for name in &names {
                prop_assert_eq!(map.get(Some(name)).copied(), model(&entries, name), "{}", name);
            }
        }
    }
}
