//! Several certificates in one context.

use std::sync::Arc;

use rustls::{
    AlertDescription, CipherSuite as S, ClientConfig, DigitallySignedStruct, SignatureScheme,
    SupportedProtocolVersion,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::{TLS12, TLS13},
};
use tls_context::{ClientAuth, SecureContext};
use tls_testing::{Leaf, Pki, plain_rustls};

use crate::handshake::{
    client, handshake, identity, lower_client, lower_server, only, plain_client_with_suites, trust,
};

const ECDSA: [S; 2] = [
    S::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
];
const RSA: [S; 2] = [
    S::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// The two orders of an ECDSA and an RSA certificate.
fn both_orders() -> [[&'static Leaf; 2]; 2] {
    let (ecdsa, rsa) = (&*Pki::shared().server, &*Pki::shared().server_rsa);
    [[ecdsa, rsa], [rsa, ecdsa]]
}

fn server(leaves: [&Leaf; 2]) -> SecureContext {
    SecureContext::server(identity(leaves[0]))
        .identity(identity(leaves[1]))
        .build()
        .unwrap()
}

// Spec: CTX-24, T-CRD-03
#[test]
fn in_1_2_the_clients_suites_choose() {
    for leaves in both_orders() {
        let server = server(leaves).rustls_server().unwrap();
        for suite in ECDSA {
            let agreed =
                handshake(&plain_client_with_suites(&[&TLS12], &[suite]), &server).unwrap();
            assert_eq!(agreed.server_leaf, *Pki::shared().server.certificate());
            assert_eq!(agreed.suite, suite);
        }
        for suite in RSA {
            let agreed =
                handshake(&plain_client_with_suites(&[&TLS12], &[suite]), &server).unwrap();
            assert_eq!(agreed.server_leaf, *Pki::shared().server_rsa.certificate());
            assert_eq!(agreed.suite, suite);
        }
    }
}

// Spec: CTX-24
#[test]
fn in_both_versions_the_clients_schemes_choose() {
    let (ecdsa, rsa) = (
        Pki::shared().server.certificate(),
        Pki::shared().server_rsa.certificate(),
    );
    for leaves in both_orders() {
        let server = server(leaves).rustls_server().unwrap();
        for version in plain_rustls::VERSIONS {
            for (scheme, leaf) in [
                (SignatureScheme::ECDSA_NISTP256_SHA256, ecdsa),
                (SignatureScheme::RSA_PSS_SHA256, rsa),
                (SignatureScheme::RSA_PSS_SHA512, rsa),
            ] {
                let client = client_with_schemes(version, &[scheme]);
                let agreed = handshake(&client, &server).unwrap();
                assert_eq!(
                    agreed.server_leaf, *leaf,
                    "{scheme:?} {:?}",
                    version.version
                );
            }
        }
    }
}

#[test]
fn a_client_that_can_verify_all_gets_the_first() {
    for leaves in both_orders() {
        let server = server(leaves).rustls_server().unwrap();
        for version in plain_rustls::VERSIONS {
            let agreed = handshake(&plain_rustls::client(version).into(), &server).unwrap();
            assert_eq!(agreed.server_leaf, *leaves[0].certificate());
        }
    }
}

/// RFC 8446, Section 4.2.3: PKCS#1 in a list is about certificates then, not about the handshake.
#[test]
fn pkcs1_alone_does_not_choose_rsa_in_1_3() {
    let schemes = [
        SignatureScheme::RSA_PKCS1_SHA256,
        SignatureScheme::ECDSA_NISTP256_SHA256,
    ];
    let [_, rsa_first] = both_orders();
    let server = server(rsa_first).rustls_server().unwrap();
    for version in plain_rustls::VERSIONS {
        let agreed = handshake(&client_with_schemes(version, &schemes), &server).unwrap();
        assert_eq!(agreed.server_leaf, *Pki::shared().server.certificate());
    }
    let only_rsa = lower_server(SecureContext::server(identity(&Pki::shared().server_rsa)));
    handshake(&client_with_schemes(&TLS12, &schemes), &only_rsa).unwrap();
    handshake(&client_with_schemes(&TLS13, &schemes), &only_rsa).unwrap_err();
}

/// A rustls client that is held to TLS 1.2 goes on listing its suites of TLS 1.3.
#[test]
fn suites_of_1_3_in_the_hello_of_a_1_2_client_do_not_mislead() {
    let suites = [
        S::TLS13_AES_128_GCM_SHA256,
        S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];
    let client = plain_client_with_suites(&[&TLS12], &suites);
    for leaves in both_orders() {
        let agreed = handshake(&client, &server(leaves).rustls_server().unwrap()).unwrap();
        assert_eq!(agreed.server_leaf, *Pki::shared().server_rsa.certificate());
    }
}

#[test]
fn a_client_that_can_verify_none_gets_handshake_failure() {
    for version in plain_rustls::VERSIONS {
        let server = lower_server(SecureContext::server(identity(&Pki::shared().server)));
        let client = client_with_schemes(version, &[SignatureScheme::RSA_PSS_SHA256]);
        let failed = handshake(&client, &server).unwrap_err();
        assert_eq!(
            failed.alert_at_client(),
            Some(AlertDescription::HandshakeFailure)
        );
    }
    let server = lower_server(SecureContext::server(identity(&Pki::shared().server)));
    let failed = handshake(&plain_client_with_suites(&[&TLS12], &RSA), &server).unwrap_err();
    assert_eq!(
        failed.alert_at_client(),
        Some(AlertDescription::HandshakeFailure)
    );
}

#[test]
fn identity_for_says_what_the_resolver_will_choose() {
    let context = server(both_orders()[0]);
    let chosen = |schemes: &[SignatureScheme], suites: &[S]| {
        context
            .identity_for(schemes, suites)
            .map(|identity| identity.chain()[0].clone())
    };
    let all = [
        SignatureScheme::RSA_PSS_SHA256,
        SignatureScheme::ECDSA_NISTP256_SHA256,
    ];
    let ecdsa = Some(Pki::shared().server.certificate().clone());
    let rsa = Some(Pki::shared().server_rsa.certificate().clone());
    assert_eq!(chosen(&all, &[S::TLS13_AES_128_GCM_SHA256]), ecdsa);
    assert_eq!(chosen(&all[..1], &[S::TLS13_AES_128_GCM_SHA256]), rsa);
    assert_eq!(chosen(&all, &RSA), rsa);
    let suites_of_both = [S::TLS13_AES_128_GCM_SHA256, RSA[0]];
    assert_eq!(chosen(&all, &suites_of_both), rsa);
    assert_eq!(chosen(&all[1..], &suites_of_both), ecdsa);
    assert_eq!(chosen(&all[..1], &ECDSA), None);
    assert_eq!(chosen(&[], &ECDSA), None);
    assert_eq!(chosen(&all, &[]), None);
}

#[test]
fn a_client_shows_the_first_identity_that_the_server_can_verify() {
    let (ecdsa, rsa) = (&*Pki::shared().client, &*Pki::shared().client_rsa);
    for version in plain_rustls::VERSIONS {
        let server = plain_rustls::server_demanding_client(version, &Pki::shared().server).into();
        for leaves in [[ecdsa, rsa], [rsa, ecdsa]] {
            let client = client()
                .client_identity(identity(leaves[0]))
                .client_identity(identity(leaves[1]));
            let agreed = handshake(&lower_client(client), &server).unwrap();
            assert_eq!(agreed.client_leaf.as_ref(), Some(leaves[0].certificate()));
        }
    }
}

#[test]
fn a_client_prefers_an_identity_from_an_authority_that_the_server_names() {
    let (other, ours) = (&*Pki::shared().client_other_ca, &*Pki::shared().client);
    let config = lower_client(
        client()
            .client_identity(identity(other))
            .client_identity(identity(ours)),
    );
    for version in plain_rustls::VERSIONS {
        // The server names the test root, which signed only the second one's intermediate.
        let server = SecureContext::server(identity(&Pki::shared().server));
        let server = only(version, server.client_auth(ClientAuth::required(trust())));
        let agreed = handshake(&config, &lower_server(server)).unwrap();
        assert_eq!(agreed.client_leaf.as_ref(), Some(ours.certificate()));
    }
}

/// A plain client whose hello has only these signature schemes.
fn client_with_schemes(
    version: &'static SupportedProtocolVersion,
    schemes: &[SignatureScheme],
) -> Arc<ClientConfig> {
    let roots = Arc::new(Pki::shared().roots());
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, plain_rustls::provider());
    let verifier = OnlySchemes(verifier.build().unwrap(), schemes.to_vec());
    let config = ClientConfig::builder_with_provider(plain_rustls::provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Arc::new(config)
}

#[derive(Debug)]
struct OnlySchemes(Arc<WebPkiServerVerifier>, Vec<SignatureScheme>);

impl ServerCertVerifier for OnlySchemes {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.clone()
    }
}
