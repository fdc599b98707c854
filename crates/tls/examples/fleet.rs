//! Two workers that share sessions and ticket keys: a client that was at one of them resumes at the other.
//!
//! ```text
//! cargo run -p tls --example fleet                                     # both keep them in this process
//! cargo run -p tls --features redis --example fleet redis://10.0.0.5   # as in earnest
//! ```
// Runs to its end by itself.
#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tls::certs::Identity;
use tls::certs::development::DevelopmentCa;
use tls::prelude::*;
use tls::sessions::{DynSessionStore, MemoryStore, SharedSecret, TicketKeys};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

type Store = Arc<dyn DynSessionStore>;

/// What every worker does, on whichever machine.
async fn worker(name: &str, identity: Identity, store: Store, secret: SharedSecret) -> Result<u16> {
    // A fresh key each hour, which the workers tell each other through the store.
    let keys = TicketKeys::published(Arc::clone(&store), secret.clone())?
        .rotate_every(Duration::from_secs(3_600))
        .spawn()?;
    // It would do so by itself in a moment; then the very first ticket is the fleet's, too.
    keys.sync().await?;

    let acceptor = TlsAcceptor::builder(SecureContext::server(identity).build()?)
        .ticket_keys(keys)
        .sessions(store, secret)
        .worker_name(name)
        .on_store_state(|state| println!("{state}; handshakes go on"))
        .build()?;
    let server = acceptor.bind("127.0.0.1:0").await?;
    let port = server.local_addr()?.port();
    let name = name.to_owned();
    tokio::spawn(server.serve(move |mut stream| {
        let name = name.clone();
        async move {
            let info = stream.info();
            let maker = info.session_maker().unwrap_or("nobody");
            let line = format!("{name}: {}, session of {maker}", info.resumption());
            // A client that has gone meanwhile needs no answer.
            let _ = stream.write_all(line.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    }));
    Ok(port)
}

#[tokio::main]
async fn main() -> Result<()> {
    let store: Store = match std::env::args().nth(1) {
        Some(url) => redis(&url)?,
        None => Arc::new(MemoryStore::new()),
    };
    // In earnest SharedSecret::from_file, of one file in every worker: openssl rand -hex 32.
    let secret = SharedSecret::generate()?;
    let directory = std::env::temp_dir().join(format!("tls-fleet-{}", std::process::id()));
    let ca = DevelopmentCa::load_or_create(&directory)?;
    let identity = ca.issue(&["localhost"])?;
    let mut ports = Vec::new();
    for name in ["Ann", "Bob"] {
        let (store, secret) = (Arc::clone(&store), secret.clone());
        ports.push(worker(name, identity.clone(), store, secret).await?);
    }

    let trust = Trust::from_pem_file(ca.ca_path())?;
    let context = SecureContext::client(trust).build()?;
    let mut session = None;
    for round in 0..4 {
        let Some(port) = ports.get(round % ports.len()) else {
            continue;
        };
        let mut connector = TlsConnector::from(context.clone());
        if let Some(session) = session.take() {
            connector = connector.resuming(session);
        }
        let io = tokio::net::TcpStream::connect(("127.0.0.1", *port)).await?;
        let mut stream = connector.connect("localhost".try_into()?, io).await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        println!("{said}");
        assert_eq!(stream.info().resumption().is_resumed(), round > 0);
        session = stream.session();
    }
    DevelopmentCa::remove(&directory)?;
    Ok(())
}

#[cfg(feature = "redis")]
fn redis(url: &str) -> Result<Store> {
    Ok(Arc::new(tls::sessions::RedisStore::open(url)?))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &str) -> Result<Store> {
    Err("a store in Redis needs --features redis".into())
}
