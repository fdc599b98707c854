//! Headless Chromium.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use rustls::{
    crypto::hash::Hash,
    pki_types::{CertificateDer, pem::PemObject},
    server::ParsedCertificate,
};
use tempfile::TempDir;

use super::{Output, Process, Program, base64, command};
use crate::Leaf;

/// The command `chromium`, with an empty profile of its own.
#[derive(Debug, Clone)]
pub struct Chromium {
    path: PathBuf,
    profile: Arc<TempDir>,
}

impl Chromium {
    /// Finds it, or skips: see [`Program::require`].
    #[must_use]
    pub fn require() -> Option<Self> {
        let path = Program::Chromium.require()?;
        Some(Self {
            path,
            profile: Arc::new(tempfile::tempdir().unwrap()),
        })
    }

    /// The document at `url` after its scripts ran, as HTML on the standard output. A certificate
    /// whose chain has a key of `trusted` is accepted (see [`public_key_hash`]).
    pub async fn dump_dom(&self, url: &str, trusted: &[String]) -> Output {
        let mut command = self.headless(trusted);
        command.args(["--dump-dom", url]);
        Process::start(command).finish().await
    }

    /// A picture of the page at `url`, written to `picture` (PNG, `width` × `height` pixels).
    pub async fn screenshot(
        &self,
        url: &str,
        picture: &Path,
        (width, height): (u32, u32),
        trusted: &[String],
    ) -> Output {
        let mut command = self.headless(trusted);
        command
            .arg(format!("--screenshot={}", picture.display()))
            .arg(format!("--window-size={width},{height}"))
            .args(["--hide-scrollbars", url]);
        Process::start(command).finish().await
    }

    /// The options that keep it to itself: no sandbox (tests may run as root), no QUIC, and nothing
    /// that calls home.
    fn headless(&self, trusted: &[String]) -> Command {
        let mut command = command(&self.path);
        command
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
            ])
            .args(["--no-first-run", "--disable-background-networking"])
            .args([
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
            ])
            .args(["--no-proxy-server", "--virtual-time-budget=5000"])
            .arg(format!("--user-data-dir={}", self.profile.path().display()))
            .env("HOME", self.profile.path());
        if !trusted.is_empty() {
            command.arg(format!(
                "--ignore-certificate-errors-spki-list={}",
                trusted.join(",")
            ));
        }
        command
    }
}

/// SHA-256 of the public key of `leaf` in base64, which is how Chromium is told to accept it.
#[must_use]
pub fn public_key_hash(leaf: &Leaf) -> String {
    sha256_base64(&leaf.public_key_der())
}

/// The same of the first certificate in a PEM file.
#[must_use]
pub fn public_key_hash_of_pem(file: &Path) -> String {
    let certificate = CertificateDer::from_pem_file(file).unwrap();
    let parsed = ParsedCertificate::try_from(&certificate).unwrap();
    sha256_base64(&parsed.subject_public_key_info())
}

fn sha256_base64(bytes: &[u8]) -> String {
    let suite = rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let sha256: &dyn Hash = suite.tls13().unwrap().common.hash_provider;
    base64(sha256.hash(bytes).as_ref())
}
