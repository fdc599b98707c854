//! A primary, its replica, and a sentinel that puts one in the other's place.

use std::net::SocketAddr;

use tempfile::TempDir;

use super::{Redis, free_address};
use crate::peer::{Process, Program, command};

/// A primary and a replica under the name `main`, and one sentinel, for which 300 ms of silence are an
/// end.
#[derive(Debug)]
pub struct RedisSentinel {
    /// The primary, until it fails.
    pub primary: Redis,
    /// What takes its place.
    pub replica: Redis,
    /// The sentinel.
    pub process: Process,
    /// Where the sentinel listens.
    pub address: SocketAddr,
    _directory: TempDir,
}

impl RedisSentinel {
    /// The name of the primary at the sentinel.
    pub const MASTER: &str = "main";

    /// Starts all three, or skips.
    pub async fn require() -> Option<Self> {
        Self::require_with("").await
    }

    /// The same with further lines in the sentinel's configuration.
    pub async fn require_with(lines: &str) -> Option<Self> {
        let program = Program::Redis.require()?;
        let primary = Redis::require().await?;
        let replica = primary.replica().await;
        let directory = tempfile::tempdir().unwrap();
        let address = free_address();
        let (name, port) = (Self::MASTER, primary.address.port());
        let file = directory.path().join("sentinel.conf");
        let settings = format!(
            "port {}\nbind 127.0.0.1\n\
             sentinel monitor {name} 127.0.0.1 {port} 1\n\
             sentinel down-after-milliseconds {name} 300\n\
             sentinel failover-timeout {name} 3000\n\
             {lines}\n",
            address.port()
        );
        std::fs::write(&file, settings).unwrap();
        let mut command = command(&program);
        command
            .current_dir(directory.path())
            .arg(&file)
            .arg("--sentinel");
        let mut process = Process::start(command);
        process.wait_for("+slave ").await;
        Some(Self {
            primary,
            replica,
            process,
            address,
            _directory: directory,
        })
    }

    /// Waits until the replica has taken the place of the primary.
    pub async fn wait_for_failover(&mut self) {
        self.process.wait_for("+switch-master").await;
        self.replica.wait_until("ROLE", "master").await;
    }
}
