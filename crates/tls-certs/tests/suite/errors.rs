//! Every error code with its message and hint.

use std::collections::BTreeSet;
use std::io::{Error as IoError, ErrorKind};

use tls_certs::{Error, KeyKind};

fn every_error() -> Vec<Error> {
    let text = |text: &str| text.to_owned();
    let denied = || IoError::new(ErrorKind::PermissionDenied, "permission denied");
    vec![
        Error::Read {
            path: "/etc/tls/cert.pem".into(),
            source: denied(),
        },
        Error::Write {
            path: "/etc/tls/cert.pem".into(),
            source: denied(),
        },
        Error::UnexpectedPkcs12 {
            origin: text("site.pfx"),
        },
        Error::NotPem {
            origin: text("cert.der"),
        },
        Error::Pem {
            origin: text("cert.pem"),
            block: 2,
            line: 31,
            reason: text("missing END tag"),
        },
        Error::NoCertificate {
            origin: text("cert.pem"),
            labels: vec![text("PRIVATE KEY")],
        },
        Error::Certificate {
            origin: text("cert.pem"),
            reason: text("trailing data"),
        },
        Error::NoKey {
            origin: text("key.pem"),
            labels: vec![],
        },
        Error::SeveralKeys {
            origin: text("key.pem"),
            count: 2,
        },
        Error::BadDecrypt {
            origin: text("key.pem"),
            reason: text("the passphrase does not fit this key, or it is damaged"),
        },
        Error::Passphrase {
            origin: text("environment variable KEY_PASSPHRASE"),
            reason: text("it is not set"),
        },
        Error::UnsupportedEncryption {
            origin: text("key.pem"),
            algorithm: text("RC2-40"),
        },
        Error::EncryptionTooCostly {
            origin: text("key.pem"),
            reason: text("4000000000 iterations are asked for, 10000000 of 10000000 are left"),
        },
        Error::Pkcs12Mac {
            origin: text("web.p12"),
        },
        Error::Pkcs12 {
            origin: text("web.p12"),
            reason: text("truncated"),
        },
        Error::UnsupportedPkcs12 {
            origin: text("web.p12"),
            what: text("RC2-40"),
        },
        Error::Pkcs12NoKey {
            origin: text("web.p12"),
        },
        Error::KeyTooSmall {
            origin: text("key.pem"),
            kind: KeyKind::Rsa,
            bits: 1024,
            minimum: 2048,
            level: tls_certs::SecurityLevel::Two,
        },
        Error::KeyWithoutCertificate {
            origin: text("key.pem"),
            key_kind: KeyKind::Rsa,
            certificates: vec![text("CN=localhost"), text("CN=example.org")],
        },
        Error::UnusableKey {
            origin: text("key.pem"),
            reason: text("`DSA PRIVATE KEY` is not a kind that TLS can use here"),
        },
        Error::KeyMismatch {
            key_kind: KeyKind::Rsa,
            subject: text("CN=localhost"),
            certificate_kind: KeyKind::EcdsaP256,
        },
        Error::Expired {
            subject: text("CN=localhost"),
            not_after: 1_767_225_600,
        },
        Error::NotYetValid {
            subject: text("CN=localhost"),
            not_before: 1_798_761_600,
        },
        Error::NamesLost {
            subject: text("CN=localhost"),
            names: vec![text("app.localhost")],
        },
        Error::ChainIncomplete {
            subject: text("CN=localhost"),
            issuer: text("CN=intermediate"),
        },
        Error::CrlOlder {
            issuer: text("CN=root"),
            this_update: Some(1_767_225_600),
            in_use: Some(1_798_761_600),
        },
        Error::CrlLost {
            issuer: text("CN=root"),
        },
        Error::NotReloaded {
            files: text("cert.pem, key.pem"),
            source: std::sync::Arc::new(Error::NoNames),
        },
        Error::Watch { source: denied() },
        Error::SystemStore {
            reason: text("it is empty or missing"),
        },
        Error::Crl {
            origin: text("ca.crl"),
            reason: text("it is a delta list; the complete one is needed"),
        },
        Error::NoCaCertificates,
        Error::NothingTrusted,
        Error::Verifier {
            reason: text("no root trust anchors were provided"),
        },
        Error::UnsafePermissions {
            path: "/home/me/dev".into(),
            problem: text("open to other users (mode 755)"),
        },
        Error::InvalidName { name: text("a b") },
        Error::NoNames,
        Error::NameNotPermitted {
            name: text("example.org"),
        },
        Error::DamagedCa {
            directory: "/home/me/dev".into(),
            reason: text("its certificate is not a CA's"),
        },
        Error::Generate {
            reason: text("unsupported"),
        },
    ]
}

#[test]
fn every_code_has_a_message_and_a_hint() {
    let errors = every_error();
    let text: Vec<_> = errors
        .iter()
        .map(|e| {
            format!(
                "{}\n  {e}\n  hint: {}\n  node: {}",
                e.code(),
                e.hint(),
                e.node_code().unwrap_or("-")
            )
        })
        .collect();
    insta::assert_snapshot!("errors", text.join("\n\n"));
}

#[test]
fn codes_are_unique_and_complete() {
    let source = include_str!("../../src/error.rs");
    let in_source: BTreeSet<_> = source
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("Self::")?
                .split_once(" => \"")?
                .1
                .strip_suffix("\",")
        })
        .filter(|code| !code.contains(' '))
        .collect();
    let errors = every_error();
    let listed: BTreeSet<_> = errors.iter().map(Error::code).collect();
    assert_eq!(listed.len(), errors.len());
    assert_eq!(listed, in_source, "a code without an example here");
}
