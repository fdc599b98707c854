//! `tls cert check`: what ends soon, for cron and its like.

use std::time::Duration;

use serde_json::{Value, json};
use tls::certs::CertificateSummary;

use crate::error::Result;
use crate::exit_codes::ExitCode;
use crate::flags::CheckFlags;
use crate::presented::{Presented, summary};
use crate::{names, output};

pub(super) fn run(flags: &CheckFlags) -> Result<ExitCode> {
    let presented = Presented::of_file_or_host(&flags.what);
    let certificates = presented.certificates(None, flags.timeout)?;
    let summaries = certificates.iter().map(|der| summary(der, &flags.what));
    let summaries = summaries.collect::<Result<Vec<_>, _>>()?;
    let expiry = Expiry {
        now: jiff::Timestamp::now().as_second(),
        within: flags.within,
    };
    let bad = summaries.iter().any(|summary| expiry.is_near(summary));
    if flags.json {
        output::result(&expiry.to_json(&flags.what, &summaries).to_string())?;
    } else if bad || !flags.quiet {
        output::result(&expiry.to_text(&summaries))?;
    }
    Ok(if bad { ExitCode::No } else { ExitCode::Done })
}

/// The question: what ends before `within` from `now` on has passed.
struct Expiry {
    /// Seconds since 1970.
    now: i64,
    within: Duration,
}

impl Expiry {
    fn is_near(&self, summary: &CertificateSummary) -> bool {
        let within = i64::try_from(self.within.as_secs()).unwrap_or(i64::MAX);
        self.seconds_left(summary) < within.max(1)
    }

    fn seconds_left(&self, summary: &CertificateSummary) -> i64 {
        summary.not_after.saturating_sub(self.now)
    }

    fn state(&self, summary: &CertificateSummary) -> &'static str {
        match (self.seconds_left(summary) < 0, self.is_near(summary)) {
            (true, _) => "expired",
            (false, true) => "expires",
            (false, false) => "ok",
        }
    }

    fn to_text(&self, summaries: &[CertificateSummary]) -> String {
        let line = |(index, summary): (usize, &CertificateSummary)| {
            let colour = match self.state(summary) {
                "ok" => anstyle::AnsiColor::Green,
                _ => anstyle::AnsiColor::Red,
            };
            let colour = colour.on_default();
            format!(
                "{colour}{:<8}{colour:#} certificate {index}  {}  {}, until {}",
                self.state(summary),
                summary.subject,
                names::validity(summary.not_after),
                summary.not_after_text()
            )
        };
        let lines: Vec<_> = summaries.iter().enumerate().map(line).collect();
        lines.join("\n")
    }

    fn to_json(&self, what: &str, summaries: &[CertificateSummary]) -> Value {
        let certificate = |(index, summary): (usize, &CertificateSummary)| {
            json!({
                "index": index,
                "state": self.state(summary),
                "subject": summary.subject,
                "issuer": summary.issuer,
                "serial": summary.serial,
                "not_after": summary.not_after_text(),
                "seconds_left": self.seconds_left(summary),
            })
        };
        let certificates: Vec<_> = summaries.iter().enumerate().map(certificate).collect();
        json!({
            "v": 1,
            "event": "expiry",
            "ok": !summaries.iter().any(|summary| self.is_near(summary)),
            "what": what,
            "within": self.within.as_secs(),
            "certificates": certificates,
        })
    }
}
