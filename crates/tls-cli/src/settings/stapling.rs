//! What a server staples: `--ocsp`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tls::certs::{Identity, Watched};
use tls::net::SharedResponses;
use tls::ocsp::{ResponseVerifier, Stapler};
use tls::sessions::RedisStore;
use tokio::runtime::Handle;

use super::revocation::{directory, fetcher, provider};
use crate::error::{Error, Result};
use crate::flags::{RevocationFlags, Stapling};

/// How often the file of `--ocsp` is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Staples for a server, whose acceptor says for which certificates; a file is for the `first` one.
/// Workers that share a store ask once.
pub(super) fn stapler(
    stapling: &Stapling,
    flags: &RevocationFlags,
    first: Option<&Watched<Identity>>,
    store: Option<&RedisStore>,
    runtime: &Handle,
) -> Result<Option<Stapler>> {
    if *stapling == Stapling::Off {
        return Ok(None);
    }
    let verifier = ResponseVerifier::new(provider()?);
    let mut stapler = Stapler::builder(verifier).fetcher(fetcher(flags)?);
    if let Some(directory) = directory(flags)? {
        stapler = stapler.cache(directory);
    }
    if let Some(store) = store {
        stapler = stapler.cache(SharedResponses::new(store.clone()));
    }
    let stapler = stapler.start_on(runtime.clone());
    if let (Stapling::File(file), Some(identity)) = (stapling, first) {
        let file = StapleFile {
            path: file.clone(),
            identity: identity.clone(),
        };
        let seen = file.version();
        file.staple(&stapler)?;
        runtime.spawn(file.staple_again(stapler.clone(), seen));
    }
    Ok(Some(stapler))
}

/// A staple that another program, such as `tls ocsp fetch`, writes.
struct StapleFile {
    path: PathBuf,
    /// Whose it is.
    identity: Watched<Identity>,
}

/// What a staple was made of: when the file was written, and which certificate it was.
type Version = (Option<SystemTime>, u64);

impl StapleFile {
    fn version(&self) -> Version {
        let written = std::fs::metadata(&self.path).and_then(|data| data.modified());
        (written.ok(), self.identity.generation())
    }

    fn staple(&self, stapler: &Stapler) -> Result<()> {
        let response = read(&self.path)?;
        Ok(stapler.set(self.identity.get().chain(), response)?)
    }

    /// Takes up what is new, until the server ends.
    async fn staple_again(self, stapler: Stapler, mut seen: Version) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let now = self.version();
            if now == seen || now.0.is_none() {
                continue;
            }
            seen = now;
            if let Err(error) = self.staple(&stapler) {
                crate::message::warn(&format!(
                    "{} is not stapled, the old one stays: {error}",
                    self.path.display()
                ));
            }
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|source| Error::File {
        action: "read",
        path: file.into(),
        source,
    })
}
