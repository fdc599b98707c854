//! Hellos of real clients: what was recorded is read as it is known to be.
//!
//! `tests/hellos/NAME.hex` holds a handshake message, `NAME.txt` its description without what
//! changes from one connection to the next. `TLS_RECORD_HELLOS=1 cargo test -p tls-wire --test
//! hellos` records both again from the clients of this machine; `git diff` then shows what a new
//! version of a client does differently.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::fs;

use tls_wire::{CipherSuite, ClientHello, NamedGroup, ProtocolVersion};

#[path = "hellos/record.rs"]
mod record;
#[path = "hellos/recorded.rs"]
mod recorded;

use recorded::folder;

fn hello(name: &str) -> ClientHello {
    ClientHello::parse(recorded::message(name).into()).unwrap()
}

/// The description without the values that a client draws at random: GREASE numbers, and with
/// them the order of extensions of clients that shuffle them.
fn stable_description(hello: &ClientHello) -> String {
    let text = hello.describe().to_string();
    let mut parts = text.split("GREASE 0x");
    let mut stable = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        stable = stable + "GREASE" + &part[4..];
    }
    let lines = stable
        .lines()
        .filter(|line| !line.starts_with("length:"))
        .map(|line| match line.strip_prefix("extensions: ") {
            Some(list) => {
                let sorted: BTreeSet<&str> = list.split(", ").collect();
                format!(
                    "extensions: {}",
                    sorted.into_iter().collect::<Vec<_>>().join(", ")
                )
            }
            None => line.to_owned(),
        });
    lines.map(|line| line + "\n").collect()
}

/// Every recorded hello has its description; nothing lies about unread.
#[test]
fn every_recorded_hello_is_read_as_described() {
    let names = recorded::names();
    assert!(names.len() >= 8, "only {names:?} recorded");
    for name in names {
        let expected = fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap();
        assert_eq!(stable_description(&hello(&name)), expected, "{name}");
    }
}

#[test]
fn records_the_hellos_of_this_machine_when_asked() {
    if std::env::var_os("TLS_RECORD_HELLOS").is_none() {
        eprintln!("SKIPPED: set TLS_RECORD_HELLOS=1 to record the hellos of this machine again");
        return;
    }
    for (name, origin, message) in record::record_all() {
        let hex: Vec<String> = message.iter().map(|byte| format!("{byte:02x}")).collect();
        let lines: Vec<String> = hex.chunks(48).map(<[String]>::concat).collect();
        let text = format!("# {origin}\n{}\n", lines.join("\n"));
        fs::write(folder().join(format!("{name}.hex")), text).unwrap();
        let description = stable_description(&ClientHello::parse(message.into()).unwrap());
        fs::write(folder().join(format!("{name}.txt")), description).unwrap();
    }
}

#[test]
fn openssl_with_tls12_alone_sends_no_supported_versions() {
    let hello = hello("openssl-tls12");
    assert_eq!(hello.server_name(), Some("example.com"));
    assert!(hello.alpn_protocols().eq([&b"h2"[..], b"http/1.1"]));
    assert!(hello.supported_versions().eq([ProtocolVersion::Tls12]));
    assert!(hello.offers(ProtocolVersion::Tls12) && !hello.offers(ProtocolVersion::Tls13));
    assert!(hello.extended_master_secret() && hello.session_ticket().is_none());
    assert!(
        hello
            .cipher_suites()
            .any(|s| s == CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV)
    );
    assert_eq!(hello.key_shares().count(), 0);
}

#[test]
fn openssl_resumes_tls12_with_its_ticket_and_tls13_with_a_binder() {
    let hello_12 = hello("openssl-tls12-resumed");
    assert!(
        hello_12
            .session_ticket()
            .is_some_and(|ticket| ticket.len() > 100)
    );
    assert_eq!(hello_12.psk_identities().count(), 0);
    let hello_13 = hello("openssl-tls13-resumed");
    let identity = hello_13.psk_identities().next().unwrap();
    assert!(identity.identity.len() > 100 && identity.obfuscated_ticket_age != 0);
    assert!(hello_13.psk_binders().all(|binder| binder.len() == 48));
    let kept = hello_13.without_binders().unwrap();
    assert_eq!(kept.len() + 2 + 1 + 48, hello_13.as_bytes().len());
}

#[test]
fn openssl_early_data_and_psk_are_seen() {
    let hello = hello("openssl-psk");
    let identity = hello.psk_identities().next().unwrap();
    assert_eq!(
        (identity.identity, identity.obfuscated_ticket_age),
        (&b"gate-7"[..], 0)
    );
    assert!(hello.psk_binders().all(|binder| binder.len() == 32));
}

#[test]
fn node_offers_both_versions_and_its_protocols() {
    let hello = hello("node");
    assert_eq!(hello.server_name(), Some("example.com"));
    assert!(hello.alpn_protocols().eq([&b"h2"[..], b"http/1.1"]));
    assert!(hello.offers(ProtocolVersion::Tls13) && hello.offers(ProtocolVersion::Tls12));
    assert!(hello.ja4().starts_with("t13d"));
}

// Spec: CIP-18, CIP-22
#[test]
fn cip_18_node_24_offers_these_groups_and_sends_two_shares() {
    let hello = hello("node");
    assert!(hello.named_groups().eq([
        NamedGroup::X25519MLKEM768,
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::X448,
        NamedGroup::SECP384R1,
        NamedGroup::SECP521R1,
        NamedGroup::FFDHE2048,
        NamedGroup::FFDHE3072,
    ]));
    assert!(
        hello
            .key_share_groups()
            .eq([NamedGroup::X25519MLKEM768, NamedGroup::X25519])
    );
    assert_eq!(hello.legacy_version(), ProtocolVersion::Tls12);
    assert_eq!(hello.session_id().len(), 32);
}

#[test]
fn node_connecting_to_an_address_sends_no_name() {
    let hello = hello("node-no-name");
    assert_eq!(hello.server_name(), None);
    assert!(hello.ja4().starts_with("t13i"));
}

#[test]
fn curl_offers_h2() {
    let hello = hello("curl");
    assert_eq!(hello.server_name(), Some("example.com"));
    assert_eq!(hello.alpn_protocols().next(), Some(&b"h2"[..]));
    assert!(hello.ja4().starts_with("t13d") && hello.ja4()[8..].starts_with("h2_"));
}

/// GREASE stands in suites, groups, versions, extensions and key shares of Chromium.
#[test]
fn chromium_greases_and_brings_a_post_quantum_share() {
    let hello = hello("chromium");
    assert_eq!(hello.server_name(), Some("example.com"));
    assert!(hello.cipher_suites().next().unwrap().is_grease());
    assert!(hello.named_groups().next().unwrap().is_grease());
    assert!(
        hello
            .extensions()
            .any(|extension| extension.extension_type.is_grease())
    );
    assert!(
        hello
            .key_share_groups()
            .any(|group| group == NamedGroup::X25519MLKEM768)
    );
    assert!(hello.as_bytes().len() > 1500, "two full-size segments");
    assert!(hello.status_request());
    assert!(hello.ja4().starts_with("t13d1517h2_8daaf6152771_"));
}

#[test]
fn rustls_offers_what_its_provider_has() {
    let hello = hello("rustls");
    assert_eq!(hello.server_name(), Some("example.com"));
    assert!(hello.alpn_protocols().eq([&b"h2"[..]]));
    assert_eq!(
        hello.key_share_groups().next(),
        Some(NamedGroup::X25519MLKEM768)
    );
}
