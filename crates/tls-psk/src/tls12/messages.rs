//! What the messages of this version have in common.

use rustls::crypto::{CryptoProvider, KeyExchangeAlgorithm, SupportedKxGroup};
use tls_wire::writer::Writer;
use tls_wire::{ContentType, HandshakeType, ProtocolVersion};

use crate::{Error, handshake_message, key_exchange};

/// Writes a handshake message, its header included.
pub(super) fn write(
    msg_type: HandshakeType,
    body: impl FnOnce(&mut Writer),
) -> Result<Vec<u8>, Error> {
    let mut message = Writer::new();
    message.u8(msg_type.into());
    message.vec24(body);
    Ok(message.finish(msg_type.name())?)
}

/// Takes the body of a message that belongs here; any other is `unexpected_message`.
pub(super) fn body_of(message: &[u8], expected: HandshakeType) -> Result<&[u8], Error> {
    handshake_message::body(message, expected, expected.name())
}

/// The type of a message.
pub(super) fn type_of(message: &[u8]) -> HandshakeType {
    HandshakeType::from(message.first().copied().unwrap_or_default())
}

/// The error for a message where something else belongs.
pub(super) fn unexpected(message: &[u8], expected: &'static str) -> Error {
    Error::UnexpectedMessage {
        expected,
        found: type_of(message).into(),
    }
}

/// The error for a `change_cipher_spec` where something else belongs.
pub(super) fn unexpected_change_cipher_spec() -> Error {
    Error::UnexpectedRecord {
        content_type: ContentType::ChangeCipherSpec.into(),
    }
}

/// The provider's groups on curves (RFC 8422), in its order.
pub(super) fn curves(
    provider: &CryptoProvider,
) -> impl Iterator<Item = &'static dyn SupportedKxGroup> + '_ {
    key_exchange::groups(provider, ProtocolVersion::Tls12)
        .filter(|group| group.name().key_exchange_algorithm() == KeyExchangeAlgorithm::ECDHE)
}
