//! One trusted certificate.

use std::path::Path;
use std::sync::Arc;

use der::Decode;
use pki_types::{CertificateDer, TrustAnchor};
use sha2::{Digest, Sha256};
use x509_cert::{Certificate, Version};

use super::trust_settings::TrustSettings;
use crate::certificate::may_issue;
use crate::chain_path::name_content;
use crate::{CertificateSummary, Result};

/// Where a trusted certificate came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provenance {
    /// Mozilla's roots, compiled in.
    Mozilla,
    /// The system's store.
    System,
    /// A file that the user named.
    File(Arc<Path>),
    /// Bytes that the program gave.
    Given,
}

/// A certificate of a [`Trust`](crate::Trust). Cheap to clone.
#[derive(Clone, Debug)]
pub struct TrustedCertificate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    der: CertificateDer<'static>,
    sha256: [u8; 32],
    provenance: Provenance,
    role: Role,
    settings: TrustSettings,
}

#[derive(Debug)]
enum Role {
    Anchor(TrustAnchor<'static>),
    Itself {
        why: &'static str,
        /// The subject's name without its SEQUENCE header.
        subject: Vec<u8>,
    },
}

impl TrustedCertificate {
    /// Reads a certificate and finds out what it can be used for.
    pub(super) fn read(
        der: CertificateDer<'static>,
        provenance: Provenance,
        settings: TrustSettings,
    ) -> Result<Self, String> {
        let certificate = Certificate::from_der(&der).map_err(|e| e.to_string())?;
        let role = role_of(&certificate, &der);
        Ok(Self::new(der, provenance, role, settings))
    }

    /// A root of the bundled list, borrowed from the program's own data.
    pub(super) fn bundled(der: &'static CertificateDer<'static>) -> Option<Self> {
        let anchor = webpki::anchor_from_trusted_cert(der).ok()?;
        // Borrowed, not copied.
        let der = CertificateDer::from_slice(der.as_ref());
        let role = Role::Anchor(anchor);
        Some(Self::new(
            der,
            Provenance::Mozilla,
            role,
            TrustSettings::ALL,
        ))
    }

    fn new(
        der: CertificateDer<'static>,
        provenance: Provenance,
        role: Role,
        settings: TrustSettings,
    ) -> Self {
        let sha256 = Sha256::digest(&der).into();
        Self(Arc::new(Inner {
            der,
            sha256,
            provenance,
            role,
            settings,
        }))
    }

    /// The certificate.
    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.0.der
    }

    /// Where it came from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.0.provenance
    }

    /// Whether certificates that it issued are accepted.
    #[must_use]
    pub fn is_anchor(&self) -> bool {
        matches!(self.0.role, Role::Anchor(_))
    }

    /// Why it vouches for nothing but itself; `None` for an anchor.
    #[must_use]
    pub fn why_not_anchor(&self) -> Option<&'static str> {
        match self.0.role {
            Role::Anchor(_) => None,
            Role::Itself { why, .. } => Some(why),
        }
    }

    /// Whether a peer may present this very certificate as its own: the user listed it.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        matches!(self.0.provenance, Provenance::File(_) | Provenance::Given)
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// [`Error::Certificate`](crate::Error::Certificate), which certificates that were
    /// loaded by this crate do not cause.
    pub fn summary(&self) -> Result<CertificateSummary> {
        CertificateSummary::from_der(&self.0.der)
    }

    pub(crate) fn anchor(&self) -> Option<&TrustAnchor<'static>> {
        match &self.0.role {
            Role::Anchor(anchor) => Some(anchor),
            Role::Itself { .. } => None,
        }
    }

    /// The subject's name without its SEQUENCE header.
    pub(crate) fn subject(&self) -> &[u8] {
        match &self.0.role {
            Role::Anchor(anchor) => &anchor.subject,
            Role::Itself { subject, .. } => subject,
        }
    }

    pub(super) fn settings(&self) -> TrustSettings {
        self.0.settings
    }

    pub(super) fn sha256(&self) -> &[u8; 32] {
        &self.0.sha256
    }

    /// What makes two entries the same for every decision.
    pub(super) fn identity(&self) -> ([u8; 32], u8) {
        let TrustSettings { servers, clients } = self.0.settings;
        let bits = [self.is_listed(), !servers, !clients].map(u8::from);
        (self.0.sha256, bits[0] | bits[1] << 1 | bits[2] << 2)
    }
}

/// A listed leaf must never become an issuer, and webpki asks nothing of an anchor; so
/// only what says that it is a CA becomes one.
fn role_of(certificate: &Certificate, der: &CertificateDer<'_>) -> Role {
    let tbs = certificate.tbs_certificate();
    let itself = |why| Role::Itself {
        why,
        subject: name_content(tbs.subject()).unwrap_or_default(),
    };
    if tbs.version() != Version::V3 {
        return itself("it is an X.509 version 1 certificate, which cannot say that it is a CA");
    }
    if !may_issue(certificate) {
        return itself("it is not a CA certificate (basic constraints and key usage)");
    }
    match webpki::anchor_from_trusted_cert(der) {
        Ok(anchor) => Role::Anchor(anchor.to_owned()),
        Err(_) => itself("webpki cannot read it as a trust anchor"),
    }
}
