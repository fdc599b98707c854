//! What a handshake negotiated, read before the hand-over.

use rustls::HandshakeKind;
use rustls::crypto::SupportedKxGroup;
use rustls::pki_types::CertificateDer;

/// What rustls knows and its `KernelConnection` does not tell: read before the hand-over.
pub(crate) struct Negotiated {
    pub(crate) version: rustls::ProtocolVersion,
    pub(crate) suite: rustls::SupportedCipherSuite,
    pub(crate) group: Option<rustls::NamedGroup>,
    pub(crate) kind: HandshakeKind,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) peer_certificates: Vec<CertificateDer<'static>>,
}

impl Negotiated {
    pub(crate) fn read(connection: &rustls::CommonState) -> Option<Self> {
        Some(Self {
            version: connection.protocol_version()?,
            suite: connection.negotiated_cipher_suite()?,
            group: connection
                .negotiated_key_exchange_group()
                .map(SupportedKxGroup::name),
            kind: connection.handshake_kind()?,
            alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
            peer_certificates: connection.peer_certificates().unwrap_or_default().to_vec(),
        })
    }
}
