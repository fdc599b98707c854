//! Trusted certificates that are read again when their file changes.

use std::path::Path;

use pki_types::UnixTime;

use super::{WatchOptions, Watchable, Watched};
use crate::{Error, Result, Trust};

impl Trust {
    /// As [`Trust::from_pem_file`], and reads it again when it changes; see [`Watched`].
    ///
    /// # Errors
    ///
    /// As [`Trust::from_pem_file`], and [`Error::Watch`].
    pub fn watch_pem_file(path: impl AsRef<Path>) -> Result<Watched<Self>> {
        Self::watch_pem_file_with(path, WatchOptions::default())
    }

    /// As [`Trust::watch_pem_file`], with options.
    ///
    /// # Errors
    ///
    /// As [`Trust::watch_pem_file`].
    pub fn watch_pem_file_with(
        path: impl AsRef<Path>,
        options: WatchOptions,
    ) -> Result<Watched<Self>> {
        let path = path.as_ref();
        // Reports what is wrong with the path of the file.
        Self::from_pem_file(path)?;
        // There are as many contents as paths.
        Watched::from_files([path], options, |files| Self::from_pem(files[0].bytes()))
    }
}

impl Watchable for Trust {
    /// Anything but nothing: authorities come and go.
    fn may_replace(&self, _old: &Self, _options: &WatchOptions, _now: UnixTime) -> Result<()> {
        if self.is_empty() {
            Err(Error::NothingTrusted)
        } else {
            Ok(())
        }
    }
}
