//! What a failed command says: `tls: `, the cause chain, the hint.

use std::io::Write;

use serde_json::{Value, json};
use tls::certs::Refusal;

use crate::error::Error;
use crate::names::rfc3339;

/// Writes the error to standard error: lines for people, or one JSON object.
pub(crate) fn tell(error: &Error, json: bool) {
    // Who can't be told can't be told that either.
    let _ = if json {
        writeln!(std::io::stderr().lock(), "{}", to_json(error))
    } else {
        anstream::stderr()
            .lock()
            .write_all(to_text(error).as_bytes())
    };
}

/// Says something that is worth knowing and ends nothing.
pub(crate) fn warn(text: &str) {
    let yellow = anstyle::AnsiColor::Yellow.on_default();
    let _ = writeln!(
        anstream::stderr().lock(),
        "{yellow}tls: warning:{yellow:#} {text}"
    );
}

fn to_text(error: &Error) -> String {
    if let Some(refusal) = error.refusal() {
        return refused(refusal, "the server's own", "");
    }
    let bold = anstyle::Style::new().bold();
    let mut text = format!("{bold}tls:{bold:#} {error}");
    for cause in error.causes() {
        text.push_str(": ");
        text.push_str(&cause);
    }
    text.push('\n');
    if let Some(hint) = error.hint() {
        text.push_str("     ");
        text.push_str(hint);
        text.push('\n');
    }
    text
}

/// Why a certificate was refused, and what to do. `first` is what the first certificate is called.
pub(crate) fn refused(refusal: &Refusal, first: &str, remark: &str) -> String {
    let red = anstyle::AnsiColor::Red.on_default();
    let whose = match refusal.depth {
        0 => format!("certificate 0, {first}"),
        depth => format!("certificate {depth}"),
    };
    let mut text = format!(
        "{red}refused{red:#}      {}  ({whose}){remark}\n",
        refusal.code()
    );
    if !refusal.subject.is_empty() {
        let (subject, issuer) = (&refusal.subject, &refusal.issuer);
        text.push_str(&format!("  subject    {subject}\n  issuer     {issuer}\n"));
    }
    text.push_str(&format!(
        "  why        {refusal}\n  do         {}\n",
        refusal.hint
    ));
    text
}

/// The same for programs.
pub(crate) fn refused_json(refusal: &Refusal) -> Value {
    json!({
        "code": refusal.code(),
        "depth": refusal.depth,
        "subject": refusal.subject,
        "issuer": refusal.issuer,
        "serial": refusal.serial,
        "not_before": refusal.not_before.and_then(rfc3339),
        "not_after": refusal.not_after.and_then(rfc3339),
        "names": refusal.names,
        "revoked_at": refusal.revoked_at.and_then(rfc3339),
        "revocation_reason": refusal.revocation_reason,
        "crl_this_update": refusal.crl_this_update.and_then(rfc3339),
        "crl_next_update": refusal.crl_next_update.and_then(rfc3339),
        "expected_name": refusal.expected_name,
        "message": refusal.message,
        "hint": refusal.hint,
    })
}

fn to_json(error: &Error) -> Value {
    let mut message = error.to_string();
    for cause in error.causes() {
        message.push_str(": ");
        message.push_str(&cause);
    }
    json!({
        "v": 1,
        "event": "error",
        "code": error.code(),
        "node_code": error.node_code(),
        "phase": error.phase(),
        "fault": error.fault(),
        "message": message,
        "hint": error.hint(),
        "certificate": error.refusal().map(refused_json),
        "exit": error.exit_code().number(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cause_chain_and_hint() {
        let error = Error::Listen {
            address: ([127, 0, 0, 1], 8443).into(),
            source: std::io::ErrorKind::AddrInUse.into(),
        };
        let text = anstream::adapter::strip_str(&to_text(&error)).to_string();
        let mut lines = text.lines();
        let first = lines.next().unwrap();
        assert!(
            first.starts_with("tls: can't listen on 127.0.0.1:8443: "),
            "{first}"
        );
        assert!(
            lines
                .next()
                .unwrap()
                .starts_with("     another program has the port")
        );
        let json = to_json(&error);
        assert_eq!(
            (json["code"].as_str(), json["exit"].as_u64()),
            (Some("port_busy"), Some(3))
        );
    }
}
