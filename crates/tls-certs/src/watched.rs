//! Values that are read again when their files change: [`Watched`].

mod candidate;
mod crls;
mod files;
mod identity;
mod options;
mod trust;
mod verifiers;
mod watcher;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use pki_types::UnixTime;

use self::candidate::{Candidate, Judgement};
pub use self::files::FileContents;
use self::files::Files;
pub use self::options::WatchOptions;
pub use self::verifiers::{WatchedClientVerifier, WatchedServerVerifier};
use self::watcher::{Tick, Watcher};
use crate::{Error, Result};

/// A kind of value that files can replace while it is in use.
pub trait Watchable: Clone + Send + Sync + 'static {
    /// Whether this value may take the place of `old` at `now`; called before each swap.
    ///
    /// # Errors
    ///
    /// Why the old one is better kept.
    fn may_replace(&self, old: &Self, options: &WatchOptions, now: UnixTime) -> Result<()>;
}

/// A value that is read again when its files change, and swapped in only if it is good.
///
/// Made by [`Identity::watch_pem_files`](crate::Identity::watch_pem_files),
/// [`Trust::watch_pem_file`](crate::Trust::watch_pem_file),
/// [`Crls::watch_paths`](crate::Crls::watch_paths), or [`Watched::from_files`]. Clones share one
/// value. `Watched<Identity>` is a `rustls::server::ResolvesServerCert`;
/// [`WatchedServerVerifier`] and [`WatchedClientVerifier`] take a `Watched<Trust>` and a
/// `Watched<Crls>`.
///
/// One thread of the process looks at the files of all watched values, every two seconds unless
/// [set](WatchOptions::interval); it begins with the first and ends with the last. Symbolic links
/// are followed at each look, so the swap of a directory link as Kubernetes makes it counts as a
/// change. New contents have to be seen by two looks in a row before they are judged, so a file
/// that is just being written is left alone.
///
/// What is judged and found bad (a key that does not fit yet, a file that is gone, an expired
/// certificate, names that are missing, a revocation list older than the one in use) leaves the old value in use. It is looked at again, and
/// reported once, through `tracing` and [`last_error`](Self::last_error), if it lasts for
/// three looks. So a certificate and its key may be replaced one after the other.
///
/// ```
/// # use tls_certs::Identity;
/// # let directory = tempfile::tempdir()?;
/// # let (cert, key) = (directory.path().join("tls.crt"), directory.path().join("tls.key"));
/// # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
/// # std::fs::write(&cert, made.cert.pem())?;
/// # std::fs::write(&key, made.signing_key.serialize_pem())?;
/// let identity = Identity::watch_pem_files(&cert, &key)?;
/// let config = rustls::ServerConfig::builder_with_provider(
///     rustls::crypto::aws_lc_rs::default_provider().into(),
/// )
/// .with_safe_default_protocol_versions()?
/// .with_no_client_auth()
/// .with_cert_resolver(std::sync::Arc::new(identity.clone()));
/// assert_eq!(identity.generation(), 1);
/// assert_eq!(identity.reload()?, 1); // nothing changed
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Watched<T>(Arc<Shared<T>>);

struct Shared<T> {
    current: ArcSwap<Version<T>>,
    source: Option<Source<T>>,
    options: WatchOptions,
    candidate: Mutex<Candidate>,
    last_error: ArcSwapOption<Error>,
    hooks: Mutex<Vec<Hook<T>>>,
    failure_hooks: Mutex<Vec<FailureHook>>,
    /// Told when this goes, so that its thread can end.
    watcher: Option<Arc<Watcher>>,
}

struct Version<T> {
    value: T,
    generation: u64,
}

struct Source<T> {
    files: Files,
    load: Loader<T>,
}

type Loader<T> = Box<dyn Fn(&[FileContents]) -> Result<T> + Send + Sync>;
type Hook<T> = Arc<dyn Fn(&T, u64) + Send + Sync>;
type FailureHook = Arc<dyn Fn(&Arc<Error>) + Send + Sync>;

impl<T: Watchable> Watched<T> {
    /// A value without files: it changes by [`replace`](Self::replace) only, and has no part in
    /// the watching thread.
    pub fn new(value: T) -> Self {
        let options = WatchOptions::default();
        Self(Arc::new(Shared::new(
            value,
            None,
            options,
            Candidate::default(),
            None,
        )))
    }

    /// Reads `paths` whole, makes a value of their contents with `load`, and watches them.
    ///
    /// `load` is given the contents in the order of `paths`, on the calling thread now and on the
    /// watching thread later. Blocks while the files are read.
    ///
    /// # Errors
    ///
    /// A file cannot be read, `load` refuses, or the thread cannot be started.
    pub fn from_files(
        paths: impl IntoIterator<Item = impl Into<PathBuf>>,
        options: WatchOptions,
        load: impl Fn(&[FileContents]) -> Result<T> + Send + Sync + 'static,
    ) -> Result<Self> {
        let files = Files::new(paths.into_iter().map(Into::into).collect());
        Self::watched_by(Watcher::of_process(), files, options, Box::new(load))
    }

    /// As [`from_files`](Self::from_files), and a path that is a directory stands for the files in
    /// it at the time, in the order of their names: new files are read, removed ones forgotten.
    /// Directories in it, and names that begin with a dot, are left out.
    ///
    /// # Errors
    ///
    /// As [`from_files`](Self::from_files).
    pub fn from_paths(
        paths: impl IntoIterator<Item = impl Into<PathBuf>>,
        options: WatchOptions,
        load: impl Fn(&[FileContents]) -> Result<T> + Send + Sync + 'static,
    ) -> Result<Self> {
        let files = Files::with_directories(paths.into_iter().map(Into::into).collect());
        Self::watched_by(Watcher::of_process(), files, options, Box::new(load))
    }

    fn watched_by(
        watcher: &Arc<Watcher>,
        files: Files,
        options: WatchOptions,
        load: Loader<T>,
    ) -> Result<Self> {
        let look = files.read();
        let value = load(look.contents()?)?;
        let candidate = Candidate::in_use(&look);
        let source = Source { files, load };
        let watcher = options
            .interval
            .map(|interval| (Arc::clone(watcher), interval));
        let shared = Arc::new(Shared::new(
            value,
            Some(source),
            options,
            candidate,
            watcher.as_ref().map(|(watcher, _)| Arc::clone(watcher)),
        ));
        if let Some((watcher, interval)) = watcher {
            let ticking: Arc<dyn Tick> = Arc::<Shared<T>>::clone(&shared);
            watcher.add(&ticking, interval)?;
        }
        Ok(Self(shared))
    }

    /// The value in use.
    #[must_use]
    pub fn get(&self) -> T {
        self.0.current.load().value.clone()
    }

    /// The value in use, with its generation.
    #[must_use]
    pub fn snapshot(&self) -> (T, u64) {
        let current = self.0.current.load();
        (current.value.clone(), current.generation)
    }

    /// Looks at `value` in use without cloning it.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0.current.load().value)
    }

    /// Counts up with each value that was swapped in; the first is 1.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.current.load().generation
    }

    /// Reads the files now, whatever they look like, and swaps the value in if it is good. One
    /// look is enough. Returns the generation in use: the old one if nothing has changed.
    ///
    /// Blocks while the files are read.
    ///
    /// # Errors
    ///
    /// [`Error::NotReloaded`], with the reason, which [`last_error`](Self::last_error) gives too;
    /// the old value stays.
    pub fn reload(&self) -> Result<u64> {
        self.0.look(true)
    }

    /// What the watching thread does at each interval. For programs that bring their own timer
    /// (with [`WatchOptions::manual`]), and for tests.
    pub fn tick(&self) {
        self.0.tick();
    }

    /// Swaps `value` in after the same checks as a file's; for certificates that come from
    /// elsewhere than a file. The next change of the files, if there are any, replaces it.
    ///
    /// # Errors
    ///
    /// Why the old value is better kept.
    pub fn replace(&self, value: T) -> Result<u64> {
        let candidate = self.0.lock_candidate();
        value.may_replace(&self.get(), &self.0.options, UnixTime::now())?;
        Ok(self.0.swap_and_tell(value, candidate))
    }

    /// Swaps `value` in without those checks, for who made them already, or means to lose something.
    pub fn set(&self, value: T) -> u64 {
        let candidate = self.0.lock_candidate();
        self.0.swap_and_tell(value, candidate)
    }

    /// Why the files as they are now are not in use; `None` if they are.
    #[must_use]
    pub fn last_error(&self) -> Option<Arc<Error>> {
        self.0.last_error.load_full()
    }

    /// Calls `hook` with each value that was swapped in and its generation, after the swap, on
    /// the thread that made it. A hook that keeps a clone of this value keeps it forever.
    pub fn on_change(&self, hook: impl Fn(&T, u64) + Send + Sync + 'static) {
        let mut hooks = self.0.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.push(Arc::new(hook));
    }

    /// Calls `hook` once for each change of the files that is not taken, when that is reported, on
    /// the thread that watches; who calls [`reload`](Self::reload) has the error as its answer.
    pub fn on_failure(&self, hook: impl Fn(&Arc<Error>) + Send + Sync + 'static) {
        let hooks = self.0.failure_hooks.lock();
        let mut hooks = hooks.unwrap_or_else(PoisonError::into_inner);
        hooks.push(Arc::new(hook));
    }
}

impl<T: Watchable> Shared<T> {
    fn new(
        value: T,
        source: Option<Source<T>>,
        options: WatchOptions,
        candidate: Candidate,
        watcher: Option<Arc<Watcher>>,
    ) -> Self {
        Self {
            current: ArcSwap::from_pointee(Version {
                value,
                generation: 1,
            }),
            source,
            options,
            candidate: Mutex::new(candidate),
            last_error: ArcSwapOption::empty(),
            hooks: Mutex::default(),
            failure_hooks: Mutex::default(),
            watcher,
        }
    }

    /// One look at the files. `at_once` judges what is there, without waiting for a second look.
    fn look(&self, at_once: bool) -> Result<u64> {
        let generation = || self.current.load().generation;
        let Some(source) = &self.source else {
            return Ok(generation());
        };
        let mut candidate = self.lock_candidate();
        if !at_once && candidate.is_settled(&source.files.stamps()) {
            return Ok(generation());
        }
        let look = source.files.read();
        match candidate.see(&look, at_once) {
            Judgement::Wait => return Ok(generation()),
            Judgement::InUse => {
                self.last_error.store(None);
                return Ok(generation());
            }
            Judgement::Judge => {}
        }
        let judged = look
            .contents()
            .and_then(|contents| (source.load)(contents))
            .and_then(|new| {
                new.may_replace(&self.current.load().value, &self.options, UnixTime::now())?;
                Ok(new)
            });
        match judged {
            Ok(new) => {
                candidate.taken(&look);
                let generation = self.swap(new);
                drop(candidate);
                tracing::info!(files = %source.files, generation, "reloaded");
                self.tell(generation);
                Ok(generation)
            }
            Err(error) => {
                let error = Arc::new(error);
                let is_news = candidate.failed(&error, at_once);
                if is_news {
                    tracing::warn!(files = %source.files, code = error.code(), hint = error.hint(), "not reloaded, the old stays in use: {error}");
                    self.last_error.store(Some(Arc::clone(&error)));
                }
                drop(candidate);
                if is_news && !at_once {
                    self.tell_failure(&error);
                }
                let files = source.files.to_string();
                Err(Error::NotReloaded {
                    files,
                    source: error,
                })
            }
        }
    }

    fn swap(&self, value: T) -> u64 {
        let generation = self.current.load().generation + 1;
        self.current.store(Arc::new(Version { value, generation }));
        self.last_error.store(None);
        generation
    }

    /// Swaps `value` in while nobody else does, and lets others do so before the hooks are called.
    fn swap_and_tell(&self, value: T, candidate: MutexGuard<'_, Candidate>) -> u64 {
        let generation = self.swap(value);
        drop(candidate);
        self.tell(generation);
        generation
    }

    fn tell(&self, generation: u64) {
        let current = self.current.load_full();
        if current.generation != generation {
            return; // A newer one is already on its way to the hooks.
        }
        let hooks = self
            .hooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for hook in hooks {
            hook(&current.value, generation);
        }
    }

    fn tell_failure(&self, error: &Arc<Error>) {
        let hooks = self.failure_hooks.lock();
        let hooks = hooks.unwrap_or_else(PoisonError::into_inner).clone();
        for hook in hooks {
            hook(error);
        }
    }

    fn lock_candidate(&self) -> MutexGuard<'_, Candidate> {
        self.candidate
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Watchable> Tick for Shared<T> {
    fn tick(&self) {
        // A failure has been kept and reported, if it is time for that.
        _ = self.look(false);
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        if let Some(watcher) = &self.watcher {
            watcher.wake();
        }
    }
}

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field(
                "files",
                &self
                    .0
                    .source
                    .as_ref()
                    .map(|source| source.files.to_string()),
            )
            .field("generation", &self.0.current.load().generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
