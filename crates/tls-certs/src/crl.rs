//! Certificate revocation lists (RFC 5280, Section 5).

mod fields;
mod policy;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use der::Decode;
use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use sha2::{Digest, Sha256};
use webpki::{CertRevocationList, OwnedCertRevocationList, RevocationReason};
use x509_cert::Certificate;
use x509_cert::ext::pkix::AuthorityKeyIdentifier;

use self::fields::Fields;
pub use self::policy::{CrlDepth, CrlPolicy};
use crate::certificate::distinguished_name::one_line_of_content;
use crate::certificate::hex;
use crate::chain_path::name_content;
use crate::pem_bundle::read_file;
use crate::{Error, Result, VerifyCode};

/// Lists of one [`Crls`]; a trust with more CAs than that wants OCSP or short-lived certificates.
const MAX_LISTS: usize = 4096;

/// One revocation list. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Crl(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    der: Vec<u8>,
    fields: Fields,
    /// webpki's reading, or the code of a date that cannot be read: OpenSSL loads such a
    /// list and refuses what it should vouch for, and so does this crate.
    list: Result<CertRevocationList<'static>, VerifyCode>,
}

impl Crl {
    /// Reads a list in DER: version 2, complete (not a delta), with a date of its next update.
    ///
    /// # Errors
    ///
    /// [`Error::Crl`].
    pub fn from_der(der: &[u8]) -> Result<Self> {
        Self::read(der, "the revocation list")
    }

    fn read(der: &[u8], origin: &str) -> Result<Self> {
        let unusable = |reason: String| Error::Crl {
            origin: origin.to_owned(),
            reason,
        };
        let fields =
            Fields::read(der).ok_or_else(|| unusable(String::from("it is not a CRL in DER")))?;
        let list = match (OwnedCertRevocationList::from_der(der), fields.bad_date()) {
            (Ok(list), None) => Ok(CertRevocationList::from(list)),
            (_, Some(code)) => Err(code),
            (Err(error), None) => return Err(unusable(reason(&error))),
        };
        Ok(Self(Arc::new(Inner {
            der: der.to_vec(),
            fields,
            list,
        })))
    }

    /// The list as it was loaded.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// Who issued it, on one line.
    #[must_use]
    pub fn issuer(&self) -> String {
        one_line_of_content(&self.0.fields.issuer)
    }

    /// When it was issued, seconds since 1970; `None` if the date cannot be read.
    #[doc(alias = "lastUpdate")]
    #[must_use]
    pub fn this_update(&self) -> Option<i64> {
        self.0.fields.this_update
    }

    /// When it will be replaced, seconds since 1970; `None` if the date cannot be read.
    #[must_use]
    pub fn next_update(&self) -> Option<i64> {
        self.0.fields.next_update
    }

    /// SHA-256 of the whole list, upper-case hex pairs separated by colons.
    #[must_use]
    pub fn fingerprint256(&self) -> String {
        hex(&Sha256::digest(self.der()), Some(':'))
    }

    /// Whether the certificate of this serial number is on the list.
    pub(crate) fn lists_serial(&self, serial: &[u8]) -> bool {
        match &self.0.list {
            Ok(list) => !matches!(list.find_serial(serial), Ok(None)),
            Err(_) => false,
        }
    }

    /// When the certificate of this serial number was revoked, and why, if the list says so.
    pub(crate) fn revocation(&self, serial: &[u8]) -> Option<(i64, Option<&'static str>)> {
        let entry = self.0.list.as_ref().ok()?.find_serial(serial).ok()??;
        let reason = entry.reason_code.map(reason_name);
        Some((seconds(entry.revocation_date), reason))
    }

    /// The issuer's name without its SEQUENCE header.
    pub(crate) fn issuer_content(&self) -> &[u8] {
        &self.0.fields.issuer
    }

    /// Whether another key than that of `signer` signed it, as far as both say which.
    pub(crate) fn is_of_another_key(&self, signer: &Signer) -> bool {
        match (&self.0.fields.key_id, &signer.key_id) {
            (Some(own), Some(other)) => own != other,
            _ => false,
        }
    }

    /// Whether both are of one issuer, and not of two of its keys.
    pub(crate) fn is_of_the_same_issuer(&self, other: &Self) -> bool {
        let (one, other) = (&self.0.fields, &other.0.fields);
        let same_key = match (&one.key_id, &other.key_id) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        one.issuer == other.issuer && same_key
    }

    /// The code of a date that cannot be read.
    pub(crate) fn defect(&self) -> Option<VerifyCode> {
        self.0.list.as_ref().err().copied()
    }

    pub(crate) fn is_before_its_time(&self, now: UnixTime) -> bool {
        self.this_update().is_some_and(|date| date > seconds(now))
    }

    pub(crate) fn is_stale(&self, now: UnixTime) -> bool {
        self.next_update().is_some_and(|date| date <= seconds(now))
    }

    /// Whether the key of `issuer` (a certificate) signed the list.
    pub(crate) fn is_signed_by(
        &self,
        issuer: &CertificateDer<'_>,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> bool {
        let Ok(issuer) = webpki::EndEntityCert::try_from(issuer) else {
            return false;
        };
        let fields = &self.0.fields;
        let signed = &self.der()[fields.signed.clone()];
        let mut fitting = algorithms
            .iter()
            .filter(|a| a.signature_alg_id().as_ref() == fields.signature_algorithm);
        fitting.any(|a| {
            issuer
                .verify_signature(*a, signed, &fields.signature)
                .is_ok()
        })
    }
}

/// Why webpki does not take a list, for people.
fn reason(error: &webpki::Error) -> String {
    use webpki::Error as E;
    match error {
        E::UnsupportedCrlVersion => {
            "it is a version 1 list, or has no version; issue it as version 2"
        }
        E::UnsupportedDeltaCrl => "it is a delta list; the complete one is needed",
        E::UnsupportedIndirectCrl => "it is an indirect list, for certificates of other CAs",
        E::UnsupportedRevocationReasonsPartitioning => "it covers only some reasons of revocation",
        E::UnsupportedCriticalExtension => "it has a critical extension that is not known here",
        E::InvalidCrlNumber => "its number is longer than 20 bytes or negative",
        _ => return format!("it cannot be read ({error})"),
    }
    .to_owned()
}

/// The names of RFC 5280, Section 5.3.1.
const fn reason_name(reason: RevocationReason) -> &'static str {
    use RevocationReason as R;
    match reason {
        R::Unspecified => "unspecified",
        R::KeyCompromise => "keyCompromise",
        R::CaCompromise => "cACompromise",
        R::AffiliationChanged => "affiliationChanged",
        R::Superseded => "superseded",
        R::CessationOfOperation => "cessationOfOperation",
        R::CertificateHold => "certificateHold",
        R::RemoveFromCrl => "removeFromCRL",
        R::PrivilegeWithdrawn => "privilegeWithdrawn",
        R::AaCompromise => "aACompromise",
    }
}

fn seconds(now: UnixTime) -> i64 {
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// Revocation lists. Cheap to clone.
///
/// With lists given to a verifier, every certificate that the [`CrlPolicy`] covers needs one
/// of its issuer: without, it is refused with `UNABLE_TO_GET_CRL`, as in Node and OpenSSL.
/// Of several lists of one issuer the newest counts whose time has come.
///
/// ```
/// use tls_certs::Crls;
/// # fn load() -> tls_certs::Result<()> {
/// let crls = Crls::from_pem_file("ca.crl.pem")?.with(&Crls::from_pem_file("root.crl.pem")?);
/// for crl in crls.lists() {
///     println!("{}: next update {:?}", crl.issuer(), crl.next_update());
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias = "crl")]
#[derive(Clone, Debug)]
pub struct Crls(Arc<[Crl]>);

/// Who signed a certificate, as the certificate has it: a name, and which of its keys.
pub(crate) struct Signer {
    issuer: Vec<u8>,
    key_id: Option<Vec<u8>>,
}

impl Signer {
    pub(crate) fn of(certificate: &Certificate) -> Option<Self> {
        let tbs = certificate.tbs_certificate();
        let identifier = tbs.get_extension::<AuthorityKeyIdentifier>().ok().flatten();
        Some(Self {
            issuer: name_content(tbs.issuer())?,
            key_id: identifier
                .and_then(|(_, identifier)| identifier.key_identifier)
                .map(|id| id.as_bytes().to_vec()),
        })
    }
}

impl Crls {
    /// No lists yet, for who has them fetched later. Until then every certificate is refused, unless
    /// the policy is [`CrlPolicy::accept_missing`].
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::new([]))
    }

    /// Every list of a PEM text (label `X509 CRL`); text around the blocks does no harm.
    ///
    /// # Errors
    ///
    /// [`Error::Crl`] if there is none or one cannot be used (Spec CTX-08), damaged PEM.
    pub fn from_pem(text: &[u8]) -> Result<Self> {
        Self::load(text, "the revocation lists")
    }

    /// Every list of a PEM file, or the one of a DER file. Blocks while it is read.
    ///
    /// # Errors
    ///
    /// As [`Crls::from_pem`], and [`Error::Read`].
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_file(path)?;
        Self::from_contents(&bytes, &path.display().to_string())
    }

    /// Of a file's contents, PEM or DER.
    pub(crate) fn from_contents(bytes: &[u8], origin: &str) -> Result<Self> {
        if bytes.first() == Some(&0x30) {
            return Ok(Self(Arc::from([Crl::read(bytes, origin)?])));
        }
        Self::load(bytes, origin)
    }

    /// Lists in DER.
    ///
    /// # Errors
    ///
    /// [`Error::Crl`] if there is none or one cannot be used.
    pub fn from_der<T: AsRef<[u8]>>(lists: impl IntoIterator<Item = T>) -> Result<Self> {
        let origin = "the revocation lists";
        let lists = lists.into_iter().map(|der| Crl::read(der.as_ref(), origin));
        Self::new(lists.collect::<Result<_>>()?, origin)
    }

    fn load(text: &[u8], origin: &str) -> Result<Self> {
        let damaged = |e: pem::PemError| Error::Crl {
            origin: origin.to_owned(),
            reason: format!("damaged PEM: {e}"),
        };
        let lists = pem::parse_many(text)
            .map_err(damaged)?
            .into_iter()
            .filter(|block| block.tag() == "X509 CRL" || block.tag() == "CRL")
            .map(|block| Crl::read(block.contents(), origin));
        Self::new(lists.collect::<Result<_>>()?, origin)
    }

    pub(crate) fn new(mut lists: Vec<Crl>, origin: &str) -> Result<Self> {
        let reason = match lists.len() {
            0 => "there is no block -----BEGIN X509 CRL-----",
            1..=MAX_LISTS => "",
            _ => "there are more than 4096 lists",
        };
        if !reason.is_empty() {
            return Err(Error::Crl {
                origin: origin.to_owned(),
                reason: reason.to_owned(),
            });
        }
        // webpki takes the first of an issuer.
        lists.sort_by_key(|list| std::cmp::Reverse(list.this_update()));
        Ok(Self(lists.into()))
    }

    /// These lists and those.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut lists: Vec<_> = self.0.iter().chain(other.0.iter()).cloned().collect();
        lists.sort_by_key(|list| std::cmp::Reverse(list.this_update()));
        lists.dedup_by(|a, b| a.der() == b.der());
        Self(lists.into())
    }

    /// The lists, newest first.
    #[must_use]
    pub fn lists(&self) -> &[Crl] {
        &self.0
    }

    /// What webpki may look into for this chain: readable, and not from the future.
    ///
    /// webpki goes by the issuer's name alone. So of a CA that has changed its key, a list of the
    /// key that signed nothing in the chain is left out. What is left out can let nobody pass: who
    /// has no list then is refused.
    pub(crate) fn usable(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Vec<&CertRevocationList<'static>> {
        let current = self.0.iter().filter(|list| !list.is_before_its_time(now));
        let signers = match self.has_an_issuer_with_two_keys() {
            true => signers(chain),
            false => Vec::new(),
        };
        let is_asked = |list: &&Crl| {
            let mut of_issuer = signers
                .iter()
                .filter(|signer| signer.issuer == list.issuer_content())
                .peekable();
            of_issuer.peek().is_none() || !of_issuer.all(|signer| list.is_of_another_key(signer))
        };
        current
            .filter(is_asked)
            .filter_map(|list| list.0.list.as_ref().ok())
            .collect()
    }

    fn has_an_issuer_with_two_keys(&self) -> bool {
        let mut keys: HashMap<&[u8], &[u8]> = HashMap::new();
        self.0.iter().any(|list| {
            let Some(key) = list.0.fields.key_id.as_deref() else {
                return false;
            };
            *keys.entry(list.issuer_content()).or_insert(key) != key
        })
    }

    /// The lists of an issuer, newest first.
    pub(crate) fn of<'a>(&'a self, issuer: &'a [u8]) -> impl Iterator<Item = &'a Crl> {
        self.0
            .iter()
            .filter(move |list| list.issuer_content() == issuer)
    }
}

fn signers(chain: &[CertificateDer<'_>]) -> Vec<Signer> {
    let certificates = chain
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok());
    certificates
        .filter_map(|certificate| Signer::of(&certificate))
        .collect()
}
