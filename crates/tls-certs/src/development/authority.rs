//! The development CA's own certificate and key.

use std::time::{Duration, SystemTime};

use der::Decode;
use pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints,
};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::GeneralName;
use zeroize::Zeroizing;

use super::private_files::PrivateDirectory;
use super::{CA_CERTIFICATE, CA_KEY, generate_failed, machine};
use crate::pem_bundle::PemBundle;
use crate::{CertificateSummary, Error, Identity, Result};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Browsers ask for nothing shorter of a root, and two years bound a forgotten one.
const LIFETIME: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);
/// Clocks of containers and machines differ; a certificate starts a little in the past.
pub(super) const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);

/// Certificate, key, and what the certificate permits.
pub(super) struct Authority {
    certificate: CertificateDer<'static>,
    summary: CertificateSummary,
    permitted_names: Vec<String>,
    key: KeyPair,
}

impl Authority {
    /// Makes a CA for this user and machine.
    pub(super) fn generate(now: SystemTime) -> Result<Self> {
        let host = machine::host_name();
        let common_name = format!(
            "tls dev {}@{}",
            machine::user_name(),
            host.as_deref().unwrap_or("localhost")
        );
        let key = KeyPair::generate().map_err(|e| generate_failed(&e))?;
        let mut params = subject(&common_name);
        params.not_before = OffsetDateTime::from(now - CLOCK_SKEW);
        params.not_after = OffsetDateTime::from(now + LIFETIME);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // rcgen marks them critical, as RFC 5280, Section 4.2.1.10, demands.
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted(host),
            excluded_subtrees: Vec::new(),
        });
        let certificate = params.self_signed(&key).map_err(|e| generate_failed(&e))?;
        Self::assemble(certificate.der().clone(), key).map_err(|reason| Error::Generate { reason })
    }

    /// Writes the key first: a certificate without its key is never seen as a CA.
    pub(super) fn store(&self, directory: &PrivateDirectory) -> Result<()> {
        let key = Zeroizing::new(self.key.serialize_pem());
        directory.write(CA_KEY, key.as_bytes())?;
        let pem = pem::encode(&pem::Pem::new("CERTIFICATE", self.certificate.as_ref()));
        directory.write(CA_CERTIFICATE, pem.as_bytes())
    }

    /// Reads the CA; `None` if it is not there, or only half of it.
    pub(super) fn load(directory: &PrivateDirectory) -> Result<Option<Self>> {
        let (Some(certificate), Some(key)) = (
            directory.read(CA_CERTIFICATE)?,
            directory.read_secret(CA_KEY)?,
        ) else {
            return Ok(None);
        };
        let damaged = |reason: String| Error::DamagedCa {
            directory: directory.root().to_path_buf(),
            reason,
        };
        // Proves that they belong together.
        Identity::from_pem(&certificate, &key).map_err(|e| damaged(e.to_string()))?;
        let mut certificates = PemBundle::parse(&certificate, CA_CERTIFICATE)?.certificates()?;
        let key = PemBundle::parse(&key, CA_KEY)?.private_key(None)?;
        let key = PrivatePkcs8KeyDer::from(key.secret_der());
        let key = KeyPair::try_from(&key).map_err(|e| damaged(e.to_string()))?;
        Self::assemble(certificates.remove(0), key)
            .map(Some)
            .map_err(damaged)
    }

    fn assemble(certificate: CertificateDer<'static>, key: KeyPair) -> Result<Self, String> {
        let parsed = Certificate::from_der(&certificate).map_err(|e| e.to_string())?;
        let permitted_names =
            permitted_names(&parsed).ok_or("its certificate has no name constraints")?;
        let summary = CertificateSummary::of(&parsed, &certificate);
        if !summary.is_ca {
            return Err(String::from("its certificate is not a CA's"));
        }
        Ok(Self {
            certificate,
            summary,
            permitted_names,
            key,
        })
    }

    /// Whether certificates with some life can still be issued: a day at least.
    pub(super) fn is_current(&self, now: SystemTime) -> bool {
        let seconds = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
        };
        self.summary.not_before <= seconds(now) && seconds(now + DAY) < self.summary.not_after
    }

    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// End of validity, seconds since 1970.
    pub(super) fn not_after(&self) -> i64 {
        self.summary.not_after
    }

    /// DNS names at or below which certificates may be issued.
    pub(super) fn permitted_names(&self) -> &[String] {
        &self.permitted_names
    }

    /// The form in which rcgen signs. Only the name and the way of making key ids matter,
    /// and both are the same as when the CA was made.
    pub(super) fn issuer(&self) -> Issuer<'_, &KeyPair> {
        let common_name = self.summary.common_name.as_deref().unwrap_or_default();
        let mut params = subject(common_name);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Issuer::new(params, &self.key)
    }
}

fn subject(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params
}

/// A DNS constraint allows the name and everything below it.
fn permitted(host: Option<String>) -> Vec<GeneralSubtree> {
    let mut subtrees = vec![GeneralSubtree::DnsName(String::from("localhost"))];
    subtrees.extend(
        host.filter(|host| host != "localhost")
            .map(GeneralSubtree::DnsName),
    );
    subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(
        [127, 0, 0, 0],
        8,
    )));
    subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
        std::net::Ipv6Addr::LOCALHOST.octets(),
        128,
    )));
    subtrees
}

fn permitted_names(certificate: &Certificate) -> Option<Vec<String>> {
    let extension = certificate
        .tbs_certificate()
        .get_extension::<x509_cert::ext::pkix::NameConstraints>();
    let (critical, constraints) = extension.ok().flatten()?;
    let names = constraints
        .permitted_subtrees
        .unwrap_or_default()
        .into_iter()
        .filter_map(|subtree| match subtree.base {
            GeneralName::DnsName(name) => Some(name.to_string()),
            _ => None,
        });
    critical.then(|| names.collect())
}
