//! Every code of every crate stands in `docs/errors.md`, and the texts of each failure are as written
//! here: a change of any is seen.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tls_certs::{ServerVerifier, Trust};
use tls_net::{ConnectError, Error, HandshakeErrorKind as Kind};
use tls_testing::{Pki, plain_rustls};
use tls_wire::{AlertDescription, FirstBytes};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The codes in the table under the heading of a crate.
fn listed(page: &str, crate_name: &str) -> BTreeSet<String> {
    let heading = format!("\n## {crate_name}\n");
    let part = page
        .split_once(&heading)
        .unwrap_or_else(|| panic!("no part for {crate_name}"))
        .1;
    let part = part.split("\n## ").next().unwrap();
    part.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code.to_owned())
        .collect()
}

/// The strings that the bodies of `fn code` give in these files.
fn given(files: &[PathBuf]) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for file in files {
        let source = std::fs::read_to_string(file).unwrap();
        for body in source.split("fn code(").skip(1) {
            let body = body.split("\n    }\n").next().unwrap();
            for line in body
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
            {
                if let Some((_, code)) = line.split_once("=> \"") {
                    codes.insert(code.split('"').next().unwrap().to_owned());
                }
            }
        }
    }
    codes
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn every_code_stands_on_the_page() {
    let page = std::fs::read_to_string(root().join("docs/errors.md")).unwrap();
    for name in [
        "tls-net",
        "tls-context",
        "tls-certs",
        "tls-session-store",
        "tls-psk",
        "tls-record",
        "tls-wire",
    ] {
        let own = given(&sources(&root().join("crates").join(name).join("src")));
        let page = listed(&page, name);
        let missing: Vec<_> = own.difference(&page).collect();
        let stale: Vec<_> = page.difference(&own).collect();
        assert!(missing.is_empty(), "{name}: not on the page: {missing:?}");
        assert!(stale.is_empty(), "{name}: gone from the source: {stale:?}");
        assert!(own.len() > 5, "{name}: the scan found {own:?}");
    }
}

/// One of each kind, with what it is to say.
fn kinds() -> Vec<(Kind, &'static str)> {
    let pki = Pki::shared();
    let refusal = || {
        let trust = Trust::from_pem(pki.root.pem().as_bytes()).unwrap();
        let verifier = ServerVerifier::new(trust, plain_rustls::provider()).unwrap();
        let name = super::ends::name("localhost");
        let now = tls_testing::Clock::new().unix_time();
        verifier
            .verify(pki.expired.chain(), &name, now)
            .unwrap_err()
    };
    let engine = || rustls::Error::General("reason".into());
    let not_tls = |looks_like, excerpt: &str| Kind::NotTls {
        looks_like,
        excerpt: excerpt.into(),
    };
    let seconds = Duration::from_secs(5);
    let misbehaved = rustls::PeerMisbehaved::MessageInterleavedWithHandshakeMessage.into();
    vec![
        (
            not_tls(FirstBytes::Http, "GET /"),
            "not_tls_plain_http ERR_SSL_HTTP_REQUEST peer: not TLS: plain HTTP \"GET /\"",
        ),
        (
            not_tls(FirstBytes::Ssh, "SSH-2.0"),
            "not_tls_ssh ERR_SSL_WRONG_VERSION_NUMBER peer: not TLS: \"SSH-2.0\"",
        ),
        (
            not_tls(FirstBytes::SslV2, ""),
            "not_tls_sslv2 ERR_SSL_WRONG_VERSION_NUMBER peer: not TLS",
        ),
        (
            not_tls(FirstBytes::Junk, "x"),
            "not_tls ERR_SSL_WRONG_VERSION_NUMBER peer: not TLS: \"x\"",
        ),
        (
            Kind::ServerNotTls("220 hi".into()),
            "server_not_tls ERR_SSL_PACKET_LENGTH_TOO_LONG peer: the server does not speak TLS: \"220 hi\"",
        ),
        (
            Kind::InvalidHello(tls_wire::Error::PreSharedKeyNotLast),
            "invalid_hello ERR_SSL_BAD_EXTENSION peer: unreadable hello: pre_shared_key is not the last extension",
        ),
        (
            Kind::HelloTimeout(seconds),
            "hello_timeout ERR_TLS_HANDSHAKE_TIMEOUT peer: no hello within 5s",
        ),
        (
            Kind::HandshakeTimeout(seconds),
            "handshake_timeout ERR_TLS_HANDSHAKE_TIMEOUT peer: TLS handshake timeout after 5s",
        ),
        (
            Kind::PeerClosed,
            "peer_closed ECONNRESET peer: the peer closed the connection during the handshake",
        ),
        (
            Kind::Io(io::Error::other("cable")),
            "io - peer: transport: cable",
        ),
        (
            Kind::AlertReceived(AlertDescription::HandshakeFailure),
            "alert_received ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE peer: the peer sent the alert handshake_failure",
        ),
        (
            Kind::AlertReceived(AlertDescription::CertificateRequired),
            "alert_received ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED peer: the peer sent the alert certificate_required",
        ),
        (
            Kind::NoSharedVersion,
            "no_shared_version ERR_SSL_UNSUPPORTED_PROTOCOL peer: no protocol version in common",
        ),
        (
            Kind::NoSharedCipher,
            "no_shared_cipher ERR_SSL_NO_SHARED_CIPHER peer: no cipher suite in common",
        ),
        (
            Kind::NoSharedGroup,
            "no_shared_group ERR_SSL_NO_SUITABLE_KEY_SHARE peer: no key exchange group in common",
        ),
        (
            Kind::NoSharedSignatureScheme,
            "no_shared_signature_scheme ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS peer: no signature scheme in common",
        ),
        (
            Kind::NoApplicationProtocol,
            "no_application_protocol ERR_SSL_NO_APPLICATION_PROTOCOL peer: no application protocol in common",
        ),
        (
            Kind::NoExtendedMasterSecret,
            "no_extended_master_secret - peer: the peer has no extended master secret",
        ),
        (
            Kind::NoSuitableIdentity,
            "no_suitable_identity ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM config: no identity suits this client",
        ),
        (
            Kind::ClientCertificateRefused(refusal()),
            "client_certificate_refused CERT_HAS_EXPIRED peer: client certificate refused: ",
        ),
        (
            Kind::ClientCertificateMissing,
            "client_certificate_missing ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE peer: the client sent no certificate",
        ),
        (
            Kind::ServerCertificateRefused(refusal()),
            "server_certificate_refused CERT_HAS_EXPIRED peer: server certificate refused: ",
        ),
        (
            Kind::PeerMisbehaved(misbehaved),
            "peer_misbehaved - peer: the peer broke the protocol: ",
        ),
        (
            Kind::TooMuchData,
            "too_much_data - peer: the peer's handshake is too large",
        ),
        (
            Kind::TooMuchEarlyData,
            "too_much_early_data - peer: the client sent too much early data",
        ),
        (
            Kind::HookFailed("choose_context", "why".into()),
            "hook_failed - local: the hook choose_context failed: why",
        ),
        (
            Kind::HookTimeout("choose_context", seconds),
            "hook_timeout - local: the hook choose_context took longer than 5s",
        ),
        (
            Kind::HookPanicked("choose_context"),
            "hook_panicked - local: the hook choose_context panicked",
        ),
        (
            Kind::UnusableContext(engine()),
            "unusable_context - config: the context can't serve: unexpected error: reason",
        ),
        (
            Kind::ParsersDisagree("server_name"),
            "parsers_disagree - local: two readings of the hello differ in server_name",
        ),
        (
            Kind::SessionNotAcceptable("why"),
            "session_not_acceptable - peer: resumed session not acceptable: why",
        ),
        (
            Kind::TooManyPending,
            "too_many_pending - local: too many connections without a hello; this was the oldest",
        ),
        (
            Kind::StapleRefused(Box::new(tls_ocsp::StapleVerdict::Absent)),
            "staple_refused - peer: the server's certificate: the server sent no staple",
        ),
        (
            Kind::Abandoned,
            "handshake_abandoned - local: this program gave the handshake up",
        ),
        (
            Kind::EnginePanicked,
            "engine_panicked - local: the protocol engine panicked",
        ),
        (
            Kind::Engine(engine()),
            "engine - local: protocol engine: unexpected error: reason",
        ),
        (
            Kind::Record(tls_record::Error::SealFailed),
            "record - local: record layer: a record could not be sealed",
        ),
    ]
}

// Spec: ERR-06, ERR-20, ERR-21, ERR-22
#[test]
fn every_failure_says_what_it_is_to_say() {
    let mut codes = BTreeSet::new();
    for (kind, expected) in kinds() {
        let node = kind.node_code().unwrap_or("-");
        let said = format!("{} {node} {}: {kind}", kind.code(), kind.fault().as_str());
        if expected.ends_with(": ") {
            assert!(
                said.starts_with(expected) && said.len() > expected.len(),
                "{said}"
            );
        } else {
            assert_eq!(said, expected);
        }
        assert!(kind.hint().len() > 8, "{}: {}", kind.code(), kind.hint());
        assert!(
            !kind.hint().ends_with('.'),
            "a hint is a clause: {}",
            kind.hint()
        );
        codes.insert(kind.code());
    }
    let source = root().join("crates/tls-net/src/error.rs");
    let mut given = given(&[source]);
    for other in [
        "default_context",
        "named_context",
        "pattern",
        "zero_limit",
        "early_data_without_store",
        "early_data_limit",
        "psk_with_client_certificates",
        "ticket_keys",
        "revocation_not_shared",
    ] {
        given.remove(other);
    }
    assert_eq!(
        codes,
        given.iter().map(String::as_str).collect(),
        "one of each kind is above"
    );
}

#[test]
fn building_and_connecting_fail_in_words() {
    let context = || rustls::Error::General("reason".into());
    let errors = [
        (Error::DefaultContext(context()), "default_context"),
        (
            Error::NamedContext {
                pattern: "x".into(),
                source: context(),
            },
            "named_context",
        ),
        (
            Error::Pattern {
                pattern: String::new(),
                source: tls_context::Error::EmptyServerName,
            },
            "pattern",
        ),
        (Error::ZeroLimit("max_pending"), "zero_limit"),
        (Error::EarlyDataWithoutStore, "early_data_without_store"),
        (
            Error::EarlyDataLimit {
                bytes: 65_537,
                most: 65_536,
            },
            "early_data_limit",
        ),
        (
            Error::TicketKeys(tls_session_store::Error::Randomness),
            "ticket_keys",
        ),
    ];
    for (error, code) in errors {
        assert_eq!(error.code(), code);
        assert!(error.to_string().len() > 8);
    }
    let unreachable = |kind: io::ErrorKind| ConnectError::Unreachable {
        host: "example.test".into(),
        port: 443,
        source: kind.into(),
    };
    let timeout = ConnectError::Timeout {
        host: "example.test".into(),
        port: 443,
        limit: Duration::from_secs(10),
    };
    let rows = [
        (
            ConnectError::Address("x:".into()),
            "address ERR_INVALID_ARG_VALUE",
        ),
        (
            unreachable(io::ErrorKind::ConnectionRefused),
            "unreachable ECONNREFUSED",
        ),
        (
            unreachable(io::ErrorKind::NotFound),
            "unreachable ENOTFOUND",
        ),
        (timeout, "connect_timeout ETIMEDOUT"),
    ];
    for (error, expected) in rows {
        assert_eq!(
            format!("{} {}", error.code(), error.node_code().unwrap_or("-")),
            expected
        );
        assert!(
            error.hint().len() > 8 && error.to_string().contains(['x', '4']),
            "{error}"
        );
    }
}

/// A busy port, nobody at home, an unknown host, no address: over the real thing.
// Spec: T-CLS-12
#[tokio::test]
async fn the_system_says_what_it_says() {
    let context = super::support::server().build().unwrap();
    let acceptor = tls_net::TlsAcceptor::from(context);
    let server = acceptor.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let busy = acceptor.bind(address).await.unwrap_err();
    assert_eq!(busy.kind(), io::ErrorKind::AddrInUse);
    drop(server);
    let client = super::support::client(tls_wire::ProtocolVersion::Tls13)
        .build()
        .unwrap();
    let connector = tls_net::TlsConnector::from(client);
    let refused = connector
        .connect_to(&address.to_string())
        .await
        .unwrap_err();
    assert_eq!(refused.node_code(), Some("ECONNREFUSED"), "{refused}");
    for text in ["", ":1", "a:b", "::1:443:x"] {
        assert_eq!(
            connector.connect_to(text).await.unwrap_err().code(),
            "address",
            "{text}"
        );
    }
}
