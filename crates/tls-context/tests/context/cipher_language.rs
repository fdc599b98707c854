//! OpenSSL's cipher list language, against what it says and against the program itself.

use proptest::prelude::*;
use tls_context::{Error, SecureContext};
use tls_testing::peer::OpenSsl;

use crate::handshake::client;

fn build(list: &str) -> Result<SecureContext, Error> {
    // With a group for every security level.
    client()
        .groups("X25519:P-384:MLKEM1024")
        .ciphers(list)
        .build()
}

/// The OpenSSL names of a context's suites, those of TLS 1.3 or those of TLS 1.2.
fn names(context: &SecureContext, tls13: bool) -> Vec<&'static str> {
    let suites = context.provider().cipher_suites.iter();
    suites
        .filter(|suite| suite.tls13().is_some() == tls13)
        .map(|suite| tls_wire::CipherSuite(u16::from(suite.suite())))
        .map(|suite| suite.openssl_name().unwrap())
        .collect()
}

/// `E256 R256 ECC RCC E128 R128`: ECDSA or RSA, with AES-256, ChaCha20, AES-128.
fn short(list: &str) -> String {
    let context = build(list).unwrap_or_else(|error| panic!("{list}: {error}"));
    let short = names(&context, false).into_iter().map(|name| {
        let key = if name.contains("ECDSA") { 'E' } else { 'R' };
        let cipher = match name {
            _ if name.contains("AES256") => "256",
            _ if name.contains("AES128") => "128",
            _ => "CC",
        };
        format!("{key}{cipher}")
    });
    short.collect::<Vec<_>>().join(" ")
}

const ALL: &str = "E256 R256 ECC RCC E128 R128";

// Spec: CIP-08
#[test]
fn groups_and_operators_do_what_the_manual_says() {
    for (list, expected) in [
        ("DEFAULT", ALL),
        ("ALL", ALL),
        ("HIGH:!aNULL:!kRSA:!PSK:!MD5:!RC4:!3DES", ALL),
        ("ECDHE:!kEDH", ALL),
        ("kEECDH+aRSA", "R256 RCC R128"),
        ("ECDSA", "E256 ECC E128"),
        ("aECDSA+AESGCM:CHACHA20", "E256 E128 ECC RCC"),
        ("AES128:AES256", "E128 R128 E256 R256"),
        ("AES128:ALL", "E128 R128 E256 R256 ECC RCC"),
        ("ALL:!AES128:AES128", "E256 R256 ECC RCC"),
        ("ALL:-AES128:AES128", ALL),
        ("ALL:-CHACHA20:-AESGCM:ALL", "E256 R256 E128 R128 ECC RCC"),
        ("ALL:+AESGCM", "ECC RCC E256 R256 E128 R128"),
        (
            "ALL:+ECDHE-RSA-AES256-GCM-SHA384",
            "E256 ECC RCC E128 R128 R256",
        ),
        (
            "AES128:CHACHA20:AES256@STRENGTH",
            "ECC RCC E256 R256 E128 R128",
        ),
        ("AESGCM;CHACHA20", "E256 R256 E128 R128 ECC RCC"),
        ("ALL!aRSA", "E256 ECC E128"),
        ("TLSv1.2+FIPS", "E256 R256 E128 R128"),
        ("ALL:!AES256-SHA:!DHE-RSA-AES128-GCM-SHA256", ALL),
        ("ECDHE-RSA-AES128-GCM-SHA256+ECDHE", "R128"),
        (
            "ALL:!TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "E256 R256 ECC RCC E128",
        ),
    ] {
        assert_eq!(short(list), expected, "{list}");
        assert_eq!(
            names(&build(list).unwrap(), true).len(),
            3,
            "{list}: 1.3 stays"
        );
    }
}

// Spec: CIP-02, CIP-08
#[test]
fn suites_of_1_3_are_taken_away_by_their_names_only() {
    const AES_256: &str = "TLS_AES_256_GCM_SHA384";
    const AES_128: &str = "TLS_AES_128_GCM_SHA256";
    const CHACHA: &str = "TLS_CHACHA20_POLY1305_SHA256";
    for (list, expected, in_1_2) in [
        ("ALL:!AES128", &[AES_256, CHACHA, AES_128][..], 4),
        ("!TLS_AES_128_GCM_SHA256", &[AES_256, CHACHA], 6),
        ("ECDSA:!TLS_AES_128_GCM_SHA256", &[AES_256, CHACHA], 3),
        ("+TLS_AES_256_GCM_SHA384", &[CHACHA, AES_128, AES_256], 6),
        (
            "TLS_AES_128_GCM_SHA256:-TLS_AES_256_GCM_SHA384",
            &[AES_128],
            0,
        ),
        (
            "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:!TLS_AES_128_GCM_SHA256",
            &[AES_256],
            0,
        ),
        (
            "!TLS_AES_128_GCM_SHA256:!TLS_AES_256_GCM_SHA384:!TLS_CHACHA20_POLY1305_SHA256",
            &[],
            6,
        ),
    ] {
        let context = build(list).unwrap();
        assert_eq!(names(&context, true), expected, "{list}");
        assert_eq!(names(&context, false).len(), in_1_2, "{list}");
        let versions = usize::from(!expected.is_empty()) + usize::from(in_1_2 > 0);
        assert_eq!(context.versions().len(), versions, "{list}");
    }
}

// Spec: CIP-07, CIP-08
#[test]
fn what_adds_nothing_is_an_error_that_names_it() {
    for (list, code, word) in [
        ("kRSA", "unsupported", "kRSA"),
        ("ECDHE+AESGCM:EDH+AESGCM", "unsupported", "EDH"),
        ("PSK+HIGH", "unsupported", "PSK"),
        ("DEFAULT:aNULL", "unsupported", "aNULL"),
        ("ALL:eNULL", "unsupported", "eNULL"),
        ("SHA384", "unsupported", "SHA384"),
        ("SUITEB128", "unsupported", "SUITEB128"),
        ("ALL:CAMELLIA", "unsupported", "CAMELLIA"),
        ("aRSA+aECDSA", "cipher_word_not_supported", "aRSA+aECDSA"),
        (
            "TLS_AES_128_GCM_SHA256+AES",
            "cipher_word_not_supported",
            "TLS_AES_128_GCM_SHA256",
        ),
        (
            "ALL:@SECLEVEL=9",
            "cipher_word_not_supported",
            "@SECLEVEL=9",
        ),
        ("ALL:@REVERSE", "cipher_word_not_supported", "@REVERSE"),
        ("ALL:!", "cipher_word_not_supported", "!"),
        ("ALL:!FOO", "no_cipher_match", "FOO"),
        ("ALL:-high", "no_cipher_match", "high"),
        ("ECDHE+FOO", "no_cipher_match", "FOO"),
        ("!ALL", "no_cipher_left", "!ALL"),
        ("ECDHE:!ECDHE", "no_cipher_left", "ECDHE:!ECDHE"),
        ("!aNULL:TLS_AES_128_GCM_SHA256", "no_cipher_left", "!aNULL"),
    ] {
        let error = build(list).unwrap_err();
        assert_eq!(error.code(), code, "{list}: {error}");
        assert!(error.to_string().contains(word), "{error}");
        if code != "unsupported" && code != "cipher_word_not_supported" {
            assert_eq!(error.node_code(), Some("ERR_SSL_NO_CIPHER_MATCH"));
        }
    }
}

/// What `openssl ciphers` makes of a list, as far as it exists here; nothing if it refuses.
async fn openssl_says(openssl: &OpenSsl, args: &[&str], list: &str) -> Vec<String> {
    // What begins with a minus sign would be taken for an option.
    let list = if list.starts_with('-') {
        format!(":{list}")
    } else {
        list.to_owned()
    };
    let args = ["ciphers"]
        .iter()
        .chain(args)
        .copied()
        .chain([list.as_str()]);
    let here = names(&build("ALL").unwrap(), false);
    let output = openssl.run(args).await;
    let listed = output.stdout.trim().split(':').map(str::to_owned);
    listed
        .filter(|name| here.contains(&name.as_str()))
        .collect()
}

fn agrees(list: &str, args: &[&str]) {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let expected = runtime.block_on(openssl_says(&openssl, args, list));
    match build(list) {
        Ok(context) => assert_eq!(names(&context, false), expected, "{list}"),
        Err(error) => assert_eq!(expected, [""; 0], "{list}: {error}"),
    }
}

// Spec: CIP-08
#[test]
fn openssl_makes_the_same_of_every_group() {
    for list in [
        "DEFAULT",
        "ALL",
        "HIGH",
        "MEDIUM",
        "ECDHE",
        "EECDH",
        "kECDHE",
        "kEECDH",
        "ECDH",
        "aRSA",
        "aECDSA",
        "ECDSA",
        "AES",
        "AES128",
        "AES256",
        "AESGCM",
        "AESCCM",
        "CHACHA20",
        "FIPS",
        "TLSv1.2",
        "TLSv1",
        "SSLv3",
        "CBC",
        "SHA256",
        "SHA384",
        "SHA1",
        "kRSA",
        "RSA",
        "DHE",
        "aNULL",
        "eNULL",
        "CAMELLIA",
        "ARIA",
        "COMPLEMENTOFDEFAULT",
        "COMPLEMENTOFALL",
        "EECDH+AESGCM:EECDH+CHACHA20:!aRSA",
        "ALL:!COMPLEMENTOFDEFAULT:!eNULL",
        "AES256:-AES256:AES",
        "ECDHE-RSA-AES128-GCM-SHA256:+ECDHE:@STRENGTH",
        // The intermediate list of Mozilla, less DHE.
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
         ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305",
    ] {
        agrees(&list.replace(' ', ""), &[]);
    }
}

// Spec: CIP-11
#[test]
fn openssl_leaves_out_the_same_at_every_level() {
    for level in 0..=5 {
        for list in ["ALL", "AES128:CHACHA20", "DEFAULT"] {
            agrees(&format!("{list}:@SECLEVEL={level}"), &["-s", "-tls1_2"]);
        }
    }
}

/// Groups of which some exist here, no two of which exclude each other if they stand in different
/// rows.
const GROUPS: [&[&str]; 3] = [
    &["ALL", "HIGH", "ECDHE", "kEECDH", "TLSv1.2"],
    &["aRSA", "aECDSA", "ECDSA"],
    &["AES", "AESGCM", "AES128", "AES256", "CHACHA20", "FIPS"],
];
const ELSEWHERE: [&str; 8] = [
    "kRSA",
    "PSK",
    "aNULL",
    "DHE",
    "SHA1",
    "CAMELLIA",
    "RC4",
    "AES128-SHA",
];

fn word() -> impl Strategy<Value = String> {
    let from = |row: &'static [&'static str]| prop::sample::select(row).prop_map(str::to_owned);
    prop_oneof![
        from(GROUPS[0]),
        from(GROUPS[1]),
        from(GROUPS[2]),
        (from(GROUPS[1]), from(GROUPS[2])).prop_map(|(a, b)| format!("{a}+{b}")),
        prop::sample::select(vec![
            "ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "ECDHE-RSA-AES256-GCM-SHA384",
        ])
        .prop_map(str::to_owned),
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let elsewhere = prop::sample::select(&ELSEWHERE[..]).prop_map(str::to_owned);
    prop_oneof![
        4 => word(),
        3 => ("[-+!]", prop_oneof![4 => word(), 1 => elsewhere]).prop_map(|(op, word)| op + &word),
        1 => Just(String::from("@STRENGTH")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    // Spec: CIP-08
    #[test]
    fn openssl_makes_the_same_of_any_list(rules in prop::collection::vec(rule(), 1..7)) {
        agrees(&rules.join(":"), &[]);
    }
}
