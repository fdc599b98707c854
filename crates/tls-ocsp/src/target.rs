//! The certificate that is asked about, together with its issuer.

use der::asn1::{Int, Null, OctetString};
use der::oid::ObjectIdentifier;
use der::{Any, Decode, Encode};
use pki_types::CertificateDer;
use rustls::crypto::CryptoProvider;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::error::{Error, Result, certificate};
use crate::limits::{MAX_URL_LEN, MAX_URLS};
use crate::message::CertId;
use crate::signature::PublicKey;

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
/// `id-pe-tlsfeature` (RFC 7633).
const TLS_FEATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.24");
/// `status_request`, as a TLS feature.
const STATUS_REQUEST: u16 = 5;

/// A certificate and its issuer: what an OCSP request names, and what an answer is judged by.
///
/// The issuer is known to have signed the certificate; whether it is to be trusted is the business
/// of whoever verifies the chain.
#[derive(Clone, Debug)]
pub struct Target {
    certificate: CertificateDer<'static>,
    pub(crate) issuer: CertificateDer<'static>,
    /// The issuer's subject, in DER.
    pub(crate) issuer_name: Vec<u8>,
    pub(crate) issuer_key: PublicKey,
    serial: Int,
    responders: Vec<String>,
    lists: Vec<String>,
    must_staple: bool,
}

impl Target {
    /// A certificate and the one that signed it.
    ///
    /// # Errors
    ///
    /// One of the two can't be read, or the second did not sign the first.
    pub fn new(
        end_entity: &CertificateDer<'_>,
        issuer: &CertificateDer<'_>,
        provider: &CryptoProvider,
    ) -> Result<Self> {
        let subject = Certificate::from_der(end_entity).map_err(certificate)?;
        let named = subject.tbs_certificate().issuer().to_der();
        Self::signed_by(
            end_entity,
            &subject,
            &named.map_err(certificate)?,
            issuer,
            provider,
        )
    }

    fn signed_by(
        end_entity: &CertificateDer<'_>,
        subject: &Certificate,
        named: &[u8],
        issuer: &CertificateDer<'_>,
        provider: &CryptoProvider,
    ) -> Result<Self> {
        // Of a hundred anchors one has the name: the others need not be read.
        if !issuer.windows(named.len()).any(|bytes| bytes == named) {
            return Err(Error::NotTheIssuer);
        }
        let signer = Certificate::from_der(issuer).map_err(certificate)?;
        let issuer_name = signer.tbs_certificate().subject().to_der();
        let issuer_name = issuer_name.map_err(certificate)?;
        if named != issuer_name {
            return Err(Error::NotTheIssuer);
        }
        let issuer_key = PublicKey::of(signer.tbs_certificate().subject_public_key_info())?;
        issuer_key
            .verify_signed(provider, end_entity)
            .map_err(|error| match error {
                Error::Signature => Error::NotTheIssuer,
                other => other,
            })?;
        let serial = subject.tbs_certificate().serial_number().to_der();
        let serial = serial.and_then(|der| Int::from_der(&der));
        Ok(Self {
            certificate: end_entity.clone().into_owned(),
            issuer: issuer.clone().into_owned(),
            issuer_name,
            issuer_key,
            serial: serial.map_err(certificate)?,
            responders: responders(subject),
            lists: lists(subject),
            must_staple: must_staple(subject),
        })
    }

    /// The first certificate of `chain`, with its issuer from the rest of the chain or from
    /// `others`, such as the CAs that are trusted.
    ///
    /// # Errors
    ///
    /// The chain is empty or can't be read, or the issuer is nowhere.
    pub fn from_chain<'a>(
        chain: &[CertificateDer<'_>],
        others: impl IntoIterator<Item = &'a CertificateDer<'a>>,
        provider: &CryptoProvider,
    ) -> Result<Self> {
        let (leaf, rest) = chain.split_first().ok_or(Error::NoIssuer)?;
        let subject = Certificate::from_der(leaf).map_err(certificate)?;
        let named = subject.tbs_certificate().issuer().to_der();
        let named = named.map_err(certificate)?;
        let mut outcome = Err(Error::NoIssuer);
        let mut signed_by = |issuer: &CertificateDer<'_>| {
            match Self::signed_by(leaf, &subject, &named, issuer, provider) {
                Ok(target) => Some(target),
                // Not its issuer: not worth a word.
                Err(Error::NotTheIssuer) => None,
                Err(error) => {
                    outcome = Err(error);
                    None
                }
            }
        };
        if let Some(target) = rest.iter().find_map(&mut signed_by) {
            return Ok(target);
        }
        match others.into_iter().find_map(signed_by) {
            Some(target) => Ok(target),
            None => outcome,
        }
    }

    /// The certificate asked about.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Its issuer.
    #[must_use]
    pub fn issuer(&self) -> &CertificateDer<'static> {
        &self.issuer
    }

    /// Where responders for it are, says the certificate (authority information access): `http` and
    /// `https` only, four at most.
    #[must_use]
    pub fn responders(&self) -> &[String] {
        &self.responders
    }

    /// Where revocation lists for it are, says the certificate: `http` and `https` only, four at
    /// most.
    #[must_use]
    pub fn crl_distribution_points(&self) -> &[String] {
        &self.lists
    }

    /// Whether the certificate demands a staple in each handshake (RFC 7633, "must-staple").
    #[must_use]
    pub fn must_staple(&self) -> bool {
        self.must_staple
    }

    /// The serial number, upper-case hex.
    #[must_use]
    pub fn serial(&self) -> String {
        let bytes = self.serial.as_bytes();
        let bytes = match bytes {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// The name of this certificate for responders, hashed with SHA-1: the one hash that every
    /// responder knows (RFC 5019, Section 2.1.1). It names, it proves nothing.
    pub(crate) fn cert_id(&self) -> Result<CertId> {
        self.cert_id_by::<Sha1>(SHA1)
    }

    /// Whether `id` means this certificate.
    pub(crate) fn is_meant_by(&self, id: &CertId) -> bool {
        let ours = match id.hash_algorithm.oid {
            SHA1 => self.cert_id_by::<Sha1>(SHA1),
            SHA256 => self.cert_id_by::<Sha256>(SHA256),
            _ => return false,
        };
        ours.is_ok_and(|ours| {
            ours.issuer_name_hash == id.issuer_name_hash
                && ours.issuer_key_hash == id.issuer_key_hash
                && ours.serial_number == id.serial_number
        })
    }

    fn cert_id_by<D: Digest>(&self, oid: ObjectIdentifier) -> Result<CertId> {
        let hashed =
            |bytes: &[u8]| OctetString::new(D::digest(bytes).to_vec()).map_err(certificate);
        let null = Any::encode_from(&Null).map_err(certificate)?;
        Ok(CertId {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid,
                parameters: Some(null),
            },
            issuer_name_hash: hashed(&self.issuer_name)?,
            issuer_key_hash: hashed(&self.issuer_key.bits)?,
            serial_number: self.serial.clone(),
        })
    }
}

/// Whether a certificate demands a staple (RFC 7633); one that can't be read demands nothing.
#[must_use]
pub fn demands_staple(end_entity: &CertificateDer<'_>) -> bool {
    // Nearly none does, and to read the whole certificate would cost a client some percent of its
    // handshake.
    let oid = TLS_FEATURE.as_bytes();
    if !end_entity.windows(oid.len()).any(|bytes| bytes == oid) {
        return false;
    }
    Certificate::from_der(end_entity).is_ok_and(|parsed| must_staple(&parsed))
}

/// Whether a certificate names a responder, whoever issued it.
#[cfg(feature = "fetch")]
pub(crate) fn names_responder(end_entity: &CertificateDer<'_>) -> bool {
    Certificate::from_der(end_entity).is_ok_and(|parsed| !responders(&parsed).is_empty())
}

/// When a certificate ends, Unix time; one that can't be read has ended.
#[cfg(feature = "fetch")]
pub(crate) fn not_after(end_entity: &CertificateDer<'_>) -> u64 {
    Certificate::from_der(end_entity).map_or(0, |parsed| {
        let end = parsed.tbs_certificate().validity().not_after;
        end.to_unix_duration().as_secs()
    })
}

fn must_staple(parsed: &Certificate) -> bool {
    let extensions = parsed.tbs_certificate().extensions();
    let feature = extensions.and_then(|all| all.iter().find(|one| one.extn_id == TLS_FEATURE));
    feature
        .and_then(|feature| Vec::<u16>::from_der(feature.extn_value.as_bytes()).ok())
        .is_some_and(|features| features.contains(&STATUS_REQUEST))
}

fn responders(parsed: &Certificate) -> Vec<String> {
    let access = parsed
        .tbs_certificate()
        .get_extension::<AuthorityInfoAccessSyntax>();
    let Ok(Some((_, access))) = access else {
        return Vec::new();
    };
    let ocsp = access.0.iter().filter(|one| one.access_method == OCSP);
    urls(ocsp.map(|one| &one.access_location))
}

fn lists(parsed: &Certificate) -> Vec<String> {
    let points = parsed
        .tbs_certificate()
        .get_extension::<CrlDistributionPoints>();
    let Ok(Some((_, points))) = points else {
        return Vec::new();
    };
    // A list of another issuer, or of some reasons only, is not ours to judge by.
    let whole = points
        .0
        .iter()
        .filter(|point| point.crl_issuer.is_none() && point.reasons.is_none());
    urls(whole.flat_map(|point| match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) => names.as_slice(),
        _ => &[],
    }))
}

fn urls<'a>(names: impl Iterator<Item = &'a GeneralName>) -> Vec<String> {
    names
        .filter_map(|name| match name {
            GeneralName::UniformResourceIdentifier(url) => Some(url.as_str()),
            _ => None,
        })
        .filter(|url| url.len() <= MAX_URL_LEN)
        // No address, and nothing that should get into a log or onto a terminal.
        .filter(|url| url.bytes().all(|byte| byte.is_ascii_graphic()))
        .filter(|url| {
            let scheme = url.split_once("://").map(|(scheme, _)| scheme);
            scheme.is_some_and(|scheme| {
                scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
            })
        })
        .take(MAX_URLS)
        .map(str::to_owned)
        .collect()
}
