//! A load that loses nothing: every connect has to end in a handshake and its echo.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::visit::visit;
use crate::Result;
use crate::client::config;
use crate::options::Options;
use crate::row::Handshake;

/// Connections at a time.
const CLIENTS: usize = 16;

/// From the connect to the echo.
const LIMIT: Duration = Duration::from_secs(2);

/// How often a client forgets its sessions: one connection in so many is new to the servers.
const NEW_EACH: u64 = 16;

#[derive(Debug, Default)]
struct Counts {
    connects: u64,
    resumed: u64,
    lost: u64,
    slowest: Duration,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.connects += other.connects;
        self.resumed += other.resumed;
        self.lost += other.lost;
        self.slowest = self.slowest.max(other.slowest);
    }
}

/// Connects for `--window-ms` and prints what came of it; an error if any connection was lost.
pub(crate) fn run(port: u16, options: &Options) -> Result<()> {
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    let end = Instant::now() + options.window;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let counts = runtime.block_on(async {
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(come_until(server, end));
        }
        let mut counts = Counts::default();
        while let Some(client) = clients.join_next().await {
            counts.add(&client??);
        }
        Ok::<_, crate::Error>(counts)
    })?;
    println!("connects {}", counts.connects);
    println!("resumed {}", counts.resumed);
    println!("lost {}", counts.lost);
    println!("slowest_ms {}", counts.slowest.as_secs_f64() * 1000.0);
    if counts.lost > 0 {
        return Err(format!("{} connections were lost", counts.lost).into());
    }
    Ok(())
}

async fn come_until(server: SocketAddr, end: Instant) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut connectors = connectors()?;
    let random = RandomState::new();
    while Instant::now() < end {
        let chance = random.hash_one(counts.connects);
        if chance.is_multiple_of(NEW_EACH) {
            connectors = self::connectors()?;
        }
        let connector = &connectors[usize::from(chance & 0x100 != 0)];
        let begun = Instant::now();
        let outcome = tokio::time::timeout(LIMIT, visit(server, connector)).await;
        counts.connects += 1;
        counts.slowest = counts.slowest.max(begun.elapsed());
        match outcome {
            Ok(Ok(resumed)) => counts.resumed += u64::from(resumed),
            Ok(Err(error)) => {
                counts.lost += 1;
                eprintln!("lost after {:?}: {error}", begun.elapsed());
            }
            Err(_) => {
                counts.lost += 1;
                eprintln!("lost: no echo within {LIMIT:?}");
            }
        }
    }
    Ok(counts)
}

/// One of TLS 1.2 and one of TLS 1.3, without sessions yet.
fn connectors() -> Result<[TlsConnector; 2]> {
    Ok([
        TlsConnector::from(config::config(Handshake::Tls12Resumed)?),
        TlsConnector::from(config::config(Handshake::Tls13Resumed)?),
    ])
}
