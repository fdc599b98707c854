//! Standard input to the peer, the peer to standard output, until the peer has said all.

use std::io;
use std::time::Duration;

use tls::net::TlsStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::exit_codes::ExitCode;

const PART: usize = 64 * 1024;

/// The end of standard input sends `close_notify`, and reading goes on until the peer ends too, or
/// has been silent for `linger`.
pub(super) async fn join(stream: TlsStream<TcpStream>, linger: Duration) -> Result<ExitCode> {
    let (from_peer, to_peer) = tokio::io::split(stream);
    let (ended, input) = watch::channel(false);
    let sending = async {
        // A write that fails is told by the reading side, which knows why.
        let _ = send(to_peer).await;
        ended.send_replace(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        received = receive(from_peer, input, linger) => received,
        () = sending => Ok(ExitCode::Done),
    }
}

async fn send(mut to_peer: WriteHalf<TlsStream<TcpStream>>) -> io::Result<()> {
    let mut stdin = tokio::io::stdin();
    let mut part = vec![0; PART];
    loop {
        let read = stdin.read(&mut part).await?;
        if read == 0 {
            return to_peer.shutdown().await;
        }
        to_peer
            .write_all(part.get(..read).unwrap_or_default())
            .await?;
        to_peer.flush().await?;
    }
}

async fn receive(
    mut from_peer: ReadHalf<TlsStream<TcpStream>>,
    mut input: watch::Receiver<bool>,
    linger: Duration,
) -> Result<ExitCode> {
    let mut stdout = tokio::io::stdout();
    let mut part = vec![0; PART];
    loop {
        let silence = async {
            // The sender lives as long as this is asked.
            let _ = input.wait_for(|ended| *ended).await;
            tokio::time::sleep(linger).await;
        };
        let read = tokio::select! {
            read = from_peer.read(&mut part) => read.map_err(Error::broken)?,
            () = silence => return Ok(ExitCode::Done),
        };
        if read == 0 {
            return Ok(ExitCode::Done);
        }
        let written = async {
            stdout
                .write_all(part.get(..read).unwrap_or_default())
                .await?;
            stdout.flush().await
        };
        match written.await {
            Ok(()) => {}
            // Whoever read our output wants no more of it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::Done),
            Err(source) => {
                return Err(Error::System {
                    what: "can't write to standard output",
                    source,
                });
            }
        }
    }
}
