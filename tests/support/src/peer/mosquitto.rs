//! An MQTT broker of one's own with pre-shared keys, and a client that publishes.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{Output, Process, Program, command};

/// How often another port is tried when somebody took the free one in between.
const ATTEMPTS: usize = 5;

/// A running `mosquitto` that takes clients with a key, and has no certificate.
#[derive(Debug)]
pub struct Mosquitto {
    /// The program; its log is its standard error.
    pub process: Process,
    /// Where it listens.
    pub address: SocketAddr,
    _directory: TempDir,
}

impl Mosquitto {
    /// Starts one, or skips: see [`Program::require`]. `keys` are lines `identity:hexkey`, `options`
    /// further lines of its configuration.
    pub async fn require(keys: &str, options: &str) -> Option<Self> {
        let program = Program::Mosquitto.require()?;
        for _ in 0..ATTEMPTS {
            let directory = tempfile::tempdir().unwrap();
            // It has no word for "any port".
            let chosen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = chosen.local_addr().unwrap();
            drop(chosen);
            let file = configuration(directory.path(), address, keys, options);
            let mut command = command(&program);
            command.arg("-v").arg("-c").arg(file);
            let mut process = Process::start(command);
            if is_ready(&mut process).await {
                return Some(Self {
                    process,
                    address,
                    _directory: directory,
                });
            }
        }
        panic!("mosquitto finds no free port in {ATTEMPTS} attempts")
    }
}

/// Writes the files, and gives the place of the configuration.
fn configuration(directory: &Path, address: SocketAddr, keys: &str, options: &str) -> PathBuf {
    let psk_file = directory.join("devices.psk");
    fs::write(&psk_file, keys).unwrap();
    let (port, psk_file) = (address.port(), psk_file.display());
    let text = format!(
        "listener {port} 127.0.0.1\npsk_file {psk_file}\n{options}\n\
         allow_anonymous true\npersistence false\nlog_dest stderr\n\
         # Started by root it would become somebody who can't read these files.\nuser root\n"
    );
    let file = directory.join("mosquitto.conf");
    fs::write(&file, text).unwrap();
    file
}

/// `false` if it found its port taken.
async fn is_ready(process: &mut Process) -> bool {
    let outcomes = [" running\n", "Address already in use"];
    process.wait_for_one_of(&outcomes).await == 0
}

/// The command `mosquitto_pub`.
#[derive(Debug, Clone)]
pub struct MosquittoPub {
    path: PathBuf,
}

impl MosquittoPub {
    /// Finds it, or skips: see [`Program::require`].
    #[must_use]
    pub fn require() -> Option<Self> {
        Program::MosquittoPub.require().map(|path| Self { path })
    }

    /// Publishes, to its end: what, and how it connects, is for `args` to say.
    pub async fn publish(&self, address: SocketAddr, args: &[&str]) -> Output {
        let mut command = command(&self.path);
        command
            .args(["-h", &address.ip().to_string()])
            .args(["-p", &address.port().to_string()])
            .args(args);
        Process::start(command).finish().await
    }
}
