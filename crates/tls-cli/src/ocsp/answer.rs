//! What came of the question, for people and for programs.

use serde_json::{Value, json};
use tls::certs::CertificateSummary;
use tls::ocsp::{CertificateStatus, Responder, StapleVerdict, Target, VerifiedResponse};

use crate::error::{Error, Result};
use crate::names::{Printable, time};

/// What came of the question.
pub(super) struct Answer {
    subject: String,
    issuer: String,
    serial: String,
    must_staple: bool,
    /// Who answered, and what.
    verified: Option<(String, VerifiedResponse)>,
    response: Vec<u8>,
    failure: Option<Error>,
    /// What the server's own staple says.
    pub(super) stapled: Option<StapleVerdict>,
}

impl Answer {
    pub(super) fn new(target: &Target) -> Self {
        let summary = CertificateSummary::from_der(target.certificate()).ok();
        let (subject, issuer) = summary.map_or_else(Default::default, |summary| {
            (summary.subject, summary.issuer)
        });
        Self {
            subject,
            issuer,
            serial: target.serial(),
            must_staple: target.must_staple(),
            verified: None,
            response: Vec::new(),
            failure: None,
            stapled: None,
        }
    }

    /// Takes what one responder said; whether that settles it.
    pub(super) fn heard(&mut self, url: &str, said: Result<(Vec<u8>, VerifiedResponse)>) -> bool {
        match said {
            Ok((response, verified)) => {
                self.response = response;
                let unknown = verified.status == CertificateStatus::Unknown;
                self.verified = Some((url.to_owned(), verified));
                !unknown
            }
            Err(error) => {
                self.failure = Some(error);
                false
            }
        }
    }

    /// An error if nobody gave an answer that can be believed.
    pub(super) fn outcome(mut self) -> Result<Self> {
        match (&self.verified, self.failure.take()) {
            (Some(_), _) => Ok(self),
            (None, Some(error)) => Err(error),
            (None, None) => Err(Error::NoResponder),
        }
    }

    pub(super) fn is_good(&self) -> bool {
        let good =
            |(_, response): &(String, VerifiedResponse)| response.status == CertificateStatus::Good;
        self.verified.as_ref().is_some_and(good)
    }

    /// What can be stapled.
    pub(super) fn staple(&self) -> Result<&[u8]> {
        let Some((_, response)) = &self.verified else {
            return Err(Error::NoResponder);
        };
        if response.status == CertificateStatus::Unknown {
            return Err(tls::ocsp::Error::StatusUnknown.into());
        }
        if response.next_update.is_none() {
            return Err(tls::ocsp::Error::NoNextUpdate.into());
        }
        Ok(&self.response)
    }

    pub(super) fn to_text(&self) -> String {
        let mut lines = vec![
            line(
                "certificate",
                &format!("{}  serial {}", Printable(&self.subject), self.serial),
            ),
            line("issuer", &Printable(&self.issuer).to_string()),
        ];
        if let Some((url, response)) = &self.verified {
            let who = match response.responder {
                Responder::Issuer => "signed by the issuer itself",
                _ => "signed by a delegate of the issuer",
            };
            lines.push(line("responder", &format!("{}  {who}", Printable(url))));
            lines.push(line("status", &status_text(&response.status)));
            let from = time(response.this_update).unwrap_or_default();
            let until = response.next_update.and_then(time);
            let until = until.map_or_else(
                || "no end given: it can't be stapled".to_owned(),
                |until| format!("until {until}"),
            );
            lines.push(line("holds", &format!("from {from} {until}")));
        }
        if self.must_staple {
            lines.push(line("demands", "a staple in each handshake (RFC 7633)"));
        }
        if let Some(verdict) = &self.stapled {
            lines.push(line("staple", &verdict.to_string()));
        }
        lines.join("\n")
    }

    pub(super) fn to_json(&self) -> Value {
        let response = self.verified.as_ref().map(|(_, response)| response);
        let (since, reason) = match response.map(|response| response.status) {
            Some(CertificateStatus::Revoked { at, reason }) => {
                (time(at), reason.map(tls::ocsp::RevocationReason::as_str))
            }
            _ => (None, None),
        };
        json!({
            "v": 1,
            "event": "ocsp",
            "ok": self.is_good(),
            "status": response.map(|response| response.status.as_str()),
            "revoked_at": since,
            "reason": reason,
            "this_update": response.and_then(|response| time(response.this_update)),
            "next_update": response.and_then(|response| response.next_update).and_then(time),
            "responder": self.verified.as_ref().map(|(url, _)| url),
            "delegated": response.map(|response| response.responder == Responder::Delegate),
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "must_staple": self.must_staple,
            "staple": self.stapled.as_ref().map(StapleVerdict::code),
        })
    }
}

fn line(label: &str, text: &str) -> String {
    let bold = anstyle::Style::new().bold();
    format!("{bold}{label:<12}{bold:#} {text}")
}

fn status_text(status: &CertificateStatus) -> String {
    let colour = match status {
        CertificateStatus::Good => anstyle::AnsiColor::Green,
        _ => anstyle::AnsiColor::Red,
    };
    let colour = colour.on_default();
    let more = match status {
        CertificateStatus::Revoked { at, reason } => {
            let since = time(*at).unwrap_or_default();
            let reason = reason.map(|reason| format!(" ({})", reason.as_str()));
            format!(" since {since}{}", reason.unwrap_or_default())
        }
        CertificateStatus::Unknown => ": the responder does not know this certificate".to_owned(),
        _ => String::new(),
    };
    format!("{colour}{}{colour:#}{more}", status.as_str())
}
