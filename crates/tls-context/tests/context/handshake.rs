//! Two rustls connections in memory, and the contexts and plain peers that the tests give them.

use std::{io::Cursor, sync::Arc};

use rustls::{
    AlertDescription, CipherSuite, ClientConfig, ClientConnection, Connection, Error,
    HandshakeKind, NamedGroup, ProtocolVersion, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName},
};
use tls_certs::{Identity, Trust};
use tls_context::{SecureContext, SecureContextBuilder};
use tls_testing::{Leaf, Pki, plain_rustls};

/// What both ends agree on after a handshake.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) version: ProtocolVersion,
    pub(crate) suite: CipherSuite,
    pub(crate) group: Option<NamedGroup>,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) kind: HandshakeKind,
    /// The server's leaf, as the client saw it.
    pub(crate) server_leaf: CertificateDer<'static>,
    /// The client's leaf, as the server saw it.
    pub(crate) client_leaf: Option<CertificateDer<'static>>,
}

/// What each end says about a handshake that failed; `None`: it noticed nothing.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) client: Option<Error>,
    pub(crate) server: Option<Error>,
}

impl Failed {
    /// The alert that the client got from the server.
    pub(crate) fn alert_at_client(&self) -> Option<AlertDescription> {
        alert(self.client.as_ref())
    }

    /// The alert that the server got from the client.
    pub(crate) fn alert_at_server(&self) -> Option<AlertDescription> {
        alert(self.server.as_ref())
    }
}

fn alert(error: Option<&Error>) -> Option<AlertDescription> {
    match error {
        Some(Error::AlertReceived(alert)) => Some(*alert),
        _ => None,
    }
}

/// A handshake for `localhost`, and one byte of application data each way, so that tickets and a
/// late refusal have arrived too.
pub(crate) fn handshake(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
) -> Result<Agreed, Failed> {
    handshake_for("localhost", client, server)
}

pub(crate) fn handshake_for(
    name: &'static str,
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
) -> Result<Agreed, Failed> {
    let name = ServerName::try_from(name).unwrap();
    let mut client = Connection::from(ClientConnection::new(Arc::clone(client), name).unwrap());
    let mut server = Connection::from(ServerConnection::new(Arc::clone(server)).unwrap());
    run(&mut client, &mut server)?;
    Ok(agreed(&client, &server))
}

pub(crate) fn run(client: &mut Connection, server: &mut Connection) -> Result<(), Failed> {
    let mut failed = Failed {
        client: None,
        server: None,
    };
    // Enough for every flight of both versions, a HelloRetryRequest and the tickets.
    for _ in 0..6 {
        transfer(client, server, &mut failed.server);
        transfer(server, client, &mut failed.client);
    }
    if failed.client.is_none() && failed.server.is_none() {
        assert!(
            !client.is_handshaking() && !server.is_handshaking(),
            "neither failed nor done"
        );
        return Ok(());
    }
    Err(failed)
}

fn transfer(from: &mut Connection, to: &mut Connection, error: &mut Option<Error>) {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire).unwrap();
    }
    let mut wire = Cursor::new(wire);
    while error.is_none() && to.read_tls(&mut wire).unwrap() > 0 {
        *error = to.process_new_packets().err();
    }
}

fn agreed(client: &Connection, server: &Connection) -> Agreed {
    assert_eq!(client.protocol_version(), server.protocol_version());
    assert_eq!(
        client.negotiated_cipher_suite(),
        server.negotiated_cipher_suite()
    );
    assert_eq!(client.alpn_protocol(), server.alpn_protocol());
    let leaf = |connection: &Connection| {
        connection
            .peer_certificates()
            .map(|chain| chain[0].clone().into_owned())
    };
    Agreed {
        version: client.protocol_version().unwrap(),
        suite: client.negotiated_cipher_suite().unwrap().suite(),
        group: client
            .negotiated_key_exchange_group()
            .map(rustls::crypto::SupportedKxGroup::name),
        alpn: client.alpn_protocol().map(<[u8]>::to_vec),
        kind: client.handshake_kind().unwrap(),
        server_leaf: leaf(client).unwrap(),
        client_leaf: leaf(server),
    }
}

pub(crate) fn identity(leaf: &Leaf) -> Identity {
    Identity::from_der(leaf.chain().to_vec(), leaf.key()).unwrap()
}

pub(crate) fn trust() -> Trust {
    Trust::from_der([Pki::shared().root.certificate().clone()]).unwrap()
}

/// A server context with the P-256 certificate.
pub(crate) fn server() -> SecureContextBuilder {
    SecureContext::server(identity(&Pki::shared().server))
}

/// A client context that trusts the root.
pub(crate) fn client() -> SecureContextBuilder {
    SecureContext::client(trust())
}

/// Builds and lowers a server.
pub(crate) fn lower_server(builder: SecureContextBuilder) -> Arc<ServerConfig> {
    builder.build().unwrap().rustls_server().unwrap()
}

/// Builds and lowers a client.
pub(crate) fn lower_client(builder: SecureContextBuilder) -> Arc<ClientConfig> {
    builder.build().unwrap().rustls_client().unwrap()
}

/// Our two ends against each other.
pub(crate) fn between(
    client: SecureContextBuilder,
    server: SecureContextBuilder,
) -> Result<Agreed, Failed> {
    handshake(&lower_client(client), &lower_server(server))
}

/// A plain rustls client with these suites.
pub(crate) fn plain_client_with_suites(
    versions: &[&'static SupportedProtocolVersion],
    suites: &[CipherSuite],
) -> Arc<ClientConfig> {
    let mut provider = CryptoProvider::clone(&plain_rustls::provider());
    provider
        .cipher_suites
        .retain(|suite| suites.contains(&suite.suite()));
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(Pki::shared().roots())
        .with_no_client_auth();
    Arc::new(config)
}

/// The number of a version in our words.
pub(crate) fn ours(version: &'static SupportedProtocolVersion) -> tls_context::ProtocolVersion {
    u16::from(version.version).into()
}

/// Holds a builder to one version.
pub(crate) fn only(
    version: &'static SupportedProtocolVersion,
    builder: SecureContextBuilder,
) -> SecureContextBuilder {
    builder
        .min_version(ours(version))
        .max_version(ours(version))
}
