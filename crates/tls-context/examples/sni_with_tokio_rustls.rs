//! Contexts chosen by server name, with plain `tokio-rustls`: an exact name, a pattern, a default.
//!
//! Ends by itself; certificates are made on the spot, and the bytes go through memory.

use std::error::Error;

use tls_certs::{Identity, Trust};
use tls_context::{SecureContext, SniMap};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::{LazyConfigAcceptor, TlsConnector, rustls::server::Acceptor};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (default, trust) = context("default.example")?;
    let (shop, shop_trust) = context("www.shop.example")?;
    let (tenants, tenants_trust) = context("*.shop.example")?;
    let mut contexts = SniMap::new();
    contexts.insert("www.shop.example", shop)?;
    contexts.insert("*.shop.example", tenants)?;

    let client = SecureContext::client(trust.with(&shop_trust).with(&tenants_trust))
        .alpn(["h2", "http/1.1"])
        .build()?;
    let connector = TlsConnector::from(client.rustls_client()?);

    for name in ["www.shop.example", "blue.shop.example", "default.example"] {
        let (near, far) = tokio::io::duplex(16 * 1024);
        let (served, greeting) =
            tokio::join!(serve(far, &contexts, &default), ask(&connector, name, near));
        served?;
        report(&greeting?);
    }
    Ok(())
}

/// A context for one name, and the trust of a client that knows its certificate.
fn context(name: &str) -> Result<(SecureContext, Trust), Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()])?;
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let identity = Identity::from_pem(cert.as_bytes(), key.as_bytes())?;
    let context = SecureContext::server(identity).alpn(["http/1.1"]).build()?;
    Ok((context, Trust::from_pem(cert.as_bytes())?))
}

/// Reads the hello, takes the context for its name, and greets.
async fn serve(
    io: DuplexStream,
    contexts: &SniMap<SecureContext>,
    default: &SecureContext,
) -> Result<(), Box<dyn Error>> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
    let name = start.client_hello().server_name().map(str::to_owned);
    let context = contexts.get(name.as_deref()).unwrap_or(default);
    let mut stream = start.into_stream(context.rustls_server()?).await?;
    let greeting = format!("welcome to {}", name.unwrap_or_default());
    stream.write_all(greeting.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(())
}

async fn ask(
    connector: &TlsConnector,
    name: &'static str,
    io: DuplexStream,
) -> Result<String, Box<dyn Error>> {
    let mut stream = connector.connect(name.try_into()?, io).await?;
    let mut greeting = String::new();
    stream.read_to_string(&mut greeting).await?;
    Ok(greeting)
}

#[allow(clippy::print_stdout, reason = "an example shows what happens")]
fn report(greeting: &str) {
    println!("{greeting}");
}
