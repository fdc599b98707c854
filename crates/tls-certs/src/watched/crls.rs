//! Revocation lists that are read again when their files change.

use std::path::{Path, PathBuf};

use pki_types::UnixTime;

use super::{FileContents, WatchOptions, Watchable, Watched};
use crate::{Crls, Error, Result};

impl Crls {
    /// As [`Crls::from_pem_file`], and reads it again when it changes; see [`Watched`].
    ///
    /// # Errors
    ///
    /// As [`Crls::from_pem_file`], and [`Error::Watch`].
    pub fn watch_pem_file(path: impl AsRef<Path>) -> Result<Watched<Self>> {
        Self::watch_paths([path.as_ref()], WatchOptions::default())
    }

    /// The lists of several files, each as [`Crls::from_pem_file`] reads it, and of all files in
    /// what is a directory: a list that is added there, replaced or removed is a change. Names that
    /// begin with a dot are left out.
    ///
    /// New lists take the place of the old ones only if none is older than the one of its issuer
    /// that is in use, and no issuer's list is gone: the one would forget revocations, the other
    /// refuse everybody that the issuer vouches for
    /// ([unless allowed](WatchOptions::allow_lost_names)).
    ///
    /// ```
    /// # use tls_certs::Crls;
    /// # let directory = tempfile::tempdir()?;
    /// // A directory without a list in it is an error, as every other without a list.
    /// let error = Crls::watch_paths([directory.path()], tls_certs::WatchOptions::manual());
    /// assert_eq!(error.unwrap_err().code(), "crl_damaged");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Crls::watch_pem_file`].
    pub fn watch_paths(
        paths: impl IntoIterator<Item = impl Into<PathBuf>>,
        options: WatchOptions,
    ) -> Result<Watched<Self>> {
        Watched::from_paths(paths, options, of_files)
    }
}

fn of_files(files: &[FileContents]) -> Result<Crls> {
    let mut lists = Vec::new();
    for file in files {
        let origin = file.path().display().to_string();
        lists.extend(Crls::from_contents(file.bytes(), &origin)?.lists().to_vec());
    }
    Crls::new(lists, "the revocation lists")
}

impl Watchable for Crls {
    /// For each issuer of an old list there is one that is not older.
    fn may_replace(&self, old: &Self, options: &WatchOptions, _now: UnixTime) -> Result<()> {
        for before in old.lists() {
            // Newest first, and a date that cannot be read is before all others.
            let mut lists = self.lists().iter();
            match lists.find(|list| list.is_of_the_same_issuer(before)) {
                Some(list) if list.this_update() >= before.this_update() => {}
                Some(list) => {
                    return Err(Error::CrlOlder {
                        issuer: before.issuer(),
                        this_update: list.this_update(),
                        in_use: before.this_update(),
                    });
                }
                None if options.lost_names => {}
                None => {
                    return Err(Error::CrlLost {
                        issuer: before.issuer(),
                    });
                }
            }
        }
        Ok(())
    }
}
