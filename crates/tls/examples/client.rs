//! A client that says why a certificate was refused, and then resumes a session.
//!
//! `cargo run -p tls --example client`
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;

use tls::certs::development::DevelopmentCa;
use tls::net::Server;
use tls::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("tls-client-{}", std::process::id()));
    let ca = DevelopmentCa::load_or_create(&directory)?;
    let context = SecureContext::server(ca.issue(&["localhost"])?).build()?;
    let server = TlsAcceptor::from(context).bind("127.0.0.1:0").await?;
    let address = format!("localhost:{}", server.local_addr()?.port());
    tokio::spawn(greet(server));

    // Nobody but the public CAs is trusted, so this server is refused, with the reason.
    let careful = TlsConnector::from(SecureContext::client(Trust::mozilla()).build()?);
    match careful.connect_to(&address).await {
        Ok(_) => return Err("a development certificate passed for a public one".into()),
        Err(error) => {
            let why = error.certificate().ok_or("refused for another reason")?;
            println!("{}: {}\n  {}", why.code, why.subject, why.hint);
        }
    }

    // With its CA it is fine; the second connection takes up the session of the first.
    let trust = Trust::mozilla().with(&Trust::from_pem_file(ca.ca_path())?);
    let connector = TlsConnector::from(SecureContext::client(trust).build()?);
    let mut first = connector.connect_to(&address).await?;
    println!(
        "{:?}: {}",
        first.info().protocol_version(),
        first.info().resumption()
    );
    println!("{}", read(&mut first).await?);

    let session = first.session().ok_or("the server gave no session")?;
    let mut second = connector.resuming(session).connect_to(&address).await?;
    println!(
        "{:?}: {}",
        second.info().protocol_version(),
        second.info().resumption()
    );
    assert!(second.info().resumption().is_resumed());
    println!("{}", read(&mut second).await?);

    DevelopmentCa::remove(&directory)?;
    Ok(())
}

async fn read(stream: &mut TlsStream<tokio::net::TcpStream>) -> std::io::Result<String> {
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

async fn greet(server: Server) -> std::io::Result<()> {
    while let Some(mut stream) = server.accept().await? {
        tokio::spawn(async move {
            stream.write_all(b"Good day.").await?;
            stream.shutdown().await
        });
    }
    Ok(())
}
