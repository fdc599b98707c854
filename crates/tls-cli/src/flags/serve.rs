//! `tls serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::revocation::{Stapling, stapling};
use super::{
    DevelopmentFlags, ProtocolFlags, RevocationFlags, ServePskFlags, SessionFlags, duration,
};
use crate::secret::Secret;

#[derive(Args, Debug)]
pub(crate) struct ServeFlags {
    /// Address to listen on; repeatable, port 0 for any [default: 127.0.0.1:8443, or a free port]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<SocketAddr>,
    /// Certificate chain (PEM); repeatable with --key: RSA and ECDSA side by side
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Vec<PathBuf>,
    /// Key of the certificate at the same place; may be encrypted
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
    /// Certificate and key in one PKCS#12 file; repeatable, beside --cert and --key
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) pfx: Vec<PathBuf>,
    /// Passphrase: @FILE or env:NAME; one for all, or one for each --key and then each --pfx.
    /// Without it, a terminal is asked
    #[arg(long, value_name = "SECRET", value_parser = Secret::parse, hide_short_help = true)]
    pub(crate) passphrase: Vec<Secret>,
    /// Another certificate for a name or pattern; repeatable: PATTERN=CERT,KEY
    #[arg(long, value_name = "PATTERN=CERT,KEY", value_parser = sni)]
    pub(crate) sni: Vec<SniFlag>,
    /// CA of client certificates (PEM); needs --request-cert or --require-cert
    #[arg(long, value_name = "FILE")]
    pub(crate) client_ca: Vec<PathBuf>,
    /// Ask clients for a certificate, and take those without one too
    #[arg(
        long,
        requires = "client_ca",
        conflicts_with = "require_cert",
        hide_short_help = true
    )]
    pub(crate) request_cert: bool,
    /// Take only clients with a certificate of --client-ca
    #[arg(long, requires = "client_ca")]
    pub(crate) require_cert: bool,
    #[command(flatten)]
    pub(crate) revocation: RevocationFlags,
    /// OCSP responses to staple: `auto` asks the responders that the certificates name and keeps
    /// them fresh, `off`, or a FILE (DER) for the first certificate, read again when it changes
    #[arg(long, value_name = "auto|off|FILE", default_value = "auto", value_parser = stapling, hide_short_help = true)]
    pub(crate) ocsp: Stapling,
    /// Serve a raw echo instead of the page
    #[arg(long)]
    pub(crate) echo: bool,
    #[command(flatten)]
    pub(crate) psk: ServePskFlags,
    #[command(flatten)]
    pub(crate) sessions: SessionFlags,
    /// Let several processes listen on one port (SO_REUSEPORT); implied by --ticket-keys and by a
    /// store that workers share
    #[arg(long, hide_short_help = true)]
    pub(crate) reuse_port: bool,
    #[command(flatten)]
    pub(crate) protocol: ProtocolFlags,
    /// From the connection to the finished handshake
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, hide_short_help = true)]
    pub(crate) handshake_timeout: Duration,
    /// Connections that have not sent a whole hello; when full, the oldest goes
    #[arg(long, value_name = "N", default_value_t = 4096, hide_short_help = true)]
    pub(crate) max_pending: usize,
    /// Handshakes at work at once; when full, others wait
    #[arg(long, value_name = "N", default_value_t = 256, hide_short_help = true)]
    pub(crate) max_handshakes: usize,
    /// Connections at once; when full, others wait in the kernel; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0, hide_short_help = true)]
    pub(crate) max_connections: usize,
    /// How long connections may go on after SIGINT or SIGTERM, before they are cut
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, hide_short_help = true)]
    pub(crate) shutdown_timeout: Duration,
    #[command(flatten)]
    pub(crate) development: DevelopmentFlags,
    /// JSON on stdout, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// `PATTERN=CERT,KEY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SniFlag {
    pub(crate) pattern: String,
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

fn sni(text: &str) -> Result<SniFlag, String> {
    let parts = text.split_once('=').and_then(|(pattern, files)| {
        let (cert, key) = files.split_once(',')?;
        Some((pattern, cert, key))
    });
    match parts {
        Some((pattern, cert, key)) if ![pattern, cert, key].contains(&"") => Ok(SniFlag {
            pattern: pattern.to_owned(),
            cert: cert.into(),
            key: key.into(),
        }),
        _ => Err("write PATTERN=CERT,KEY, such as '*.shop.example=shop.pem,shop.key'".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sni_is_a_pattern_and_two_files() {
        let flag = sni("*.a.test=c.pem,k.pem").unwrap();
        assert_eq!(
            (flag.pattern.as_str(), flag.cert, flag.key),
            ("*.a.test", "c.pem".into(), "k.pem".into())
        );
        for wrong in ["", "a.test", "a.test=c.pem", "=c,k", "a=,k", "a=c,"] {
            assert!(sni(wrong).is_err(), "{wrong}");
        }
    }
}
