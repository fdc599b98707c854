//! Connections at rest: what each costs the server in resident memory.

use super::blocking::Connection;
use super::{Load, pause};
use crate::Result;
use crate::server::MESSAGE;

pub(super) fn run(load: &Load) -> Result<()> {
    let watched = load.watched()?;
    // What the first connection brings with it belongs to the process.
    echo(&mut Connection::open(load)?)?;
    watched.cpu_time_at_rest()?;
    let before = watched.resident()?;
    let mut connections = Vec::with_capacity(load.options.connections);
    for _ in 0..load.options.connections {
        connections.push(Connection::open(load)?);
    }
    watched.cpu_time_at_rest()?;
    pause();
    print_growth("after-handshake", load, watched.resident()?, before);
    for connection in &mut connections {
        echo(connection)?;
    }
    watched.cpu_time_at_rest()?;
    print_growth("after-echo", load, watched.resident()?, before);
    Ok(())
}

fn echo(connection: &mut Connection) -> Result<()> {
    let mut message = [0x44; MESSAGE];
    connection.write(&message)?;
    connection.read_exact(&mut message)
}

fn print_growth(name: &str, load: &Load, now: u64, before: u64) {
    let each = now.saturating_sub(before) as f64 / load.options.connections as f64;
    println!("{name} {each}");
}
