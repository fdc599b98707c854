//! `tls cert show`: what certificates say, of a file, of standard input, or of a server.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::json;
use tls::certs::{CertificateSummary, Trust};
use tls::context::SecureContext;
use tls::net::TlsConnector;
use tls::rustls::pki_types::CertificateDer;
use tls::rustls::pki_types::pem::PemObject;

use crate::connection_report::CertificateReport;
use crate::error::{Error, Result};
use crate::exit_codes::ExitCode;
use crate::{names, output};

/// No honest bundle is longer.
const MOST: u64 = 4 << 20;

pub(super) fn run(what: &str, json: bool) -> Result<ExitCode> {
    let certificates = match what {
        "-" => read(what, io::stdin().lock()),
        file if Path::new(file).exists() => read(
            file,
            File::open(file).map_err(|source| failed(file, source))?,
        ),
        server if is_host_and_port(server) => of_server(server),
        file => Err(failed(file, io::ErrorKind::NotFound.into())),
    }?;
    for (index, der) in certificates.iter().enumerate() {
        let summary = CertificateSummary::from_der(der)?;
        if json {
            output::result(&to_json(index, &summary))?;
        } else {
            output::result(to_text(index, &summary).trim_end())?;
        }
    }
    Ok(ExitCode::Done)
}

fn failed(file: &str, source: io::Error) -> Error {
    Error::File {
        action: "read",
        path: file.into(),
        source,
    }
}

/// PEM with one certificate or more, or DER with one.
fn read(file: &str, source: impl Read) -> Result<Vec<CertificateDer<'static>>> {
    let mut bytes = Vec::new();
    let read = source
        .take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| failed(file, source))?;
    if read as u64 > MOST {
        return Err(failed(file, io::Error::other("longer than 4 MiB")));
    }
    // A SEQUENCE; PEM is text.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(bytes)]);
    }
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let certificates = certificates.map_err(|error| failed(file, io::Error::other(error)))?;
    if certificates.is_empty() {
        return Err(failed(
            file,
            io::Error::other("there is no certificate in it"),
        ));
    }
    Ok(certificates)
}

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// What a server sends, trusted or not.
fn of_server(address: &str) -> Result<Vec<CertificateDer<'static>>> {
    let context = SecureContext::client(Trust::empty())
        .dangerous()
        .accept_any_certificate()
        .build()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "can't start the runtime",
        source,
    })?;
    let stream = runtime.block_on(TlsConnector::from(context).connect_to(address));
    let info = stream.map_err(Error::Connect)?.info();
    Ok(info.peer_certificates().unwrap_or_default().to_vec())
}

fn to_json(index: usize, summary: &CertificateSummary) -> String {
    let mut event = json!(CertificateReport::of(summary));
    if let Some(fields) = event.as_object_mut() {
        fields.insert("event".to_owned(), json!("certificate"));
        fields.insert("index".to_owned(), json!(index));
        if index == 0 {
            fields.insert("v".to_owned(), json!(1));
        }
    }
    event.to_string()
}

fn to_text(index: usize, summary: &CertificateSummary) -> String {
    let report = CertificateReport::of(summary);
    let bold = anstyle::Style::new().bold();
    let mut text = format!("{bold}certificate {index}{bold:#}  {}\n", report.subject);
    let names = report.names.join(", ");
    let validity = format!(
        "{} to {}  ({})",
        report.not_before,
        report.not_after,
        names::validity(summary.not_after)
    );
    for (label, value) in [
        ("issuer", report.issuer.as_str()),
        ("names", if names.is_empty() { "none" } else { &names }),
        ("validity", &validity),
        ("key", &report.key),
        ("CA", if report.is_ca { "yes" } else { "no" }),
        ("serial", &report.serial),
        ("SHA-256", &report.fingerprint256),
    ] {
        text.push_str(&format!("  {label:<9}  {value}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_from_a_file_by_its_port() {
        for (text, expected) in [
            ("example.org:443", true),
            ("[::1]:8443", true),
            ("example.org", false),
            (":443", false),
            ("a:b", false),
            ("c.pem", false),
        ] {
            assert_eq!(is_host_and_port(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for bytes in [
            &b""[..],
            b"text",
            b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(read("x", bytes).unwrap_err().code(), "file", "{bytes:?}");
        }
        assert!(read("x", io::repeat(b' ')).unwrap_err().causes()[0].contains("4 MiB"));
    }
}
