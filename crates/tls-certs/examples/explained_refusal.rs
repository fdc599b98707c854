//! A server and a client of tokio-rustls: once with the right trust, once with the wrong
//! one, where the refusal is explained. Ends by itself.
//!
//! ```text
//! cargo run -p tls-certs --example explained_refusal
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use pki_types::ServerName;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ServerConfig};
use tls_certs::development::DevelopmentCa;
use tls_certs::{Identity, ServerVerifier, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let directory = tempfile::tempdir()?;
    let ca = DevelopmentCa::load_or_create(directory.path().join("dev"))?;
    let identity = ca.issue(&["localhost"])?;
    println!(
        "server: {}, issued by {}",
        identity.summary().subject,
        identity.summary().issuer
    );

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let acceptor = TlsAcceptor::from(Arc::new(server_config(&identity, Arc::clone(&provider))?));
    tokio::spawn(serve(listener, acceptor));

    let trusts = [
        ("the development CA", Trust::from_pem_file(ca.ca_path())?),
        ("Mozilla's roots", Trust::mozilla()),
    ];
    for (name, trust) in trusts {
        println!("\nclient that trusts {name}:");
        match get(address, trust, Arc::clone(&provider)).await {
            Ok(answer) => println!("  {answer}"),
            Err(error) => println!("  rustls says: {error}"),
        }
    }
    Ok(())
}

fn server_config(identity: &Identity, provider: Arc<CryptoProvider>) -> Result<ServerConfig> {
    let resolver = rustls::sign::SingleCertAndKey::from(Arc::clone(identity.certified_key()));
    Ok(ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver)))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> Result<()> {
    loop {
        let (tcp, _) = listener.accept().await?;
        // A client that refuses us is no reason to stop.
        if let Ok(mut tls) = acceptor.accept(tcp).await {
            tls.write_all(b"hello").await?;
            tls.shutdown().await?;
        }
    }
}

async fn get(address: SocketAddr, trust: Trust, provider: Arc<CryptoProvider>) -> Result<String> {
    let verifier = ServerVerifier::new(trust, Arc::clone(&provider))?.on_refusal(|why| {
        println!("  {}: {why}", why.code);
        println!("  what to do: {}", why.hint);
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let tcp = TcpStream::connect(address).await?;
    let mut tls = TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from("localhost")?, tcp)
        .await?;
    let mut answer = String::new();
    tls.read_to_string(&mut answer).await?;
    Ok(answer)
}
