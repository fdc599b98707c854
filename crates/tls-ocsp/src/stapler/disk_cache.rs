//! Staples in a directory: they survive a restart.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::cache::{BoxFuture, StapleCache, StapleKey};
use crate::limits::MAX_RESPONSE_LEN;

/// Keeps each staple in a file of a directory, `<SHA-256 of the certificate>.ocsp` in DER, as other
/// servers can use it too. Nothing in it is secret.
#[derive(Clone, Debug)]
pub struct DiskCache {
    directory: PathBuf,
}

impl DiskCache {
    /// Keeps staples in `directory`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// It can't be made.
    pub fn new(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        std::fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    fn file(&self, key: &StapleKey) -> PathBuf {
        let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        self.directory.join(name + ".ocsp")
    }
}

impl StapleCache for DiskCache {
    fn get<'a>(&'a self, key: &'a StapleKey) -> BoxFuture<'a, Option<Vec<u8>>> {
        let file = self.file(key);
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || read(&file)).await;
            read.ok().flatten()
        })
    }

    fn put<'a>(
        &'a self,
        key: &'a StapleKey,
        response: &'a [u8],
        _ttl: Duration,
    ) -> BoxFuture<'a, ()> {
        let file = self.file(key);
        let response = response.to_vec();
        Box::pin(async move {
            let written = tokio::task::spawn_blocking(move || write(&file, &response)).await;
            if let Ok(Err(error)) = written {
                tracing::warn!(
                    "a staple can't be kept in {}: {error}",
                    self.directory.display()
                );
            }
        })
    }
}

fn read(file: &Path) -> Option<Vec<u8>> {
    let length = std::fs::metadata(file).ok()?.len();
    if usize::try_from(length).ok()? > MAX_RESPONSE_LEN {
        return None;
    }
    std::fs::read(file).ok()
}

/// Whoever reads sees the old one or the new one, whole.
fn write(file: &Path, response: &[u8]) -> io::Result<()> {
    let next = file.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&next, response)?;
    std::fs::rename(&next, file)
}
