//! The first client of `node:tls`: it shows a certificate, says something and prints the answer.
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;

use tls::net::Server;
use tls::prelude::*;
use tls_testing::Pki;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, split};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // client-cert.pem, client-key.pem and server-ca.pem, made up for this run.
    let directory = std::env::temp_dir().join(format!("tls-node-client-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let files = Pki::shared().write_to(&directory);
    let server = echo_server(&files).await?;
    let address = format!("localhost:{}", server.local_addr()?.port());
    tokio::spawn(server.serve(|stream| async move {
        let (mut read, mut write) = split(stream);
        copy(&mut read, &mut write).await?;
        write.shutdown().await
    }));

    let context = SecureContext::client(Trust::from_pem_file(&files.ca)?)
        // Only if the server asks for client certificates.
        .client_identity(Identity::from_pem_files(
            &files.client_cert,
            &files.client_key,
        )?)
        .build()?;
    // The name to check is the host's; with .server_name(..) it is another.
    let connector = TlsConnector::from(context);
    let mut stream = connector.connect_to(&address).await?;
    println!(
        "client connected, authorized: {}",
        stream.info().authorized()
    );

    stream.write_all(b"Is anybody there?\n").await?;
    stream.shutdown().await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    print!("{text}");
    println!("server ends connection");

    assert_eq!(text, "Is anybody there?\n");
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

/// Stands for the server of the other example.
async fn echo_server(files: &tls_testing::pki::PkiFiles) -> Result<Server, Box<dyn Error>> {
    let identity = Identity::from_pem_files(&files.cert, &files.key)?;
    let context = SecureContext::server(identity)
        .client_auth(ClientAuth::required(Trust::from_pem_file(&files.ca)?))
        .build()?;
    Ok(TlsAcceptor::from(context).bind("127.0.0.1:0").await?)
}
