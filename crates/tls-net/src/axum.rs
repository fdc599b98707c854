//! axum: `axum::serve` takes a [`Server`], handlers get `ConnectInfo<ConnectionInfo>`.

use std::io;
use std::net::SocketAddr;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;

use crate::connection_info::ConnectionInfo;
use crate::listener::Listener;
use crate::server::Server;
use crate::stream::TlsStream;

impl<L: Listener> axum::serve::Listener for Server<L> {
    type Io = TlsStream<L::Io>;
    type Addr = ConnectionInfo;

    /// Waits for the next handshaken stream. `axum::serve` runs until it is dropped or told to
    /// stop by its own `with_graceful_shutdown`, so after a shutdown this never resolves.
    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match Self::accept(self).await {
            Ok(Some(stream)) => {
                let info = stream.info();
                (stream, info)
            }
            Ok(None) => std::future::pending().await,
            Err(error) => {
                tracing::error!("the listener is dead: {error}");
                std::future::pending().await
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a listener has no connection; ask Server::local_addr before serving",
        ))
    }
}

impl<L: Listener> Connected<IncomingStream<'_, Server<L>>> for ConnectionInfo {
    fn connect_info(stream: IncomingStream<'_, Server<L>>) -> Self {
        stream.remote_addr().clone()
    }
}

impl<L: Listener> Connected<IncomingStream<'_, Server<L>>> for PeerAddr {
    fn connect_info(stream: IncomingStream<'_, Server<L>>) -> Self {
        Self(stream.remote_addr().peer_addr())
    }
}

/// The peer's address, for handlers that need nothing else: `ConnectInfo<PeerAddr>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub Option<SocketAddr>);
