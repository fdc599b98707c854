//! `--echo`: every byte comes back.

use std::io;
use std::sync::Arc;

use tls::net::{Drained, Server, TlsStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::event::Reporter;
use super::sockets::Sockets;

/// Read at a time, per connection and only while it has something to say.
const PART: usize = 16 * 1024;

pub(super) async fn serve(server: Server<Sockets>, reporter: Arc<Reporter>) -> io::Result<Drained> {
    server
        .serve(move |stream| {
            reporter.handshake(&stream.info());
            async move {
                // A peer that vanishes is its own affair.
                let _ = echo(stream).await;
            }
        })
        .await
}

async fn echo(mut stream: TlsStream<TcpStream>) -> io::Result<()> {
    let mut part = vec![0; PART];
    loop {
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return stream.shutdown().await;
        }
        stream
            .write_all(part.get(..read).unwrap_or_default())
            .await?;
        stream.flush().await?;
    }
}
