//! Application-layer protocol negotiation (RFC 7301), in both versions.

use tls_wire::{ClientHelloView, ExtensionType};

use crate::{Error, ServerConfig};

/// The first protocol of the server that the client offers, too (RFC 7301, Section 3.2).
pub(crate) fn choose(
    config: &ServerConfig,
    hello: ClientHelloView<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    if config.alpn.is_empty() || hello.extension(ExtensionType::ALPN).is_none() {
        return Ok(None);
    }
    let offered = |ours: &&Vec<u8>| hello.alpn_protocols().any(|theirs| theirs == &ours[..]);
    match config.alpn.iter().find(offered) {
        Some(protocol) => Ok(Some(protocol.clone())),
        None => Err(Error::NoApplicationProtocol),
    }
}
