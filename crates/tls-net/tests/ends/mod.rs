//! Two ends over an in-memory pipe.
#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "each test file uses a part"
)]

use rustls::pki_types::ServerName;
use tls_certs::{Identity, Trust};
use tls_context::{SecureContext, SecureContextBuilder};
use tls_net::{TlsAcceptor, TlsConnector, TlsStream};
use tls_wire::ProtocolVersion;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Every body runs for both.
pub const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::Tls12, ProtocolVersion::Tls13];

/// A CA and a certificate for `localhost`.
pub struct Pki {
    pub identity: Identity,
    pub trust: Trust,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Pki {
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "test CA");
        let ca = params.self_signed(&key).unwrap();
        let trust = Trust::from_pem(ca.pem().as_bytes()).unwrap();
        let issuer = rcgen::Issuer::new(params, key);
        let identity = issue(&issuer, "localhost", |_| {});
        Self {
            identity,
            trust,
            issuer,
        }
    }

    pub fn issue(
        &self,
        name: &str,
        change: impl FnOnce(&mut rcgen::CertificateParams),
    ) -> Identity {
        issue(&self.issuer, name, change)
    }
}

fn issue(
    issuer: &rcgen::Issuer<'static, rcgen::KeyPair>,
    name: &str,
    change: impl FnOnce(&mut rcgen::CertificateParams),
) -> Identity {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    change(&mut params);
    let certificate = params.signed_by(&key, issuer).unwrap();
    Identity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap()
}

pub fn name(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).unwrap()
}

/// An acceptor and a connector that trusts it.
pub struct Ends {
    pub pki: Pki,
    pub acceptor: TlsAcceptor,
    pub connector: TlsConnector,
}

pub type Pair = (TlsStream<DuplexStream>, TlsStream<DuplexStream>);

impl Ends {
    pub fn new(version: ProtocolVersion) -> Self {
        Self::with(version, |server| server, |client| client)
    }

    pub fn with(
        version: ProtocolVersion,
        server: impl FnOnce(SecureContextBuilder) -> SecureContextBuilder,
        client: impl FnOnce(SecureContextBuilder) -> SecureContextBuilder,
    ) -> Self {
        let pki = Pki::new();
        let context = SecureContext::server(pki.identity.clone()).alpn(["h2", "http/1.1"]);
        let acceptor = TlsAcceptor::from(server(context).build().unwrap());
        let context = SecureContext::client(pki.trust.clone())
            .alpn(["h2", "http/1.1"])
            .max_version(version);
        let connector = TlsConnector::from(client(context).build().unwrap());
        Self {
            pki,
            acceptor,
            connector,
        }
    }

    /// Both ends, server second.
    pub async fn connect(&self) -> Pair {
        self.connect_with(&self.connector).await
    }

    pub async fn connect_with(&self, connector: &TlsConnector) -> Pair {
        let (client, server) = handshake(&self.acceptor, connector, "localhost").await;
        (client.unwrap(), server.unwrap())
    }
}

pub type End = Result<TlsStream<DuplexStream>, tls_net::HandshakeError>;

/// What both ends say of one handshake.
pub async fn handshake(acceptor: &TlsAcceptor, connector: &TlsConnector, host: &str) -> (End, End) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::join!(connector.connect(name(host), near), acceptor.accept(far))
}

/// A few bytes each way, so that tickets are read.
pub async fn exchange(client: &mut TlsStream<DuplexStream>, server: &mut TlsStream<DuplexStream>) {
    let mut byte = [0; 1];
    client.write_all(b"a").await.unwrap();
    server.read_exact(&mut byte).await.unwrap();
    server.write_all(b"b").await.unwrap();
    client.read_exact(&mut byte).await.unwrap();
}
