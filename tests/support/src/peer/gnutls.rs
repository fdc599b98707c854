//! `gnutls-cli`.

use std::{net::SocketAddr, path::PathBuf};

use super::{Process, Program, command};

/// The command `gnutls-cli`.
#[derive(Debug, Clone)]
pub struct GnuTls {
    path: PathBuf,
}

impl GnuTls {
    /// Finds it, or skips: see [`Program::require`].
    #[must_use]
    pub fn require() -> Option<Self> {
        Program::GnuTls.require().map(|path| Self { path })
    }

    /// A client of `address`, running: [`send`](Process::send) goes to the server, the end of its
    /// input ends it. `priority` says what it offers (`NORMAL:-VERS-ALL:+VERS-TLS1.2`).
    #[must_use]
    pub fn client(&self, address: SocketAddr, priority: &str, args: &[&str]) -> Process {
        let mut command = command(&self.path);
        command
            .args(["--port", &address.port().to_string()])
            .args(["--priority", priority])
            .args(args)
            .arg(address.ip().to_string());
        Process::start(command)
    }
}
