//! The server sends: what it sends is dropped by the kernel, and this process spins, so that the
//! server is neither held up nor pays for waking anybody.

use std::io::ErrorKind;
use std::net::TcpStream;

use rustix::net::{RecvFlags, recv};

use super::blocking::Connection;
use super::{Load, Until, WARM_UP, print_rate};
use crate::Result;

const CONNECTIONS: usize = 2;

/// Dropped at a time.
const DROP: usize = 4 * 1024 * 1024;

pub(super) fn run(load: &Load) -> Result<()> {
    let count = if load.options.units.is_some() {
        1
    } else {
        CONNECTIONS
    };
    let mut sockets = Vec::new();
    for _ in 0..count {
        let mut connection = Connection::open(load)?;
        connection.write(&[1])?;
        connection.socket.set_nonblocking(true)?;
        sockets.push(connection.socket);
    }
    let mut space = vec![0; DROP];
    if load.options.units.is_some() {
        // The server decides how much, and ends.
        while drop_received(&sockets, &mut space)?.is_some() {}
        return Ok(());
    }
    let watched = load.watched()?;
    drop_until(&sockets, &mut space, Until::window(WARM_UP))?;
    let before = watched.cpu_time()?;
    let received = drop_until(&sockets, &mut space, Until::window(load.options.window))?;
    let spent = watched.cpu_time()?.saturating_sub(before);
    print_rate(received as f64 / 1e6, spent);
    Ok(())
}

fn drop_until(sockets: &[TcpStream], space: &mut [u8], until: Until) -> Result<u64> {
    let mut received = 0;
    while until.goes_on(received) {
        received += drop_received(sockets, space)?.ok_or("the server ended")? as u64;
    }
    Ok(received)
}

/// Drops what lies in the sockets; `None` once one has ended.
fn drop_received(sockets: &[TcpStream], space: &mut [u8]) -> Result<Option<usize>> {
    let mut received = 0;
    for socket in sockets {
        match recv(socket, &mut *space, RecvFlags::TRUNC) {
            Ok((_, 0)) => return Ok(None),
            Ok((_, dropped)) => received += dropped,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(received))
}
