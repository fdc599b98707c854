//! webpki's errors as rustls's, which choose the alert.

use std::sync::Arc;

use rustls::{CertRevocationListError as Crl, CertificateError as C, OtherError};
use webpki::Error as W;

/// As rustls maps them for its own verifiers.
pub(super) fn rustls_error(error: W) -> rustls::Error {
    crl_error(&error).map_or_else(|| certificate_error(error).into(), Into::into)
}

fn crl_error(error: &W) -> Option<Crl> {
    match error {
        W::InvalidCrlSignatureForPublicKey => Some(Crl::BadSignature),
        W::IssuerNotCrlSigner => Some(Crl::IssuerInvalidForCrl),
        W::UnsupportedCrlSignatureAlgorithmContext(cx) => {
            Some(Crl::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: cx.signature_algorithm_id.clone(),
                supported_algorithms: cx.supported_algorithms.clone(),
            })
        }
        W::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(cx) => {
            Some(Crl::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: cx.signature_algorithm_id.clone(),
                public_key_algorithm_id: cx.public_key_algorithm_id.clone(),
            })
        }
        _ => None,
    }
}

fn certificate_error(error: W) -> C {
    match error {
        W::BadDer | W::BadDerTime | W::TrailingData(_) => C::BadEncoding,
        W::CertNotValidYet { time, not_before } => C::NotValidYetContext { time, not_before },
        W::CertExpired { time, not_after } => C::ExpiredContext { time, not_after },
        W::InvalidCertValidity => C::Expired,
        W::UnknownIssuer => C::UnknownIssuer,
        W::CertNotValidForName(cx) => C::NotValidForNameContext {
            expected: cx.expected,
            presented: cx.presented,
        },
        W::CertRevoked => C::Revoked,
        W::UnknownRevocationStatus => C::UnknownRevocationStatus,
        W::CrlExpired { time, next_update } => {
            C::ExpiredRevocationListContext { time, next_update }
        }
        W::InvalidSignatureForPublicKey => C::BadSignature,
        W::UnsupportedSignatureAlgorithmContext(cx) => C::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: cx.signature_algorithm_id,
            supported_algorithms: cx.supported_algorithms,
        },
        W::UnsupportedSignatureAlgorithmForPublicKeyContext(cx) => {
            C::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: cx.signature_algorithm_id,
                public_key_algorithm_id: cx.public_key_algorithm_id,
            }
        }
        W::RequiredEkuNotFoundContext(_) => C::InvalidPurpose,
        error => C::Other(OtherError(Arc::new(error))),
    }
}
