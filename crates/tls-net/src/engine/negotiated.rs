//! What a handshake negotiated, read before the hand-over.

use rustls::HandshakeKind;
use rustls::crypto::SupportedKxGroup;
use rustls::pki_types::CertificateDer;
use tls_psk::PskIdentity;
use tls_wire::CipherSuite;

/// What an engine knows when its handshake is done. rustls's `KernelConnection` does not tell it, so
/// it is read before the hand-over.
pub(crate) struct Negotiated {
    pub(crate) version: rustls::ProtocolVersion,
    pub(crate) suite: CipherSuite,
    /// rustls has no TLS 1.2 suites with pre-shared keys.
    pub(crate) rustls_suite: Option<rustls::SupportedCipherSuite>,
    pub(crate) group: Option<rustls::NamedGroup>,
    pub(crate) kind: HandshakeKind,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) peer_certificates: Vec<CertificateDer<'static>>,
    /// The name of the key, where one was the proof.
    pub(crate) psk_identity: Option<PskIdentity>,
}

impl Negotiated {
    pub(crate) fn read(connection: &rustls::CommonState) -> Option<Self> {
        let suite = connection.negotiated_cipher_suite()?;
        Some(Self {
            version: connection.protocol_version()?,
            suite: CipherSuite(u16::from(suite.suite())),
            rustls_suite: Some(suite),
            group: connection
                .negotiated_key_exchange_group()
                .map(SupportedKxGroup::name),
            kind: connection.handshake_kind()?,
            alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
            peer_certificates: connection.peer_certificates().unwrap_or_default().to_vec(),
            psk_identity: None,
        })
    }
}
