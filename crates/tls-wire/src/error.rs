//! The one error type of this crate: what was wrong, where, and which alert says so.

use crate::alert::AlertDescription;
use crate::first_bytes::FirstBytes;
use crate::record::ContentType;

/// Why bytes were refused.
///
/// [`code`](Self::code) is stable and for machines, [`alert`](Self::alert) is what the peer
/// should hear. Text that came from the peer is bounded and escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes end inside a field.
    #[error("the message ends inside {field}")]
    Truncated {
        /// Name of the field, as in the RFC.
        field: &'static str,
    },
    /// Bytes are left over behind the last field.
    #[error("{count} bytes are left over behind {field}")]
    TrailingBytes {
        /// Name of the structure that should have ended.
        field: &'static str,
        /// Bytes left over.
        count: usize,
    },
    /// A vector is shorter or longer than the RFC allows, or not a whole number of elements.
    #[error("{field} has an illegal length of {length} bytes")]
    BadLength {
        /// Name of the vector.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A field holds a value that the RFC forbids.
    #[error("{field} holds a forbidden value")]
    IllegalValue {
        /// Name of the field.
        field: &'static str,
    },
    /// An extension occurs twice (RFC 8446, Section 4.2).
    #[error("extension {extension} occurs twice")]
    DuplicateExtension {
        /// Number of the extension type.
        extension: u16,
    },
    /// More extensions than [`MAX_EXTENSIONS`](crate::limits::MAX_EXTENSIONS).
    #[error("more than {limit} extensions")]
    TooManyExtensions {
        /// The limit.
        limit: usize,
    },
    /// `pre_shared_key` is not the last extension (RFC 8446, Section 4.2.11).
    #[error("pre_shared_key is not the last extension")]
    PreSharedKeyNotLast,
    /// There are not as many PSK binders as identities (RFC 8446, Section 4.2.11).
    #[error("{identities} PSK identities but {binders} binders")]
    BinderCount {
        /// Identities offered.
        identities: usize,
        /// Binders given.
        binders: usize,
    },
    /// Another handshake message than the expected one.
    #[error("handshake message of type {found} where type {expected} belongs")]
    UnexpectedMessage {
        /// Number of the expected type.
        expected: u8,
        /// Number of the type found.
        found: u8,
    },
    /// A record of another content type than the expected one.
    #[error("{found:?} record where a handshake record belongs")]
    UnexpectedRecord {
        /// The type found.
        found: ContentType,
    },
    /// Bytes follow the ClientHello inside its last record (RFC 8446, Section 5.1).
    #[error("{count} bytes follow the ClientHello in the same record")]
    BytesAfterHello {
        /// Bytes left over.
        count: usize,
    },
    /// A message is larger than its limit.
    #[error("a handshake message of {length} bytes is over the limit of {limit}")]
    TooLarge {
        /// Length with header, in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The peer used up the bytes that it may send before its hello is whole.
    #[error("{limit} bytes were received and the ClientHello is still not whole")]
    WireBudget {
        /// The limit in bytes.
        limit: usize,
    },
    /// A record is longer than its kind may be (RFC 8446, Section 5.1).
    #[error("a record of {length} bytes is over the limit of {limit}")]
    RecordOverflow {
        /// Length in its header.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Too many records without content.
    #[error("more than {limit} empty records")]
    EmptyRecords {
        /// The limit.
        limit: usize,
    },
    /// The major version of a record is not 3.
    #[error("record version {version:#06x} is not one of TLS")]
    RecordVersion {
        /// The version in the record header.
        version: u16,
    },
    /// The first bytes are of another protocol.
    #[error("the peer does not speak TLS but {first_bytes}: \"{first_line}\"")]
    NotTls {
        /// What the bytes look like.
        first_bytes: FirstBytes,
        /// The first line as far as it has come, bounded and escaped.
        first_line: String,
    },
    /// A name is not in the table that was asked.
    #[error("unknown {kind} \"{name}\"")]
    UnknownName {
        /// What was looked for: "protocol version", …
        kind: &'static str,
        /// The name, bounded and escaped.
        name: String,
    },
}

impl Error {
    /// A stable code in snake_case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::TrailingBytes { .. } => "trailing_bytes",
            Self::BadLength { .. } => "bad_length",
            Self::IllegalValue { .. } => "illegal_value",
            Self::DuplicateExtension { .. } => "duplicate_extension",
            Self::TooManyExtensions { .. } => "too_many_extensions",
            Self::PreSharedKeyNotLast => "pre_shared_key_not_last",
            Self::BinderCount { .. } => "binder_count",
            Self::UnexpectedMessage { .. } => "unexpected_message",
            Self::UnexpectedRecord { .. } => "unexpected_record",
            Self::BytesAfterHello { .. } => "bytes_after_hello",
            Self::TooLarge { .. } => "too_large",
            Self::WireBudget { .. } => "wire_budget",
            Self::RecordOverflow { .. } => "record_overflow",
            Self::EmptyRecords { .. } => "empty_records",
            Self::RecordVersion { .. } => "record_version",
            Self::NotTls { .. } => "not_tls",
            Self::UnknownName { .. } => "unknown_name",
        }
    }

    /// The code that Node's server reports for it, as measured with 24.7 (spec ERR-22); `None`
    /// where Node knows no such error.
    #[must_use]
    pub const fn node_code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Truncated { .. } | Self::TrailingBytes { .. } | Self::BadLength { .. } => {
                "ERR_SSL_LENGTH_MISMATCH"
            }
            Self::DuplicateExtension { .. }
            | Self::PreSharedKeyNotLast
            | Self::BinderCount { .. } => "ERR_SSL_BAD_EXTENSION",
            Self::UnexpectedMessage { .. } | Self::UnexpectedRecord { .. } => {
                "ERR_SSL_UNEXPECTED_MESSAGE"
            }
            Self::BytesAfterHello { .. } => "ERR_SSL_NOT_ON_RECORD_BOUNDARY",
            Self::TooLarge { .. } => "ERR_SSL_EXCESSIVE_MESSAGE_SIZE",
            Self::RecordOverflow { .. } => "ERR_SSL_PACKET_LENGTH_TOO_LONG",
            Self::EmptyRecords { .. } => "ERR_SSL_RECORD_TOO_SMALL",
            Self::RecordVersion { .. } => "ERR_SSL_WRONG_VERSION_NUMBER",
            Self::NotTls { first_bytes, .. } => match first_bytes {
                FirstBytes::Http => "ERR_SSL_HTTP_REQUEST",
                FirstBytes::SslV2 => "ERR_SSL_UNKNOWN_PROTOCOL",
                _ => "ERR_SSL_WRONG_VERSION_NUMBER",
            },
            Self::IllegalValue { .. }
            | Self::TooManyExtensions { .. }
            | Self::WireBudget { .. }
            | Self::UnknownName { .. } => return None,
        })
    }

    /// The fatal alert that tells the peer; `None` where it would not understand one.
    ///
    /// A plain HTTP client sees an alert as garbage, so the caller may answer it in plain text.
    #[must_use]
    pub const fn alert(&self) -> Option<AlertDescription> {
        Some(match self {
            Self::Truncated { .. }
            | Self::TrailingBytes { .. }
            | Self::BadLength { .. }
            | Self::TooManyExtensions { .. }
            | Self::TooLarge { .. } => AlertDescription::DecodeError,
            Self::IllegalValue { .. }
            | Self::DuplicateExtension { .. }
            | Self::PreSharedKeyNotLast
            | Self::BinderCount { .. } => AlertDescription::IllegalParameter,
            Self::UnexpectedMessage { .. }
            | Self::UnexpectedRecord { .. }
            | Self::BytesAfterHello { .. }
            | Self::WireBudget { .. }
            | Self::EmptyRecords { .. } => AlertDescription::UnexpectedMessage,
            Self::RecordOverflow { .. } => AlertDescription::RecordOverflow,
            Self::RecordVersion { .. } => AlertDescription::ProtocolVersion,
            Self::NotTls { first_bytes, .. } => return first_bytes.alert(),
            Self::UnknownName { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of every variant, with its code and alert.
    fn all() -> Vec<(Error, &'static str, Option<AlertDescription>)> {
        let decode_error = Some(AlertDescription::DecodeError);
        let illegal_parameter = Some(AlertDescription::IllegalParameter);
        let unexpected_message = Some(AlertDescription::UnexpectedMessage);
        let not_tls = |first_bytes| Error::NotTls {
            first_bytes,
            first_line: String::new(),
        };
        let name = "x".to_owned();
        let found = ContentType::Alert;
        vec![
            (Error::Truncated { field: "f" }, "truncated", decode_error),
            (
                Error::TrailingBytes {
                    field: "f",
                    count: 1,
                },
                "trailing_bytes",
                decode_error,
            ),
            (
                Error::BadLength {
                    field: "f",
                    length: 1,
                },
                "bad_length",
                decode_error,
            ),
            (
                Error::IllegalValue { field: "f" },
                "illegal_value",
                illegal_parameter,
            ),
            (
                Error::DuplicateExtension { extension: 1 },
                "duplicate_extension",
                illegal_parameter,
            ),
            (
                Error::TooManyExtensions { limit: 1 },
                "too_many_extensions",
                decode_error,
            ),
            (
                Error::PreSharedKeyNotLast,
                "pre_shared_key_not_last",
                illegal_parameter,
            ),
            (
                Error::BinderCount {
                    identities: 1,
                    binders: 2,
                },
                "binder_count",
                illegal_parameter,
            ),
            (
                Error::UnexpectedMessage {
                    expected: 1,
                    found: 2,
                },
                "unexpected_message",
                unexpected_message,
            ),
            (
                Error::UnexpectedRecord { found },
                "unexpected_record",
                unexpected_message,
            ),
            (
                Error::BytesAfterHello { count: 1 },
                "bytes_after_hello",
                unexpected_message,
            ),
            (
                Error::TooLarge {
                    length: 2,
                    limit: 1,
                },
                "too_large",
                decode_error,
            ),
            (
                Error::WireBudget { limit: 1 },
                "wire_budget",
                unexpected_message,
            ),
            (
                Error::RecordOverflow {
                    length: 2,
                    limit: 1,
                },
                "record_overflow",
                Some(AlertDescription::RecordOverflow),
            ),
            (
                Error::EmptyRecords { limit: 1 },
                "empty_records",
                unexpected_message,
            ),
            (
                Error::RecordVersion { version: 0x0200 },
                "record_version",
                Some(AlertDescription::ProtocolVersion),
            ),
            (not_tls(FirstBytes::Http), "not_tls", None),
            (
                not_tls(FirstBytes::SslV2),
                "not_tls",
                Some(AlertDescription::ProtocolVersion),
            ),
            (
                Error::UnknownName {
                    kind: "group",
                    name,
                },
                "unknown_name",
                None,
            ),
        ]
    }

    #[test]
    fn every_error_has_its_code_its_alert_and_a_message() {
        for (error, code, alert) in all() {
            assert_eq!((error.code(), error.alert()), (code, alert));
            assert!(!error.to_string().is_empty());
        }
    }

    /// A new variant wants a line above, and one more here.
    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = all().into_iter().map(|(error, ..)| error.code()).collect();
        codes.dedup();
        let variants = all().len() - 1;
        assert_eq!(codes.len(), variants, "a code is used twice: {codes:?}");
        assert_eq!(variants, 18);
    }
}
