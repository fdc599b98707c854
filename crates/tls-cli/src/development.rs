//! The development CA, and where it lives.

use std::env;
use std::path::PathBuf;

use tls::certs::development::DevelopmentCa;
use tls::certs::{CertificateSummary, Identity};

use crate::error::{Error, Result};
use crate::flags::DevelopmentFlags;
use crate::settings::Certificate;

/// The CA's certificate in its directory.
const CA_FILE: &str = "dev-ca.pem";

/// `--dev-dir`, or `tls` in the user's data directory (XDG Base Directory Specification: a relative
/// `XDG_DATA_HOME` is to be ignored).
pub(crate) fn directory(flags: &DevelopmentFlags) -> Result<PathBuf> {
    if let Some(directory) = &flags.dev_dir {
        return Ok(directory.clone());
    }
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local").join("share")))
        .ok_or(Error::NoDataDirectory)?;
    Ok(data.join("tls"))
}

/// The CA's certificate, if there is a CA. Makes none.
pub(crate) fn existing_ca(flags: &DevelopmentFlags) -> Option<PathBuf> {
    let file = directory(flags).ok()?.join(CA_FILE);
    file.is_file().then_some(file)
}

/// The CA, made if there is none.
pub(crate) fn load_or_create(flags: &DevelopmentFlags) -> Result<DevelopmentCa> {
    let directory = directory(flags)?;
    // The parents are anybody's directories; only the last one is the CA's own.
    if let Some(parent) = directory.parent() {
        std::fs::create_dir_all(parent).map_err(|source| Error::File {
            action: "create",
            path: parent.to_owned(),
            source,
        })?;
    }
    Ok(DevelopmentCa::load_or_create(directory)?)
}

/// A certificate for this machine.
pub(crate) fn issue(flags: &DevelopmentFlags) -> Result<(Identity, Certificate)> {
    let ca = load_or_create(flags)?;
    let mut names: Vec<String> = ca.permitted_names().to_vec();
    names.extend(["127.0.0.1", "::1"].map(str::to_owned));
    let identity = ca.issue(&names)?;
    let certificate = Certificate::Development {
        ca_file: ca.ca_path(),
        is_new: ca.was_created(),
        ca_name: ca_name(&ca),
        leaf: identity.summary().clone(),
    };
    Ok((identity, certificate))
}

pub(crate) fn ca_name(ca: &DevelopmentCa) -> String {
    let summary = CertificateSummary::from_der(ca.certificate());
    summary
        .ok()
        .and_then(|summary| summary.common_name)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ca_is_found_where_it_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let flags = DevelopmentFlags {
            dev_dir: Some(directory.path().join("a").join("b")),
        };
        assert_eq!(existing_ca(&flags), None);
        let ca = load_or_create(&flags).unwrap();
        assert_eq!(existing_ca(&flags), Some(ca.ca_path()));
        let (identity, certificate) = issue(&flags).unwrap();
        assert_eq!(certificate.ca_file(), Some(ca.ca_path().as_path()));
        assert!(
            identity
                .summary()
                .dns_names
                .iter()
                .any(|name| name == "localhost")
        );
    }
}
