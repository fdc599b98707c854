//! `tls cert show`: what certificates say, of a file, of standard input, or of a server.

use std::time::Duration;

use serde_json::json;
use tls::certs::CertificateSummary;

use crate::connection_report::CertificateReport;
use crate::error::Result;
use crate::exit_codes::ExitCode;
use crate::presented::Presented;
use crate::{names, output};

const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn run(what: &str, json: bool) -> Result<ExitCode> {
    let certificates = Presented::of(what).certificates(None, TIMEOUT)?;
    for (index, der) in certificates.iter().enumerate() {
        let summary = crate::presented::summary(der, what)?;
        if json {
            output::result(&to_json(index, &summary))?;
        } else {
            output::result(to_text(index, &summary).trim_end())?;
        }
    }
    Ok(ExitCode::Done)
}

fn to_json(index: usize, summary: &CertificateSummary) -> String {
    let mut event = json!(CertificateReport::of(summary));
    if let Some(fields) = event.as_object_mut() {
        fields.insert("event".to_owned(), json!("certificate"));
        fields.insert("index".to_owned(), json!(index));
        if index == 0 {
            fields.insert("v".to_owned(), json!(1));
        }
    }
    event.to_string()
}

fn to_text(index: usize, summary: &CertificateSummary) -> String {
    let report = CertificateReport::of(summary);
    let bold = anstyle::Style::new().bold();
    let mut text = format!("{bold}certificate {index}{bold:#}  {}\n", report.subject);
    let names = report.names.join(", ");
    let validity = format!(
        "{} to {}  ({})",
        report.not_before,
        report.not_after,
        names::validity(summary.not_after)
    );
    for (label, value) in [
        ("issuer", report.issuer.as_str()),
        ("names", if names.is_empty() { "none" } else { &names }),
        ("validity", &validity),
        ("key", &report.key),
        ("CA", if report.is_ca { "yes" } else { "no" }),
        ("serial", &report.serial),
        ("SHA-256", &report.fingerprint256),
    ] {
        text.push_str(&format!("  {label:<9}  {value}\n"));
    }
    text
}
