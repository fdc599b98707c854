//! The file behind a table: when to read it again, and what to make of what is there.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::Shared;
use crate::psk_file::{load, read_private};
use crate::psk_table::PskTable;
use crate::{Error, PskFileOptions};

/// Between two looks: a change is in use some four seconds later.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(2);
/// Two writes within this time may leave the same time stamp.
const STAMP_GRAIN: Duration = Duration::from_secs(3);
/// New contents are judged when so many looks in a row have seen them.
const SETTLED: u32 = 2;
/// A failure is reported when so many looks in a row have seen it: until then it may be the middle
/// of a replacement.
const LASTS: u32 = 3;

/// Whether and how often a file is looked at.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct PskWatchOptions {
    pub(super) interval: Option<Duration>,
}

impl Default for PskWatchOptions {
    /// Every two seconds.
    fn default() -> Self {
        Self {
            interval: Some(DEFAULT_INTERVAL),
        }
    }
}

impl PskWatchOptions {
    /// No thread: the program calls [`PskKeys::reload`](crate::PskKeys::reload) or
    /// [`PskKeys::tick`](crate::PskKeys::tick).
    pub const fn manual() -> Self {
        Self { interval: None }
    }

    /// Time between two looks, at least 10 ms.
    pub fn interval(interval: Duration) -> Self {
        Self {
            interval: Some(interval.max(Duration::from_millis(10))),
        }
    }
}

/// A file, and what the last looks saw of it.
pub(super) struct FileWatch {
    path: PathBuf,
    options: PskFileOptions,
    seen: Mutex<Seen>,
    end: Arc<End>,
}

struct Seen {
    stamp: Option<Stamp>,
    in_use: [u8; 32],
    digest: [u8; 32],
    looks: u32,
    failure: Option<Error>,
}

impl FileWatch {
    /// Reads the file for the first time.
    pub(super) fn open(path: &Path, options: PskFileOptions) -> Result<(Self, PskTable), Error> {
        // Before reading: a change in between gives another stamp at the next look.
        let stamp = Stamp::of(path);
        let bytes = read_private(path)?;
        let table = load(path, &bytes, &options)?;
        let digest = Sha256::digest(&bytes[..]).into();
        let seen = Seen {
            stamp,
            in_use: digest,
            digest,
            looks: 1,
            failure: None,
        };
        let watch = Self {
            path: path.to_owned(),
            options,
            seen: Mutex::new(seen),
            end: Arc::default(),
        };
        Ok((watch, table))
    }

    pub(super) fn last_error(&self) -> Option<Error> {
        self.seen().failure.clone()
    }

    /// One look: the new table if there is one to take. `at_once` judges whatever is there.
    pub(super) fn look(&self, at_once: bool) -> Result<Option<PskTable>, Error> {
        let stamp = Stamp::of(&self.path);
        let mut seen = self.seen();
        if !at_once && seen.is_settled(stamp.as_ref()) {
            return Ok(None);
        }
        let contents = read_private(&self.path);
        let digest = match &contents {
            Ok(bytes) => Sha256::digest(&bytes[..]).into(),
            Err(error) => Sha256::digest(format!("unreadable: {error}")).into(),
        };
        seen.see(stamp, digest);
        if seen.digest == seen.in_use {
            seen.failure = None;
            return Ok(None);
        }
        if !at_once && seen.looks < SETTLED {
            return Ok(None);
        }
        match contents.and_then(|bytes| load(&self.path, &bytes, &self.options)) {
            Ok(table) => {
                seen.in_use = seen.digest;
                seen.failure = None;
                tracing::info!(file = %self.path.display(), identities = table.len(), "keys reloaded");
                Ok(Some(table))
            }
            Err(error) => {
                if seen.failure.is_none() && (at_once || seen.looks >= LASTS) {
                    tracing::warn!(
                        code = error.code(),
                        "not reloaded, the old keys stay in use: {error}"
                    );
                    seen.failure = Some(error.clone());
                }
                Err(error)
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FileWatch {
    fn drop(&mut self) {
        self.end.set();
    }
}

impl Seen {
    fn see(&mut self, stamp: Option<Stamp>, digest: [u8; 32]) {
        self.stamp = stamp;
        if digest != self.digest {
            self.digest = digest;
            self.looks = 0;
            self.failure = None;
        }
        self.looks = self.looks.saturating_add(1);
    }

    /// Whether a file of this stamp need not be read.
    fn is_settled(&self, stamp: Option<&Stamp>) -> bool {
        let judged = self.digest == self.in_use || self.failure.is_some();
        judged && stamp == self.stamp.as_ref() && stamp.is_some_and(Stamp::is_telling)
    }
}

/// What the file system says of the file behind all symbolic links.
#[derive(PartialEq)]
struct Stamp {
    length: u64,
    /// The last change of contents, owner or mode: cannot be set back, unlike the time of
    /// modification.
    changed: Option<SystemTime>,
    file: (u64, u64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let (changed, file) = change(&metadata);
        Some(Self {
            length: metadata.len(),
            changed,
            file,
        })
    }

    /// Whether an equal stamp means equal contents.
    fn is_telling(&self) -> bool {
        let age = |changed| SystemTime::now().duration_since(changed).ok();
        self.changed
            .and_then(age)
            .is_some_and(|age| age > STAMP_GRAIN)
    }
}

#[cfg(unix)]
fn change(metadata: &Metadata) -> (Option<SystemTime>, (u64, u64)) {
    use std::os::unix::fs::MetadataExt;

    let seconds = u64::try_from(metadata.ctime()).ok();
    let nanos = u32::try_from(metadata.ctime_nsec()).unwrap_or(0);
    let since = seconds.map(|seconds| Duration::new(seconds, nanos));
    let changed = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    (changed, (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn change(metadata: &Metadata) -> (Option<SystemTime>, (u64, u64)) {
    (metadata.modified().ok(), (0, 0))
}

/// Tells the watching thread that its table is gone.
#[derive(Default)]
pub(super) struct End {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl End {
    fn set(&self) {
        *self.is_set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits for `interval`; whether the end came.
    fn wait(&self, interval: Duration) -> bool {
        let is_set = self.is_set.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(is_set, interval, |is_set| !*is_set);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Starts the thread of a table. It keeps the table from nobody: with the last handle it ends.
pub(super) fn spawn(shared: &Arc<Shared>, interval: Duration) -> Result<(), Error> {
    let Some(file) = &shared.file else {
        return Ok(());
    };
    let (end, shared) = (Arc::clone(&file.end), Arc::downgrade(shared));
    let started = std::thread::Builder::new()
        .name("tls-psk-watch".to_owned())
        .spawn(move || run(&end, &shared, interval));
    match started {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Watch {
            reason: error.to_string(),
        }),
    }
}

fn run(end: &End, shared: &Weak<Shared>, interval: Duration) {
    while !end.wait(interval) {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        // A failure has been kept and reported, if it is time for that.
        let _ = shared.look(false);
    }
}
