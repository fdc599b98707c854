//! Hellos that break a rule, each with its alert.

use std::sync::Arc;

use tls_psk::{ProtocolVersion, ServerConfig, ServerHandshake};
use tls_wire::{
    AlertDescription as Alert, CipherSuite, ClientHello, ClientHelloBuilder, ExtensionType,
    NamedGroup, ServerHelloWriter,
};

use crate::pair::{Ends, SUITES, Sender, provider};

fn server() -> ServerConfig {
    let mut config = ServerConfig::new(provider());
    config.versions = vec![ProtocolVersion::Tls12];
    config
}

fn hello() -> ClientHelloBuilder {
    ClientHelloBuilder::new([7; 32])
        .cipher_suites(&[SUITES[0]])
        .named_groups(&[NamedGroup::X25519])
}

/// What a server answers: the code of its error and its alert, or nothing.
fn answer(config: ServerConfig, hello: ClientHelloBuilder) -> Option<(&'static str, Alert)> {
    let hello = ClientHello::parse(hello.build().unwrap().into()).unwrap();
    let mut out = Vec::new();
    let error = ServerHandshake::tls12(Arc::new(config), &hello, &mut out).err()?;
    assert_eq!(out[..6], [21, 3, 3, 0, 2, 2], "a fatal alert ends it");
    Some((error.code(), Alert::from(out[6])))
}

#[test]
fn a_server_refuses_what_is_not_safe() {
    let ems = || hello().extended_master_secret();
    assert_eq!(answer(server(), ems()), None);
    for (hello, expected) in [
        // RFC 7627, Section 5.3.
        (
            hello(),
            ("no_extended_master_secret", Alert::HandshakeFailure),
        ),
        // RFC 5746, Section 3.6.
        (
            ems().extension(ExtensionType::RENEGOTIATION_INFO, &[1, 9]),
            ("unsafe_renegotiation", Alert::HandshakeFailure),
        ),
        // RFC 8422, Section 5.1.2.
        (
            ems().extension(ExtensionType::EC_POINT_FORMATS, &[2, 1, 2]),
            ("illegal_parameter", Alert::IllegalParameter),
        ),
        (
            ems().cipher_suites(&[CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA]),
            ("no_shared_cipher", Alert::HandshakeFailure),
        ),
        // Known, but without ECDHE, which was not asked for.
        (
            ems().cipher_suites(&SUITES[3..]),
            ("no_shared_cipher", Alert::HandshakeFailure),
        ),
    ] {
        assert_eq!(answer(server(), hello), Some(expected));
    }
}

/// RFC 7507, Section 3.
#[test]
fn a_fallback_is_refused_by_a_server_that_can_do_better() {
    let scsv = [SUITES[0], CipherSuite::TLS_FALLBACK_SCSV];
    let hello = || hello().cipher_suites(&scsv).extended_master_secret();
    assert_eq!(answer(server(), hello()), None);
    let expected = ("inappropriate_fallback", Alert::InappropriateFallback);
    assert_eq!(
        answer(ServerConfig::new(provider()), hello()),
        Some(expected)
    );
}

/// What is answered is what was asked: each answer only to its question.
#[test]
fn a_server_answers_what_it_was_asked_and_nothing_else() {
    let answered = |hello: ClientHelloBuilder| -> Vec<_> {
        let hello = ClientHello::parse(hello.build().unwrap().into()).unwrap();
        let mut out = Vec::new();
        let mut config = server();
        config.alpn = vec![b"mqtt".to_vec()];
        ServerHandshake::tls12(Arc::new(config), &hello, &mut out).unwrap();
        let messages = crate::pair::records(&out);
        let hello = tls_wire::ServerHelloView::parse(&messages[0][5..]).unwrap();
        hello.extensions().map(|it| it.extension_type).collect()
    };
    let ems = || hello().extended_master_secret();
    assert_eq!(answered(ems()), [ExtensionType::EXTENDED_MASTER_SECRET]);
    let scsv = [SUITES[0], CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV];
    let all = ems()
        .cipher_suites(&scsv)
        .server_name("broker.example")
        .extension(ExtensionType::EC_POINT_FORMATS, &[1, 0])
        .alpn(&["mqtt"])
        .session_ticket(&[]);
    assert_eq!(
        answered(all),
        [
            ExtensionType::EXTENDED_MASTER_SECRET,
            ExtensionType::RENEGOTIATION_INFO,
            ExtensionType::SERVER_NAME,
            ExtensionType::EC_POINT_FORMATS,
            ExtensionType::ALPN,
        ]
    );
}

/// RFC 8446, Section 4.1.3: a server of TLS 1.3 marks a handshake of TLS 1.2, and a client that
/// offered 1.3 ends it.
#[test]
fn a_downgrade_is_seen_by_its_sentinel() {
    let mut ends = Ends::new();
    ends.server.versions.push(ProtocolVersion::Tls13);
    // A client that never offered TLS 1.3 has not been downgraded.
    assert!(ends.run().is_open_at_both());
    ends.client.versions.push(ProtocolVersion::Tls13);
    ends.client.psks.extend(ends.psk.clone());
    let outcome = ends.run();
    assert_eq!(outcome.codes(), ("downgrade", "alert_received"));
    ends.server.versions = vec![ProtocolVersion::Tls12];
    assert!(ends.run().is_open_at_both());
}

/// A ServerHello of one's own in the place of the server's.
fn client_answers(suite: CipherSuite, extensions: &[(ExtensionType, &[u8])]) -> &'static str {
    let hello = ServerHelloWriter {
        random: &[9; 32],
        session_id: &[],
        cipher_suite: suite,
    };
    let message = hello.write(extensions).unwrap();
    let forged = tls_wire::record::encode_plaintext_records(
        tls_wire::ContentType::Handshake,
        0x0303,
        &message,
    );
    let mut ends = Ends::new();
    ends.client.alpn = vec![b"mqtt".to_vec()];
    let outcome = ends.run_changed(|from, record| match (from, record[5]) {
        (Sender::Server, 2) => vec![forged.clone()],
        _ => vec![record],
    });
    outcome.codes().0
}

#[test]
fn a_client_refuses_what_it_did_not_offer() {
    let ems = (ExtensionType::EXTENDED_MASTER_SECRET, &[][..]);
    for (suite, extensions, code) in [
        (SUITES[0], vec![], "no_extended_master_secret"),
        (SUITES[3], vec![ems], "illegal_parameter"),
        (
            CipherSuite::TLS_AES_128_GCM_SHA256,
            vec![ems],
            "illegal_parameter",
        ),
        (
            SUITES[0],
            vec![ems, (ExtensionType::SESSION_TICKET, &[])],
            "unsolicited_extension",
        ),
        (
            SUITES[0],
            vec![ems, (ExtensionType(0x1234), &[])],
            "unsolicited_extension",
        ),
        (
            SUITES[0],
            vec![ems, (ExtensionType::KEY_SHARE, &[0, 29, 0, 1, 9])],
            "unsolicited_extension",
        ),
        (
            SUITES[0],
            vec![ems, (ExtensionType::RENEGOTIATION_INFO, &[1, 1])],
            "unsafe_renegotiation",
        ),
        (
            SUITES[0],
            vec![ems, (ExtensionType::EC_POINT_FORMATS, &[1, 1])],
            "illegal_parameter",
        ),
        (
            SUITES[0],
            vec![ems, (ExtensionType::ALPN, &[0, 3, 2, b'h', b'2'])],
            "illegal_parameter",
        ),
        (
            SUITES[0],
            vec![
                ems,
                (
                    ExtensionType::ALPN,
                    &[0, 10, 4, b'm', b'q', b't', b't', 4, b'm', b'q', b't', b't'],
                ),
            ],
            "illegal_parameter",
        ),
        (
            SUITES[0],
            vec![(ExtensionType::EXTENDED_MASTER_SECRET, &[1])],
            "trailing_bytes",
        ),
    ] {
        assert_eq!(client_answers(suite, &extensions), code, "{extensions:?}");
    }
}
