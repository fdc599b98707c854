//! What a server reads again: when it changes, and when the server is told to by SIGHUP.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tls::certs::{Crls, Identity, Trust, Watchable, Watched};
use tls::psk::PskKeys;
use tls::sessions::{SharedSecret, TicketKeys};

use crate::error::Error;

/// Everything that is read again.
#[derive(Default)]
pub(crate) struct Reloads(Vec<Reload>);

struct Reload {
    /// The file that stands for it, where it is of several.
    what: PathBuf,
    source: Source,
}

enum Source {
    Identity(Watched<Identity>),
    Trust(Watched<Trust>),
    Crls(Watched<Crls>),
    Secret(SharedSecret),
    TicketKeys(TicketKeys),
    Psk(PskKeys),
}

/// What became of one file.
pub(crate) type Reloaded = (PathBuf, Result<(), Error>);

impl Reloads {
    pub(super) fn identities(&mut self, what: &Path, identities: &[Watched<Identity>]) {
        for identity in identities {
            self.add(what, Source::Identity(identity.clone()));
        }
    }

    pub(super) fn trust(&mut self, what: &Path, trust: &Watched<Trust>) {
        self.add(what, Source::Trust(trust.clone()));
    }

    pub(super) fn crls(&mut self, what: &Path, crls: &Watched<Crls>) {
        self.add(what, Source::Crls(crls.clone()));
    }

    pub(super) fn secret(&mut self, what: &Path, secret: &SharedSecret) {
        self.add(what, Source::Secret(secret.clone()));
    }

    pub(super) fn ticket_keys(&mut self, what: &Path, keys: &TicketKeys) {
        self.add(what, Source::TicketKeys(keys.clone()));
    }

    pub(super) fn psk(&mut self, what: &Path, keys: &PskKeys) {
        self.add(what, Source::Psk(keys.clone()));
    }

    fn add(&mut self, what: &Path, source: Source) {
        self.0.push(Reload {
            what: what.to_owned(),
            source,
        });
    }

    /// Calls `tell` with each file whose new content was taken up, or can't be. Not for secrets and
    /// pre-shared keys, which are told by [`reload`](Self::reload).
    pub(crate) fn on_change(
        &self,
        tell: impl Fn(&Path, Result<(), Error>) + Send + Sync + 'static,
    ) {
        let tell = Arc::new(tell);
        for reload in &self.0 {
            let (tell, what) = (Arc::clone(&tell), reload.what.clone());
            match &reload.source {
                Source::Identity(watched) => tell_of(watched, what, tell),
                Source::Trust(watched) => tell_of(watched, what, tell),
                Source::Crls(watched) => tell_of(watched, what, tell),
                Source::TicketKeys(keys) => {
                    keys.on_file_change(move |outcome| tell(&what, outcome.map_err(Error::from)));
                }
                Source::Secret(_) | Source::Psk(_) => {}
            }
        }
    }

    /// Reads all files now; what can't be used changes nothing. Tells what failed, and what
    /// [`on_change`](Self::on_change) does not tell.
    pub(crate) fn reload(&self) -> Vec<Reloaded> {
        let reloaded = self.0.iter().filter_map(|reload| {
            let what = &reload.what;
            let outcome = match &reload.source {
                Source::Identity(watched) => read_again(watched)?,
                Source::Trust(watched) => read_again(watched)?,
                Source::Crls(watched) => read_again(watched)?,
                Source::Secret(secret) => secret.set_from_file(what).map_err(Error::from),
                Source::Psk(keys) => keys.reload().map(drop).map_err(Error::Psk),
                Source::TicketKeys(keys) => keys.set_from_file(what).map_err(Error::from),
            };
            Some((what.clone(), outcome))
        });
        reloaded.collect()
    }
}

fn tell_of<T: Watchable>(
    watched: &Watched<T>,
    what: PathBuf,
    tell: Arc<impl Fn(&Path, Result<(), Error>) + Send + Sync + 'static>,
) {
    let (of_failure, file) = (Arc::clone(&tell), what.clone());
    watched.on_change(move |_, _| tell(&what, Ok(())));
    watched.on_failure(move |error| of_failure(&file, Err(Error::NotReloaded(Arc::clone(error)))));
}

/// The failure, without the words around it.
fn read_again<T: Watchable>(watched: &Watched<T>) -> Option<Result<(), Error>> {
    let error = watched.reload().err()?;
    Some(Err(Error::NotReloaded(
        watched.last_error().unwrap_or_else(|| Arc::new(error)),
    )))
}
