//! `tls psk`.

use std::path::PathBuf;

use clap::Subcommand;

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
