//! The system's store.

use super::{Provenance, TrustSettings, TrustedCertificate};
use crate::{Error, Result};

/// Every usable root of the system.
pub(super) fn load() -> Result<Vec<TrustedCertificate>> {
    let found = rustls_native_certs::load_native_certs();
    let mut problems: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    let mut usable = Vec::with_capacity(found.certs.len());
    for der in found.certs {
        match TrustedCertificate::read(der, Provenance::System, TrustSettings::ALL) {
            Ok(certificate) if certificate.is_anchor() => usable.push(certificate),
            Ok(certificate) => problems.extend(certificate.why_not_anchor().map(str::to_owned)),
            Err(reason) => problems.push(reason),
        }
    }
    if usable.is_empty() {
        let reason = problems
            .into_iter()
            .next()
            .unwrap_or_else(|| String::from("it is empty or missing"));
        return Err(Error::SystemStore { reason });
    }
    if !problems.is_empty() {
        tracing::warn!(left_out = problems.len(), first = %problems[0], "some certificates of the system's store cannot be used");
    }
    Ok(usable)
}
