//! A certificate authority of the tests.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::CertificateDer;

use super::{Leaf, client_params, leaf::write, named, p256, server_params};

/// A certificate authority: its certificate, and the key that signs.
pub struct Authority {
    certificate: CertificateDer<'static>,
    pem: String,
    /// What a leaf sends besides itself: nothing below a root, the intermediate below that.
    sent_with_leaves: Vec<CertificateDer<'static>>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new self-signed root with a P-256 key.
    #[must_use]
    pub fn root(name: &str) -> Self {
        let params = authority_params(name);
        let key = p256();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            sent_with_leaves: Vec::new(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A new intermediate below this authority.
    #[must_use]
    pub fn subordinate(&self, name: &str) -> Self {
        let params = authority_params(name);
        let key = p256();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let mut sent_with_leaves = vec![certificate.der().clone()];
        sent_with_leaves.extend(self.sent_with_leaves.iter().cloned());
        Self {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            sent_with_leaves,
            issuer: Issuer::new(params, key),
        }
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Its certificate as PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its key as PKCS#8 PEM, for programs that sign in its name.
    #[must_use]
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Signs whatever `params` say for the holder of `key`.
    #[must_use]
    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers build params for this call"
    )]
    pub fn sign(&self, mut params: CertificateParams, key: KeyPair) -> Leaf {
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let mut chain = vec![certificate.der().clone()];
        chain.extend(self.sent_with_leaves.iter().cloned());
        Leaf { chain, key }
    }

    /// A good server certificate for `names`.
    #[must_use]
    pub fn server(&self, names: &[&str], key: KeyPair) -> Leaf {
        self.sign(server_params(names), key)
    }

    /// A good client certificate with `name` as common and alternative name.
    #[must_use]
    pub fn client(&self, name: &str, key: KeyPair) -> Leaf {
        self.sign(client_params(name), key)
    }

    /// A revocation list of this authority as PEM, good for the next weeks, with these serial
    /// numbers on it.
    #[must_use]
    pub fn crl(&self, revoked: &[u64]) -> String {
        let params = list(revoked.iter().map(|&serial| serial.into()));
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    /// A revocation list in PEM, issued at the beginning of `year` and good for ten years, with
    /// these certificates on it.
    #[must_use]
    pub fn crl_pem(&self, year: i32, revoked: &[&CertificateDer<'_>]) -> String {
        let serials = revoked.iter().map(|certificate| serial(certificate));
        let mut params = list(serials.map(SerialNumber::from_slice));
        params.this_update = date_time_ymd(year, 1, 1);
        params.next_update = date_time_ymd(year + 10, 1, 1);
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    /// Writes `NAME.pem` into `dir`.
    #[must_use]
    pub fn write_to(&self, dir: &Path, name: &str) -> PathBuf {
        write(dir, &format!("{name}.pem"), &self.pem)
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = named(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}

/// A list with these serial numbers, of yesterday.
fn list(revoked: impl Iterator<Item = SerialNumber>) -> CertificateRevocationListParams {
    let day = Duration::from_secs(86_400);
    let yesterday = SystemTime::now() - day;
    let revoked = revoked.map(|serial_number| RevokedCertParams {
        serial_number,
        revocation_time: yesterday.into(),
        reason_code: None,
        invalidity_date: None,
    });
    CertificateRevocationListParams {
        this_update: yesterday.into(),
        next_update: (yesterday + 30 * day).into(),
        crl_number: 1_u64.into(),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
}

/// The serial number of a version 3 certificate (RFC 5280, Section 4.1): what follows its version.
fn serial<'a>(certificate: &'a CertificateDer<'_>) -> &'a [u8] {
    const VERSION_3: &[u8] = &[0xa0, 3, 2, 1, 2];
    let version = certificate.windows(5).position(|bytes| bytes == VERSION_3);
    match &certificate[version.unwrap() + 5..] {
        [2, length, rest @ ..] => &rest[..usize::from(*length)],
        _ => panic!("no serial number after the version"),
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}
