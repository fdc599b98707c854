//! A certificate and its key that are read again when they are renewed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use pki_types::UnixTime;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{WatchOptions, Watchable, Watched};
use crate::chain::path_summaries;
use crate::{CertificateSummary, Error, Identity, Result};

impl Identity {
    /// As [`Identity::from_pem_files`], and reads them again when they change; see [`Watched`].
    ///
    /// # Errors
    ///
    /// As [`Identity::from_pem_files`], and [`Error::Watch`]. The dates of the first certificate
    /// are not checked; a later one is swapped in only within its dates.
    pub fn watch_pem_files(
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Watched<Self>> {
        Self::watch_pem_files_with(certificate, key, WatchOptions::default())
    }

    /// As [`Identity::watch_pem_files`], with options.
    ///
    /// # Errors
    ///
    /// As [`Identity::watch_pem_files`].
    pub fn watch_pem_files_with(
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
        options: WatchOptions,
    ) -> Result<Watched<Self>> {
        let paths = [certificate.as_ref(), key.as_ref()];
        // Reports the file that is at fault by its path, and one that others may read.
        Self::from_pem_files(paths[0], paths[1])?.check_level(options.level)?;
        // There are as many contents as paths.
        Watched::from_files(paths, options, |files| {
            Self::from_pem(files[0].bytes(), files[1].bytes())
        })
    }
}

impl Watchable for Identity {
    /// The key is large enough, leaf and intermediates are within their dates, the issuer's
    /// certificate is there if the old one had it, and the names of the old one are covered.
    fn may_replace(&self, old: &Self, options: &WatchOptions, now: UnixTime) -> Result<()> {
        self.check_level(options.level)?;
        check_chain(old, self, now)?;
        let names = lost_names(old, self);
        if names.is_empty() || options.lost_names {
            return Ok(());
        }
        Err(Error::NamesLost {
            subject: self.summary().subject.clone(),
            names,
        })
    }
}

fn check_chain(old: &Identity, new: &Identity, now: UnixTime) -> Result<()> {
    let path = path_summaries(new.chain());
    // A root does no good in a chain, and its dates no harm.
    let is_root = |link: &CertificateSummary| link.issuer == link.subject;
    let (leaf, issuers) = (new.summary(), path.get(1..).unwrap_or_default());
    leaf.check_dates(now)?;
    let mut dated = issuers.iter().filter(|link| !is_root(link));
    dated.try_for_each(|link| link.check_dates(now))?;
    if issuers.is_empty() && !is_root(leaf) && path_summaries(old.chain()).len() > 1 {
        return Err(Error::ChainIncomplete {
            subject: leaf.subject.clone(),
            issuer: leaf.issuer.clone(),
        });
    }
    Ok(())
}

/// Names of `old` under which `new` could not be used.
fn lost_names(old: &Identity, new: &Identity) -> Vec<String> {
    let (old, new) = (old.summary(), new.summary());
    let dns: BTreeSet<String> = new
        .dns_names
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let covered = |name: &str| {
        let name = name.to_ascii_lowercase();
        let wildcard = name
            .split_once('.')
            .map(|(_, parent)| format!("*.{parent}"));
        dns.contains(&name) || wildcard.is_some_and(|wildcard| dns.contains(&wildcard))
    };
    let lost_dns = old.dns_names.iter().filter(|name| !covered(name)).cloned();
    let lost_ips = old
        .ip_addresses
        .iter()
        .filter(|ip| !new.ip_addresses.contains(ip));
    let lost_uris = old
        .uris
        .iter()
        .filter(|uri| !new.uris.contains(uri))
        .cloned();
    lost_dns
        .chain(lost_ips.map(ToString::to_string))
        .chain(lost_uris)
        .collect()
}

impl ResolvesServerCert for Watched<Identity> {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.look(|identity| Arc::clone(identity.certified_key())))
    }
}
