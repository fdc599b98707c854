//! The first server of `node:tls`: it asks for certificates, greets, and echoes.
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;

use tls::prelude::*;
use tls_testing::Pki;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, split};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // server-cert.pem, server-key.pem and ca.pem, made up for this run.
    let directory = std::env::temp_dir().join(format!("tls-node-server-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let files = Pki::shared().write_to(&directory);

    let identity = Identity::from_pem_files(&files.cert, &files.key)?;
    let context = SecureContext::server(identity)
        // Only for client certificates: requestCert and rejectUnauthorized, and the CA.
        .client_auth(ClientAuth::required(Trust::from_pem_file(&files.ca)?))
        .build()?;
    let server = TlsAcceptor::from(context).bind("127.0.0.1:0").await?;
    println!("server bound");

    let address = format!("localhost:{}", server.local_addr()?.port());
    let client = tokio::spawn(client(address, files));
    if let Some(mut stream) = server.accept().await? {
        println!(
            "server connected, authorized: {}",
            stream.info().authorized()
        );
        stream.write_all(b"welcome!\n").await?;
        let (mut read, mut write) = split(stream);
        copy(&mut read, &mut write).await?;
        write.shutdown().await?;
    }

    assert_eq!(
        client.await?.map_err(|error| error.to_string())?,
        "welcome!\nhello\n"
    );
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

/// Somebody who connects, says hello and reads to the end.
async fn client(
    address: String,
    files: tls_testing::pki::PkiFiles,
) -> Result<String, Box<dyn Error + Send + Sync>> {
    let context = SecureContext::client(Trust::from_pem_file(&files.ca)?)
        .client_identity(Identity::from_pem_files(
            &files.client_cert,
            &files.client_key,
        )?)
        .build()?;
    let mut stream = TlsConnector::from(context).connect_to(&address).await?;
    stream.write_all(b"hello\n").await?;
    stream.shutdown().await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}
