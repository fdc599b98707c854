//! Node, running a script that a test brings along.

use std::path::PathBuf;

use super::{Process, Program, command};

/// The command `node`, of the version that our behaviours are compared with.
#[derive(Debug, Clone)]
pub struct Node {
    path: PathBuf,
}

impl Node {
    /// Finds it, or skips: see [`Program::require`].
    #[must_use]
    pub fn require() -> Option<Self> {
        Program::Node.require().map(|path| Self { path })
    }

    /// Runs `script` (CommonJS; `process.argv.slice(1)` are `args`). Scripts talk to the test by
    /// lines: `console.log(…)` is [`next_line`](Process::next_line) here. A server listens on
    /// port 0 and prints its port.
    #[must_use]
    pub fn script(&self, script: &str, args: &[&str]) -> Process {
        let mut command = command(&self.path);
        command
            .args([
                "--no-warnings",
                "--input-type=commonjs",
                "--eval",
                script,
                "--",
            ])
            .args(args);
        Process::start(command)
    }
}
