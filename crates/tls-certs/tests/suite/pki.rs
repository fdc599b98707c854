//! Certificates for these tests, each with one thing about it that matters.

use std::sync::Arc;
use std::time::Duration;

use pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use tls_certs::{ServerVerifier, Trust};

/// 2026-06-01T00:00:00Z: within everything here that is not made to be out of its dates.
pub(crate) const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_780_272_000));

/// A certificate with its key and what it was made of, so that it can issue others.
pub(crate) struct Made {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) key: KeyPair,
    params: CertificateParams,
}

impl Made {
    pub(crate) fn self_signed(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        Self { der, key, params }
    }

    pub(crate) fn issue(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let der = params.signed_by(&key, &issuer).unwrap().der().clone();
        Self { der, key, params }
    }

    pub(crate) fn params(&self) -> &CertificateParams {
        &self.params
    }

    pub(crate) fn root(name: &str) -> Self {
        Self::self_signed(ca(name))
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    pub(crate) fn pem(&self) -> String {
        pem::encode(&pem::Pem::new("CERTIFICATE", self.der.as_ref()))
    }

    pub(crate) fn trusted(&self) -> Trust {
        Trust::from_der([self.der.clone()]).unwrap()
    }
}

pub(crate) fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2035, 1, 1);
    params
}

pub(crate) fn ca(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

pub(crate) fn server(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.subject_alt_names = CertificateParams::new([name.to_owned()])
        .unwrap()
        .subject_alt_names;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

pub(crate) fn client(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

pub(crate) fn verifier(trust: &Trust) -> ServerVerifier {
    ServerVerifier::new(trust.clone(), provider()).unwrap()
}

pub(crate) fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

pub(crate) fn chain(made: &[&Made]) -> Vec<CertificateDer<'static>> {
    made.iter().map(|made| made.der.clone()).collect()
}

/// A loud line, or a failure where peers are demanded.
pub(crate) fn missing(program: &str) {
    let demanded = ["CI", "TLS_REQUIRE_PEERS"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|value| !matches!(&*value, "" | "0" | "false")));
    assert!(!demanded, "{program} is not on this machine");
    // Past the capture of test output, so that it is seen though the test passes.
    let line = format!("SKIPPED: no {program} on this machine\n");
    _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
}
