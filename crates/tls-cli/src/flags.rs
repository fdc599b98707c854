//! What was typed: the commands and their options, as clap reads them.
//!
//! `--help` is short (the common options and three examples); `tls help COMMAND` shows everything.

mod cert;
mod connect;
mod ocsp;
mod psk;
mod revocation;
mod serve;
mod sessions;
mod ticket_keys;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand};

pub(crate) use self::cert::{CertCommand, CheckFlags, Purpose, VerifyFlags};
pub(crate) use self::connect::ConnectFlags;
pub(crate) use self::ocsp::{OcspCommand, OcspFlags};
pub(crate) use self::psk::{ConnectPskFlags, PskCommand, ServePskFlags};
pub(crate) use self::revocation::{Revocation, RevocationFlags, Stapling};
pub(crate) use self::serve::{ServeFlags, SniFlag};
pub(crate) use self::sessions::{Rotation, SessionFlags, StoreFlags};
pub(crate) use self::ticket_keys::{KeysPlace, RotateFlags, TicketKeysCommand};

#[derive(Debug, Parser)]
#[command(
    name = "tls",
    version,
    about = "TLS servers and clients, certificates and ticket keys",
    disable_help_subcommand = true,
    disable_help_flag = true,
    after_help = "Exit codes: tls help exit-codes",
    max_term_width = 100
)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve an HTTPS page that shows the visitor's own connection, or an echo
    #[command(after_help = "Examples:
  tls serve                                    # https://localhost:8443, nothing to configure
  tls serve --listen 0.0.0.0:0 --cert web.pem --key web.key --sni '*.shop.test=shop.pem,shop.key'
  tls serve --psk devices.psk --psk-only --echo    # no certificates at all; see tls psk

All options: tls help serve")]
    Serve(Box<ServeFlags>),
    /// Connect to a server, say what was negotiated, and join stdin and stdout to it
    #[command(after_help = "Examples:
  tls connect example.org --info               # facts only
  tls connect localhost:8443 --reconnect 3     # does it resume?
  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | tls connect example.org

All options: tls help connect")]
    Connect(Box<ConnectFlags>),
    /// Verify, watch and show certificates, and look after the development CA
    Cert {
        #[command(subcommand)]
        command: CertCommand,
    },
    /// Make and show ticket keys, which let several servers resume each other's sessions
    TicketKeys {
        #[command(subcommand)]
        command: TicketKeysCommand,
    },
    /// Make keys that both ends share, and check files of them
    Psk {
        #[command(subcommand)]
        command: PskCommand,
    },
    /// Ask whether a certificate is revoked, and fetch staples
    Ocsp {
        #[command(subcommand)]
        command: OcspCommand,
    },
    /// List cipher suites: those that exist here, or those that a list selects
    #[command(after_help = "Examples:
  tls ciphers
  tls ciphers DEFAULT
  tls ciphers TLS_AES_128_GCM_SHA256:ECDHE-RSA-AES128-GCM-SHA256 --json")]
    Ciphers {
        /// A cipher list, best first; without it, everything that exists here
        list: Option<String>,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// Show all options of a command, or the exit codes
    Help {
        /// A command, or `exit-codes`
        topic: Vec<String>,
    },
}

/// What both ends of a connection can choose.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct ProtocolFlags {
    /// Application protocols, best first: h2,http/1.1
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) alpn: Option<Vec<String>>,
    /// Lowest version: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) min_version: Option<tls::context::ProtocolVersion>,
    /// Highest version: 1.2 or 1.3
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) max_version: Option<tls::context::ProtocolVersion>,
    /// Cipher suites, best first, OpenSSL or IANA names with colons between them
    #[arg(long, value_name = "LIST", hide_short_help = true)]
    pub(crate) ciphers: Option<String>,
    /// Key exchange groups, best first, with colons between them
    #[arg(long, value_name = "LIST", hide_short_help = true)]
    pub(crate) groups: Option<String>,
    /// Append the secrets of every connection to this file, for Wireshark
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) keylog: Option<PathBuf>,
}

#[derive(Args, Debug, Clone, Default)]
pub(crate) struct DevelopmentFlags {
    /// Where the development CA lives, instead of the user's data directory
    #[arg(long, value_name = "DIR", env = "TLS_DEV_DIR", hide_short_help = true)]
    pub(crate) dev_dir: Option<PathBuf>,
}

fn version(text: &str) -> Result<tls::context::ProtocolVersion, String> {
    text.parse().map_err(|_| "write 1.2 or 1.3".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text);
    parsed.map_err(|error| format!("{error}; write 10s, 500ms or 2m"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        Flags::command().debug_assert();
    }

    #[test]
    fn every_help_has_at_most_three_examples() {
        for command in Flags::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.matches("\n  tls ").count() <= 3,
                "{}",
                command.get_name()
            );
        }
    }
}
