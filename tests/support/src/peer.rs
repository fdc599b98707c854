//! Real peers: other people's TLS, found on the machine, started for one test and stopped with it.
//!
//! A program is looked for in its environment variable (`TLS_PEER_NODE=/path/to/node`), then where
//! `cargo xtask peers` installs (`target/peers`), then in `PATH`. A test begins with, for example,
//!
//! ```no_run
//! let Some(curl) = tls_testing::peer::Curl::require() else { return };
//! ```
//!
//! A missing program skips the test, loudly; with `CI=true` or `TLS_REQUIRE_PEERS=1` it is an error.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

mod chromium;
mod curl;
mod gnutls;
mod mosquitto;
mod node;
mod ocsp_responder;
mod openssl;
mod process;
mod redis;

pub use chromium::{Chromium, public_key_hash, public_key_hash_of_pem};
pub use curl::Curl;
pub use gnutls::GnuTls;
pub use mosquitto::{Mosquitto, MosquittoPub};
pub use node::Node;
pub use ocsp_responder::{OcspCa, OcspResponder, Standing};
pub use openssl::{OpenSsl, SServer};
pub use process::{Output, Process};
pub use redis::{Redis, RedisCluster, RedisSentinel};

/// The version of Node that the behaviours of `node:tls` were taken from.
pub const NODE_VERSION: &str = "24.7.0";

/// Where a system keeps servers, which is not in the `PATH` of every user.
const SERVICES: &str = "/usr/sbin";

/// A program that can be a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `openssl`, for `s_client` and `s_server`.
    OpenSsl,
    /// `node`, of the version [`NODE_VERSION`].
    Node,
    /// `redis-server`.
    Redis,
    /// `curl`.
    Curl,
    /// `chromium`, headless.
    Chromium,
    /// `gnutls-cli`.
    GnuTls,
    /// `mosquitto`, the broker.
    Mosquitto,
    /// `mosquitto_pub`.
    MosquittoPub,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::OpenSsl,
        Self::Node,
        Self::Redis,
        Self::Curl,
        Self::Chromium,
        Self::GnuTls,
        Self::Mosquitto,
        Self::MosquittoPub,
    ];

    /// The environment variable that overrides where it is looked for.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::OpenSsl => "TLS_PEER_OPENSSL",
            Self::Node => "TLS_PEER_NODE",
            Self::Redis => "TLS_PEER_REDIS",
            Self::Curl => "TLS_PEER_CURL",
            Self::Chromium => "TLS_PEER_CHROMIUM",
            Self::GnuTls => "TLS_PEER_GNUTLS",
            Self::Mosquitto => "TLS_PEER_MOSQUITTO",
            Self::MosquittoPub => "TLS_PEER_MOSQUITTO_PUB",
        }
    }

    /// The names its executable goes by, best first.
    #[must_use]
    pub fn executables(self) -> &'static [&'static str] {
        match self {
            Self::OpenSsl => &["openssl"],
            Self::Node => &["node"],
            Self::Redis => &["redis-server", "valkey-server"],
            Self::Curl => &["curl"],
            Self::Chromium => &["chromium", "chromium-browser", "google-chrome"],
            Self::GnuTls => &["gnutls-cli"],
            Self::Mosquitto => &["mosquitto"],
            Self::MosquittoPub => &["mosquitto_pub"],
        }
    }

    /// Where it is, if it is anywhere.
    #[must_use]
    pub fn find(self) -> Option<PathBuf> {
        if let Some(path) = env::var_os(self.variable()) {
            return Some(PathBuf::from(path)).filter(|path| path.is_file());
        }
        let installed = installed_directory();
        let in_path = env::var_os("PATH").unwrap_or_default();
        std::iter::once(installed)
            .chain(env::split_paths(&in_path))
            .chain([PathBuf::from(SERVICES)])
            .flat_map(|dir| self.executables().iter().map(move |name| dir.join(name)))
            .find(|path| path.is_file() && self.is_the_right_one(path))
    }

    /// Where it is; if nowhere, `None` and a loud line, or a panic where peers are demanded.
    #[must_use]
    pub fn require(self) -> Option<PathBuf> {
        let found = self.find();
        if found.is_none() {
            self.report_missing();
        }
        found
    }

    /// Another Node than the one whose behaviours are documented would prove nothing.
    fn is_the_right_one(self, path: &Path) -> bool {
        if self != Self::Node {
            return true;
        }
        let version = Command::new(path).arg("--version").output();
        version
            .is_ok_and(|output| output.stdout.trim_ascii() == format!("v{NODE_VERSION}").as_bytes())
    }

    fn report_missing(self) {
        let name = self.executables()[0];
        let remedy = format!(
            "`cargo xtask peers` installs it, or says how; {} overrides where it is looked for",
            self.variable()
        );
        let demanded =
            |name| env::var(name).is_ok_and(|value| !matches!(&*value, "" | "0" | "false"));
        assert!(
            !demanded("CI") && !demanded("TLS_REQUIRE_PEERS"),
            "no {name} on this machine, and peers are demanded here: {remedy}"
        );
        let line = format!("SKIPPED: no {name} on this machine: {remedy}\n");
        // Written past the capture of test output, so that it is seen though the test passes.
        let _ = std::io::stderr().write_all(line.as_bytes());
        note_skip(name);
    }
}

/// Tells `cargo xtask test` (which names a file in `TLS_SKIPS`) that this test proved nothing.
fn note_skip(program: &str) {
    let Some(file) = env::var_os("TLS_SKIPS") else {
        return;
    };
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .unwrap();
    writeln!(file, "{}\t{}\t{program}", test_binary(), running_test()).unwrap();
}

/// The name of this test binary, without the hash that cargo appends.
fn test_binary() -> String {
    let path = env::current_exe().unwrap();
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    stem.rsplit_once('-')
        .map(|(name, _)| name.to_owned())
        .unwrap_or(stem)
}

/// The test that runs on this thread, as the test harness calls it.
fn running_test() -> String {
    let thread = std::thread::current();
    match thread.name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => env::args()
            .skip(1)
            .find(|word| !word.starts_with('-'))
            .unwrap_or_default(),
    }
}

/// Where `cargo xtask peers` puts what needs no root: in `target/peers` of the workspace that the
/// running test is in.
fn installed_directory() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR");
    let package = package.map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let installed = |root: &Path| root.join("target/peers/node_modules/.bin");
    let root = package.ancestors().find(|root| installed(root).is_dir());
    installed(root.unwrap_or(&package))
}

/// A command whose trust, proxy and options are its own defaults, whatever the environment says.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in [
        "ALL_PROXY",
        "CURL_CA_BUNDLE",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NODE_EXTRA_CA_CERTS",
        "NODE_OPTIONS",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "SSLKEYLOGFILE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "all_proxy",
        "http_proxy",
        "https_proxy",
    ] {
        command.env_remove(variable);
    }
    command
}

/// `bytes` in base64 with padding (RFC 4648, Section 4).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut padded = [0u8; 4];
        padded[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(padded);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            text.push(if place > group.len() {
                '='
            } else {
                char::from(ALPHABET[index as usize])
            });
        }
    }
    text
}
