//! The test PKI as files, for programs that take no other.

use std::path::Path;

use tempfile::TempDir;
use tls_testing::{Leaf, Pki};

/// A directory of PEM files; it goes with this value.
#[derive(Debug)]
pub struct PemFiles {
    dir: TempDir,
    /// The root.
    pub ca: String,
    /// The intermediate, which OpenSSL wants apart from the leaf.
    pub chain: String,
    /// The chain of [`Pki::server`].
    pub cert: String,
    /// Its key.
    pub key: String,
    /// The chain of [`Pki::client`].
    pub client_cert: String,
    /// Its key.
    pub client_key: String,
}

impl PemFiles {
    /// Writes them.
    ///
    /// # Panics
    /// When there is no room for them.
    #[must_use]
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let files = Pki::shared().write_to(dir.path());
        Self {
            ca: text(&files.ca),
            chain: text(
                &Pki::shared()
                    .intermediate
                    .write_to(dir.path(), "intermediate"),
            ),
            cert: text(&files.cert),
            key: text(&files.key),
            client_cert: text(&files.client_cert),
            client_key: text(&files.client_key),
            dir,
        }
    }

    /// Writes another chain and its key.
    #[must_use]
    pub fn leaf(&self, leaf: &Leaf, name: &str) -> (String, String) {
        let (cert, key) = leaf.write_to(self.dir.path(), name);
        (text(&cert), text(&key))
    }

    /// A path in the directory.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        text(&self.dir.path().join(name))
    }
}

impl Default for PemFiles {
    fn default() -> Self {
        Self::new()
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
