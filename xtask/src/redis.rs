//! A Redis server of one's own, for what measures or soaks: paused, killed and restarted at will.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::{Workspace, peers, run};

/// A running `redis-server` that keeps nothing; it ends with this value.
#[derive(Debug)]
pub(crate) struct Redis {
    program: PathBuf,
    port: u16,
    process: Child,
}

impl Redis {
    /// Starts one on a free port.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self, String> {
        let program = peers::redis(workspace)
            .ok_or("redis-server is missing; `cargo xtask peers` says how to get it")?;
        // Redis takes port 0 for "none", so a free one is chosen here.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| format!("no free port: {error}"))?
            .port();
        let process = spawn(&program, port)?;
        Ok(Self {
            program,
            port,
            process,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        // An error means that it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again, empty, where it listened.
    pub(crate) fn restart(&mut self) -> Result<(), String> {
        self.kill();
        self.process = spawn(&self.program, self.port)?;
        Ok(())
    }

    /// Stops it in its tracks: connections stay open, and nothing is answered.
    pub(crate) fn pause(&self) -> Result<(), String> {
        self.signal("-STOP")
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) -> Result<(), String> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<(), String> {
        let process = self.process.id().to_string();
        run::output(Command::new("kill").args([signal, &process])).map(drop)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until it is ready.
fn spawn(program: &PathBuf, port: u16) -> Result<Child, String> {
    let mut command = Command::new(program);
    command
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut process = command
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let output = process.stdout.take().ok_or("redis-server: no output")?;
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    if !lines.any(|line| line.contains("Ready to accept connections")) {
        let _ = process.kill();
        let _ = process.wait();
        return Err("redis-server did not become ready; is its port taken?".to_owned());
    }
    // What nobody reads would fill the pipe, and stop it.
    std::thread::spawn(move || lines.for_each(drop));
    Ok(process)
}
