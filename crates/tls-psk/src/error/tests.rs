//! What programs, peers and `docs/errors.md` rely on.

use super::*;

/// What a peer can bring about: code, alert, fault.
#[test]
fn every_error_of_a_handshake_has_its_code_alert_and_fault() {
    use AlertDescription as Alert;
    use Fault::{Local, Nobody, Peer};
    let what = "what is wrong";
    let limit = 9;
    let rows = [
        (
            tls_wire::Error::PreSharedKeyNotLast.into(),
            "pre_shared_key_not_last",
            Some(Alert::IllegalParameter),
            Peer,
        ),
        (
            tls_record::Error::BadRecordMac.into(),
            "bad_record_mac",
            Some(Alert::BadRecordMac),
            Peer,
        ),
        (
            tls_record::Error::SealFailed.into(),
            "seal_failed",
            Some(Alert::InternalError),
            Local,
        ),
        (
            Error::UnexpectedMessage {
                expected: "the ServerHello",
                found: 11,
            },
            "unexpected_message",
            Some(Alert::UnexpectedMessage),
            Peer,
        ),
        (
            Error::UnexpectedRecord { content_type: 23 },
            "unexpected_record",
            Some(Alert::UnexpectedMessage),
            Peer,
        ),
        (
            Error::MessageSpansKeyChange,
            "message_spans_key_change",
            Some(Alert::UnexpectedMessage),
            Peer,
        ),
        (
            Error::EmptyRecord,
            "empty_record",
            Some(Alert::UnexpectedMessage),
            Peer,
        ),
        (
            Error::BadChangeCipherSpec,
            "bad_change_cipher_spec",
            Some(Alert::UnexpectedMessage),
            Peer,
        ),
        (
            Error::TooMuchData { limit },
            "too_much_data",
            Some(Alert::UnexpectedMessage),
            Peer,
        ),
        (
            Error::TooMuchEarlyData { limit },
            "too_much_early_data",
            Some(Alert::UnexpectedMessage),
            Peer,
        ),
        (
            Error::TooManyWarnings { limit: 4 },
            "too_many_warnings",
            Some(Alert::UnexpectedMessage),
            Peer,
        ),
        (
            Error::AlertReceived(Alert::AccessDenied),
            "alert_received",
            None,
            Nobody,
        ),
        (
            Error::MissingExtension("key_share"),
            "missing_extension",
            Some(Alert::MissingExtension),
            Peer,
        ),
        (
            Error::UnsolicitedExtension { extension: 5 },
            "unsolicited_extension",
            Some(Alert::UnsupportedExtension),
            Peer,
        ),
        (
            Error::IllegalParameter { what },
            "illegal_parameter",
            Some(Alert::IllegalParameter),
            Peer,
        ),
        (
            Error::BinderLength {
                length: 31,
                expected: 32,
            },
            "binder_length",
            Some(Alert::IllegalParameter),
            Peer,
        ),
        (
            Error::BinderMismatch,
            "binder_mismatch",
            Some(Alert::DecryptError),
            Peer,
        ),
        (
            Error::FinishedMismatch,
            "finished_mismatch",
            Some(Alert::DecryptError),
            Peer,
        ),
        (
            Error::UnknownIdentity {
                alert: Alert::UnknownPskIdentity,
            },
            "unknown_psk_identity",
            Some(Alert::UnknownPskIdentity),
            Peer,
        ),
        (
            Error::Reflection,
            "psk_reflection",
            Some(Alert::IllegalParameter),
            Peer,
        ),
        (
            Error::NoSharedVersion,
            "no_shared_version",
            Some(Alert::ProtocolVersion),
            Nobody,
        ),
        (
            Error::NoSharedCipher,
            "no_shared_cipher",
            Some(Alert::HandshakeFailure),
            Nobody,
        ),
        (
            Error::NoSharedGroup,
            "no_shared_group",
            Some(Alert::HandshakeFailure),
            Nobody,
        ),
        (
            Error::NoSharedMode,
            "no_shared_psk_mode",
            Some(Alert::HandshakeFailure),
            Nobody,
        ),
        (
            Error::NoApplicationProtocol,
            "no_application_protocol",
            Some(Alert::NoApplicationProtocol),
            Nobody,
        ),
        (
            Error::Downgrade,
            "downgrade",
            Some(Alert::IllegalParameter),
            Peer,
        ),
        (
            Error::PskNotAccepted { alert: None },
            "psk_not_accepted",
            Some(Alert::HandshakeFailure),
            Nobody,
        ),
        // The server has said so itself: nothing is to be answered.
        (
            Error::PskNotAccepted {
                alert: Some(Alert::HandshakeFailure),
            },
            "psk_not_accepted",
            None,
            Nobody,
        ),
        (Error::NoPsk, "no_psk", Some(Alert::HandshakeFailure), Local),
        (
            Error::Provider { what },
            "provider_failed",
            Some(Alert::InternalError),
            Local,
        ),
        (Error::Over, "handshake_over", None, Local),
    ];
    for (error, code, alert, fault) in rows {
        assert_eq!(
            (error.code(), error.alert(), error.fault()),
            (code, alert, fault),
            "{error}"
        );
    }
}

// Spec: PSK-07, ERR-22
#[test]
fn errors_have_the_codes_of_node() {
    let mac = Error::from(tls_record::Error::BadRecordMac);
    let alert = AlertDescription::HandshakeFailure;
    for (error, code) in [
        (mac, "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
        (Error::BinderMismatch, "ERR_SSL_BINDER_DOES_NOT_VERIFY"),
        (
            Error::UnknownIdentity { alert },
            "ERR_SSL_PSK_IDENTITY_NOT_FOUND",
        ),
        (Error::NoPsk, "ERR_SSL_PSK_IDENTITY_NOT_FOUND"),
        (Error::NoSharedCipher, "ERR_SSL_NO_SHARED_CIPHER"),
        (
            Error::PskNotAccepted { alert: Some(alert) },
            "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE",
        ),
    ] {
        assert_eq!(error.node_code(), Some(code));
    }
    assert_eq!(Error::Reflection.node_code(), None);
}
