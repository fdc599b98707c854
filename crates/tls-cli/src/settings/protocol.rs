//! Versions, ciphers, groups, ALPN and the key log, for both ends.

use std::sync::Arc;

use tls::context::SecureContextBuilder;
use tls::rustls::KeyLog;

use crate::error::Result;
use crate::flags::ProtocolFlags;

/// Puts what was typed into a builder; what was not stays as it is there.
pub(super) fn apply(
    flags: &ProtocolFlags,
    mut builder: SecureContextBuilder,
    key_log: Option<Arc<dyn KeyLog>>,
) -> Result<SecureContextBuilder> {
    if let Some(alpn) = &flags.alpn {
        // `--alpn ""` is no protocol at all.
        let is_none = alpn.iter().all(String::is_empty);
        let names: &[String] = if is_none { &[] } else { alpn };
        builder = builder.alpn(names);
    }
    if let Some(version) = flags.min_version {
        builder = builder.min_version(version);
    }
    if let Some(version) = flags.max_version {
        builder = builder.max_version(version);
    }
    if let Some(list) = &flags.ciphers {
        builder = builder.ciphers(list);
    }
    if let Some(list) = &flags.groups {
        builder = builder.groups(list);
    }
    if let Some(key_log) = key_log {
        builder = builder.key_log(key_log);
    }
    Ok(builder)
}
