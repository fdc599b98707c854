//! A table of keys that is shared, and that changes while connections come in.

mod file_watch;

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tls_wire::ProtocolVersion;

use self::file_watch::FileWatch;
pub use self::file_watch::PskWatchOptions;
use crate::psk_table::PskTable;
use crate::{
    Error, ImportContext, ImportedIdentity, PskFileOptions, PskIdentity, PskKey, PskWarning,
};

/// Keys by identity, shared by all clones; reading takes no lock.
///
/// An identity may have up to three keys, which are tried in their order: so a key is changed
/// without losing a connection. The new key goes in first ([`add_key`](Self::add_key), or a second
/// line of the file above the old one), then to the device, and the old one comes out
/// ([`retire`](Self::retire)) when the device has it.
///
/// ```
/// use tls_psk::{ProtocolVersion, PskIdentity, PskKey, PskKeys};
///
/// let gate = PskIdentity::new("gate-7")?;
/// let old = PskKey::generate(256)?;
/// let keys = PskKeys::from_keys([(gate.clone(), old.clone())])?;
///
/// let new = PskKey::generate(256)?;
/// keys.add_key(&gate, new.clone());
/// assert_eq!(keys.find(&gate, ProtocolVersion::Tls13), [new.clone(), old]);
/// keys.retire(&gate);
/// assert_eq!(keys.find(&gate, ProtocolVersion::Tls13), [new]);
/// # Ok::<(), tls_psk::Error>(())
/// ```
#[derive(Clone)]
pub struct PskKeys {
    shared: Arc<Shared>,
    import: Option<ImportContext>,
}

struct Shared {
    current: ArcSwap<Version>,
    /// Held while the table changes.
    changing: Mutex<()>,
    warned: Mutex<HashSet<PskWarning>>,
    file: Option<FileWatch>,
}

struct Version {
    table: PskTable,
    generation: u64,
}

impl PskKeys {
    /// A table in memory.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyKeys`] for more than three keys of one identity.
    pub fn from_keys(keys: impl IntoIterator<Item = (PskIdentity, PskKey)>) -> Result<Self, Error> {
        let mut table = PskTable::default();
        for (identity, key) in keys {
            table.add(identity, key).map_err(|_| Error::TooManyKeys)?;
        }
        Ok(Self::new(table, None))
    }

    /// The keys of a file, read once, on the calling thread: `identity:hexkey` lines, `#` in front
    /// of a comment; at most 64 MiB. Several lines of one identity are its keys, first the one that
    /// is tried first. The identity ends at the last colon.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`] with what is wrong and the line, if the file can't be read, is open to
    /// others than its owner, belongs to someone else, or has a line that is refused.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_file_with(path, PskFileOptions::default(), PskWatchOptions::manual())
    }

    /// As [`from_file`](Self::from_file), and reads the file again when it changes. A thread of the
    /// table's own looks at it every two seconds, and ends with the last clone of the table.
    ///
    /// What is new has to be seen by two looks in a row before it is judged, so a file that is just
    /// being written is left alone. A file that turns bad leaves the old keys in use, and says so
    /// once, through `tracing` and [`last_error`](Self::last_error), if that lasts for three looks.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file); [`Error::Watch`] if the thread can't be started.
    pub fn watch_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_file_with(path, PskFileOptions::default(), PskWatchOptions::default())
    }

    /// A file of keys, read and watched as the options say.
    ///
    /// # Errors
    ///
    /// As [`watch_file`](Self::watch_file).
    pub fn from_file_with(
        path: impl AsRef<Path>,
        options: PskFileOptions,
        watch: PskWatchOptions,
    ) -> Result<Self, Error> {
        let (file, table) = FileWatch::open(path.as_ref(), options)?;
        let keys = Self::new(table, Some(file));
        if let Some(interval) = watch.interval {
            file_watch::spawn(&keys.shared, interval)?;
        }
        Ok(keys)
    }

    fn new(table: PskTable, file: Option<FileWatch>) -> Self {
        let shared = Shared {
            current: ArcSwap::from_pointee(Version {
                table,
                generation: 1,
            }),
            changing: Mutex::default(),
            warned: Mutex::default(),
            file,
        };
        shared.warn();
        Self {
            shared: Arc::new(shared),
            import: None,
        }
    }

    /// The same table, whose keys TLS 1.3 takes only as imported into `context` (RFC 9258): the way
    /// to go for new deployments. TLS 1.2 takes them as they are, for nothing is imported there.
    #[must_use]
    pub fn imported_into(mut self, context: ImportContext) -> Self {
        self.import = Some(context);
        self
    }

    /// The context into which keys are imported.
    #[must_use]
    pub fn import_context(&self) -> Option<&ImportContext> {
        self.import.as_ref()
    }

    /// The keys of an identity as a client offers it, best first; none if it is unknown.
    #[must_use]
    pub fn find(&self, identity: &PskIdentity, version: ProtocolVersion) -> Vec<PskKey> {
        let current = self.shared.current.load();
        let Some(context) = self
            .import
            .as_ref()
            .filter(|_| version == ProtocolVersion::Tls13)
        else {
            if current.table.serves_two_versions_now(identity, version) {
                self.shared.warn_of(&PskWarning::OneKeyForTwoVersions);
            }
            return current.table.get(identity).to_vec();
        };
        let Some(imported) = ImportedIdentity::parse(identity.as_bytes()) else {
            return Vec::new();
        };
        if imported.context() != context {
            return Vec::new();
        }
        let keys = current.table.get(imported.external());
        keys.iter()
            .filter_map(|key| imported.import(key).ok())
            .collect()
    }

    /// Puts a key before those that an identity has. It is in use at once, the others stay; of more
    /// than three the last goes. A file that is read again replaces all of it.
    pub fn add_key(&self, identity: &PskIdentity, key: PskKey) {
        self.shared.change(|table| {
            table.add_first(identity.clone(), key);
            true
        });
    }

    /// Leaves an identity its first key only; whether there were others.
    pub fn retire(&self, identity: &PskIdentity) -> bool {
        self.shared.change(|table| table.retire(identity))
    }

    /// Takes all keys of an identity away; whether there were any. Its tickets resume no more.
    pub fn remove(&self, identity: &PskIdentity) -> bool {
        self.shared.change(|table| table.remove(identity))
    }

    /// Identities that have a key.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.current.load().table.len()
    }

    /// Whether no identity has a key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The identities, in no order.
    #[must_use]
    pub fn identities(&self) -> Vec<PskIdentity> {
        let current = self.shared.current.load();
        current.table.identities().cloned().collect()
    }

    /// Counts up with each change of the table; the first is 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.current.load().generation
    }

    /// Reads the file now and takes its keys, if it is good. Gives the generation in use: the old
    /// one if nothing has changed, or there is no file. Blocks while the file is read.
    ///
    /// # Errors
    ///
    /// As [`from_file`](Self::from_file); the old keys stay in use.
    pub fn reload(&self) -> Result<u64, Error> {
        self.shared.look(true)
    }

    /// What the watching thread does at each interval; for programs with a timer of their own.
    /// Blocks while the file is read.
    pub fn tick(&self) {
        // A failure has been kept and reported, if it is time for that.
        let _ = self.shared.look(false);
    }

    /// Why the file as it is now is not in use; `None` if it is.
    #[must_use]
    pub fn last_error(&self) -> Option<Error> {
        self.shared.file.as_ref().and_then(FileWatch::last_error)
    }

    /// The advice that is not followed: what can be seen in the keys, and in how they were used
    /// so far.
    #[must_use]
    pub fn warnings(&self) -> Vec<PskWarning> {
        let mut warnings = self.shared.current.load().table.warnings().to_vec();
        let used = PskWarning::OneKeyForTwoVersions;
        let warned = self.shared.warned.lock();
        if warned
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&used)
        {
            warnings.push(used);
        }
        warnings
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut PskTable) -> bool) -> bool {
        let changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = self.current.load().table.clone();
        let changed = change(&mut table);
        if changed {
            self.swap(table);
        }
        drop(changing);
        changed
    }

    /// The caller holds `changing`.
    fn swap(&self, table: PskTable) -> u64 {
        let generation = self.current.load().generation + 1;
        self.current.store(Arc::new(Version { table, generation }));
        self.warn();
        generation
    }

    /// Says what is new in the advice that is not followed.
    fn warn(&self) {
        for warning in self.current.load().table.warnings() {
            self.warn_of(warning);
        }
    }

    fn warn_of(&self, warning: &PskWarning) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(warning.clone()) {
            tracing::warn!(code = warning.code(), "{warning}");
        }
    }

    fn look(&self, at_once: bool) -> Result<u64, Error> {
        let changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let table = match &self.file {
            Some(file) => file.look(at_once)?,
            None => None,
        };
        let generation = match table {
            Some(table) => self.swap(table),
            None => self.current.load().generation,
        };
        drop(changing);
        Ok(generation)
    }
}

impl fmt::Debug for PskKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PskKeys")
            .field("identities", &self.len())
            .field("generation", &self.generation())
            .field("import", &self.import)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
