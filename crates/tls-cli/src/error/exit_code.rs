//! Which exit code an error ends with.

use std::io;

use tls::net::{ConnectError, HandshakeError, HandshakeErrorKind};

use super::Error;
use crate::exit_codes::ExitCode;

impl Error {
    /// `tls help exit-codes` lists them.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage { .. }
            | Self::Context(_)
            | Self::Acceptor(_)
            | Self::Sessions(tls::sessions::Error::StoreUrl { .. }) => ExitCode::Usage,
            Self::Sessions(
                tls::sessions::Error::Store(_) | tls::sessions::Error::StoreLate { .. },
            ) => ExitCode::Network,
            // What was answered can't be believed: nobody says that the certificate is good.
            Self::Ocsp(_) | Self::NoResponder => ExitCode::No,
            Self::Fetch(_) => ExitCode::Network,
            Self::Certificates(_)
            | Self::NotReloaded(_)
            | Self::Sessions(_)
            | Self::Psk(_)
            | Self::File { .. }
            | Self::NoSecret { .. }
            | Self::NoDataDirectory
            | Self::Listen { .. }
            | Self::ListenerDead { .. }
            | Self::System { .. } => ExitCode::Local,
            Self::Connect(error) => connect_exit_code(error),
            Self::Refused(_) => ExitCode::CertificateRefused,
            // An alert after the handshake is how a TLS 1.3 server refuses a client.
            Self::Broken { source } if source.kind() == io::ErrorKind::InvalidData => {
                ExitCode::Handshake
            }
            Self::Broken { .. } | Self::Truncated => ExitCode::Network,
            Self::Bug(_) => ExitCode::Bug,
        }
    }
}

fn connect_exit_code(error: &ConnectError) -> ExitCode {
    match error {
        ConnectError::Address(_) => ExitCode::Usage,
        ConnectError::Handshake(error) => handshake_exit_code(error),
        _ => ExitCode::Network,
    }
}

fn handshake_exit_code(error: &HandshakeError) -> ExitCode {
    match error.kind() {
        HandshakeErrorKind::ServerCertificateRefused(_) | HandshakeErrorKind::StapleRefused(_) => {
            ExitCode::CertificateRefused
        }
        HandshakeErrorKind::Io(_)
        | HandshakeErrorKind::PeerClosed
        | HandshakeErrorKind::HandshakeTimeout(_) => ExitCode::Network,
        HandshakeErrorKind::EnginePanicked | HandshakeErrorKind::ParsersDisagree(_) => {
            ExitCode::Bug
        }
        HandshakeErrorKind::UnusableContext(_) => ExitCode::Usage,
        _ => ExitCode::Handshake,
    }
}
