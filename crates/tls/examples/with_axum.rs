//! axum over TLS; handlers know who is at the other end.
//!
//! `cargo run -p tls --features axum --example with_axum`
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;

use axum::extract::ConnectInfo;
use axum::{Router, routing::get};
use tls::certs::development::DevelopmentCa;
use tls::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("tls-axum-{}", std::process::id()));
    let ca = DevelopmentCa::load_or_create(&directory)?;
    let trust = Trust::from_pem_file(ca.ca_path())?;
    let context = SecureContext::server(ca.issue(&["localhost"])?)
        .alpn(["h2", "http/1.1"])
        .build()?;
    let server = TlsAcceptor::from(context).bind("127.0.0.1:0").await?;
    let address = format!("localhost:{}", server.local_addr()?.port());

    let app = Router::new().route(
        "/",
        get(|ConnectInfo(tls): ConnectInfo<ConnectionInfo>| async move {
            format!("{:?} for {:?}", tls.protocol_version(), tls.server_name())
        }),
    );
    let app = app.into_make_service_with_connect_info::<ConnectionInfo>();
    tokio::spawn(async move { axum::serve(server, app).await });

    // Any HTTP client would do; this one is small.
    let context = SecureContext::client(trust).alpn(["http/1.1"]).build()?;
    let mut stream = TlsConnector::from(context).connect_to(&address).await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    println!("{response}");
    assert!(response.contains("TLSv1_3") && response.contains("localhost"));
    DevelopmentCa::remove(&directory)?;
    Ok(())
}
