//! What a server is told of handshakes that fail, and that it goes on serving.
//!
//! `cargo run -p tls-net --example reasons`
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;

use tls_certs::{Identity, Trust};
use tls_context::SecureContext;
use tls_net::{TlsAcceptor, TlsConnector};
use tls_testing::Pki;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let pki = Pki::shared();
    let (cert, key) = (pki.server.chain_pem(), pki.server.key_pem());
    let identity = Identity::from_pem(cert.as_bytes(), key.as_bytes())?;
    let acceptor = TlsAcceptor::builder(SecureContext::server(identity).alpn(["h2"]).build()?)
        .on_failure(|error| {
            println!(
                "server: {} in {}: {error}",
                error.code(),
                error.phase().as_str()
            );
            println!(
                "        fault of: {}; {}",
                error.fault().as_str(),
                error.hint()
            );
        })
        .build()?;
    let server = acceptor.bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    tokio::spawn(server.serve(|mut stream| async move { stream.shutdown().await }));

    // Something that is no TLS.
    let mut plain = TcpStream::connect(address).await?;
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await?;
    plain.read_to_end(&mut Vec::new()).await.ok();

    // A client that does not trust the server, and one that speaks another protocol.
    let stranger = TlsConnector::from(SecureContext::client(Trust::mozilla()).build()?);
    let error = stranger
        .connect_to(&address.to_string())
        .await
        .err()
        .ok_or("trusted")?;
    let refusal = error.certificate().ok_or("refused for another reason")?;
    println!("client: {}: {refusal}", refusal.code);

    let root = Trust::from_der([pki.root.certificate().clone()])?;
    let other = SecureContext::client(&root)
        .alpn(["no-such-protocol"])
        .build()?;
    let error = TlsConnector::from(other)
        .connect_to(&address.to_string())
        .await
        .err();
    println!(
        "client: {}",
        error.ok_or("no protocol in common, and yet connected")?
    );

    // The server is none the worse for it.
    let good = SecureContext::client(&root).alpn(["h2"]).build()?;
    let stream = TlsConnector::from(good)
        .connect_to(&address.to_string())
        .await?;
    println!("client: connected, {}", stream.info().resumption());
    Ok(())
}
