//! `tls ocsp`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{DevelopmentFlags, duration};

#[derive(Debug, Subcommand)]
pub(crate) enum OcspCommand {
    /// Ask whether a certificate is revoked: exit 0 for good, 1 for revoked or unknown
    #[command(after_help = "Examples:
  tls ocsp check fullchain.pem
  tls ocsp check mail.example:465              # and the staple that the server sends
  tls ocsp check leaf.pem --issuer ca.pem --allow-private --json

The first certificate is the one in question; its issuer follows it, or is given.")]
    Check(OcspFlags),
    /// Ask, and write the verified response to a file, as other servers staple it
    #[command(after_help = "Examples:
  tls ocsp fetch fullchain.pem --out staple.der
  tls serve --cert fullchain.pem --key key.pem --ocsp staple.der
  haproxy: write it beside the certificate as FILE.ocsp")]
    Fetch {
        #[command(flatten)]
        flags: OcspFlags,
        /// Where to write the response (DER); replaced in one step
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Args, Debug)]
pub(crate) struct OcspFlags {
    /// A file (PEM, or DER with one certificate), `-` for stdin, or HOST:PORT
    #[arg(value_name = "CHAIN|-|HOST:PORT")]
    pub(crate) chain: String,
    /// Certificates among which the issuer is, where the chain leaves it out: a PEM file, `mozilla`,
    /// `system` or `dev`; repeatable [default: mozilla]
    #[arg(long, value_name = "FILE|WORD")]
    pub(crate) issuer: Vec<String>,
    /// Ask this responder, whatever the certificate says
    #[arg(long, value_name = "URL")]
    pub(crate) responder: Option<String>,
    /// Allow responders of private networks and of this machine, on any port
    #[arg(long)]
    pub(crate) allow_private: bool,
    /// Ask by GET, which caches on the way can answer
    #[arg(long, hide_short_help = true)]
    pub(crate) get: bool,
    /// Time limit of the server, and again of each responder
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, hide_short_help = true)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) development: DevelopmentFlags,
    /// JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}
