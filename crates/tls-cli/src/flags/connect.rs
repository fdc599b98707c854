//! `tls connect`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{ConnectPskFlags, DevelopmentFlags, ProtocolFlags, RevocationFlags, duration};
use crate::secret::Secret;

#[derive(Args, Debug)]
pub(crate) struct ConnectFlags {
    /// Where to: HOST, HOST:PORT or [IPV6]:PORT; without a port, 443
    #[arg(value_name = "HOST[:443]")]
    pub(crate) address: String,
    /// Stop after the handshake; stdin is not read
    #[arg(long)]
    pub(crate) info: bool,
    /// Whom to trust: a PEM file, `mozilla`, `system`, `dev` or `none`; repeatable [default:
    /// mozilla; for localhost the development CA too]
    #[arg(long, value_name = "FILE|WORD")]
    pub(crate) ca: Vec<String>,
    #[command(flatten)]
    pub(crate) revocation: RevocationFlags,
    /// Say what the server's OCSP staple says, also if there is none
    #[arg(long, hide_short_help = true)]
    pub(crate) request_ocsp: bool,
    /// Name to ask for and to check, instead of HOST
    #[arg(long, value_name = "NAME")]
    pub(crate) servername: Option<String>,
    /// Client certificate chain (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Its key; may be encrypted
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Certificate and key in one PKCS#12 file
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "cert",
        hide_short_help = true
    )]
    pub(crate) pfx: Option<PathBuf>,
    /// Passphrase of the key: @FILE or env:NAME; without it, a terminal is asked
    #[arg(long, value_name = "SECRET", value_parser = Secret::parse, hide_short_help = true)]
    pub(crate) passphrase: Option<Secret>,
    #[command(flatten)]
    pub(crate) psk: ConnectPskFlags,
    /// Go on with a server whose certificate is refused
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Connect N more times, each resuming the session before
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) reconnect: u32,
    #[command(flatten)]
    pub(crate) protocol: ProtocolFlags,
    /// Time limit of reaching the server, and again of the handshake
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, hide_short_help = true)]
    pub(crate) timeout: Duration,
    /// After the end of stdin, go on reading until the server ends, or is silent for this long
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration, hide_short_help = true)]
    pub(crate) linger: Duration,
    #[command(flatten)]
    pub(crate) development: DevelopmentFlags,
    /// JSON on stderr, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}
