//! From webpki's error to the code that people search for.
//!
//! webpki says what was wrong but not with which certificate, and has one error for all
//! the ways of not finding an issuer. So the chain is followed once more, by names.

use der::{Decode, Encode};
use pki_types::{CertificateDer, UnixTime};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::{CertificateError, Error as RustlsError};
use webpki::Error as WebpkiError;
use x509_cert::Certificate;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::Refusal;
use super::outline::Outline;
use crate::certificate::extended_key_usage;
use crate::certificate::public_key::{is_decodable, kind_and_bits};
use crate::chain_path::{ChainPath, End, Link, MAX_LINKS};
use crate::usage::Usage;
use crate::verify::{ChainPolicy, MAX_CERTIFICATE};
use crate::{Crl, KeyKind, VerifyCode};

/// A refused chain with everything that the decision was made on.
pub(crate) struct Refused<'a> {
    pub(crate) chain: &'a [CertificateDer<'a>],
    pub(crate) policy: &'a ChainPolicy,
    pub(crate) usage: &'a Usage<'a>,
    pub(crate) now: UnixTime,
}

/// The code, the certificate concerned, and what else is known.
pub(super) struct Finding {
    pub(super) code: VerifyCode,
    pub(super) depth: usize,
    /// One that fits better than the code's own.
    pub(super) hint: Option<&'static str>,
    /// Of a certificate that cannot be read as a whole.
    pub(super) outline: Option<Outline>,
    /// The revocation list that was asked, or could not be.
    pub(super) list: Option<Crl>,
}

impl Finding {
    pub(super) fn new(code: VerifyCode, depth: usize) -> Self {
        Self {
            code,
            depth,
            hint: None,
            outline: None,
            list: None,
        }
    }

    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
            ..self
        }
    }

    pub(super) fn list(self, list: Option<&Crl>) -> Self {
        Self {
            list: list.cloned(),
            ..self
        }
    }

    fn outline(self, outline: Outline) -> Self {
        Self {
            outline: Some(outline),
            ..self
        }
    }
}

const CA_AS_LEAF: &str = "this is a CA's certificate; issue a certificate of its own for the peer, or list this very certificate as trusted";
const LISTED_IS_NO_CA: &str = "its issuer is listed as trusted, but is not a CA certificate, so it vouches for nothing but itself; trust the CA";
const CONSTRAINED: &str = "a CA in the chain is limited to other names (name constraints); have the certificate issued by a CA for this name";
const NO_ALTNAMES: &str = "the certificate has no subject alternative names, and the common name is not looked at; have it issued with this name as a subject alternative name";
const VERSION_1: &str = "the certificate is X.509 version 1; have it issued again as version 3 (openssl x509 -req needs -extfile for that)";
const NO_ROOT: &str = "a trusted certificate was found, but no root above it; trust the root, or allow partial chains";
const TOO_LARGE: &str = "a certificate is larger than 64 KiB; have it issued with fewer names";
const LIMITED: &str = "the chain ends with a certificate that is trusted for other purposes only, or rejected for this one (openssl x509 -addtrust, -addreject); trust it for this purpose, without trust settings";
const REFUSED_ALGORITHM: &str = "the certificate is signed with an algorithm that is refused here, such as SHA-1; have it issued again with SHA-256";
const REFUSED_PSS: &str = "the certificate has an RSA-PSS signature of a kind that is refused here: by a key that is restricted to PSS, or with a salt that is not as long as the hash; have it issued with RSA PKCS#1, ECDSA or Ed25519";
/// The identifier of RSASSA-PSS in DER (RFC 4055, Section 3.1).
const RSASSA_PSS: [u8; 11] = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0a];
const ISSUER_RSA_SIZE: &str = "the CA's RSA key is smaller than 2048 bits or larger than 8192, and what it signs is not looked at; have the certificate issued by a CA with another key";
/// Sizes of RSA keys whose signatures the usual providers verify.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;
const NOT_READABLE: &str =
    "the certificate cannot be read; have a look with: openssl x509 -noout -text";

/// Explains why webpki answered `error`. Bounded work: at most
/// [`MAX_LINKS`](crate::chain_path::MAX_LINKS) certificates are parsed, and one signature
/// each verified, only where a signature was wrong.
pub(crate) fn explain(refused: &Refused<'_>, error: RustlsError) -> Refusal {
    let path = ChainPath::follow(refused.chain, refused.policy);
    let finding = refused.find(&path, &error);
    refused.report(&path, &finding, error)
}

impl Refused<'_> {
    fn find(&self, path: &ChainPath<'_>, error: &RustlsError) -> Finding {
        use CertificateError as C;
        let error = match error {
            RustlsError::InvalidCertificate(error) => error,
            RustlsError::InvalidCertRevocationList(error) => {
                return self.bad_list(path, error);
            }
            _ => return Finding::new(VerifyCode::CertRejected, 0),
        };
        match error {
            C::UnknownIssuer => self.unknown_issuer(path),
            C::Expired | C::ExpiredContext { .. } => {
                self.out_of_dates(path, VerifyCode::CertHasExpired)
            }
            C::NotValidYet | C::NotValidYetContext { .. } => {
                self.out_of_dates(path, VerifyCode::CertNotYetValid)
            }
            C::NotValidForName | C::NotValidForNameContext { .. } => wrong_name(path),
            C::InvalidPurpose | C::InvalidPurposeContext { .. } => self.wrong_purpose(path),
            C::BadSignature => self
                .undecodable_issuer(path)
                .unwrap_or_else(|| self.wrong_signature(path)),
            C::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: id,
                ..
            }
            | C::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: id,
                ..
            } => self.refused_algorithm(path, id),
            C::Revoked => self.revoked(path),
            C::UnknownRevocationStatus => self.no_list(path),
            C::ExpiredRevocationList | C::ExpiredRevocationListContext { .. } => {
                self.stale_list(path)
            }
            C::BadEncoding => self.unreadable(),
            C::Other(other) => match other.0.downcast_ref::<WebpkiError>() {
                Some(error) => self.webpki_error(path, error),
                None => Finding::new(VerifyCode::CertRejected, 0),
            },
            _ => Finding::new(VerifyCode::CertRejected, 0),
        }
    }

    /// Errors for which rustls has no name of its own.
    fn webpki_error(&self, path: &ChainPath<'_>, error: &WebpkiError) -> Finding {
        use WebpkiError as W;
        match error {
            W::CaUsedAsEndEntity => match path.end {
                End::TrustedIssuer { anchor: true } => {
                    Finding::new(VerifyCode::InvalidCa, 0).hint(CA_AS_LEAF)
                }
                _ => self.unknown_issuer(path),
            },
            W::EndEntityUsedAsCa => match path.end {
                End::TrustedIssuer { anchor: false } => self.unknown_issuer(path),
                _ => Finding::new(
                    VerifyCode::InvalidCa,
                    path.position(|depth, link| depth > 0 && !link.summary.is_ca),
                ),
            },
            W::PathLenConstraintViolated => {
                let depth = path.position(|depth, link| {
                    link.path_length()
                        .is_some_and(|limit| depth > usize::from(limit) + 1)
                });
                Finding::new(VerifyCode::PathLengthExceeded, depth)
            }
            W::MaximumPathDepthExceeded
            | W::MaximumPathBuildCallsExceeded
            | W::MaximumSignatureChecksExceeded => {
                Finding::new(VerifyCode::CertChainTooLong, path.last())
            }
            W::NameConstraintViolation => {
                Finding::new(VerifyCode::CertRejected, 0).hint(CONSTRAINED)
            }
            W::UnsupportedCertVersion => Finding::new(VerifyCode::CertRejected, 0).hint(VERSION_1),
            _ => Finding::new(VerifyCode::CertRejected, 0),
        }
    }

    fn refused_algorithm(&self, path: &ChainPath<'_>, id: &[u8]) -> Finding {
        let hint = match id.starts_with(&RSASSA_PSS) {
            true => REFUSED_PSS,
            false => REFUSED_ALGORITHM,
        };
        self.undecodable_issuer(path).unwrap_or_else(|| {
            let depth = path.position(|_, link| link.signature_algorithm().as_deref() == Some(id));
            Finding::new(VerifyCode::CertSignatureFailure, depth).hint(hint)
        })
    }

    /// Spec XEC-01 to XEC-05: the ways of not finding an issuer.
    fn unknown_issuer(&self, path: &ChainPath<'_>) -> Finding {
        let last = path.last();
        if self.is_limited(path) {
            return Finding::new(VerifyCode::InvalidPurpose, last).hint(LIMITED);
        }
        match path.end {
            End::SelfSigned if last == 0 => Finding::new(VerifyCode::DepthZeroSelfSignedCert, 0),
            End::SelfSigned => Finding::new(VerifyCode::SelfSignedCertInChain, last),
            End::TrustedIssuer { anchor: false } => {
                Finding::new(VerifyCode::InvalidCa, last).hint(LISTED_IS_NO_CA)
            }
            End::TooLong => Finding::new(VerifyCode::CertChainTooLong, last),
            _ if path.links.last().is_some_and(|link| link.is_trusted) => {
                Finding::new(VerifyCode::UnableToGetIssuerCert, last).hint(NO_ROOT)
            }
            _ if self.is_listed_leaf(path) => {
                Finding::new(VerifyCode::UnableToVerifyLeafSignature, 0).hint(NO_ROOT)
            }
            _ if last == 0 => Finding::new(VerifyCode::UnableToVerifyLeafSignature, 0),
            _ => Finding::new(VerifyCode::UnableToGetIssuerCertLocally, last),
        }
    }

    /// Whether the chain would end here but for trust settings.
    fn is_limited(&self, path: &ChainPath<'_>) -> bool {
        let Some(last) = path.links.last() else {
            return false;
        };
        let issuer = last.issuer_content();
        let mut limited = self.policy.limited.certificates().iter();
        limited.any(|certificate| {
            certificate.der() == last.der
                || (certificate.is_anchor() && certificate.subject() == issuer)
        })
    }

    /// Listed itself, where chains must reach a root.
    fn is_listed_leaf(&self, path: &ChainPath<'_>) -> bool {
        path.last() == 0
            && !self.policy.options.partial_chain
            && (self.chain.first()).is_some_and(|leaf| self.policy.trust.lists(leaf))
    }

    /// A certificate with a date that is none, or something else that cannot be read.
    fn unreadable(&self) -> Finding {
        if self.chain.iter().any(|der| der.len() > MAX_CERTIFICATE) {
            return Finding::new(VerifyCode::CertRejected, 0).hint(TOO_LARGE);
        }
        let mut presented = self.chain.iter().take(MAX_LINKS).enumerate();
        let bad = presented.find_map(|(depth, der)| {
            let outline = Outline::read(der)?;
            Some(Finding::new(outline.bad_date()?, depth).outline(outline))
        });
        bad.unwrap_or_else(|| {
            let first = self.chain.first().and_then(|leaf| Outline::read(leaf));
            let finding = Finding::new(VerifyCode::CertRejected, 0).hint(NOT_READABLE);
            first.into_iter().fold(finding, Finding::outline)
        })
    }

    /// The certificate of the issuer of the one at `depth`: the next of the path, or a trusted one.
    pub(super) fn issuer<'p>(
        &'p self,
        path: &'p ChainPath<'_>,
        depth: usize,
    ) -> Option<&'p CertificateDer<'p>> {
        match path.links.get(depth + 1) {
            Some(issuer) => Some(issuer.der),
            None => Some(path.trusted_issuer(&self.policy.trust)?.der()),
        }
    }

    fn issuer_key(&self, path: &ChainPath<'_>, depth: usize) -> Option<SubjectPublicKeyInfoOwned> {
        let issuer = Certificate::from_der(self.issuer(path, depth)?).ok()?;
        Some(issuer.tbs_certificate().subject_public_key_info().clone())
    }

    /// The certificate whose issuer's key is damaged or of an unknown kind.
    fn undecodable_issuer(&self, path: &ChainPath<'_>) -> Option<Finding> {
        let depth = (0..path.links.len()).find(|&depth| {
            let key = self.issuer_key(path, depth);
            key.is_some_and(|key| !is_decodable(&key))
        })?;
        Some(Finding::new(
            VerifyCode::UnableToDecodeIssuerPublicKey,
            depth,
        ))
    }

    /// A signature that does not fit its issuer's key, or that is not looked at for its size.
    fn wrong_signature(&self, path: &ChainPath<'_>) -> Finding {
        let depth = self.bad_signature(path);
        let finding = Finding::new(VerifyCode::CertSignatureFailure, depth);
        match self.issuer_key(path, depth).map(|key| kind_and_bits(&key)) {
            Some((KeyKind::Rsa, Some(bits))) if !RSA_BITS.contains(&bits) => {
                finding.hint(ISSUER_RSA_SIZE)
            }
            _ => finding,
        }
    }

    fn out_of_dates(&self, path: &ChainPath<'_>, code: VerifyCode) -> Finding {
        let now = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        let depth = path.position(|_, link| match code {
            VerifyCode::CertHasExpired => link.summary.not_after < now,
            _ => link.summary.not_before > now,
        });
        Finding::new(code, depth)
    }

    fn wrong_purpose(&self, path: &ChainPath<'_>) -> Finding {
        let purpose = self.usage.purpose();
        let lacks = |link: &Link<'_>| match extended_key_usage(&link.certificate) {
            Ok(Some(purposes)) => !purposes.contains(&purpose),
            Ok(None) => false,
            Err(_) => true,
        };
        Finding::new(
            VerifyCode::InvalidPurpose,
            path.position(|_, link| lacks(link)),
        )
    }

    /// The first certificate whose signature is not its issuer's.
    fn bad_signature(&self, path: &ChainPath<'_>) -> usize {
        path.position(|depth, link| {
            let issuer = self.issuer(path, depth).unwrap_or(link.der);
            !is_signed_by(link, issuer, self.policy.algorithms)
        })
    }
}

fn wrong_name(path: &ChainPath<'_>) -> Finding {
    let finding = Finding::new(VerifyCode::AltnameInvalid, 0);
    match path.links.first() {
        Some(leaf) if leaf.summary.dns_names.is_empty() && leaf.summary.ip_addresses.is_empty() => {
            finding.hint(NO_ALTNAMES)
        }
        _ => finding,
    }
}

fn is_signed_by(
    link: &Link<'_>,
    issuer: &CertificateDer<'_>,
    algorithms: WebPkiSupportedAlgorithms,
) -> bool {
    let (Ok(issuer), Ok(signed)) = (
        webpki::EndEntityCert::try_from(issuer),
        link.certificate.tbs_certificate().to_der(),
    ) else {
        return false;
    };
    let signature = link.certificate.signature().raw_bytes();
    let Some(id) = link.signature_algorithm() else {
        return false;
    };
    let fitting = algorithms
        .all
        .iter()
        .filter(|algorithm| algorithm.signature_alg_id().as_ref() == id);
    fitting.into_iter().any(|algorithm| {
        issuer
            .verify_signature(*algorithm, &signed, signature)
            .is_ok()
    })
}
