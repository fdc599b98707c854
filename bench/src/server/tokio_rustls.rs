//! tokio-rustls: as it comes, and with larger reads and writes.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::BufReader;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::work::Work;
use crate::Result;
use crate::identity::{Identity, PROTOCOL};

/// What rustls keeps in memory as it comes.
const SESSIONS: usize = 256;

const TUNED_READ: usize = 64 * 1024;
const TUNED_WRITE: usize = 256 * 1024;

pub(super) async fn serve(listener: TcpListener, work: Work) -> Result<()> {
    let acceptor = acceptor(work)?;
    loop {
        let (io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(io).await {
                work.serve(stream).await;
            }
        });
    }
}

/// What two lines of code get from tokio-rustls, at 64 KiB a connection.
pub(super) async fn serve_tuned(listener: TcpListener, work: Work) -> Result<()> {
    let acceptor = acceptor(work)?;
    loop {
        let (io, _) = listener.accept().await?;
        io.set_nodelay(true)?;
        let io = BufReader::with_capacity(TUNED_READ, io);
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let accept = acceptor.accept_with(io, |connection| {
                connection.set_buffer_limit(Some(TUNED_WRITE));
            });
            if let Ok(stream) = accept.await {
                work.serve(stream).await;
            }
        });
    }
}

fn acceptor(work: Work) -> Result<TlsAcceptor> {
    let identity = Identity::generate()?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate], identity.key)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    let handshake = work.row.handshake();
    if handshake.is_stored() {
        config.session_storage = rustls::server::ServerSessionMemoryCache::new(SESSIONS);
        config.send_tls13_tickets = 1;
    } else if handshake.is_resumed() {
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        config.send_tls13_tickets = 1;
    }
    Ok(TlsAcceptor::from(Arc::new(config)))
}
