//! Certificates with their keys: files, or the development CA's.

use std::path::{Path, PathBuf};

use tls::certs::{CertificateSummary, Identity, IdentityLoader, Passphrase, Source};
use tls::rustls::pki_types::UnixTime;

use super::passphrases::{self, Passphrases};
use crate::error::{Error, Result};
use crate::flags::{ConnectFlags, ServeFlags};
use crate::secret::credential;
use crate::{development, message};

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
}

impl Certificate {
    pub(crate) fn leaf(&self) -> &CertificateSummary {
        match self {
            Self::Development { leaf, .. } | Self::Files { leaf } => leaf,
        }
    }

    pub(crate) fn ca_file(&self) -> Option<&Path> {
        match self {
            Self::Development { ca_file, .. } => Some(ca_file),
            Self::Files { .. } => None,
        }
    }
}

/// The certificates of `--cert` and `--key` and of `--pfx`, or one of the development CA.
pub(super) fn of_server(flags: &ServeFlags) -> Result<(Vec<Identity>, Certificate)> {
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
    let passphrases = Passphrases::of(&flags.passphrase, keys.len() + pfx.len())?;
    if certs.is_empty() && pfx.is_empty() {
        let (identity, certificate) = development::issue(&flags.development)?;
        return Ok((vec![identity], certificate));
    }
    let mut identities = Vec::new();
    for (place, (cert, key)) in certs.iter().zip(keys).enumerate() {
        identities.extend(load(cert, key, passphrases.get(place))?);
    }
    for (place, file) in pfx.iter().enumerate() {
        identities.extend(load_pfx(file, passphrases.given(keys.len() + place))?);
    }
    let leaf = identities
        .first()
        .map(|identity| identity.summary().clone());
    let leaf = leaf.ok_or(Error::Bug("a list of certificates lost its first"))?;
    Ok((identities, Certificate::Files { leaf }))
}

/// The certificate of one `--sni`. Its key has the passphrase that is for all, or a prompt.
pub(super) fn of_name(cert: &Path, key: &Path, flags: &ServeFlags) -> Result<Vec<Identity>> {
    let passphrase = match flags.passphrase.as_slice() {
        [one] => one.passphrase("--passphrase"),
        _ => passphrases::prompt(),
    };
    load(cert, key, passphrase)
}

/// The certificate of `tls connect`, if it was given one.
pub(super) fn of_client(flags: &ConnectFlags) -> Result<Vec<Identity>> {
    let passphrases = Passphrases::of(flags.passphrase.as_slice(), 1)?;
    match (&flags.cert, &flags.key, &flags.pfx) {
        (Some(cert), Some(key), _) => load(cert, key, passphrases.get(0)),
        (_, _, Some(file)) => load_pfx(file, passphrases.given(0)),
        _ => Ok(Vec::new()),
    }
}

/// A chain with its key.
fn load(cert: &Path, key: &Path, passphrase: Passphrase) -> Result<Vec<Identity>> {
    let key = Source::file(credential(key)).with_passphrase(passphrase);
    let loader = IdentityLoader::new()
        .certificates(Source::file(credential(cert)))
        .keys(key);
    warn_of_dates(cert, loader.load()?)
}

/// Who writes a PFX without a passphrase gives none, so that nobody is asked for one.
fn load_pfx(file: &Path, given: Option<&Passphrase>) -> Result<Vec<Identity>> {
    let source = Source::file(credential(file));
    let with = |passphrase: Passphrase| {
        let source = source.clone().with_passphrase(passphrase);
        IdentityLoader::new().pfx(source).load()
    };
    let loaded = match given {
        Some(passphrase) => with(passphrase.clone()),
        None => match with(Passphrase::new("")) {
            Err(tls::certs::Error::Pkcs12Mac { .. }) => with(passphrases::prompt()),
            loaded => loaded,
        },
    };
    warn_of_dates(file, loaded?)
}

/// An expired certificate serves, since others may be worse off without.
fn warn_of_dates(file: &Path, identities: Vec<Identity>) -> Result<Vec<Identity>> {
    for identity in &identities {
        if let Err(error) = identity.check_dates(UnixTime::now()) {
            message::warn(&format!("{}: {error}; {}", file.display(), error.hint()));
        }
    }
    Ok(identities)
}
