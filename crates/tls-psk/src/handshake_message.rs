//! Handshake messages that both versions read and write alike.

use tls_wire::{HandshakeHeader, HandshakeType};

use crate::Error;

/// A message of this type and body.
pub(crate) fn write(msg_type: HandshakeType, body: &[u8]) -> Vec<u8> {
    let header = HandshakeHeader {
        msg_type,
        length: u32::try_from(body.len()).unwrap_or(u32::MAX),
    };
    [&header.encode()[..], body].concat()
}

/// The body of the one message that belongs here; any other type is `unexpected_message`.
pub(crate) fn body<'a>(
    message: &'a [u8],
    wanted: HandshakeType,
    expected: &'static str,
) -> Result<&'a [u8], Error> {
    let found = HandshakeHeader::read(message).map(|header| header.msg_type);
    if found != Some(wanted) {
        let found = found.map_or(0, u8::from);
        return Err(Error::UnexpectedMessage { expected, found });
    }
    Ok(HandshakeHeader::body_of(message, wanted)?)
}
