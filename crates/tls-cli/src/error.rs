//! Why a command can't go on: with a stable code, an exit code and a hint.

mod exit_code;
mod hint;

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tls::net::ConnectError;

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command can't go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Options that don't go together, or whose text can't be read.
    #[error("{what}")]
    Usage { what: String, hint: &'static str },
    /// Options that give no context.
    #[error("{0}")]
    Context(#[source] tls::context::Error),
    /// Options that give no acceptor.
    #[error("{0}")]
    Acceptor(#[source] tls::net::Error),
    /// A certificate, key or CA.
    #[error("{0}")]
    Certificates(#[source] tls::certs::Error),
    /// Files that changed, and are not taken like this.
    #[error("{0}")]
    NotReloaded(std::sync::Arc<tls::certs::Error>),
    /// Ticket keys and sessions.
    #[error("{0}")]
    Sessions(#[source] tls::sessions::Error),
    /// Keys that both ends share.
    #[error("{0}")]
    Psk(#[source] tls::psk::Error),
    /// A question about a certificate's status, or its answer.
    #[error("{0}")]
    Ocsp(#[source] tls::ocsp::Error),
    /// The answer could not be fetched.
    #[error("{0}")]
    Fetch(#[source] tls::ocsp::FetchError),
    /// There is nobody to ask.
    #[error("the certificate names no OCSP responder")]
    NoResponder,
    /// A file of another kind.
    #[error("can't {action} {}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A secret that an option names is not where it should be.
    #[error("{option}: {origin}: {reason}")]
    NoSecret {
        option: String,
        origin: String,
        reason: String,
    },
    /// There is no place for the development CA.
    #[error("there is no data directory: neither XDG_DATA_HOME nor HOME is set")]
    NoDataDirectory,
    /// A port that can't be listened on.
    #[error("can't listen on {address}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    /// The runtime, a signal handler, or the standard streams.
    #[error("{what}")]
    System {
        what: &'static str,
        source: io::Error,
    },
    /// The listener died.
    #[error("the listener is dead")]
    ListenerDead { source: io::Error },
    /// No connection came about.
    #[error("{0}")]
    Connect(#[source] ConnectError),
    /// The server's certificate is refused after the handshake.
    #[error("the server's certificate is refused: {}", .0.message)]
    Refused(Box<tls::certs::Refusal>),
    /// A connection broke.
    #[error("the connection broke")]
    Broken { source: io::Error },
    /// A connection ended without `close_notify`.
    #[error(
        "the connection was cut: it ended without close_notify, so what came may be incomplete"
    )]
    Truncated,
    /// A bug of ours.
    #[error("{0}")]
    Bug(&'static str),
}

impl Error {
    pub(crate) fn usage(what: impl Into<String>, hint: &'static str) -> Self {
        Self::Usage {
            what: what.into(),
            hint,
        }
    }

    /// What a broken connection amounts to.
    pub(crate) fn broken(source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::UnexpectedEof {
            return Self::Truncated;
        }
        Self::Broken { source }
    }

    /// A stable name, in snake case. What comes from below keeps its own.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::Context(error) => error.code(),
            Self::Acceptor(error) => error.code(),
            Self::Certificates(error) => error.code(),
            Self::NotReloaded(error) => inner(error).code(),
            Self::Sessions(error) => error.code(),
            Self::Psk(error) => error.code(),
            Self::Ocsp(error) => error.code(),
            Self::Fetch(error) => error.code(),
            Self::NoResponder => "no_responder",
            Self::File { .. } => "file",
            Self::NoSecret { .. } => "no_secret",
            Self::NoDataDirectory => "no_data_directory",
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => "port_busy",
            Self::Listen { .. } => "listen",
            Self::System { .. } => "system",
            Self::ListenerDead { .. } => "listener_dead",
            Self::Connect(error) => error.code(),
            Self::Refused(_) => "server_certificate_refused",
            Self::Broken { .. } => "connection_broken",
            Self::Truncated => "truncated",
            Self::Bug(_) => "bug",
        }
    }

    /// Node's code for the same, where it has one.
    pub(crate) fn node_code(&self) -> Option<&'static str> {
        match self {
            Self::Context(error) => error.node_code(),
            Self::Acceptor(error) => error.node_code(),
            Self::Certificates(error) => error.node_code(),
            Self::Connect(error) => error.node_code(),
            Self::Refused(refusal) => Some(refusal.code.as_str()),
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some("EADDRINUSE")
            }
            _ => None,
        }
    }

    /// Why the server's certificate was refused, if that is what happened.
    pub(crate) fn refusal(&self) -> Option<&tls::certs::Refusal> {
        match self {
            Self::Connect(error) => error.certificate(),
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// How far it had come: `configuration`, `connect`, or a phase of the handshake.
    pub(crate) fn phase(&self) -> &'static str {
        match self {
            Self::Connect(error) => error.handshake().map_or("connect", |e| e.phase().as_str()),
            Self::Broken { .. } | Self::Truncated | Self::ListenerDead { .. } => "connection",
            _ => "configuration",
        }
    }

    /// Whose fault it is: `peer`, `local` or `config`.
    pub(crate) fn fault(&self) -> &'static str {
        match self {
            Self::Usage { .. } | Self::Context(_) | Self::Acceptor(_) => "config",
            Self::Connect(error) => error.handshake().map_or("peer", |e| e.fault().as_str()),
            Self::Broken { .. } | Self::Truncated | Self::Refused(_) => "peer",
            _ => "local",
        }
    }

    /// The causes below this error that its own text does not tell.
    pub(crate) fn causes(&self) -> Vec<String> {
        let mut told = self.to_string();
        let mut causes = Vec::new();
        let mut source = self.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !told.contains(&text) {
                causes.push(text.clone());
                told = text;
            }
            source = cause.source();
        }
        causes
    }
}

impl From<tls::context::Error> for Error {
    fn from(error: tls::context::Error) -> Self {
        Self::Context(error)
    }
}

impl From<tls::net::Error> for Error {
    fn from(error: tls::net::Error) -> Self {
        Self::Acceptor(error)
    }
}

impl From<tls::certs::Error> for Error {
    fn from(error: tls::certs::Error) -> Self {
        Self::Certificates(error)
    }
}

impl From<tls::ocsp::Error> for Error {
    fn from(error: tls::ocsp::Error) -> Self {
        Self::Ocsp(error)
    }
}

impl From<tls::sessions::Error> for Error {
    fn from(error: tls::sessions::Error) -> Self {
        Self::Sessions(error)
    }
}

/// What is wrong with the files, without the words around it.
fn inner(error: &tls::certs::Error) -> &tls::certs::Error {
    match error {
        tls::certs::Error::NotReloaded { source, .. } => source,
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn io_error(kind: io::ErrorKind) -> io::Error {
        io::Error::from(kind)
    }

    #[test]
    fn every_error_has_its_code_and_exit_code() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let no_secret = Error::NoSecret {
            option: "--psk-key".into(),
            origin: "environment variable KEY".into(),
            reason: "it is not set".into(),
        };
        let table: [(Error, &str, u8); 14] = [
            (Error::usage("x", "y"), "usage", 2),
            (
                Error::Context(tls::context::Error::EmptyTrust),
                "empty_trust",
                2,
            ),
            (
                Error::Acceptor(tls::net::Error::ZeroLimit("x")),
                "zero_limit",
                2,
            ),
            (
                Error::Certificates(tls::certs::Error::NoNames),
                "no_names",
                3,
            ),
            (
                Error::Sessions(tls::sessions::Error::StoreFull),
                "store_full",
                3,
            ),
            (no_secret, "no_secret", 3),
            (Error::NoDataDirectory, "no_data_directory", 3),
            (
                Error::Listen {
                    address,
                    source: io_error(io::ErrorKind::AddrInUse),
                },
                "port_busy",
                3,
            ),
            (
                Error::Listen {
                    address,
                    source: io_error(io::ErrorKind::PermissionDenied),
                },
                "listen",
                3,
            ),
            (
                Error::Connect(ConnectError::Address("x".into())),
                "address",
                2,
            ),
            (
                Error::broken(io_error(io::ErrorKind::ConnectionReset)),
                "connection_broken",
                4,
            ),
            (
                Error::broken(io_error(io::ErrorKind::InvalidData)),
                "connection_broken",
                5,
            ),
            (
                Error::broken(io_error(io::ErrorKind::UnexpectedEof)),
                "truncated",
                4,
            ),
            (Error::Bug("x"), "bug", 70),
        ];
        for (error, code, exit) in table {
            assert_eq!(
                (error.code(), error.exit_code().number()),
                (code, exit),
                "{error}"
            );
        }
    }

    #[test]
    fn causes_are_told_once() {
        let source = io::Error::other("disk on fire");
        let error = Error::System {
            what: "can't write",
            source,
        };
        assert_eq!(error.causes(), ["disk on fire"]);
        let error = Error::Certificates(tls::certs::Error::NoNames);
        assert_eq!(error.causes(), [""; 0]);
    }
}
