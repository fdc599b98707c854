//! Staples and revocation lists: `--crl`, `--revocation`, `--ocsp`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tls::certs::{CrlPolicy, Crls, ServerVerifier, WatchOptions, Watched};
use tls::context::{SecureContext, SecureContextBuilder};
use tls::net::SharedResponses;
use tls::ocsp::{CrlKeeper, Fetcher, ResponseVerifier, StaplePolicy, Stapler};
use tls::rustls::crypto::CryptoProvider;
use tls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tls::sessions::RedisStore;
use tokio::runtime::Handle;

use super::reloads::Reloads;
use crate::error::{Error, Result};
use crate::flags::{Revocation, RevocationFlags, Stapling};

/// The lists by which the other end is judged, and how strictly.
pub(super) struct Lists {
    lists: Option<Watched<Crls>>,
    policy: CrlPolicy,
    /// Fetches those that certificates name.
    pub(super) keeper: Option<CrlKeeper>,
}

/// Judges a server once the lists are there that its certificates name.
pub(crate) struct LaterJudgement {
    pub(crate) keeper: CrlKeeper,
    policy: CrlPolicy,
}

impl LaterJudgement {
    /// Judges by the lists that are there now, as strictly as was asked for.
    pub(crate) fn judge(
        &self,
        context: &SecureContext,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Result<()> {
        let Some(verifier) = context.server_verifier() else {
            return Ok(());
        };
        let trust = verifier.trust().get();
        let verifier = ServerVerifier::builder(trust, Arc::clone(context.provider()))
            .crls(self.keeper.lists().get())
            .crl_policy(self.policy)
            .build()?;
        let verdict = verifier.verify(chain, name, UnixTime::now());
        verdict.map_err(|refusal| Error::Refused(Box::new(refusal)))
    }
}

impl Lists {
    /// For a server: files are read again when they change.
    pub(super) fn of_server(
        flags: &RevocationFlags,
        reloads: &mut Reloads,
        store: Option<&RedisStore>,
        runtime: &Handle,
    ) -> Result<Self> {
        if flags.fetches_lists() {
            return Self::fetched(flags, store, runtime);
        }
        let files = flags.list_files();
        let Some(first) = files.first() else {
            return Ok(Self::of(flags, None));
        };
        let lists = Crls::watch_paths(&files, WatchOptions::default())?;
        reloads.crls(first, &lists);
        Ok(Self::of(flags, Some(lists)))
    }

    /// For one connection. Lists that are fetched are not there at its handshake, so it is judged
    /// again by them.
    pub(super) fn of_client(
        flags: &RevocationFlags,
        runtime: &Handle,
    ) -> Result<(Self, Option<LaterJudgement>)> {
        if flags.fetches_lists() {
            let mut lists = Self::fetched(flags, None, runtime)?;
            let strict = lists.policy;
            lists.policy = strict.accept_missing(true);
            let later = lists.keeper.clone().map(|keeper| LaterJudgement {
                keeper,
                policy: strict,
            });
            return Ok((lists, later));
        }
        let lists = read(&flags.list_files())?;
        Ok((Self::of(flags, lists.map(Watched::new)), None))
    }

    fn of(flags: &RevocationFlags, lists: Option<Watched<Crls>>) -> Self {
        let lenient = flags.policy() != Revocation::Require;
        Self {
            lists: lists.filter(|_| flags.policy() != Revocation::Ignore),
            policy: CrlPolicy::default()
                .accept_missing(lenient)
                .accept_stale(lenient),
            keeper: None,
        }
    }

    /// Workers that share a store fetch once.
    fn fetched(
        flags: &RevocationFlags,
        store: Option<&RedisStore>,
        runtime: &Handle,
    ) -> Result<Self> {
        if flags.policy() == Revocation::Ignore {
            return Ok(Self::of(flags, None));
        }
        let given = read(&flags.list_files())?.unwrap_or_else(Crls::empty);
        let mut keeper = CrlKeeper::builder(provider()?)
            .fetcher(fetcher(flags))
            .with(&given);
        if let Some(store) = store {
            keeper = keeper.cache(SharedResponses::new(store.clone()));
        }
        let keeper = keeper.start_on(runtime.clone());
        let lists = Self::of(flags, Some(keeper.lists().clone()));
        Ok(Self {
            keeper: Some(keeper),
            ..lists
        })
    }

    pub(super) fn apply(&self, builder: SecureContextBuilder) -> SecureContextBuilder {
        match &self.lists {
            Some(lists) => builder.crls(lists).crl_policy(self.policy),
            None => builder,
        }
    }
}

/// The revocation lists of these files, if there are any.
pub(crate) fn read(files: &[PathBuf]) -> Result<Option<Crls>> {
    files.iter().try_fold(None, |lists: Option<Crls>, file| {
        let more = Crls::from_pem_file(file)?;
        Ok(Some(match lists {
            Some(lists) => lists.with(&more),
            None => more,
        }))
    })
}

/// What a client makes of staples. Strictness that was asked for with lists is about lists.
pub(super) fn staple_policy(flags: &RevocationFlags) -> StaplePolicy {
    match flags.policy() {
        Revocation::Ignore => StaplePolicy::Ignore,
        Revocation::Require if flags.crl.is_empty() => StaplePolicy::Require,
        _ => StaplePolicy::Prefer,
    }
}

/// Staples for a server with these chains, the default one's first; workers that share a store ask
/// once.
pub(super) fn stapler(
    stapling: &Stapling,
    flags: &RevocationFlags,
    chains: &[Vec<CertificateDer<'static>>],
    store: Option<&RedisStore>,
    runtime: &Handle,
) -> Result<Option<Stapler>> {
    if *stapling == Stapling::Off {
        return Ok(None);
    }
    let mut stapler = Stapler::builder(ResponseVerifier::new(provider()?)).fetcher(fetcher(flags));
    if let Some(store) = store {
        stapler = stapler.cache(SharedResponses::new(store.clone()));
    }
    let stapler = stapler.start_on(runtime.clone());
    match (stapling, chains.first()) {
        (Stapling::File(file), Some(chain)) => {
            staple(&stapler, chain, file)?;
            runtime.spawn(staple_again(stapler.clone(), chain.clone(), file.clone()));
        }
        _ => {
            for chain in chains {
                stapler.watch(chain);
            }
        }
    }
    Ok(Some(stapler))
}

fn staple(stapler: &Stapler, chain: &[CertificateDer<'_>], file: &Path) -> Result<()> {
    let response = std::fs::read(file).map_err(|source| Error::File {
        action: "read",
        path: file.into(),
        source,
    })?;
    Ok(stapler.set(chain, response)?)
}

/// Takes up what another program, such as `tls ocsp fetch`, writes into the file.
async fn staple_again(stapler: Stapler, chain: Vec<CertificateDer<'static>>, file: PathBuf) {
    let changed = |file: &Path| {
        std::fs::metadata(file)
            .and_then(|data| data.modified())
            .ok()
    };
    let mut seen = changed(&file);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let now = changed(&file);
        if now.is_some() && now != seen {
            seen = now;
            if let Err(error) = staple(&stapler, &chain, &file) {
                crate::message::warn(&format!(
                    "{} is not stapled, the old one stays: {error}",
                    file.display()
                ));
            }
        }
    }
}

/// How often the file is looked at.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(10);

fn fetcher(flags: &RevocationFlags) -> Fetcher {
    Fetcher::new().allow_private(flags.ocsp_allow_private)
}

fn provider() -> Result<Arc<CryptoProvider>> {
    let context = SecureContext::without_certificate().build()?;
    Ok(Arc::clone(context.provider()))
}
