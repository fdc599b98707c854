//! Revocation lists, and what is made of them: `--crl`, `--revocation`.

use std::path::PathBuf;
use std::sync::Arc;

use tls::certs::{CrlPolicy, Crls, ServerVerifier, Trust, WatchOptions, Watched};
use tls::context::{SecureContext, SecureContextBuilder};
use tls::net::SharedResponses;
use tls::ocsp::{CrlKeeper, DiskCache, Fetcher, StaplePolicy};
use tls::rustls::ClientConfig;
use tls::rustls::crypto::CryptoProvider;
use tls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tls::sessions::RedisStore;
use tokio::runtime::Handle;

use super::reloads::Reloads;
use crate::error::{Error, Result};
use crate::flags::{Revocation, RevocationFlags};

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
        let files = flags.list_files();
        let given = match files.first() {
            Some(first) => {
                let lists = Crls::watch_paths(&files, WatchOptions::default())?;
                reloads.crls(first, &lists);
                Some(lists)
            }
            None => None,
        };
        if flags.fetches_lists() {
            return Self::fetched(flags, given.as_ref(), store, runtime);
        }
        Ok(Self::of(flags, given))
    }

    /// For one connection. Lists that are fetched are not there at its handshake, so it is judged
    /// again by them.
    pub(super) fn of_client(
        flags: &RevocationFlags,
        runtime: &Handle,
    ) -> Result<(Self, Option<LaterJudgement>)> {
        let given = read(&flags.list_files())?.map(Watched::new);
        if flags.fetches_lists() {
            let mut lists = Self::fetched(flags, given.as_ref(), None, runtime)?;
            let strict = lists.policy;
            lists.policy = strict.accept_missing(true);
            let later = lists.keeper.clone().map(|keeper| LaterJudgement {
                keeper,
                policy: strict,
            });
            return Ok((lists, later));
        }
        Ok((Self::of(flags, given), None))
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
        given: Option<&Watched<Crls>>,
        store: Option<&RedisStore>,
        runtime: &Handle,
    ) -> Result<Self> {
        if flags.policy() == Revocation::Ignore {
            return Ok(Self::of(flags, None));
        }
        let mut keeper = CrlKeeper::builder(provider()?).fetcher(fetcher(flags)?);
        if let Some(given) = given {
            keeper = keeper.with_watched(given);
        }
        if let Some(directory) = directory(flags)? {
            keeper = keeper.cache(directory);
        }
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

/// The revocation lists of these files, and of the files of directories, if there are any.
pub(crate) fn read(files: &[PathBuf]) -> Result<Option<Crls>> {
    if files.is_empty() {
        return Ok(None);
    }
    let lists = Crls::watch_paths(files, WatchOptions::manual())?;
    Ok(Some(lists.get()))
}

/// What a client makes of staples. Strictness that was asked for with lists is about lists.
pub(super) fn staple_policy(flags: &RevocationFlags) -> StaplePolicy {
    match flags.policy() {
        Revocation::Ignore => StaplePolicy::Ignore,
        Revocation::Require if flags.crl.is_empty() => StaplePolicy::Require,
        _ => StaplePolicy::Prefer,
    }
}

/// Reaches responders and lists, by HTTPS where Mozilla's roots vouch for the host.
pub(super) fn fetcher(flags: &RevocationFlags) -> Result<Fetcher> {
    let tls = https(Trust::mozilla())?;
    Ok(Fetcher::new()
        .allow_private(flags.ocsp_allow_private)
        .tls(tls))
}

/// For addresses that are `https`.
pub(crate) fn https(trust: Trust) -> Result<Arc<ClientConfig>> {
    Ok(SecureContext::client(trust).build()?.rustls_client()?)
}

/// Where responses and lists are kept over a restart.
pub(super) fn directory(flags: &RevocationFlags) -> Result<Option<DiskCache>> {
    let Some(path) = &flags.revocation_cache else {
        return Ok(None);
    };
    let cache = DiskCache::new(path).map_err(|source| Error::File {
        action: "use the directory",
        path: path.clone(),
        source,
    })?;
    Ok(Some(cache))
}

pub(super) fn provider() -> Result<Arc<CryptoProvider>> {
    let context = SecureContext::without_certificate().build()?;
    Ok(Arc::clone(context.provider()))
}
