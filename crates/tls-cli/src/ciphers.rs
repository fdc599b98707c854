//! `tls ciphers`: the suites that exist here, or those that a list selects.

use std::fmt::Write;

use serde_json::json;
use tls::certs::Trust;
use tls::context::SecureContext;
use tls::wire::CipherSuite;

use crate::error::Result;
use crate::exit_codes::ExitCode;
use crate::output;

pub(crate) fn run(list: Option<&str>, json: bool) -> Result<ExitCode> {
    let builder = SecureContext::client(Trust::mozilla());
    let builder = match list {
        Some(list) => builder.ciphers(list),
        None => builder,
    };
    let context = builder.build()?;
    let suites = context.provider().cipher_suites.iter();
    let suites: Vec<_> = suites
        .map(|suite| CipherSuite(u16::from(suite.suite())))
        .collect();
    if json {
        let list: Vec<_> = suites
            .iter()
            .map(|suite| {
                json!({
                    "name": suite.openssl_name(),
                    "standard_name": suite.iana_name(),
                    "version": suite.minimum_version().map(|version| version.to_string()),
                })
            })
            .collect();
        return output::result(&json!({"v": 1, "ciphers": list}).to_string());
    }
    let mut text = String::new();
    for suite in suites {
        let version = suite
            .minimum_version()
            .map(|version| version.to_string())
            .unwrap_or_default();
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{:<31} {version}  {}",
            suite.openssl_name().unwrap_or_default(),
            suite.iana_name().unwrap_or_default()
        );
    }
    output::result(text.trim_end())
}
