//! Client certificates that are required, and a server that drains before it ends.
//!
//! `cargo run -p tls --example mutual_tls`
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::time::Duration;

use tls::prelude::*;
use tls_testing::Pki;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Stands for the files of your CA: certificates for a server and for a client.
    let directory = std::env::temp_dir().join(format!("tls-mutual-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let files = Pki::shared().write_to(&directory);
    let ca = Trust::from_pem_file(&files.ca)?;

    let context = SecureContext::server(Identity::from_pem_files(&files.cert, &files.key)?)
        .client_auth(ClientAuth::required(&ca))
        .build()?;
    let acceptor = TlsAcceptor::builder(context)
        .on_failure(|error| println!("server: {}: {}", error.code(), error.hint()))
        .build()?;
    let server = acceptor.bind("127.0.0.1:0").await?;
    let address = format!("localhost:{}", server.local_addr()?.port());
    let handle = server.handle();
    let serving = tokio::spawn(server.serve(|mut stream| async move {
        let info = stream.info();
        let name = info.peer().common_name().unwrap_or("nobody");
        stream
            .write_all(format!("Hello, {name}.").as_bytes())
            .await?;
        stream.shutdown().await
    }));

    let identity = Identity::from_pem_files(&files.client_cert, &files.client_key)?;
    let context = SecureContext::client(&ca)
        .client_identity(identity)
        .build()?;
    let mut stream = TlsConnector::from(context).connect_to(&address).await?;
    let mut greeting = String::new();
    stream.read_to_string(&mut greeting).await?;
    println!("client: {greeting}");
    assert_eq!(greeting, "Hello, client.test.");
    drop(stream);

    // Without a certificate nobody comes in. In TLS 1.3 the client's handshake is over before the
    // server has judged it, so the refusal shows at the first read.
    let stranger = TlsConnector::from(SecureContext::client(&ca).build()?);
    let refused = match stranger.connect_to(&address).await {
        Ok(mut stream) => stream.read_u8().await.is_err(),
        Err(_) => true,
    };
    assert!(refused);

    handle.shutdown(Duration::from_secs(5)).await;
    let drained = serving.await??;
    println!("drained: {} ended, {} cut", drained.completed, drained.cut);
    assert_eq!(drained.cut, 0);
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}
