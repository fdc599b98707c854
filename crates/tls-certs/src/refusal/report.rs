//! The report of a refusal: what was found, put into words and fields.

use pki_types::ServerName;
use rustls::Error as RustlsError;

use super::explain::{Finding, Refused};
use super::outline::Outline;
use super::{Refusal, RefusalDetails};
use crate::certificate::rfc3339;
use crate::chain_path::{ChainPath, Link, MAX_LINKS};
use crate::displayed_text::displayed;
use crate::server_identity::{CertificateNames, ServerIdentityError, check_server_identity};
use crate::usage::Usage;
use crate::verify::MAX_CERTIFICATE;
use crate::{CertificateSummary, Crl, VerifyCode};

/// Characters of a message; Node lists every name of the certificate there.
const MAX_MESSAGE: usize = 1024;

impl Refused<'_> {
    pub(super) fn report(
        &self,
        path: &ChainPath<'_>,
        finding: &Finding,
        rustls_error: RustlsError,
    ) -> Refusal {
        let mut details = RefusalDetails {
            depth: finding.depth,
            expected_name: match self.usage {
                Usage::Server(name) => Some(shown_name(name)),
                Usage::AnyServer | Usage::Client => None,
            },
            chain: self.summaries(),
            chain_length: self.chain.len(),
            ..RefusalDetails::new(finding.code, rustls_error)
        };
        if finding.code == VerifyCode::AltnameInvalid {
            details.message = self.node_message();
        }
        if let Some(hint) = finding.hint {
            details.hint = hint;
        }
        match path.links.get(finding.depth) {
            Some(link) if finding.outline.is_none() => details.describe(link),
            // Not every certificate that webpki reads is one for other parsers.
            _ => details.outline(finding.outline.clone().or_else(|| {
                let presented = self.chain.get(finding.depth)?;
                Outline::read(presented)
            })),
        }
        if let Some(list) = &finding.list {
            details.list(list, path.links.get(finding.depth));
        }
        details.line = details.line(&self.now_text());
        Refusal(Box::new(details))
    }

    /// What Node says of a name that does not fit (Spec IDN-01), bounded. Where Node would
    /// take the common name, nothing fits here.
    fn node_message(&self) -> String {
        let (Usage::Server(name), Some(leaf)) = (self.usage, self.chain.first()) else {
            return VerifyCode::AltnameInvalid.message().to_owned();
        };
        let names = CertificateNames::from_der(leaf).unwrap_or_default();
        let reason = match check_server_identity(&shown_name(name), &names) {
            Err(ServerIdentityError::Mismatch { reason, .. }) => reason,
            _ => String::from("Cert does not contain a DNS name"),
        };
        let whole = format!("{}: {reason}", VerifyCode::AltnameInvalid.message());
        match whole.char_indices().nth(MAX_MESSAGE) {
            Some((end, _)) => format!("{}…", &whole[..end]),
            None => whole,
        }
    }

    fn summaries(&self) -> Vec<CertificateSummary> {
        let first = self.chain.iter().take(MAX_LINKS);
        first
            .filter(|der| der.len() <= MAX_CERTIFICATE)
            .filter_map(|der| CertificateSummary::from_der(der).ok())
            .collect()
    }

    fn now_text(&self) -> String {
        rfc3339(i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX))
    }
}

impl RefusalDetails {
    /// The certificate concerned.
    fn describe(&mut self, link: &Link<'_>) {
        let summary = &link.summary;
        self.subject.clone_from(&summary.subject);
        self.issuer.clone_from(&summary.issuer);
        self.serial.clone_from(&summary.serial);
        (self.not_before, self.not_after) = (Some(summary.not_before), Some(summary.not_after));
        self.names = summary.display_names();
    }

    /// The same of one that can be read in part, or not at all.
    fn outline(&mut self, outline: Option<Outline>) {
        if let Some(outline) = outline {
            self.subject = outline.subject;
            self.issuer = outline.issuer;
            self.serial = outline.serial;
            (self.not_before, self.not_after) = (outline.not_before, outline.not_after);
        }
    }

    /// The revocation list that was asked about the certificate.
    fn list(&mut self, list: &Crl, link: Option<&Link<'_>>) {
        self.crl_this_update = list.this_update();
        self.crl_next_update = list.next_update();
        if let (VerifyCode::CertRevoked, Some(link)) = (self.code, link) {
            let serial = link.certificate.tbs_certificate().serial_number();
            if let Some((at, reason)) = list.revocation(serial.as_bytes()) {
                (self.revoked_at, self.revocation_reason) = (Some(at), reason);
            }
        }
    }

    /// The one line of `Display`.
    fn line(&self, now: &str) -> String {
        let detail = self.detail(now);
        let detail = match detail.as_str() {
            "" => detail,
            detail => format!(" ({detail})"),
        };
        match self.subject.as_str() {
            "" => format!("{}{detail}", self.code.message()),
            subject => format!("{}: {subject}{detail}", self.code.message()),
        }
    }

    fn detail(&self, now: &str) -> String {
        let date = |seconds: Option<i64>| seconds.map(rfc3339).unwrap_or_default();
        let issued_by = match self.issuer.as_str() {
            "" => String::new(),
            issuer => format!("issued by {issuer}"),
        };
        match self.code {
            VerifyCode::CertHasExpired if self.not_after.is_some() => {
                format!("valid until {}, now {now}", date(self.not_after))
            }
            VerifyCode::CertNotYetValid if self.not_before.is_some() => {
                format!("valid from {}, now {now}", date(self.not_before))
            }
            VerifyCode::CrlHasExpired if self.crl_next_update.is_some() => {
                let end = date(self.crl_next_update);
                format!("{issued_by}, whose list was valid until {end}, now {now}")
            }
            VerifyCode::CrlNotYetValid if self.crl_this_update.is_some() => {
                let start = date(self.crl_this_update);
                format!("{issued_by}, whose list is valid from {start}, now {now}")
            }
            VerifyCode::CertRevoked if self.revoked_at.is_some() => {
                let reason = self.revocation_reason;
                let reason = reason.map_or_else(String::new, |reason| format!(", {reason}"));
                format!("{issued_by}, revoked at {}{reason}", date(self.revoked_at))
            }
            VerifyCode::AltnameInvalid => self.asked_for(),
            VerifyCode::DepthZeroSelfSignedCert | VerifyCode::SelfSignedCertInChain => {
                String::new()
            }
            _ => issued_by,
        }
    }

    fn asked_for(&self) -> String {
        let Some(name) = &self.expected_name else {
            return String::new();
        };
        match self.names.as_slice() {
            [] => format!("asked for {name}, the certificate carries no names"),
            names => format!(
                "asked for {name}, the certificate is for {}",
                names.join(", ")
            ),
        }
    }
}

fn shown_name(name: &ServerName<'_>) -> String {
    match name {
        ServerName::DnsName(name) => displayed(name.as_ref()),
        ServerName::IpAddress(ip) => std::net::IpAddr::from(*ip).to_string(),
        _ => String::new(),
    }
}
