//! The server receives: what it gets was sealed before, while the server was at rest.

use std::io::Write;
use std::time::Duration;

use super::blocking::Connection;
use super::{Load, Until, WARM_UP, print_rate};
use crate::Result;
use crate::server::BATCH;

/// Content of the records that the client makes, and of one of its writes with TLS over it.
const RECORD: usize = 16 * 1024;
const SEALED_RECORD: usize = 5 + RECORD + 1 + 16;

pub(super) fn run(load: &Load, write: usize) -> Result<()> {
    let batch = load
        .options
        .units
        .map_or(BATCH, |units| write * units as usize);
    let mut sender = Sender::new(load, write, batch)?;
    if load.options.units.is_some() {
        sender.seal()?;
        return sender.send_batch();
    }
    let watched = load.watched()?;
    let warm = Until::window(WARM_UP);
    while warm.goes_on(0) {
        sender.seal()?;
        sender.send_batch()?;
    }
    let mut spent = Duration::ZERO;
    let mut sent = 0.0;
    let until = Until::window(load.options.window);
    while until.goes_on(0) {
        sender.seal()?;
        let before = watched.cpu_time_at_rest()?;
        sender.send_batch()?;
        spent += watched.cpu_time_at_rest()?.saturating_sub(before);
        sent += batch as f64 / 1e6;
    }
    print_rate(sent, spent);
    Ok(())
}

/// One connection, and the next batch for it.
struct Sender {
    connection: Connection,
    plaintext: Vec<u8>,
    sealed: Vec<u8>,
    /// Bytes on the wire that one write takes.
    write: usize,
    batch: usize,
}

impl Sender {
    fn new(load: &Load, write: usize, batch: usize) -> Result<Self> {
        let mut connection = Connection::open(load)?;
        let mut wire_write = write;
        if let Some(tls) = &mut connection.tls {
            tls.set_buffer_limit(None);
            wire_write = write / RECORD * SEALED_RECORD;
        }
        let plaintext = vec![0xa5; write];
        Ok(Self {
            connection,
            plaintext,
            sealed: Vec::new(),
            write: wire_write,
            batch,
        })
    }

    /// Makes the bytes of the next batch.
    fn seal(&mut self) -> Result<()> {
        self.sealed.clear();
        let mut left = self.batch;
        while left > 0 {
            let part = &self.plaintext[..left.min(self.plaintext.len())];
            left -= part.len();
            match &mut self.connection.tls {
                Some(tls) => {
                    tls.writer().write_all(part)?;
                    while tls.wants_write() {
                        tls.write_tls(&mut self.sealed)?;
                    }
                }
                None => self.sealed.extend_from_slice(part),
            }
        }
        Ok(())
    }

    /// Sends them, until the server says that it has all.
    fn send_batch(&mut self) -> Result<()> {
        for part in self.sealed.chunks(self.write) {
            self.connection.socket.write_all(part)?;
        }
        self.connection.read_exact(&mut [0])
    }
}
