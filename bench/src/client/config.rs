//! What the client offers: one version, one suite, one group; and that nothing else came of it.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, HandshakeKind, NamedGroup, ProtocolVersion, SignatureScheme};

use super::expect;
use crate::Result;
use crate::identity::{PROTOCOL, SERVER_NAME};
use crate::row::Handshake;

/// A configuration with a session store of its own.
pub(crate) fn config(handshake: Handshake) -> Result<Arc<ClientConfig>> {
    let mut provider = aws_lc_rs::default_provider();
    let suite = if handshake.is_tls12() {
        aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    } else {
        aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256
    };
    provider.cipher_suites = vec![suite];
    provider.kx_groups = match handshake {
        Handshake::Tls13MlKem => vec![aws_lc_rs::kx_group::X25519MLKEM768],
        // Before TLS 1.3 the curve of the certificate's key has to be offered too (RFC 8422).
        _ if handshake.is_tls12() => {
            vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1]
        }
        _ => vec![aws_lc_rs::kx_group::X25519],
    };
    let version = if handshake.is_tls12() {
        &rustls::version::TLS12
    } else {
        &rustls::version::TLS13
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAny {
            stapled: handshake.is_stapled(),
        }))
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.resumption = if handshake.is_resumed() {
        Resumption::in_memory_sessions(8)
    } else {
        Resumption::disabled()
    };
    Ok(Arc::new(config))
}

pub(crate) fn server_name() -> Result<ServerName<'static>> {
    Ok(SERVER_NAME.try_into()?)
}

/// Whether the first handshake of a session, or a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    First,
    Later,
}

/// Ends the measurement if anything else was negotiated.
pub(super) fn check(
    handshake: Handshake,
    place: Place,
    connection: &rustls::CommonState,
) -> Result<()> {
    let version = if handshake.is_tls12() {
        ProtocolVersion::TLSv1_2
    } else {
        ProtocolVersion::TLSv1_3
    };
    expect("version", &connection.protocol_version(), &Some(version))?;
    expect("protocol", &connection.alpn_protocol(), &Some(PROTOCOL))?;
    let resumed = handshake.is_resumed() && place == Place::Later;
    let kind = if resumed {
        HandshakeKind::Resumed
    } else {
        HandshakeKind::Full
    };
    expect("handshake", &connection.handshake_kind(), &Some(kind))?;
    let group = match handshake {
        // A resumption in TLS 1.2 has no key exchange.
        Handshake::Tls12Resumed | Handshake::Tls12Stored if resumed => None,
        Handshake::Tls13MlKem => Some(NamedGroup::X25519MLKEM768),
        _ => Some(NamedGroup::X25519),
    };
    let seen = connection
        .negotiated_key_exchange_group()
        .map(rustls::crypto::SupportedKxGroup::name);
    expect("group", &seen, &group)
}

/// The client's work is not what is measured: it checks no certificate, only whether there is a
/// staple.
#[derive(Debug)]
struct AcceptAny {
    stapled: bool,
}

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        match ocsp_response.is_empty() {
            empty if empty == self.stapled => Err(rustls::Error::General(format!(
                "a staple of {} bytes",
                ocsp_response.len()
            ))),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        CryptoProvider::clone(&aws_lc_rs::default_provider())
            .signature_verification_algorithms
            .supported_schemes()
    }
}
