//! Chains: which certificate belongs to a key, and who issued whom.

use der::{Decode, Encode};
use pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};

use crate::{CertificateSummary, Error, Result};

/// Certificates of one chain at most; real ones have three or four.
const MAX_LENGTH: usize = 10;

/// A certificate with what is needed to order it.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) der: CertificateDer<'static>,
    certificate: Certificate,
}

impl Link {
    pub(crate) fn read(der: CertificateDer<'static>, origin: &str) -> Result<Self> {
        let certificate = Certificate::from_der(&der).map_err(|e| Error::certificate(origin, e))?;
        Ok(Self { der, certificate })
    }

    pub(crate) fn summary(&self) -> CertificateSummary {
        CertificateSummary::of(&self.certificate, &self.der)
    }

    /// The SubjectPublicKeyInfo, by which keys are matched.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.certificate
            .tbs_certificate()
            .subject_public_key_info()
            .to_der()
            .unwrap_or_default()
    }

    fn names_itself_as_issuer(&self) -> bool {
        let tbs = self.certificate.tbs_certificate();
        tbs.issuer() == tbs.subject()
    }

    /// By name, and by key identifiers where both certificates have one (RFC 5280,
    /// Sections 4.2.1.1 and 4.2.1.2): a CA with a new key keeps its name.
    fn is_issued_by(&self, issuer: &Self) -> bool {
        let (own, other) = (
            self.certificate.tbs_certificate(),
            issuer.certificate.tbs_certificate(),
        );
        if own.issuer() != other.subject() {
            return false;
        }
        let wanted = own.get_extension::<AuthorityKeyIdentifier>().ok().flatten();
        let found = other.get_extension::<SubjectKeyIdentifier>().ok().flatten();
        match (wanted.and_then(|(_, id)| id.key_identifier), found) {
            (Some(wanted), Some((_, found))) => wanted == found.0,
            _ => true,
        }
    }
}

/// Reads certificates, leaving out repeated ones.
pub(crate) fn read_links(chain: Vec<CertificateDer<'static>>, origin: &str) -> Result<Vec<Link>> {
    let mut links: Vec<Link> = Vec::with_capacity(chain.len());
    for (index, der) in chain.into_iter().enumerate() {
        let link = Link::read(der, &format!("{origin}, certificate {}", index + 1))?;
        if links.iter().all(|known| known.der != link.der) {
            links.push(link);
        }
    }
    Ok(links)
}

/// Leaf, then issuer after issuer, at most ten; and what is left over.
pub(crate) fn in_order(mut links: Vec<Link>, leaf: usize) -> (Vec<Link>, Vec<Link>) {
    let mut ordered = vec![links.remove(leaf)];
    while ordered.len() < MAX_LENGTH
        && let Some(issuer) = ordered
            .last()
            .filter(|last| !last.names_itself_as_issuer())
            .and_then(|last| links.iter().position(|link| last.is_issued_by(link)))
    {
        ordered.push(links.remove(issuer));
    }
    (ordered, links)
}

/// Adds issuers from `extra` until one is missing or a root would be next: who has the root
/// trusts it without being sent it, and who has it not would not trust it.
pub(crate) fn complete(chain: &mut Vec<Link>, extra: &[Link]) {
    while chain.len() < MAX_LENGTH
        && let Some(last) = chain.last().filter(|last| !last.names_itself_as_issuer())
        && let Some(issuer) = extra.iter().find(|link| {
            last.is_issued_by(link)
                && !link.names_itself_as_issuer()
                && chain.iter().all(|known| known.der != link.der)
        })
    {
        let issuer = issuer.clone();
        chain.push(issuer);
    }
}

/// What the certificates say that lead upwards from the first of `chain`, itself included.
pub(crate) fn path_summaries(chain: &[CertificateDer<'static>]) -> Vec<CertificateSummary> {
    match read_links(chain.to_vec(), "the chain") {
        Ok(links) if !links.is_empty() => {
            let (ordered, _) = in_order(links, 0);
            ordered.iter().map(Link::summary).collect()
        }
        _ => Vec::new(),
    }
}
