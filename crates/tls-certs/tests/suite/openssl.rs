//! The same chains, judged by the `openssl` command.

use std::path::Path;
use std::process::Command;

use tls_certs::{Identity, Passphrase};

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};

use super::pki::{Made, NOW, ca, chain, localhost, missing, server, verifier};

/// What `openssl verify` says about a chain: the number of its first error, 0 if none.
fn openssl_verify(directory: &Path, root: &Made, sent: &[&Made]) -> Option<u32> {
    let write = |name: &str, content: String| {
        let path = directory.join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let root = write("root.pem", root.pem());
    let leaf = write("leaf.pem", sent[0].pem());
    let mut command = Command::new("openssl");
    command.args([
        "verify",
        "-no-CApath",
        "-no-CAstore",
        "-purpose",
        "sslserver",
        "-verify_hostname",
        "localhost",
    ]);
    command
        .args(["-attime", &NOW.as_secs().to_string()])
        .arg("-CAfile")
        .arg(root);
    if sent.len() > 1 {
        let rest: String = sent[1..].iter().map(|made| made.pem()).collect();
        command.arg("-untrusted").arg(write("rest.pem", rest));
    }
    let output = command.arg(leaf).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = text
        .lines()
        .find_map(|line| line.strip_prefix("error ")?.split(' ').next()?.parse().ok());
    Some(if output.status.success() {
        0
    } else {
        number.unwrap_or_else(|| panic!("{text}"))
    })
}

// Spec: XEC-01, XEC-02, XEC-03, XEC-04, XEC-08, XEC-09
#[test]
fn openssl_refuses_the_same_chains_for_the_same_reasons() {
    let (root, other) = (Made::root("root"), Made::root("other"));
    let intermediate = root.issue(ca("intermediate"));
    let leaf = intermediate.issue(server("localhost"));
    let mut expired = server("localhost");
    expired.not_after = date_time_ymd(2026, 1, 1);
    let mut early = server("localhost");
    early.not_before = date_time_ymd(2027, 1, 1);
    let mut client = server("localhost");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let mut constrained = ca("constrained");
    constrained.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let constrained = root.issue(constrained);
    let below = constrained.issue(ca("below"));
    let too_deep = below.issue(server("localhost"));
    let not_a_ca = root.issue(server("not-a-ca"));
    let under_no_ca = not_a_ca.issue(server("localhost"));
    let self_signed = Made::self_signed(server("localhost"));
    let (expired, early, client) = (root.issue(expired), root.issue(early), root.issue(client));
    let elsewhere = root.issue(server("elsewhere.test"));

    // OpenSSL's numbers (x509_vfy.h). A leaf alone is error 20, followed by 21, which is
    // the one that TLS reports.
    let cases: &[(&Made, &[&Made], u32, &str)] = &[
        (&root, &[&leaf, &intermediate], 0, ""),
        (&root, &[&leaf], 20, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
        (
            &other,
            &[&leaf, &intermediate],
            20,
            "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        ),
        (&other, &[&self_signed], 18, "DEPTH_ZERO_SELF_SIGNED_CERT"),
        (
            &other,
            &[&leaf, &intermediate, &root],
            19,
            "SELF_SIGNED_CERT_IN_CHAIN",
        ),
        (&root, &[&expired], 10, "CERT_HAS_EXPIRED"),
        (&root, &[&early], 9, "CERT_NOT_YET_VALID"),
        (&root, &[&client], 26, "INVALID_PURPOSE"),
        (
            &root,
            &[&too_deep, &below, &constrained],
            25,
            "PATH_LENGTH_EXCEEDED",
        ),
        (&root, &[&under_no_ca, &not_a_ca], 79, "INVALID_CA"),
        (&root, &[&elsewhere], 62, "ERR_TLS_CERT_ALTNAME_INVALID"),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (trusted, sent, number, code) in cases {
        let ours = verifier(&trusted.trusted()).verify(&chain(sent), &localhost(), NOW);
        assert_eq!(
            ours.as_ref().map_or_else(tls_certs::Refusal::code, |()| ""),
            *code
        );
        match openssl_verify(directory.path(), trusted, sent) {
            Some(theirs) => assert_eq!(theirs, *number, "{code}"),
            None => return missing("openssl"),
        }
    }
}

// Spec: CTX-05, CTX-16, T-CRD-01, T-CRD-02
#[test]
fn encrypted_and_traditional_keys_as_openssl_writes_them() {
    let leaf = Made::self_signed(server("localhost"));
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain.pem");
    std::fs::write(&plain, leaf.key.serialize_pem()).unwrap();
    for (arguments, encrypted) in [
        (&["pkey", "-aes256", "-passout", "pass:x"][..], true),
        (&["pkcs8", "-topk8", "-scrypt", "-passout", "pass:x"], true),
        (
            &["pkcs8", "-topk8", "-iter", "100000", "-passout", "pass:x"],
            true,
        ),
        (
            &["pkey", "-traditional", "-aes256", "-passout", "pass:x"],
            true,
        ),
        (&["ec", "-aes256", "-passout", "pass:x"], true),
        (&["pkey", "-traditional"], false),
        (&["ec", "-param_enc", "named_curve"], false),
    ] {
        let Ok(output) = Command::new("openssl")
            .args(arguments)
            .arg("-in")
            .arg(&plain)
            .output()
        else {
            return missing("openssl");
        };
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let (certificate, key) = (leaf.pem(), output.stdout);
        let code = |passphrase: Option<&str>| {
            let result = match passphrase {
                None => Identity::from_pem(certificate.as_bytes(), &key),
                Some(text) => Identity::from_encrypted_pem(
                    certificate.as_bytes(),
                    &key,
                    &Passphrase::new(text),
                ),
            };
            result.err().map(|error| error.code())
        };
        let refused = encrypted.then_some("bad_decrypt");
        if arguments[0] != "pkcs8" && encrypted && !cfg!(feature = "legacy-encryption") {
            continue;
        }
        assert_eq!(code(None), refused, "{arguments:?}");
        assert_eq!(code(Some("y")), refused, "{arguments:?}");
        assert_eq!(code(Some("x")), None, "{arguments:?}");
    }
}

// Spec: CTX-07, CTX-18
#[test]
fn pfx_as_openssl_writes_it() {
    let leaf = Made::self_signed(server("localhost"));
    let directory = tempfile::tempdir().unwrap();
    let both = directory.path().join("both.pem");
    std::fs::write(&both, leaf.key.serialize_pem() + &leaf.pem()).unwrap();
    let output = Command::new("openssl")
        .args(["pkcs12", "-export", "-passout", "pass:x", "-in"])
        .arg(&both)
        .output();
    let Ok(output) = output else {
        return missing("openssl");
    };
    let identity = Identity::from_pkcs12(&output.stdout, &Passphrase::new("x")).unwrap();
    assert_eq!(identity.chain(), chain(&[&leaf]));
    let error = Identity::from_pkcs12(&output.stdout, &Passphrase::new("y")).unwrap_err();
    assert_eq!(error.code(), "pkcs12_mac_failure");
}

// Spec: T-VER-20
#[test]
fn t_ver_20_a_trusted_certificate_as_openssl_writes_it() {
    let root = Made::root("root");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("root.pem");
    std::fs::write(&path, root.pem()).unwrap();
    let Ok(output) = Command::new("openssl")
        .args(["x509", "-trustout", "-addtrust", "serverAuth", "-in"])
        .arg(&path)
        .output()
    else {
        return missing("openssl");
    };
    assert!(
        output
            .stdout
            .starts_with(b"-----BEGIN TRUSTED CERTIFICATE-----")
    );
    let trust = tls_certs::Trust::from_pem(&output.stdout).unwrap();
    assert_eq!(trust.certificates()[0].der(), &root.der);
    assert!(trust.certificates()[0].is_anchor());
}

// Node says of these keys that they are unsupported, or takes them; rustls has no such signatures.
#[test]
fn keys_that_cannot_be_used_are_named() {
    let certificate = Made::root("any").pem();
    for (arguments, name) in [
        ("genpkey -algorithm ed448", "an Ed448 key"),
        ("genpkey -algorithm x25519", "an X25519 key"),
        (
            "genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048",
            "restricted to PSS",
        ),
        ("ecparam -name secp256k1 -genkey -noout", "on secp256k1"),
        (
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp224r1",
            "on P-224",
        ),
    ] {
        let Ok(output) = Command::new("openssl").args(arguments.split(' ')).output() else {
            return missing("openssl");
        };
        let error = Identity::from_pem(certificate.as_bytes(), &output.stdout).unwrap_err();
        assert_eq!(error.code(), "private_key_unusable", "{arguments}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// Whether `openssl` does as it is told in `directory`; `None` where there is none.
fn openssl_in(directory: &Path, arguments: &str) -> Option<bool> {
    let mut command = Command::new("openssl");
    command.current_dir(directory).args(arguments.split(' '));
    Some(command.output().ok()?.status.success())
}

// The same code, and not the hint that somebody else has signed: nobody has.
#[test]
fn a_ca_whose_key_is_too_small_or_restricted_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("leaf.ext"),
        "subjectAltName=DNS:localhost\n",
    )
    .unwrap();
    let run = |arguments: &str| openssl_in(directory.path(), arguments);
    if run("genpkey -algorithm rsa -out leaf.key").is_none() {
        return missing("openssl");
    }
    for (key, word) in [
        ("rsa -pkeyopt rsa_keygen_bits:1024", "2048 bits"),
        ("rsa-pss -pkeyopt rsa_keygen_bits:2048", "PSS"),
    ] {
        for arguments in [
            &*format!("genpkey -algorithm {key} -out ca.key"),
            "req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.pem",
            "req -new -key leaf.key -subj /CN=localhost -out leaf.csr",
            "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile leaf.ext -days 30 -out leaf.pem",
        ] {
            assert_eq!(run(arguments), Some(true), "{arguments}");
        }
        let read = |name| tls_certs::Trust::from_pem_file(directory.path().join(name)).unwrap();
        let chain = [read("leaf.pem").certificates()[0].der().clone()];
        let refusal = verifier(&read("ca.pem"))
            .verify(&chain, &localhost(), pki_types::UnixTime::now())
            .unwrap_err();
        assert_eq!(refusal.code(), "CERT_SIGNATURE_FAILURE", "{key}");
        assert!(refusal.hint.contains(word), "{key}: {}", refusal.hint);
    }
}

// rcgen cannot sign with SHA-1, and rustls cannot verify it.
#[test]
fn a_signature_with_sha_1_is_refused_by_name() {
    let root = Made::root("root");
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("root.pem"), root.pem()).unwrap();
    std::fs::write(path("root.key"), root.key.serialize_pem()).unwrap();
    std::fs::write(path("leaf.key"), Made::root("leaf").key.serialize_pem()).unwrap();
    std::fs::write(path("leaf.ext"), "subjectAltName=DNS:localhost\n").unwrap();
    let run = |arguments: &str| openssl_in(directory.path(), arguments);
    match run("req -new -key leaf.key -subj /CN=localhost -out leaf.csr") {
        Some(made) => assert!(made),
        None => return missing("openssl"),
    }
    // Some builds refuse to sign with it; then there is nothing to verify.
    if run(
        "x509 -req -sha1 -in leaf.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile leaf.ext -days 3650 -out leaf.pem",
    ) != Some(true)
    {
        return eprintln!("SKIPPED: this `openssl` does not sign with SHA-1");
    }
    let leaf = tls_certs::Trust::from_pem_file(path("leaf.pem")).unwrap();
    let chain = [leaf.certificates()[0].der().clone()];
    let now = pki_types::UnixTime::now();
    let refusal = verifier(&root.trusted())
        .verify(&chain, &localhost(), now)
        .unwrap_err();
    assert_eq!(refusal.code(), "CERT_SIGNATURE_FAILURE");
    assert!(refusal.hint.contains("SHA-1"), "{}", refusal.hint);
}
