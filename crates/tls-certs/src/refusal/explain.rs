//! From webpki's error to the code that people search for.
//!
//! webpki says what was wrong but not with which certificate, and has one error for all
//! the ways of not finding an issuer. So the chain is followed once more, by names.

use der::{Decode, Encode};
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::{CertificateError, Error as RustlsError};
use webpki::Error as WebpkiError;

use x509_cert::Certificate;

use super::{Refusal, RefusalDetails, validity_field};
use crate::certificate::public_key::is_decodable;
use crate::certificate::{extended_key_usage, rfc3339};
use crate::chain_path::{ChainPath, End, Link, MAX_LINKS};
use crate::displayed_text::displayed;
use crate::server_identity::{CertificateNames, ServerIdentityError, check_server_identity};
use crate::usage::Usage;
use crate::verify::{ChainPolicy, MAX_CERTIFICATE};
use crate::{CertificateSummary, VerifyCode};

/// A refused chain with everything that the decision was made on.
pub(crate) struct Refused<'a> {
    pub(crate) chain: &'a [CertificateDer<'a>],
    pub(crate) policy: &'a ChainPolicy,
    pub(crate) usage: &'a Usage<'a>,
    pub(crate) now: UnixTime,
}

/// The code, the certificate concerned, and a hint that fits better than the code's own.
pub(super) struct Finding {
    code: VerifyCode,
    depth: usize,
    hint: Option<&'static str>,
}

impl Finding {
    pub(super) fn new(code: VerifyCode, depth: usize) -> Self {
        Self {
            code,
            depth,
            hint: None,
        }
    }

    pub(super) fn hint(self, hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
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
/// Characters of a message; Node lists every name of the certificate there.
const MAX_MESSAGE: usize = 1024;
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
            C::BadSignature => match self.undecodable_issuer(path) {
                Some(finding) => finding,
                None => Finding::new(VerifyCode::CertSignatureFailure, self.bad_signature(path)),
            },
            C::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: id,
                ..
            }
            | C::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: id,
                ..
            } => {
                if let Some(finding) = self.undecodable_issuer(path) {
                    return finding;
                }
                let depth =
                    path.position(|_, link| link.signature_algorithm().as_deref() == Some(id));
                Finding::new(VerifyCode::CertSignatureFailure, depth)
                    .hint("the certificate is signed with an algorithm that is refused here, such as SHA-1; have it issued again with SHA-256")
            }
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

    /// Spec XEC-01 to XEC-05: the ways of not finding an issuer.
    fn unknown_issuer(&self, path: &ChainPath<'_>) -> Finding {
        let last = path.last();
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
        let mut dates = self.chain.iter().take(MAX_LINKS).enumerate();
        let bad = dates.find_map(|(depth, der)| Some((depth, validity_field::bad_date(der)?)));
        match bad {
            Some((depth, code)) => Finding::new(code, depth),
            None => Finding::new(VerifyCode::CertRejected, 0).hint(NOT_READABLE),
        }
    }

    /// The certificate whose issuer's key is damaged or of an unknown kind.
    fn undecodable_issuer(&self, path: &ChainPath<'_>) -> Option<Finding> {
        let depth = (0..path.links.len()).find(|&depth| {
            let issuer = path.links.get(depth + 1).map(|link| &link.certificate);
            let issuer = issuer.is_some_and(|issuer| {
                !is_decodable(issuer.tbs_certificate().subject_public_key_info())
            });
            issuer || (depth == path.last() && self.anchor_is_undecodable(path))
        })?;
        Some(Finding::new(
            VerifyCode::UnableToDecodeIssuerPublicKey,
            depth,
        ))
    }

    fn anchor_is_undecodable(&self, path: &ChainPath<'_>) -> bool {
        let anchor = path.trusted_issuer(&self.policy.trust);
        let anchor = anchor.and_then(|anchor| Certificate::from_der(anchor.der()).ok());
        anchor.is_some_and(|a| !is_decodable(a.tbs_certificate().subject_public_key_info()))
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
            let issuer = match path.links.get(depth + 1) {
                Some(issuer) => issuer.der,
                None => match path.trusted_issuer(&self.policy.trust) {
                    Some(issuer) => issuer.der(),
                    None => link.der,
                },
            };
            !is_signed_by(link, issuer, self.policy.algorithms)
        })
    }

    fn report(
        &self,
        path: &ChainPath<'_>,
        finding: &Finding,
        rustls_error: RustlsError,
    ) -> Refusal {
        let summary = path.links.get(finding.depth).map(|link| &link.summary);
        let expected_name = match self.usage {
            Usage::Server(name) => Some(shown_name(name)),
            Usage::AnyServer | Usage::Client => None,
        };
        let subject = summary.map(|s| s.subject.clone()).unwrap_or_default();
        let names = summary
            .map(CertificateSummary::display_names)
            .unwrap_or_default();
        let detail = match finding.code {
            VerifyCode::CertHasExpired => summary.map(|s| {
                format!(
                    "valid until {}, now {}",
                    s.not_after_text(),
                    self.now_text()
                )
            }),
            VerifyCode::CertNotYetValid => summary.map(|s| {
                format!(
                    "valid from {}, now {}",
                    s.not_before_text(),
                    self.now_text()
                )
            }),
            VerifyCode::AltnameInvalid => {
                expected_name.as_ref().map(|name| match names.as_slice() {
                    [] => format!("asked for {name}, the certificate carries no names"),
                    names => format!(
                        "asked for {name}, the certificate is for {}",
                        names.join(", ")
                    ),
                })
            }
            VerifyCode::DepthZeroSelfSignedCert | VerifyCode::SelfSignedCertInChain => None,
            _ => summary.map(|s| format!("issued by {}", s.issuer)),
        };
        let message = match finding.code {
            VerifyCode::AltnameInvalid => self.node_message(),
            code => code.message().to_owned(),
        };
        let detail = detail
            .map(|detail| format!(" ({detail})"))
            .unwrap_or_default();
        let line = match subject.as_str() {
            "" => format!("{}{detail}", finding.code.message()),
            subject => format!("{}: {subject}{detail}", finding.code.message()),
        };
        Refusal(Box::new(RefusalDetails {
            code: finding.code,
            message,
            depth: finding.depth,
            subject,
            issuer: summary.map(|s| s.issuer.clone()).unwrap_or_default(),
            serial: summary.map(|s| s.serial.clone()).unwrap_or_default(),
            not_before: summary.map(|s| s.not_before),
            not_after: summary.map(|s| s.not_after),
            names,
            expected_name,
            chain: self.summaries(),
            chain_length: self.chain.len(),
            line,
            hint: finding.hint.unwrap_or_else(|| finding.code.hint()),
            rustls_error,
        }))
    }

    /// What Node says of a name that does not fit (Spec IDN-01), bounded. Where Node would
    /// take the common name, nothing fits here.
    fn node_message(&self) -> String {
        let (Usage::Server(name), Some(leaf)) = (self.usage, self.chain.first()) else {
            return VerifyCode::AltnameInvalid.message().to_owned();
        };
        let names = CertificateNames::from_der(leaf).unwrap_or_default();
        let reason = match check_server_identity(&shown_name(name), &names) {
            Err(ServerIdentityError::Mismatch { reason, .. }) => reason,
            _ => String::from("Cert does not contain a DNS name"),
        };
        let whole = format!("{}: {reason}", VerifyCode::AltnameInvalid.message());
        match whole.char_indices().nth(MAX_MESSAGE) {
            Some((end, _)) => format!("{}…", &whole[..end]),
            None => whole,
        }
    }

    fn summaries(&self) -> Vec<CertificateSummary> {
        let first = self.chain.iter().take(MAX_LINKS);
        first
            .filter(|der| der.len() <= MAX_CERTIFICATE)
            .filter_map(|der| CertificateSummary::from_der(der).ok())
            .collect()
    }

    fn now_text(&self) -> String {
        rfc3339(i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX))
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

fn shown_name(name: &ServerName<'_>) -> String {
    match name {
        ServerName::DnsName(name) => displayed(name.as_ref()),
        ServerName::IpAddress(ip) => std::net::IpAddr::from(*ip).to_string(),
        _ => String::new(),
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
