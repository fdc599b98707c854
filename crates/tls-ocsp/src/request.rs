//! What a responder is asked, in the small form of RFC 5019.

use der::Encode;
use der::asn1::{ObjectIdentifier, OctetString};
use rustls::crypto::CryptoProvider;
use x509_cert::ext::Extension;

use crate::error::{Error, Result, certificate};
use crate::limits::NONCE_LEN;
use crate::message::{OcspRequestMessage, SingleRequest, TbsRequest};
use crate::target::Target;

/// `id-pkix-ocsp-nonce`.
pub(crate) const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");

/// A request about one certificate.
#[derive(Clone, Debug)]
pub struct OcspRequest {
    der: Vec<u8>,
    nonce: Option<[u8; NONCE_LEN]>,
}

impl OcspRequest {
    /// Asks about `target`, without a nonce: responders may answer from a cache, as RFC 5019 has it.
    ///
    /// # Errors
    ///
    /// The certificate's names can't be written.
    pub fn new(target: &Target) -> Result<Self> {
        Self::with(target, None)
    }

    /// Asks with a nonce (RFC 9654), for a responder that makes an answer for each request; many
    /// large ones leave the nonce out of the answer.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); the system has no randomness.
    pub fn with_nonce(target: &Target, provider: &CryptoProvider) -> Result<Self> {
        let mut nonce = [0; NONCE_LEN];
        let filled = provider.secure_random.fill(&mut nonce);
        filled.map_err(|_| Error::Randomness)?;
        Self::with(target, Some(nonce))
    }

    fn with(target: &Target, nonce: Option<[u8; NONCE_LEN]>) -> Result<Self> {
        let extensions = nonce.map(nonce_extension).transpose()?;
        let message = OcspRequestMessage {
            tbs_request: TbsRequest {
                request_list: vec![SingleRequest {
                    req_cert: target.cert_id()?,
                }],
                request_extensions: extensions.map(|nonce| vec![nonce]),
            },
        };
        Ok(Self {
            der: message.to_der().map_err(certificate)?,
            nonce,
        })
    }

    /// The request in DER, the body of a POST with the type `application/ocsp-request`.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The nonce it carries.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_ref().map(<[u8; NONCE_LEN]>::as_slice)
    }
}

/// The value is an OCTET STRING inside the extension's own.
fn nonce_extension(nonce: [u8; NONCE_LEN]) -> Result<Extension> {
    let value = OctetString::new(nonce.to_vec()).and_then(|value| value.to_der());
    let value = value.and_then(OctetString::new).map_err(certificate)?;
    Ok(Extension {
        extn_id: NONCE,
        critical: false,
        extn_value: value,
    })
}
