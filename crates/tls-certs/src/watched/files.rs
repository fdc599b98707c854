//! The files of one watched value: read whole, and told apart by stamp and by hash.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::pem_bundle::read_file;
use crate::{Error, Result};

/// Two writes within this time may leave the same stamp, so a file changed more recently is read
/// again whatever its stamp says. Coarse file systems count in two seconds.
const STAMP_GRAIN: Duration = Duration::from_secs(3);

/// One file, read whole. Zeroized when dropped, for it may hold a key.
pub struct FileContents {
    path: PathBuf,
    bytes: Zeroizing<Vec<u8>>,
}

impl FileContents {
    fn read(path: PathBuf) -> Result<Self> {
        let bytes = read_file(&path)?;
        Ok(Self { path, bytes })
    }

    /// The path that was given (symbolic links are not resolved in it), or that of a file in a
    /// directory that was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for FileContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileContents")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

pub(super) struct Files {
    paths: Vec<PathBuf>,
    /// Whether a path that is a directory stands for the files in it.
    directories: bool,
}

impl Files {
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        Self {
            paths,
            directories: false,
        }
    }

    /// As [`Files::new`]; a path that is a directory stands for the files in it.
    pub(super) fn with_directories(paths: Vec<PathBuf>) -> Self {
        Self {
            paths,
            directories: true,
        }
    }

    /// What the file system says of the files behind all symbolic links.
    pub(super) fn stamps(&self) -> Stamps {
        Stamps::of(&self.listed().unwrap_or_else(|_| self.paths.clone()))
    }

    pub(super) fn read(&self) -> Look {
        let listed = self.listed();
        // Before reading: a change in between gives other stamps at the next look.
        let stamps = Stamps::of(listed.as_ref().unwrap_or(&self.paths));
        Look {
            stamps,
            contents: listed.and_then(|paths| paths.into_iter().map(FileContents::read).collect()),
        }
    }

    /// The files that are there now.
    fn listed(&self) -> Result<Vec<PathBuf>> {
        if !self.directories {
            return Ok(self.paths.clone());
        }
        let mut listed = Vec::new();
        for path in &self.paths {
            if path.is_dir() {
                listed.extend(files_in(path).map_err(|source| Error::read(path, source))?);
            } else {
                listed.push(path.clone());
            }
        }
        Ok(listed)
    }
}

/// The files of a directory in the order of their names, without those whose name begins with a
/// dot: half-written ones, and the `..data` of Kubernetes, through which the others are links.
fn files_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let path = entry.path();
        if !hidden && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort_unstable();
    Ok(files)
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, path) in self.paths.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}", path.display())?;
        }
        Ok(())
    }
}

/// The outcome of reading all files once.
pub(super) struct Look {
    stamps: Stamps,
    contents: Result<Vec<FileContents>>,
}

impl Look {
    pub(super) fn stamps(&self) -> &Stamps {
        &self.stamps
    }

    /// # Errors
    ///
    /// As the file system gave it, in new words, for an error of the system cannot be cloned.
    pub(super) fn contents(&self) -> Result<&[FileContents]> {
        match &self.contents {
            Ok(contents) => Ok(contents),
            Err(Error::Read { path, source }) => {
                let source = std::io::Error::new(source.kind(), source.to_string());
                Err(Error::read(path, source))
            }
            Err(_) => Ok(&[]),
        }
    }

    /// Over the contents, or over the error where there are none.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        match &self.contents {
            Ok(contents) => contents.iter().for_each(|file| field(&file.bytes)),
            Err(error) => {
                field(b"unreadable");
                field(error.to_string().as_bytes());
            }
        }
        hash.finalize().into()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stamps(Vec<(PathBuf, Option<Stamp>)>);

impl Stamps {
    fn of(paths: &[PathBuf]) -> Self {
        let stamp = |path: &PathBuf| (path.clone(), Stamp::of(path));
        Self(paths.iter().map(stamp).collect())
    }

    /// Whether equal stamps mean equal contents.
    pub(super) fn are_telling(&self) -> bool {
        let now = SystemTime::now();
        let old = |(_, stamp): &(PathBuf, Option<Stamp>)| {
            let changed = stamp.as_ref().and_then(|stamp| stamp.changed);
            changed
                .and_then(|changed| now.duration_since(changed).ok())
                .is_some_and(|age| age > STAMP_GRAIN)
        };
        !self.0.is_empty() && self.0.iter().all(old)
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// The last change of contents or of metadata: cannot be set back, unlike `modified`.
    changed: Option<SystemTime>,
    file: (u64, u64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let modified = metadata.modified().ok();
        let (changed, file) = change(&metadata, modified);
        Some(Self {
            length: metadata.len(),
            modified,
            changed,
            file,
        })
    }
}

#[cfg(unix)]
fn change(
    metadata: &std::fs::Metadata,
    _modified: Option<SystemTime>,
) -> (Option<SystemTime>, (u64, u64)) {
    use std::os::unix::fs::MetadataExt;
    let seconds = u64::try_from(metadata.ctime()).ok();
    let nanos = u32::try_from(metadata.ctime_nsec()).unwrap_or(0);
    let changed = seconds
        .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanos)));
    (changed, (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn change(
    _metadata: &std::fs::Metadata,
    modified: Option<SystemTime>,
) -> (Option<SystemTime>, (u64, u64)) {
    (modified, (0, 0))
}
