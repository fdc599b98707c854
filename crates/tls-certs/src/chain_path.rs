//! A presented chain, followed from the leaf upwards by names. For explanations only.

use der::asn1::AnyRef;
use der::{Decode, Encode};
use pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::name::Name;

use crate::verify::ChainPolicy;
use crate::{CertificateSummary, Trust, TrustedCertificate};

/// Certificates of a chain that are looked at; real chains have three or four.
pub(crate) const MAX_LINKS: usize = 10;

/// One certificate of the path.
pub(crate) struct Link<'a> {
    pub(crate) der: &'a CertificateDer<'a>,
    pub(crate) certificate: Certificate,
    pub(crate) summary: CertificateSummary,
    /// Whether it came from the trust and not from the peer.
    pub(crate) is_trusted: bool,
}

/// Where the path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a certificate that names itself as issuer.
    SelfSigned,
    /// With a certificate whose issuer is in the trust.
    TrustedIssuer {
        /// Whether that issuer is an anchor, so that only something else can be wrong.
        anchor: bool,
    },
    /// With a certificate whose issuer is nowhere.
    UnknownIssuer,
    /// Nowhere within [`MAX_LINKS`].
    TooLong,
    /// At once: the leaf cannot be parsed.
    Unreadable,
}

/// The certificates from the leaf on, each issued by the next (going by their names).
pub(crate) struct ChainPath<'a> {
    pub(crate) links: Vec<Link<'a>>,
    pub(crate) end: End,
}

impl<'a> ChainPath<'a> {
    /// Follows the issuers' names through the certificates that were presented.
    pub(crate) fn follow(chain: &'a [CertificateDer<'a>], policy: &'a ChainPolicy) -> Self {
        let mut unused: Vec<_> = chain
            .iter()
            .take(MAX_LINKS)
            .filter_map(Link::read)
            .collect();
        let leaf_is_readable = unused
            .first()
            .is_some_and(|link| Some(link.der) == chain.first());
        if !leaf_is_readable {
            return Self {
                links: Vec::new(),
                end: End::Unreadable,
            };
        }
        let mut path = Self {
            links: vec![unused.remove(0)],
            end: End::UnknownIssuer,
        };
        path.end = path.climb(&mut unused, policy, chain.len() > MAX_LINKS);
        path
    }

    fn climb(&mut self, unused: &mut Vec<Link<'a>>, policy: &'a ChainPolicy, was_cut: bool) -> End {
        while let Some(last) = self.links.last() {
            if last.subject() == last.issuer() {
                return End::SelfSigned;
            }
            if self.links.len() == MAX_LINKS {
                return End::TooLong;
            }
            if let Some(issuer) = self.trusted_issuer(&policy.trust) {
                let anchor = policy.is_anchor(issuer);
                match Link::read(issuer.der()).filter(|_| issuer.is_anchor() && !anchor) {
                    // A trusted CA that is no root, where chains must reach one.
                    Some(link) => self.links.push(Link {
                        is_trusted: true,
                        ..link
                    }),
                    None => return End::TrustedIssuer { anchor },
                }
                continue;
            }
            match unused
                .iter()
                .position(|link| link.subject() == last.issuer())
            {
                Some(issuer) => self.links.push(unused.remove(issuer)),
                None if was_cut => return End::TooLong,
                None => return End::UnknownIssuer,
            }
        }
        End::UnknownIssuer
    }

    /// Who in the trust has the name of the last link's issuer; an anchor first.
    pub(crate) fn trusted_issuer<'t>(&self, trust: &'t Trust) -> Option<&'t TrustedCertificate> {
        let issuer = name_content(self.links.last()?.issuer())?;
        let mut named = trust
            .certificates()
            .iter()
            .filter(|candidate| candidate.subject() == issuer);
        let first = named.next()?;
        Some(match first.is_anchor() {
            true => first,
            false => named.find(|c| c.is_anchor()).unwrap_or(first),
        })
    }

    /// Depth of the first certificate for which `wrong` holds, else the leaf's.
    pub(crate) fn position(&self, wrong: impl Fn(usize, &Link<'a>) -> bool) -> usize {
        self.links
            .iter()
            .enumerate()
            .position(|(depth, link)| wrong(depth, link))
            .unwrap_or(0)
    }

    /// Depth of the last certificate.
    pub(crate) fn last(&self) -> usize {
        self.links.len().saturating_sub(1)
    }
}

impl<'a> Link<'a> {
    fn read(der: &'a CertificateDer<'a>) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let summary = CertificateSummary::of(&certificate, der);
        Some(Self {
            der,
            certificate,
            summary,
            is_trusted: false,
        })
    }

    fn subject(&self) -> &Name {
        self.certificate.tbs_certificate().subject()
    }

    /// The issuer's name, as revocation lists have it.
    pub(crate) fn issuer_content(&self) -> Vec<u8> {
        name_content(self.issuer()).unwrap_or_default()
    }

    fn issuer(&self) -> &Name {
        self.certificate.tbs_certificate().issuer()
    }

    /// Content of the signature's AlgorithmIdentifier, without the SEQUENCE header, as
    /// webpki and rustls name algorithms.
    pub(crate) fn signature_algorithm(&self) -> Option<Vec<u8>> {
        content(&self.certificate.signature_algorithm().to_der().ok()?)
    }

    /// How many CAs basic constraints allow below this one.
    pub(crate) fn path_length(&self) -> Option<u8> {
        let extension = self
            .certificate
            .tbs_certificate()
            .get_extension::<BasicConstraints>();
        extension
            .ok()
            .flatten()
            .and_then(|(_, constraints)| constraints.path_len_constraint)
    }
}

/// A name in DER without its SEQUENCE header, the form in which webpki keeps names.
pub(crate) fn name_content(name: &Name) -> Option<Vec<u8>> {
    content(&name.to_der().ok()?)
}

fn content(der: &[u8]) -> Option<Vec<u8>> {
    AnyRef::from_der(der).ok().map(|any| any.value().to_vec())
}
