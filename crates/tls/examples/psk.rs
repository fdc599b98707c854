//! Devices with keys and no certificates: a broker, a device that has its key, one that has not.
//!
//! `cargo run -p tls --example psk`
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;

use tls::net::{ClientPsk, ImportContext, PskIdentity, PskKey, PskKeys};
use tls::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // From a file in practice: PskKeys::watch_file("devices.psk")?
    let (gate, key) = (PskIdentity::new("gate-7")?, PskKey::generate(256)?);
    // Both ends name the two roles, so that no key works the other way round (RFC 9258).
    let roles = ImportContext::between("device", "broker")?;
    let keys = PskKeys::from_keys([(gate.clone(), key.clone())])?.imported_into(roles.clone());

    let context = SecureContext::without_certificate()
        .alpn(["mqtt"])
        .build()?;
    let acceptor = TlsAcceptor::builder(context.clone())
        .psk(keys)
        .on_failure(|error| println!("broker: {error} ({})", error.code()))
        .build()?;
    let server = acceptor.bind("127.0.0.1:0").await?;
    let address = format!("localhost:{}", server.local_addr()?.port());
    let handle = server.handle();
    let serving = tokio::spawn(server.serve(|mut stream| async move {
        let who = stream.info().psk_identity().map(ToString::to_string);
        println!("broker: {} is here", who.unwrap_or_default());
        let mut line = String::new();
        if stream.read_to_string(&mut line).await.is_ok() {
            println!("broker: it says {line:?}");
        }
    }));

    let device = TlsConnector::from(context.clone()).psk(roles.import(&gate, &key)?);
    let mut stream = device.connect_to(&address).await?;
    assert_eq!(stream.info().psk_identity(), Some(&gate));
    stream.write_all(b"21.5 degrees").await?;
    stream.shutdown().await?;
    drop(stream);

    let stranger = ClientPsk {
        identity: PskIdentity::new("gate-8")?,
        key: PskKey::generate(256)?,
    };
    let refused = TlsConnector::from(context)
        .psk([stranger])
        .connect_to(&address)
        .await;
    if let Err(error) = refused {
        println!("stranger: {error} ({})", error.hint());
    }
    handle.shutdown(std::time::Duration::from_secs(5)).await;
    serving.await??;
    Ok(())
}
