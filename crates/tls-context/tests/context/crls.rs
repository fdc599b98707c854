//! Revocation lists and partial chains in contexts.

use rustls::{AlertDescription, HandshakeKind};
use tls_certs::{CrlDepth, CrlPolicy, Crls, Trust, VerifyCode, Watched};
use tls_context::{ClientAuth, SecureContext, SecureContextBuilder};
use tls_testing::{Leaf, Pki};

use crate::handshake::{
    Failed, client, handshake, identity, lower_client, lower_server, server, trust,
};

/// Of the intermediate and of the root, each revoking nothing but these.
fn lists(year: i32, revoked: &[&Leaf]) -> Crls {
    let pki = Pki::shared();
    let revoked: Vec<_> = revoked.iter().map(|leaf| leaf.certificate()).collect();
    let text = pki.intermediate.crl_pem(year, &revoked) + &pki.root.crl_pem(year, &[]);
    Crls::from_pem(text.as_bytes()).unwrap()
}

fn mutual(client: SecureContextBuilder, server: SecureContextBuilder) -> Result<(), Failed> {
    let client = client.client_identity(identity(&Pki::shared().client));
    let server = server.client_auth(ClientAuth::required(trust()));
    handshake(&lower_client(client), &lower_server(server)).map(drop)
}

// Spec: CTX-08, XEC-10, XEC-11, T-VER-26
#[test]
fn a_peer_that_the_lists_revoke_is_refused_on_either_side() {
    let pki = Pki::shared();
    let cases = [
        (lists(2026, &[]), None),
        (
            lists(2026, &[&pki.client, &pki.server]),
            Some(AlertDescription::CertificateRevoked),
        ),
        // No list of the intermediate, which issued both.
        (
            Crls::from_pem(pki.root.crl_pem(2026, &[]).as_bytes()).unwrap(),
            Some(AlertDescription::UnknownCA),
        ),
    ];
    for (crls, alert) in cases {
        let by_client = mutual(client().crls(&crls), server());
        assert_eq!(
            by_client.err().and_then(|failed| failed.alert_at_server()),
            alert
        );
        let by_server = mutual(client(), server().crls(&crls));
        assert_eq!(
            by_server.err().and_then(|failed| failed.alert_at_client()),
            alert
        );
    }
}

#[test]
fn what_lists_are_asked_is_the_contexts_choice() {
    let pki = Pki::shared();
    let of_issuer = |year| Crls::from_pem(pki.intermediate.crl_pem(year, &[]).as_bytes()).unwrap();
    let usual = CrlPolicy::default();
    for (crls, policy, good) in [
        (of_issuer(2026), usual, false),
        (of_issuer(2026), usual.depth(CrlDepth::Leaf), true),
        (of_issuer(2010), usual.depth(CrlDepth::Leaf), false),
        (
            of_issuer(2010),
            usual.depth(CrlDepth::Leaf).accept_stale(true),
            true,
        ),
    ] {
        let result = mutual(client().crls(&crls).crl_policy(policy), server());
        assert_eq!(result.is_ok(), good, "{policy:?}");
        let result = mutual(client(), server().crls(&crls).crl_policy(policy));
        assert_eq!(result.is_ok(), good, "{policy:?}");
    }
}

#[test]
fn watched_lists_judge_the_handshakes_of_their_time() {
    let pki = Pki::shared();
    let watched = Watched::new(lists(2025, &[]));
    let server = server()
        .client_auth(ClientAuth::required(trust()))
        .crls(&watched)
        .build()
        .unwrap();
    let id = server.context_id();
    let config = server.rustls_server().unwrap();
    let by = |leaf: &Leaf| lower_client(client().client_identity(identity(leaf)));
    handshake(&by(&pki.client), &config).unwrap();

    watched.replace(lists(2026, &[&pki.client])).unwrap();
    assert_eq!(
        (server.generation(), server.crls().unwrap().lists().len()),
        (1, 2)
    );
    let failed = handshake(&by(&pki.client), &config).unwrap_err();
    assert_eq!(
        failed.alert_at_client(),
        Some(AlertDescription::CertificateRevoked)
    );
    handshake(&by(&pki.client_rsa), &config).unwrap();
    assert_eq!(server.context_id(), id, "lists come every day");

    let verifier = server.client_verifier().unwrap();
    let now = rustls::pki_types::UnixTime::now();
    let refusal = verifier.verify(pki.client.chain(), now).unwrap_err();
    assert_eq!(refusal.code, VerifyCode::CertRevoked);

    // An older list, which would forget the revocation, does not come in.
    let error = watched.replace(lists(2025, &[])).unwrap_err();
    assert_eq!(error.code(), "crl_older");
}

/// rustls would resume without a look at the lists of today.
#[test]
fn a_plain_client_under_watched_lists_resumes_nothing() {
    let fixed = client().crls(lists(2026, &[]));
    let watched = client().crls(Watched::new(lists(2026, &[])));
    for (context, expected) in [
        (fixed, HandshakeKind::Resumed),
        (watched, HandshakeKind::Full),
    ] {
        let (client, server) = (lower_client(context), lower_server(server()));
        let kinds = [0, 1].map(|_| handshake(&client, &server).unwrap().kind);
        assert_eq!(kinds[1], expected);
    }
}

#[test]
fn ids_hold_the_rules_and_not_the_lists() {
    let usual = CrlPolicy::default();
    let with = |change: &dyn Fn(SecureContextBuilder) -> SecureContextBuilder| {
        let server = change(server().client_auth(ClientAuth::required(trust())));
        let client = change(client());
        (
            server.build().unwrap().context_id(),
            client.build().unwrap().verification_id(),
        )
    };
    let lists_of = |year| move |builder: SecureContextBuilder| builder.crls(lists(year, &[]));
    assert_eq!(with(&lists_of(2025)), with(&lists_of(2026)));
    let different = [
        with(&|builder| builder),
        with(&lists_of(2026)),
        with(&|builder| lists_of(2026)(builder).crl_policy(usual.depth(CrlDepth::Leaf))),
        with(&|builder| lists_of(2026)(builder).crl_policy(usual.accept_stale(true))),
        with(&|builder| builder.partial_chain(false)),
    ];
    for (index, (server, client)) in different.iter().enumerate() {
        for (other_server, other_client) in &different[..index] {
            assert!(server != other_server && client != other_client, "{index}");
        }
    }
}

// Spec: CTX-03, T-VER-22
#[test]
fn a_partial_chain_is_enough_unless_it_is_told_otherwise() {
    let pki = Pki::shared();
    let intermediate = || Trust::from_pem(pki.intermediate.pem().as_bytes()).unwrap();
    for (partial, good) in [(true, true), (false, false)] {
        let to_server = SecureContext::client(intermediate()).partial_chain(partial);
        let result = handshake(&lower_client(to_server), &lower_server(server()));
        assert_eq!(result.is_ok(), good);
        let server = server()
            .client_auth(ClientAuth::required(intermediate()))
            .partial_chain(partial);
        let client = client().client_identity(identity(&pki.client));
        let result = handshake(&lower_client(client), &lower_server(server));
        assert_eq!(result.is_ok(), good);
    }
}

#[test]
fn lists_for_nobody_are_an_error() {
    for context in [server(), SecureContext::without_certificate()] {
        let error = context.crls(lists(2026, &[])).build().unwrap_err();
        assert_eq!(error.code(), "crls_unused");
    }
}
