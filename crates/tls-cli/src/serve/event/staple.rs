//! What is said of staples: when one is there, says something else, or can't be had.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tls::ocsp::{CertificateStatus, StapleReport, Stapler};

use super::Reporter;
use crate::names::{self, Printable};

/// Says each change, until the server ends.
pub(crate) async fn watch_staples(stapler: Stapler, reporter: Arc<Reporter>) {
    let mut changes = stapler.changes();
    let mut told = HashMap::new();
    loop {
        changes.borrow_and_update();
        for report in stapler.report() {
            let news = (report.status, report.last_error.clone());
            // A certificate without a responder is nothing to talk about, unless it demands staples.
            let silent = !report.has_responder && !report.must_staple && report.status.is_none();
            let before = told.insert(report.certificate, news.clone());
            // Nothing to tell, yet; but what is demanded is missing from the start.
            let silent = silent || (news == (None, None) && !report.must_staple);
            if before.as_ref() != Some(&news) && !silent {
                reporter.staple(&report);
            }
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

pub(super) fn to_json(report: &StapleReport) -> Value {
    json!({
        "event": "staple",
        "serial": report.serial,
        "status": report.status.map(|status| status.as_str()),
        "next_update": next_update(report),
        "must_staple": report.must_staple,
        "code": report.last_error_code,
        "message": report.last_error,
    })
}

pub(super) fn to_text(report: &StapleReport) -> String {
    let good = report.status == Some(CertificateStatus::Good);
    let colour = match good {
        true => anstyle::AnsiColor::Green,
        false => anstyle::AnsiColor::Red,
    };
    let colour = colour.on_default();
    let serial = report.serial.as_deref().unwrap_or("-");
    let status = report.status.map_or("none", |status| status.as_str());
    let time = names::time_of_day();
    let mut line = format!("{time}  staple of {serial}: {colour}{status}{colour:#}");
    if let Some(until) = next_update(report) {
        line.push_str(&format!(", until {until}"));
    }
    if report.is_missing() {
        line.push_str(", and the certificate demands one");
    }
    if let Some(error) = &report.last_error {
        line.push_str(&format!("  {}", Printable(error)));
    }
    line
}

fn next_update(report: &StapleReport) -> Option<String> {
    names::time(report.next_update?)
}
