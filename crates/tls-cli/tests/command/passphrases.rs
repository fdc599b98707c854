//! Encrypted keys and PKCS#12 files, and who says the passphrase.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tls_testing::Pki;
use tls_testing::peer::{OpenSsl, Process};
use tls_testing::pki::PkiFiles;

use crate::ends::{Place, text};

/// The shared PKI with its server key encrypted, and as a PFX.
struct Encrypted {
    place: Place,
    files: PkiFiles,
    key: PathBuf,
    pfx: PathBuf,
    passphrase: PathBuf,
}

impl Encrypted {
    async fn new() -> Option<Self> {
        let openssl = OpenSsl::require()?;
        let place = Place::new();
        let files = Pki::shared().write_to(place.path());
        let [key, pfx, passphrase] =
            ["encrypted.key", "server.pfx", "passphrase"].map(|name| place.path().join(name));
        private(&passphrase, "sesame\n");
        let source = format!("file:{}", passphrase.display());
        let pkcs8 = [
            "pkcs8",
            "-topk8",
            "-v2",
            "aes-256-cbc",
            "-in",
            text(&files.key),
        ];
        let to = ["-passout", &source, "-out", text(&key)];
        openssl
            .run([&pkcs8[..], &to].concat())
            .await
            .expect_success();
        let pkcs12 = ["pkcs12", "-export", "-in", text(&files.cert)];
        let to = [
            "-inkey",
            text(&files.key),
            "-passout",
            &source,
            "-out",
            text(&pfx),
        ];
        openssl
            .run([&pkcs12[..], &to].concat())
            .await
            .expect_success();
        for file in [&key, &pfx] {
            fs::set_permissions(file, PermissionsExt::from_mode(0o600)).unwrap();
        }
        Some(Self {
            place,
            files,
            key,
            pfx,
            passphrase,
        })
    }
}

fn private(file: &Path, content: &str) {
    fs::write(file, content).unwrap();
    fs::set_permissions(file, PermissionsExt::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn an_encrypted_key_and_a_pfx_serve_with_their_passphrase() {
    let Some(made) = Encrypted::new().await else {
        return;
    };
    let at = format!("@{}", made.passphrase.display());
    let pair = ["--cert", text(&made.files.cert), "--key", text(&made.key)];
    let pfx = ["--pfx", text(&made.pfx)];
    for identity in [&pair[..], &pfx[..], &[&pair[..], &pfx[..]].concat()] {
        let server = made
            .place
            .serve(&[identity, &["--passphrase", &at]].concat())
            .await;
        let client = [
            "connect",
            &server.place(),
            "--info",
            "--ca",
            text(&made.files.ca),
        ];
        made.place.run(&client).await.expect_success();
    }
    // One for each.
    let each = ["--passphrase", &at, "--passphrase", "sesame"];
    let server = made
        .place
        .serve(&[&pair[..], &pfx[..], &each[..]].concat())
        .await;
    assert_eq!(server.listening["certificate"]["subject"], "CN=localhost");
}

#[tokio::test]
async fn a_client_shows_a_certificate_of_a_pfx() {
    let Some(openssl) = OpenSsl::require() else {
        return;
    };
    let place = Place::new();
    let files = Pki::shared().write_to(place.path());
    let pfx = place.path().join("client.pfx");
    let export = ["pkcs12", "-export", "-in", text(&files.client_cert)];
    let to = [
        "-inkey",
        text(&files.client_key),
        "-passout",
        "pass:",
        "-out",
        text(&pfx),
    ];
    openssl
        .run([&export[..], &to].concat())
        .await
        .expect_success();
    let mut server = place
        .serve(&["--client-ca", text(&files.ca), "--require-cert", "--echo"])
        .await;
    // Without a passphrase: nobody is asked for one.
    let client = ["connect", &server.place(), "--info", "--pfx", text(&pfx)];
    place.run(&client).await.expect_success();
    assert_eq!(
        server.event().await["certificate"]["subject"],
        "CN=client.test"
    );
}

#[tokio::test]
async fn a_passphrase_that_is_missing_wrong_or_seen_by_all_is_told() {
    let Some(made) = Encrypted::new().await else {
        return;
    };
    let pair = ["--cert", text(&made.files.cert), "--key", text(&made.key)];
    private(&made.place.path().join("wrong"), "sesam\n");
    let no_files = ["serve", "--passphrase", "@a", "--passphrase", "@b"];
    assert_eq!(made.place.exit_code(&no_files).await, 2);
    for (passphrase, says) in [
        (&[][..], "there is no terminal to ask at"),
        (
            &["--passphrase", "env:TLS_NO_SUCH_VARIABLE"],
            "TLS_NO_SUCH_VARIABLE: no passphrase: it is not set",
        ),
        (&["--passphrase", "@missing"], "cannot read missing"),
        (&["--passphrase", "@wrong"], "bad decrypt"),
        (&["--passphrase", "sesam"], "visible to every user in ps"),
    ] {
        let output = made
            .place
            .run(&[&["serve", "--listen", "127.0.0.1:0"], &pair[..], passphrase].concat())
            .await;
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(output.stderr.contains(says), "{says}: {}", output.stderr);
        assert!(!output.stderr.contains("sesam\n"), "{}", output.stderr);
    }
    fs::set_permissions(&made.passphrase, PermissionsExt::from_mode(0o644)).unwrap();
    let at = format!("@{}", made.passphrase.display());
    let open = made
        .place
        .run(&[&["serve"], &pair[..], &["--passphrase", &at]].concat())
        .await;
    assert!(open.stderr.contains("chmod 600"), "{}", open.stderr);
}

/// As systemd hands them over with `LoadCredential=`.
#[tokio::test]
async fn bare_names_are_looked_for_among_the_credentials() {
    let Some(made) = Encrypted::new().await else {
        return;
    };
    let elsewhere = Place::new();
    let credentials = [("CREDENTIALS_DIRECTORY", text(made.place.path()))];
    let key = ["--cert", "server.pem", "--key", "encrypted.key"];
    let words = [&key[..], &["--passphrase", "passphrase"]].concat();
    let server = elsewhere.serve_with(&words, &credentials).await;
    assert_eq!(server.listening["certificate"]["subject"], "CN=localhost");
    assert_eq!(server.process.stderr(), "");
}

/// `script` gives the command a terminal.
#[tokio::test]
async fn at_a_terminal_a_person_is_asked() {
    if Command::new("script").arg("--version").output().is_err() {
        return;
    }
    let Some(made) = Encrypted::new().await else {
        return;
    };
    let line = format!(
        "{} serve --listen 127.0.0.1:0 --cert {} --key {}",
        env!("CARGO_BIN_EXE_tls"),
        made.files.cert.display(),
        made.key.display()
    );
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]);
    let mut terminal = Process::start(command);
    terminal
        .wait_for(&format!("Passphrase of {}: ", made.key.display()))
        .await;
    terminal.send(b"sesame\n");
    terminal.wait_for("listening").await;
}
