//! An echo server, and a client that says something to it.
//!
//! `cargo run -p tls --example server`
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;

use tls::certs::development::DevelopmentCa;
use tls::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A certificate for localhost. With one of your own: Identity::from_pem_files(cert, key).
    let directory = std::env::temp_dir().join(format!("tls-server-{}", std::process::id()));
    let ca = DevelopmentCa::load_or_create(&directory)?;
    let identity = ca.issue(&["localhost"])?;

    let context = SecureContext::server(identity).build()?;
    let server = TlsAcceptor::from(context).bind("127.0.0.1:0").await?;
    let address = format!("localhost:{}", server.local_addr()?.port());
    println!("listening on {address}");

    let handle = server.handle();
    let serving = tokio::spawn(async move {
        while let Some(stream) = server.accept().await? {
            tokio::spawn(async move {
                println!("server: {}", stream.info().resumption());
                let (mut read, mut write) = tokio::io::split(stream);
                tokio::io::copy(&mut read, &mut write).await?;
                write.shutdown().await
            });
        }
        std::io::Result::Ok(())
    });

    let trust = Trust::from_pem_file(ca.ca_path())?;
    let connector = TlsConnector::from(SecureContext::client(trust).build()?);
    let mut stream = connector.connect_to(&address).await?;
    stream.write_all(b"Is anybody there?").await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    println!("client: {answer}");
    assert_eq!(answer, "Is anybody there?");

    drop(stream);
    let drained = handle.shutdown(std::time::Duration::from_secs(5)).await;
    println!("{} connections cut", drained.cut);
    serving.await??;
    DevelopmentCa::remove(&directory)?;
    Ok(())
}
