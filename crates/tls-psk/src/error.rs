//! Everything that can go wrong, whose fault it is, and which alert says so.

use std::path::{Path, PathBuf};

use tls_wire::AlertDescription;

use crate::PskFileProblem;

/// Why a handshake failed, or a key was refused.
///
/// [`code`](Self::code) is stable and for machines, [`alert`](Self::alert) is what the peer hears.
/// No message holds a key, and where one has an identity, it is escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A message is malformed.
    #[error(transparent)]
    Wire(#[from] tls_wire::Error),
    /// A record is malformed, or does not open.
    #[error(transparent)]
    Record(#[from] tls_record::Error),
    /// A handshake message that has no place now.
    #[error("handshake message of type {found} where {expected} belongs")]
    UnexpectedMessage {
        /// What belongs there.
        expected: &'static str,
        /// Number of the type found.
        found: u8,
    },
    /// A record of a type that has no place now.
    #[error("a record of type {content_type} has no place in the handshake now")]
    UnexpectedRecord {
        /// Number of the content type.
        content_type: u8,
    },
    /// More bytes follow in a record after which the keys change (RFC 8446, Section 5.1).
    #[error("a handshake message spans a change of keys")]
    MessageSpansKeyChange,
    /// A handshake record, or an alert, without content (RFC 8446, Section 5.1).
    #[error("a handshake record without content")]
    EmptyRecord,
    /// A `change_cipher_spec` that is not the byte 1, or one too many.
    #[error("a change_cipher_spec that is malformed, or one too many")]
    BadChangeCipherSpec,
    /// The peer has sent more bytes than a handshake may have.
    #[error("more than {limit} bytes were received and the handshake is still not done")]
    TooMuchData {
        /// The limit in bytes.
        limit: usize,
    },
    /// More early data than is skipped.
    #[error("more than {limit} bytes of early data, which this server does not take")]
    TooMuchEarlyData {
        /// The limit in bytes.
        limit: usize,
    },
    /// More warning alerts than are borne.
    #[error("more than {limit} warning alerts")]
    TooManyWarnings {
        /// The limit.
        limit: u8,
    },
    /// The peer ended the handshake with an alert.
    #[error("the peer ended the handshake with the alert {0}")]
    AlertReceived(AlertDescription),
    /// An extension without which the handshake can't go on (RFC 8446, Section 9.2).
    #[error("the extension {0} is missing")]
    MissingExtension(&'static str),
    /// An extension that was not asked for (RFC 8446, Section 4.2).
    #[error("the server answers extension {extension}, which was not asked for")]
    UnsolicitedExtension {
        /// Number of the extension type.
        extension: u16,
    },
    /// A value that contradicts what was agreed, or what the RFC allows.
    #[error("{what}")]
    IllegalParameter {
        /// What is wrong, in words.
        what: &'static str,
    },
    /// A binder does not have the length of its key's hash (RFC 8446, Section 4.2.11.2).
    #[error("a PSK binder of {length} bytes where the key's hash has {expected}")]
    BinderLength {
        /// Bytes of the binder.
        length: usize,
        /// Bytes of the hash.
        expected: usize,
    },
    /// The binder does not fit the key: the two ends have different keys for one identity, or the
    /// hello was changed on its way (spec `PSK-07`).
    #[error("the PSK binder does not verify: the two ends have different keys for this identity")]
    BinderMismatch,
    /// The Finished of the peer does not verify: something was changed on the way.
    #[error("the Finished message does not verify: the handshake was changed on its way")]
    FinishedMismatch,
    /// None of the identities that the client offers is known (spec `PSK-06`).
    #[error("none of the pre-shared-key identities is known")]
    UnknownIdentity {
        /// What the client heard: `handshake_failure` in TLS 1.3, `unknown_psk_identity` in
        /// TLS 1.2, and whatever a wrong key leads to where the decoy option is on.
        alert: AlertDescription,
    },
    /// The client offers this server's own client identity (RFC 9257, Section 4.1).
    #[error("the client offers this end's own identity: is it talking to itself?")]
    Reflection,
    /// The two ends have no protocol version in common.
    #[error("no protocol version in common with the peer")]
    NoSharedVersion,
    /// No cipher suite in common that goes with the hash of the key (spec `PSK-09`).
    #[error("no cipher suite in common that goes with the hash of the key")]
    NoSharedCipher,
    /// No group in common.
    #[error("no key exchange group in common")]
    NoSharedGroup,
    /// The client wants no mode that this server allows: `psk_ke` has to be asked for.
    #[error("no PSK key exchange mode in common: psk_ke has to be allowed at both ends")]
    NoSharedMode,
    /// No application protocol in common (spec `ALP-05`).
    #[error("no application protocol in common")]
    NoApplicationProtocol,
    /// TLS 1.2: the peer cannot do extended master secret (RFC 7627), which is demanded.
    #[error("the peer does not support extended master secret, without which TLS 1.2 is refused")]
    NoExtendedMasterSecret,
    /// TLS 1.2: the client says that it could do better (RFC 7507), and so could this server.
    #[error("the client was made to try an older version than both ends can do: a downgrade")]
    InappropriateFallback,
    /// TLS 1.2: the peer takes a first handshake for a renegotiation (RFC 5746).
    #[error("the peer takes this first handshake for a renegotiation")]
    UnsafeRenegotiation,
    /// TLS 1.2: keys are not imported for it (RFC 9258, Section 5.1).
    #[error(
        "the server chose TLS 1.2, which takes no imported key: offer the external one, too, or TLS 1.3 alone"
    )]
    ImportedForTls12,
    /// The version was pushed down by someone on the way (RFC 8446, Section 4.1.3).
    #[error("the server can do TLS 1.3 and was made to choose an older version: a downgrade")]
    Downgrade,
    /// The server does not take the key that this client offered, and nothing weaker will do.
    #[error(
        "the server does not take the pre-shared key: it does not know the identity, or goes on with a certificate"
    )]
    PskNotAccepted {
        /// The alert with which the server said so; `None` if it went on without the key.
        alert: Option<AlertDescription>,
    },
    /// TLS 1.2: the client has no identity for the server's hint (spec `PSK-08`).
    #[error("there is no pre-shared key for this server")]
    NoPsk,
    /// An identity is empty or too long (spec `PSK-05`).
    #[error("a PSK identity of {length} bytes is outside 1 to {limit}")]
    IdentityLength {
        /// Its bytes.
        length: usize,
        /// The longest possible.
        limit: usize,
    },
    /// A key is longer than any stack takes (spec `PSK-05`).
    #[error("a pre-shared key of {length} bytes is over the limit of {limit}")]
    KeyTooLong {
        /// Its bytes.
        length: usize,
        /// The longest possible.
        limit: usize,
    },
    /// A key is shorter than 128 bits (RFC 9257, Section 6).
    #[error(
        "a pre-shared key of {length} bytes is shorter than {limit}: use one that is long and random, or allow short keys"
    )]
    KeyTooShort {
        /// Its bytes.
        length: usize,
        /// The shortest without being allowed.
        limit: usize,
    },
    /// A key is not written in hex digits, two a byte.
    #[error("a pre-shared key is written in hex digits, two a byte")]
    KeyNotHex,
    /// A key can't be generated with so many bits.
    #[error("a key of {bits} bits can't be made: 128 to 4096, in whole bytes")]
    KeyBits {
        /// The bits asked for.
        bits: usize,
    },
    /// More than three keys of one identity.
    #[error(
        "an identity has more than {} keys: take out the oldest",
        crate::limits::MAX_KEYS_PER_IDENTITY
    )]
    TooManyKeys,
    /// A key that was imported (RFC 9258) can't be imported again.
    #[error("the key is imported already")]
    AlreadyImported,
    /// The context of imported keys is too long.
    #[error("an import context of {length} bytes is over the limit of {limit}")]
    ImportContextTooLong {
        /// Its bytes.
        length: usize,
        /// The longest possible.
        limit: usize,
    },
    /// A file of keys can't be used.
    #[error("{}{}: {problem}", path.display(), Line(*line))]
    KeyFile {
        /// Which file.
        path: PathBuf,
        /// The line, counted from 1; `None` for the file as a whole.
        line: Option<usize>,
        /// What is wrong.
        problem: PskFileProblem,
    },
    /// An identity that a file of keys can't hold.
    #[error(
        "the identity can't stand in a file of keys: plain text without colon or control characters, `#` or space in front"
    )]
    IdentityNotForFile,
    /// A file can't be watched.
    #[error("the thread that watches the file of keys can't be started: {reason}")]
    Watch {
        /// What the system said.
        reason: String,
    },
    /// An identity hint is longer than any stack takes (spec `PSK-05`, `T-PSK-06`).
    #[error("a PSK identity hint of {length} bytes is over the limit of {limit}")]
    HintTooLong {
        /// Its bytes.
        length: usize,
        /// The longest possible.
        limit: usize,
    },
    /// The configuration names nothing that this engine can do.
    #[error("the configuration has no {what} that this engine can do")]
    NothingConfigured {
        /// What is missing.
        what: &'static str,
    },
    /// The provider failed.
    #[error("the cryptography provider failed at {what}")]
    Provider {
        /// At what.
        what: &'static str,
    },
    /// The handshake has failed before, or is done.
    #[error("the handshake is over")]
    Over,
}

/// Whose fault an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The peer's, or somebody's on the way.
    Peer,
    /// This side's: its configuration, its keys, its provider.
    Local,
    /// Neither's: the two ends have too little in common, or the peer said so.
    Nobody,
}

/// Where in a file, if it is somewhere.
struct Line(Option<usize>);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(line) => write!(f, ", line {line}"),
            None => Ok(()),
        }
    }
}

impl Error {
    pub(crate) fn key_file(path: &Path, line: Option<usize>, problem: PskFileProblem) -> Self {
        Self::KeyFile {
            path: path.to_owned(),
            line,
            problem,
        }
    }

    /// A stable code in snake_case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Wire(error) => error.code(),
            Self::Record(error) => error.code(),
            Self::UnexpectedMessage { .. } => "unexpected_message",
            Self::UnexpectedRecord { .. } => "unexpected_record",
            Self::MessageSpansKeyChange => "message_spans_key_change",
            Self::EmptyRecord => "empty_record",
            Self::BadChangeCipherSpec => "bad_change_cipher_spec",
            Self::TooMuchData { .. } => "too_much_data",
            Self::TooMuchEarlyData { .. } => "too_much_early_data",
            Self::TooManyWarnings { .. } => "too_many_warnings",
            Self::AlertReceived(_) => "alert_received",
            Self::MissingExtension(_) => "missing_extension",
            Self::UnsolicitedExtension { .. } => "unsolicited_extension",
            Self::IllegalParameter { .. } => "illegal_parameter",
            Self::BinderLength { .. } => "binder_length",
            Self::BinderMismatch => "binder_mismatch",
            Self::FinishedMismatch => "finished_mismatch",
            Self::UnknownIdentity { .. } => "unknown_psk_identity",
            Self::Reflection => "psk_reflection",
            Self::NoSharedVersion => "no_shared_version",
            Self::NoSharedCipher => "no_shared_cipher",
            Self::NoSharedGroup => "no_shared_group",
            Self::NoSharedMode => "no_shared_psk_mode",
            Self::NoApplicationProtocol => "no_application_protocol",
            Self::NoExtendedMasterSecret => "no_extended_master_secret",
            Self::InappropriateFallback => "inappropriate_fallback",
            Self::UnsafeRenegotiation => "unsafe_renegotiation",
            Self::ImportedForTls12 => "psk_imported_for_tls12",
            Self::Downgrade => "downgrade",
            Self::PskNotAccepted { .. } => "psk_not_accepted",
            Self::NoPsk => "no_psk",
            Self::IdentityLength { .. } => "psk_identity_length",
            Self::KeyTooLong { .. } => "psk_too_long",
            Self::KeyTooShort { .. } => "psk_too_short",
            Self::KeyNotHex => "psk_not_hex",
            Self::KeyBits { .. } => "psk_bits",
            Self::TooManyKeys => "psk_too_many_keys",
            Self::AlreadyImported => "psk_already_imported",
            Self::ImportContextTooLong { .. } => "import_context_too_long",
            Self::KeyFile { problem, .. } => problem.code(),
            Self::IdentityNotForFile => "psk_identity_not_for_file",
            Self::Watch { .. } => "psk_watch",
            Self::HintTooLong { .. } => "psk_hint_too_long",
            Self::NothingConfigured { .. } => "nothing_configured",
            Self::Provider { .. } => "provider_failed",
            Self::Over => "handshake_over",
        }
    }

    /// The fatal alert that tells the peer; `None` where none is sent.
    #[must_use]
    pub const fn alert(&self) -> Option<AlertDescription> {
        use AlertDescription as Alert;
        Some(match self {
            Self::Wire(error) => return error.alert(),
            Self::Record(error) => return error.alert(),
            Self::UnexpectedMessage { .. }
            | Self::UnexpectedRecord { .. }
            | Self::MessageSpansKeyChange
            | Self::EmptyRecord
            | Self::BadChangeCipherSpec
            | Self::TooMuchData { .. }
            | Self::TooMuchEarlyData { .. }
            | Self::TooManyWarnings { .. } => Alert::UnexpectedMessage,
            Self::MissingExtension(_) => Alert::MissingExtension,
            Self::UnsolicitedExtension { .. } => Alert::UnsupportedExtension,
            Self::IllegalParameter { .. }
            | Self::BinderLength { .. }
            | Self::Reflection
            | Self::Downgrade => Alert::IllegalParameter,
            Self::BinderMismatch | Self::FinishedMismatch => Alert::DecryptError,
            Self::UnknownIdentity { alert } => *alert,
            Self::NoSharedVersion => Alert::ProtocolVersion,
            Self::NoSharedCipher
            | Self::NoSharedGroup
            | Self::NoSharedMode
            | Self::NoExtendedMasterSecret
            | Self::UnsafeRenegotiation
            | Self::PskNotAccepted { alert: None }
            | Self::NoPsk => Alert::HandshakeFailure,
            Self::InappropriateFallback => Alert::InappropriateFallback,
            Self::NoApplicationProtocol => Alert::NoApplicationProtocol,
            Self::Provider { .. } | Self::ImportedForTls12 => Alert::InternalError,
            Self::AlertReceived(_)
            | Self::PskNotAccepted { alert: Some(_) }
            | Self::IdentityLength { .. }
            | Self::KeyTooLong { .. }
            | Self::KeyTooShort { .. }
            | Self::KeyNotHex
            | Self::KeyBits { .. }
            | Self::TooManyKeys
            | Self::AlreadyImported
            | Self::ImportContextTooLong { .. }
            | Self::KeyFile { .. }
            | Self::IdentityNotForFile
            | Self::Watch { .. }
            | Self::HintTooLong { .. }
            | Self::NothingConfigured { .. }
            | Self::Over => return None,
        })
    }

    /// The code of Node's error for it, as measured with 24.7 (spec `PSK-06` to `PSK-14`, `ERR-22`);
    /// `None` where Node knows no such error.
    #[must_use]
    pub fn node_code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Wire(error) => return error.node_code(),
            Self::AlertReceived(alert) | Self::PskNotAccepted { alert: Some(alert) } => {
                return alert.node_code();
            }
            Self::Record(tls_record::Error::BadRecordMac) => {
                "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC"
            }
            Self::UnexpectedMessage { .. } => "ERR_SSL_UNEXPECTED_MESSAGE",
            Self::BinderMismatch => "ERR_SSL_BINDER_DOES_NOT_VERIFY",
            Self::UnknownIdentity { .. } | Self::NoPsk => "ERR_SSL_PSK_IDENTITY_NOT_FOUND",
            Self::NoSharedVersion => "ERR_SSL_UNSUPPORTED_PROTOCOL",
            Self::NoSharedCipher => "ERR_SSL_NO_SHARED_CIPHER",
            Self::NoSharedGroup => "ERR_SSL_NO_SUITABLE_KEY_SHARE",
            Self::NoApplicationProtocol => "ERR_SSL_NO_APPLICATION_PROTOCOL",
            Self::IdentityLength { .. } | Self::KeyTooLong { .. } => "ERR_INVALID_ARG_VALUE",
            Self::HintTooLong { .. } => "ERR_TLS_PSK_SET_IDENTITY_HINT_FAILED",
            Self::NothingConfigured { .. } => "ERR_SSL_NO_CIPHERS_AVAILABLE",
            _ => return None,
        })
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Record(error) => match error.fault() {
                tls_record::Fault::Local => Fault::Local,
                tls_record::Fault::Nobody => Fault::Nobody,
                _ => Fault::Peer,
            },
            Self::AlertReceived(_)
            | Self::NoSharedVersion
            | Self::NoSharedCipher
            | Self::NoSharedGroup
            | Self::NoSharedMode
            | Self::NoApplicationProtocol
            | Self::NoExtendedMasterSecret
            | Self::PskNotAccepted { .. } => Fault::Nobody,
            Self::NoPsk
            | Self::ImportedForTls12
            | Self::IdentityLength { .. }
            | Self::KeyTooLong { .. }
            | Self::KeyTooShort { .. }
            | Self::KeyNotHex
            | Self::KeyBits { .. }
            | Self::TooManyKeys
            | Self::AlreadyImported
            | Self::ImportContextTooLong { .. }
            | Self::KeyFile { .. }
            | Self::IdentityNotForFile
            | Self::Watch { .. }
            | Self::HintTooLong { .. }
            | Self::NothingConfigured { .. }
            | Self::Provider { .. }
            | Self::Over => Fault::Local,
            _ => Fault::Peer,
        }
    }
}

#[cfg(test)]
mod tests;
