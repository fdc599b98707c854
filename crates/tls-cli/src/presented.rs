//! The certificates that a command looks at: of a file, of standard input, or of a server.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use tls::certs::{CertificateSummary, Trust, certificates_of};
use tls::context::SecureContext;
use tls::net::{ConnectionInfo, TlsConnector};
use tls::rustls::pki_types::{CertificateDer, ServerName};

use crate::error::{Error, Result};

/// No honest bundle is longer.
const MOST: u64 = 4 << 20;

/// What certificate files end with; no host does.
const FILE_ENDINGS: [&str; 7] = [".pem", ".crt", ".cer", ".der", ".key", ".p12", ".pfx"];

/// Where certificates come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented<'a> {
    Stdin,
    File(&'a Path),
    /// `HOST:PORT`, or `HOST` where that was allowed.
    Server(&'a str),
}

impl<'a> Presented<'a> {
    /// `-`, a file, or HOST:PORT.
    pub(crate) fn of(what: &'a str) -> Self {
        match what {
            "-" => Self::Stdin,
            file if Path::new(file).exists() => Self::File(Path::new(file)),
            server if is_host_and_port(server) => Self::Server(server),
            file => Self::File(Path::new(file)),
        }
    }

    /// The same, where a host needs no port.
    pub(crate) fn of_file_or_host(what: &'a str) -> Self {
        match Self::of(what) {
            Self::File(file) if !file.exists() && !is_file_name(what) => Self::Server(what),
            presented => presented,
        }
    }

    /// Reads them, or asks the server, trusted or not. `name` stands in for the server's host.
    pub(crate) fn certificates(
        self,
        name: Option<&ServerName<'static>>,
        timeout: Duration,
    ) -> Result<Vec<CertificateDer<'static>>> {
        match self {
            Self::Stdin => read(Path::new("-"), io::stdin().lock()),
            Self::File(file) => read(
                file,
                File::open(file).map_err(|source| failed(file, source))?,
            ),
            Self::Server(address) => {
                let info = of_server(address, name, timeout)?;
                Ok(info.peer_certificates().unwrap_or_default().to_vec())
            }
        }
    }
}

fn failed(file: &Path, source: io::Error) -> Error {
    Error::File {
        action: "read",
        path: file.into(),
        source,
    }
}

/// PEM with one certificate or more, or DER with one.
fn read(file: &Path, source: impl Read) -> Result<Vec<CertificateDer<'static>>> {
    let mut bytes = Vec::new();
    let read = source
        .take(MOST + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| failed(file, source))?;
    if read as u64 > MOST {
        return Err(failed(file, io::Error::other("longer than 4 MiB")));
    }
    Ok(certificates_of(&bytes, &file.display().to_string())?)
}

/// What a certificate of `what` says; an error names the file or server.
pub(crate) fn summary(der: &CertificateDer<'_>, what: &str) -> Result<CertificateSummary> {
    use tls::certs::Error as Certs;
    Ok(
        CertificateSummary::from_der(der).map_err(|error| match error {
            Certs::Certificate { reason, .. } => Certs::Certificate {
                origin: what.to_owned(),
                reason,
            },
            other => other,
        })?,
    )
}

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn is_file_name(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains(['/', '\\']) || FILE_ENDINGS.iter().any(|ending| text.ends_with(ending))
}

/// What a server shows, trusted or not: its chain, and its OCSP staple.
pub(crate) fn of_server(
    address: &str,
    name: Option<&ServerName<'static>>,
    timeout: Duration,
) -> Result<ConnectionInfo> {
    let context = SecureContext::client(Trust::empty())
        .dangerous()
        .accept_any_certificate()
        .build()?;
    let mut connector = TlsConnector::from(context)
        .request_ocsp(true)
        .connect_timeout(timeout)
        .handshake_timeout(timeout);
    if let Some(name) = name {
        connector = connector.server_name(name.clone());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| Error::System {
        what: "can't start the runtime",
        source,
    })?;
    let stream = runtime.block_on(connector.connect_to(address));
    Ok(stream.map_err(Error::Connect)?.info())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_from_a_file() {
        let file = |name| Presented::File(Path::new(name));
        for (text, expected, or_host) in [
            ("-", Presented::Stdin, Presented::Stdin),
            (
                "a.test:443",
                Presented::Server("a.test:443"),
                Presented::Server("a.test:443"),
            ),
            (
                "[::1]:8443",
                Presented::Server("[::1]:8443"),
                Presented::Server("[::1]:8443"),
            ),
            ("a.test", file("a.test"), Presented::Server("a.test")),
            ("a:b", file("a:b"), Presented::Server("a:b")),
            ("c.pem", file("c.pem"), file("c.pem")),
            ("C.CRT", file("C.CRT"), file("C.CRT")),
            ("tls/c", file("tls/c"), file("tls/c")),
            (":443", file(":443"), Presented::Server(":443")),
        ] {
            assert_eq!(Presented::of(text), expected, "{text}");
            assert_eq!(Presented::of_file_or_host(text), or_host, "{text}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for (bytes, code) in [
            (&b""[..], "no_certificate"),
            (b"text", "no_certificate"),
            (
                b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
                "pem_damaged",
            ),
        ] {
            let error = read(Path::new("x"), bytes).unwrap_err();
            assert_eq!((error.code(), error.exit_code().number()), (code, 3));
        }
        let endless = read(Path::new("x"), io::repeat(b' ')).unwrap_err();
        assert!(endless.causes()[0].contains("4 MiB"));
    }
}
