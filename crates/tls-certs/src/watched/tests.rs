#![allow(clippy::unwrap_used, reason = "a fault of the set-up ends the test")]

mod crls;
mod replacement;
mod thread;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::files::Files;
use super::watcher::Watcher;
use super::{WatchOptions, Watched};
use crate::{Identity, Trust};

/// A certificate and its key in PEM.
struct Pair {
    certificate: String,
    key: String,
}

fn pair(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Pair {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "watched");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2090, 1, 1);
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap().pem();
    Pair {
        certificate,
        key: key.serialize_pem(),
    }
}

/// A directory with a certificate and its key, watched without a thread.
struct Watching {
    directory: TempDir,
    identity: Watched<Identity>,
}

impl Watching {
    fn new(pair: &Pair) -> Self {
        Self::with(pair, WatchOptions::manual())
    }

    fn with(pair: &Pair, options: WatchOptions) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = (
            directory.path().join("tls.crt"),
            directory.path().join("tls.key"),
        );
        fs::write(&certificate, &pair.certificate).unwrap();
        fs::write(&key, &pair.key).unwrap();
        let identity = Identity::watch_pem_files_with(certificate, key, options).unwrap();
        Self {
            directory,
            identity,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, contents: &str) {
        fs::write(self.path(name), contents).unwrap();
    }

    fn put(&self, pair: &Pair) {
        self.write("tls.crt", &pair.certificate);
        self.write("tls.key", &pair.key);
    }

    fn ticks(&self, count: usize) {
        (0..count).for_each(|_| self.identity.tick());
    }

    fn serves(&self, pair: &Pair) -> bool {
        let expected = Identity::from_pem(pair.certificate.as_bytes(), pair.key.as_bytes());
        self.identity.get().chain() == expected.unwrap().chain()
    }

    fn error(&self) -> Option<&'static str> {
        self.identity.last_error().map(|error| error.code())
    }
}
