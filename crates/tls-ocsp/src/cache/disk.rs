//! A directory: responses and lists survive a restart.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::{BoxFuture, CacheKey, CacheKind, ResponseCache};
use crate::limits::{MAX_LIST_LEN, MAX_RESPONSE_LEN};

/// Keeps each response in a file of a directory, `<SHA-256 of the certificate>.ocsp`, and each list
/// in `<SHA-256 of its address>.crl`; in DER, as other programs can use them too. Nothing in them is
/// secret.
///
/// The modification time of a file is when its content ends. What ended a day ago or earlier is
/// deleted: at the beginning, and once an hour when something is written. Several processes may share
/// a directory.
#[derive(Clone, Debug)]
pub struct DiskCache(Arc<Directory>);

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    swept: Mutex<Instant>,
}

/// How long a file is kept that is of no use: the clock may be wrong.
const KEEP: Duration = Duration::from_secs(24 * 3600);

/// How often old files are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

impl DiskCache {
    /// Keeps files in `directory`, which is made if it is not there. Blocks while it is looked through.
    ///
    /// # Errors
    ///
    /// It can't be made.
    pub fn new(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let path = directory.into();
        std::fs::create_dir_all(&path)?;
        sweep(&path);
        let swept = Mutex::new(Instant::now());
        Ok(Self(Arc::new(Directory { path, swept })))
    }

    fn file(&self, key: &CacheKey) -> PathBuf {
        let name: String = key.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.path.join(format!("{name}.{}", key.kind.as_str()))
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

    fn put<'a>(&'a self, key: &'a CacheKey, value: &'a [u8], ttl: Duration) -> BoxFuture<'a, ()> {
        let file = self.file(key);
        let value = value.to_vec();
        let directory = Arc::clone(&self.0);
        Box::pin(async move {
            let writing = tokio::task::spawn_blocking(move || {
                let now = SystemTime::now();
                let written = write(&file, &value, now.checked_add(ttl).unwrap_or(now));
                directory.sweep_sometimes();
                written
            });
            if let Ok(Err(error)) = writing.await {
                let directory = self.0.path.display();
                tracing::warn!("what was fetched can't be kept in {directory}: {error}");
            }
        })
    }
}

impl Directory {
    fn sweep_sometimes(&self) {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if swept.elapsed() >= SWEEP_EVERY {
            *swept = Instant::now();
            drop(swept);
            sweep(&self.path);
        }
    }
}

/// Deletes what ended some time ago, and what was not written to its end.
fn sweep(directory: &Path) {
    let Ok(files) = std::fs::read_dir(directory) else {
        return;
    };
    for file in files.flatten() {
        let ours = file.file_name().to_str().is_some_and(is_ours);
        let ended = file.metadata().and_then(|data| data.modified());
        let ended = ended.is_ok_and(|end| end.elapsed().is_ok_and(|ago| ago > KEEP));
        if ours && ended {
            // Another process may be faster.
            let _ = std::fs::remove_file(file.path());
        }
    }
}

/// Whether this is the name of a file of a [`DiskCache`], and not of somebody else's.
fn is_ours(name: &str) -> bool {
    let Some((hash, rest)) = name.split_once('.') else {
        return false;
    };
    let kind = rest.split('.').next().unwrap_or_default();
    let known = [CacheKind::Response, CacheKind::List].map(CacheKind::as_str);
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash && known.contains(&kind) && (rest == kind || rest.ends_with(".new"))
}

fn read(file: &Path, limit: usize) -> Option<Vec<u8>> {
    let length = std::fs::metadata(file).ok()?.len();
    if usize::try_from(length).ok()? > limit {
        return None;
    }
    std::fs::read(file).ok()
}

/// Whoever reads sees the old one or the new one, whole. The name is of this write alone: two staplers
/// of one process may keep the same thing.
fn write(file: &Path, value: &[u8], end: SystemTime) -> io::Result<()> {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    let mut next = file.as_os_str().to_owned();
    next.push(format!(".{}.{write}.new", std::process::id()));
    let written = write_whole(Path::new(&next), value, end);
    written
        .and_then(|()| std::fs::rename(&next, file))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&next);
        })
}

fn write_whole(file: &Path, value: &[u8], end: SystemTime) -> io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::File::create(file)?;
    file.write_all(value)?;
    file.set_modified(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_ended_is_deleted_and_what_is_somebody_elses_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let cache = DiskCache::new(directory.path()).unwrap();
        let key = |byte| CacheKey::response([byte; 32]);
        cache.put(&key(1), b"one", Duration::from_secs(60)).await;
        cache.put(&key(2), b"two", Duration::ZERO).await;
        let old = SystemTime::now() - KEEP - Duration::from_secs(60);
        let path = |name: &str| directory.path().join(name);
        let hash = "ab".repeat(32);
        let halves = [format!("{hash}.crl.17.new"), format!("{hash}.crl.17.3.new")];
        let others = ["notes.ocsp".to_owned(), format!("{hash}.pem")];
        for name in halves.iter().chain(&others) {
            write_whole(&path(name), b"x", old).unwrap();
        }
        write_whole(&cache.file(&key(2)), b"two", old).unwrap();
        let again = DiskCache::new(directory.path()).unwrap();
        assert_eq!(again.get(&key(1)).await.as_deref(), Some(&b"one"[..]));
        assert_eq!(again.get(&key(2)).await, None);
        assert!(halves.iter().all(|name| !path(name).exists()));
        assert!(others.iter().all(|name| path(name).exists()));
    }

    #[tokio::test]
    async fn two_that_write_at_once_do_not_meet() {
        let directory = tempfile::tempdir().unwrap();
        let caches = [(); 2].map(|()| DiskCache::new(directory.path()).unwrap());
        let key = CacheKey::response([7; 32]);
        let values = [vec![1; 40_000], vec![2; 50_000]];
        for _ in 0..20 {
            let minute = Duration::from_secs(60);
            tokio::join!(
                caches[0].put(&key, &values[0], minute),
                caches[1].put(&key, &values[1], minute)
            );
            let kept = caches[0].get(&key).await.unwrap();
            assert!(values.contains(&kept));
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
