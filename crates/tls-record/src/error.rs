//! Everything that can go wrong with records, whose fault it is and which alert names it.

use tls_wire::AlertDescription;

/// Why a record was refused, could not be made, or ended the connection.
///
/// Small and `Copy`: a failed [`RecordLayer`](crate::RecordLayer) keeps it and answers every
/// later call with it.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The record's tag does not fit its bytes: it was changed, replayed, reordered, cut, or
    /// sealed with other keys.
    #[error("a record does not authenticate: it was changed, replayed or reordered on its way")]
    BadRecordMac,
    /// The header announces more than a record may hold. Found before the rest was awaited.
    #[error("a record of {length} bytes is longer than the {limit} allowed")]
    RecordTooLong {
        /// Bytes that the header announces.
        length: u16,
        /// Bytes that this version and AEAD allow.
        limit: u16,
    },
    /// The header's version is not 0x0303.
    #[error("a record has version {version:#06x} instead of 0x0303; is the peer speaking TLS?")]
    WrongRecordVersion {
        /// What the header says.
        version: u16,
    },
    /// A record of a type that has no place after the handshake.
    #[error("a record of type {content_type} has no place after the handshake")]
    UnexpectedContentType {
        /// The type, of the header or (TLS 1.3) of the inner plaintext.
        content_type: u8,
    },
    /// TLS 1.3: the plaintext is all zero, so it has no content type.
    #[error("a record holds nothing but padding")]
    NoContentType,
    /// A handshake or alert record without content.
    #[error("a record of type {content_type} is empty")]
    EmptyFragment {
        /// 21 (alert) or 22 (handshake).
        content_type: u8,
    },
    /// Another record came before a handshake message was whole.
    #[error("a record of type {content_type} came in the middle of a handshake message")]
    InterruptedMessage {
        /// The type of the record that interrupted.
        content_type: u8,
    },
    /// A handshake message that this side never expects now.
    #[error("handshake message {handshake_type} has no place after the handshake")]
    UnexpectedHandshake {
        /// The message's type.
        handshake_type: u8,
    },
    /// TLS 1.3: a KeyUpdate that does not end its record.
    #[error("a KeyUpdate is followed by more bytes under the old key")]
    KeyUpdateNotLast,
    /// A handshake message longer than the limit on reassembly.
    #[error("a handshake message of {length} bytes is longer than the {limit} allowed")]
    HandshakeTooLong {
        /// Bytes that its header announces.
        length: u32,
        /// Bytes that are collected at most.
        limit: u32,
    },
    /// A handshake message whose length does not fit its type.
    #[error("handshake message {handshake_type} is malformed")]
    MalformedHandshake {
        /// The message's type.
        handshake_type: u8,
    },
    /// A KeyUpdate whose `request_update` is neither 0 nor 1.
    #[error("a KeyUpdate asks for {value}, which is neither 0 nor 1")]
    IllegalKeyUpdate {
        /// The value.
        value: u8,
    },
    /// A NewSessionTicket that could not be used.
    #[error("a session ticket of the server is malformed")]
    TicketRefused,
    /// An alert record that does not hold exactly one alert.
    #[error("an alert record of {length} bytes does not hold exactly one alert")]
    MalformedAlert {
        /// Bytes of its content.
        length: u16,
    },
    /// TLS 1.2: an alert that is neither warning nor fatal.
    #[error("an alert has level {level}, which is neither warning nor fatal")]
    UnknownAlertLevel {
        /// The level.
        level: u8,
    },
    /// Too many records without content in a row.
    #[error("more than {limit} empty records in a row")]
    TooManyEmptyRecords {
        /// How many are allowed.
        limit: u8,
    },
    /// Too many KeyUpdates without data between them.
    #[error("more than {limit} KeyUpdates in a row")]
    TooManyKeyUpdates {
        /// How many are allowed.
        limit: u8,
    },
    /// Too many handshake messages without data between them.
    #[error("more than {limit} handshake messages in a row")]
    TooManyMessages {
        /// How many are allowed.
        limit: u8,
    },
    /// Too many warning alerts without data between them.
    #[error("more than {limit} warning alerts in a row")]
    TooManyWarnings {
        /// How many are allowed.
        limit: u8,
    },
    /// TLS 1.2: the peer asks for renegotiation again and again.
    #[error("more than {limit} requests to renegotiate, each answered with no_renegotiation")]
    TooManyRenegotiations {
        /// How many are answered.
        limit: u8,
    },
    /// The peer ended the connection with an alert.
    #[error("the peer ended the connection with the alert {0}")]
    AlertReceived(AlertDescription),
    /// This side ended the connection with an alert, see
    /// [`RecordLayer::queue_alert`](crate::RecordLayer::queue_alert).
    #[error("the connection was ended with the alert {0}")]
    AlertSent(AlertDescription),
    /// The byte stream ended without close_notify: what came may be cut short.
    #[error("the stream ended without close_notify: the data may have been cut short")]
    Truncated,
    /// A key has protected as many records as it may and can't be replaced.
    #[error("the key has protected all the records it may; open a new connection to go on")]
    KeyLimit,
    /// The next keys could not be made.
    #[error("the next traffic keys could not be derived")]
    KeyUpdateRefused,
    /// Sealing failed; only a defect of this crate or of its AEAD can cause it.
    #[error("a record could not be sealed")]
    SealFailed,
    /// Nothing may be written any more: close_notify or an alert is queued or sent.
    #[error("the write side is closed")]
    WriteClosed,
    /// A key update was asked for where there is none: in TLS 1.2, or without
    /// [`PostHandshake`](crate::PostHandshake).
    #[error("this connection can't update its keys: that needs TLS 1.3")]
    KeyUpdateUnavailable,
    /// A key of the wrong length.
    #[error("a key of {actual} bytes was given where the AEAD takes {expected}")]
    KeyLength {
        /// Bytes that the AEAD takes.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// Only TLS 1.2 and 1.3 have a record layer here.
    #[error("records of version {version:#06x} are not supported, only TLS 1.2 and 1.3")]
    UnsupportedVersion {
        /// The version's number on the wire.
        version: u16,
    },
    /// A fragment size outside 512..=16384.
    #[error("a fragment of {size} bytes is outside 512 to 16384")]
    FragmentSize {
        /// What was asked for.
        size: usize,
    },
    /// Keying material of no bytes, or of more than the construction gives.
    #[error("{length} bytes of keying material can't be exported, only 1 to {limit}")]
    ExportLength {
        /// Bytes asked for.
        length: usize,
        /// Bytes possible.
        limit: usize,
    },
    /// An exporter's label is too long.
    #[error("an exporter label of {length} bytes is longer than the 249 possible")]
    ExportLabel {
        /// Its bytes.
        length: usize,
    },
    /// An exporter's context is too long.
    #[error("an exporter context of {length} bytes is longer than the 65535 possible")]
    ExportContext {
        /// Its bytes.
        length: usize,
    },
    /// An exporter's secret has the wrong length.
    #[error("an exporter secret of {actual} bytes was given where {expected} are needed")]
    ExportSecret {
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
}

/// Whose fault an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The peer broke the protocol, or somebody on the way did.
    Peer,
    /// The program on this side, or this crate.
    Local,
    /// Nobody's: a limit of the protocol, or an orderly end by alert.
    Nobody,
}

impl Error {
    /// The alert that tells the peer, `None` if none is sent. The one place where that is decided;
    /// `docs/alerts.md` has the same table with the RFC's sections.
    #[must_use]
    pub const fn alert(&self) -> Option<AlertDescription> {
        use AlertDescription as Alert;
        match self {
            Self::BadRecordMac => Some(Alert::BadRecordMac),
            Self::RecordTooLong { .. } => Some(Alert::RecordOverflow),
            Self::WrongRecordVersion { .. } => Some(Alert::ProtocolVersion),
            Self::UnexpectedContentType { .. }
            | Self::NoContentType
            | Self::EmptyFragment { .. }
            | Self::InterruptedMessage { .. }
            | Self::UnexpectedHandshake { .. }
            | Self::KeyUpdateNotLast
            | Self::TooManyEmptyRecords { .. }
            | Self::TooManyKeyUpdates { .. }
            | Self::TooManyMessages { .. }
            | Self::TooManyWarnings { .. } => Some(Alert::UnexpectedMessage),
            Self::TooManyRenegotiations { .. } => Some(Alert::HandshakeFailure),
            Self::HandshakeTooLong { .. }
            | Self::MalformedHandshake { .. }
            | Self::TicketRefused
            | Self::MalformedAlert { .. } => Some(Alert::DecodeError),
            Self::IllegalKeyUpdate { .. } | Self::UnknownAlertLevel { .. } => {
                Some(Alert::IllegalParameter)
            }
            Self::KeyLimit => Some(Alert::CloseNotify),
            Self::KeyUpdateRefused | Self::SealFailed => Some(Alert::InternalError),
            Self::AlertSent(description) => Some(*description),
            Self::AlertReceived(_)
            | Self::Truncated
            | Self::WriteClosed
            | Self::KeyUpdateUnavailable
            | Self::KeyLength { .. }
            | Self::UnsupportedVersion { .. }
            | Self::FragmentSize { .. }
            | Self::ExportLength { .. }
            | Self::ExportLabel { .. }
            | Self::ExportContext { .. }
            | Self::ExportSecret { .. } => None,
        }
    }

    /// A stable name for programs and logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadRecordMac => "bad_record_mac",
            Self::RecordTooLong { .. } => "record_too_long",
            Self::WrongRecordVersion { .. } => "wrong_record_version",
            Self::UnexpectedContentType { .. } => "unexpected_content_type",
            Self::NoContentType => "no_content_type",
            Self::EmptyFragment { .. } => "empty_fragment",
            Self::InterruptedMessage { .. } => "interrupted_message",
            Self::UnexpectedHandshake { .. } => "unexpected_handshake",
            Self::KeyUpdateNotLast => "key_update_not_last",
            Self::HandshakeTooLong { .. } => "handshake_too_long",
            Self::MalformedHandshake { .. } => "malformed_handshake",
            Self::IllegalKeyUpdate { .. } => "illegal_key_update",
            Self::TicketRefused => "ticket_refused",
            Self::MalformedAlert { .. } => "malformed_alert",
            Self::UnknownAlertLevel { .. } => "unknown_alert_level",
            Self::TooManyEmptyRecords { .. } => "too_many_empty_records",
            Self::TooManyKeyUpdates { .. } => "too_many_key_updates",
            Self::TooManyMessages { .. } => "too_many_messages",
            Self::TooManyWarnings { .. } => "too_many_warnings",
            Self::TooManyRenegotiations { .. } => "too_many_renegotiations",
            Self::AlertReceived(_) => "alert_received",
            Self::AlertSent(_) => "alert_sent",
            Self::Truncated => "truncated",
            Self::KeyLimit => "key_limit",
            Self::KeyUpdateRefused => "key_update_refused",
            Self::SealFailed => "seal_failed",
            Self::WriteClosed => "write_closed",
            Self::KeyUpdateUnavailable => "key_update_unavailable",
            Self::KeyLength { .. } => "key_length",
            Self::UnsupportedVersion { .. } => "unsupported_version",
            Self::FragmentSize { .. } => "fragment_size",
            Self::ExportLength { .. } => "export_length",
            Self::ExportLabel { .. } => "export_label",
            Self::ExportContext { .. } => "export_context",
            Self::ExportSecret { .. } => "export_secret",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::AlertReceived(_) | Self::AlertSent(_) | Self::KeyLimit => Fault::Nobody,
            Self::KeyUpdateRefused
            | Self::SealFailed
            | Self::WriteClosed
            | Self::KeyUpdateUnavailable
            | Self::KeyLength { .. }
            | Self::UnsupportedVersion { .. }
            | Self::FragmentSize { .. }
            | Self::ExportLength { .. }
            | Self::ExportLabel { .. }
            | Self::ExportContext { .. }
            | Self::ExportSecret { .. } => Fault::Local,
            _ => Fault::Peer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every error with its code, alert and fault: what programs and `docs/alerts.md` rely on.
    #[test]
    fn every_error_has_its_code_alert_and_fault() {
        use AlertDescription as Alert;
        use Fault::{Local, Nobody, Peer};
        let content_type = 22;
        let handshake_type = 24;
        let limit = 32;
        let rows = [
            (
                Error::BadRecordMac,
                "bad_record_mac",
                Some(Alert::BadRecordMac),
                Peer,
            ),
            (
                Error::RecordTooLong {
                    length: 16_402,
                    limit: 16_401,
                },
                "record_too_long",
                Some(Alert::RecordOverflow),
                Peer,
            ),
            (
                Error::WrongRecordVersion { version: 0x0304 },
                "wrong_record_version",
                Some(Alert::ProtocolVersion),
                Peer,
            ),
            (
                Error::UnexpectedContentType { content_type },
                "unexpected_content_type",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::NoContentType,
                "no_content_type",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::EmptyFragment { content_type },
                "empty_fragment",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::InterruptedMessage { content_type },
                "interrupted_message",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::UnexpectedHandshake { handshake_type },
                "unexpected_handshake",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::KeyUpdateNotLast,
                "key_update_not_last",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::HandshakeTooLong {
                    length: 65_537,
                    limit: 65_536,
                },
                "handshake_too_long",
                Some(Alert::DecodeError),
                Peer,
            ),
            (
                Error::MalformedHandshake { handshake_type },
                "malformed_handshake",
                Some(Alert::DecodeError),
                Peer,
            ),
            (
                Error::IllegalKeyUpdate { value: 2 },
                "illegal_key_update",
                Some(Alert::IllegalParameter),
                Peer,
            ),
            (
                Error::TicketRefused,
                "ticket_refused",
                Some(Alert::DecodeError),
                Peer,
            ),
            (
                Error::MalformedAlert { length: 3 },
                "malformed_alert",
                Some(Alert::DecodeError),
                Peer,
            ),
            (
                Error::UnknownAlertLevel { level: 3 },
                "unknown_alert_level",
                Some(Alert::IllegalParameter),
                Peer,
            ),
            (
                Error::TooManyEmptyRecords { limit },
                "too_many_empty_records",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::TooManyKeyUpdates { limit },
                "too_many_key_updates",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::TooManyMessages { limit },
                "too_many_messages",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::TooManyWarnings { limit },
                "too_many_warnings",
                Some(Alert::UnexpectedMessage),
                Peer,
            ),
            (
                Error::TooManyRenegotiations { limit },
                "too_many_renegotiations",
                Some(Alert::HandshakeFailure),
                Peer,
            ),
            (
                Error::AlertReceived(Alert::UnknownCa),
                "alert_received",
                None,
                Nobody,
            ),
            (
                Error::AlertSent(Alert::UnknownCa),
                "alert_sent",
                Some(Alert::UnknownCa),
                Nobody,
            ),
            (Error::Truncated, "truncated", None, Peer),
            (
                Error::KeyLimit,
                "key_limit",
                Some(Alert::CloseNotify),
                Nobody,
            ),
            (
                Error::KeyUpdateRefused,
                "key_update_refused",
                Some(Alert::InternalError),
                Local,
            ),
            (
                Error::SealFailed,
                "seal_failed",
                Some(Alert::InternalError),
                Local,
            ),
            (Error::WriteClosed, "write_closed", None, Local),
            (
                Error::KeyUpdateUnavailable,
                "key_update_unavailable",
                None,
                Local,
            ),
            (
                Error::KeyLength {
                    expected: 16,
                    actual: 32,
                },
                "key_length",
                None,
                Local,
            ),
            (
                Error::UnsupportedVersion { version: 0x0302 },
                "unsupported_version",
                None,
                Local,
            ),
            (
                Error::FragmentSize { size: 511 },
                "fragment_size",
                None,
                Local,
            ),
            (
                Error::ExportLength {
                    length: 0,
                    limit: 8160,
                },
                "export_length",
                None,
                Local,
            ),
            (
                Error::ExportLabel { length: 250 },
                "export_label",
                None,
                Local,
            ),
            (
                Error::ExportContext { length: 65_536 },
                "export_context",
                None,
                Local,
            ),
            (
                Error::ExportSecret {
                    expected: 48,
                    actual: 32,
                },
                "export_secret",
                None,
                Local,
            ),
        ];
        for (error, code, alert, fault) in rows {
            assert_eq!(
                (error.code(), error.alert(), error.fault()),
                (code, alert, fault)
            );
            assert!(!error.to_string().is_empty());
        }
    }

    /// Every layer keeps one, connected or not.
    #[test]
    fn an_error_is_small() {
        assert!(size_of::<Error>() <= 24, "{}", size_of::<Error>());
    }
}
