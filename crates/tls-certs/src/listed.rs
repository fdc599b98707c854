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

use crate::certificate::extended_key_usage;
use crate::{Trust, usage::Usage};

/// `None` if the exception does not apply; else the decision about a listed leaf.
pub(crate) fn verify(
    trust: &Trust,
    leaf: &CertificateDer<'_>,
    usage: &Usage<'_>,
    now: UnixTime,
) -> Option<Result<(), rustls::Error>> {
    trust.lists(leaf).then(|| check(leaf, usage, now))
}

fn check(leaf: &CertificateDer<'_>, usage: &Usage<'_>, now: UnixTime) -> Result<(), rustls::Error> {
    // Refuses version 1 and unknown critical extensions, as for every other leaf.
    let parsed = ParsedCertificate::try_from(leaf)?;
    let certificate = Certificate::from_der(leaf).map_err(|_| CertificateError::BadEncoding)?;
    check_dates(&certificate, now)?;
    check_purpose(&certificate, usage.purpose())?;
    match usage {
        Usage::Server(name) => check_name(&parsed, name),
        Usage::Client => Ok(()),
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
