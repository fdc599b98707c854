//! A Redis server of one's own: alone, over TLS, in a cluster, or watched by a sentinel.

use std::{
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::timeout,
};

use super::{Process, Program, command};
use crate::pki::PkiFiles;

mod cluster;
mod sentinel;

pub use cluster::RedisCluster;
pub use sentinel::RedisSentinel;

/// How often another port is tried when somebody took the free one in between.
const ATTEMPTS: usize = 5;

/// How long a question to a server of ours may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often what a server is to become is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A running `redis-server` that keeps nothing; its directory goes with it.
#[derive(Debug)]
pub struct Redis {
    /// The program. Drop or [`stop`](Process::stop) it to see what happens without it.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    program: PathBuf,
    args: Vec<OsString>,
    directory: TempDir,
}

impl Redis {
    /// Starts one, or skips: see [`Program::require`].
    pub async fn require() -> Option<Self> {
        Self::require_with(&[]).await
    }

    /// The same with further options of `redis-server`.
    pub async fn require_with(args: &[&str]) -> Option<Self> {
        Self::require_at("--port", &os(args)).await
    }

    /// One that speaks TLS only, as the server of `files`; its socket speaks plainly.
    pub async fn require_tls(files: &PkiFiles) -> Option<Self> {
        Self::require_at("--tls-port", &tls_args(files)).await
    }

    /// A replica of this one, in step with it.
    pub async fn replica(&self) -> Self {
        let port = self.address.port().to_string();
        let args = ["--replicaof", "127.0.0.1", &port];
        let mut replica = Self::require_with(&args).await.unwrap();
        replica
            .process
            .wait_for("MASTER <-> REPLICA sync: Finished")
            .await;
        replica
    }

    /// Its working directory, with `redis.sock`, a Unix socket that it listens on as well.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Stops it in its tracks: connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again, empty, where it listened before.
    pub async fn restart(&mut self) {
        self.kill();
        self.process = run(&self.program, self.directory.path(), &self.args);
        assert!(is_ready(&mut self.process).await, "its port is taken");
    }

    /// One command, as one would type it, and its answer as text; errors begin with `-`, the parts of
    /// an array are lines. It goes through the socket, so that a TLS port is no hindrance.
    pub async fn ask(&self, command: &str) -> String {
        self.ask_all(&[command]).await
    }

    /// Several commands over one connection, and the answer to the last.
    pub async fn ask_all(&self, commands: &[&str]) -> String {
        let asked = timeout(PATIENCE, ask(self.directory.path(), commands));
        asked
            .await
            .unwrap_or_else(|_| panic!("redis-server does not answer {commands:?}"))
    }

    /// Asks until the answer has `part` in it.
    pub async fn wait_until(&self, command: &str, part: &str) {
        let come = async {
            while !self.ask(command).await.contains(part) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        timeout(PATIENCE, come)
            .await
            .unwrap_or_else(|_| panic!("redis-server: {command:?} never has {part:?}"));
    }

    /// One that listens at the port given by that option.
    async fn require_at(port_option: &str, further: &[OsString]) -> Option<Self> {
        let program = Program::Redis.require()?;
        let args = |port: u16| {
            let mut args = os(&[port_option, &port.to_string()]);
            args.extend_from_slice(further);
            args
        };
        Some(Self::start(&program, args).await)
    }

    async fn start(program: &Path, args: impl Fn(u16) -> Vec<OsString>) -> Self {
        for _ in 0..ATTEMPTS {
            let directory = tempfile::tempdir().unwrap();
            let address = free_address();
            let args = args(address.port());
            let mut process = run(program, directory.path(), &args);
            if is_ready(&mut process).await {
                return Self {
                    process,
                    address,
                    program: program.to_owned(),
                    args,
                    directory,
                };
            }
        }
        panic!("redis-server finds no free port in {ATTEMPTS} attempts")
    }
}

fn os(args: &[&str]) -> Vec<OsString> {
    args.iter().map(OsString::from).collect()
}

/// No port for those who do not speak TLS, and no demand for certificates of those who do.
fn tls_args(files: &PkiFiles) -> Vec<OsString> {
    let mut args = os(&["--port", "0", "--tls-auth-clients", "no"]);
    for (option, file) in [
        ("--tls-cert-file", &files.cert),
        ("--tls-key-file", &files.key),
        ("--tls-ca-cert-file", &files.ca),
        // What it shows to other nodes of a cluster, which do demand one.
        ("--tls-client-cert-file", &files.client_cert),
        ("--tls-client-key-file", &files.client_key),
    ] {
        args.extend([option.into(), file.into()]);
    }
    args
}

/// Redis takes port 0 for "none", so a free one is chosen here.
fn free_address() -> SocketAddr {
    let chosen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    chosen.local_addr().unwrap()
}

fn run(program: &Path, directory: &Path, args: &[OsString]) -> Process {
    let mut command = command(program);
    command
        .current_dir(directory)
        .args(["--bind", "127.0.0.1", "--daemonize", "no"])
        .args(["--save", "", "--appendonly", "no"])
        .args(["--unixsocket", "redis.sock"])
        // Replicas come one by one here: there is no second one to wait for.
        .args(["--repl-diskless-sync-delay", "0"])
        // A cluster lists a replica once it was written to, if only by this.
        .args(["--repl-ping-replica-period", "1"])
        .args(args);
    Process::start(command)
}

/// `false` if it found its port taken.
async fn is_ready(process: &mut Process) -> bool {
    loop {
        let line = process.next_line().await;
        if line.contains("Ready to accept connections") {
            return true;
        }
        if line.contains("Failed listening") || line.contains("Could not create server") {
            return false;
        }
    }
}

async fn ask(directory: &Path, commands: &[&str]) -> String {
    let stream = UnixStream::connect(directory.join("redis.sock"));
    let mut stream = BufReader::new(stream.await.unwrap());
    let mut answer = String::new();
    for command in commands {
        let line = format!("{command}\r\n");
        stream.get_mut().write_all(line.as_bytes()).await.unwrap();
        answer = read_answer(&mut stream).await;
    }
    answer
}

/// RESP2, read into text.
async fn read_answer(stream: &mut BufReader<UnixStream>) -> String {
    let mut text = String::new();
    let mut open = 1;
    while open > 0 {
        open -= 1;
        let mut line = String::new();
        assert!(
            stream.read_line(&mut line).await.unwrap() > 0,
            "redis-server hung up"
        );
        let line = line.trim_end();
        let (kind, rest) = line.split_at(1);
        let count = rest.parse::<usize>().unwrap_or(0);
        match kind {
            "*" => open += count,
            "$" if rest != "-1" => {
                let mut bulk = vec![0; count + 2];
                stream.read_exact(&mut bulk).await.unwrap();
                text += &String::from_utf8_lossy(&bulk[..count]);
                text.push('\n');
            }
            "$" => {}
            "-" => text = text + line + "\n",
            _ => text = text + rest + "\n",
        }
    }
    text.trim_end().to_owned()
}
