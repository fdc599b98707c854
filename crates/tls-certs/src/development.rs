//! A certificate authority for development, confined to this machine.
//!
//! The CA will be trusted in browsers, so it is made harmless first: critical name
//! constraints allow `localhost`, names below it, this machine's own name, 127.0.0.0/8
//! and ::1, nothing else; it may have no CA below it and is good for servers only. Its
//! key is in a file that only its owner can read, in a directory that only its owner can
//! enter. It lasts two years, the certificates it issues 90 days.

mod authority;
mod leaf;
mod machine;
mod private_files;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use self::authority::Authority;
use self::private_files::PrivateDirectory;
use crate::{Error, Identity, Result};

const CA_CERTIFICATE: &str = "dev-ca.pem";
const CA_KEY: &str = "dev-ca-key.pem";
const LEAF_CERTIFICATE: &str = "dev-leaf.pem";
const LEAF_KEY: &str = "dev-leaf-key.pem";
const LOCK: &str = "dev.lock";

/// Every file of the directory, in the order in which they are removed: keys first.
const FILES: [&str; 5] = [CA_KEY, LEAF_KEY, LEAF_CERTIFICATE, CA_CERTIFICATE, LOCK];

/// A CA for development in a directory of its own.
///
/// ```no_run
/// use tls_certs::development::DevelopmentCa;
///
/// let ca = DevelopmentCa::load_or_create("/home/me/.local/share/tls/dev")?;
/// let identity = ca.issue(&["localhost", "127.0.0.1", "::1"])?;
/// println!("curl --cacert {} https://localhost:8443/", ca.ca_path().display());
/// # Ok::<(), tls_certs::Error>(())
/// ```
///
/// Several processes may use one directory: a lock file keeps them apart.
pub struct DevelopmentCa {
    directory: PrivateDirectory,
    authority: Authority,
    created: bool,
}

impl DevelopmentCa {
    /// Loads the CA of a directory, or makes directory and CA. An expired CA is made anew,
    /// and then has to be trusted anew.
    ///
    /// Blocks: files, a lock, and about a millisecond of key generation.
    ///
    /// # Errors
    ///
    /// [`Error::UnsafePermissions`] if other users can get at the directory or the key,
    /// [`Error::DamagedCa`] if the files do not fit together, and errors of reading,
    /// writing and generating.
    pub fn load_or_create(directory: impl AsRef<Path>) -> Result<Self> {
        Self::load_or_create_at(directory.as_ref(), SystemTime::now())
    }

    fn load_or_create_at(directory: &Path, now: SystemTime) -> Result<Self> {
        let directory = PrivateDirectory::open_or_create(directory)?;
        let _lock = directory.lock(LOCK)?;
        if let Some(authority) =
            Authority::load(&directory)?.filter(|authority| authority.is_current(now))
        {
            return Ok(Self {
                directory,
                authority,
                created: false,
            });
        }
        let authority = Authority::generate(now)?;
        authority.store(&directory)?;
        Ok(Self {
            directory,
            authority,
            created: true,
        })
    }

    /// Whether this call made the CA, so that it has yet to be trusted.
    #[must_use]
    pub fn was_created(&self) -> bool {
        self.created
    }

    /// The CA's certificate in PEM: what to import into browsers, or give to
    /// `curl --cacert`.
    #[must_use]
    pub fn ca_path(&self) -> PathBuf {
        self.directory.path(CA_CERTIFICATE)
    }

    /// The CA's certificate.
    #[must_use]
    pub fn certificate(&self) -> &pki_types::CertificateDer<'static> {
        self.authority.certificate()
    }

    /// DNS names at and below which it may vouch: `localhost` and this machine's name when
    /// the CA was made. Of IP addresses, the loopback ones.
    #[must_use]
    pub fn permitted_names(&self) -> &[String] {
        self.authority.permitted_names()
    }

    /// The certificate and key of the last [`DevelopmentCa::issue`], as PEM files.
    #[must_use]
    pub fn leaf_paths(&self) -> (PathBuf, PathBuf) {
        (
            self.directory.path(LEAF_CERTIFICATE),
            self.directory.path(LEAF_KEY),
        )
    }

    /// A server's certificate for DNS names and IP addresses. It is kept in the directory
    /// and handed out again, across restarts, until the names change or a third of its
    /// life is left.
    ///
    /// # Errors
    ///
    /// [`Error::NoNames`], [`Error::InvalidName`], [`Error::NameNotPermitted`], and errors
    /// of reading, writing and generating.
    pub fn issue<S: AsRef<str>>(&self, names: &[S]) -> Result<Identity> {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        self.issue_at(&names, SystemTime::now())
    }

    fn issue_at(&self, names: &[&str], now: SystemTime) -> Result<Identity> {
        let names = leaf::Names::parse(names)?;
        if let Some(name) = names.first_not_permitted(self.authority.permitted_names()) {
            return Err(Error::NameNotPermitted { name });
        }
        let _lock = self.directory.lock(LOCK)?;
        if let Some(identity) = leaf::load(&self.directory, &self.authority, &names, now) {
            return Ok(identity);
        }
        leaf::issue(&self.directory, &self.authority, &names, now)
    }

    /// Deletes the CA, its key and what it issued, and the directory if nothing else is in
    /// it. Answers with the files that were there. Browsers that trust the CA have to be
    /// told separately.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] if a file cannot be removed. A missing file is no error.
    pub fn remove(directory: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        private_files::remove(directory.as_ref(), &FILES)
    }
}

impl std::fmt::Debug for DevelopmentCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevelopmentCa")
            .field("ca_path", &self.ca_path())
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

fn generate_failed(error: &rcgen::Error) -> Error {
    Error::Generate {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
