//! Alerts: level, description, IANA name, OpenSSL's wording and Node's code.

use std::fmt;
use std::sync::LazyLock;

use crate::error::Error;
use crate::reader::Reader;

/// The level of an alert. TLS 1.3 ignores it (RFC 8446, Section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlertLevel {
    /// 1.
    Warning,
    /// 2.
    Fatal,
    /// Any other number.
    Unknown(u8),
}

impl From<u8> for AlertLevel {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Warning,
            2 => Self::Fatal,
            other => Self::Unknown(other),
        }
    }
}

impl From<AlertLevel> for u8 {
    fn from(level: AlertLevel) -> Self {
        match level {
            AlertLevel::Warning => 1,
            AlertLevel::Fatal => 2,
            AlertLevel::Unknown(other) => other,
        }
    }
}

/// One row per alert: number, variant, IANA name, OpenSSL's reason string.
macro_rules! alert_descriptions {
    ($(($number:literal, $variant:ident, $name:literal, $reason:literal),)*) => {
        /// What an alert says: every description registered with IANA (TLS Alerts).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AlertDescription {
            $(#[doc = concat!("`", $name, "` (", stringify!($number), ").")]
            $variant,)*
            /// Any other number.
            Unknown(u8),
        }

        impl AlertDescription {
            /// Every registered description, in order of number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the IANA registry, such as `handshake_failure`; `unknown` otherwise.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Unknown(_) => "unknown",
                }
            }

            /// The reason that OpenSSL 3.2 and later give when they receive this alert, such as
            /// `ssl/tls alert handshake failure`; `None` where they have none. Before 3.2 the
            /// text began with `sslv3` where it now begins with `ssl/tls`.
            #[must_use]
            pub const fn openssl_reason(self) -> Option<&'static str> {
                let reason = match self {
                    $(Self::$variant => $reason,)*
                    Self::Unknown(_) => "",
                };
                if reason.is_empty() { None } else { Some(reason) }
            }
        }

        impl From<u8> for AlertDescription {
            fn from(number: u8) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }
        }

        impl From<AlertDescription> for u8 {
            fn from(description: AlertDescription) -> Self {
                match description {
                    $(AlertDescription::$variant => $number,)*
                    AlertDescription::Unknown(other) => other,
                }
            }
        }
    };
}

alert_descriptions! {
    (0, CloseNotify, "close_notify", ""),
    (10, UnexpectedMessage, "unexpected_message", "ssl/tls alert unexpected message"),
    (20, BadRecordMac, "bad_record_mac", "ssl/tls alert bad record mac"),
    (21, DecryptionFailedReserved, "decryption_failed", "tlsv1 alert decryption failed"),
    (22, RecordOverflow, "record_overflow", "tlsv1 alert record overflow"),
    (30, DecompressionFailureReserved, "decompression_failure", "ssl/tls alert decompression failure"),
    (40, HandshakeFailure, "handshake_failure", "ssl/tls alert handshake failure"),
    (41, NoCertificateReserved, "no_certificate", "ssl/tls alert no certificate"),
    (42, BadCertificate, "bad_certificate", "ssl/tls alert bad certificate"),
    (43, UnsupportedCertificate, "unsupported_certificate", "ssl/tls alert unsupported certificate"),
    (44, CertificateRevoked, "certificate_revoked", "ssl/tls alert certificate revoked"),
    (45, CertificateExpired, "certificate_expired", "ssl/tls alert certificate expired"),
    (46, CertificateUnknown, "certificate_unknown", "ssl/tls alert certificate unknown"),
    (47, IllegalParameter, "illegal_parameter", "ssl/tls alert illegal parameter"),
    (48, UnknownCa, "unknown_ca", "tlsv1 alert unknown ca"),
    (49, AccessDenied, "access_denied", "tlsv1 alert access denied"),
    (50, DecodeError, "decode_error", "tlsv1 alert decode error"),
    (51, DecryptError, "decrypt_error", "tlsv1 alert decrypt error"),
    (52, TooManyCidsRequested, "too_many_cids_requested", ""),
    (60, ExportRestrictionReserved, "export_restriction", "tlsv1 alert export restriction"),
    (70, ProtocolVersion, "protocol_version", "tlsv1 alert protocol version"),
    (71, InsufficientSecurity, "insufficient_security", "tlsv1 alert insufficient security"),
    (80, InternalError, "internal_error", "tlsv1 alert internal error"),
    (86, InappropriateFallback, "inappropriate_fallback", "tlsv1 alert inappropriate fallback"),
    (90, UserCanceled, "user_canceled", "tlsv1 alert user cancelled"),
    (100, NoRenegotiation, "no_renegotiation", "tlsv1 alert no renegotiation"),
    (109, MissingExtension, "missing_extension", "tlsv13 alert missing extension"),
    (110, UnsupportedExtension, "unsupported_extension", "tlsv1 unsupported extension"),
    (111, CertificateUnobtainable, "certificate_unobtainable", "tlsv1 certificate unobtainable"),
    (112, UnrecognizedName, "unrecognized_name", "tlsv1 unrecognized name"),
    (113, BadCertificateStatusResponse, "bad_certificate_status_response", "tlsv1 bad certificate status response"),
    (114, BadCertificateHashValue, "bad_certificate_hash_value", "tlsv1 bad certificate hash value"),
    (115, UnknownPskIdentity, "unknown_psk_identity", "tlsv1 alert unknown psk identity"),
    (116, CertificateRequired, "certificate_required", "tlsv13 alert certificate required"),
    (117, GeneralError, "general_error", ""),
    (120, NoApplicationProtocol, "no_application_protocol", "tlsv1 alert no application protocol"),
    (121, EchRequired, "ech_required", ""),
}

impl AlertDescription {
    /// The code of Node's error when it receives this alert, such as
    /// `ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE`, slash included.
    #[must_use]
    pub fn node_code(self) -> Option<&'static str> {
        NODE_CODES[usize::from(u8::from(self))].as_deref()
    }
}

/// Node makes its code from OpenSSL's reason (`ERR-20`); made once for each of the 256 alerts.
static NODE_CODES: LazyLock<Vec<Option<String>>> = LazyLock::new(|| {
    let code = |number: u8| {
        let reason = AlertDescription::from(number).openssl_reason()?;
        Some(format!(
            "ERR_SSL_{}",
            reason.to_ascii_uppercase().replace(' ', "_")
        ))
    };
    (0..=u8::MAX).map(code).collect()
});

impl fmt::Display for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(number) => write!(f, "unknown alert {number}"),
            known => f.write_str(known.name()),
        }
    }
}

/// An alert (RFC 8446, Section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
// Exhaustive: the format has no other fields.
pub struct Alert {
    /// Warning or fatal.
    pub level: AlertLevel,
    /// What it says.
    pub description: AlertDescription,
}

impl Alert {
    /// Bytes of an alert.
    pub const LEN: usize = 2;

    /// A fatal alert.
    #[must_use]
    pub const fn fatal(description: AlertDescription) -> Self {
        Self {
            level: AlertLevel::Fatal,
            description,
        }
    }

    /// A warning: `close_notify`, `user_canceled`, `no_renegotiation`.
    #[must_use]
    pub const fn warning(description: AlertDescription) -> Self {
        Self {
            level: AlertLevel::Warning,
            description,
        }
    }

    /// Reads the content of an alert record, which is exactly one alert: alerts are neither cut
    /// nor joined (RFC 8446, Section 5.1).
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::TrailingBytes`].
    pub fn read(content: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(content, "alert");
        let level = reader.u8()?.into();
        let description = reader.u8()?.into();
        reader.finish()?;
        Ok(Self { level, description })
    }

    /// The alert as it goes into a record.
    #[must_use]
    pub fn encode(self) -> [u8; Self::LEN] {
        [self.level.into(), self.description.into()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_round_trips() {
        for number in 0..=255u8 {
            assert_eq!(u8::from(AlertDescription::from(number)), number);
            assert_eq!(u8::from(AlertLevel::from(number)), number);
        }
    }

    #[test]
    fn the_registry_is_whole_and_ordered() {
        let numbers: Vec<u8> = AlertDescription::ALL
            .iter()
            .map(|&known| known.into())
            .collect();
        assert!(numbers.is_sorted());
        assert_eq!(numbers.len(), 37);
        assert_eq!(AlertDescription::from(40).name(), "handshake_failure");
        assert_eq!(
            AlertDescription::from(40).openssl_reason(),
            Some("ssl/tls alert handshake failure")
        );
        assert_eq!(
            AlertDescription::from(120).openssl_reason(),
            Some("tlsv1 alert no application protocol")
        );
        assert_eq!(
            AlertDescription::Unknown(200).to_string(),
            "unknown alert 200"
        );
    }

    // Spec: ERR-20, ERR-21
    #[test]
    fn err_21_received_alerts_have_the_codes_of_node() {
        for (number, code) in [
            (20, "ERR_SSL_SSL/TLS_ALERT_BAD_RECORD_MAC"),
            (22, "ERR_SSL_TLSV1_ALERT_RECORD_OVERFLOW"),
            (40, "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"),
            (47, "ERR_SSL_SSL/TLS_ALERT_ILLEGAL_PARAMETER"),
            (51, "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR"),
            (70, "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION"),
            (80, "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR"),
            (90, "ERR_SSL_TLSV1_ALERT_USER_CANCELLED"),
            (115, "ERR_SSL_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY"),
            (116, "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            (120, "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"),
        ] {
            assert_eq!(AlertDescription::from(number).node_code(), Some(code));
        }
        for number in [0, 52, 117, 121, 200] {
            assert_eq!(AlertDescription::from(number).node_code(), None);
        }
    }

    /// OpenSSL's reason number of an alert is 1000 more than the alert's own.
    #[test]
    fn reasons_agree_with_the_installed_openssl() {
        let codes = AlertDescription::ALL
            .iter()
            .map(|&known| format!("0A{:06X}", 1000 + u32::from(u8::from(known))));
        let output = std::process::Command::new("openssl")
            .arg("errstr")
            .args(codes)
            .output();
        let Ok(output) = output else {
            eprintln!("SKIPPED: no openssl on this machine");
            return;
        };
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), AlertDescription::ALL.len());
        for (known, line) in AlertDescription::ALL.iter().zip(text.lines()) {
            let theirs = line.rsplit("::").next().unwrap();
            // Older releases lack some reasons, newer ones renamed some.
            if !theirs.starts_with("reason(") {
                let theirs = theirs.replace("sslv3 alert", "ssl/tls alert");
                assert_eq!(known.openssl_reason(), Some(theirs.as_str()));
            }
        }
    }

    #[test]
    fn an_alert_is_exactly_two_bytes() {
        let alert = Alert::fatal(AlertDescription::UnknownCa);
        assert_eq!(alert.encode(), [2, 48]);
        assert_eq!(Alert::read(&alert.encode()), Ok(alert));
        assert_eq!(Alert::read(&[2]), Err(Error::Truncated { field: "alert" }));
        assert_eq!(
            Alert::read(&[2, 48, 0]),
            Err(Error::TrailingBytes {
                field: "alert",
                count: 1
            })
        );
    }
}
