//! What people have: encrypted keys, PKCS#12, several identities. The files are OpenSSL's
//! (`fixtures/load/make.sh`); what OpenSSL is on this machine makes is in `openssl.rs`.

use std::path::{Path, PathBuf};

use pki_types::CertificateDer;
use pki_types::pem::PemObject;
use proptest::prelude::*;
use tls_certs::{
    Error, Identity, IdentityLoader, KeyKind, Passphrase, Result, SecurityLevel, Source, Trust,
};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/load")
        .join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&bytes(name)).unwrap()
}

fn file(name: &str) -> Source {
    Source::file(path(name))
}

fn secret(name: &str, passphrase: &str) -> Source {
    file(name).with_passphrase(Passphrase::new(passphrase))
}

fn load(certificate: &str, key: Source) -> Result<Vec<Identity>> {
    IdentityLoader::new()
        .certificates(file(certificate))
        .keys(key)
        .load()
}

fn pfx(source: Source) -> Result<Vec<Identity>> {
    IdentityLoader::new().pfx(source).load()
}

fn with_passphrase(certificate: &str, key: &str, passphrase: &str) -> Result<Identity> {
    Identity::from_encrypted_pem(
        &bytes(certificate),
        &bytes(key),
        &Passphrase::new(passphrase),
    )
}

const MODERN: [&str; 6] = [
    "ec.pbes2-aes-128-cbc.pem",
    "ec.pbes2-aes-192-cbc.pem",
    "ec.pbes2-aes-256-cbc.pem",
    "ec.prf-SHA384.pem",
    "ec.prf-SHA512.pem",
    "ec.scrypt.pem",
];

const LEGACY: [&str; 11] = [
    "ec.pbes2-des-ede3-cbc.pem",
    "ec.prf-SHA1.pem",
    "ec.pbe-sha1-3des.pem",
    "ec.dek-aes128.pem",
    "ec.dek-aes192.pem",
    "ec.dek-aes256.pem",
    "ec.dek-des3.pem",
    "rsa.dek-aes128.pem",
    "rsa.dek-aes192.pem",
    "rsa.dek-aes256.pem",
    "rsa.dek-des3.pem",
];

fn certificate_of(key: &str) -> &'static str {
    match key.starts_with("rsa") {
        true => "rsa.pem",
        false => "ec.pem",
    }
}

// Spec: CTX-05, CTX-06, T-CRD-01
#[test]
fn t_crd_01_encrypted_keys_of_every_form_open_with_their_passphrase() {
    for key in MODERN {
        with_passphrase(certificate_of(key), key, "test").unwrap();
    }
    for key in LEGACY {
        let loaded = with_passphrase(certificate_of(key), key, "test");
        match cfg!(feature = "legacy-encryption") {
            true => assert!(loaded.is_ok(), "{key}: {}", loaded.unwrap_err()),
            false => assert_eq!(loaded.unwrap_err().code(), "encryption_unsupported"),
        }
    }
    load("ec.pem", secret("ec.encrypted.der", "test")).unwrap();
}

// Spec: CTX-16, T-CRD-02
#[test]
fn t_crd_02_a_missing_or_wrong_passphrase_is_a_bad_decrypt() {
    let legacy = LEGACY
        .iter()
        .filter(|_| cfg!(feature = "legacy-encryption"));
    for key in MODERN.iter().chain(legacy) {
        let certificate = certificate_of(key);
        let missing = Identity::from_pem(&bytes(certificate), &bytes(key)).unwrap_err();
        let wrong = with_passphrase(certificate, key, "wrong").unwrap_err();
        let own_wrong = IdentityLoader::new()
            .passphrase(Passphrase::new("test"))
            .certificates(file(certificate))
            .keys(secret(key, "wrong"))
            .load()
            .unwrap_err();
        for error in [missing, wrong, own_wrong] {
            assert_eq!(error.code(), "bad_decrypt", "{key}");
            assert_eq!(error.node_code(), Some("ERR_OSSL_BAD_DECRYPT"));
            assert!(error.to_string().contains("bad decrypt"), "{error}");
        }
    }
}

// Spec: CTX-05, CTX-06, T-CRD-01
#[test]
fn the_own_passphrase_goes_before_the_shared_one_and_an_unneeded_one_is_not_looked_up() {
    let loaded = IdentityLoader::new()
        .passphrase(Passphrase::new("wrong"))
        .certificates(file("ec.pem"))
        .keys(secret("ec.scrypt.pem", "test"))
        .load();
    assert_eq!(loaded.unwrap().len(), 1);
    let never = Passphrase::ask(|_| panic!("asked for nothing"));
    load("ec.pem", file("ec.key.pem").with_passphrase(never)).unwrap();
}

// Spec: T-CRD-08
#[test]
fn keys_in_pem_and_der_of_every_plain_form() {
    for key in ["ec.key.pem", "ec.sec1.pem", "rsa.key.pem", "rsa.pkcs1.pem"] {
        let expected = certificate(certificate_of(key));
        let der = pem::parse(bytes(key)).unwrap().into_contents();
        for key in [file(key), Source::bytes("key", der)] {
            let identities = load(certificate_of_source(&expected), key).unwrap();
            assert_eq!(identities[0].chain()[0], expected);
        }
    }
    let der = Source::bytes("certificate", certificate("ec.pem").to_vec());
    IdentityLoader::new()
        .certificates(der)
        .keys(file("ec.key.pem"))
        .load()
        .unwrap();
}

fn certificate_of_source(der: &CertificateDer<'_>) -> &'static str {
    match *der == certificate("rsa.pem") {
        true => "rsa.pem",
        false => "ec.pem",
    }
}

// Spec: CTX-04, CTX-24, T-CRD-03
#[test]
fn t_crd_03_keys_and_certificates_find_each_other_in_any_order() {
    let mut certificates = bytes("intermediate.pem");
    certificates.extend(bytes("rsa.pem"));
    certificates.extend(bytes("ec.pem"));
    let identities = IdentityLoader::new()
        .keys(file("ec.key.pem"))
        .certificates(Source::bytes("certificates", certificates))
        .keys(file("rsa.pkcs1.pem"))
        .load()
        .unwrap();
    let kinds: Vec<_> = identities.iter().map(Identity::key_algorithm).collect();
    assert_eq!(kinds, [KeyKind::EcdsaP256, KeyKind::Rsa]);
    for (identity, leaf) in identities.iter().zip(["ec.pem", "rsa.pem"]) {
        let chain = [certificate(leaf), certificate("intermediate.pem")];
        assert_eq!(identity.chain(), chain);
    }
}

// Spec: CTX-07, T-CRD-03, T-CRD-04
#[test]
fn t_crd_04_several_pfx_each_with_its_passphrase_and_with_pem() {
    let two = IdentityLoader::new()
        .passphrase(Passphrase::new("test"))
        .pfx(secret("ec.modern.p12", "test"))
        .pfx(file("rsa.modern.p12"))
        .load()
        .unwrap();
    let kinds: Vec<_> = two.iter().map(Identity::key_algorithm).collect();
    assert_eq!(kinds, [KeyKind::EcdsaP256, KeyKind::Rsa]);
    assert_eq!(two[1].chain().len(), 2);
    let mixed = IdentityLoader::new()
        .pfx(secret("ec.modern.p12", "test"))
        .pem(file("rsa.key.pem"))
        .pem(file("rsa.pem"))
        .load()
        .unwrap();
    assert_eq!(mixed.len(), 2);
    assert_eq!(
        mixed[1].chain().len(),
        2,
        "completed by the PFX's intermediate"
    );
}

// Spec: CTX-07, CTX-18
#[test]
fn pfx_files_modern_and_as_windows_and_java_write_them() {
    let passphrase = Passphrase::new("test");
    for name in ["ec.modern.p12", "rsa.modern.p12", "ec.plain.p12"] {
        Identity::from_pkcs12(&bytes(name), &passphrase).unwrap();
    }
    pfx(file("ec.no-passphrase.p12")).unwrap();
    pfx(secret("ec.no-passphrase.p12", "")).unwrap();
    if cfg!(feature = "legacy-encryption") {
        for name in ["ec.3des.p12", "rsa.3des.p12"] {
            Identity::from_pkcs12(&bytes(name), &passphrase).unwrap();
        }
        pfx(secret("ec.not-ascii.p12", "pässwörd€")).unwrap();
    }
}

// Spec: CTX-18, T-CRD-05, T-CRD-06
#[test]
fn ctx_18_pfx_failures_have_nodes_words_and_codes() {
    let table = [
        (secret("ec.modern.p12", "wrong"), "mac verify failure", None),
        (file("ec.modern.p12"), "mac verify failure", None),
        (
            secret("ec.no-key.p12", "test"),
            "Unable to load private key from PFX data",
            Some("ERR_CRYPTO_OPERATION_FAILED"),
        ),
        (
            secret("ec.rc2.p12", "test"),
            "Unsupported PKCS12 PFX data",
            Some("ERR_CRYPTO_UNSUPPORTED_OPERATION"),
        ),
        (
            secret("ec.rc2-certificates-only.p12", "test"),
            "RC2-40",
            Some("ERR_CRYPTO_UNSUPPORTED_OPERATION"),
        ),
        (
            Source::bytes("garbage", "sneak a peek"),
            "not a PFX that can be read",
            None,
        ),
        (Source::bytes("empty", ""), "not a PFX", None),
    ];
    for (source, words, node_code) in table {
        let error = pfx(source).unwrap_err();
        // Without SHA-1, the seal of the old ones is refused before their contents.
        if cfg!(feature = "legacy-encryption") || words != "RC2-40" {
            assert!(error.to_string().contains(words), "{error}");
        }
        assert_eq!(error.node_code(), node_code, "{error}");
    }
    let codes: Vec<_> = ["wrong", "test"]
        .map(|passphrase| {
            pfx(secret("ec.modern.p12", passphrase))
                .err()
                .map(|e| e.code())
        })
        .into();
    assert_eq!(codes, [Some("pkcs12_mac_failure"), None]);
}

// Spec: CTX-02, T-VER-36
#[test]
fn t_ver_36_the_chain_is_completed_from_ca_without_the_root() {
    let ca = Trust::from_pem(&[bytes("root.pem"), bytes("intermediate.pem")].concat()).unwrap();
    let identities = IdentityLoader::new()
        .certificates(file("ec.pem"))
        .keys(file("ec.key.pem"))
        .complete_from(&ca)
        .load()
        .unwrap();
    let chain = [certificate("ec.pem"), certificate("intermediate.pem")];
    assert_eq!(identities[0].chain(), chain);
}

// Spec: CTX-04
#[test]
fn repeated_certificates_are_dropped_and_surplus_ones_are_reported() {
    let loaded = IdentityLoader::new()
        .certificates(file("rsa.pem"))
        .certificates(file("ec.pem"))
        .certificates(file("ec.pem"))
        .pem(file("ec.key.pem"))
        .pem(file("ec.sec1.pem"))
        .load_all()
        .unwrap();
    assert_eq!(loaded.identities.len(), 1, "one key in two forms");
    assert_eq!(loaded.identities[0].chain(), [certificate("ec.pem")]);
    let surplus: Vec<_> = loaded.surplus.iter().map(|s| s.subject.as_str()).collect();
    assert_eq!(surplus, ["CN=rsa.test"]);
}

// Spec: CTX-14, T-CRD-07
#[test]
fn a_key_that_fits_no_certificate_is_named() {
    let error = IdentityLoader::new()
        .certificates(file("ec.pem"))
        .keys(file("ec.key.pem"))
        .keys(file("rsa.key.pem"))
        .load()
        .unwrap_err();
    assert_eq!(error.code(), "key_without_certificate");
    assert_eq!(error.node_code(), Some("ERR_OSSL_X509_KEY_VALUES_MISMATCH"));
    let text = error.to_string();
    assert!(
        text.contains("rsa.key.pem") && text.contains("CN=ec.test"),
        "{text}"
    );
    assert!(text.contains("key values mismatch"), "{text}");
}

// Spec: CTX-15
#[test]
fn a_key_or_certificate_alone_is_refused_in_words() {
    let key = IdentityLoader::new().keys(file("ec.key.pem")).load();
    assert_eq!(key.unwrap_err().code(), "no_certificate");
    let certificate = IdentityLoader::new().certificates(file("ec.pem")).load();
    assert_eq!(certificate.unwrap_err().code(), "no_private_key");
    let neither = IdentityLoader::new()
        .pem(Source::bytes("text", "neither"))
        .load();
    assert_eq!(neither.unwrap_err().code(), "no_certificate");
    let nothing = IdentityLoader::new().load();
    assert_eq!(nothing.unwrap_err().code(), "no_private_key");
}

// Spec: CTX-17
#[test]
fn ctx_17_unreadable_keys_and_certificates_have_nodes_codes() {
    let junk = || Source::bytes("junk", "not a key");
    let no_key = load("ec.pem", junk()).unwrap_err();
    assert_eq!(no_key.code(), "no_private_key");
    let block = "-----BEGIN PRIVATE KEY-----\nMAMCAQE=\n-----END PRIVATE KEY-----\n";
    let key = load("ec.pem", Source::bytes("junk", block)).unwrap_err();
    assert_eq!(key.node_code(), Some("ERR_OSSL_UNSUPPORTED"));
    let certificate = IdentityLoader::new()
        .certificates(junk())
        .keys(file("ec.key.pem"))
        .load()
        .unwrap_err();
    assert_eq!(certificate.node_code(), Some("ERR_OSSL_PEM_NO_START_LINE"));
}

// Spec: CIP-11, T-CRD-10
#[test]
fn t_crd_10_keys_below_the_security_level_are_refused_by_size_and_kind() {
    let error = load("rsa512.pem", file("rsa512.key.pem")).unwrap_err();
    assert_eq!(error.code(), "key_too_small");
    assert_eq!(error.node_code(), Some("ERR_SSL_EE_KEY_TOO_SMALL"));
    let text = error.to_string();
    assert!(text.contains("key too small: RSA of 512 bits"), "{text}");
    let at = |certificate, key, number| {
        IdentityLoader::new()
            .certificates(file(certificate))
            .keys(file(key))
            .security_level(SecurityLevel::from_number(number).unwrap())
            .load()
            .map(|_| ())
            .map_err(|e| e.code())
    };
    let small = Err("key_too_small");
    for (number, rsa, ec) in [
        (0, Ok(()), Ok(())),
        (2, Ok(()), Ok(())),
        (3, small, Ok(())),
        (4, small, small),
        (5, small, small),
    ] {
        assert_eq!(at("rsa.pem", "rsa.key.pem", number), rsa);
        assert_eq!(at("ec.pem", "ec.key.pem", number), ec);
    }
    // aws-lc does not sign with it at any level: refused, but not for the level.
    let unusable = Err("private_key_unusable");
    assert_eq!(at("rsa512.pem", "rsa512.key.pem", 0), unusable);
}

#[test]
fn costly_derivations_of_a_stranger_are_refused_before_they_start() {
    let text = String::from_utf8(bytes("ec.pbes2-aes-256-cbc.pem")).unwrap();
    let mut der = pem::parse(text).unwrap().into_contents();
    // Iterations of 100 are written as 02 01 64; more of them need a longer structure, so
    // the salt's last bytes are given up: 04 10 becomes 04 0d, three bytes longer a number.
    let at = der.windows(3).position(|w| w == [2, 1, 100]).unwrap();
    let salt = der[..at].iter().rposition(|&b| b == 4).unwrap();
    let salt = match der[salt + 1] as usize == at - salt - 2 {
        true => salt,
        false => der[..at]
            .windows(2)
            .rposition(|w| w[0] == 4 && usize::from(w[1]) >= 8)
            .unwrap(),
    };
    let length = at - salt - 2;
    der[salt + 1] = u8::try_from(length - 3).unwrap();
    der.splice(at - 3..at + 3, [2, 4, 0x7f, 0xff, 0xff, 0xff]);
    let key = Source::bytes("stranger.der", der).with_passphrase(Passphrase::new("test"));
    let error = load("ec.pem", key).unwrap_err();
    assert_eq!(error.code(), "encryption_too_costly", "{error}");
}

#[test]
fn bytes_may_come_from_something_asynchronous() {
    use std::future::ready;
    let source = |bytes| async { Source::fetched("store", ready(bytes)).await };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let key = runtime.block_on(source(Ok(bytes("ec.key.pem")))).unwrap();
    load("ec.pem", key).unwrap();
    let refused = std::io::ErrorKind::PermissionDenied;
    let error = runtime.block_on(source(Err(refused.into()))).unwrap_err();
    assert!(matches!(error, Error::Read { .. }));
}

#[test]
fn debug_of_sources_shows_neither_key_nor_passphrase() {
    let source = Source::bytes("the key", "HIDDEN").with_passphrase(Passphrase::new("SECRET"));
    let shown = format!("{:?}", IdentityLoader::new().keys(source));
    assert!(!shown.contains("HIDDEN") && !shown.contains("SECRET"));
    assert!(!shown.contains(&format!("{:?}", b"HIDDEN")), "{shown}");
}

const MUTATED: [&str; 6] = [
    "ec.modern.p12",
    "ec.3des.p12",
    "ec.plain.p12",
    "ec.encrypted.der",
    "ec.scrypt.pem",
    "ec.dek-aes256.pem",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn changed_files_are_an_answer(
        which in 0..MUTATED.len(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..4),
        cut in prop_oneof![3 => Just(0usize), 1 => any::<usize>()],
    ) {
        let name = MUTATED[which];
        let mut content = bytes(name);
        let length = content.len();
        for (position, value) in changes {
            content[position % length] ^= value;
        }
        content.truncate(length - cut % 64);
        let source = Source::bytes(name, content).with_passphrase(Passphrase::new("test"));
        let result = match name.ends_with("p12") {
            true => pfx(source),
            false => load("ec.pem", source),
        };
        if let Err(error) = result {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn any_bytes_are_no_pfx(content in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(pfx(Source::bytes("noise", content)).is_err());
    }
}
