//! Several keys and certificates at once, from wherever they are.

mod assembly;
mod found;
mod source;

use std::sync::Arc;

use pki_types::CertificateDer;
use rustls::crypto::CryptoProvider;

use self::assembly::Assembly;
use self::found::{Content, Found};
pub use self::source::Source;
use crate::chain::read_links;
use crate::identity::{load_key, provider};
use crate::{CertificateSummary, Error, Identity, Passphrase, Result, SecurityLevel, Trust};

/// Makes [`Identity`] values from several keys, certificates and PFX files, in any order.
///
/// Each key gets the certificate with its public key, and that one's issuers, from all the
/// certificates that were given, then from the extra ones. PEM and DER are told apart by
/// themselves. A key that is given twice makes one identity.
///
/// ```
/// use tls_certs::{IdentityLoader, Passphrase, Source};
/// # let made = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
/// # let (a, b) = (made("a.test"), made("b.test"));
/// # let (both_certificates, key_a, key_b) =
/// #     (a.cert.pem() + &b.cert.pem(), a.signing_key.serialize_pem(), b.signing_key.serialize_pem());
/// let identities = IdentityLoader::new()
///     .certificates(Source::bytes("certificates", both_certificates))
///     .keys(Source::bytes("key of b", key_b))
///     .keys(Source::bytes("key of a", key_a).with_passphrase(Passphrase::env("KEY_A_PASSPHRASE")))
///     .load()?;
/// assert_eq!(identities[0].summary().dns_names, ["b.test"]);
/// assert_eq!(identities[1].summary().dns_names, ["a.test"]);
/// # Ok::<(), tls_certs::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IdentityLoader {
    sources: Vec<(Content, Source)>,
    extra: Vec<CertificateDer<'static>>,
    passphrase: Option<Passphrase>,
    level: SecurityLevel,
    provider: Arc<CryptoProvider>,
}

/// What [`IdentityLoader::load_all`] found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoadedIdentities {
    /// One for each key, in the order of the keys.
    pub identities: Vec<Identity>,
    /// Certificates that were given and belong to no key and no chain. (Extra ones are
    /// not here: they are there to be chosen from.)
    pub surplus: Vec<CertificateSummary>,
}

impl Default for IdentityLoader {
    fn default() -> Self {
        Self::new()
    }
}

impl IdentityLoader {
    /// Nothing yet; security level 2, cryptography of aws-lc-rs.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sources: Vec::new(),
            extra: Vec::new(),
            passphrase: None,
            level: SecurityLevel::default(),
            provider: Arc::new(provider()),
        }
    }

    /// Adds certificates: PEM, or one in DER. Keys in it are not looked at.
    #[must_use]
    #[doc(alias = "cert")]
    pub fn certificates(self, source: Source) -> Self {
        self.with(Content::Certificates, source)
    }

    /// Adds keys: PEM, or one in DER; encrypted or not. Certificates in it are not looked at.
    #[must_use]
    #[doc(alias = "key")]
    pub fn keys(self, source: Source) -> Self {
        self.with(Content::Keys, source)
    }

    /// Adds the certificates and keys of PEM text that may hold both.
    #[must_use]
    pub fn pem(self, source: Source) -> Self {
        self.with(Content::Both, source)
    }

    /// Adds the certificates and keys of a PKCS#12 or PFX file.
    #[must_use]
    #[doc(alias = "pkcs12")]
    pub fn pfx(self, source: Source) -> Self {
        self.with(Content::Pfx, source)
    }

    /// Adds certificates from which chains are completed. Roots among them are never sent.
    /// Node takes the ones of `ca` (CTX-02): that is [`IdentityLoader::complete_from`].
    #[must_use]
    pub fn extra_certificates(
        mut self,
        certificates: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> Self {
        self.extra.extend(certificates);
        self
    }

    /// Completes chains from the certificates of a [`Trust`], as Node does with `ca`.
    #[must_use]
    #[doc(alias = "ca")]
    pub fn complete_from(self, trust: &Trust) -> Self {
        let certificates = trust.certificates().iter().map(|c| c.der().clone());
        self.extra_certificates(certificates)
    }

    /// The passphrase of every source that has none of its own.
    #[must_use]
    pub fn passphrase(mut self, passphrase: Passphrase) -> Self {
        self.passphrase = Some(passphrase);
        self
    }

    /// How small the keys may be; level 2 if not called.
    #[must_use]
    pub fn security_level(mut self, level: SecurityLevel) -> Self {
        self.level = level;
        self
    }

    /// The cryptography of another provider than aws-lc-rs.
    #[must_use]
    pub fn provider(mut self, provider: Arc<CryptoProvider>) -> Self {
        self.provider = provider;
        self
    }

    /// Loads everything; surplus certificates are told to `tracing` only.
    ///
    /// Blocks: reads files, derives keys from passphrases, and may ask for them.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: a file that cannot be read, damaged content, no key
    /// ([`Error::NoKey`]), no certificate, [`Error::BadDecrypt`], the errors of PFX files,
    /// [`Error::KeyTooSmall`], [`Error::UnusableKey`], and [`Error::KeyWithoutCertificate`]
    /// for a key that fits no certificate.
    pub fn load(&self) -> Result<Vec<Identity>> {
        let loaded = self.load_all()?;
        for certificate in &loaded.surplus {
            tracing::warn!(
                subject = certificate.subject,
                "this certificate belongs to no private key and no chain, and is not sent"
            );
        }
        Ok(loaded.identities)
    }

    /// As [`IdentityLoader::load`], with the surplus certificates as a value.
    ///
    /// # Errors
    ///
    /// As [`IdentityLoader::load`].
    pub fn load_all(&self) -> Result<LoadedIdentities> {
        let mut found = Found::default();
        for (content, source) in &self.sources {
            found.add(*content, source, self.passphrase.as_ref())?;
        }
        let links = read_links(found.certificates, &found.certificate_origin)?;
        let extra = read_links(self.extra.clone(), "the extra certificates")?;
        let mut assembly = Assembly::new(links, extra, self.level);
        if found.keys.is_empty() {
            let origin = self.origins();
            return Err(Error::NoKey {
                origin,
                labels: labels(assembly.is_empty(), "CERTIFICATE"),
            });
        }
        for (origin, key) in found.keys {
            let key = load_key(key, &origin, self.level, &self.provider)?;
            if assembly.is_empty() {
                let origin = self.origins();
                return Err(Error::NoCertificate {
                    origin,
                    labels: labels(false, "PRIVATE KEY"),
                });
            }
            assembly.add(&origin, key)?;
        }
        Ok(assembly.finish())
    }

    fn origins(&self) -> String {
        let names: Vec<_> = self.sources.iter().map(|(_, s)| s.place.origin()).collect();
        match names.is_empty() {
            true => String::from("the loader without sources"),
            false => names.join(", "),
        }
    }

    fn with(mut self, content: Content, source: Source) -> Self {
        self.sources.push((content, source));
        self
    }
}

/// Labels of what was found instead, for the message.
fn labels(nothing: bool, label: &str) -> Vec<String> {
    match nothing {
        true => Vec::new(),
        false => vec![label.to_owned()],
    }
}
