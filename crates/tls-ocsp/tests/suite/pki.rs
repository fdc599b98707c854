//! Certificates that name a responder, demand staples, or answer for their CA.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, date_time_ymd};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use tls_ocsp::{ResponseVerifier, Target};
use tls_testing::pki::{client_params, p256, server_params};
use tls_testing::{Authority, Leaf, Pki};

pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

pub fn verifier() -> ResponseVerifier {
    ResponseVerifier::new(provider())
}

pub fn ca() -> &'static Authority {
    &Pki::shared().intermediate
}

/// A leaf of [`ca`], whose responders are at `urls`.
pub fn leaf(urls: &[&str]) -> Leaf {
    ca().sign(naming(urls), p256())
}

/// The same, with the demand for a staple.
pub fn demanding_leaf(urls: &[&str]) -> Leaf {
    let mut params = naming(urls);
    let feature = vec![0x30, 0x03, 0x02, 0x01, 0x05];
    let oid = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
    params
        .custom_extensions
        .push(CustomExtension::from_oid_content(oid, feature));
    ca().sign(params, p256())
}

fn naming(urls: &[&str]) -> CertificateParams {
    let mut params = server_params(&["localhost"]);
    if !urls.is_empty() {
        let access: Vec<u8> = urls.iter().flat_map(|url| access(url)).collect();
        let oid = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(oid, tlv(0x30, &access)));
    }
    params
}

/// AccessDescription with id-ad-ocsp and a URI.
fn access(url: &str) -> Vec<u8> {
    let mut content = tlv(0x06, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1]);
    content.extend(tlv(0x86, url.as_bytes()));
    tlv(0x30, &content)
}

/// DER of up to 65,535 bytes of content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let mut out = match (high, low) {
        (0, 0..=127) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    out.extend_from_slice(content);
    out
}

/// What a delegate's certificate has, or lacks.
#[derive(Clone, Copy)]
pub struct Delegate {
    pub usage: bool,
    pub no_check: bool,
    pub ended: bool,
}

pub const GOOD_DELEGATE: Delegate = Delegate {
    usage: true,
    no_check: true,
    ended: false,
};

pub fn delegate(authority: &Authority, has: Delegate) -> Leaf {
    let mut params = client_params("responder.test");
    if has.usage {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    }
    if has.no_check {
        let oid = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 5];
        let null = vec![0x05, 0x00];
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(oid, null));
    }
    if has.ended {
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    authority.sign(params, p256())
}

pub fn target(leaf: &Leaf) -> Target {
    Target::from_chain(leaf.chain(), [], &provider()).unwrap()
}

/// `seconds` from now.
pub fn at(seconds: i64) -> UnixTime {
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap();
    let then = u64::try_from(now + seconds).unwrap();
    UnixTime::since_unix_epoch(Duration::from_secs(then))
}
