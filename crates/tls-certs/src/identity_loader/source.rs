//! Where certificates and keys are.

use std::future::Future;
use std::io;
use std::path::PathBuf;

use zeroize::Zeroizing;

#[cfg(doc)]
use crate::IdentityLoader;
use crate::pem_bundle::read_file;
use crate::{Error, Passphrase, Result};

/// Bytes or a file with certificates, keys or a PFX, and the passphrase of that.
#[derive(Clone, Debug)]
pub struct Source {
    pub(super) place: Place,
    pub(super) passphrase: Option<Passphrase>,
}

#[derive(Clone)]
pub(super) enum Place {
    Bytes(String, Zeroizing<Vec<u8>>),
    File(PathBuf),
}

/// Never the bytes: they may be a key.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.origin())
    }
}

impl Source {
    /// A file, read when [`IdentityLoader::load`] is called. At most 16 MiB.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::of(Place::File(path.into()))
    }

    /// Bytes, with the name under which messages speak of them.
    #[must_use]
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Place::Bytes(name.into(), Zeroizing::new(bytes.into())))
    }

    /// Bytes that something asynchronous delivers: a secret store, an object store.
    ///
    /// ```
    /// # use tls_certs::Source;
    /// # async fn fetch_secret(_: &str) -> std::io::Result<Vec<u8>> { Ok(Vec::new()) }
    /// # async fn example() -> tls_certs::Result<()> {
    /// let key = Source::fetched("secret web/key", fetch_secret("web/key")).await?;
    /// # _ = key; Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Read`] with the name and what `bytes` failed with.
    pub async fn fetched(
        name: impl Into<String>,
        bytes: impl Future<Output = io::Result<Vec<u8>>>,
    ) -> Result<Self> {
        let name = name.into();
        match bytes.await {
            Ok(bytes) => Ok(Self::bytes(name, bytes)),
            Err(e) => Err(Error::read(name.as_ref(), e)),
        }
    }

    /// The passphrase of this source; it takes precedence over [`IdentityLoader::passphrase`].
    #[must_use]
    pub fn with_passphrase(mut self, passphrase: Passphrase) -> Self {
        self.passphrase = Some(passphrase);
        self
    }

    const fn of(place: Place) -> Self {
        Self {
            place,
            passphrase: None,
        }
    }
}

impl Place {
    pub(super) fn origin(&self) -> String {
        match self {
            Self::Bytes(name, _) => name.clone(),
            Self::File(path) => path.display().to_string(),
        }
    }

    pub(super) fn read(&self) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Bytes(_, bytes) => Ok(Zeroizing::clone(bytes)),
            Self::File(path) => read_file(path),
        }
    }
}
