//! curl.

use std::{ffi::OsStr, path::PathBuf};

use super::{Output, Process, Program, command};

/// The command `curl`.
#[derive(Debug, Clone)]
pub struct Curl {
    path: PathBuf,
}

impl Curl {
    /// Finds it, or skips: see [`Program::require`].
    #[must_use]
    pub fn require() -> Option<Self> {
        Program::Curl.require().map(|path| Self { path })
    }

    /// Runs curl to its end, without its configuration file, proxies or progress meter, and with 30
    /// seconds at most. The root is `--cacert FILE`.
    pub async fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        let mut command = command(&self.path);
        command.args([
            "--disable",
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--max-time",
            "30",
        ]);
        command.args(args);
        Process::start(command).finish().await
    }
}
