//! `tls cert`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::{DevelopmentFlags, duration};

#[derive(Debug, Subcommand)]
pub(crate) enum CertCommand {
    /// Make the development CA if there is none, and show where it is
    #[command(after_help = "Examples:
  tls cert dev                                 # make it, show its path
  curl --cacert \"$(tls cert dev --path)\" https://localhost:8443/
  tls cert dev --remove                        # forget it; browsers have to be told separately")]
    Dev {
        /// Remove the CA, its key and what it issued
        #[arg(long)]
        remove: bool,
        /// Print the path of the CA's certificate only
        #[arg(long, conflicts_with = "remove")]
        path: bool,
        #[command(flatten)]
        development: DevelopmentFlags,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Show what certificates say
    #[command(after_help = "Examples:
  tls cert show fullchain.pem
  tls cert show example.org:443                # what a server sends, trusted or not
  openssl x509 -in c.der -inform der | tls cert show - --json")]
    Show {
        /// A PEM file, `-` for stdin, or HOST:PORT
        #[arg(value_name = "FILE|-|HOST:PORT")]
        what: String,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Say whether a chain can be trusted: exit 0 or 1, with the reason
    #[command(after_help = "Examples:
  tls cert verify fullchain.pem --host shop.example
  tls cert verify shop.example:443 --json      # the chain that a server sends
  tls cert verify client.pem --purpose client --ca clients.pem --crl clients.crl

The first certificate is the one in question, the others may help to find its root.")]
    Verify(Box<VerifyFlags>),
    /// Say what expires soon: exit 1 if anything does, for cron
    #[command(after_help = "Examples:
  tls cert check /etc/tls/fullchain.pem --within 21d
  tls cert check shop.example                  # port 443; all that the server sends
  tls cert check mail.example:465 --within 14d --json || mail -s 'renew' ops")]
    Check(CheckFlags),
}

#[derive(Args, Debug)]
pub(crate) struct VerifyFlags {
    /// A file (PEM, or DER with one certificate), `-` for stdin, or HOST:PORT
    #[arg(value_name = "CHAIN|-|HOST:PORT")]
    pub(crate) chain: String,
    /// Whom to trust: a PEM file, `mozilla`, `system`, `dev` or `none`; repeatable [default: mozilla]
    #[arg(long, value_name = "FILE|WORD")]
    pub(crate) ca: Vec<String>,
    /// Revocation lists (PEM or DER); repeatable. With them, each certificate needs one
    #[arg(long, value_name = "FILE")]
    pub(crate) crl: Vec<PathBuf>,
    /// Name or IP address that a server is reached by [default: HOST of HOST:PORT, else any]
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
    /// What the certificate is for
    #[arg(long, value_name = "PURPOSE", default_value = "server")]
    pub(crate) purpose: Purpose,
    /// Verify as of this time (RFC 3339), such as 2026-12-24T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) time: Option<Timestamp>,
    /// Let a trusted certificate that is no root end the chain
    #[arg(long)]
    pub(crate) partial_chain: bool,
    /// Time limit of reaching a server, and again of the handshake
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, hide_short_help = true)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) development: DevelopmentFlags,
    /// JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a certificate is for (RFC 5280, Section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    Server,
    Client,
}

#[derive(Args, Debug)]
pub(crate) struct CheckFlags {
    /// A file (PEM, or DER with one certificate), `-` for stdin, or a server
    #[arg(value_name = "FILE|-|HOST[:443]")]
    pub(crate) what: String,
    /// What ends within this time counts as bad
    #[arg(long, value_name = "TIME", default_value = "21d", value_parser = duration)]
    pub(crate) within: Duration,
    /// Say nothing if nothing does, as cron mails whatever is said
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,
    /// Time limit of reaching a server, and again of the handshake
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, hide_short_help = true)]
    pub(crate) timeout: Duration,
    /// JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let parsed: Result<Timestamp, _> = text.parse();
    parsed.map_err(|_| "write a time with its zone, such as 2026-12-24T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_zone() {
        let time_2026 = time("2026-12-24T00:00:00Z").unwrap();
        assert_eq!(time_2026, time("2026-12-24T01:00:00+01:00").unwrap());
        for wrong in ["2026-12-24", "2026-12-24T00:00:00", "now", ""] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
