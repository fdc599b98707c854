//! Certificates that the development CA issues, kept on disk between runs.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::authority::{Authority, CLOCK_SKEW};
use super::private_files::PrivateDirectory;
use super::{LEAF_CERTIFICATE, LEAF_KEY, generate_failed, machine};
use crate::{Error, Identity, Result};

const LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// What must be left of it for the certificate to be handed out again: a third.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The names that a certificate is for, in order of first mention.
pub(super) struct Names {
    common_name: String,
    dns: Vec<String>,
    ips: Vec<IpAddr>,
}

impl Names {
    pub(super) fn parse(names: &[&str]) -> Result<Self> {
        let common_name = names.first().ok_or(Error::NoNames)?.to_ascii_lowercase();
        let mut parsed = Self {
            common_name,
            dns: Vec::new(),
            ips: Vec::new(),
        };
        for name in names {
            parsed.push(name)?;
        }
        Ok(parsed)
    }

    fn push(&mut self, name: &str) -> Result<()> {
        if let Ok(ip) = name.parse::<IpAddr>() {
            if !self.ips.contains(&ip) {
                self.ips.push(ip);
            }
            return Ok(());
        }
        let lower = name.to_ascii_lowercase();
        let is_usable = match lower.strip_prefix("*.") {
            // webpki refuses a whole certificate for a wildcard right under a top level.
            Some(parent) => machine::is_dns_name(parent) && parent.contains('.'),
            None => machine::is_dns_name(&lower),
        };
        if !is_usable {
            return Err(Error::InvalidName {
                name: crate::displayed_text::displayed(name),
            });
        }
        if !self.dns.contains(&lower) {
            self.dns.push(lower);
        }
        Ok(())
    }

    /// The first name outside the CA's name constraints: every peer would refuse it.
    pub(super) fn first_not_permitted(&self, permitted: &[String]) -> Option<String> {
        let is_permitted = |name: &str| {
            permitted.iter().any(|base| {
                name == base
                    || name
                        .strip_suffix(base.as_str())
                        .is_some_and(|rest| rest.ends_with('.'))
            })
        };
        let dns = self.dns.iter().find(|name| !is_permitted(name)).cloned();
        dns.or_else(|| {
            self.ips
                .iter()
                .find(|ip| !is_loopback(ip))
                .map(ToString::to_string)
        })
    }

    fn subject_alt_names(&self) -> Result<Vec<SanType>> {
        let dns = self
            .dns
            .iter()
            .map(|name| name.as_str().try_into().map(SanType::DnsName));
        let ips = self
            .ips
            .iter()
            .copied()
            .map(|ip| Ok(SanType::IpAddress(ip)));
        dns.chain(ips)
            .collect::<Result<_, rcgen::Error>>()
            .map_err(|e| generate_failed(&e))
    }

    fn are_those_of(&self, identity: &Identity) -> bool {
        let summary = identity.summary();
        self.dns.iter().collect::<BTreeSet<_>>() == summary.dns_names.iter().collect()
            && self.ips.iter().collect::<BTreeSet<_>>() == summary.ip_addresses.iter().collect()
    }
}

fn is_loopback(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => *ip == Ipv6Addr::LOCALHOST,
    }
}

/// The certificate on disk, if it is still the right one. Whatever is wrong with it, a
/// new one is the answer, so there are no errors here.
pub(super) fn load(
    directory: &PrivateDirectory,
    authority: &Authority,
    names: &Names,
    now: SystemTime,
) -> Option<Identity> {
    let certificate = directory.read(LEAF_CERTIFICATE).ok()??;
    let key = directory.read_secret(LEAF_KEY).ok()??;
    let identity = Identity::from_pem(&certificate, &key).ok()?;
    let summary = identity.summary();
    let lasts = summary.not_after.min(authority.not_after()) > unix(now + RENEW_BEFORE)
        || summary.not_after >= authority.not_after();
    let is_current = summary.not_before <= unix(now) && unix(now) < summary.not_after && lasts;
    (is_current && names.are_those_of(&identity) && is_issued_by(&identity, authority))
        .then_some(identity)
}

/// Issues and stores a certificate with a new key.
pub(super) fn issue(
    directory: &PrivateDirectory,
    authority: &Authority,
    names: &Names,
    now: SystemTime,
) -> Result<Identity> {
    let key = KeyPair::generate().map_err(|e| generate_failed(&e))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, names.common_name.as_str());
    params.subject_alt_names = names.subject_alt_names()?;
    params.not_before = OffsetDateTime::from(now - CLOCK_SKEW);
    params.not_after = OffsetDateTime::from(not_after(now, authority));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params
        .signed_by(&key, &authority.issuer())
        .map_err(|e| generate_failed(&e))?
        .pem();
    let key = Zeroizing::new(key.serialize_pem());
    let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes())?;
    directory.write(LEAF_KEY, key.as_bytes())?;
    directory.write(LEAF_CERTIFICATE, certificate.as_bytes())?;
    Ok(identity)
}

/// No longer than the CA: a chain must not break in its upper part first.
fn not_after(now: SystemTime, authority: &Authority) -> SystemTime {
    let ca =
        UNIX_EPOCH + Duration::from_secs(u64::try_from(authority.not_after()).unwrap_or_default());
    (now + LIFETIME).min(ca)
}

/// By signature, not by name: a CA that was made anew has the same name.
fn is_issued_by(identity: &Identity, authority: &Authority) -> bool {
    let Ok(anchor) = webpki::anchor_from_trusted_cert(authority.certificate()) else {
        return false;
    };
    let Some(leaf) = identity.chain().first() else {
        return false;
    };
    let Ok(leaf) = webpki::EndEntityCert::try_from(leaf) else {
        return false;
    };
    let middle = identity
        .summary()
        .not_after
        .midpoint(identity.summary().not_before);
    let time = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(
        u64::try_from(middle).unwrap_or_default(),
    ));
    let algorithms = rustls::crypto::aws_lc_rs::default_provider()
        .signature_verification_algorithms
        .all;
    leaf.verify_for_usage(
        algorithms,
        &[anchor],
        &[],
        time,
        webpki::KeyUsage::server_auth(),
        None,
        None,
    )
    .is_ok()
}

fn unix(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
