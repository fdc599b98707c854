//! What sessions are bound to, and what plain rustls does with them.

use std::{io::Cursor, sync::Arc, time::Duration};

use rustls::{
    ClientConnection, HandshakeKind, PeerIncompatible, ProtocolVersion::TLSv1_3, ServerConnection,
    pki_types::ServerName,
};
use tls_certs::Trust;
use tls_context::{ClientAuth, SecureContext, SecureContextBuilder};
use tls_testing::{Pki, plain_rustls};
use tls_wire::{ClientHello, RecordHeader, extension::Extension};

use crate::handshake::{
    client, handshake, identity, lower_client, lower_server, only, server, trust,
};

fn id(builder: SecureContextBuilder) -> [u8; 32] {
    builder.build().unwrap().context_id()
}

fn other_trust() -> Trust {
    Trust::from_der([Pki::shared().other_root.certificate().clone()]).unwrap()
}

/// A fleet shares its sessions, so nothing of this process is in an id.
#[test]
fn equal_settings_give_equal_ids() {
    let settings = || {
        server()
            .session_id_context("a")
            .client_auth(ClientAuth::required(trust()))
    };
    assert_eq!(id(settings()), id(settings()));
    let verification = |builder: SecureContextBuilder| builder.build().unwrap().verification_id();
    assert_eq!(verification(client()), verification(client()));
}

/// A session made without client authentication never opens under a context that demands it, nor
/// the other way round, nor one of other authorities.
#[test]
fn every_setting_that_decides_who_a_peer_is_changes_the_id() {
    let with = |policy: ClientAuth| server().client_auth(policy);
    let ids = [
        id(server()),
        id(server().session_id_context("a")),
        id(server().session_id_context("b")),
        id(with(ClientAuth::optional(trust()))),
        id(with(ClientAuth::required(trust()))),
        id(with(ClientAuth::optional(other_trust()))),
        id(with(ClientAuth::required(other_trust()))),
        id(with(ClientAuth::required(trust())).session_id_context("a")),
        id(with(ClientAuth::optional(trust()))
            .dangerous()
            .accept_any_certificate()),
        id(with(ClientAuth::required(trust()))
            .dangerous()
            .accept_any_certificate()),
        id(SecureContext::without_certificate()),
    ];
    all_differ(&ids);
}

#[test]
fn contexts_that_serve_other_names_have_other_ids() {
    let named = |names: &[&str]| SecureContext::server(identity(&Pki::shared().issue(names)));
    all_differ(&[
        id(named(&["a.example.test"])),
        id(named(&["b.example.test"])),
        id(named(&["a.example.test", "b.example.test"])),
        id(named(&["*.example.test"])),
        id(named(&["127.0.0.1"])),
    ]);
}

/// Renewal, a second key type, and the order of names leave the sessions alone.
#[test]
fn a_new_certificate_for_the_same_names_keeps_the_id() {
    let named = |names: &[&str]| identity(&Pki::shared().issue(names));
    let before = id(SecureContext::server(named(&[
        "a.example.test",
        "b.example.test",
    ])));
    assert_eq!(
        before,
        id(SecureContext::server(named(&[
            "a.example.test",
            "b.example.test"
        ])))
    );
    assert_eq!(
        before,
        id(SecureContext::server(named(&[
            "B.example.test",
            "a.example.test"
        ])))
    );
    let with_rsa = server().identity(identity(&Pki::shared().server_rsa));
    assert_eq!(id(server()), id(with_rsa));
}

#[test]
fn what_a_handshake_negotiates_anew_is_not_in_the_id() {
    let settings = server()
        .alpn(["h2"])
        .ciphers("TLS_AES_128_GCM_SHA256")
        .groups("P-256")
        .tickets(7)
        .session_timeout(Duration::from_secs(9))
        .honor_cipher_order(false)
        .exporter(true);
    assert_eq!(id(server()), id(settings));
}

#[test]
fn a_client_session_is_bound_to_trust_leniency_and_own_certificate() {
    let verification = |builder: SecureContextBuilder| builder.build().unwrap().verification_id();
    all_differ(&[
        verification(client()),
        verification(SecureContext::client(other_trust())),
        verification(client().dangerous().accept_any_certificate()),
        verification(client().client_identity(identity(&Pki::shared().client))),
        verification(client().client_identity(identity(&Pki::shared().client_rsa))),
    ]);
}

// Spec: CTX-11
#[test]
fn a_session_id_context_has_at_most_32_bytes() {
    server().session_id_context([b'x'; 32]).build().unwrap();
    let error = server().session_id_context([b'x'; 33]).build().unwrap_err();
    assert_eq!(error.code(), "session_id_context_too_long");
}

// Spec: CTX-13
#[test]
fn sessions_live_two_hours_by_default_and_at_most_seven_days() {
    assert_eq!(
        server().build().unwrap().session_timeout(),
        Duration::from_secs(7_200)
    );
    let week = Duration::from_secs(604_800);
    assert_eq!(
        server()
            .session_timeout(week)
            .build()
            .unwrap()
            .session_timeout(),
        week
    );
    let error = server()
        .session_timeout(week + Duration::from_secs(1))
        .build()
        .unwrap_err();
    assert_eq!(error.code(), "session_timeout_too_long");
    assert_eq!(error.node_code(), Some("ERR_OUT_OF_RANGE"));
}

/// RFC 7627: without it a session or an exporter value can be made to match another connection's.
#[test]
fn the_extended_master_secret_is_required_when_anything_leans_on_it() {
    // A fact of rustls: by default it is content without.
    assert!(!plain_rustls::server(plain_rustls::VERSIONS[0], &Pki::shared().server).require_ems);
    let server_needs = |builder: SecureContextBuilder| lower_server(builder).require_ems;
    let client_needs = |builder: SecureContextBuilder| lower_client(builder).require_ems;
    assert!(server_needs(server()));
    assert!(!server_needs(server().resumption(false)));
    assert!(server_needs(server().resumption(false).exporter(true)));
    let asking = server()
        .resumption(false)
        .client_auth(ClientAuth::optional(trust()));
    assert!(server_needs(asking));
    assert!(client_needs(client()));
    assert!(!client_needs(client().resumption(false)));
    assert!(client_needs(client().resumption(false).exporter(true)));
    let showing = client()
        .resumption(false)
        .client_identity(identity(&Pki::shared().client));
    assert!(client_needs(showing));
}

#[test]
fn a_1_2_client_without_extended_master_secret_is_served_only_without_resumption() {
    let hello = hello_without_extended_master_secret();
    let first_answer = |builder: SecureContextBuilder| {
        let mut server = ServerConnection::new(lower_server(builder)).unwrap();
        server.read_tls(&mut Cursor::new(&hello)).unwrap();
        server.process_new_packets().map(|_| ())
    };
    assert_eq!(
        first_answer(server()),
        Err(PeerIncompatible::ExtendedMasterSecretExtensionRequired.into())
    );
    assert_eq!(first_answer(server().resumption(false)), Ok(()));
}

/// A plain client's hello for TLS 1.2, in its record, with the extension cut out.
fn hello_without_extended_master_secret() -> Vec<u8> {
    const EXTENDED_MASTER_SECRET: [u8; 4] = [0x00, 0x17, 0x00, 0x00];
    let config = Arc::new(plain_rustls::client(plain_rustls::VERSIONS[0]));
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(config, name).unwrap();
    let mut wire = Vec::new();
    client.write_tls(&mut wire).unwrap();

    let hello = ClientHello::parse(wire[RecordHeader::LEN..].to_vec().into()).unwrap();
    assert!(hello.extended_master_secret());
    let all: Vec<u8> = hello.extensions().flat_map(extension_bytes).collect();
    let extensions_at = wire.len() - all.len();
    let kept: Vec<u8> = hello
        .extensions()
        .map(extension_bytes)
        .filter(|bytes| *bytes != EXTENDED_MASTER_SECRET)
        .flatten()
        .collect();
    wire.truncate(extensions_at);
    wire.extend_from_slice(&kept);
    // The lengths of record, message and extensions, each 4 less.
    for (at, length) in [
        (3, wire.len() - 5),
        (7, wire.len() - 9),
        (extensions_at - 2, kept.len()),
    ] {
        wire[at..at + 2].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
    }
    wire
}

fn extension_bytes(extension: Extension<'_>) -> Vec<u8> {
    let length = u16::try_from(extension.body.len()).unwrap().to_be_bytes();
    [
        &extension.extension_type.0.to_be_bytes()[..],
        &length,
        extension.body,
    ]
    .concat()
}

#[test]
fn plain_rustls_resumes_within_one_context() {
    for version in plain_rustls::VERSIONS {
        let (client, server) = (
            lower_client(only(version, client())),
            lower_server(server()),
        );
        assert_ne!(
            handshake(&client, &server).unwrap().kind,
            HandshakeKind::Resumed
        );
        assert_eq!(
            handshake(&client, &server).unwrap().kind,
            HandshakeKind::Resumed
        );
    }
}

#[test]
fn plain_rustls_resumes_nothing_when_told_so_on_either_side() {
    for version in plain_rustls::VERSIONS {
        for (client, server) in [
            (client().resumption(false), server()),
            (client(), server().resumption(false)),
        ] {
            let (client, server) = (lower_client(only(version, client)), lower_server(server));
            for _ in 0..2 {
                assert_ne!(
                    handshake(&client, &server).unwrap().kind,
                    HandshakeKind::Resumed
                );
            }
        }
    }
}

/// rustls checks neither the dates nor the trust of a client's chain when it comes back in a
/// session, so the plain lowering makes no sessions where that would matter.
#[test]
fn plain_rustls_resumes_nothing_under_client_certificates() {
    for version in plain_rustls::VERSIONS {
        for policy in [ClientAuth::optional(trust()), ClientAuth::required(trust())] {
            let client = client().client_identity(identity(&Pki::shared().client));
            let client = lower_client(only(version, client));
            let server = lower_server(server().client_auth(policy));
            for _ in 0..2 {
                let agreed = handshake(&client, &server).unwrap();
                assert_ne!(agreed.kind, HandshakeKind::Resumed);
                assert!(agreed.client_leaf.is_some());
            }
        }
    }
}

#[test]
fn the_plain_lowering_gives_no_secrets_and_takes_no_early_data() {
    let (client, server) = (lower_client(client()), lower_server(server().tickets(3)));
    assert!(!client.enable_secret_extraction && !server.enable_secret_extraction);
    assert!(!client.enable_early_data && server.max_early_data_size == 0);
    assert!(!server.send_half_rtt_data && !server.ticketer.enabled());
    assert_eq!(server.send_tls13_tickets, 3);
    assert_eq!(handshake(&client, &server).unwrap().version, TLSv1_3);
}

#[test]
fn ticket_counts_are_zero_without_resumption() {
    assert_eq!(server().build().unwrap().ticket_count(), 2);
    assert_eq!(server().tickets(5).build().unwrap().ticket_count(), 5);
    assert_eq!(
        server()
            .tickets(5)
            .resumption(false)
            .build()
            .unwrap()
            .ticket_count(),
        0
    );
}

fn all_differ(ids: &[[u8; 32]]) {
    for (index, id) in ids.iter().enumerate() {
        assert!(
            !ids[..index].contains(id),
            "{index} is equal to an earlier one"
        );
    }
}
