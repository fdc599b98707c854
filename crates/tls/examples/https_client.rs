//! hyper-util's client over TLS: pooled connections, h2 where the server has it.
//!
//! `cargo run -p tls --features hyper-util --example https_client`
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tls::certs::development::DevelopmentCa;
use tls::net::Server;
use tls::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("tls-https-{}", std::process::id()));
    let ca = DevelopmentCa::load_or_create(&directory)?;
    let context = SecureContext::server(ca.issue(&["localhost"])?)
        .alpn(["http/1.1"])
        .build()?;
    let server = TlsAcceptor::from(context).bind("127.0.0.1:0").await?;
    let url = format!("https://localhost:{}/", server.local_addr()?.port());
    tokio::spawn(answer(server));

    // For the servers of the internet: Trust::mozilla().
    let trust = Trust::from_pem_file(ca.ca_path())?;
    let context = SecureContext::client(trust)
        .alpn(["h2", "http/1.1"])
        .build()?;
    let client: Client<_, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).build(TlsConnector::from(context));
    let response = client.get(url.parse()?).await?;

    // How the connection was made comes along with the response.
    let info = response.extensions().get::<ConnectionInfo>().cloned();
    let info = info.ok_or("no connection info")?;
    println!("{} over {:?}", response.status(), info.protocol_version());
    let body = response.into_body().collect().await?.to_bytes();
    println!("{}", String::from_utf8_lossy(&body));
    assert_eq!(body, "Good day.\n");
    DevelopmentCa::remove(&directory)?;
    Ok(())
}

/// Stands for a server of HTTP/1.1: one answer a connection.
async fn answer(server: Server) -> std::io::Result<()> {
    while let Some(stream) = server.accept().await? {
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = String::from("…");
            while !line.trim().is_empty() {
                line.clear();
                stream.read_line(&mut line).await?;
            }
            let response =
                b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nGood day.\n";
            stream.write_all(response).await?;
            stream.shutdown().await
        });
    }
    std::io::Result::Ok(())
}
