//! Our client, as a test drives it.

use std::net::SocketAddr;

use rustls::pki_types::ServerName;
use tls_net::{HandshakeError, TlsConnector, TlsStream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::in_time;

/// A server name.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn name(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).unwrap()
}

/// A connection to `address`, asking for `host`.
///
/// # Errors
/// The handshake failed.
///
/// # Panics
/// When nobody listens there, or the handshake takes too long.
pub async fn dial(
    address: SocketAddr,
    connector: &TlsConnector,
    host: &str,
) -> Result<TlsStream<TcpStream>, HandshakeError> {
    let io = in_time("a connection", TcpStream::connect(address))
        .await
        .unwrap();
    in_time("a handshake", connector.connect(name(host), io)).await
}

/// Sends `text` and gives as many bytes back as were sent.
///
/// # Panics
/// When fewer come back.
pub async fn exchange<IO: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut TlsStream<IO>,
    text: &str,
) -> String {
    let mut answer = vec![0; text.len()];
    let exchange = async {
        stream.write_all(text.as_bytes()).await?;
        stream.flush().await?;
        stream.read_exact(&mut answer).await
    };
    in_time("an answer", exchange).await.unwrap();
    String::from_utf8(answer).unwrap()
}
