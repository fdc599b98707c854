//! A certificate chain and its private key, proven to belong together.

use std::path::Path;
use std::sync::Arc;

use der::{Decode, Encode};
use pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, SigningKey};
use x509_cert::Certificate;

use crate::certificate::public_key::kind_of_spki;
use crate::pem_bundle::{PemBundle, read_file};
use crate::{CertificateSummary, Error, KeyKind, Result};

const GIVEN_CERTIFICATE: &str = "the certificate text";
const GIVEN_KEY: &str = "the key text";

/// Who a server or client is: a certificate chain and the private key of its leaf.
///
/// Made only if key and leaf belong together, so a handshake cannot fail for that. Cheap
/// to clone. The private key is never shown.
///
/// The leaf is the certificate that fits the key, wherever it stands in the text; the
/// others follow it in the order in which they issue one another, and what belongs to no
/// link follows as it came.
///
/// Dates are not checked here, since a server must be able to start and be told about it:
/// ask [`Identity::check_dates`].
#[derive(Clone, Debug)]
pub struct Identity(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    certified_key: Arc<CertifiedKey>,
    summary: CertificateSummary,
    key_kind: KeyKind,
}

impl Identity {
    /// Loads PEM files. One file may hold both.
    ///
    /// Blocks: while the files are read. A key file that other users may read is reported
    /// through `tracing`.
    ///
    /// # Errors
    ///
    /// [`Error::Read`] and whatever [`Identity::from_pem`] refuses, with the file's path.
    #[doc(alias = "cert")]
    #[doc(alias = "key")]
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self> {
        let (certificate, key) = (certificate.as_ref(), key.as_ref());
        let chain_text = read_file(certificate)?;
        let key_text = read_file(key)?;
        warn_if_readable_by_others(key);
        let origins = (certificate.display().to_string(), key.display().to_string());
        Self::load(
            (&chain_text, &origins.0),
            (&key_text, &origins.1),
            &provider(),
        )
    }

    /// Loads PEM text: a chain in any order and one unencrypted key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    ///
    /// Damaged PEM, no certificate, no key or several, an encrypted or unusable key, and
    /// [`Error::KeyMismatch`].
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self> {
        Self::load(
            (certificate, GIVEN_CERTIFICATE),
            (key, GIVEN_KEY),
            &provider(),
        )
    }

    /// Takes a chain and a key in DER.
    ///
    /// # Errors
    ///
    /// No certificate, a certificate that cannot be read, an unusable key, and
    /// [`Error::KeyMismatch`].
    pub fn from_der(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self> {
        Self::from_der_with_provider(chain, key, &provider())
    }

    /// As [`Identity::from_der`], with the cryptography of another provider than aws-lc-rs.
    ///
    /// # Errors
    ///
    /// As [`Identity::from_der`].
    pub fn from_der_with_provider(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        provider: &CryptoProvider,
    ) -> Result<Self> {
        Self::assemble(chain, GIVEN_CERTIFICATE, key, GIVEN_KEY, provider)
    }

    fn load(
        certificate: (&[u8], &str),
        key: (&[u8], &str),
        provider: &CryptoProvider,
    ) -> Result<Self> {
        let chain = PemBundle::parse(certificate.0, certificate.1)?.certificates()?;
        let private_key = PemBundle::parse(key.0, key.1)?.private_key()?;
        Self::assemble(chain, certificate.1, private_key, key.1, provider)
    }

    fn assemble(
        chain: Vec<CertificateDer<'static>>,
        chain_origin: &str,
        key: PrivateKeyDer<'static>,
        key_origin: &str,
        provider: &CryptoProvider,
    ) -> Result<Self> {
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|e| Error::unusable_key(key_origin, e))?;
        let links = read_links(chain, chain_origin)?;
        let leaf = find_leaf(&links, &*key)?;
        let key_kind = links[leaf].summary().key_kind;
        let summary = links[leaf].summary();
        let certified_key = CertifiedKey::new(in_order(links, leaf), key);
        match certified_key.keys_match() {
            // A version 1 certificate is not read by rustls; `find_leaf` has compared the keys.
            Ok(()) | Err(rustls::Error::InvalidCertificate(_)) => {}
            Err(e) => return Err(Error::unusable_key(key_origin, e)),
        }
        Ok(Self(Arc::new(Inner {
            certified_key: Arc::new(certified_key),
            summary,
            key_kind,
        })))
    }

    /// The chain and signing key in the form that rustls's resolvers hand out.
    #[must_use]
    pub fn certified_key(&self) -> &Arc<CertifiedKey> {
        &self.0.certified_key
    }

    /// The chain, leaf first.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0.certified_key.cert
    }

    /// Kind of the key.
    #[must_use]
    pub fn key_algorithm(&self) -> KeyKind {
        self.0.key_kind
    }

    /// What the leaf says.
    #[must_use]
    pub fn summary(&self) -> &CertificateSummary {
        &self.0.summary
    }

    /// Checks that the leaf is within its dates at `now`.
    ///
    /// # Errors
    ///
    /// [`Error::Expired`] or [`Error::NotYetValid`].
    pub fn check_dates(&self, now: UnixTime) -> Result<()> {
        let summary = self.summary();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now > summary.not_after {
            return Err(Error::Expired {
                subject: summary.subject.clone(),
                not_after: summary.not_after,
            });
        }
        if now < summary.not_before {
            return Err(Error::NotYetValid {
                subject: summary.subject.clone(),
                not_before: summary.not_before,
            });
        }
        Ok(())
    }
}

/// The default provider of this crate, explicit: the process default is never asked.
fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// A certificate of the chain with what is needed to order it.
struct Link {
    der: CertificateDer<'static>,
    certificate: Certificate,
}

impl Link {
    fn summary(&self) -> CertificateSummary {
        CertificateSummary::of(&self.certificate, &self.der)
    }

    fn public_key(&self) -> Vec<u8> {
        self.certificate
            .tbs_certificate()
            .subject_public_key_info()
            .to_der()
            .unwrap_or_default()
    }

    fn is_issued_by(&self, issuer: &Self) -> bool {
        self.certificate.tbs_certificate().issuer()
            == issuer.certificate.tbs_certificate().subject()
    }
}

fn read_links(chain: Vec<CertificateDer<'static>>, origin: &str) -> Result<Vec<Link>> {
    let mut links: Vec<Link> = Vec::with_capacity(chain.len());
    for (index, der) in chain.into_iter().enumerate() {
        let certificate = Certificate::from_der(&der)
            .map_err(|e| Error::certificate(&format!("{origin}, certificate {}", index + 1), e))?;
        if links.iter().all(|link| link.der != der) {
            links.push(Link { der, certificate });
        }
    }
    if links.is_empty() {
        return Err(Error::NoCertificate {
            origin: origin.to_owned(),
            labels: Vec::new(),
        });
    }
    Ok(links)
}

/// Spec T-CRD-07: a key without its certificate is refused, and the message says which is which.
fn find_leaf(links: &[Link], key: &dyn SigningKey) -> Result<usize> {
    let public_key = key
        .public_key()
        .map(|spki| spki.to_vec())
        .unwrap_or_default();
    let fits = |link: &Link| !public_key.is_empty() && link.public_key() == public_key;
    links.iter().position(fits).ok_or_else(|| {
        let first = links[0].summary();
        Error::KeyMismatch {
            key_kind: kind_of_spki(&public_key),
            subject: first.subject,
            certificate_kind: first.key_kind,
        }
    })
}

/// Leaf, then issuer after issuer, then the rest.
fn in_order(mut links: Vec<Link>, leaf: usize) -> Vec<CertificateDer<'static>> {
    let mut ordered = vec![links.remove(leaf)];
    while let Some(issuer) = ordered
        .last()
        .and_then(|last| links.iter().position(|link| last.is_issued_by(link)))
    {
        ordered.push(links.remove(issuer));
    }
    ordered.extend(links);
    ordered.into_iter().map(|link| link.der).collect()
}

#[cfg(unix)]
fn warn_if_readable_by_others(key: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(metadata) = std::fs::metadata(key) {
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o007 != 0 {
            tracing::warn!(path = %key.display(), mode = format_args!("{mode:o}"), "every user of this machine may use this private key file; chmod 600 it");
        }
    }
}

#[cfg(not(unix))]
fn warn_if_readable_by_others(_key: &Path) {}
