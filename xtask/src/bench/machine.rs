//! On what a run was made: figures mean nothing without it.

use std::fmt;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::processes::Processes;
use crate::{Workspace, run};

/// Above this load average, something else is at work.
const BUSY: f64 = 0.5;

/// Packages whose versions matter.
const PACKAGES: &[&str] = &[
    "rustls",
    "tokio-rustls",
    "aws-lc-rs",
    "aws-lc-sys",
    "tokio",
    "tokio-openssl",
];

/// The machine and what was built on it.
#[derive(Debug, Default)]
pub(super) struct Machine {
    processor: String,
    cores: usize,
    memory: String,
    system: String,
    kernel: String,
    date: String,
    /// Of this workspace; empty outside git.
    commit: String,
    versions: Vec<(String, String)>,
    load: f64,
}

impl Machine {
    pub(super) fn describe(workspace: &Workspace, processes: &Processes) -> Result<Self, String> {
        let output = |program: &str, args: &[&str]| {
            let mut command = Command::new(program);
            let text = run::output(command.current_dir(&workspace.root).args(args));
            text.map(|text| text.trim().to_owned()).unwrap_or_default()
        };
        let mut versions = locked_versions(workspace)?;
        for line in processes.peers()?.lines() {
            let name = line.split(' ').next().unwrap_or_default();
            if let Some(version) = line.strip_prefix(name).filter(|_| name == "OpenSSL") {
                versions.push((name.to_owned(), version.trim().to_owned()));
            }
        }
        let rustc = output("rustc", &["--version"]);
        versions.push((
            "rustc".to_owned(),
            rustc.trim_start_matches("rustc ").to_owned(),
        ));
        Ok(Self {
            processor: field("/proc/cpuinfo", "model name", ':'),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            memory: field("/proc/meminfo", "MemTotal", ':'),
            system: field("/etc/os-release", "PRETTY_NAME", '=').replace('"', ""),
            kernel: output("uname", &["-sr"]),
            date: output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
            commit: output("git", &["rev-parse", "--short", "HEAD"]),
            versions,
            load: load_average(),
        })
    }

    /// Whether anything else was running before.
    pub(super) fn is_busy(&self) -> bool {
        self.load > BUSY
    }

    pub(super) fn to_json(&self) -> Value {
        let versions: serde_json::Map<_, _> = self
            .versions
            .iter()
            .map(|(name, version)| (name.clone(), Value::from(version.as_str())))
            .collect();
        json!({
            "processor": self.processor,
            "cores": self.cores,
            "memory": self.memory,
            "system": self.system,
            "kernel": self.kernel,
            "date": self.date,
            "commit": self.commit,
            "load_before": self.load,
            "versions": versions,
        })
    }

    /// One line, for the chart.
    pub(super) fn title(&self) -> String {
        format!(
            "{}, {} cores, {}, {}",
            self.processor, self.cores, self.kernel, self.date
        )
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}, {} cores, {}",
            self.processor, self.cores, self.memory
        )?;
        writeln!(f, "{}, {}", self.system, self.kernel)?;
        for (name, version) in &self.versions {
            write!(f, "{name} {version}; ")?;
        }
        write!(
            f,
            "commit {}\n{}, load {}",
            self.commit, self.date, self.load
        )
    }
}

/// The load average of the last minute.
pub(super) fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|load| load.parse().ok())
        .unwrap_or_default()
}

/// The value of the first line of `file` that begins with `name`.
fn field(file: &str, name: &str, separator: char) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(separator));
    value.map_or_else(
        || "unknown".to_owned(),
        |(_, value)| value.trim().to_owned(),
    )
}

fn locked_versions(workspace: &Workspace) -> Result<Vec<(String, String)>, String> {
    let lock = workspace.root.join("Cargo.lock");
    let text = fs::read_to_string(&lock).map_err(|error| error.to_string())?;
    Ok(versions_in(&text))
}

fn versions_in(lock: &str) -> Vec<(String, String)> {
    let mut versions = Vec::new();
    let mut name = "";
    for line in lock.lines() {
        if let Some(value) = line.strip_prefix("name = ") {
            name = value.trim_matches('"');
        } else if let Some(value) = line.strip_prefix("version = ")
            && PACKAGES.contains(&name)
        {
            versions.push((name.to_owned(), value.trim_matches('"').to_owned()));
        }
    }
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock = "[[package]]\nname = \"rustls\"\nversion = \"0.23.1\"\n\n\
                    [[package]]\nname = \"serde\"\nversion = \"1.0.0\"\n";
        assert_eq!(
            versions_in(lock),
            [("rustls".to_owned(), "0.23.1".to_owned())]
        );
    }
}
