//! The table against itself, and against the OpenSSL of this machine where there is one.

use std::process::Command;

use super::*;

#[test]
fn the_table_is_sorted_and_its_names_are_unique() {
    assert!(TABLE.is_sorted_by(|a, b| a.number < b.number));
    let mut names: Vec<_> = TABLE.iter().map(|row| row.iana).collect();
    names.sort_unstable();
    assert!(
        names.is_sorted_by(|a, b| a < b),
        "an IANA name occurs twice"
    );
    let mut names: Vec<_> = CipherSuite::all()
        .filter_map(CipherSuite::openssl_name)
        .collect();
    names.sort_unstable();
    assert!(
        names.is_sorted_by(|a, b| a < b),
        "an OpenSSL name occurs twice"
    );
}

#[test]
fn either_name_finds_the_suite() {
    for suite in CipherSuite::all() {
        assert_eq!(
            suite.iana_name().map(CipherSuite::from_name),
            Some(Ok(suite))
        );
        if let Some(name) = suite.openssl_name() {
            assert_eq!(CipherSuite::from_name(name), Ok(suite));
        }
    }
    for name in ["", "TLS_NO_SUCH_SUITE", "ecdhe-rsa-aes128-gcm-sha256"] {
        assert_eq!(
            CipherSuite::from_name(name).map_err(|e| e.code()),
            Err("unknown_name")
        );
    }
}

#[test]
fn the_suites_that_rustls_has_are_described() {
    for (suite, openssl, since, hash) in [
        (
            0x1301,
            "TLS_AES_128_GCM_SHA256",
            ProtocolVersion::Tls13,
            HashAlgorithm::Sha256,
        ),
        (
            0x1302,
            "TLS_AES_256_GCM_SHA384",
            ProtocolVersion::Tls13,
            HashAlgorithm::Sha384,
        ),
        (
            0x1303,
            "TLS_CHACHA20_POLY1305_SHA256",
            ProtocolVersion::Tls13,
            HashAlgorithm::Sha256,
        ),
        (
            0xc02b,
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            ProtocolVersion::Tls12,
            HashAlgorithm::Sha256,
        ),
        (
            0xc02c,
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            ProtocolVersion::Tls12,
            HashAlgorithm::Sha384,
        ),
        (
            0xcca9,
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            ProtocolVersion::Tls12,
            HashAlgorithm::Sha256,
        ),
        (
            0xc02f,
            "ECDHE-RSA-AES128-GCM-SHA256",
            ProtocolVersion::Tls12,
            HashAlgorithm::Sha256,
        ),
        (
            0xc030,
            "ECDHE-RSA-AES256-GCM-SHA384",
            ProtocolVersion::Tls12,
            HashAlgorithm::Sha384,
        ),
        (
            0xcca8,
            "ECDHE-RSA-CHACHA20-POLY1305",
            ProtocolVersion::Tls12,
            HashAlgorithm::Sha256,
        ),
    ] {
        let suite = CipherSuite(suite);
        assert_eq!(suite.openssl_name(), Some(openssl));
        assert_eq!(suite.minimum_version(), Some(since));
        assert_eq!(suite.hash(), Some(hash));
        assert!(suite.works_in(since));
    }
}

#[test]
fn suites_of_tls13_work_nowhere_else() {
    assert!(!CipherSuite::TLS_AES_128_GCM_SHA256.works_in(ProtocolVersion::Tls12));
    assert!(!CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.works_in(ProtocolVersion::Tls13));
    assert!(!CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.works_in(ProtocolVersion::Tls11));
    assert!(CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA.works_in(ProtocolVersion::Tls10));
    assert!(!CipherSuite::TLS_FALLBACK_SCSV.works_in(ProtocolVersion::Tls12));
    assert_eq!(CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV.hash(), None);
}

// Spec: SOP-12, T-CIP-17, T-CIP-18, T-CIP-19
#[test]
fn sop_12_a_suite_has_both_names_and_its_first_version() {
    for (name, standard_name, version) in [
        (
            "ECDHE-RSA-AES256-GCM-SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLSv1.2",
        ),
        (
            "TLS_AES_256_GCM_SHA384",
            "TLS_AES_256_GCM_SHA384",
            "TLSv1.3",
        ),
        (
            "AES256-SHA256",
            "TLS_RSA_WITH_AES_256_CBC_SHA256",
            "TLSv1.2",
        ),
        ("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA", "SSLv3"),
    ] {
        let suite = CipherSuite::from_name(name).unwrap();
        assert_eq!(suite.openssl_name(), Some(name));
        assert_eq!(suite.iana_name(), Some(standard_name));
        let first = suite.minimum_version().map(|first| first.to_string());
        assert_eq!(first.as_deref(), Some(version));
    }
}

#[test]
fn sixteen_values_are_grease() {
    let grease: Vec<u16> = (0..=u16::MAX).filter(|&number| is_grease(number)).collect();
    assert_eq!(grease.len(), 16);
    assert_eq!((grease[0], grease[15]), (0x0a0a, 0xfafa));
    assert_eq!(CipherSuite(0x1a1a).to_string(), "GREASE 0x1a1a");
    assert_eq!(CipherSuite(0x1a1b).to_string(), "0x1a1b");
}

/// Whatever OpenSSL is installed, each suite it lists is in the table under the same names.
#[test]
fn the_table_agrees_with_the_installed_openssl() {
    let listed = Command::new("openssl")
        .args([
            "ciphers",
            "-V",
            "-stdname",
            "ALL:COMPLEMENTOFALL:@SECLEVEL=0",
        ])
        .output();
    let Ok(listed) = listed else {
        eprintln!("SKIPPED: no openssl on this machine");
        return;
    };
    let text = String::from_utf8(listed.stdout).unwrap();
    let mut compared = 0;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[number, _, iana, _, openssl, version, ..] = words.as_slice() else {
            panic!("unreadable line {line}");
        };
        let number = u16::from_str_radix(&number.replace("0x", "").replace(',', ""), 16).unwrap();
        let suite = CipherSuite(number);
        assert_eq!(suite.iana_name(), Some(iana));
        assert_eq!(suite.openssl_name(), Some(openssl));
        assert_eq!(suite.minimum_version(), version.parse().ok(), "{iana}");
        compared += 1;
    }
    assert!(compared > 30, "only {compared} suites listed");
}
