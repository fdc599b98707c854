//! What a person can do about an error.

use std::io;

use super::{Error, inner};

impl Error {
    /// What a person can do about it.
    pub(crate) fn hint(&self) -> Option<&str> {
        Some(match self {
            Self::Usage { hint, .. } => hint,
            Self::Certificates(tls::certs::Error::Passphrase { .. }) => {
                "give it with --passphrase @FILE or --passphrase env:NAME"
            }
            Self::Certificates(error) => error.hint(),
            Self::NotReloaded(error) => inner(error).hint(),
            Self::Context(error) => return context_hint(error),
            Self::Connect(error) => error.hint(),
            Self::Sessions(tls::sessions::Error::KeyFile {
                action: "create", ..
            }) => "an existing file is never overwritten; give another name",
            Self::Sessions(tls::sessions::Error::KeyFile { .. }) => {
                "make ticket keys with: tls ticket-keys new FILE; a secret with: (umask 077; openssl rand -hex 32 > FILE)"
            }
            Self::Sessions(tls::sessions::Error::StoreUrl { .. }) => {
                "write memory, redis://HOST, rediss://HOST, redis+sentinel://HOST,HOST/MASTER, redis-cluster://HOST,HOST or unix:PATH"
            }
            Self::Psk(tls::psk::Error::KeyFile { .. }) => {
                "see all that is wrong with it: tls psk check FILE; make a line: tls psk new --identity NAME"
            }
            Self::Ocsp(tls::ocsp::Error::NoIssuer) => {
                "give the whole chain, or the issuer with --issuer FILE"
            }
            Self::Fetch(
                tls::ocsp::FetchError::PrivateAddress(_) | tls::ocsp::FetchError::Port(_),
            ) => "if the PKI is your own: --allow-private",
            Self::NoResponder => {
                "many CAs have left OCSP for revocation lists: `tls cert verify --crl`; or --responder URL"
            }
            Self::NoSecret { .. } => {
                "name a file as @FILE or a variable as env:NAME, one that is there"
            }
            Self::NoDataDirectory => "set HOME, or give --dev-dir DIR",
            Self::Listen { source, .. } => return listen_hint(source),
            Self::Broken { source } if is_alert(source) => {
                "the server ended it after the handshake; if it demands a client certificate, give --cert and --key"
            }
            Self::Bug(_) => "please report this",
            _ => return None,
        })
    }
}

fn context_hint(error: &tls::context::Error) -> Option<&'static str> {
    use tls::context::Error as Context;
    match error {
        Context::NoCipherMatch { .. }
        | Context::NoCipherLeft { .. }
        | Context::CipherWordNotSupported { .. } => Some("`tls ciphers` lists the names"),
        Context::Trust(error) | Context::Identity(error) => Some(error.hint()),
        _ => None,
    }
}

fn listen_hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::AddrInUse => Some(
            "another program has the port: give another one, or port 0 for any; with --reuse-port several `tls serve` share one",
        ),
        io::ErrorKind::PermissionDenied => {
            Some("ports below 1024 need root or CAP_NET_BIND_SERVICE; give a higher one")
        }
        io::ErrorKind::AddrNotAvailable => Some("this machine does not have that address"),
        _ => None,
    }
}

fn is_alert(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
}
