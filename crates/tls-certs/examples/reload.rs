//! A plain rustls server whose certificate is renewed while it runs:
//! `cargo run -p tls-certs --example reload`.
//!
//! The files are replaced one after the other, as tools for renewal do it. The server never shows
//! a certificate without its key, and needs no restart.

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use tls_certs::{Identity, Trust, WatchedServerVerifier};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

type Error = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let (certificate, key) = (
        directory.path().join("tls.crt"),
        directory.path().join("tls.key"),
    );
    renew(&certificate, &key)?;

    // Both are read again every two seconds, by a thread of their own.
    let identity = Identity::watch_pem_files(&certificate, &key)?;
    identity.on_change(|identity, generation| {
        let fingerprint = &identity.summary().fingerprint256[..8];
        println!("generation {generation}: certificate {fingerprint} is in use");
    });
    let trust = Trust::watch_pem_file(&certificate)?;

    let server = rustls::ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(identity.clone()));
    let verifier = WatchedServerVerifier::new(trust.clone(), default_provider().into())?;
    let client = rustls::ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let connector = TlsConnector::from(Arc::new(client));
    connect(&listener, &acceptor, &connector).await?;

    let fresh = directory.path().join("fresh.crt");
    renew(&fresh, &key)?;
    if let Err(error) = identity.reload() {
        println!("half renewed: {error}");
    }
    connect(&listener, &acceptor, &connector).await?;

    std::fs::rename(fresh, &certificate)?;
    // The thread would see it in a moment; this example does not wait.
    identity.reload()?;
    trust.reload()?;
    connect(&listener, &acceptor, &connector).await
}

async fn connect(
    listener: &TcpListener,
    acceptor: &TlsAcceptor,
    connector: &TlsConnector,
) -> Result<(), Error> {
    let connect = async {
        let socket = TcpStream::connect(listener.local_addr()?).await?;
        connector
            .connect(
                "localhost".try_into().map_err(std::io::Error::other)?,
                socket,
            )
            .await
    };
    let accept = async { acceptor.accept(listener.accept().await?.0).await };
    let (connected, accepted) = tokio::join!(connect, accept);
    accepted?;
    let connected = connected?;
    let chain = connected
        .get_ref()
        .1
        .peer_certificates()
        .unwrap_or_default();
    let leaf = chain.first().ok_or("no certificate")?;
    let summary = tls_certs::CertificateSummary::from_der(leaf)?;
    println!(
        "connected: the server showed certificate {}",
        &summary.fingerprint256[..8]
    );
    Ok(())
}

fn renew(certificate: &Path, key: &Path) -> Result<(), Error> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    std::fs::write(certificate, made.cert.pem())?;
    std::fs::write(key, made.signing_key.serialize_pem())?;
    Ok(())
}
