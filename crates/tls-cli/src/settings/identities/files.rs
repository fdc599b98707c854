//! Files of one `--cert` and `--key`, or of one `--pfx`.

use std::path::{Path, PathBuf};

use tls::certs::{
    FileContents, Identity, IdentityLoader, Passphrase, Source, WatchOptions, Watched,
};
use tls::rustls::pki_types::UnixTime;

use crate::error::Result;
use crate::message;
use crate::secret::credential;
use crate::settings::passphrases;
use crate::settings::reloads::Reloads;

/// Where identities are, and what opens them.
#[derive(Clone)]
pub(super) struct IdentityFiles {
    place: Place,
    passphrase: Passphrase,
}

#[derive(Clone)]
enum Place {
    Pair { cert: PathBuf, key: PathBuf },
    Pfx(PathBuf),
}

impl IdentityFiles {
    pub(super) fn pair(cert: &Path, key: &Path, passphrase: Passphrase) -> Self {
        let (cert, key) = (credential(cert), credential(key));
        Self {
            place: Place::Pair { cert, key },
            passphrase,
        }
    }

    /// Who writes a PFX without a passphrase gives none, so that nobody is asked for one.
    pub(super) fn pfx(file: &Path, given: Option<&Passphrase>) -> Result<Self> {
        let mut files = Self {
            place: Place::Pfx(credential(file)),
            passphrase: given.cloned().unwrap_or_else(|| Passphrase::new("")),
        };
        if given.is_none() {
            match files.loader(of_file).load() {
                Err(tls::certs::Error::Pkcs12Mac { .. }) => {
                    files.passphrase = passphrases::prompt();
                }
                loaded => drop(loaded?),
            }
        }
        Ok(files)
    }

    /// What is there now. An expired certificate serves, since others may be worse off without.
    pub(super) fn load(&self) -> Result<Vec<Identity>> {
        let identities = self.loader(of_file).load()?;
        for identity in &identities {
            if let Err(error) = identity.check_dates(UnixTime::now()) {
                let file = self.name().display();
                message::warn(&format!("{file}: {error}; {}", error.hint()));
            }
        }
        Ok(identities)
    }

    /// The same, read again when the files change.
    pub(super) fn watch(&self, reloads: &mut Reloads) -> Result<Vec<Watched<Identity>>> {
        let count = self.load()?.len();
        let mut watched = Vec::new();
        for place in 0..count {
            let files = self.clone();
            let load = move |contents: &[FileContents]| {
                let identities = files.loader(|path| files.source(path, contents)).load()?;
                let origin = files.name().display().to_string();
                let missing = || tls::certs::Error::NoKey {
                    origin,
                    labels: Vec::new(),
                };
                identities.into_iter().nth(place).ok_or_else(missing)
            };
            let options = WatchOptions::default();
            watched.push(Watched::from_files(self.paths(), options, load)?);
        }
        reloads.identities(self.name(), &watched);
        Ok(watched)
    }

    fn loader(&self, source: impl Fn(&Path) -> Source) -> IdentityLoader {
        let with_passphrase = |path| source(path).with_passphrase(self.passphrase.clone());
        match &self.place {
            Place::Pair { cert, key } => IdentityLoader::new()
                .certificates(source(cert))
                .keys(with_passphrase(key)),
            Place::Pfx(file) => IdentityLoader::new().pfx(with_passphrase(file)),
        }
    }

    /// The contents that were read of a path.
    fn source(&self, path: &Path, contents: &[FileContents]) -> Source {
        let read = contents.iter().find(|file| file.path() == path);
        let bytes = read.map(|file| file.bytes().to_vec()).unwrap_or_default();
        Source::bytes(path.display().to_string(), bytes)
    }

    fn paths(&self) -> Vec<&Path> {
        match &self.place {
            Place::Pair { cert, key } => vec![cert, key],
            Place::Pfx(file) => vec![file],
        }
    }

    fn name(&self) -> &Path {
        match &self.place {
            Place::Pair { cert, .. } => cert,
            Place::Pfx(file) => file,
        }
    }
}

fn of_file(path: &Path) -> Source {
    Source::file(path)
}
