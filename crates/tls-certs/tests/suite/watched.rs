//! Watched values inside plain rustls configurations that stay the same.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection};
use tls_certs::{Identity, Watched, WatchedClientVerifier, WatchedServerVerifier};

use super::pki::{self, Made, chain, provider};

fn identity(leaf: &Made) -> Identity {
    Identity::from_der(chain(&[leaf]), leaf.private_key()).unwrap()
}

/// Both ends in memory, until neither has anything to say; the error of whoever refuses.
fn handshake(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
) -> Result<ClientConnection, rustls::Error> {
    let name = pki::localhost();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    while client.wants_write() || server.wants_write() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        bytes.clear();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(client)
}

#[test]
fn plain_rustls_follows_a_watched_identity_and_a_watched_trust() {
    let (old_ca, new_ca) = (Made::root("old root"), Made::root("new root"));
    let server_leaves = [&old_ca, &new_ca].map(|ca| ca.issue(pki::server("localhost")));
    let client_leaves = [&old_ca, &new_ca].map(|ca| ca.issue(pki::client("someone")));
    let served = Watched::new(identity(&server_leaves[0]));
    let servers = Watched::new(old_ca.trusted());
    let clients = Watched::new(old_ca.trusted());

    let verifier = WatchedClientVerifier::new(clients.clone(), true, provider()).unwrap();
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(served.clone()));
    let server = Arc::new(server);
    let verifier = WatchedServerVerifier::new(servers.clone(), provider()).unwrap();
    let verifier: Arc<dyn ServerCertVerifier> = Arc::new(verifier);
    let client = |leaf: &Made| {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier))
            .with_client_auth_cert(chain(&[leaf]), leaf.private_key())
            .unwrap();
        Arc::new(config)
    };

    let shown = |client: &ClientConnection| client.peer_certificates().unwrap()[0].clone();
    let connected = handshake(&client(&client_leaves[0]), &server).unwrap();
    assert_eq!(shown(&connected), server_leaves[0].der);

    served.replace(identity(&server_leaves[1])).unwrap();
    assert!(
        handshake(&client(&client_leaves[0]), &server).is_err(),
        "issued by nobody trusted"
    );
    servers.replace(new_ca.trusted()).unwrap();
    let connected = handshake(&client(&client_leaves[0]), &server).unwrap();
    assert_eq!(shown(&connected), server_leaves[1].der);

    clients.replace(new_ca.trusted()).unwrap();
    assert!(handshake(&client(&client_leaves[0]), &server).is_err());
    handshake(&client(&client_leaves[1]), &server).unwrap();
}

#[test]
fn the_authorities_that_clients_are_told_follow_the_trust() {
    let (old_ca, new_ca) = (Made::root("old root"), Made::root("new root"));
    let trust = Watched::new(old_ca.trusted());
    let verifier = WatchedClientVerifier::new(trust.clone(), true, provider()).unwrap();
    let borrowed = verifier.root_hint_subjects();
    trust.replace(new_ca.trusted()).unwrap();
    let now = verifier.root_hint_subjects();
    assert_eq!((borrowed.len(), now.len()), (1, 1));
    assert_ne!(borrowed[0].as_ref(), now[0].as_ref());
}
