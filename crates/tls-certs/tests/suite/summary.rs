//! What a certificate says.

use rcgen::{DnType, SanType};
use tls_certs::{CertificateSummary, KeyKind};

use super::pki::{Made, ca, named};

#[test]
fn every_field_is_filled_from_the_certificate() {
    let mut params = named("www.example.test");
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Example, Inc.");
    params.distinguished_name.push(DnType::CountryName, "CH");
    params.serial_number = Some(vec![0x0a, 0xbc].into());
    params.subject_alt_names = vec![
        SanType::DnsName("www.example.test".try_into().unwrap()),
        SanType::DnsName("*.example.test".try_into().unwrap()),
        SanType::IpAddress("192.0.2.1".parse().unwrap()),
        SanType::IpAddress("2001:db8::1".parse().unwrap()),
        SanType::URI("spiffe://example.test/web".try_into().unwrap()),
        SanType::Rfc822Name("web@example.test".try_into().unwrap()),
    ];
    let summary = CertificateSummary::from_der(&Made::root("CA 1").issue(params).der).unwrap();
    assert_eq!(
        summary.subject,
        "C=CH, O=Example\\, Inc., CN=www.example.test"
    );
    assert_eq!(summary.common_name.as_deref(), Some("www.example.test"));
    assert_eq!(summary.issuer, "CN=CA 1");
    assert_eq!(summary.serial, "0ABC");
    assert_eq!(summary.dns_names, ["www.example.test", "*.example.test"]);
    assert_eq!(summary.ip_addresses.len(), 2);
    assert_eq!(summary.email_addresses, ["web@example.test"]);
    assert_eq!(summary.spiffe_id(), Some("spiffe://example.test/web"));
    assert_eq!(summary.not_before_text(), "2025-01-01T00:00:00Z");
    assert_eq!(summary.not_after_text(), "2035-01-01T00:00:00Z");
    assert_eq!(
        (summary.key_kind, summary.key_bits),
        (KeyKind::EcdsaP256, Some(256))
    );
    assert!(!summary.is_ca);
    assert_eq!(summary.fingerprint256.len(), 95);
    assert_eq!(summary.display_names().len(), 6);
}

#[test]
fn kinds_and_sizes_of_keys() {
    for (algorithm, kind, bits) in [
        (&rcgen::PKCS_ECDSA_P384_SHA384, KeyKind::EcdsaP384, 384),
        (&rcgen::PKCS_ECDSA_P521_SHA512, KeyKind::EcdsaP521, 521),
        (&rcgen::PKCS_ED25519, KeyKind::Ed25519, 256),
        (&rcgen::PKCS_RSA_SHA256, KeyKind::Rsa, 2048),
    ] {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let summary =
            CertificateSummary::from_der(ca("x").self_signed(&key).unwrap().der()).unwrap();
        assert_eq!((summary.key_kind, summary.key_bits), (kind, Some(bits)));
        assert!(summary.is_ca);
    }
}

// X.509-SVID, Section 2: exactly one URI.
#[test]
fn two_uris_are_no_spiffe_id() {
    let mut params = named("x");
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    params.subject_alt_names = vec![uri("spiffe://a/b"), uri("spiffe://a/c")];
    assert_eq!(
        CertificateSummary::from_der(&Made::self_signed(params).der)
            .unwrap()
            .spiffe_id(),
        None
    );
}

// As OpenSSL and Node print it: the zero before a set high bit is DER's, not the number's.
#[test]
fn a_serial_number_has_no_leading_zero_byte() {
    for (bytes, text) in [
        (vec![0xff, 1], "FF01"),
        (vec![0x7f], "7F"),
        (vec![0x0a], "0A"),
    ] {
        let mut params = named("x");
        params.serial_number = Some(bytes.into());
        let summary = CertificateSummary::from_der(&Made::self_signed(params).der).unwrap();
        assert_eq!(summary.serial, text);
    }
}
