//! From what rustls says to what we report: the kind, the phase, and the alert the peer gets.

use rustls::{CertificateError, Error, PeerIncompatible};
use tls_certs::Refusal;
use tls_wire::AlertDescription;

use super::handshake::Failure;
use crate::error::{HandshakeErrorKind, Phase};

/// Which end we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// The report for a failure that needs nothing but itself.
pub(crate) fn classify(
    failure: Failure,
    refusal: Option<Refusal>,
    side: Side,
) -> (HandshakeErrorKind, Phase) {
    let error = match failure {
        Failure::Rustls(error) => error,
        Failure::Panicked => return (HandshakeErrorKind::EnginePanicked, Phase::Handshake),
        Failure::TooMuchHeld => return (HandshakeErrorKind::TooMuchData, Phase::Handshake),
        Failure::Surplus => {
            let error = Error::PeerMisbehaved(rustls::PeerMisbehaved::KeyEpochWithPendingFragment);
            return (HandshakeErrorKind::PeerMisbehaved(error), Phase::Handshake);
        }
    };
    let certificates = match side {
        Side::Server => Phase::ClientCertificate,
        Side::Client => Phase::ServerCertificate,
    };
    let kind = match error {
        Error::NoCertificatesPresented if side == Side::Server => {
            return (HandshakeErrorKind::ClientCertificateMissing, certificates);
        }
        Error::InvalidCertificate(error) => {
            let kind = match (refusal, side) {
                (Some(refusal), Side::Server) => {
                    HandshakeErrorKind::ClientCertificateRefused(refusal)
                }
                (Some(refusal), Side::Client) => {
                    HandshakeErrorKind::ServerCertificateRefused(refusal)
                }
                (None, _) => HandshakeErrorKind::PeerMisbehaved(Error::InvalidCertificate(error)),
            };
            return (kind, certificates);
        }
        Error::AlertReceived(alert) => {
            HandshakeErrorKind::AlertReceived(AlertDescription::from(u8::from(alert)))
        }
        Error::PeerMisbehaved(rustls::PeerMisbehaved::TooMuchEarlyDataReceived) => {
            HandshakeErrorKind::TooMuchEarlyData
        }
        Error::NoApplicationProtocol => HandshakeErrorKind::NoApplicationProtocol,
        Error::PeerIncompatible(why) => incompatible(why),
        error @ (Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::InvalidMessage(_)
        | Error::PeerMisbehaved(_)
        | Error::DecryptError
        | Error::PeerSentOversizedRecord
        | Error::NoCertificatesPresented) => HandshakeErrorKind::PeerMisbehaved(error),
        error => HandshakeErrorKind::Engine(error),
    };
    (kind, Phase::Handshake)
}

fn incompatible(why: PeerIncompatible) -> HandshakeErrorKind {
    use PeerIncompatible as Why;
    match why {
        Why::ServerDoesNotSupportTls12Or13
        | Why::ServerTlsVersionIsDisabledByOurConfig
        | Why::SupportedVersionsExtensionRequired
        | Why::Tls12NotOffered
        | Why::Tls12NotOfferedOrEnabled
        | Why::Tls13RequiredForQuic => HandshakeErrorKind::NoSharedVersion,
        Why::NoCipherSuitesInCommon => HandshakeErrorKind::NoSharedCipher,
        Why::NoKxGroupsInCommon
        | Why::NoEcPointFormatsInCommon
        | Why::KeyShareExtensionRequired
        | Why::NamedGroupsExtensionRequired
        | Why::UncompressedEcPointsRequired
        | Why::EcPointsExtensionRequired => HandshakeErrorKind::NoSharedGroup,
        Why::NoSignatureSchemesInCommon
        | Why::NoCertificateRequestSignatureSchemesInCommon
        | Why::SignatureAlgorithmsExtensionRequired => HandshakeErrorKind::NoSharedSignatureScheme,
        Why::ExtendedMasterSecretExtensionRequired => HandshakeErrorKind::NoExtendedMasterSecret,
        why => HandshakeErrorKind::PeerMisbehaved(Error::PeerIncompatible(why)),
    }
}

/// The alert that rustls sends for an error, for the report: it may be encrypted in the flight.
pub(crate) fn alert_of(failure: &Failure) -> Option<AlertDescription> {
    let alert = match failure {
        Failure::Rustls(Error::InvalidCertificate(error)) => certificate_alert(error),
        Failure::Rustls(Error::NoCertificatesPresented) => {
            rustls::AlertDescription::CertificateRequired
        }
        Failure::Rustls(Error::NoApplicationProtocol) => {
            rustls::AlertDescription::NoApplicationProtocol
        }
        Failure::Rustls(Error::PeerMisbehaved(
            rustls::PeerMisbehaved::TooMuchEarlyDataReceived,
        )) => rustls::AlertDescription::UnexpectedMessage,
        Failure::Rustls(Error::InvalidMessage(error)) => (*error).into(),
        Failure::Rustls(Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon)) => {
            rustls::AlertDescription::HandshakeFailure
        }
        _ => return None,
    };
    Some(AlertDescription::from(u8::from(alert)))
}

fn certificate_alert(error: &CertificateError) -> rustls::AlertDescription {
    error.clone().into()
}

/// The alert of a flight that ends in a plaintext one.
pub(crate) fn plaintext_alert(flight: &[u8]) -> Option<AlertDescription> {
    match flight {
        [.., 21, 3, _, 0, 2, 2, alert] => Some(AlertDescription::from(*alert)),
        _ => None,
    }
}
