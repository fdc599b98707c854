//! Connections at rest: what each costs the server in resident memory.

use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::blocking::Connection;
use super::{Load, pause, psk, runtime};
use crate::Result;
use crate::psk::Stream;
use crate::server::MESSAGE;

/// A connection at rest.
enum Idle {
    Rustls(Box<Connection>),
    Psk(Box<Stream>),
}

/// What opens them and talks over them.
struct Opener<'a> {
    load: &'a Load,
    runtime: Runtime,
    psk: Option<psk::Connector>,
}

impl<'a> Opener<'a> {
    fn new(load: &'a Load) -> Result<Self> {
        let handshake = load.row.handshake();
        let connector = handshake.is_psk().then(|| psk::Connector::new(handshake));
        Ok(Self {
            load,
            runtime: runtime()?,
            psk: connector.transpose()?,
        })
    }

    fn open(&self) -> Result<Idle> {
        let Some(connector) = &self.psk else {
            return Ok(Idle::Rustls(Box::new(Connection::open(self.load)?)));
        };
        let stream = self.runtime.block_on(async {
            let io = TcpStream::connect(self.load.server).await?;
            io.set_nodelay(true)?;
            SockRef::from(&io).set_linger(Some(Duration::ZERO))?;
            connector.connect(io).await
        });
        Ok(Idle::Psk(Box::new(stream?)))
    }

    fn echo(&self, connection: &mut Idle) -> Result<()> {
        let mut message = [0x44; MESSAGE];
        match connection {
            Idle::Rustls(connection) => {
                connection.write(&message)?;
                connection.read_exact(&mut message)
            }
            Idle::Psk(stream) => self.runtime.block_on(async {
                stream.write_all(&message).await?;
                stream.read(&mut message).await.map(|_| ())
            }),
        }
    }
}

pub(super) fn run(load: &Load) -> Result<()> {
    let watched = load.watched()?;
    let opener = Opener::new(load)?;
    // What the first connection brings with it belongs to the process.
    opener.echo(&mut opener.open()?)?;
    watched.cpu_time_at_rest()?;
    let before = watched.resident()?;
    let mut connections = Vec::with_capacity(load.options.connections);
    for _ in 0..load.options.connections {
        connections.push(opener.open()?);
    }
    watched.cpu_time_at_rest()?;
    pause();
    print_growth("after-handshake", load, watched.resident()?, before);
    for connection in &mut connections {
        opener.echo(connection)?;
    }
    watched.cpu_time_at_rest()?;
    print_growth("after-echo", load, watched.resident()?, before);
    Ok(())
}

fn print_growth(name: &str, load: &Load, now: u64, before: u64) {
    let each = now.saturating_sub(before) as f64 / load.options.connections as f64;
    println!("{name} {each}");
}
