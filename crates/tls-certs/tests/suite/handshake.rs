//! Verifiers inside real handshakes of rustls, in memory, over both versions.

use std::sync::{Arc, Mutex};

use pki_types::ServerName;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, ServerConfig, ServerConnection, SupportedProtocolVersion,
};
use tls_certs::{ClientVerifier, Identity, ServerVerifier};

use super::pki::{Made, ca, client, provider, server};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Drives both ends until nothing moves; answers with each end's error.
fn handshake(
    client: ClientConfig,
    server: ServerConfig,
) -> (Result<(), rustls::Error>, Result<(), rustls::Error>) {
    let mut client =
        ClientConnection::new(Arc::new(client), ServerName::try_from("localhost").unwrap())
            .unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    let (mut client_end, mut server_end) = (Ok(()), Ok(()));
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        feed(&mut server, &wire, &mut server_end);
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        feed(&mut client, &wire, &mut client_end);
    }
    if client_end.is_ok() && server_end.is_ok() {
        assert!(!client.is_handshaking() && !server.is_handshaking());
    }
    (client_end, server_end)
}

fn feed<D>(
    connection: &mut rustls::ConnectionCommon<D>,
    mut wire: &[u8],
    end: &mut Result<(), rustls::Error>,
) {
    while !wire.is_empty() && end.is_ok() {
        connection.read_tls(&mut wire).unwrap();
        *end = connection.process_new_packets().map(|_| ());
    }
}

fn client_config(
    version: &'static SupportedProtocolVersion,
    verifier: ServerVerifier,
    identity: Option<&Identity>,
) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let resolver =
                rustls::sign::SingleCertAndKey::from(Arc::clone(identity.certified_key()));
            builder.with_client_cert_resolver(Arc::new(resolver))
        }
    }
}

fn server_config(
    version: &'static SupportedProtocolVersion,
    key: &Arc<CertifiedKey>,
    verifier: Option<ClientVerifier>,
) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap();
    let builder = match verifier {
        None => builder.with_no_client_auth(),
        Some(verifier) => builder.with_client_cert_verifier(Arc::new(verifier)),
    };
    builder.with_cert_resolver(Arc::new(Always(Arc::clone(key))))
}

fn self_signed_ca() -> Made {
    let mut params = ca("localhost");
    params.subject_alt_names = server("localhost").subject_alt_names;
    Made::self_signed(params)
}

fn identity(made: &Made) -> Identity {
    Identity::from_der(vec![made.der.clone()], made.private_key()).unwrap()
}

fn trusting(made: &Made) -> ServerVerifier {
    ServerVerifier::new(made.trusted(), provider()).unwrap()
}

// Exact match, in a handshake: a self-signed CA certificate that is listed works as a leaf.
// Spec: XEC-07
#[test]
fn xec_07_a_listed_self_signed_ca_certificate_completes_a_handshake() {
    let made = self_signed_ca();
    for version in VERSIONS {
        let ends = handshake(
            client_config(version, trusting(&made), None),
            server_config(version, identity(&made).certified_key(), None),
        );
        assert_eq!(ends, (Ok(()), Ok(())));
    }
}

// Exact match is only half of it: the handshake's signature proves the key. Everybody can
// present a certificate that was seen on the wire.
#[test]
fn a_listed_certificate_without_its_key_is_refused() {
    let made = self_signed_ca();
    let thief = Made::self_signed(server("localhost"));
    let stolen = CertifiedKey::new(
        vec![made.der.clone()],
        Arc::clone(&identity(&thief).certified_key().key),
    );
    for version in VERSIONS {
        let (client_end, server_end) = handshake(
            client_config(version, trusting(&made), None),
            server_config(version, &Arc::new(stolen.clone()), None),
        );
        assert_eq!(
            client_end,
            Err(rustls::CertificateError::BadSignature.into())
        );
        assert!(
            matches!(server_end, Err(rustls::Error::AlertReceived(_))),
            "{server_end:?}"
        );
    }
}

#[test]
fn a_refusal_is_reported_and_the_peer_gets_the_alert() {
    let made = self_signed_ca();
    for version in VERSIONS {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        let verifier = trusting(&Made::root("other"))
            .on_refusal(move |refusal| sink.lock().unwrap().push(refusal.code()));
        let (client_end, server_end) = handshake(
            client_config(version, verifier, None),
            server_config(version, identity(&made).certified_key(), None),
        );
        assert!(matches!(
            client_end,
            Err(rustls::Error::InvalidCertificate(_))
        ));
        assert!(
            matches!(server_end, Err(rustls::Error::AlertReceived(_))),
            "{server_end:?}"
        );
        assert_eq!(*heard.lock().unwrap(), ["DEPTH_ZERO_SELF_SIGNED_CERT"]);
    }
}

// Spec: T-VER-11, T-VER-07
#[test]
fn t_ver_11_client_certificates_are_asked_for_and_verified() {
    let (made, clients) = (self_signed_ca(), Made::root("clients"));
    let good = identity(&clients.issue(client("agent")));
    let bad = identity(&Made::self_signed(client("agent")));
    for version in VERSIONS {
        for (presented, mandatory, accepted) in [
            (Some(&good), true, true),
            (Some(&bad), true, false),
            (Some(&bad), false, false),
            (None, true, false),
            (None, false, true),
        ] {
            let verifier = ClientVerifier::new(clients.trusted(), mandatory, provider()).unwrap();
            let (_, server_end) = handshake(
                client_config(version, trusting(&made), presented),
                server_config(version, identity(&made).certified_key(), Some(verifier)),
            );
            assert_eq!(server_end.is_ok(), accepted, "{server_end:?}");
        }
    }
}
