//! Builds and runs the processes of the crate `tls-bench`.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::rows::{AWAY, PLAIN, REDIS, is_alone};
use crate::redis::Redis;
use crate::{Workspace, run};

/// The program of both ends.
#[derive(Debug)]
pub(super) struct Processes {
    program: PathBuf,
    pub(super) has_openssl: bool,
    redis: Redis,
}

impl Processes {
    pub(super) fn build(workspace: &Workspace) -> Result<Self, String> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if cores < 2 {
            return Err("needs two cores: one for the server, one for the client".to_owned());
        }
        let mut pkg_config = Command::new("pkg-config");
        let has_openssl = pkg_config
            .args(["--exists", "openssl"])
            .status()
            .is_ok_and(|status| status.success());
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--quiet", "--release", "--package", "tls-bench"]);
        if has_openssl {
            cargo.args(["--features", "openssl"]);
        } else {
            println!(
                "WARNING: no libssl-dev or no pkg-config: tokio-openssl is NOT measured \
                 (`apt-get install libssl-dev pkg-config`)\n"
            );
        }
        if !run::succeeds(&mut cargo) {
            return Err("tls-bench does not build".to_owned());
        }
        let program = workspace.target.join("release/tls-bench");
        Ok(Self {
            program,
            has_openssl,
            redis: Redis::start(workspace)?,
        })
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    pub(super) fn redis_url(&self) -> String {
        self.redis.url()
    }

    /// Versions of what is not in the lock file, a line each.
    pub(super) fn peers(&self) -> Result<String, String> {
        run::output(Command::new(&self.program).arg("peers"))
    }

    /// Runs one server and one client, or the one process of a load without a peer; what the client
    /// printed, by name.
    pub(super) fn measure(
        &self,
        stack: &str,
        load: &str,
        window_ms: u64,
    ) -> Result<Vec<(String, f64)>, String> {
        if is_alone(load) {
            let window_ms = window_ms.to_string();
            let mut alone = Command::new(&self.program);
            alone.args(["alone", stack, load, "--window-ms", &window_ms]);
            let printed =
                run::output(&mut alone).map_err(|error| format!("{load} {stack}: {error}"))?;
            return printed.lines().map(parse).collect();
        }
        let mut command = Command::new(&self.program);
        command.args(["server", stack, load]);
        if stack == REDIS {
            command.args(["--redis", &self.redis.url()]);
        }
        let server = Server::start(&mut command)?;
        let mut client = self.client(&server, stack, load);
        client.args(["--window-ms", &window_ms.to_string()]);
        let hangs = load == AWAY;
        if hangs {
            self.redis.pause()?;
        }
        let printed = run::output(&mut client);
        if hangs {
            self.redis.resume()?;
        }
        let printed = printed.map_err(|error| format!("{load} {stack}: {error}"))?;
        server.stop()?;
        printed.lines().map(parse).collect()
    }

    /// The same work, `units` of it, with the server under valgrind: what that writes to `profile`.
    pub(super) fn count(
        &self,
        stack: &str,
        load: &str,
        units: u64,
        profile: &Path,
    ) -> Result<String, String> {
        let units = units.to_string();
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--quiet", "--tool=callgrind"]);
        valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
        valgrind
            .arg(&self.program)
            .args(["server", stack, load, "--units", &units]);
        let server = Server::start(&mut valgrind)?;
        let mut client = self.client(&server, stack, load);
        run::output(client.args(["--units", &units]))
            .map_err(|error| format!("{load} {stack}: {error}"))?;
        server.stop()?;
        std::fs::read_to_string(profile).map_err(|error| format!("{}: {error}", profile.display()))
    }

    fn client(&self, server: &Server, stack: &str, load: &str) -> Command {
        let mut client = Command::new(&self.program);
        client.args(["client", load, &server.port]);
        client.args(["--server-process", &server.child.id().to_string()]);
        if stack == PLAIN {
            client.arg("--plain");
        }
        client
    }
}

/// A server process; it ends when its input does.
struct Server {
    child: Child,
    input: ChildStdin,
    port: String,
}

impl Server {
    fn start(command: &mut Command) -> Result<Self, String> {
        let name = command.get_program().display().to_string();
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{name}: {error}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{name}: no pipes"));
        };
        let mut line = String::new();
        // A port is a short line; nothing longer is waited for.
        let mut output = BufReader::new(output.take(64));
        output
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        let port = line.trim().strip_prefix("port ").map(str::to_owned);
        let port =
            port.ok_or_else(|| format!("the server printed {line:?} in place of its port"))?;
        Ok(Self { child, input, port })
    }

    fn stop(mut self) -> Result<(), String> {
        drop(self.input);
        self.child
            .wait()
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

fn parse(line: &str) -> Result<(String, f64), String> {
    let unreadable = || format!("the client printed {line:?}");
    let (name, value) = line.split_once(' ').ok_or_else(unreadable)?;
    Ok((name.to_owned(), value.parse().map_err(|_| unreadable())?))
}
