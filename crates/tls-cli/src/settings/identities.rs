//! Certificates with their keys: files, or the development CA's.

mod files;

use std::path::{Path, PathBuf};

use tls::certs::{CertificateSummary, Identity, Watched};

use self::files::IdentityFiles;
use super::passphrases::{self, Passphrases};
use super::reloads::Reloads;
use crate::development;
use crate::error::{Error, Result};
use crate::flags::{ConnectFlags, ServeFlags, SniFlag};

/// What the default certificate is, for showing.
pub(crate) enum Certificate {
    /// Issued by the development CA.
    Development {
        ca_file: PathBuf,
        /// The CA was made just now, so nobody trusts it yet.
        is_new: bool,
        ca_name: String,
        leaf: CertificateSummary,
    },
    /// From files.
    Files { leaf: CertificateSummary },
    /// Pre-shared keys only.
    None,
}

impl Certificate {
    pub(crate) fn leaf(&self) -> Option<&CertificateSummary> {
        match self {
            Self::Development { leaf, .. } | Self::Files { leaf } => Some(leaf),
            Self::None => None,
        }
    }

    pub(crate) fn ca_file(&self) -> Option<&Path> {
        match self {
            Self::Development { ca_file, .. } => Some(ca_file),
            Self::Files { .. } | Self::None => None,
        }
    }
}

/// The certificates of `--cert` and `--key` and of `--pfx`, read again when they change, or one of
/// the development CA.
pub(super) fn of_server(
    flags: &ServeFlags,
    reloads: &mut Reloads,
) -> Result<(Vec<Watched<Identity>>, Certificate)> {
    let (certs, keys, pfx) = (&flags.cert, &flags.key, &flags.pfx);
    if certs.len() != keys.len() {
        return Err(Error::usage(
            format!(
                "{} --cert and {} --key: each certificate needs its key",
                certs.len(),
                keys.len()
            ),
            "give --cert and --key in pairs; one file may hold both",
        ));
    }
    if flags.psk.psk_only {
        return Ok((Vec::new(), Certificate::None));
    }
    let passphrases = Passphrases::of(&flags.passphrase, keys.len() + pfx.len())?;
    if certs.is_empty() && pfx.is_empty() {
        let (identity, certificate) = development::issue(&flags.development)?;
        return Ok((vec![Watched::new(identity)], certificate));
    }
    let mut identities = Vec::new();
    for (place, (cert, key)) in certs.iter().zip(keys).enumerate() {
        let files = IdentityFiles::pair(cert, key, passphrases.get(place));
        identities.extend(files.watch(reloads)?);
    }
    for (place, file) in pfx.iter().enumerate() {
        let files = IdentityFiles::pfx(file, passphrases.given(keys.len() + place))?;
        identities.extend(files.watch(reloads)?);
    }
    let leaf = identities
        .first()
        .map(|identity| identity.get().summary().clone());
    let leaf = leaf.ok_or(Error::Bug("a list of certificates lost its first"))?;
    Ok((identities, Certificate::Files { leaf }))
}

/// The certificate of one `--sni`. Its key has the passphrase that is for all, or a prompt.
pub(super) fn of_name(
    name: &SniFlag,
    flags: &ServeFlags,
    reloads: &mut Reloads,
) -> Result<Vec<Watched<Identity>>> {
    let passphrase = match flags.passphrase.as_slice() {
        [one] => one.passphrase("--passphrase"),
        _ => passphrases::prompt(),
    };
    IdentityFiles::pair(&name.cert, &name.key, passphrase).watch(reloads)
}

/// The certificates of `tls connect`, if it was given some.
pub(super) fn of_client(flags: &ConnectFlags) -> Result<Vec<Identity>> {
    let passphrases = Passphrases::of(flags.passphrase.as_slice(), 1)?;
    match (&flags.cert, &flags.key, &flags.pfx) {
        (Some(cert), Some(key), _) => IdentityFiles::pair(cert, key, passphrases.get(0)).load(),
        (_, _, Some(file)) => IdentityFiles::pfx(file, passphrases.given(0))?.load(),
        _ => Ok(Vec::new()),
    }
}
