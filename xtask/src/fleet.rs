//! Worker processes behind one port, for what measures or soaks.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::{Workspace, run, soak};

/// Builds the program of workers and clients.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf, String> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--quiet", "--release", "--package", "tls-bench"]);
    if !run::succeeds(&mut cargo) {
        return Err("tls-bench does not build".to_owned());
    }
    Ok(workspace.target.join("release/tls-bench"))
}

/// Workers that share sessions and listen on one port; they end with this value.
pub(crate) struct Fleet {
    pub(crate) port: String,
    workers: Vec<Worker>,
}

struct Worker {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Fleet {
    /// Starts `count` workers that share sessions in the way of that name.
    pub(crate) fn start(
        program: &Path,
        sharing: &str,
        count: usize,
        redis: Option<&str>,
    ) -> Result<Self, String> {
        let mut fleet = Self {
            port: "0".to_owned(),
            workers: Vec::new(),
        };
        for _ in 0..count {
            let mut command = Command::new(program);
            command.args(["worker", sharing, &fleet.port]);
            if let Some(url) = redis {
                command.args(["--redis", url]);
            }
            let (worker, port) = Worker::start(&mut command)?;
            fleet.workers.push(worker);
            fleet.port = port;
        }
        Ok(fleet)
    }

    /// Ends them; what their connections came to, all workers together.
    pub(crate) fn stop(mut self) -> Result<BTreeMap<String, f64>, String> {
        let mut sum = BTreeMap::new();
        for worker in &mut self.workers {
            drop(worker.input.take());
            let mut text = String::new();
            worker
                .output
                .read_to_string(&mut text)
                .map_err(|error| error.to_string())?;
            for (name, count) in soak::numbers(&text) {
                *sum.entry(name).or_default() += count;
            }
        }
        Ok(sum)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            // It ends with its input.
            drop(worker.input.take());
            let _ = worker.process.wait();
        }
    }
}

impl Worker {
    fn start(command: &mut Command) -> Result<(Self, String), String> {
        let name = command.get_program().display().to_string();
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = child.map_err(|error| format!("{name}: {error}"))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("{name}: no pipes"));
        };
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        let port = line.trim().strip_prefix("port ").map(str::to_owned);
        let port =
            port.ok_or_else(|| format!("the worker printed {line:?} in place of its port"))?;
        let worker = Self {
            process,
            input: Some(input),
            output,
        };
        Ok((worker, port))
    }
}
