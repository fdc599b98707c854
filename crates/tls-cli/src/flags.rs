//! What was typed: the commands and their options, as clap reads them.
//!
//! `--help` is short (the common options and three examples); `tls help COMMAND` shows everything.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand};

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
  tls serve --client-ca clients.pem --require-cert --echo

All options: tls help serve")]
    Serve(Box<ServeFlags>),
    /// Connect to a server, say what was negotiated, and join stdin and stdout to it
    #[command(after_help = "Examples:
  tls connect example.org --info               # facts only
  tls connect localhost:8443 --reconnect 3     # does it resume?
  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | tls connect example.org

All options: tls help connect")]
    Connect(Box<ConnectFlags>),
    /// Show certificates, and look after the development CA
    Cert {
        #[command(subcommand)]
        command: CertCommand,
    },
    /// Make and show ticket keys, which let several servers resume each other's sessions
    TicketKeys {
        #[command(subcommand)]
        command: TicketKeysCommand,
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

#[derive(Args, Debug)]
pub(crate) struct ServeFlags {
    /// Address to listen on; repeatable, port 0 for any [default: 127.0.0.1:8443, or a free port]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<SocketAddr>,
    /// Certificate chain (PEM); repeatable with --key: RSA and ECDSA side by side
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Vec<PathBuf>,
    /// Key of the certificate at the same place (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,
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
    /// Serve a raw echo instead of the page
    #[arg(long)]
    pub(crate) echo: bool,
    /// Ticket keys (see `tls ticket-keys`); processes with the same file share the port and
    /// resume each other's sessions
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) ticket_keys: Option<PathBuf>,
    /// Let several processes listen on one port (SO_REUSEPORT); implied by --ticket-keys
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
    /// Name to ask for and to check, instead of HOST
    #[arg(long, value_name = "NAME")]
    pub(crate) servername: Option<String>,
    /// Client certificate chain (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
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
}

#[derive(Debug, Subcommand)]
pub(crate) enum TicketKeysCommand {
    /// Make a file with a new key, which only its owner may read; never overwrites
    #[command(after_help = "Examples:
  tls ticket-keys new tickets.key
  tls serve --ticket-keys tickets.key &        # as often as there are cores
  tls ticket-keys show tickets.key")]
    New {
        /// The file to make
        file: PathBuf,
    },
    /// Show names and states of the keys in a file, never the keys
    Show {
        /// The file
        file: PathBuf,
        /// JSON on stdout
        #[arg(long)]
        json: bool,
    },
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
