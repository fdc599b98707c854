//! Plain rustls and tokio-rustls with staples that keep themselves fresh.
//!
//! ```sh
//! cargo run -p tls-ocsp --example stapling -- fullchain.pem key.pem 127.0.0.1:8443
//! openssl s_client -connect 127.0.0.1:8443 -status </dev/null
//! ```
//!
//! Add `allow-private` for a responder in your own network.

use std::error::Error;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tls_ocsp::{Fetcher, ResponseVerifier, Stapler, StaplingResolver};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [cert, key, address, rest @ ..] = args.as_slice() else {
        print("usage: stapling CHAIN.pem KEY.pem ADDRESS [allow-private]");
        return Ok(());
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(cert)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = rest.iter().any(|word| word == "allow-private");
    let stapler = Stapler::builder(ResponseVerifier::new(provider.clone()))
        .fetcher(Fetcher::new().allow_private(private))
        .start();
    // Asked for now, not at the first client.
    stapler.watch(&chain);

    let certified = CertifiedKey::from_der(chain, key, &provider)?;
    let single = Arc::new(SingleCertAndKey::from(certified));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(StaplingResolver::new(single, stapler.clone())));

    let mut changes = stapler.changes();
    tokio::spawn(async move {
        while changes.changed().await.is_ok() {
            for certificate in stapler.report() {
                print(&format!("{certificate:?}"));
            }
        }
    });
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(address).await?;
    print(&format!("listening on {}", listener.local_addr()?));
    loop {
        let (tcp, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(tcp).await {
                let (mut read, mut write) = tokio::io::split(stream);
                let _ = tokio::io::copy(&mut read, &mut write).await;
            }
        });
    }
}

#[allow(clippy::print_stdout, reason = "an example")]
fn print(line: &str) {
    println!("{line}");
}
