//! Two workers that know nothing of each other but a ticket key file. A client comes to the first, then
//! resumes at the second; a third worker, which demands client certificates, does not let it in.
//!
//! ```text
//! cargo run -p tls-session-store --example two_workers
//! ```

// Printing is what an example is for.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tls_session_store::{ContextId, TicketKeys};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let pki = Pki::new()?;
    let folder = tempfile::tempdir()?;
    let key_file = folder.path().join("ticket.key");
    TicketKeys::write_new_file(&key_file)?;

    let first = spawn_worker("first", pki.worker(&key_file, ClientCertificate::No)?).await?;
    let second = spawn_worker("second", pki.worker(&key_file, ClientCertificate::No)?).await?;
    let strict = spawn_worker(
        "strict",
        pki.worker(&key_file, ClientCertificate::Demanded)?,
    )
    .await?;

    let client = TlsConnector::from(pki.client()?);
    for address in [first, second] {
        println!(
            "client hears: {}",
            visit(&client, address).await?.trim_end()
        );
    }
    match visit(&client, strict).await {
        Ok(_) => Err("the strict worker let a client without certificate in".into()),
        Err(error) => {
            println!("client is refused by the strict worker: {error}");
            Ok(())
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum ClientCertificate {
    No,
    Demanded,
}

/// One self-signed certificate, which serves all.
struct Pki {
    provider: Arc<CryptoProvider>,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
}

impl Pki {
    fn new() -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let certificate = made.cert.der().clone();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone())?;
        Ok(Self {
            provider: rustls::crypto::aws_lc_rs::default_provider().into(),
            certificate,
            key: PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into(),
            roots: roots.into(),
        })
    }

    /// What a worker makes of its settings and the key file.
    fn worker(&self, key_file: &Path, wanted: ClientCertificate) -> Result<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?;
        // The label names who gets in: it differs where client authentication differs.
        let (builder, context) = if wanted == ClientCertificate::Demanded {
            let (roots, provider) = (self.roots.clone(), self.provider.clone());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build()?;
            let label = "example, client certificates of the example's CA";
            (builder.with_client_cert_verifier(verifier), label)
        } else {
            (builder.with_no_client_auth(), "example, open to all")
        };
        let mut config =
            builder.with_single_cert(vec![self.certificate.clone()], self.key.clone_key())?;
        config.ticketer =
            TicketKeys::from_file(key_file)?.ticketer_for(ContextId::from_label(context));
        Ok(Arc::new(config))
    }

    fn client(&self) -> Result<Arc<ClientConfig>> {
        let (roots, provider) = (self.roots.clone(), self.provider.clone());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_webpki_verifier(verifier.build()?)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

/// Serves one visitor after another and tells each how its handshake went.
async fn spawn_worker(name: &'static str, config: Arc<ServerConfig>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let acceptor = TlsAcceptor::from(config);
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(mut tls) = acceptor.accept(tcp).await else {
                continue;
            };
            let kind = tls.get_ref().1.handshake_kind();
            let greeting = format!("{name} worker, handshake: {kind:?}\n");
            if tls.write_all(greeting.as_bytes()).await.is_ok() {
                let _ = tls.shutdown().await;
            }
        }
    });
    Ok(address)
}

async fn visit(client: &TlsConnector, address: SocketAddr) -> Result<String> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost")?;
    let mut tls = client.connect(name, tcp).await?;
    let mut heard = String::new();
    tls.read_to_string(&mut heard).await?;
    Ok(heard)
}
