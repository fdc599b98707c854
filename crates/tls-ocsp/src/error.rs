//! The one error of this crate.

use std::time::Duration;

use crate::limits::MAX_RESPONSE_LEN;
use crate::message::ResponseStatus;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a question can't be asked, or an answer not be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate can't be read.
    #[error("the certificate can't be read: {0}")]
    Certificate(String),
    /// The certificate given as issuer did not sign the other one.
    #[error("the certificate given as issuer did not sign the other one; give the chain in order")]
    NotTheIssuer,
    /// The issuer is neither in the chain nor among the certificates given beside it.
    #[error("the issuer is not in the chain, nor among the CAs given; add it to the chain file")]
    NoIssuer,
    /// The response is larger than any honest one.
    #[error("the response has {0} bytes, more than {MAX_RESPONSE_LEN}")]
    TooLarge(usize),
    /// The bytes are no OCSP response.
    #[error("the bytes are no OCSP response: {0}")]
    Malformed(String),
    /// The responder did not answer the question.
    #[error("the responder says {}", status_text(*.0))]
    Unsuccessful(ResponseStatus),
    /// The response is about other certificates.
    #[error("the response is about other certificates")]
    OtherCertificate,
    /// The responder does not know the certificate.
    #[error("the responder does not know the certificate; is it the right one?")]
    StatusUnknown,
    /// The response begins to hold later than now.
    #[error("the response holds from {ahead:?} in the future on; is the clock right?")]
    NotYetValid {
        /// How far in the future.
        ahead: Duration,
    },
    /// The response does not hold any more.
    #[error("the response ended {ago:?} ago")]
    Expired {
        /// For how long.
        ago: Duration,
    },
    /// The response does not say how long it holds.
    #[error("the response has no nextUpdate, so nobody knows how long it holds")]
    NoNextUpdate,
    /// The response ends before it begins.
    #[error("the response ends before it begins")]
    Dates,
    /// Whoever signed is neither the issuer nor authorised by it.
    #[error("the responder is not authorised: {0}")]
    ResponderNotAuthorised(ResponderFault),
    /// The signature algorithm is unknown, or too weak (SHA-1).
    #[error("the response is signed with an algorithm that is not accepted")]
    SignatureAlgorithm,
    /// The signature is wrong.
    #[error("the signature of the response is wrong")]
    Signature,
    /// The response repeats another nonce than the one sent.
    #[error("the response repeats another nonce than the one that was sent")]
    Nonce,
    /// The system has no randomness.
    #[error("the system gives no random bytes")]
    Randomness,
    /// The certificate names no responder, and none was given.
    #[error("the certificate names nobody to ask")]
    NobodyToAsk,
    /// What came is older than what is in use.
    #[error("what came is older than the one in use")]
    Older,
    /// A place where one revocation list belongs has several.
    #[error("not one list, but several")]
    SeveralLists,
    /// A revocation list was not signed by the issuer of the certificates that name it.
    #[error("the list is not signed by the issuer of the certificates")]
    ListSigner,
    /// A revocation list does not say from when to when it holds.
    #[error("the list does not say when it holds")]
    ListDates,
    /// A revocation list begins to hold later than now.
    #[error("the list is of a time to come; is the clock right?")]
    ListNotYetValid,
    /// A revocation list does not hold any more.
    #[error("the list has ended")]
    ListExpired,
}

/// What is wrong with a responder (RFC 6960, Section 4.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ResponderFault {
    /// It is not the issuer, and its certificate is not in the response.
    #[error("it is not the issuer, and its own certificate is not in the response")]
    Unknown,
    /// Its certificate was not signed by the issuer.
    #[error("its certificate was not signed by the issuer")]
    OtherIssuer,
    /// Its certificate lacks the usage `id-kp-OCSPSigning`.
    #[error("its certificate is not for OCSP signing")]
    Usage,
    /// Its certificate is outside its dates.
    #[error("its certificate is outside its dates")]
    Dates,
    /// Its certificate could be revoked itself: it lacks `id-pkix-ocsp-nocheck`.
    #[error("its certificate may be revoked itself (no id-pkix-ocsp-nocheck)")]
    MayBeRevoked,
}

impl Error {
    /// A stable name for this error, in snake case; `docs/errors.md` lists all.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Certificate(_) => "certificate",
            Self::NotTheIssuer => "not_the_issuer",
            Self::NoIssuer => "no_issuer",
            Self::TooLarge(_) => "response_too_large",
            Self::Malformed(_) => "response_malformed",
            Self::Unsuccessful(_) => "response_unsuccessful",
            Self::OtherCertificate => "response_for_another_certificate",
            Self::StatusUnknown => "status_unknown",
            Self::NotYetValid { .. } => "response_not_yet_valid",
            Self::Expired { .. } => "response_expired",
            Self::NoNextUpdate => "response_without_next_update",
            Self::Dates => "response_dates",
            Self::ResponderNotAuthorised(_) => "responder_not_authorised",
            Self::SignatureAlgorithm => "response_signature_algorithm",
            Self::Signature => "response_signature",
            Self::Nonce => "response_nonce",
            Self::Randomness => "randomness",
            Self::NobodyToAsk => "nobody_to_ask",
            Self::Older => "older_than_in_use",
            Self::SeveralLists => "several_lists",
            Self::ListSigner => "list_signer",
            Self::ListDates => "list_dates",
            Self::ListNotYetValid => "list_not_yet_valid",
            Self::ListExpired => "list_expired",
        }
    }
}

fn status_text(status: ResponseStatus) -> &'static str {
    match status {
        ResponseStatus::Successful => "successful, but gives no answer",
        ResponseStatus::MalformedRequest => "malformedRequest",
        ResponseStatus::InternalError => "internalError",
        ResponseStatus::TryLater => "tryLater",
        ResponseStatus::SigRequired => "sigRequired",
        ResponseStatus::Unauthorized => "unauthorized: it does not know this certificate",
    }
}

pub(crate) fn malformed(error: impl std::fmt::Display) -> Error {
    Error::Malformed(error.to_string())
}

pub(crate) fn certificate(error: impl std::fmt::Display) -> Error {
    Error::Certificate(error.to_string())
}
