//! What a certificate says, for people and for decisions that are not about trust.

pub(crate) mod distinguished_name;
pub(crate) mod public_key;
mod subject_alt_name;

use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{DateTime, Decode, Encode};
use pki_types::UnixTime;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

pub use self::public_key::KeyKind;
use self::subject_alt_name::SubjectAltNames;
use crate::displayed_text::{MAX_NAMES, displayed};
use crate::{Error, Result};

/// A readable summary of one certificate.
///
/// `subject`, `issuer` and `serial` are made for showing: bounded and escaped. The name
/// lists are exactly what the certificate carries, for comparing; a peer may have put
/// anything there, so show them through [`CertificateSummary::display_names`].
///
/// A summary is a description. Whether the certificate can be trusted is decided by
/// [`ServerVerifier`](crate::ServerVerifier) and [`ClientVerifier`](crate::ClientVerifier).
#[doc(alias = "getPeerCertificate")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateSummary {
    /// Subject on one line, most specific part first (`CN=…, O=…, C=…`).
    pub subject: String,
    /// Common name of the subject, as it is in the certificate.
    pub common_name: Option<String>,
    /// Issuer on one line.
    pub issuer: String,
    /// Serial number, upper-case hex without separators.
    pub serial: String,
    /// DNS names of the subject alternative names.
    #[doc(alias = "subjectaltname")]
    pub dns_names: Vec<String>,
    /// IP addresses of the subject alternative names.
    pub ip_addresses: Vec<IpAddr>,
    /// URIs of the subject alternative names.
    pub uris: Vec<String>,
    /// Mail addresses of the subject alternative names.
    pub email_addresses: Vec<String>,
    /// Start of validity, seconds since 1970 (UTC).
    #[doc(alias = "valid_from")]
    pub not_before: i64,
    /// End of validity, seconds since 1970 (UTC).
    #[doc(alias = "valid_to")]
    pub not_after: i64,
    /// SHA-256 of the whole certificate, upper-case hex pairs separated by colons.
    pub fingerprint256: String,
    /// Kind of the public key.
    pub key_kind: KeyKind,
    /// Size of the public key in bits, where known.
    pub key_bits: Option<u32>,
    /// Whether the certificate is a CA's (basic constraints).
    pub is_ca: bool,
}

impl CertificateSummary {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    ///
    /// [`Error::Certificate`] if the bytes are not an X.509 certificate.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let certificate =
            Certificate::from_der(der).map_err(|e| Error::certificate("the given bytes", e))?;
        Ok(Self::of(&certificate, der))
    }

    pub(crate) fn of(certificate: &Certificate, der: &[u8]) -> Self {
        let tbs = certificate.tbs_certificate();
        let names = SubjectAltNames::of(tbs);
        let (key_kind, key_bits) = public_key::kind_and_bits(tbs.subject_public_key_info());
        Self {
            subject: distinguished_name::one_line(tbs.subject()),
            common_name: distinguished_name::common_name(tbs.subject()),
            issuer: distinguished_name::one_line(tbs.issuer()),
            serial: serial_text(tbs.serial_number().as_bytes()),
            dns_names: names.dns_names,
            ip_addresses: names.ip_addresses,
            uris: names.uris,
            email_addresses: names.email_addresses,
            not_before: seconds(tbs.validity().not_before.to_unix_duration()),
            not_after: seconds(tbs.validity().not_after.to_unix_duration()),
            fingerprint256: hex(&Sha256::digest(der), Some(':')),
            key_kind,
            key_bits,
            is_ca: is_ca(certificate),
        }
    }

    /// The SPIFFE id: the only URI name, if it has the scheme `spiffe`
    /// (X.509-SVID, Section 2: a certificate with two URIs has none).
    #[must_use]
    pub fn spiffe_id(&self) -> Option<&str> {
        match self.uris.as_slice() {
            [uri] if uri.starts_with("spiffe://") => Some(uri),
            _ => None,
        }
    }

    /// Whether `now` is within its dates.
    pub(crate) fn check_dates(&self, now: UnixTime) -> Result<()> {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now > self.not_after {
            return Err(Error::Expired {
                subject: self.subject.clone(),
                not_after: self.not_after,
            });
        }
        if now < self.not_before {
            return Err(Error::NotYetValid {
                subject: self.subject.clone(),
                not_before: self.not_before,
            });
        }
        Ok(())
    }

    /// Start of validity as RFC 3339 text (`2026-01-31T12:00:00Z`).
    #[must_use]
    pub fn not_before_text(&self) -> String {
        rfc3339(self.not_before)
    }

    /// End of validity as RFC 3339 text (`2026-01-31T12:00:00Z`).
    #[must_use]
    pub fn not_after_text(&self) -> String {
        rfc3339(self.not_after)
    }

    /// DNS names, IP addresses, URIs and mail addresses, escaped and bounded for showing.
    #[must_use]
    pub fn display_names(&self) -> Vec<String> {
        let dns = self.dns_names.iter().map(|name| displayed(name));
        let ips = self.ip_addresses.iter().map(ToString::to_string);
        let rest = self
            .uris
            .iter()
            .chain(&self.email_addresses)
            .map(|name| displayed(name));
        dns.chain(ips).chain(rest).take(MAX_NAMES).collect()
    }
}

/// Seconds since 1970 as RFC 3339 text; empty where that has none (before 1970, after 9999).
pub(crate) fn rfc3339(unix_seconds: i64) -> String {
    u64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| DateTime::from_unix_duration(Duration::from_secs(seconds)).ok())
        .map_or_else(String::new, |date| date.to_string())
}

/// Whether basic constraints and key usage allow the certificate to sign others
/// (RFC 5280, Sections 4.2.1.3 and 4.2.1.9).
pub(crate) fn may_issue(certificate: &Certificate) -> bool {
    let key_usage = certificate.tbs_certificate().get_extension::<KeyUsage>();
    is_ca(certificate)
        && match key_usage {
            Ok(Some((_, usage))) => usage.key_cert_sign(),
            Ok(None) => true,
            Err(_) => false,
        }
}

/// The purposes listed by extended key usage; `None` without the extension.
pub(crate) fn extended_key_usage(
    certificate: &Certificate,
) -> Result<Option<Vec<ObjectIdentifier>>, der::Error> {
    let extension = certificate
        .tbs_certificate()
        .get_extension::<ExtendedKeyUsage>()?;
    Ok(extension.map(|(_, usage)| usage.0))
}

fn is_ca(certificate: &Certificate) -> bool {
    matches!(certificate.tbs_certificate().get_extension::<BasicConstraints>(), Ok(Some((_, constraints))) if constraints.ca)
}

/// A date field (RFC 5280, Section 4.1.2.5) in seconds since 1970; `None` if it is no date.
pub(crate) fn time_field(field: AnyRef<'_>) -> Option<i64> {
    let der = field.to_der().ok()?;
    let time = x509_cert::time::Time::from_der(&der).ok()?;
    Some(seconds(time.to_unix_duration()))
}

fn seconds(since_1970: Duration) -> i64 {
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}

/// A serial number in upper-case hex, without the zero that DER puts before a set high bit.
pub(crate) fn serial_text(bytes: &[u8]) -> String {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => hex(rest, None),
        bytes => hex(bytes, None),
    }
}

pub(crate) fn hex(bytes: &[u8], separator: Option<char>) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            text.extend(separator);
        }
        _ = write!(text, "{byte:02X}");
    }
    text
}
