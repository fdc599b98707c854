//! Which certificates are trusted, and where each came from.

mod bundled;
mod system;
mod trust_settings;
mod trusted_certificate;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use pki_types::CertificateDer;
use rustls::{DistinguishedName, RootCertStore};
use sha2::{Digest, Sha256};

pub(crate) use self::trust_settings::TrustSettings;
pub use self::trusted_certificate::{Provenance, TrustedCertificate};
use crate::pem_bundle::{PemBundle, certificate_of_der, looks_like_der, read_file};
use crate::verify::is_root;
use crate::{Error, Result};

/// A set of trusted certificates.
///
/// Cheap to clone; certificates, and the anchors made of them for webpki, exist once for
/// all clones. Values are joined with [`Trust::with`].
///
/// A certificate of this set is used in two ways:
///
/// - a CA certificate (basic constraints say so, and key usage allows signing) is an
///   *anchor*: what it issued is accepted. An intermediate CA is an anchor like a root;
///   its own issuer is not asked for, and neither are an anchor's dates;
/// - any certificate that the user listed (not one of [`Trust::mozilla`] or
///   [`Trust::system`]) is also accepted as a peer's own certificate, if it is presented
///   byte for byte and its name, dates and purpose fit. So a self-signed development
///   certificate can be trusted by itself, without becoming a CA.
#[doc(alias = "ca")]
#[derive(Clone, Debug, Default)]
pub struct Trust(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    certificates: Vec<TrustedCertificate>,
    anchors: OnceLock<Arc<RootCertStore>>,
    roots: OnceLock<RootsAndHelpers>,
    hints: OnceLock<Arc<[DistinguishedName]>>,
    fingerprint: OnceLock<[u8; 32]>,
}

/// The anchors where chains must reach a root, and the trusted CAs that are none: they help to find
/// the way.
pub(crate) type RootsAndHelpers = (Arc<RootCertStore>, Arc<[CertificateDer<'static>]>);

impl Trust {
    /// The roots of Mozilla's programme, compiled into this program. One set for the whole
    /// process, made at the first call.
    #[doc(alias = "rootCertificates")]
    #[must_use]
    pub fn mozilla() -> Self {
        bundled::mozilla().clone()
    }

    /// The system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured).
    ///
    /// Blocks, and reads the store each time: keep the value. Entries that cannot be used
    /// are left out and reported through `tracing`.
    ///
    /// # Errors
    ///
    /// [`Error::SystemStore`] if there is not one usable certificate.
    pub fn system() -> Result<Self> {
        system::load().map(Self::from_certificates)
    }

    /// All certificates of a PEM file, or the one of a DER file. Blocks while it is read.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], damaged PEM, a damaged certificate, or none at all.
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = read_file(path)?;
        Self::load(
            &text,
            &path.display().to_string(),
            &Provenance::File(path.into()),
        )
    }

    /// All certificates of PEM text (labels `CERTIFICATE`, `X509 CERTIFICATE` and
    /// `TRUSTED CERTIFICATE`), or the one of DER.
    ///
    /// OpenSSL's trust settings behind the last label are kept (`openssl x509 -trustout`): what is
    /// rejected for a purpose, or trusted for others only, does not count for it, also where the
    /// same certificate stands a second time without settings. Who depends on it is refused with
    /// `INVALID_PURPOSE`, as in Node.
    ///
    /// # Errors
    ///
    /// Damaged PEM, a damaged certificate, or none at all.
    pub fn from_pem(text: &[u8]) -> Result<Self> {
        Self::load(text, "the trusted certificates", &Provenance::Given)
    }

    /// Certificates in DER.
    ///
    /// # Errors
    ///
    /// A certificate that cannot be read.
    pub fn from_der(
        certificates: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> Result<Self> {
        Self::read(certificates, "the trusted certificates", &Provenance::Given)
    }

    /// The default CA certificates of this process: Mozilla's roots, with those of
    /// [`enable_node_extra_ca_certs`](crate::enable_node_extra_ca_certs), or what
    /// [`set_default_ca_certificates`](crate::set_default_ca_certificates) put in their
    /// place. The value is as of now: what is made with it keeps it.
    #[must_use]
    pub fn default_store() -> Self {
        crate::ca_store::default_trust()
    }

    /// Nothing: every peer is refused.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    fn load(text: &[u8], origin: &str, provenance: &Provenance) -> Result<Self> {
        let bundle = PemBundle::find(text, origin);
        if bundle.is_empty() && looks_like_der(text) {
            let certificate = certificate_of_der(text, origin)?;
            return Self::read([certificate], origin, provenance);
        }
        Self::read_with_settings(bundle.trusted_certificates()?, origin, provenance)
    }

    fn read(
        certificates: impl IntoIterator<Item = CertificateDer<'static>>,
        origin: &str,
        provenance: &Provenance,
    ) -> Result<Self> {
        let without_settings = certificates.into_iter().map(|der| (der, Vec::new()));
        Self::read_with_settings(without_settings, origin, provenance)
    }

    /// Certificates, and what OpenSSL wrote behind each.
    fn read_with_settings(
        certificates: impl IntoIterator<Item = (CertificateDer<'static>, Vec<u8>)>,
        origin: &str,
        provenance: &Provenance,
    ) -> Result<Self> {
        let mut trusted = Vec::new();
        for (index, (der, settings)) in certificates.into_iter().enumerate() {
            let certificate = TrustSettings::read(&settings)
                .ok_or_else(|| String::from("the trust settings behind it are damaged"))
                .and_then(|settings| TrustedCertificate::read(der, provenance.clone(), settings));
            trusted.push(certificate.map_err(|reason| {
                Error::certificate(&format!("{origin}, certificate {}", index + 1), reason)
            })?);
        }
        Ok(Self::from_certificates(trusted))
    }

    fn from_certificates(certificates: impl IntoIterator<Item = TrustedCertificate>) -> Self {
        let mut seen = HashSet::new();
        let certificates = certificates
            .into_iter()
            .filter(|c| seen.insert(c.identity()))
            .collect();
        Self(Arc::new(Inner {
            certificates,
            ..Inner::default()
        }))
    }

    /// What is in either set. Nothing is copied but references, except anchors of
    /// certificates that were loaded at run time.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        Self::from_certificates(
            self.certificates()
                .iter()
                .chain(other.certificates())
                .cloned(),
        )
    }

    /// Every certificate of the set with its provenance.
    #[must_use]
    pub fn certificates(&self) -> &[TrustedCertificate] {
        &self.0.certificates
    }

    /// Certificates that can vouch for nothing but themselves.
    pub fn not_anchors(&self) -> impl Iterator<Item = &TrustedCertificate> {
        self.certificates()
            .iter()
            .filter(|certificate| !certificate.is_anchor())
    }

    /// How many certificates there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.certificates().len()
    }

    /// Whether nothing is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates().is_empty()
    }

    /// SHA-256 over the sorted SHA-256 hashes of the certificates, each with whether it is
    /// accepted as a peer's own certificate and its trust settings: two sets that decide alike
    /// have the same fingerprint, whatever their order and files. Computed once.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        *self.0.fingerprint.get_or_init(|| {
            let mut identities: Vec<_> = self
                .certificates()
                .iter()
                .map(TrustedCertificate::identity)
                .collect();
            identities.sort_unstable();
            let mut hash = Sha256::new();
            for (digest, settings) in identities {
                hash.update(digest);
                hash.update([settings]);
            }
            hash.finalize().into()
        })
    }

    /// What counts for a purpose, by trust settings, and what does not. Nearly always everything
    /// does, and the set is the same one.
    pub(crate) fn split(&self, counts: impl Fn(TrustSettings) -> bool) -> (Self, Self) {
        let limited: HashSet<_> = self
            .certificates()
            .iter()
            .filter(|certificate| !counts(certificate.settings()))
            .map(TrustedCertificate::sha256)
            .collect();
        if limited.is_empty() {
            return (self.clone(), Self::empty());
        }
        let (limited, counting): (Vec<_>, Vec<_>) = (self.certificates().iter().cloned())
            .partition(|certificate| limited.contains(certificate.sha256()));
        (
            Self::from_certificates(counting),
            Self::from_certificates(limited),
        )
    }

    /// The anchors in rustls's form, made once per set and shared by every verifier.
    pub(crate) fn anchors(&self) -> &Arc<RootCertStore> {
        self.0.anchors.get_or_init(|| {
            let roots = self
                .certificates()
                .iter()
                .filter_map(|certificate| certificate.anchor().cloned())
                .collect();
            Arc::new(RootCertStore { roots })
        })
    }

    /// What ends a chain without partial chains, made once per set like [`Self::anchors`].
    pub(crate) fn roots(&self) -> &RootsAndHelpers {
        self.0.roots.get_or_init(|| {
            let (roots, others): (Vec<_>, Vec<_>) = self
                .certificates()
                .iter()
                .filter(|certificate| certificate.is_anchor())
                .partition(|certificate| is_root(certificate.der()));
            let helpers = others.iter().map(|c| c.der().clone()).collect();
            if others.is_empty() {
                return (Arc::clone(self.anchors()), helpers);
            }
            let roots = roots.iter().filter_map(|c| c.anchor().cloned()).collect();
            (Arc::new(RootCertStore { roots }), helpers)
        })
    }

    /// Names of issuers, as a server tells them to its clients; `make` is asked once per set.
    pub(crate) fn hints(
        &self,
        make: impl FnOnce(&Self) -> Arc<[DistinguishedName]>,
    ) -> Arc<[DistinguishedName]> {
        Arc::clone(self.0.hints.get_or_init(|| make(self)))
    }

    /// Whether the user listed exactly this certificate. The whole of it is compared.
    pub(crate) fn lists(&self, der: &CertificateDer<'_>) -> bool {
        self.certificates()
            .iter()
            .any(|certificate| certificate.is_listed() && certificate.der() == der)
    }
}
