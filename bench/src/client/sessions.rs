//! What the server's memory holds for each session that it keeps.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Load, pause};
use crate::Result;

/// Prints the growth of the server's resident memory over its sessions, for each.
pub(super) fn run(load: &Load) -> Result<()> {
    let watched = load.watched()?;
    let mut socket = TcpStream::connect(load.server)?;
    watched.cpu_time_at_rest()?;
    let before = watched.resident()?;
    socket.write_all(&[1])?;
    let mut kept = [0; 8];
    socket.read_exact(&mut kept)?;
    watched.cpu_time_at_rest()?;
    pause();
    let grown = watched.resident()?.saturating_sub(before);
    println!("each {}", grown as f64 / u64::from_be_bytes(kept) as f64);
    Ok(())
}
