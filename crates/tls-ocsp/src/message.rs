//! The messages of RFC 6960 as ASN.1. What is signed is kept as it came, for the signature is over
//! those bytes.

use der::asn1::{
    AnyRef, BitStringRef, GeneralizedTime, Int, Null, ObjectIdentifier, OctetString, OctetStringRef,
};
use der::{Choice, Enumerated, Sequence};
use x509_cert::ext::Extensions;
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

/// `CertID`: which certificate is meant (RFC 6960, Section 4.1.1).
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct CertId {
    pub(crate) hash_algorithm: AlgorithmIdentifierOwned,
    pub(crate) issuer_name_hash: OctetString,
    pub(crate) issuer_key_hash: OctetString,
    pub(crate) serial_number: Int,
}

/// `OCSPRequest` without a signature.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct OcspRequestMessage {
    pub(crate) tbs_request: TbsRequest,
}

/// `TBSRequest` of version 1, of a requestor without a name.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct TbsRequest {
    pub(crate) request_list: Vec<SingleRequest>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) request_extensions: Option<Extensions>,
}

/// `Request`.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct SingleRequest {
    pub(crate) req_cert: CertId,
}

/// `OCSPResponse`.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct OcspResponseMessage<'a> {
    pub(crate) response_status: ResponseStatus,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) response_bytes: Option<ResponseBytes<'a>>,
}

/// What a responder says about the request as a whole (RFC 6960, Section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enumerated)]
#[asn1(type = "ENUMERATED")]
#[repr(u32)]
#[non_exhaustive]
pub enum ResponseStatus {
    /// The response has a valid confirmation.
    Successful = 0,
    /// The request is malformed, says the responder.
    MalformedRequest = 1,
    /// The responder failed.
    InternalError = 2,
    /// The responder asks for another attempt later.
    TryLater = 3,
    /// The request would have to be signed.
    SigRequired = 5,
    /// The responder does not serve this client.
    Unauthorized = 6,
}

/// `ResponseBytes`.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct ResponseBytes<'a> {
    pub(crate) response_type: ObjectIdentifier,
    pub(crate) response: &'a OctetStringRef,
}

/// `BasicOCSPResponse`.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct BasicResponse<'a> {
    pub(crate) tbs_response_data: AnyRef<'a>,
    pub(crate) signature_algorithm: AlgorithmIdentifierRef<'a>,
    pub(crate) signature: BitStringRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) certs: Option<Vec<AnyRef<'a>>>,
}

/// What certificates and responses have in common: something signed, and its signature.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct Signed<'a> {
    pub(crate) tbs: AnyRef<'a>,
    pub(crate) signature_algorithm: AlgorithmIdentifierRef<'a>,
    pub(crate) signature: BitStringRef<'a>,
}

/// `ResponseData`.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct ResponseData {
    #[asn1(
        context_specific = "0",
        tag_mode = "EXPLICIT",
        default = "Default::default"
    )]
    pub(crate) version: u8,
    pub(crate) responder_id: ResponderId,
    pub(crate) produced_at: GeneralizedTime,
    pub(crate) responses: Vec<SingleResponse>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) response_extensions: Option<Extensions>,
}

/// `ResponderID`.
#[derive(Clone, Debug, Choice)]
pub(crate) enum ResponderId {
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    ByName(Name),
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    ByKey(OctetString),
}

/// `SingleResponse`.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct SingleResponse {
    pub(crate) cert_id: CertId,
    pub(crate) cert_status: StatusChoice,
    pub(crate) this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) single_extensions: Option<Extensions>,
}

/// `CertStatus`.
#[derive(Clone, Debug, Choice)]
pub(crate) enum StatusChoice {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    Good(Null),
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true")]
    Revoked(RevokedInfo),
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT")]
    Unknown(Null),
}

/// `RevokedInfo`.
#[derive(Clone, Debug, Sequence)]
pub(crate) struct RevokedInfo {
    pub(crate) revocation_time: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) revocation_reason: Option<x509_cert::ext::pkix::CrlReason>,
}
