//! The client: the same for every stack, one file per kind of load.

mod blocking;
pub(crate) mod config;
mod echo;
mod handshakes;
mod idle;
mod latency;
mod psk;
mod receive;
mod send;
mod sessions;

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::cpu_clock::Watched;
use crate::options::Options;
use crate::row::Row;
use crate::{Error, Result};

/// Where the load goes, and how much of it.
#[derive(Clone, Debug)]
struct Load {
    row: Row,
    server: SocketAddr,
    options: Options,
}

impl Load {
    fn watched(&self) -> Result<Watched> {
        let process = self
            .options
            .server_process
            .ok_or("--server-process is missing")?;
        Ok(Watched(process))
    }
}

/// Makes the load of `row` on the server at `port` and prints what was measured.
pub(crate) fn run(row: Row, port: u16, options: &Options) -> Result<()> {
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    let load = Load {
        row,
        server,
        options: options.clone(),
    };
    match row {
        Row::Handshake(_) => handshakes::run(&load),
        Row::Send { .. } => send::run(&load),
        Row::Receive { write } => receive::run(&load, write),
        Row::Echo => echo::run(&load),
        Row::Idle | Row::IdlePsk => idle::run(&load),
        Row::Latency => latency::run(&load),
        Row::Sessions => sessions::run(&load),
    }
}

/// Prints work per CPU second of the server.
fn print_rate(work: f64, spent: Duration) {
    println!("rate {}", work / spent.as_secs_f64());
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
enum Until {
    /// At this time.
    Time(Instant),
    /// After so many units.
    Units(u64),
}

impl Until {
    fn window(length: Duration) -> Self {
        Self::Time(Instant::now() + length)
    }

    fn goes_on(self, done: u64) -> bool {
        match self {
            Self::Time(end) => Instant::now() < end,
            Self::Units(units) => done < units,
        }
    }
}

/// Before the window, so that caches, pools and sessions are there.
const WARM_UP: Duration = Duration::from_millis(120);

/// Runs `work` twice, to warm up and to measure, or once for a fixed number of units; prints the
/// rate. `work` leaves the server at rest and tells how much it did.
fn measure(load: &Load, mut work: impl FnMut(Until) -> Result<u64>) -> Result<()> {
    if let Some(units) = load.options.units {
        let done = work(Until::Units(units))?;
        return if done == units {
            Ok(())
        } else {
            Err(format!("{done} units, not {units}").into())
        };
    }
    let watched = load.watched()?;
    work(Until::window(WARM_UP))?;
    let before = watched.cpu_time_at_rest()?;
    let done = work(Until::window(load.options.window))?;
    let spent = watched.cpu_time_at_rest()?.saturating_sub(before);
    print_rate(done as f64, spent);
    Ok(())
}

/// A runtime of one thread.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

/// Waits between two looks at the server.
fn pause() {
    thread::sleep(Duration::from_millis(2));
}

/// An assertion that ends the process with what was seen.
fn expect<T: PartialEq + std::fmt::Debug>(what: &str, seen: &T, wanted: &T) -> Result<()> {
    if seen == wanted {
        return Ok(());
    }
    Err(Error::from(format!("{what}: {seen:?}, not {wanted:?}")))
}
