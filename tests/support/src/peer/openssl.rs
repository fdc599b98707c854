//! `openssl s_client` and `s_server`.

use std::{ffi::OsStr, net::SocketAddr, path::PathBuf};

use super::{Output, Process, Program, command};

/// The command `openssl`.
#[derive(Debug, Clone)]
pub struct OpenSsl {
    pub(super) path: PathBuf,
}

impl OpenSsl {
    /// Finds it, or skips: see [`Program::require`].
    #[must_use]
    pub fn require() -> Option<Self> {
        Program::OpenSsl.require().map(|path| Self { path })
    }

    /// Any subcommand, to its end.
    pub async fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        let mut command = command(&self.path);
        command.args(args);
        Process::start(command).finish().await
    }

    /// `s_client` to `address`, running: [`send`](Process::send) goes to the server, a line `Q`
    /// ends it. Session files are a matter of `args`: `-sess_out FILE`, `-sess_in FILE`.
    #[must_use]
    pub fn s_client(&self, address: SocketAddr, args: &[&str]) -> Process {
        let mut command = command(&self.path);
        command
            .arg("s_client")
            .arg("-connect")
            .arg(address.to_string())
            .args(args);
        Process::start(command)
    }

    /// `s_client` that sends `line`, waits for `answer` (or for nothing, if it is empty), then says
    /// `Q`. Give the root with `-CAfile FILE`.
    pub async fn converse(
        &self,
        address: SocketAddr,
        args: &[&str],
        line: &str,
        answer: &str,
    ) -> Output {
        let mut client = self.s_client(address, args);
        client.send(format!("{line}\n").as_bytes());
        client.wait_for(answer).await;
        client.send(b"Q\n");
        client.finish().await
    }

    /// `s_server` on a free port of 127.0.0.1, ready to accept. `args` give `-cert` and `-key`, and
    /// what else it should do (`-www`, `-rev`, `-tls1_2`, `-Verify 2`, …).
    pub async fn s_server(&self, args: &[&str]) -> SServer {
        let mut command = command(&self.path);
        command
            .args(["s_server", "-accept", "127.0.0.1:0"])
            .args(args);
        let mut process = Process::start(command);
        let address = process.line_after("ACCEPT ").await;
        let address = address
            .parse()
            .unwrap_or_else(|_| panic!("s_server: address {address:?}"));
        SServer { process, address }
    }
}

/// A running `openssl s_server`.
#[derive(Debug)]
pub struct SServer {
    /// The program.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
}
