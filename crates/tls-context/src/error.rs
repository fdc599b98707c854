//! Why a context can't be built, or lowered to rustls.

use std::time::Duration;

use tls_certs::SecurityLevel;
use tls_wire::ProtocolVersion;

/// Why a context can't be built, or lowered to rustls.
///
/// Every variant is the configuration's fault, never a peer's: once a context is built, nothing in
/// it can fail in a handshake for the reasons listed here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something that exists in TLS, but not in this engine. `reason` says what is missing and
    /// what to do instead.
    #[error("{feature} is not supported here: {reason}")]
    Unsupported {
        /// What was asked for, in the words of the setting: `TLSv1.1`, `AES256-SHA`, `P-521`.
        feature: String,
        /// What is missing, and the way out.
        reason: &'static str,
    },
    /// A number that is no version of TLS (`CIP-14`).
    #[error("\"{version}\" is not a valid {bound} TLS protocol version; use TLSv1.2 or TLSv1.3")]
    InvalidVersion {
        /// `minimum` or `maximum`.
        bound: &'static str,
        /// What was given.
        version: ProtocolVersion,
    },
    /// The minimum is above the maximum, so no version is left.
    #[error("the minimum version {min} is above the maximum version {max}, so no version is left")]
    VersionConflict {
        /// The minimum that was given.
        min: ProtocolVersion,
        /// The maximum that was given.
        max: ProtocolVersion,
    },
    /// A cipher list without a word in it, such as `:` (`CIP-06`).
    #[error("the cipher list \"{list}\" names no cipher; leave it out to get the default")]
    EmptyCipherList {
        /// The list as it was given.
        list: String,
    },
    /// A word of the cipher list that names no cipher at all (`CIP-07`).
    #[error("no cipher match: \"{word}\" is not the name of a cipher{}", did_you_mean(.suggestion))]
    NoCipherMatch {
        /// The word.
        word: String,
        /// A name that differs from the word in letter case only.
        suggestion: Option<&'static str>,
    },
    /// A rule of the cipher list that says nothing, or nothing that can be done here (`CIP-08`).
    #[error("\"{word}\" in the cipher list is not understood: {reason}")]
    CipherWordNotSupported {
        /// The rule.
        word: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The cipher list takes away all that it adds.
    #[error("no cipher match: the cipher list \"{list}\" leaves no cipher; begin it with DEFAULT")]
    NoCipherLeft {
        /// The list as it was given.
        list: String,
    },
    /// All ciphers that were named are weaker than the security level asks for (`CIP-11`).
    #[error("no cipher of the list \"{list}\" is strong enough for security level {level}")]
    NoCipherForLevel {
        /// The list as it was given.
        list: String,
        /// The level.
        level: SecurityLevel,
    },
    /// All groups that were named are weaker than the security level asks for (`CIP-11`).
    #[error("no group of the list \"{list}\" is strong enough for security level {level}")]
    NoGroupForLevel {
        /// The list as it was given.
        list: String,
        /// The level.
        level: SecurityLevel,
    },
    /// The key of an identity is too small for the security level of the context (`CIP-11`).
    #[error("a certificate can't be used: {0}")]
    Identity(#[source] tls_certs::Error),
    /// All ciphers that were named belong to versions that are off.
    #[error("no cipher of the list \"{list}\" belongs to a version from {min} to {max}")]
    NoCipherForVersions {
        /// The list as it was given.
        list: String,
        /// The lowest version that is on.
        min: ProtocolVersion,
        /// The highest version that is on.
        max: ProtocolVersion,
    },
    /// A group of the list that does not exist (`CIP-17`). An empty name is an empty list.
    #[error(
        "Failed to set ECDH curve: \"{name}\" is not the name of a group; use X25519MLKEM768, \
         X25519, P-256, P-384, or auto"
    )]
    UnknownGroup {
        /// The name.
        name: String,
    },
    /// TLS 1.2 is the only version, and every group that was named needs TLS 1.3.
    #[error("no group of the list \"{list}\" can be used in TLS 1.2; add X25519 or P-256")]
    NoGroupForVersions {
        /// The list as it was given.
        list: String,
    },
    /// An ALPN protocol name without a byte (RFC 7301, Section 3.1).
    #[error("the ALPN protocol at index {index} is empty")]
    AlpnNameEmpty {
        /// Its place in the list, from 0.
        index: usize,
    },
    /// An ALPN protocol name above 255 bytes (`ALP-01`).
    #[error(
        "The byte length of the protocol at index {index} exceeds the maximum length. \
         It must be <= 255. Received {length}"
    )]
    AlpnNameTooLong {
        /// Its place in the list, from 0.
        index: usize,
        /// Its length in bytes.
        length: usize,
    },
    /// An ALPN list that does not fit into its extension.
    #[error("the ALPN list takes {length} bytes on the wire, above the maximum of {max}")]
    AlpnListTooLong {
        /// Its length on the wire in bytes.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// An ALPN list in wire format whose length bytes do not add up.
    #[error("the ALPN list in wire format ends in the middle of the name at byte {offset}")]
    AlpnWireFormat {
        /// Where the name begins whose length goes past the end.
        offset: usize,
    },
    /// A session id context above 32 bytes (`CTX-11`).
    #[error("the session id context has {length} bytes, above the maximum of {max}")]
    SessionIdContextTooLong {
        /// Its length in bytes.
        length: usize,
        /// The limit.
        max: usize,
    },
    /// A session lifetime above what a context takes (`CTX-13`).
    #[error("the session timeout of {}s is above the maximum of {}s", .timeout.as_secs(), .max.as_secs())]
    SessionTimeoutTooLong {
        /// What was given.
        timeout: Duration,
        /// The limit.
        max: Duration,
    },
    /// A setting, or a lowering, for the other side of a connection.
    #[error("{what} is for a {expected} context, and this one was made for a {actual}")]
    WrongSide {
        /// The setting or lowering.
        what: &'static str,
        /// `server` or `client`.
        expected: &'static str,
        /// What the context was made for.
        actual: &'static str,
    },
    /// A server for clients with certificates only, without a certificate: an empty list of
    /// identities, or one made without and then lowered to rustls.
    #[error("a server needs a certificate, and this one has none; give it an identity")]
    NoIdentity,
    /// Nobody is trusted, so every certificate would be refused.
    #[error("the trust is empty, so every certificate would be refused; give it the authorities")]
    EmptyTrust,
    /// Revocation lists for a context that verifies nobody: a server that asks no client for a
    /// certificate.
    #[error(
        "revocation lists are given, and no certificate is verified; ask for client certificates"
    )]
    CrlsUnused,
    /// A name or pattern without a letter (`SNI-01`).
    #[error("a server name is required, and this one is empty")]
    EmptyServerName,
    /// A name or pattern that no client could ever send.
    #[error("no client ever sends the server name \"{}\": {reason}", .name.escape_debug())]
    InvalidServerName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The certificates that are trusted make no verifier.
    #[error("the trusted certificates can't be used: {0}")]
    Trust(#[source] tls_certs::Error),
    /// rustls refuses a configuration that we took for good; a fault of ours.
    #[error("rustls refuses the configuration: {0}")]
    Rustls(#[source] rustls::Error),
}

impl Error {
    /// A stable name for programs, one per variant.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "unsupported",
            Self::InvalidVersion { .. } => "invalid_version",
            Self::VersionConflict { .. } => "version_conflict",
            Self::EmptyCipherList { .. } => "empty_cipher_list",
            Self::NoCipherMatch { .. } => "no_cipher_match",
            Self::CipherWordNotSupported { .. } => "cipher_word_not_supported",
            Self::NoCipherLeft { .. } => "no_cipher_left",
            Self::NoCipherForLevel { .. } => "no_cipher_for_level",
            Self::NoGroupForLevel { .. } => "no_group_for_level",
            Self::Identity(_) => "identity",
            Self::NoCipherForVersions { .. } => "no_cipher_for_versions",
            Self::UnknownGroup { .. } => "unknown_group",
            Self::NoGroupForVersions { .. } => "no_group_for_versions",
            Self::AlpnNameEmpty { .. } => "alpn_name_empty",
            Self::AlpnNameTooLong { .. } => "alpn_name_too_long",
            Self::AlpnListTooLong { .. } => "alpn_list_too_long",
            Self::AlpnWireFormat { .. } => "alpn_wire_format",
            Self::SessionIdContextTooLong { .. } => "session_id_context_too_long",
            Self::SessionTimeoutTooLong { .. } => "session_timeout_too_long",
            Self::WrongSide { .. } => "wrong_side",
            Self::NoIdentity => "no_identity",
            Self::EmptyTrust => "empty_trust",
            Self::CrlsUnused => "crls_unused",
            Self::EmptyServerName => "empty_server_name",
            Self::InvalidServerName { .. } => "invalid_server_name",
            Self::Trust(_) => "trust",
            Self::Rustls(_) => "rustls",
        }
    }

    /// The code that Node gives in the same place, where there is one.
    #[must_use]
    pub fn node_code(&self) -> Option<&'static str> {
        match self {
            Self::InvalidVersion { .. } => Some("ERR_TLS_INVALID_PROTOCOL_VERSION"),
            Self::EmptyCipherList { .. } => Some("ERR_INVALID_ARG_VALUE"),
            Self::NoCipherMatch { .. } | Self::NoCipherLeft { .. } => {
                Some("ERR_SSL_NO_CIPHER_MATCH")
            }
            Self::UnknownGroup { .. } => Some("ERR_CRYPTO_OPERATION_FAILED"),
            Self::AlpnNameTooLong { .. } | Self::SessionTimeoutTooLong { .. } => {
                Some("ERR_OUT_OF_RANGE")
            }
            Self::EmptyServerName => Some("ERR_TLS_REQUIRED_SERVER_NAME"),
            Self::Trust(error) | Self::Identity(error) => error.node_code(),
            _ => None,
        }
    }
}

fn did_you_mean(suggestion: &Option<&'static str>) -> String {
    suggestion
        .map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default()
}
