//! Files that only their owner may see: created exclusively, renamed into place whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

use crate::pem_bundle::read_file;
use crate::{Error, Result};

/// A directory with mode 0700.
pub(super) struct PrivateDirectory(PathBuf);

impl PrivateDirectory {
    /// Opens the directory, or makes it (and its parents) first.
    pub(super) fn open_or_create(path: &Path) -> Result<Self> {
        if !path.is_dir() {
            create_directory(path).map_err(|e| write_error(path, e))?;
        }
        check_private(path)?;
        Ok(Self(path.to_path_buf()))
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Waits for the lock file; released when dropped, or when the process ends.
    pub(super) fn lock(&self, name: &str) -> Result<File> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        owner_only(&mut options);
        let file = options.open(&path).map_err(|e| write_error(&path, e))?;
        file.lock().map_err(|e| write_error(&path, e))?;
        Ok(file)
    }

    /// The content of a file; `None` if it does not exist.
    pub(super) fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match read_file(&self.path(name)) {
            Ok(content) => Ok(Some(content)),
            Err(Error::Read { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// As [`PrivateDirectory::read`], for a secret: refused if others could have read it.
    pub(super) fn read_secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let path = self.path(name);
        if path.exists() {
            check_private(&path)?;
        }
        self.read(name)
    }

    /// Replaces a file as a whole: a reader sees the old or the new content, never a part.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let target = self.path(name);
        let temporary = self.path(&format!(".{name}.{}-{}", std::process::id(), next_number()));
        let written = write_new(&temporary, content).and_then(|()| fs::rename(&temporary, &target));
        written.map_err(|e| {
            // Nothing more can be done about a leftover.
            _ = fs::remove_file(&temporary);
            write_error(&target, e)
        })
    }
}

/// Removes the named files and leftovers of their writing, then the directory if empty.
pub(super) fn remove(directory: &Path, names: &[&str]) -> Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    for path in names
        .iter()
        .map(|name| directory.join(name))
        .chain(leftovers(directory, names))
    {
        match fs::remove_file(&path) {
            Ok(()) => removed.push(path),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(e) => return Err(write_error(&path, e)),
        }
    }
    // Not empty, or not there: both are fine.
    _ = fs::remove_dir(directory);
    Ok(removed)
}

/// Temporary files of a process that was killed between writing and renaming.
fn leftovers(directory: &Path, names: &[&str]) -> Vec<PathBuf> {
    let is_leftover = |file: &str| {
        names.iter().any(|name| {
            file.strip_prefix('.')
                .is_some_and(|rest| rest.starts_with(&format!("{name}.")))
        })
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_leftover))
        .map(|entry| entry.path())
        .collect()
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn write_error(path: &Path, source: io::Error) -> Error {
    Error::Write {
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(unix)]
fn create_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        // Another process was faster; whose it is, is checked next.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

#[cfg(not(unix))]
fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn owner_only(_options: &mut OpenOptions) {}

/// Refuses what another user owns or may touch.
#[cfg(unix)]
fn check_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).map_err(|e| Error::read(path, e))?;
    let unsafe_because = |problem: String| {
        Err(Error::UnsafePermissions {
            path: path.to_path_buf(),
            problem,
        })
    };
    // The owner of our own entry in /proc is the effective user, without a system call
    // of our own; where there is no /proc, the mode alone has to do.
    if let Ok(this_process) = fs::metadata("/proc/self")
        && this_process.uid() != metadata.uid()
    {
        return unsafe_because(format!("owned by another user (uid {})", metadata.uid()));
    }
    match metadata.mode() & 0o777 {
        mode if mode & 0o077 != 0 => unsafe_because(format!("open to other users (mode {mode:o})")),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_private(_path: &Path) -> Result<()> {
    Ok(())
}
