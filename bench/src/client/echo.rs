//! Messages there and back, one in flight on each connection.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::config::{self, Place};
use super::{Load, Until, measure, runtime};
use crate::Result;
use crate::server::MESSAGE;

const CONNECTIONS: usize = 32;

/// Either kind of stream.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

pub(super) fn run(load: &Load) -> Result<()> {
    let count = if load.options.units.is_some() {
        1
    } else {
        CONNECTIONS
    };
    let runtime = runtime()?;
    let mut streams = runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..count {
            streams.push(connect(load).await?);
        }
        Ok::<_, crate::Error>(streams)
    })?;
    measure(load, |until| runtime.block_on(run_all(&mut streams, until)))
}

async fn connect(load: &Load) -> Result<Box<dyn Duplex>> {
    let io = TcpStream::connect(load.server).await?;
    io.set_nodelay(true)?;
    if load.options.plain {
        return Ok(Box::new(io));
    }
    let handshake = load.row.handshake();
    let connector = TlsConnector::from(config::config(handshake)?);
    let stream = connector.connect(config::server_name()?, io).await?;
    config::check(handshake, Place::First, stream.get_ref().1)?;
    Ok(Box::new(stream))
}

async fn run_all(streams: &mut Vec<Box<dyn Duplex>>, until: Until) -> Result<u64> {
    let mut running = JoinSet::new();
    for stream in streams.drain(..) {
        running.spawn(exchange(stream, until));
    }
    let mut done = 0;
    while let Some(ended) = running.join_next().await {
        let (stream, count) = ended??;
        streams.push(stream);
        done += count;
    }
    Ok(done)
}

async fn exchange(mut stream: Box<dyn Duplex>, until: Until) -> Result<(Box<dyn Duplex>, u64)> {
    let mut message = [0x33; MESSAGE];
    let mut done = 0;
    while until.goes_on(done) {
        stream.write_all(&message).await?;
        stream.flush().await?;
        stream.read_exact(&mut message).await?;
        done += 1;
    }
    Ok((stream, done))
}
