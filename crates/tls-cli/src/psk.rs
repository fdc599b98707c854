//! `tls psk`: makes keys that both ends share, and looks files of them over.

use std::path::Path;

use serde_json::json;
use tls::psk::{PskFileFinding, PskIdentity, PskKey, check_psk_file, psk_file_line};

use crate::error::{Error, Result};
use crate::exit_codes::ExitCode;
use crate::flags::PskCommand;
use crate::output;
use crate::secret::credential;

pub(crate) fn run(command: &PskCommand) -> Result<ExitCode> {
    match command {
        PskCommand::New { identity, bits } => new(identity.as_deref(), *bits),
        PskCommand::Check { file, json } => check(&credential(file), *json),
    }
}

fn new(identity: Option<&str>, bits: usize) -> Result<ExitCode> {
    let identity = match identity {
        Some(identity) => PskIdentity::new(identity),
        None => PskIdentity::new(made_up()?),
    };
    let key = PskKey::generate(bits).map_err(usage)?;
    let line = psk_file_line(&identity.map_err(usage)?, &key).map_err(usage)?;
    output::result(line.trim_end())
}

/// An identity is seen by whoever listens, so it says nothing of anybody.
fn made_up() -> Result<String> {
    let names = tls::sessions::TicketKeys::generate()?.names();
    let random = names.first().map(|name| name.iter().take(6));
    let hex = random
        .into_iter()
        .flatten()
        .map(|byte| format!("{byte:02x}"));
    Ok(format!("psk-{}", hex.collect::<String>()))
}

fn usage(error: tls::psk::Error) -> Error {
    match error {
        tls::psk::Error::Provider { .. } => Error::Psk(error),
        refused => Error::usage(
            refused.to_string(),
            "such as: tls psk new --identity gate-7 --bits 256",
        ),
    }
}

fn check(file: &Path, json: bool) -> Result<ExitCode> {
    let findings = check_psk_file(file).map_err(Error::Psk)?;
    output::result(&if json {
        to_json(file, &findings)
    } else {
        to_text(file, &findings)
    })?;
    Ok(if findings.is_empty() {
        ExitCode::Done
    } else {
        ExitCode::No
    })
}

fn to_text(file: &Path, findings: &[PskFileFinding]) -> String {
    if findings.is_empty() {
        return format!("{}: nothing to say against it", file.display());
    }
    let line = |finding: &PskFileFinding| {
        let (colour, verdict) = if finding.is_refused() {
            (anstyle::AnsiColor::Red, "refused")
        } else {
            (anstyle::AnsiColor::Yellow, "advice ")
        };
        let colour = colour.on_default();
        format!("{colour}{verdict}{colour:#}  {finding}")
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn to_json(file: &Path, findings: &[PskFileFinding]) -> String {
    let finding = |finding: &PskFileFinding| {
        json!({
            "line": finding.line(),
            "refused": finding.is_refused(),
            "code": finding.code(),
            "message": finding.to_string(),
        })
    };
    let findings: Vec<_> = findings.iter().map(finding).collect();
    let event = json!({
        "v": 1,
        "event": "psk_check",
        "ok": findings.is_empty(),
        "file": file,
        "findings": findings,
    });
    event.to_string()
}
