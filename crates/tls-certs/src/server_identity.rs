//! Node's check of a name against a certificate, as a pure function.
//!
//! Connections do not use it: they look at subject alternative names only, as rustls-webpki
//! does (RFC 9525). It is here for programs that must decide as Node's
//! `tls.checkServerIdentity` does, common names and partial wildcards included.

mod alt_name_text;
mod ip_text;

use der::Decode;
use x509_cert::Certificate;

use self::alt_name_text::split_alt_names;
use self::ip_text::canonical_ip;
use crate::certificate::distinguished_name::common_names;
use crate::{Error, Result};

/// The names of a certificate in the form in which Node shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateNames {
    /// The common names of the subject, in its order.
    #[doc(alias = "subject.CN")]
    pub common_names: Vec<String>,
    /// `DNS:a.example, IP Address:192.0.2.1, …`; values with commas, quotes, control or
    /// non-ASCII characters are JSON strings (Spec CER-10).
    #[doc(alias = "subjectaltname")]
    pub subject_alt_name: Option<String>,
}

impl CertificateNames {
    /// Names given as text, as Node's certificate objects have them.
    #[must_use]
    pub fn new(common_names: Vec<String>, subject_alt_name: Option<String>) -> Self {
        Self {
            common_names,
            subject_alt_name,
        }
    }

    /// The names of a certificate in DER.
    ///
    /// # Errors
    ///
    /// [`Error::Certificate`] if it is not an X.509 certificate.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let certificate =
            Certificate::from_der(der).map_err(|e| Error::certificate("the given bytes", e))?;
        let tbs = certificate.tbs_certificate();
        Ok(Self {
            common_names: common_names(tbs.subject()),
            subject_alt_name: alt_name_text::of(tbs),
        })
    }
}

/// Why a certificate is not for a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerIdentityError {
    /// It carries other names. The text is Node's, with all names of the certificate as
    /// the peer wrote them: escape it before showing it.
    #[error("Hostname/IP does not match certificate's altnames: {reason}")]
    Mismatch {
        /// Node's `reason`.
        reason: String,
        /// The host asked for, without a trailing dot.
        host: String,
    },
    /// The text of the alternative names has a JSON string that is none.
    #[error("Invalid subject alternative name string")]
    AltNameFormat,
}

impl ServerIdentityError {
    /// Stable code, which is Node's.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Mismatch { .. } => "ERR_TLS_CERT_ALTNAME_INVALID",
            Self::AltNameFormat => "ERR_TLS_CERT_ALTNAME_FORMAT",
        }
    }
}

/// Decides as Node's `tls.checkServerIdentity(hostname, cert)` does (Spec IDN-01 to IDN-10).
///
/// DNS names of the certificate are compared first; only without any, its common names. An
/// IP address is compared with IP addresses only. URIs are ignored. A `*` may stand once in
/// the left-most label, of a name with at least three.
///
/// ```
/// use tls_certs::{CertificateNames, check_server_identity};
///
/// let names = CertificateNames::new(vec![], Some("DNS:*.example.com".to_owned()));
/// check_server_identity("www.example.com", &names)?;
/// let error = check_server_identity("example.com", &names).unwrap_err();
/// assert_eq!(error.code(), "ERR_TLS_CERT_ALTNAME_INVALID");
/// # Ok::<(), tls_certs::ServerIdentityError>(())
/// ```
///
/// # Errors
///
/// [`ServerIdentityError`].
#[doc(alias = "checkServerIdentity")]
pub fn check_server_identity(
    hostname: &str,
    certificate: &CertificateNames,
) -> Result<(), ServerIdentityError> {
    let alt_names = certificate.subject_alt_name.as_deref().unwrap_or_default();
    let (mut dns_names, mut ips) = (Vec::new(), Vec::new());
    for name in split_alt_names(alt_names)? {
        if let Some(dns) = name.strip_prefix("DNS:") {
            dns_names.push(dns.to_owned());
        } else if let Some(ip) = name.strip_prefix("IP Address:") {
            ips.push(canonical_ip(ip).unwrap_or_default());
        }
    }
    let host = without_dot(hostname);
    let reason = if let Some(ip) = canonical_ip(host) {
        if ips.contains(&ip) {
            return Ok(());
        }
        format!("IP: {host} is not in the cert's list: {}", ips.join(", "))
    } else if !dns_names.is_empty() {
        if matches_any(host, &dns_names) {
            return Ok(());
        }
        format!("Host: {host}. is not in the cert's altnames: {alt_names}")
    } else if has_common_name(&certificate.common_names) {
        if matches_any(host, &certificate.common_names) {
            return Ok(());
        }
        let common_names = certificate.common_names.join(",");
        format!("Host: {host}. is not cert's CN: {common_names}")
    } else {
        String::from("Cert does not contain a DNS name")
    };
    Err(ServerIdentityError::Mismatch {
        reason,
        host: host.to_owned(),
    })
}

/// In Node a lone empty name counts as none.
fn has_common_name(names: &[String]) -> bool {
    !matches!(names, []) && !matches!(names, [name] if name.is_empty())
}

fn matches_any(host: &str, patterns: &[String]) -> bool {
    let host = labels(host);
    patterns.iter().any(|pattern| matches(&host, pattern))
}

/// Spec IDN-02: one trailing dot off, only ASCII in lower case.
fn labels(name: &str) -> Vec<String> {
    let name = without_dot(name).to_ascii_lowercase();
    name.split('.').map(str::to_owned).collect()
}

fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Spec IDN-08, IDN-09.
fn matches(host: &[String], pattern: &str) -> bool {
    let pattern = labels(pattern);
    let is_bad = |label: &String| {
        label.is_empty() || label.chars().any(|c| !('\u{21}'..='\u{7f}').contains(&c))
    };
    if host.len() != pattern.len() || pattern.iter().any(is_bad) || host[1..] != pattern[1..] {
        return false;
    }
    let (host, label) = (&host[0], &pattern[0]);
    // A label in Punycode is compared as it is.
    let Some((before, after)) = label.split_once('*').filter(|_| !label.contains("xn--")) else {
        return host == label;
    };
    !after.contains('*')
        && pattern.len() > 2
        && before.len() + after.len() <= host.len()
        && host.starts_with(before)
        && host.ends_with(after)
}
