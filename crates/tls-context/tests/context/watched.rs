//! Contexts whose identity or trust is replaced while they are in use.

use rustls::HandshakeKind;
use tls_certs::{Trust, Watched};
use tls_context::{ClientAuth, SecureContext};
use tls_testing::{Pki, pki::certificate_pem};

use crate::handshake::{client, handshake, identity, lower_client, lower_server, server, trust};

fn other_trust() -> Trust {
    Trust::from_pem(certificate_pem(Pki::shared().other_root.certificate()).as_bytes()).unwrap()
}

#[test]
fn the_ids_follow_a_watched_trust_and_are_those_of_a_fixed_one() {
    let watched = Watched::new(trust());
    let of = |trust: Trust| {
        let server = server().client_auth(ClientAuth::required(&trust));
        let client = SecureContext::client(trust);
        (
            server.build().unwrap().context_id(),
            client.build().unwrap().verification_id(),
        )
    };
    let server = server()
        .client_auth(ClientAuth::required(&watched))
        .build()
        .unwrap();
    let client = SecureContext::client(&watched).build().unwrap();
    let ids = || (server.context_id(), client.verification_id());
    assert_eq!((server.generation(), client.generation()), (0, 0));
    assert_eq!(ids(), of(trust()));
    assert!(server.earlier_context_ids().is_empty());

    watched.replace(other_trust()).unwrap();
    assert_eq!((server.generation(), client.generation()), (1, 1));
    assert_eq!(ids(), of(other_trust()));
    assert_eq!(server.earlier_context_ids(), [of(trust()).0]);

    watched.replace(trust()).unwrap();
    assert_eq!(ids(), of(trust()));
    assert_eq!(
        server.earlier_context_ids(),
        [of(other_trust()).0],
        "each once"
    );
}

// Spec: SRV-18
#[test]
fn a_renewed_certificate_with_the_same_names_keeps_the_context_id() {
    let pki = Pki::shared();
    let watched = Watched::new(identity(&pki.server));
    let context = SecureContext::server(&watched).build().unwrap();
    let before = context.context_id();
    watched.replace(identity(&pki.server_rsa)).unwrap();
    assert_eq!(context.generation(), 1);
    assert_eq!(context.context_id(), before);
    assert_eq!(context.identities()[0].chain(), pki.server_rsa.chain());
    let error = watched.replace(identity(&pki.wrong_name)).unwrap_err();
    assert_eq!(error.code(), "names_lost");
}

/// rustls would resume a session without a look at the trust of today.
#[test]
fn a_plain_client_under_a_watched_trust_resumes_nothing() {
    let watched = Watched::new(trust());
    let contexts = [
        (client(), HandshakeKind::Resumed),
        (SecureContext::client(&watched), HandshakeKind::Full),
    ];
    for (context, expected) in contexts {
        let (client, server) = (lower_client(context), lower_server(server()));
        let kinds = [0, 1].map(|_| handshake(&client, &server).unwrap().kind);
        assert_eq!(kinds[1], expected);
    }
}
