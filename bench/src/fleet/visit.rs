//! One connection of a client: handshake, an echo, the end.

use std::net::SocketAddr;
use std::time::Duration;

use rustls::HandshakeKind;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Result;
use crate::client::config;
use crate::server::MESSAGE;

/// Whether the handshake was a resumed one.
pub(super) async fn visit(server: SocketAddr, connector: &TlsConnector) -> Result<bool> {
    let io = TcpStream::connect(server).await?;
    io.set_nodelay(true)?;
    // A reset leaves no socket behind that waits for minutes.
    SockRef::from(&io).set_linger(Some(Duration::ZERO))?;
    let mut stream = connector.connect(config::server_name()?, io).await?;
    let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
    let mut message = [0x3c; MESSAGE];
    stream.write_all(&message).await?;
    stream.flush().await?;
    // Behind the tickets, where there are any.
    stream.read_exact(&mut message).await?;
    Ok(resumed)
}
