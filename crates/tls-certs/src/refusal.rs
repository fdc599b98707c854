//! A refused certificate chain: the code, the certificate concerned, what to do.

mod explain;
mod outline;
mod report;
mod revocation;

use std::fmt;
use std::ops::Deref;

pub(crate) use self::explain::{Refused, explain};
use crate::{CertificateSummary, VerifyCode};

/// Why a peer's certificate chain was refused.
///
/// The fields are those of [`RefusalDetails`]: `refusal.code`, `refusal.subject`,
/// `refusal.hint`. All text that comes from a certificate is bounded and escaped.
///
/// A refusal explains a decision that was already made by webpki; nothing here can turn
/// it into an acceptance.
#[doc(alias = "authorizationError")]
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal(Box<RefusalDetails>);

/// What a [`Refusal`] knows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RefusalDetails {
    /// The code, under the names of OpenSSL and Node.
    pub code: VerifyCode,
    /// The message as Node prints it, without what Node appends about its own options
    /// (Spec XEC-13: the hint here is [`RefusalDetails::hint`]). For people, with the
    /// certificate, dates and names: `Display` of the [`Refusal`].
    pub message: String,
    /// Place of the certificate in the chain as it was followed: 0 is the peer's own.
    pub depth: usize,
    /// Subject of that certificate on one line; empty if it cannot be read.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// Its serial number, upper-case hex.
    pub serial: String,
    /// Start of its validity, seconds since 1970.
    pub not_before: Option<i64>,
    /// End of its validity, seconds since 1970.
    pub not_after: Option<i64>,
    /// Names that it carries (at most 20).
    pub names: Vec<String>,
    /// When it was revoked, seconds since 1970, if it was.
    pub revoked_at: Option<i64>,
    /// Why it was revoked, if the list says so (`keyCompromise`; RFC 5280, Section 5.3.1).
    pub revocation_reason: Option<&'static str>,
    /// Start of the revocation list that a refusal is about, seconds since 1970.
    #[doc(alias = "lastUpdate")]
    pub crl_this_update: Option<i64>,
    /// When that list should have been replaced.
    pub crl_next_update: Option<i64>,
    /// The name under which a server was reached.
    pub expected_name: Option<String>,
    /// What to do about it.
    pub hint: &'static str,
    /// What the peer presented, in its order: the first certificates (at most 10) that can
    /// be read.
    pub chain: Vec<CertificateSummary>,
    /// How many certificates the peer presented.
    pub chain_length: usize,
    /// The one line of `Display`.
    line: String,
    rustls_error: rustls::Error,
}

impl RefusalDetails {
    /// What a code says by itself: of no certificate in particular.
    fn new(code: VerifyCode, rustls_error: rustls::Error) -> Self {
        Self {
            code,
            message: code.message().to_owned(),
            depth: 0,
            subject: String::new(),
            issuer: String::new(),
            serial: String::new(),
            not_before: None,
            not_after: None,
            names: Vec::new(),
            revoked_at: None,
            revocation_reason: None,
            crl_this_update: None,
            crl_next_update: None,
            expected_name: None,
            hint: code.hint(),
            chain: Vec::new(),
            chain_length: 0,
            line: String::new(),
            rustls_error,
        }
    }
}

impl Refusal {
    /// The refusal of a peer that presented no certificate (Spec XEC-12).
    #[must_use]
    pub fn no_certificate() -> Self {
        let code = VerifyCode::UnableToGetIssuerCert;
        Self(Box::new(RefusalDetails {
            hint: "configure the peer with a certificate and its key",
            line: String::from("the peer presented no certificate"),
            ..RefusalDetails::new(code, rustls::Error::NoCertificatesPresented)
        }))
    }

    /// rustls's own error, unchanged: returned from a verifier, it sends the right alert.
    #[must_use]
    pub fn rustls_error(&self) -> rustls::Error {
        self.rustls_error.clone()
    }

    /// The stable code, such as `CERT_HAS_EXPIRED`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code.as_str()
    }

    /// Node's code, which is the same.
    #[must_use]
    pub fn node_code(&self) -> Option<&'static str> {
        Some(self.code.as_str())
    }
}

impl Deref for Refusal {
    type Target = RefusalDetails;

    fn deref(&self) -> &RefusalDetails {
        &self.0
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Refusal {}
