//! Why a handshake, a connect or a configuration failed: a stable code, whose fault, what to do.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tls_certs::Refusal;
use tls_ocsp::StapleVerdict;
use tls_wire::{AlertDescription, ClientHello, FirstBytes};

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The other end: its bytes, its certificate, its offers, its silence.
    Peer,
    /// This end at run time: a hook, a limit, a defect of ours.
    Local,
    /// This end's configuration.
    Config,
}

impl Fault {
    /// `peer`, `local` or `config`, as in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Local => "local",
            Self::Config => "config",
        }
    }
}

/// How far a connection had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for the ClientHello, or reading it.
    Hello,
    /// Choosing context and protocol.
    Context,
    /// The handshake proper.
    Handshake,
    /// Judging the client's certificate.
    ClientCertificate,
    /// Judging the server's certificate.
    ServerCertificate,
    /// After the handshake, before the stream is handed out.
    Handover,
}

impl Phase {
    /// The phase in snake case, as in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Context => "context",
            Self::Handshake => "handshake",
            Self::ClientCertificate => "client_certificate",
            Self::ServerCertificate => "server_certificate",
            Self::Handover => "handover",
        }
    }
}

/// What went wrong in a handshake.
#[derive(Debug)]
#[non_exhaustive]
pub enum HandshakeErrorKind {
    /// The first bytes are no TLS.
    NotTls {
        /// What they look like.
        looks_like: FirstBytes,
        /// The first line, bounded and escaped, where there is text.
        excerpt: String,
    },
    /// The server answers, but not in TLS; its first line, bounded and escaped.
    ServerNotTls(String),
    /// The hello can't be read.
    InvalidHello(tls_wire::Error),
    /// No whole ClientHello within the time limit.
    HelloTimeout(Duration),
    /// The handshake took longer than the time limit.
    HandshakeTimeout(Duration),
    /// The peer closed the connection, or vanished, before the handshake was done.
    PeerClosed,
    /// The transport failed.
    Io(io::Error),
    /// The peer sent a fatal alert.
    AlertReceived(AlertDescription),
    /// The two ends have no protocol version in common.
    NoSharedVersion,
    /// The two ends have no cipher suite in common.
    NoSharedCipher,
    /// The two ends have no key exchange group in common.
    NoSharedGroup,
    /// The two ends have no signature scheme in common.
    NoSharedSignatureScheme,
    /// The two ends have no application protocol in common.
    NoApplicationProtocol,
    /// This context demands the extended master secret (RFC 7627) and the peer has none.
    NoExtendedMasterSecret,
    /// No identity of the context suits this client.
    NoSuitableIdentity,
    /// The client's certificate was refused.
    ClientCertificateRefused(Refusal),
    /// The client sent no certificate though one is required.
    ClientCertificateMissing,
    /// The server's certificate was refused.
    ServerCertificateRefused(Refusal),
    /// The server's certificate is revoked, or its staple is not what the policy demands.
    StapleRefused(Box<StapleVerdict>),
    /// The peer broke the protocol.
    PeerMisbehaved(rustls::Error),
    /// The peer's handshake was larger than any honest one.
    TooMuchData,
    /// The client sent more early data than its ticket allowed, or more than is skipped.
    TooMuchEarlyData,
    /// A hook gave an error.
    HookFailed(&'static str, Box<dyn std::error::Error + Send + Sync>),
    /// A hook took longer than its time limit.
    HookTimeout(&'static str, Duration),
    /// A hook panicked.
    HookPanicked(&'static str),
    /// A hook chose a context that can't serve (one of a client).
    UnusableContext(rustls::Error),
    /// Our two readings of the hello differ; the name of the field.
    ParsersDisagree(&'static str),
    /// A resumed session did not prove what the context demands.
    SessionNotAcceptable(&'static str),
    /// More connections wait for their hello than `max_pending`; the oldest goes.
    TooManyPending,
    /// This program gave the handshake up: its future was dropped, or a server's shutdown came to
    /// its deadline.
    Abandoned,
    /// The engine panicked: a defect of ours.
    EnginePanicked,
    /// rustls failed without the peer's doing.
    Engine(rustls::Error),
    /// A handshake with a pre-shared key failed. What certificates can fail with, too, has a kind of
    /// its own.
    Psk(tls_psk::Error),
    /// The record layer could not take over.
    Record(tls_record::Error),
}

impl HandshakeErrorKind {
    /// A stable name for this failure, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotTls { looks_like, .. } => match looks_like {
                FirstBytes::Http => "not_tls_plain_http",
                FirstBytes::Ssh => "not_tls_ssh",
                FirstBytes::SslV2 => "not_tls_sslv2",
                _ => "not_tls",
            },
            Self::ServerNotTls(_) => "server_not_tls",
            Self::InvalidHello(_) => "invalid_hello",
            Self::HelloTimeout(_) => "hello_timeout",
            Self::HandshakeTimeout(_) => "handshake_timeout",
            Self::PeerClosed => "peer_closed",
            Self::Io(_) => "io",
            Self::AlertReceived(_) => "alert_received",
            Self::NoSharedVersion => "no_shared_version",
            Self::NoSharedCipher => "no_shared_cipher",
            Self::NoSharedGroup => "no_shared_group",
            Self::NoSharedSignatureScheme => "no_shared_signature_scheme",
            Self::NoApplicationProtocol => "no_application_protocol",
            Self::NoExtendedMasterSecret => "no_extended_master_secret",
            Self::NoSuitableIdentity => "no_suitable_identity",
            Self::ClientCertificateRefused(_) => "client_certificate_refused",
            Self::ClientCertificateMissing => "client_certificate_missing",
            Self::ServerCertificateRefused(_) => "server_certificate_refused",
            Self::PeerMisbehaved(_) => "peer_misbehaved",
            Self::TooMuchData => "too_much_data",
            Self::TooMuchEarlyData => "too_much_early_data",
            Self::HookFailed(..) => "hook_failed",
            Self::HookTimeout(..) => "hook_timeout",
            Self::HookPanicked(_) => "hook_panicked",
            Self::UnusableContext(_) => "unusable_context",
            Self::ParsersDisagree(_) => "parsers_disagree",
            Self::SessionNotAcceptable(_) => "session_not_acceptable",
            Self::TooManyPending => "too_many_pending",
            Self::Abandoned => "handshake_abandoned",
            Self::StapleRefused(_) => "staple_refused",
            Self::EnginePanicked => "engine_panicked",
            Self::Engine(_) => "engine",
            Self::Psk(error) => error.code(),
            Self::Record(_) => "record",
        }
    }

    /// Node's code for the same failure, where it has one (`ERR-06`, `ERR-20`…`ERR-22`).
    pub fn node_code(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotTls {
                looks_like: FirstBytes::Http,
                ..
            } => "ERR_SSL_HTTP_REQUEST",
            Self::NotTls { .. } => "ERR_SSL_WRONG_VERSION_NUMBER",
            Self::ServerNotTls(_) => "ERR_SSL_PACKET_LENGTH_TOO_LONG",
            Self::InvalidHello(error) => return error.node_code(),
            Self::HelloTimeout(_) | Self::HandshakeTimeout(_) => "ERR_TLS_HANDSHAKE_TIMEOUT",
            Self::PeerClosed => "ECONNRESET",
            Self::AlertReceived(alert) => return alert.node_code(),
            Self::Psk(error) => return error.node_code(),
            Self::NoSharedVersion => "ERR_SSL_UNSUPPORTED_PROTOCOL",
            Self::NoSharedCipher => "ERR_SSL_NO_SHARED_CIPHER",
            Self::NoSharedGroup => "ERR_SSL_NO_SUITABLE_KEY_SHARE",
            Self::NoSharedSignatureScheme => "ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS",
            Self::NoSuitableIdentity => "ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM",
            Self::NoApplicationProtocol => "ERR_SSL_NO_APPLICATION_PROTOCOL",
            Self::StapleRefused(verdict) => match **verdict {
                StapleVerdict::Revoked(_) => "CERT_REVOKED",
                _ => return None,
            },
            Self::ClientCertificateMissing => "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
            Self::ClientCertificateRefused(refusal) | Self::ServerCertificateRefused(refusal) => {
                refusal.code.as_str()
            }
            _ => return None,
        })
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoSuitableIdentity | Self::UnusableContext(_) => Fault::Config,
            Self::Psk(error) => match error.fault() {
                tls_psk::Fault::Local => Fault::Config,
                _ => Fault::Peer,
            },
            Self::HookFailed(..)
            | Self::HookTimeout(..)
            | Self::HookPanicked(_)
            | Self::ParsersDisagree(_)
            | Self::TooManyPending
            | Self::Abandoned
            | Self::EnginePanicked
            | Self::Engine(_)
            | Self::Record(_) => Fault::Local,
            _ => Fault::Peer,
        }
    }

    /// What a person can do about it; chosen by the variant, never by a text.
    pub fn hint(&self) -> &str {
        match self {
            Self::NotTls {
                looks_like: FirstBytes::Http,
                ..
            } => "this port speaks TLS: use https://",
            Self::NotTls {
                looks_like: FirstBytes::Ssh,
                ..
            } => "this port speaks TLS, not SSH: check the port",
            Self::NotTls {
                looks_like: FirstBytes::SslV2,
                ..
            } => "the client is far too old: it needs TLS 1.2 or 1.3",
            Self::NotTls { .. } => {
                "the other end does not speak TLS on this port: check the port, or a proxy in between"
            }
            Self::ServerNotTls(_) => {
                "the server speaks plain text on this port: try another port, plain http://, or STARTTLS first"
            }
            Self::InvalidHello(_) => {
                "the hello breaks RFC 8446: the client has a defect, or is a scanner"
            }
            Self::HelloTimeout(_) => {
                "the client connected and sent no hello: a port scan, a health check, or a slow network; see hello_timeout"
            }
            Self::HandshakeTimeout(_) => "the other end stalled; see handshake_timeout",
            Self::PeerClosed => {
                "the other end gave up without saying why: a client may not trust the certificate, or have another pre-shared key"
            }
            Self::Io(_) => "the network connection failed",
            Self::AlertReceived(alert) => alert_hint(*alert),
            Self::NoSharedVersion => {
                "the other end has neither TLS 1.2 nor 1.3 in common with min_version and max_version here"
            }
            Self::NoSharedCipher => {
                "compare `ciphers` at both ends; TLS 1.2 here has ECDHE with AES-GCM or ChaCha20 only, and the suite must fit the certificate's key"
            }
            Self::NoSharedGroup => {
                "compare `groups` at both ends; X25519 and P-256 are known nearly everywhere"
            }
            Self::NoSharedSignatureScheme => {
                "the client can verify none of our keys' signatures: add an identity with another kind of key (RSA beside ECDSA)"
            }
            Self::NoApplicationProtocol => "compare `alpn` at both ends",
            Self::NoExtendedMasterSecret => {
                "the other end's TLS 1.2 lacks RFC 7627: upgrade it, or use TLS 1.3"
            }
            Self::NoSuitableIdentity => {
                "the context has no certificate that this client can use: add one, or one with another kind of key; with pre-shared keys alone, the client has to offer one"
            }
            Self::ClientCertificateRefused(refusal) | Self::ServerCertificateRefused(refusal) => {
                refusal.hint
            }
            Self::ClientCertificateMissing => {
                "the client must send a certificate issued by one of client_auth's CAs"
            }
            Self::PeerMisbehaved(_) => {
                "the other end's TLS has a defect, or something in between changes its bytes"
            }
            Self::TooMuchData => "no honest handshake is that large: a defect or an attack",
            Self::TooMuchEarlyData => {
                "the client has a defect, or early_data was lowered since its ticket was made"
            }
            Self::HookFailed(..) => "see the hook's own error",
            Self::HookTimeout(..) => "make the hook faster or raise hook_timeout",
            Self::HookPanicked(_) => "the hook has a defect: see its panic message",
            Self::UnusableContext(_) => "give the acceptor a context made by SecureContext::server",
            Self::ParsersDisagree(_) => {
                "please report this with the hello's bytes: it is a defect of this library"
            }
            Self::SessionNotAcceptable(_) => {
                "the client's session was made under another policy; its next attempt will be a full handshake"
            }
            Self::TooManyPending => {
                "raise max_pending, or find who opens connections and says nothing"
            }
            Self::StapleRefused(verdict) => match **verdict {
                StapleVerdict::Revoked(_) => {
                    "do not trust this server; its owner needs a new certificate"
                }
                _ => {
                    "the server must staple a good OCSP response; or relax the connector's `staples`"
                }
            },
            Self::Abandoned => "give the shutdown more time, or leave time limits to the acceptor",
            Self::EnginePanicked => "please report this: it is a defect of this library",
            Self::Engine(_) => "see the error of rustls",
            Self::Psk(error) => psk_hint(error),
            Self::Record(_) => "see the error of the record layer",
        }
    }
}

impl std::fmt::Display for HandshakeErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotTls {
                looks_like: FirstBytes::Http,
                excerpt,
            } => {
                write!(f, "not TLS: plain HTTP \"{excerpt}\"")
            }
            Self::NotTls { excerpt, .. } if excerpt.is_empty() => f.write_str("not TLS"),
            Self::NotTls { excerpt, .. } => write!(f, "not TLS: \"{excerpt}\""),
            Self::ServerNotTls(line) => write!(f, "the server does not speak TLS: \"{line}\""),
            Self::InvalidHello(error) => write!(f, "unreadable hello: {error}"),
            Self::HelloTimeout(limit) => write!(f, "no hello within {limit:?}"),
            Self::HandshakeTimeout(limit) => write!(f, "TLS handshake timeout after {limit:?}"),
            Self::PeerClosed => f.write_str("the peer closed the connection during the handshake"),
            Self::Io(error) => write!(f, "transport: {error}"),
            Self::AlertReceived(alert) => write!(f, "the peer sent the alert {}", alert.name()),
            Self::NoSharedVersion => f.write_str("no protocol version in common"),
            Self::NoSharedCipher => f.write_str("no cipher suite in common"),
            Self::NoSharedGroup => f.write_str("no key exchange group in common"),
            Self::NoSharedSignatureScheme => f.write_str("no signature scheme in common"),
            Self::NoApplicationProtocol => f.write_str("no application protocol in common"),
            Self::NoExtendedMasterSecret => f.write_str("the peer has no extended master secret"),
            Self::NoSuitableIdentity => f.write_str("no identity suits this client"),
            Self::ClientCertificateRefused(refusal) => {
                write!(f, "client certificate refused: {refusal}")
            }
            Self::ClientCertificateMissing => f.write_str("the client sent no certificate"),
            Self::ServerCertificateRefused(refusal) => {
                write!(f, "server certificate refused: {refusal}")
            }
            Self::PeerMisbehaved(error) => write!(f, "the peer broke the protocol: {error}"),
            Self::TooMuchData => f.write_str("the peer's handshake is too large"),
            Self::TooMuchEarlyData => f.write_str("the client sent too much early data"),
            Self::HookFailed(hook, error) => write!(f, "the hook {hook} failed: {error}"),
            Self::HookTimeout(hook, limit) => {
                write!(f, "the hook {hook} took longer than {limit:?}")
            }
            Self::HookPanicked(hook) => write!(f, "the hook {hook} panicked"),
            Self::UnusableContext(error) => write!(f, "the context can't serve: {error}"),
            Self::ParsersDisagree(field) => {
                write!(f, "two readings of the hello differ in {field}")
            }
            Self::SessionNotAcceptable(why) => write!(f, "resumed session not acceptable: {why}"),
            Self::TooManyPending => {
                f.write_str("too many connections without a hello; this was the oldest")
            }
            Self::StapleRefused(verdict) => write!(f, "the server's certificate: {verdict}"),
            Self::Abandoned => f.write_str("this program gave the handshake up"),
            Self::EnginePanicked => f.write_str("the protocol engine panicked"),
            Self::Engine(error) => write!(f, "protocol engine: {error}"),
            Self::Psk(error) => error.fmt(f),
            Self::Record(error) => write!(f, "record layer: {error}"),
        }
    }
}

/// A handshake that failed: what, how far it had come, with whom.
#[derive(Debug)]
pub struct HandshakeError(Box<Report>);

#[derive(Debug)]
struct Report {
    kind: HandshakeErrorKind,
    phase: Phase,
    peer: Option<SocketAddr>,
    hello: Option<ClientHello>,
    alert_sent: Option<AlertDescription>,
    elapsed: Duration,
}

impl HandshakeError {
    pub(crate) fn new(kind: HandshakeErrorKind, phase: Phase) -> Self {
        Self(Box::new(Report {
            kind,
            phase,
            peer: None,
            hello: None,
            alert_sent: None,
            elapsed: Duration::ZERO,
        }))
    }

    pub(crate) fn with_alert(mut self, alert: Option<AlertDescription>) -> Self {
        self.0.alert_sent = alert;
        self
    }

    pub(crate) fn with_hello(mut self, hello: &ClientHello) -> Self {
        self.0.hello = Some(hello.clone());
        self
    }

    pub(crate) fn with_peer(mut self, peer: Option<SocketAddr>, elapsed: Duration) -> Self {
        self.0.peer = peer;
        self.0.elapsed = elapsed;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &HandshakeErrorKind {
        &self.0.kind
    }

    /// A stable name for this failure, in snake case; `docs/errors.md` lists all.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// Node's code for the same failure, where it has one.
    pub fn node_code(&self) -> Option<&'static str> {
        self.0.kind.node_code()
    }

    /// How far the connection had come.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        self.0.kind.fault()
    }

    /// What a person can do about it.
    pub fn hint(&self) -> &str {
        self.0.kind.hint()
    }

    /// Why the peer's certificate was refused, if that is what happened.
    pub fn certificate(&self) -> Option<&Refusal> {
        match &self.0.kind {
            HandshakeErrorKind::ClientCertificateRefused(refusal)
            | HandshakeErrorKind::ServerCertificateRefused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the server did not take the pre-shared key: it does not know it, or serves
    /// certificates only.
    pub fn is_psk_not_accepted(&self) -> bool {
        let kind = &self.0.kind;
        matches!(
            kind,
            HandshakeErrorKind::Psk(tls_psk::Error::PskNotAccepted { .. })
        )
    }

    /// The peer's address, where the transport has one.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.0.peer
    }

    /// The name the client asked for (`SNI-08`). Text from the peer: bounded, not escaped.
    pub fn server_name(&self) -> Option<&str> {
        self.0.hello.as_ref()?.server_name()
    }

    /// The whole hello, on a server that had read it.
    pub fn hello(&self) -> Option<&ClientHello> {
        self.0.hello.as_ref()
    }

    /// The alert that was sent to the peer.
    pub fn alert_sent(&self) -> Option<AlertDescription> {
        self.0.alert_sent
    }

    /// Time from the accepted connection to the failure.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }
}

impl std::fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.kind.fmt(f)
    }
}

impl std::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            HandshakeErrorKind::Io(error) => Some(error),
            HandshakeErrorKind::InvalidHello(error) => Some(error),
            HandshakeErrorKind::PeerMisbehaved(error)
            | HandshakeErrorKind::UnusableContext(error)
            | HandshakeErrorKind::Engine(error) => Some(error),
            HandshakeErrorKind::Psk(error) => Some(error),
            HandshakeErrorKind::Record(error) => Some(error),
            HandshakeErrorKind::ClientCertificateRefused(refusal)
            | HandshakeErrorKind::ServerCertificateRefused(refusal) => Some(refusal),
            HandshakeErrorKind::HookFailed(_, error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<HandshakeError> for io::Error {
    fn from(error: HandshakeError) -> Self {
        let kind = match error.kind() {
            HandshakeErrorKind::Io(inner) => inner.kind(),
            HandshakeErrorKind::PeerClosed => io::ErrorKind::ConnectionReset,
            HandshakeErrorKind::HelloTimeout(_) | HandshakeErrorKind::HandshakeTimeout(_) => {
                io::ErrorKind::TimedOut
            }
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// What certificates can fail with, too, keeps the kind that it has there.
impl From<tls_psk::Error> for HandshakeErrorKind {
    fn from(error: tls_psk::Error) -> Self {
        match error {
            tls_psk::Error::AlertReceived(alert) => Self::AlertReceived(alert),
            tls_psk::Error::NoSharedVersion => Self::NoSharedVersion,
            tls_psk::Error::NoSharedCipher => Self::NoSharedCipher,
            tls_psk::Error::NoSharedGroup => Self::NoSharedGroup,
            tls_psk::Error::NoApplicationProtocol => Self::NoApplicationProtocol,
            tls_psk::Error::NoExtendedMasterSecret => Self::NoExtendedMasterSecret,
            tls_psk::Error::TooMuchData { .. } => Self::TooMuchData,
            tls_psk::Error::TooMuchEarlyData { .. } => Self::TooMuchEarlyData,
            error => Self::Psk(error),
        }
    }
}

fn psk_hint(error: &tls_psk::Error) -> &'static str {
    use tls_psk::Error as Psk;
    match error {
        Psk::UnknownIdentity { .. } => {
            "the client's identity is in no table here: add it, or compare how both ends spell it"
        }
        Psk::BinderMismatch => {
            "the two ends have different keys for this identity: compare them (hex, no spaces), their hash, and whether they are imported"
        }
        Psk::PskNotAccepted { .. } => {
            "the server does not know this identity, or serves certificates only: compare identities, or connect without a key"
        }
        Psk::NoSharedMode => {
            "the client can use its key alone only: allow psk_without_forward_secrecy, or update the client"
        }
        Psk::NoPsk => "give a key for this server's hint",
        // In TLS 1.2 there is no other sign of it.
        Psk::Record(tls_record::Error::BadRecordMac) => {
            "the two ends have different keys for this identity, or something in between changes bytes: compare the keys (hex, no spaces)"
        }
        Psk::ImportedForTls12 => "allow TLS 1.3 alone, or offer the external key, too",
        Psk::NothingConfigured { .. } => {
            "compare versions, cipher suites and the hash of the keys in this end's own configuration"
        }
        Psk::Reflection => "the program is connected to itself: look for a loop in the network",
        Psk::Downgrade => {
            "something on the way makes both ends use an older version than they could"
        }
        Psk::Provider { .. } | Psk::Over => "please report this: it is a defect of this library",
        _ => "the other end's TLS has a defect, or something in between changes its bytes",
    }
}

fn alert_hint(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::UnknownCa => {
            "the other end does not trust the CA of the certificate sent to it: give it the CA, or send the whole chain"
        }
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate => {
            "the other end refused the certificate sent to it"
        }
        AlertDescription::CertificateExpired => {
            "the certificate sent has expired: renew it (or the other end's clock is wrong)"
        }
        AlertDescription::CertificateRevoked => "the certificate sent is revoked: replace it",
        AlertDescription::CertificateRequired => {
            "the other end demands a client certificate: give one"
        }
        AlertDescription::ProtocolVersion => {
            "the other end has no TLS version in common with this one"
        }
        AlertDescription::HandshakeFailure => {
            "the other end found nothing in common: compare versions, ciphers, groups and certificates"
        }
        AlertDescription::DecryptError => {
            "a signature, a Finished or a pre-shared key did not verify there: with a pre-shared key, the two ends have different ones for this identity"
        }
        AlertDescription::BadRecordMac => {
            "the other end can't open what was sent: with a pre-shared key in TLS 1.2, the two ends have different ones for this identity"
        }
        AlertDescription::IllegalParameter => {
            "something that was sent is not allowed there; OpenSSL before 3.4 and GnuTLS say so of a pre-shared key that is not the one they have"
        }
        AlertDescription::UnknownPskIdentity => {
            "the other end does not know the identity of the pre-shared key: compare how both ends spell it"
        }
        AlertDescription::UnrecognizedName => "the other end does not serve this name",
        AlertDescription::NoApplicationProtocol => "compare `alpn` at both ends",
        AlertDescription::AccessDenied => "the other end refused access",
        _ => "see the other end's log",
    }
}

/// Why an acceptor could not be built or a server not started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The default context can't serve.
    #[error("the default context can't serve: {0}")]
    DefaultContext(#[source] rustls::Error),
    /// The context added for a name can't serve.
    #[error("the context for \"{pattern}\" can't serve: {source}")]
    NamedContext {
        /// The name it was added under.
        pattern: String,
        /// What rustls says.
        #[source]
        source: rustls::Error,
    },
    /// A name or pattern that can't match anything.
    #[error("\"{pattern}\" is no host name pattern: {source}")]
    Pattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: tls_context::Error,
    },
    /// A limit of zero.
    #[error("{0} must be at least 1")]
    ZeroLimit(&'static str),
    /// Early data without a place where each session is taken once.
    #[error("early data needs a session store: a ticket alone can be used many times")]
    EarlyDataWithoutStore,
    /// More early data than is held for a handshake.
    #[error("early_data is {bytes} bytes; at most {most} are held for a handshake")]
    EarlyDataLimit {
        /// What was asked for.
        bytes: u32,
        /// The most.
        most: u32,
    },
    /// Pre-shared keys are set up in a way that can't work.
    #[error("pre-shared keys: {0}")]
    Psk(#[source] tls_psk::Error),
    /// Pre-shared keys beside a demand for client certificates.
    #[error(
        "a context that demands client certificates takes no pre-shared keys: neither stands in for the other here, and both together (RFC 8773) are not spoken"
    )]
    PskWithClientCertificates,
    /// Ticket keys could not be made.
    #[error("ticket keys: {0}")]
    TicketKeys(#[source] tls_session_store::Error),
    /// Sessions are revoked in this process, and the other workers did not hear of it.
    #[error(
        "the sessions are revoked here, but the store did not take word of it to other workers"
    )]
    RevocationNotShared(#[source] tls_session_store::Error),
}

impl Error {
    /// A stable name for this error, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DefaultContext(_) => "default_context",
            Self::NamedContext { .. } => "named_context",
            Self::Pattern { .. } => "pattern",
            Self::ZeroLimit(_) => "zero_limit",
            Self::EarlyDataWithoutStore => "early_data_without_store",
            Self::EarlyDataLimit { .. } => "early_data_limit",
            Self::Psk(error) => error.code(),
            Self::PskWithClientCertificates => "psk_with_client_certificates",
            Self::TicketKeys(_) => "ticket_keys",
            Self::RevocationNotShared(_) => "revocation_not_shared",
        }
    }

    /// Node's code, where it has one.
    pub fn node_code(&self) -> Option<&'static str> {
        match self {
            Self::Pattern { .. } => Some("ERR_TLS_REQUIRED_SERVER_NAME"),
            Self::Psk(error) => error.node_code(),
            _ => None,
        }
    }
}
