//! A Redis server of one's own.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
};

use tempfile::TempDir;

use super::{Process, Program, command};

/// How often another port is tried when somebody took the free one in between.
const ATTEMPTS: usize = 5;

/// A running `redis-server` that keeps nothing; its directory goes with it.
#[derive(Debug)]
pub struct Redis {
    /// The program. Drop or [`stop`](Process::stop) it to see what happens without it.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    directory: TempDir,
}

impl Redis {
    /// Starts one, or skips: see [`Program::require`].
    pub async fn require() -> Option<Self> {
        Self::require_with(&[]).await
    }

    /// The same with further options of `redis-server`.
    pub async fn require_with(args: &[&str]) -> Option<Self> {
        let path = Program::Redis.require()?;
        for _ in 0..ATTEMPTS {
            let directory = tempfile::tempdir().unwrap();
            // Redis takes port 0 for "none", so a free one is chosen here.
            let chosen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = chosen.local_addr().unwrap();
            drop(chosen);
            let mut process = start(&path, address, directory.path(), args);
            let ended = loop {
                let line = process.next_line().await;
                if line.contains("Ready to accept connections") {
                    break false;
                }
                if line.contains("Failed listening") || line.contains("Could not create server") {
                    break true;
                }
            };
            if !ended {
                return Some(Self {
                    process,
                    address,
                    directory,
                });
            }
        }
        panic!("redis-server finds no free port in {ATTEMPTS} attempts")
    }

    /// Its working directory, with `redis.sock`, a Unix socket that it listens on as well.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

fn start(path: &Path, address: SocketAddr, directory: &Path, args: &[&str]) -> Process {
    let mut command = command(path);
    command
        .current_dir(directory)
        .args(["--port", &address.port().to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .args(["--unixsocket", "redis.sock"])
        .args(args);
    Process::start(command)
}
