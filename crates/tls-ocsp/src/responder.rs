//! Who may answer for an issuer: itself, or a delegate (RFC 6960, Section 4.2.2.2).

use const_oid::db::rfc5280::ID_KP_OCSP_SIGNING;
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use der::{Decode, Encode};
use pki_types::UnixTime;
use rustls::crypto::CryptoProvider;
use sha1::{Digest, Sha1};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};

use crate::error::{Error, ResponderFault, Result, malformed};
use crate::limits::MAX_DELEGATES;
use crate::message::{BasicResponse, ResponderId, ResponseData};
use crate::signature::PublicKey;
use crate::target::Target;

/// Who signed an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Responder {
    /// The issuer of the certificate.
    Issuer,
    /// A responder with a certificate of the issuer for this.
    Delegate,
}

/// Verifies the signature of an answer and the right of its signer.
pub(crate) fn verify(
    provider: &CryptoProvider,
    target: &Target,
    basic: &BasicResponse<'_>,
    data: &ResponseData,
    signed: &[u8],
    now: UnixTime,
) -> Result<Responder> {
    let check = |key: &PublicKey| {
        let signature = basic.signature.raw_bytes();
        key.verify(provider, signed, &basic.signature_algorithm, signature)
    };
    if is(&data.responder_id, &target.issuer_name, &target.issuer_key) {
        return check(&target.issuer_key).map(|()| Responder::Issuer);
    }
    let certs = basic.certs.as_deref().unwrap_or_default();
    let mut fault = ResponderFault::Unknown;
    for der in certs.iter().take(MAX_DELEGATES) {
        let der = der.to_der().map_err(malformed)?;
        let Ok(delegate) = Certificate::from_der(&der) else {
            continue;
        };
        let tbs = delegate.tbs_certificate();
        let (Ok(key), Ok(name)) = (
            PublicKey::of(tbs.subject_public_key_info()),
            tbs.subject().to_der(),
        ) else {
            continue;
        };
        if is(&data.responder_id, &name, &key) {
            // One that was renewed may be there twice, with the same name or key.
            match authorised(provider, target, &delegate, &der, now) {
                Ok(()) => return check(&key).map(|()| Responder::Delegate),
                Err(why) => fault = why,
            }
        }
    }
    Err(Error::ResponderNotAuthorised(fault))
}

fn is(id: &ResponderId, name: &[u8], key: &PublicKey) -> bool {
    match id {
        ResponderId::ByName(theirs) => theirs.to_der().is_ok_and(|theirs| theirs == name),
        ResponderId::ByKey(hash) => hash.as_bytes() == Sha1::digest(&key.bits).as_slice(),
    }
}

fn authorised(
    provider: &CryptoProvider,
    target: &Target,
    delegate: &Certificate,
    der: &[u8],
    now: UnixTime,
) -> std::result::Result<(), ResponderFault> {
    let tbs = delegate.tbs_certificate();
    let issued = tbs
        .issuer()
        .to_der()
        .is_ok_and(|issuer| issuer == target.issuer_name);
    if !issued || target.issuer_key.verify_signed(provider, der).is_err() {
        return Err(ResponderFault::OtherIssuer);
    }
    let usage = tbs.get_extension::<ExtendedKeyUsage>();
    let signs_ocsp = matches!(usage, Ok(Some((_, usage))) if usage.0.contains(&ID_KP_OCSP_SIGNING));
    let signs = match tbs.get_extension::<KeyUsage>() {
        Ok(Some((_, usage))) => usage.digital_signature() || usage.non_repudiation(),
        Ok(None) => true,
        Err(_) => false,
    };
    if !signs_ocsp || !signs {
        return Err(ResponderFault::Usage);
    }
    let validity = tbs.validity();
    let now = now.as_secs();
    if now < validity.not_before.to_unix_duration().as_secs()
        || now > validity.not_after.to_unix_duration().as_secs()
    {
        return Err(ResponderFault::Dates);
    }
    let unchecked = tbs
        .extensions()
        .is_some_and(|all| all.iter().any(|one| one.extn_id == ID_PKIX_OCSP_NOCHECK));
    if unchecked {
        Ok(())
    } else {
        Err(ResponderFault::MayBeRevoked)
    }
}
