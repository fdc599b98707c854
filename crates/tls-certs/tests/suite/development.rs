//! The development CA as other programs see it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use pki_types::{ServerName, UnixTime};
use rustls::{ServerConfig, ServerConnection, Stream};
use tls_certs::development::DevelopmentCa;
use tls_certs::{Identity, Trust};

use super::pki::{missing, provider, verifier};

fn fresh() -> (tempfile::TempDir, DevelopmentCa, Identity) {
    let directory = tempfile::tempdir().unwrap();
    let ca = DevelopmentCa::load_or_create(directory.path().join("dev")).unwrap();
    let identity = ca
        .issue(&["localhost", "app.localhost", "127.0.0.1", "::1"])
        .unwrap();
    (directory, ca, identity)
}

#[test]
fn our_own_verifier_accepts_what_it_issues_and_the_names_only() {
    let (_directory, ca, identity) = fresh();
    let verifier = verifier(&Trust::from_pem_file(ca.ca_path()).unwrap());
    for name in ["localhost", "app.localhost", "127.0.0.1", "::1"] {
        verifier
            .verify(
                identity.chain(),
                &ServerName::try_from(name).unwrap(),
                UnixTime::now(),
            )
            .unwrap();
    }
    let other = ServerName::try_from("example.org").unwrap();
    assert_eq!(
        verifier
            .verify(identity.chain(), &other, UnixTime::now())
            .unwrap_err()
            .code(),
        "ERR_TLS_CERT_ALTNAME_INVALID"
    );
}

// The constraints hold for a stolen key too: what it signs for other names is refused.
#[test]
fn a_certificate_for_another_name_under_its_key_is_refused() {
    let (_directory, ca, _) = fresh();
    let key = std::fs::read_to_string(ca.ca_path().with_file_name("dev-ca-key.pem")).unwrap();
    let key = rcgen::KeyPair::from_pem(&key).unwrap();
    let subject = tls_certs::CertificateSummary::from_der(ca.certificate())
        .unwrap()
        .common_name
        .unwrap();
    let issuer = rcgen::Issuer::new(super::pki::ca(&subject), key);
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let mut params = super::pki::server("bank.example");
    params.not_after = rcgen::date_time_ymd(2099, 1, 1);
    let leaf = params.signed_by(&leaf_key, &issuer).unwrap();
    let verifier = verifier(&Trust::from_pem_file(ca.ca_path()).unwrap());
    let refusal = verifier
        .verify(
            &[leaf.der().clone()],
            &ServerName::try_from("bank.example").unwrap(),
            UnixTime::now(),
        )
        .unwrap_err();
    assert!(refusal.hint.contains("name constraints"), "{refusal}");
}

#[test]
fn openssl_accepts_what_it_issues() {
    let (_directory, ca, _) = fresh();
    let (leaf, _) = ca.leaf_paths();
    for name in [
        ["-verify_hostname", "localhost"],
        ["-verify_hostname", "app.localhost"],
        ["-verify_ip", "127.0.0.1"],
        ["-verify_ip", "::1"],
    ] {
        let mut command = Command::new("openssl");
        command
            .args(["verify", "-x509_strict", "-purpose", "sslserver"])
            .args(name)
            .arg("-CAfile")
            .arg(ca.ca_path())
            .arg(&leaf);
        let Ok(output) = command.output() else {
            return missing("openssl");
        };
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// One HTTP answer over TLS, for one connection.
fn serve_once(listener: &TcpListener, config: Arc<ServerConfig>) {
    let (mut tcp, _) = listener.accept().unwrap();
    let mut connection = ServerConnection::new(config).unwrap();
    let mut stream = Stream::new(&mut connection, &mut tcp);
    let mut request = [0; 1024];
    _ = stream.read(&mut request);
    _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    stream.conn.send_close_notify();
    _ = stream.flush();
}

#[test]
fn curl_accepts_a_server_with_it() {
    if Command::new("curl").arg("--version").output().is_err() {
        return missing("curl");
    }
    let (_directory, ca, identity) = fresh();
    let resolver = rustls::sign::SingleCertAndKey::from(Arc::clone(identity.certified_key()));
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    std::thread::scope(|scope| {
        scope.spawn(|| serve_once(&listener, config));
        let url = format!("https://localhost:{port}/");
        let resolve = format!("localhost:{port}:127.0.0.1");
        let output = Command::new("curl")
            .args([
                "-sS",
                "--noproxy",
                "*",
                "--max-time",
                "10",
                "--resolve",
                &resolve,
                "--cacert",
            ])
            .arg(ca.ca_path())
            .arg(url)
            .output()
            .unwrap();
        // Lets the server end even if curl never came.
        drop(std::net::TcpStream::connect(("127.0.0.1", port)));
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "ok",
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    });
}
