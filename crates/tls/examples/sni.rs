//! Contexts by server name, and a hook for the names that nobody knows beforehand.
//!
//! `cargo run -p tls --example sni`
// Runs to its end by itself.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example talks to its reader"
)]

use std::error::Error;

use tls::certs::development::DevelopmentCa;
use tls::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Stands for a database of tenants.
async fn tenant(
    name: String,
    ca: &DevelopmentCa,
) -> Result<Option<SecureContext>, Box<dyn Error + Send + Sync>> {
    if !name.ends_with(".tenants.localhost") {
        return Ok(None); // The default context.
    }
    Ok(Some(SecureContext::server(ca.issue(&[name])?).build()?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("tls-sni-{}", std::process::id()));
    let ca = std::sync::Arc::new(DevelopmentCa::load_or_create(&directory)?);
    let trust = Trust::from_pem_file(ca.ca_path())?;
    let default = SecureContext::server(ca.issue(&["localhost"])?).build()?;
    let shop = SecureContext::server(ca.issue(&["*.shop.localhost"])?).build()?;

    let tenants = ca.clone();
    let acceptor = TlsAcceptor::builder(default)
        .context("*.shop.localhost", shop)
        .choose_context(move |hello: ClientHello| {
            let ca = tenants.clone();
            async move {
                match hello.server_name() {
                    Some(name) => tenant(name.to_owned(), &ca).await,
                    None => Ok(None),
                }
            }
        })
        .on_failure(|error| eprintln!("{}: {error}", error.code()))
        .build()?;
    let server = acceptor.bind("127.0.0.1:0").await?;
    let address = server.local_addr()?.to_string();
    tokio::spawn(server.serve(|mut stream| async move {
        let rule = stream.info().context_rule().to_string();
        stream.write_all(rule.as_bytes()).await?;
        stream.shutdown().await
    }));

    let connector = TlsConnector::from(SecureContext::client(trust).build()?);
    for (name, expected) in [
        ("localhost", "default"),
        ("spring.shop.localhost", "*.shop.localhost"),
        ("ann.tenants.localhost", "hook"),
    ] {
        let named = connector.clone().server_name(ServerName::try_from(name)?);
        let mut stream = named.connect_to(&address).await?;
        let mut rule = String::new();
        stream.read_to_string(&mut rule).await?;
        println!("{name}: context chosen by {rule}");
        assert_eq!(rule, expected);
    }
    DevelopmentCa::remove(&directory)?;
    Ok(())
}
