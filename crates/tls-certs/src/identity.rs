//! A certificate chain and its private key, proven to belong together.

use std::path::Path;
use std::sync::Arc;

use pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::crypto::CryptoProvider;
use rustls::sign::{CertifiedKey, SigningKey};

use crate::certificate::public_key::kind_of_spki;
use crate::chain::{Link, in_order, read_links};
use crate::pem_bundle::{PemBundle, read_file};
use crate::{
    CertificateSummary, Error, IdentityLoader, KeyKind, Passphrase, Result, SecurityLevel, Source,
    file_mode, private_key,
};

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
        Self::load((&chain_text, &origins.0), (&key_text, &origins.1), None)
    }

    /// Loads PEM text: a chain in any order and one unencrypted key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    ///
    /// Damaged PEM, no certificate, no key or several, an encrypted or unusable key, and
    /// [`Error::KeyMismatch`].
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self> {
        Self::load((certificate, GIVEN_CERTIFICATE), (key, GIVEN_KEY), None)
    }

    /// As [`Identity::from_pem`], with a key that may be encrypted: PKCS#8 with PBES2, or
    /// the traditional form with `DEK-Info`. A passphrase that is not needed is not asked for.
    ///
    /// # Errors
    ///
    /// As [`Identity::from_pem`]; [`Error::BadDecrypt`] for a wrong passphrase, and the
    /// errors of [`Passphrase::reveal`].
    #[doc(alias = "passphrase")]
    pub fn from_encrypted_pem(
        certificate: &[u8],
        key: &[u8],
        passphrase: &Passphrase,
    ) -> Result<Self> {
        Self::load(
            (certificate, GIVEN_CERTIFICATE),
            (key, GIVEN_KEY),
            Some(passphrase),
        )
    }

    /// Loads the one identity of a PKCS#12 or PFX file's bytes; of several, take
    /// [`IdentityLoader::pfx`].
    ///
    /// # Errors
    ///
    /// [`Error::Pkcs12Mac`] for a wrong passphrase, [`Error::Pkcs12`] for what is no PFX,
    /// [`Error::UnsupportedPkcs12`] (RC2), [`Error::Pkcs12NoKey`], [`Error::SeveralKeys`] and
    /// what [`IdentityLoader::load`] refuses.
    #[doc(alias = "pfx")]
    pub fn from_pkcs12(pfx: &[u8], passphrase: &Passphrase) -> Result<Self> {
        let source = Source::bytes("the PFX", pfx).with_passphrase(passphrase.clone());
        let mut identities = IdentityLoader::new().pfx(source).load()?;
        match (identities.pop(), identities.len()) {
            (Some(identity), 0) => Ok(identity),
            (_, others) => Err(Error::SeveralKeys {
                origin: String::from("the PFX"),
                count: others + 1,
            }),
        }
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
        passphrase: Option<&Passphrase>,
    ) -> Result<Self> {
        let chain = PemBundle::parse(certificate.0, certificate.1)?.certificates()?;
        let private_key = PemBundle::parse(key.0, key.1)?.private_key(passphrase)?;
        Self::assemble(chain, certificate.1, private_key, key.1, &provider())
    }

    fn assemble(
        chain: Vec<CertificateDer<'static>>,
        chain_origin: &str,
        key: PrivateKeyDer<'static>,
        key_origin: &str,
        provider: &CryptoProvider,
    ) -> Result<Self> {
        let level = SecurityLevel::default();
        let key = load_key(key, key_origin, level, provider)?;
        let links = read_links(chain, chain_origin)?;
        if links.is_empty() {
            return Err(Error::NoCertificate {
                origin: chain_origin.to_owned(),
                labels: Vec::new(),
            });
        }
        let leaf = find_leaf(&links, &*key)?;
        let (mut ordered, surplus) = in_order(links, leaf);
        ordered.extend(surplus);
        Self::of_chain(ordered, key, key_origin, level)
    }

    /// Of a chain in order and the key of its first certificate.
    pub(crate) fn of_chain(
        chain: Vec<Link>,
        key: Arc<dyn SigningKey>,
        key_origin: &str,
        level: SecurityLevel,
    ) -> Result<Self> {
        let summary = chain[0].summary();
        let key_kind = summary.key_kind;
        if let Some(bits) = summary.key_bits {
            level.check(key_origin, key_kind, bits)?;
        }
        let chain = chain.into_iter().map(|link| link.der).collect();
        let certified_key = CertifiedKey::new(chain, key);
        match certified_key.keys_match() {
            // A version 1 certificate is not read by rustls; `fits` has compared the keys.
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

    /// Checks that the key is no smaller than `level` allows. Loading has checked level 2, or the
    /// one that the [`IdentityLoader`] was given; this is for a higher one.
    ///
    /// # Errors
    ///
    /// [`Error::KeyTooSmall`].
    pub fn check_level(&self, level: SecurityLevel) -> Result<()> {
        let summary = self.summary();
        let bits = summary.key_bits.unwrap_or(u32::MAX);
        level.check(
            &format!("the key of {}", summary.subject),
            self.0.key_kind,
            bits,
        )
    }

    /// Checks that the leaf is within its dates at `now`.
    ///
    /// # Errors
    ///
    /// [`Error::Expired`] or [`Error::NotYetValid`].
    pub fn check_dates(&self, now: UnixTime) -> Result<()> {
        self.summary().check_dates(now)
    }
}

/// The default provider of this crate, explicit: the process default is never asked.
pub(crate) fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// Refuses a small key by its size, and one that the provider cannot use by its words.
pub(crate) fn load_key(
    key: PrivateKeyDer<'static>,
    origin: &str,
    level: SecurityLevel,
    provider: &CryptoProvider,
) -> Result<Arc<dyn SigningKey>> {
    private_key::check_rsa(&key, origin, level)?;
    let kind = private_key::unusable_kind(&key);
    let loaded = provider.key_provider.load_private_key(key);
    loaded.map_err(|error| match (kind, error) {
        (Some(kind), _) => Error::unusable_key(origin, format!("it is {kind}")),
        (None, rustls::Error::General(words)) => Error::unusable_key(origin, words),
        (None, error) => Error::unusable_key(origin, error),
    })
}

/// The public half of a key as SubjectPublicKeyInfo; empty where the provider gives none.
pub(crate) fn public_key(key: &dyn SigningKey) -> Vec<u8> {
    key.public_key()
        .map(|spki| spki.to_vec())
        .unwrap_or_default()
}

/// Spec T-CRD-07: a key without its certificate is refused, and the message says which is which.
fn find_leaf(links: &[Link], key: &dyn SigningKey) -> Result<usize> {
    let public_key = public_key(key);
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

pub(crate) fn warn_if_readable_by_others(key: &Path) {
    let mode = std::fs::metadata(key)
        .ok()
        .and_then(|metadata| file_mode::open_to_everybody(&metadata));
    if let Some(mode) = mode {
        tracing::warn!(path = %key.display(), mode = format_args!("{mode:o}"), "every user of this machine may use this private key file; chmod 600 it");
    }
}
