//! `tls psk`, and pre-shared keys of `tls serve` and `tls connect`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::secret::Secret;

/// Pre-shared keys of a server.
#[derive(Args, Debug)]
pub(crate) struct ServePskFlags {
    /// Take clients that have a key of this file, `identity:hexkey` a line (see `tls psk`); read
    /// again when it changes
    #[arg(long, value_name = "FILE")]
    pub(crate) psk: Option<PathBuf>,
    /// Take no others, and have no certificate
    #[arg(long, requires = "psk", conflicts_with_all = ["cert", "pfx", "sni", "client_ca"], hide_short_help = true)]
    pub(crate) psk_only: bool,
    /// TLS 1.2: what to tell clients that have several keys
    #[arg(long, value_name = "TEXT", requires = "psk", hide_short_help = true)]
    pub(crate) psk_hint: Option<String>,
    /// TLS 1.3: keys only as imported into this context, which both ends have alike (RFC 9258)
    #[arg(long, value_name = "CONTEXT", requires = "psk", hide_short_help = true)]
    pub(crate) psk_import: Option<String>,
    /// With --psk-only: answer unknown identities as if their key were wrong
    #[arg(long, requires = "psk_only", hide_short_help = true)]
    pub(crate) psk_decoy: bool,
}

/// The pre-shared key of a client.
#[derive(Args, Debug)]
pub(crate) struct ConnectPskFlags {
    /// Connect with a key instead of certificates: whose it is
    #[arg(long, value_name = "NAME", requires = "psk_key")]
    pub(crate) psk_identity: Option<String>,
    /// The key in hex, or a file of `identity:hexkey` lines: @FILE or env:NAME
    #[arg(long, value_name = "SECRET", value_parser = Secret::parse, requires = "psk_identity")]
    pub(crate) psk_key: Option<Secret>,
    /// TLS 1.3: the key as imported into this context, which both ends have alike (RFC 9258)
    #[arg(
        long,
        value_name = "CONTEXT",
        requires = "psk_identity",
        hide_short_help = true
    )]
    pub(crate) psk_import: Option<String>,
    /// If the server does not take the key, connect anew and check its certificate
    #[arg(long, requires = "psk_identity", hide_short_help = true)]
    pub(crate) psk_or_certificate: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PskCommand {
    /// Print a line with a new key, for the files of both ends
    #[command(after_help = "Examples:
  (umask 077; tls psk new --identity gate-7 >> devices.psk)
  tls psk new --identity gate-7 --bits 128     # where the other end takes no more
  tls psk check devices.psk

The line goes to both ends, over something that is safe already; it is shown to nobody else.")]
    New {
        /// Who the key is for, up to 256 bytes [default: one made up]
        #[arg(long, value_name = "NAME")]
        identity: Option<String>,
        /// Size of the key
        #[arg(long, value_name = "BITS", default_value_t = 256)]
        bits: usize,
    },
    /// Say what is wrong with a file of keys, or better not done: exit 0 or 1
    #[command(after_help = "Examples:
  tls psk check devices.psk
  tls psk check devices.psk --json || exit 1

No key is shown. `identity:hexkey` a line, as OpenSSL, stunnel and mosquitto read them.")]
    Check {
        /// The file
        file: PathBuf,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
}
