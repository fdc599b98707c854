//! The one exception to webpki's decision: a certificate that the user listed itself.
//!
//! webpki has no notion of it: it wants an issuer for every leaf and refuses a CA
//! certificate as a leaf, which most self-signed development certificates are. What is
//! checked here is everything but the issuer; the handshake's signature is checked by
//! rustls as for any other certificate.

use der::Decode;
use der::asn1::ObjectIdentifier;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::CertificateError;
use rustls::client::verify_server_name;
use rustls::server::ParsedCertificate;
use x509_cert::Certificate;

use crate::Crls;
use crate::certificate::extended_key_usage;
use crate::chain_path::name_content;
use crate::refusal::Refused;
use crate::usage::Usage;
use crate::verify::is_root;

/// `None` if the exception does not apply; else the decision about a listed leaf.
pub(crate) fn verify(
    refused: &Refused<'_>,
    leaf: &CertificateDer<'_>,
) -> Option<Result<(), rustls::Error>> {
    let policy = refused.policy;
    // Without partial chains a trusted certificate must be its own issuer (Spec XEC-06).
    let applies = policy.trust.lists(leaf) && (policy.options.partial_chain || is_root(leaf));
    applies.then(|| {
        if let Some(crls) = policy.crls() {
            check_lists(leaf, crls)?;
        }
        check(leaf, refused.usage, refused.now)
    })
}

/// Its issuer may be unknown here, so the list's signature cannot be asked for: who is on
/// a list that was given is out.
fn check_lists(leaf: &CertificateDer<'_>, crls: &Crls) -> Result<(), CertificateError> {
    let certificate = Certificate::from_der(leaf).map_err(|_| CertificateError::BadEncoding)?;
    let tbs = certificate.tbs_certificate();
    let issuer = name_content(tbs.issuer()).ok_or(CertificateError::BadEncoding)?;
    let serial = tbs.serial_number().as_bytes();
    match crls.of(&issuer).any(|list| list.lists_serial(serial)) {
        true => Err(CertificateError::Revoked),
        false => Ok(()),
    }
}

fn check(leaf: &CertificateDer<'_>, usage: &Usage<'_>, now: UnixTime) -> Result<(), rustls::Error> {
    // Refuses version 1 and unknown critical extensions, as for every other leaf.
    let parsed = ParsedCertificate::try_from(leaf)?;
    let certificate = Certificate::from_der(leaf).map_err(|_| CertificateError::BadEncoding)?;
    check_dates(&certificate, now)?;
    check_purpose(&certificate, usage.purpose())?;
    match usage {
        Usage::Server(name) => check_name(&parsed, name),
        Usage::AnyServer | Usage::Client => Ok(()),
    }
}

fn check_name(parsed: &ParsedCertificate<'_>, name: &ServerName<'_>) -> Result<(), rustls::Error> {
    verify_server_name(parsed, name)
}

fn check_dates(certificate: &Certificate, now: UnixTime) -> Result<(), CertificateError> {
    let validity = certificate.tbs_certificate().validity();
    let not_before = UnixTime::since_unix_epoch(validity.not_before.to_unix_duration());
    let not_after = UnixTime::since_unix_epoch(validity.not_after.to_unix_duration());
    if now < not_before {
        return Err(CertificateError::NotValidYetContext {
            time: now,
            not_before,
        });
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext {
            time: now,
            not_after,
        });
    }
    Ok(())
}

fn check_purpose(
    certificate: &Certificate,
    purpose: ObjectIdentifier,
) -> Result<(), CertificateError> {
    match extended_key_usage(certificate) {
        Ok(None) => Ok(()),
        Ok(Some(purposes)) if purposes.contains(&purpose) => Ok(()),
        Ok(Some(_)) => Err(CertificateError::InvalidPurpose),
        Err(_) => Err(CertificateError::BadEncoding),
    }
}
