//! The facts of a connection, frozen when its handshake was done.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::{HandshakeKind, NamedGroup, ProtocolVersion, SupportedCipherSuite};
use tls_certs::{CertificateSummary, Refusal};
use tls_ocsp::StapleVerdict;
use tls_psk::PskIdentity;
use tls_session_store::NotResumed;
use tls_wire::{CipherSuite, ClientHello};

use crate::early_data::EarlyData;

/// Whether a connection resumed a session, or why it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resumption {
    /// A ticket, or a stored session, was taken up.
    Resumed(SessionKind),
    /// A full handshake, and the reason.
    Full(NotResumed),
}

impl Resumption {
    /// Whether the handshake was an abbreviated one (`SOP-20`).
    pub fn is_resumed(self) -> bool {
        matches!(self, Self::Resumed(_))
    }
}

impl std::fmt::Display for Resumption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Resumed(SessionKind::Ticket) => f.write_str("resumed (ticket)"),
            Self::Resumed(SessionKind::Stored) => f.write_str("resumed (stored session)"),
            Self::Full(reason) => write!(f, "full: {reason}"),
        }
    }
}

/// Where a resumed session was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionKind {
    /// By the client, in a ticket sealed by the server.
    Ticket,
    /// By the server, in its session store.
    Stored,
}

/// Which rule chose the context of a server's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContextRule {
    /// The default context.
    Default,
    /// The context added for this name or pattern.
    Name(Arc<str>),
    /// `choose_context`.
    Hook,
    /// A client's context: there was nothing to choose.
    Client,
}

impl std::fmt::Display for ContextRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Name(pattern) => f.write_str(pattern),
            Self::Hook => f.write_str("hook"),
            Self::Client => f.write_str("client"),
        }
    }
}

/// What is known of the peer's identity.
#[derive(Debug)]
pub struct Peer {
    certificate: Option<CertificateSummary>,
    proof: Proof,
}

/// How the peer's identity was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// Not at all: a client without certificate, or one whose certificate was refused and
    /// accepted all the same.
    None,
    /// By a certificate in this handshake.
    Certificate,
    /// By a certificate in the full handshake whose session was resumed, judged again now.
    ResumedCertificate,
    /// By a pre-shared key, in this handshake or the one whose session was resumed.
    PreSharedKey,
}

impl Peer {
    /// The peer's own certificate.
    pub fn certificate(&self) -> Option<&CertificateSummary> {
        self.certificate.as_ref()
    }

    /// The common name of the subject. A name to show, not one to decide by.
    pub fn common_name(&self) -> Option<&str> {
        self.certificate.as_ref()?.common_name.as_deref()
    }

    /// The SPIFFE ID: the only URI in the certificate, with the scheme `spiffe`.
    pub fn spiffe_id(&self) -> Option<&str> {
        self.certificate.as_ref()?.spiffe_id()
    }

    /// How the identity was proven.
    pub fn proof(&self) -> Proof {
        self.proof
    }
}

/// The facts of a connection: cheap to clone (one `Arc`), parsed only when asked.
///
/// Methods that rustls's connections have too carry the same names and types, so that code written
/// for tokio-rustls (`stream.get_ref().1.alpn_protocol()`) compiles unchanged.
#[derive(Clone, Debug)]
pub struct ConnectionInfo(Arc<Facts>);

#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) version: ProtocolVersion,
    pub(crate) suite: CipherSuite,
    pub(crate) rustls_suite: Option<SupportedCipherSuite>,
    pub(crate) psk_identity: Option<PskIdentity>,
    pub(crate) group: Option<NamedGroup>,
    pub(crate) kind: HandshakeKind,
    pub(crate) alpn: Option<Box<[u8]>>,
    pub(crate) server_name: Option<Box<str>>,
    pub(crate) peer_certificates: Box<[CertificateDer<'static>]>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) authorized: bool,
    pub(crate) resumption: Resumption,
    pub(crate) maker: Option<Box<str>>,
    pub(crate) early_data: EarlyData,
    pub(crate) rule: ContextRule,
    pub(crate) generation: u64,
    pub(crate) peer_addr: Option<SocketAddr>,
    pub(crate) elapsed: Duration,
    pub(crate) hello: Option<ClientHello>,
    pub(crate) ocsp_response: Option<Box<[u8]>>,
    pub(crate) staple_verdict: Option<Box<StapleVerdict>>,
    pub(crate) parsed_peer: OnceLock<Box<Peer>>,
}

impl ConnectionInfo {
    pub(crate) fn new(facts: Facts) -> Self {
        Self(Arc::new(facts))
    }

    /// The negotiated version (`SOP-16`).
    pub fn protocol_version(&self) -> Option<ProtocolVersion> {
        Some(self.0.version)
    }

    /// The negotiated cipher suite as rustls knows it; `None` for a suite of TLS 1.2 with a
    /// pre-shared key, which rustls does not have. [`cipher_suite`](Self::cipher_suite) always
    /// tells.
    pub fn negotiated_cipher_suite(&self) -> Option<SupportedCipherSuite> {
        self.0.rustls_suite
    }

    /// The negotiated cipher suite by its number (`SOP-12`).
    #[doc(alias = "getCipher")]
    pub fn cipher_suite(&self) -> CipherSuite {
        self.0.suite
    }

    /// The name of the pre-shared key by which both ends have proved who they are, also where a
    /// session made with it was resumed (`PSK-11`). Text from the peer on a server: bounded, and
    /// escaped by its `Display`.
    pub fn psk_identity(&self) -> Option<&PskIdentity> {
        self.0.psk_identity.as_ref()
    }

    /// The group of the key exchange (`SOP-13`); `None` for a TLS 1.2 resumption, which has none.
    #[doc(alias = "getEphemeralKeyInfo")]
    pub fn negotiated_key_exchange_group(&self) -> Option<NamedGroup> {
        self.0.group
    }

    /// Full, full after a HelloRetryRequest, or resumed.
    pub fn handshake_kind(&self) -> Option<HandshakeKind> {
        Some(self.0.kind)
    }

    /// The negotiated application protocol (`SOP-04`).
    #[doc(alias = "alpnProtocol")]
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.0.alpn.as_deref()
    }

    /// The name the client asked for (`SOP-05`): lower case, without a trailing dot.
    #[doc(alias = "servername")]
    pub fn server_name(&self) -> Option<&str> {
        self.0.server_name.as_deref()
    }

    /// The peer's chain, its own certificate first; restored on a resumed connection.
    #[doc(alias = "getPeerCertificate")]
    pub fn peer_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        Some(&*self.0.peer_certificates).filter(|chain| !chain.is_empty())
    }

    /// Who the peer is, and how that was proven; parsed at the first call.
    pub fn peer(&self) -> &Peer {
        self.0.parsed_peer.get_or_init(|| {
            let certificate = self
                .0
                .peer_certificates
                .first()
                .and_then(|leaf| CertificateSummary::from_der(leaf).ok());
            let proof = match (self.0.authorized, self.0.resumption.is_resumed()) {
                _ if self.0.psk_identity.is_some() => Proof::PreSharedKey,
                (false, _) => Proof::None,
                (true, false) => Proof::Certificate,
                (true, true) => Proof::ResumedCertificate,
            };
            Box::new(Peer { certificate, proof })
        })
    }

    /// Whether the peer has proved who it is: its certificate was verified (`SOP-02`), or it has the
    /// pre-shared key (`PSK-11`). A server without client certificates answers `false` for a client
    /// without a key: nobody was verified.
    pub fn authorized(&self) -> bool {
        self.0.authorized
    }

    /// Why the peer's certificate was refused, where the context accepts it all the same
    /// (`SOP-03`).
    #[doc(alias = "authorizationError")]
    pub fn authorization_error(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }

    /// On a client, the OCSP response that the server stapled, as it came (`OCS-05`, `OCS-07`), where
    /// [`TlsConnector::request_ocsp`](crate::TlsConnector::request_ocsp) asks for it to be kept.
    #[doc(alias = "OCSPResponse")]
    pub fn ocsp_response(&self) -> Option<&[u8]> {
        self.0.ocsp_response.as_deref()
    }

    /// On a client, what was made of the staple; `None` under
    /// [`StaplePolicy::Ignore`](tls_ocsp::StaplePolicy::Ignore), and for a resumed session, which has
    /// none: it resumes only where the full handshake was judged as strictly.
    pub fn staple_verdict(&self) -> Option<&StapleVerdict> {
        self.0.staple_verdict.as_deref()
    }

    /// Whether a session was resumed, or why not (`SOP-20`).
    #[doc(alias = "isSessionReused")]
    pub fn resumption(&self) -> Resumption {
        self.0.resumption
    }

    /// On a server, what became of the client's early data (`SES-12`); how many of the bytes to be
    /// read are early is [`TlsStream::early_data_len`](crate::TlsStream::early_data_len).
    pub fn early_data(&self) -> EarlyData {
        self.0.early_data
    }

    /// On a server, the name of the worker that made the resumed session.
    pub fn session_maker(&self) -> Option<&str> {
        self.0.maker.as_deref()
    }

    /// Which rule chose the context.
    pub fn context_rule(&self) -> &ContextRule {
        &self.0.rule
    }

    /// The generation of the server's set of contexts, and of what is watched in the context of this
    /// connection ([`SecureContext::generation`](tls_context::SecureContext::generation)), together;
    /// on a client the latter. It counts up with each change.
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// The peer's address, where the transport has one.
    #[doc(alias = "remoteAddress")]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.0.peer_addr
    }

    /// How long the handshake took, from the accepted connection to this stream.
    pub fn handshake_duration(&self) -> Duration {
        self.0.elapsed
    }

    /// The client's hello (offers, JA4), where the acceptor was told to
    /// [keep it](crate::AcceptorBuilder::keep_hello): it costs its size for the whole connection.
    pub fn hello(&self) -> Option<&ClientHello> {
        self.0.hello.as_ref()
    }
}
