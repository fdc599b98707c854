//! An answer, verified: signed by who may, about the right certificate, at the right time.

use std::sync::Arc;
use std::time::Duration;

use const_oid::db::rfc6960::ID_PKIX_OCSP_BASIC;
use der::asn1::{GeneralizedTime, OctetString};
use der::{Decode, Encode};
use pki_types::UnixTime;
use rustls::crypto::CryptoProvider;
use subtle::ConstantTimeEq as _;
use x509_cert::ext::pkix::CrlReason;

use crate::error::{Error, Result, malformed};
use crate::limits::{CLOCK_SKEW, MAX_RESPONSE_LEN, MAX_SINGLE_RESPONSES};
use crate::message::{
    BasicResponse, OcspResponseMessage, ResponseData, ResponseStatus, SingleResponse, StatusChoice,
};
use crate::request::NONCE;
use crate::responder::{self, Responder};
use crate::target::Target;

/// What an answer says about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateStatus {
    /// Not revoked, as far as the responder knows.
    Good,
    /// Revoked.
    Revoked {
        /// Since when.
        at: UnixTime,
        /// Why, where the responder says.
        reason: Option<RevocationReason>,
    },
    /// The responder does not know the certificate.
    Unknown,
}

impl CertificateStatus {
    /// `good`, `revoked` or `unknown`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked { .. } => "revoked",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a certificate was revoked (RFC 5280, Section 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are the RFC's")]
pub enum RevocationReason {
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
}

impl RevocationReason {
    /// The RFC's name, such as `keyCompromise`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }
}

impl From<CrlReason> for RevocationReason {
    fn from(reason: CrlReason) -> Self {
        match reason {
            CrlReason::Unspecified => Self::Unspecified,
            CrlReason::KeyCompromise => Self::KeyCompromise,
            CrlReason::CaCompromise => Self::CaCompromise,
            CrlReason::AffiliationChanged => Self::AffiliationChanged,
            CrlReason::Superseded => Self::Superseded,
            CrlReason::CessationOfOperation => Self::CessationOfOperation,
            CrlReason::CertificateHold => Self::CertificateHold,
            CrlReason::RemoveFromCRL => Self::RemoveFromCrl,
            CrlReason::PrivilegeWithdrawn => Self::PrivilegeWithdrawn,
            CrlReason::AaCompromise => Self::AaCompromise,
        }
    }
}

/// An answer that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedResponse {
    /// What it says.
    pub status: CertificateStatus,
    /// When the responder knew it.
    pub this_update: UnixTime,
    /// Until when it holds.
    pub next_update: Option<UnixTime>,
    /// When it was signed.
    pub produced_at: UnixTime,
    /// Who signed it.
    pub responder: Responder,
    /// Whether it repeats the nonce of the request.
    pub nonce: bool,
}

/// Verifies answers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ResponseVerifier {
    provider: Arc<CryptoProvider>,
    skew: Duration,
}

impl ResponseVerifier {
    /// Verifies signatures with the algorithms of `provider`, which leave SHA-1 out.
    #[must_use]
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            skew: CLOCK_SKEW,
        }
    }

    /// How far the responder's clock may be from ours, both ways; five minutes by default.
    #[must_use]
    pub fn with_clock_skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// The provider that verifies.
    #[must_use]
    pub fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// What `response` says about `target` at `now`.
    ///
    /// Signed by the issuer or by a delegate of it with `id-kp-OCSPSigning`, in its own dates and
    /// with `id-pkix-ocsp-nocheck` (nobody is asked about the delegate itself); about this
    /// certificate; between `thisUpdate` and `nextUpdate`. "Revoked" and "unknown" are answers, not
    /// errors.
    ///
    /// # Errors
    ///
    /// Whatever of that is not so.
    pub fn verify(
        &self,
        target: &Target,
        response: &[u8],
        now: UnixTime,
    ) -> Result<VerifiedResponse> {
        self.verify_with_nonce(target, response, now, None)
    }

    /// The same for the answer to a request with a nonce: one that repeats *another* nonce is
    /// refused; one without any is taken, since many responders leave it out.
    ///
    /// # Errors
    ///
    /// As for [`verify`](Self::verify).
    pub fn verify_with_nonce(
        &self,
        target: &Target,
        response: &[u8],
        now: UnixTime,
        nonce: Option<&[u8]>,
    ) -> Result<VerifiedResponse> {
        if response.len() > MAX_RESPONSE_LEN {
            return Err(Error::TooLarge(response.len()));
        }
        let message = OcspResponseMessage::from_der(response).map_err(malformed)?;
        let bytes = match (message.response_status, message.response_bytes) {
            (ResponseStatus::Successful, Some(bytes)) => bytes,
            (status, _) => return Err(Error::Unsuccessful(status)),
        };
        if bytes.response_type != ID_PKIX_OCSP_BASIC {
            return Err(malformed("not of the type id-pkix-ocsp-basic"));
        }
        let basic = BasicResponse::from_der(bytes.response.as_bytes()).map_err(malformed)?;
        let signed = basic.tbs_response_data.to_der().map_err(malformed)?;
        let data = ResponseData::from_der(&signed).map_err(malformed)?;
        if data.version != 0 || data.responses.len() > MAX_SINGLE_RESPONSES {
            return Err(malformed("of another version, or with too many answers"));
        }
        // Who signed comes first: nothing of an answer counts before.
        let responder = responder::verify(&self.provider, target, &basic, &data, &signed, now)?;
        let answer = data
            .responses
            .iter()
            .find(|one| target.is_meant_by(&one.cert_id));
        let answer = answer.ok_or(Error::OtherCertificate)?;
        self.check_dates(answer, &data.produced_at, now)?;
        Ok(VerifiedResponse {
            status: status(&answer.cert_status),
            this_update: unix(&answer.this_update),
            next_update: answer.next_update.as_ref().map(unix),
            produced_at: unix(&data.produced_at),
            responder,
            nonce: repeats(nonce, &data)?,
        })
    }

    fn check_dates(
        &self,
        answer: &SingleResponse,
        produced: &GeneralizedTime,
        now: UnixTime,
    ) -> Result<()> {
        let skew = self.skew.as_secs();
        let now = now.as_secs();
        let begin = unix(&answer.this_update).as_secs();
        let begin = begin.max(unix(produced).as_secs());
        if begin > now.saturating_add(skew) {
            let ahead = Duration::from_secs(begin - now);
            return Err(Error::NotYetValid { ahead });
        }
        let this_update = unix(&answer.this_update).as_secs();
        // Without an end it was true when it was said, and there may be news at any time.
        let end = answer
            .next_update
            .as_ref()
            .map_or(this_update, |end| unix(end).as_secs());
        if end < this_update {
            return Err(Error::Dates);
        }
        if end.saturating_add(skew) < now {
            let ago = Duration::from_secs(now - end);
            return Err(Error::Expired { ago });
        }
        Ok(())
    }
}

fn status(choice: &StatusChoice) -> CertificateStatus {
    match choice {
        StatusChoice::Good(_) => CertificateStatus::Good,
        StatusChoice::Unknown(_) => CertificateStatus::Unknown,
        StatusChoice::Revoked(info) => CertificateStatus::Revoked {
            at: unix(&info.revocation_time),
            reason: info.revocation_reason.map(RevocationReason::from),
        },
    }
}

/// Whether the answer repeats our nonce; to repeat another one is a replay.
fn repeats(ours: Option<&[u8]>, data: &ResponseData) -> Result<bool> {
    let Some(ours) = ours else { return Ok(false) };
    let extensions = data.response_extensions.as_ref();
    let found = extensions.and_then(|all| all.iter().find(|one| one.extn_id == NONCE));
    let Some(found) = found else { return Ok(false) };
    let theirs = OctetString::from_der(found.extn_value.as_bytes()).map_err(malformed)?;
    if bool::from(theirs.as_bytes().ct_eq(ours)) {
        Ok(true)
    } else {
        Err(Error::Nonce)
    }
}

fn unix(time: &GeneralizedTime) -> UnixTime {
    UnixTime::since_unix_epoch(time.to_unix_duration())
}
