//! A rustls client and a rustls server that shake hands in memory.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, HandshakeKind, RootCertStore, ServerConfig,
    ServerConnection, SupportedProtocolVersion,
};

use super::Sessions;

pub(crate) type Version = &'static SupportedProtocolVersion;

pub(crate) const VERSIONS: [Version; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// What the server knows after a handshake.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) kind: HandshakeKind,
    pub(crate) client_certificates: usize,
}

/// Certificates and configs of both ends.
pub(crate) struct Peers {
    provider: Arc<CryptoProvider>,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
}

impl Peers {
    pub(crate) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        Self {
            provider: rustls::crypto::aws_lc_rs::default_provider().into(),
            certificate,
            key: PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into(),
            roots: roots.into(),
        }
    }

    pub(crate) fn server(
        &self,
        version: Version,
        strict: bool,
        sessions: &Sessions,
    ) -> Arc<ServerConfig> {
        Arc::new(self.server_config(version, strict, sessions))
    }

    /// A lax server whose clock is some days ahead.
    pub(crate) fn server_in_the_future(
        &self,
        version: Version,
        sessions: &Sessions,
        days: u64,
    ) -> Arc<ServerConfig> {
        let mut config = self.server_config(version, false, sessions);
        config.time_provider = Arc::new(DaysAhead(days));
        Arc::new(config)
    }

    fn server_config(&self, version: Version, strict: bool, sessions: &Sessions) -> ServerConfig {
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[version])
            .unwrap();
        let builder = if strict {
            let (roots, provider) = (self.roots.clone(), self.provider.clone());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .unwrap();
        config.session_storage = Arc::new(NoServerSessionStorage {});
        match sessions {
            Sessions::Tickets(ticketer) => config.ticketer = ticketer.clone(),
            Sessions::Stored(store) => config.session_storage = store.clone(),
        }
        config
    }

    /// A client that has no certificate, and remembers sessions.
    pub(crate) fn client(&self, version: Version) -> Arc<ClientConfig> {
        Arc::new(self.client_builder(version).with_no_client_auth())
    }

    pub(crate) fn client_with_certificate(&self, version: Version) -> Arc<ClientConfig> {
        let (chain, key) = (vec![self.certificate.clone()], self.key.clone_key());
        let builder = self.client_builder(version);
        Arc::new(builder.with_client_auth_cert(chain, key).unwrap())
    }

    fn client_builder(
        &self,
        version: Version,
    ) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
        let (roots, provider) = (self.roots.clone(), self.provider.clone());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
        ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_webpki_verifier(verifier.build().unwrap())
    }
}

#[derive(Debug)]
struct DaysAhead(u64);

impl TimeProvider for DaysAhead {
    fn current_time(&self) -> Option<UnixTime> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let days = Duration::from_secs(self.0 * 86_400);
        Some(UnixTime::since_unix_epoch(now + days))
    }
}

/// Shakes hands until both ends are silent, so that the client has its tickets. The error is that of
/// the end that refused first, as text.
pub(crate) fn handshake(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
) -> Result<Outcome, String> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(client.clone(), name).unwrap();
    let mut server = ServerConnection::new(server.clone()).unwrap();
    while client.wants_write() || server.wants_write() {
        pass_on(&mut client, &mut server)?;
        pass_on(&mut server, &mut client)?;
    }
    Ok(Outcome {
        kind: server.handshake_kind().unwrap(),
        client_certificates: server.peer_certificates().map_or(0, <[_]>::len),
    })
}

fn pass_on<A, B>(
    from: &mut ConnectionCommon<A>,
    to: &mut ConnectionCommon<B>,
) -> Result<(), String> {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes).unwrap();
    }
    let mut bytes = &bytes[..];
    while !bytes.is_empty() {
        to.read_tls(&mut bytes).unwrap();
        to.process_new_packets()
            .map_err(|error| format!("{error:?}"))?;
    }
    Ok(())
}
