//! Certificates with their keys: files, or the development CA's.

use std::path::{Path, PathBuf};

use tls::certs::{CertificateSummary, Identity};
use tls::rustls::pki_types::UnixTime;

use crate::development;
use crate::error::{Error, Result};
use crate::flags::DevelopmentFlags;
use crate::message;

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

/// The certificates of `--cert` and `--key`, or one of the development CA.
pub(super) fn of_server(
    certs: &[PathBuf],
    keys: &[PathBuf],
    flags: &DevelopmentFlags,
) -> Result<(Vec<Identity>, Certificate)> {
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
    if certs.is_empty() {
        let (identity, certificate) = development::issue(flags)?;
        return Ok((vec![identity], certificate));
    }
    let pairs = certs.iter().zip(keys);
    let identities = pairs
        .map(|(cert, key)| load(cert, key))
        .collect::<Result<Vec<_>>>()?;
    let leaf = identities
        .first()
        .map(|identity| identity.summary().clone());
    let leaf = leaf.ok_or(Error::Bug("a list of certificates lost its first"))?;
    Ok((identities, Certificate::Files { leaf }))
}

/// One certificate with its key. An expired one serves, since others may be worse off without.
pub(super) fn load(cert: &Path, key: &Path) -> Result<Identity> {
    let identity = Identity::from_pem_files(cert, key)?;
    if let Err(error) = identity.check_dates(UnixTime::now()) {
        message::warn(&format!("{}: {error}; {}", cert.display(), error.hint()));
    }
    Ok(identity)
}
