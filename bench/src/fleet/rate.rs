//! How many of the handshakes after the first are resumed, whichever worker they come to.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::visit::visit;
use crate::Result;
use crate::client::config;
use crate::options::Options;
use crate::row::Handshake;

/// Clients, each with sessions of its own, which come one connection after the other.
const CLIENTS: u64 = 8;

/// Handshakes after the first of each client, unless `--units` says otherwise.
const HANDSHAKES: u64 = 10_000;

/// Prints how many handshakes came after the first of each client, how many of them were resumed,
/// and in how many seconds. They are spread over `--window-ms`, if that is longer than they take.
pub(crate) fn run(port: u16, options: &Options) -> Result<()> {
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    let handshakes = options.units.unwrap_or(HANDSHAKES);
    let pace = options.window / u32::try_from(handshakes / CLIENTS)?.max(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let begun = Instant::now();
    let resumed = runtime.block_on(async {
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let version = match client % 2 {
                0 => Handshake::Tls12Resumed,
                _ => Handshake::Tls13Resumed,
            };
            clients.spawn(come(server, version, handshakes / CLIENTS, pace));
        }
        let mut resumed = 0;
        while let Some(client) = clients.join_next().await {
            resumed += client??;
        }
        Ok::<_, crate::Error>(resumed)
    })?;
    println!("handshakes {}", handshakes / CLIENTS * CLIENTS);
    println!("resumed {resumed}");
    println!("seconds {}", begun.elapsed().as_secs_f64());
    Ok(())
}

async fn come(
    server: SocketAddr,
    version: Handshake,
    handshakes: u64,
    pace: Duration,
) -> Result<u64> {
    let connector = TlsConnector::from(config::config(version)?);
    visit(server, &connector).await?;
    let mut turn = tokio::time::interval(pace.max(Duration::from_micros(1)));
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut resumed = 0;
    for _ in 0..handshakes {
        turn.tick().await;
        resumed += u64::from(visit(server, &connector).await?);
    }
    Ok(resumed)
}
