//! `tls cert verify`, alone and beside `openssl verify`.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tls_testing::Pki;
use tls_testing::peer::OpenSsl;
use tls_testing::pki::{Leaf, SERVER_NAMES, p256, server_params};

use crate::ends::{Place, json, text};
use crate::json::compare;

async fn verify(place: &Place, args: &[&str]) -> (i32, Value) {
    let output = place
        .run(&[&["cert", "verify", "--json"], args].concat())
        .await;
    let verdict = json(&output.stdout);
    compare(&verdict);
    (output.status.code().unwrap(), verdict)
}

/// One file, asked about by both.
struct Row {
    leaf: &'static Leaf,
    ours: &'static [&'static str],
    openssl: &'static [&'static str],
    /// Our code, and OpenSSL's number of it (`x509_vfy.h`); 0 is good.
    expected: (&'static str, u32),
}

/// OpenSSL's table: one file is one answer.
fn rows() -> Vec<Row> {
    let pki = Pki::shared();
    let row = |leaf, ours, openssl, expected| Row {
        leaf,
        ours,
        openssl,
        expected,
    };
    let crls: &[&str] = &["--crl", "intermediate.crl", "--crl", "root.crl"];
    let crl_check: &[&str] = &["-crl_check_all"];
    vec![
        row(&*pki.server, &[], &[], ("OK", 0)),
        row(&*pki.server, crls, crl_check, ("OK", 0)),
        row(
            &*pki.server,
            &["--host", "a.wild.example.test"],
            &["-verify_hostname", "a.wild.example.test"],
            ("OK", 0),
        ),
        row(
            &*pki.server,
            &["--host", "127.0.0.1"],
            &["-verify_ip", "127.0.0.1"],
            ("OK", 0),
        ),
        row(&*pki.expired, &[], &[], ("CERT_HAS_EXPIRED", 10)),
        row(
            &*pki.expired,
            &["--time", "2020-06-01T00:00:00Z"],
            &["-attime", "1590969600"],
            ("OK", 0),
        ),
        row(&*pki.not_yet_valid, &[], &[], ("CERT_NOT_YET_VALID", 9)),
        row(&*pki.other_ca, &[], &[], ("SELF_SIGNED_CERT_IN_CHAIN", 19)),
        row(
            &*pki.self_signed,
            &[],
            &[],
            ("DEPTH_ZERO_SELF_SIGNED_CERT", 18),
        ),
        row(&*pki.client_auth_only, &[], &[], ("INVALID_PURPOSE", 26)),
        row(
            &*pki.client_auth_only,
            &["--purpose", "client"],
            &["-purpose", "sslclient"],
            ("OK", 0),
        ),
        // Node's name of the code, and no other: OpenSSL has 62, HOSTNAME_MISMATCH.
        row(
            &*pki.wrong_name,
            &["--host", "localhost"],
            &["-verify_hostname", "localhost"],
            ("ERR_TLS_CERT_ALTNAME_INVALID", 62),
        ),
    ]
}

struct Files {
    place: Place,
    ca: PathBuf,
}

impl Files {
    fn new() -> Self {
        let place = Place::new();
        let pki = Pki::shared();
        let ca = pki.root.write_to(place.path(), "ca");
        let both = [pki.root.crl(&[]), pki.intermediate.crl(&[77])].concat();
        fs::write(place.path().join("both.crl"), both).unwrap();
        fs::write(place.path().join("root.crl"), pki.root.crl(&[])).unwrap();
        fs::write(
            place.path().join("intermediate.crl"),
            pki.intermediate.crl(&[77]),
        )
        .unwrap();
        Self { place, ca }
    }

    /// A leaf whose serial number is on the intermediate's list.
    fn revoked() -> Leaf {
        let mut params = server_params(&SERVER_NAMES);
        params.serial_number = Some(77_u64.into());
        Pki::shared().intermediate.sign(params, p256())
    }

    async fn compare(
        &self,
        openssl: &OpenSsl,
        leaf: &Leaf,
        ours: &[&str],
        theirs: &[&str],
        expected: (&str, u32),
    ) {
        let (chain, _) = leaf.write_to(self.place.path(), "chain");
        let chain = text(&chain);
        let with = ["--ca", text(&self.ca), chain];
        let (exit, verdict) = verify(&self.place, &[ours, &with[..]].concat()).await;
        assert_eq!(
            (exit, &verdict["code"], &verdict["ok"]),
            (
                i32::from(expected.1 != 0),
                &expected.0.into(),
                &(expected.1 == 0).into()
            ),
            "{verdict}"
        );
        let crls = self.place.path().join("both.crl");
        let purpose: &[&str] = if theirs.contains(&"-purpose") {
            &[]
        } else {
            &["-purpose", "sslserver"]
        };
        let all = [
            &["verify", "-CAfile", text(&self.ca), "-CRLfile", text(&crls)][..],
            &["-untrusted", chain],
            purpose,
            theirs,
            &[chain],
        ];
        let output = openssl.run(all.concat()).await;
        match expected.1 {
            0 => assert!(output.stdout.ends_with(": OK\n"), "{output:?}"),
            number => assert!(output.contains(&format!("error {number} at")), "{output:?}"),
        }
    }
}

#[tokio::test]
async fn the_answers_are_those_of_openssl_verify() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let files = Files::new();
    for row in rows() {
        files
            .compare(&openssl, row.leaf, row.ours, row.openssl, row.expected)
            .await;
    }
    let crls = ["--crl", "intermediate.crl", "--crl", "root.crl"];
    files
        .compare(
            &openssl,
            &Files::revoked(),
            &crls,
            &["-crl_check_all"],
            ("CERT_REVOKED", 23),
        )
        .await;
    // The list of the intermediate's issuer is missing.
    let (chain, _) = Pki::shared().server.write_to(files.place.path(), "chain");
    let only = ["--ca", "ca.pem", "--crl", "intermediate.crl", "chain.pem"];
    let (exit, verdict) = verify(&files.place, &only).await;
    assert_eq!((exit, &verdict["code"]), (1, &"UNABLE_TO_GET_CRL".into()));
    let lists = files.place.path().join("intermediate.crl");
    let only = [
        "-CRLfile",
        text(&lists),
        "-crl_check_all",
        "-untrusted",
        text(&chain),
    ];
    let theirs = [
        &["verify", "-CAfile", text(&files.ca)][..],
        &only,
        &[text(&chain)],
    ];
    let theirs = openssl.run(theirs.concat()).await;
    assert!(theirs.contains("error 3 at 1 depth"), "{theirs:?}");
    // OpenSSL's command stops one step before OpenSSL's library and Node do.
    let leaf_alone = Pki::shared().server.certificate_pem();
    fs::write(files.place.path().join("leaf.pem"), leaf_alone).unwrap();
    let (exit, verdict) = verify(&files.place, &["--ca", "ca.pem", "leaf.pem"]).await;
    assert_eq!(
        (exit, &verdict["code"]),
        (1, &"UNABLE_TO_VERIFY_LEAF_SIGNATURE".into())
    );
    let openssl = openssl
        .run([
            "verify",
            "-CAfile",
            text(&files.ca),
            text(&files.place.path().join("leaf.pem")),
        ])
        .await;
    assert!(openssl.contains("error 20 at 0 depth"), "{openssl:?}");
}

#[tokio::test]
async fn a_trusted_intermediate_is_the_end_only_where_that_is_asked_for() {
    let place = Place::new();
    let pki = Pki::shared();
    let (chain, _) = pki.server.write_to(place.path(), "chain");
    let ca = pki.intermediate.write_to(place.path(), "intermediate");
    let args = ["--ca", text(&ca), text(&chain)];
    let (exit, verdict) = verify(&place, &args).await;
    assert_eq!(
        (exit, &verdict["code"]),
        (1, &"UNABLE_TO_GET_ISSUER_CERT".into())
    );
    let (exit, verdict) = verify(&place, &[&args[..], &["--partial-chain"]].concat()).await;
    assert_eq!((exit, &verdict["code"]), (0, &"OK".into()));
}

#[tokio::test]
async fn a_verdict_says_what_was_looked_at_or_what_to_do() {
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    let ca = ["cert", "verify", "--ca", text(&files.ca)];
    let good = [&ca[..], &["--host", "localhost", text(&files.cert)]].concat();
    let good = place.run(&good).await.expect_success().stdout;
    let lines: Vec<_> = good.lines().collect();
    assert!(
        lines[0]
            .starts_with("verified     OK  CN=localhost, issued by CN=Test Intermediate, valid"),
        "{good}"
    );
    assert_eq!(
        lines[1..],
        [
            "  checked    signatures, dates, purpose server, name localhost",
            "  not        revocation (--crl FILE)"
        ]
    );
    let (expired, _) = Pki::shared().expired.write_to(place.path(), "expired");
    let bad = place.run(&[&ca[..], &[text(&expired)]].concat()).await;
    assert_eq!(bad.status.code(), Some(1));
    let lines: Vec<_> = bad.stdout.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "refused      CERT_HAS_EXPIRED  (certificate 0, the first)",
            "  subject    CN=localhost",
            "  issuer     CN=Test Intermediate"
        ]
    );
    assert!(lines[3].contains(
        "why        certificate has expired: CN=localhost (valid until 2021-01-01T00:00:00Z"
    ));
    assert!(
        lines[4].contains("do         renew the certificate"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_chain_comes_from_stdin_or_from_a_server_too() {
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    let words = ["cert", "verify", "--ca", text(&files.ca)];
    let mut of_stdin = place.start(&[&words[..], &["-"]].concat());
    of_stdin.send(&fs::read(&files.cert).unwrap());
    of_stdin.finish().await.expect_success();

    let server = place
        .serve(&["--cert", text(&files.cert), "--key", text(&files.key)])
        .await;
    let address = server.place();
    let (exit, verdict) = verify(&place, &["--ca", text(&files.ca), &address]).await;
    assert_eq!((exit, &verdict["expected_name"]), (0, &"localhost".into()));
    let elsewhere = [
        "--ca",
        text(&files.ca),
        "--host",
        "elsewhere.test",
        &address,
    ];
    let (exit, verdict) = verify(&place, &elsewhere).await;
    assert_eq!(
        (exit, &verdict["code"]),
        (1, &"ERR_TLS_CERT_ALTNAME_INVALID".into())
    );
    assert_eq!(verdict["chain"].as_array().unwrap().len(), 2);
}
