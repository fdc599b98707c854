//! A directory: responses and lists survive a restart.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{BoxFuture, CacheKey, CacheKind, ResponseCache};
use crate::limits::{MAX_LIST_LEN, MAX_RESPONSE_LEN};

/// Keeps each response in a file of a directory, `<SHA-256 of the certificate>.ocsp`, and each list
/// in `<SHA-256 of its address>.crl`; in DER, as other programs can use them too. Nothing in them is
/// secret.
#[derive(Clone, Debug)]
pub struct DiskCache {
    directory: PathBuf,
}

impl DiskCache {
    /// Keeps files in `directory`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// It can't be made.
    pub fn new(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        std::fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    fn file(&self, key: &CacheKey) -> PathBuf {
        let name: String = key.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.directory.join(format!("{name}.{}", key.kind.as_str()))
    }
}

impl ResponseCache for DiskCache {
    fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Option<Vec<u8>>> {
        let file = self.file(key);
        let limit = match key.kind {
            CacheKind::Response => MAX_RESPONSE_LEN,
            CacheKind::List => MAX_LIST_LEN,
        };
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || read(&file, limit)).await;
            read.ok().flatten()
        })
    }

    fn put<'a>(&'a self, key: &'a CacheKey, value: &'a [u8], _ttl: Duration) -> BoxFuture<'a, ()> {
        let file = self.file(key);
        let value = value.to_vec();
        Box::pin(async move {
            let written = tokio::task::spawn_blocking(move || write(&file, &value)).await;
            if let Ok(Err(error)) = written {
                let directory = self.directory.display();
                tracing::warn!("what was fetched can't be kept in {directory}: {error}");
            }
        })
    }
}

fn read(file: &Path, limit: usize) -> Option<Vec<u8>> {
    let length = std::fs::metadata(file).ok()?.len();
    if usize::try_from(length).ok()? > limit {
        return None;
    }
    std::fs::read(file).ok()
}

/// Whoever reads sees the old one or the new one, whole.
fn write(file: &Path, value: &[u8]) -> io::Result<()> {
    let mut next = file.as_os_str().to_owned();
    next.push(format!(".{}.new", std::process::id()));
    std::fs::write(&next, value)?;
    std::fs::rename(&next, file)
}
