//! Connections that handshake, exchange a few bytes and are reset.

use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::config::{self, Place};
use super::{Load, Until, measure, psk, runtime};
use crate::Result;
use crate::row::Handshake;
use crate::server::REQUEST;

/// Connections at a time.
const AT_A_TIME: usize = 8;

/// One of them after the other.
pub(super) struct Chain {
    load: Load,
    handshake: Handshake,
    connector: Connector,
    place: Place,
}

/// What makes the client's handshake.
enum Connector {
    Rustls(TlsConnector),
    Psk(psk::Connector),
}

pub(super) fn run(load: &Load) -> Result<()> {
    // A counted run has one chain, so that its order is always the same.
    let count = if load.options.units.is_some() {
        1
    } else {
        AT_A_TIME
    };
    let mut chains = Vec::new();
    for _ in 0..count {
        chains.push(Chain::new(load)?);
    }
    let runtime = runtime()?;
    measure(load, |until| runtime.block_on(run_all(&mut chains, until)))
}

async fn run_all(chains: &mut Vec<Chain>, until: Until) -> Result<u64> {
    let mut running = JoinSet::new();
    for chain in chains.drain(..) {
        running.spawn(chain.run(until));
    }
    let mut done = 0;
    while let Some(ended) = running.join_next().await {
        let (chain, count) = ended??;
        chains.push(chain);
        done += count;
    }
    Ok(done)
}

impl Chain {
    pub(super) fn new(load: &Load) -> Result<Self> {
        let handshake = load.row.handshake();
        let connector = if handshake.is_psk() {
            Connector::Psk(psk::Connector::new(handshake)?)
        } else {
            Connector::Rustls(config::config(handshake)?.into())
        };
        Ok(Self {
            load: load.clone(),
            handshake,
            connector,
            place: Place::First,
        })
    }

    async fn run(mut self, until: Until) -> Result<(Self, u64)> {
        let mut done = 0;
        while until.goes_on(done) {
            self.connect().await?;
            done += 1;
        }
        Ok((self, done))
    }

    pub(super) async fn connect(&mut self) -> Result<()> {
        let io = TcpStream::connect(self.load.server).await?;
        io.set_nodelay(true)?;
        // A reset leaves no socket behind that waits for minutes.
        SockRef::from(&io).set_linger(Some(Duration::ZERO))?;
        if self.load.options.plain {
            exchange(io).await?;
            return Ok(());
        }
        let connector = match &self.connector {
            Connector::Rustls(connector) => connector,
            Connector::Psk(connector) => return connector.exchange(io).await,
        };
        let stream = connector.connect(config::server_name()?, io).await?;
        config::check(self.handshake, self.place, stream.get_ref().1)?;
        self.place = Place::Later;
        exchange(stream).await
    }
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> Result<()> {
    let mut bytes = [0x17; REQUEST];
    stream.write_all(&bytes).await?;
    stream.flush().await?;
    // Behind the ticket, where there is one.
    stream.read_exact(&mut bytes[..1]).await?;
    Ok(())
}
