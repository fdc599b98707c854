//! Starting `tls` and asking it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use tls_testing::peer::{Output, Process};

/// A directory for one test, with a development CA of its own.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.path().join("dev").join("dev-ca.pem")
    }

    /// `tls` with these words, running.
    pub(crate) fn start(&self, args: &[&str]) -> Process {
        self.start_with(args, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn start_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tls"));
        command
            .args(args)
            .current_dir(self.path())
            .env("TLS_DEV_DIR", self.path().join("dev"))
            .envs(variables.iter().copied());
        Process::start(command)
    }

    /// The same, to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Output {
        self.start(args).finish().await
    }

    pub(crate) async fn exit_code(&self, args: &[&str]) -> i32 {
        self.run(args).await.status.code().unwrap()
    }

    /// `tls serve --json` on a free port, listening.
    pub(crate) async fn serve(&self, args: &[&str]) -> Serving {
        self.serve_with(args, &[]).await
    }

    /// The same with variables in its environment.
    pub(crate) async fn serve_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Serving {
        let mut all = vec!["serve", "--json"];
        if !args.contains(&"--listen") {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(args);
        let mut process = self.start_with(&all, variables);
        let listening = json(&process.next_line().await);
        assert_eq!(
            (&listening["event"], &listening["v"]),
            (&"listening".into(), &1.into())
        );
        let address = listening["addr"].as_str().unwrap().parse().unwrap();
        Serving {
            process,
            address,
            listening,
        }
    }
}

/// A server that listens.
pub(crate) struct Serving {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) listening: Value,
}

impl Serving {
    /// `localhost:PORT`.
    pub(crate) fn place(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.place())
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Value {
        json(&self.process.next_line().await)
    }

    /// Asks it to end, as systemd does.
    pub(crate) fn terminate(&self) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(status.success());
    }
}

pub(crate) fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(json).collect()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
