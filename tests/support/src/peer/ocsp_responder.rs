//! `openssl ocsp`: as a responder that listens, and as one that answers a request in a file.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{OpenSsl, Output, Process, command};
use crate::{Authority, Leaf};

/// What a CA's index says about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Valid.
    Valid,
    /// Revoked in 2025, for a compromised key.
    Revoked,
    /// The CA has never heard of it.
    Unknown,
}

/// Everything an OCSP responder needs, in a directory: the CA, its index, who signs.
#[derive(Debug)]
pub struct OcspCa {
    openssl: OpenSsl,
    directory: TempDir,
}

impl OcspCa {
    /// A responder for certificates of `authority`, which signs itself.
    #[must_use]
    pub fn new(openssl: OpenSsl, authority: &Authority) -> Self {
        Self::signing_as(openssl, authority, authority.pem(), &authority.key_pem())
    }

    /// A responder whose answers `delegate` signs.
    #[must_use]
    pub fn delegated(openssl: OpenSsl, authority: &Authority, delegate: &Leaf) -> Self {
        let certificate = delegate.certificate_pem();
        Self::signing_as(openssl, authority, &certificate, &delegate.key_pem())
    }

    fn signing_as(openssl: OpenSsl, authority: &Authority, certificate: &str, key: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        write("ca.pem", authority.pem());
        write("signer.pem", certificate);
        write("signer.key", key);
        write("index.txt", "");
        Self { openssl, directory }
    }

    /// Where its files are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes what is known of the certificate with this serial number, upper-case hex.
    pub fn set(&self, serial: &str, standing: Standing) {
        let line = match standing {
            Standing::Valid => format!("V\t491231235959Z\t\t{serial}\tunknown\t/CN=x\n"),
            Standing::Revoked => {
                format!("R\t491231235959Z\t250101000000Z,keyCompromise\t{serial}\tunknown\t/CN=x\n")
            }
            Standing::Unknown => String::new(),
        };
        fs::write(self.directory().join("index.txt"), line).unwrap();
    }

    /// Answers a request in DER, without a network. Gives the response; `args` as for
    /// `openssl ocsp`, such as `-nmin 60`.
    pub async fn answer(&self, request: &[u8], args: &[&str]) -> Vec<u8> {
        fs::write(self.directory().join("request.der"), request).unwrap();
        let files = ["-reqin", "request.der", "-respout", "response.der"];
        self.run(&[&files, args].concat()).await.expect_success();
        fs::read(self.directory().join("response.der")).unwrap()
    }

    async fn run(&self, args: &[&str]) -> Output {
        Process::start(self.command(args)).finish().await
    }

    /// Listens on a free port; what it says is as in the index now, and stays so.
    pub async fn listen(&self, args: &[&str]) -> OcspResponder {
        let mut process = Process::start(self.command(&[&["-port", "0"], args].concat()));
        let address = process.line_after("ACCEPT ").await;
        let port = address
            .split_once(" PID")
            .map_or(address.as_str(), |(address, _)| address)
            .rsplit(':')
            .next()
            .unwrap_or_default();
        OcspResponder {
            url: format!("http://127.0.0.1:{port}"),
            process,
        }
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = command(&self.openssl.path);
        command
            .current_dir(self.directory())
            .args(["ocsp", "-index", "index.txt", "-CA", "ca.pem"])
            .args(["-rsigner", "signer.pem", "-rkey", "signer.key"])
            .args(args);
        command
    }
}

/// A running `openssl ocsp`.
#[derive(Debug)]
pub struct OcspResponder {
    /// Where it is asked.
    pub url: String,
    /// The program.
    pub process: Process,
}
