//! Client certificates: off, optional, required; and accepting any certificate.

use std::sync::Arc;

use rustls::{
    AlertDescription, CertificateError, Error,
    client::ResolvesClientCert,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tls_certs::Trust;
use tls_context::{ClientAuth, SecureContextBuilder};
use tls_testing::{Leaf, Pki, plain_rustls};

use crate::handshake::{
    Agreed, Failed, between, client, handshake, identity, lower_client, lower_server, only, server,
    trust,
};

#[derive(Clone, Copy, PartialEq, Debug)]
enum Shown {
    Nothing,
    Good,
    Expired,
    OfAnotherAuthority,
}

const ALL: [Shown; 4] = [
    Shown::Nothing,
    Shown::Good,
    Shown::Expired,
    Shown::OfAnotherAuthority,
];

fn leaf(shown: Shown) -> Option<&'static Leaf> {
    match shown {
        Shown::Nothing => None,
        Shown::Good => Some(&Pki::shared().client),
        Shown::Expired => Some(&Pki::shared().client_expired),
        Shown::OfAnotherAuthority => Some(&Pki::shared().client_other_ca),
    }
}

/// In both versions.
fn show(shown: Shown, server: &SecureContextBuilder) -> Vec<Result<Agreed, Failed>> {
    plain_rustls::VERSIONS
        .into_iter()
        .map(|version| {
            let client = match leaf(shown) {
                Some(leaf) => client().client_identity(identity(leaf)),
                None => client(),
            };
            between(only(version, client), server.clone())
        })
        .collect()
}

#[test]
fn off_asks_for_nothing() {
    for shown in ALL {
        for agreed in show(shown, &server().client_auth(ClientAuth::Off)) {
            assert_eq!(agreed.unwrap().client_leaf, None);
        }
    }
}

#[test]
fn optional_and_required_take_a_good_certificate() {
    for policy in [ClientAuth::optional(trust()), ClientAuth::required(trust())] {
        for agreed in show(Shown::Good, &server().client_auth(policy.clone())) {
            let leaf = agreed.unwrap().client_leaf;
            assert_eq!(leaf.as_ref(), Some(Pki::shared().client.certificate()));
        }
    }
}

#[test]
fn only_required_refuses_a_client_without_one() {
    for agreed in show(
        Shown::Nothing,
        &server().client_auth(ClientAuth::optional(trust())),
    ) {
        assert_eq!(agreed.unwrap().client_leaf, None);
    }
    for failed in show(
        Shown::Nothing,
        &server().client_auth(ClientAuth::required(trust())),
    ) {
        let failed = failed.unwrap_err();
        assert_eq!(
            failed.alert_at_client(),
            Some(AlertDescription::CertificateRequired)
        );
        assert_eq!(failed.server, Some(Error::NoCertificatesPresented));
    }
}

#[test]
fn optional_and_required_refuse_a_bad_certificate_with_the_alert_for_it() {
    for policy in [ClientAuth::optional(trust()), ClientAuth::required(trust())] {
        let server = server().client_auth(policy);
        for failed in show(Shown::Expired, &server) {
            let alert = failed.unwrap_err().alert_at_client();
            assert_eq!(alert, Some(AlertDescription::CertificateExpired));
        }
        for failed in show(Shown::OfAnotherAuthority, &server) {
            let alert = failed.unwrap_err().alert_at_client();
            assert_eq!(alert, Some(AlertDescription::UnknownCA));
        }
    }
}

#[test]
fn accepting_any_takes_a_bad_certificate_and_still_demands_one() {
    let optional = server()
        .client_auth(ClientAuth::optional(trust()))
        .dangerous()
        .accept_any_certificate();
    let required = server()
        .client_auth(ClientAuth::required(trust()))
        .dangerous()
        .accept_any_certificate();
    for shown in ALL {
        for builder in [&optional, &required] {
            let demanded = builder.clone().build().unwrap().client_auth().is_required();
            for result in show(shown, builder) {
                if shown == Shown::Nothing && demanded {
                    let alert = result.unwrap_err().alert_at_client();
                    assert_eq!(alert, Some(AlertDescription::CertificateRequired));
                } else {
                    let seen = result.unwrap().client_leaf;
                    assert_eq!(seen.as_ref(), leaf(shown).map(Leaf::certificate));
                }
            }
        }
    }
}

#[test]
fn accepting_any_still_judges_when_asked() {
    let context = server()
        .client_auth(ClientAuth::required(trust()))
        .dangerous()
        .accept_any_certificate()
        .build()
        .unwrap();
    let verifier = context.client_verifier().unwrap();
    let now = rustls::pki_types::UnixTime::now();
    verifier.verify(Pki::shared().client.chain(), now).unwrap();
    verifier
        .verify(Pki::shared().client_expired.chain(), now)
        .unwrap_err();
    assert!(context.accepts_any_certificate());
}

#[test]
fn a_client_refuses_a_bad_server_unless_it_accepts_any() {
    let pki = Pki::shared();
    for leaf in [
        &pki.expired,
        &pki.wrong_name,
        &pki.other_ca,
        &pki.missing_intermediate,
    ] {
        for version in plain_rustls::VERSIONS {
            let server = Arc::new(plain_rustls::server(version, leaf));
            let failed = handshake(&lower_client(client()), &server).unwrap_err();
            assert!(
                matches!(failed.client, Some(Error::InvalidCertificate(_))),
                "{failed:?}"
            );
            assert!(failed.alert_at_server().is_some());

            let any = client()
                .dangerous()
                .accept_any_certificate()
                .build()
                .unwrap();
            let agreed = handshake(&any.rustls_client().unwrap(), &server).unwrap();
            assert_eq!(agreed.server_leaf, *leaf.certificate());
            let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
            let now = rustls::pki_types::UnixTime::now();
            any.server_verifier()
                .unwrap()
                .verify(leaf.chain(), &name, now)
                .unwrap_err();
        }
    }
}

/// Accepting any certificate must not mean accepting anybody who copied one: the signature over the
/// handshake is checked all the same.
#[test]
fn accepting_any_still_checks_the_handshake_signature() {
    let pki = Pki::shared();
    let bad = Error::InvalidCertificate(CertificateError::BadSignature);
    let copied = |chain: &Leaf, key: &Leaf| {
        let key = plain_rustls::provider()
            .key_provider
            .load_private_key(key.key())
            .unwrap();
        Arc::new(CertifiedKey::new(chain.chain().to_vec(), key))
    };
    for version in plain_rustls::VERSIONS {
        let mut impostor = plain_rustls::server(version, &pki.server);
        impostor.cert_resolver = Arc::new(Copied(copied(&pki.server, &pki.wrong_name)));
        let client = client().dangerous().accept_any_certificate();
        let failed = handshake(&lower_client(client), &impostor.into()).unwrap_err();
        assert_eq!(failed.client, Some(bad.clone()));

        let mut impostor = plain_rustls::client(version);
        impostor.client_auth_cert_resolver =
            Arc::new(Copied(copied(&pki.client, &pki.client_expired)));
        let server = server().client_auth(ClientAuth::required(trust()));
        let server = server.dangerous().accept_any_certificate();
        let failed = handshake(&impostor.into(), &lower_server(server)).unwrap_err();
        assert_eq!(failed.server, Some(bad.clone()));
    }
}

/// A certificate beside a key that is not its own.
#[derive(Debug)]
struct Copied(Arc<CertifiedKey>);

impl ResolvesServerCert for Copied {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl ResolvesClientCert for Copied {
    fn resolve(
        &self,
        _authorities: &[&[u8]],
        _schemes: &[rustls::SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn an_empty_trust_is_an_error_where_it_would_refuse_everybody() {
    let nobody = || Trust::empty();
    let errors = [
        tls_context::SecureContext::client(nobody()).build(),
        server().client_auth(ClientAuth::optional(nobody())).build(),
        server().client_auth(ClientAuth::required(nobody())).build(),
    ];
    for error in errors {
        assert_eq!(error.unwrap_err().code(), "empty_trust");
    }
}

#[test]
fn a_client_that_accepts_any_certificate_needs_no_trust() {
    for version in plain_rustls::VERSIONS {
        let client = tls_context::SecureContext::client(Trust::empty());
        let client = client.dangerous().accept_any_certificate();
        between(only(version, client), server()).unwrap();
    }
    // A server names its authorities when it asks, so it needs some all the same.
    let server = server().client_auth(ClientAuth::required(Trust::empty()));
    let error = server
        .dangerous()
        .accept_any_certificate()
        .build()
        .unwrap_err();
    assert_eq!(error.code(), "empty_trust");
}

#[test]
fn the_server_names_its_authorities() {
    let context = server()
        .client_auth(ClientAuth::required(trust()))
        .build()
        .unwrap();
    assert_eq!(
        context
            .client_cert_verifier()
            .unwrap()
            .root_hint_subjects()
            .len(),
        1
    );
}
