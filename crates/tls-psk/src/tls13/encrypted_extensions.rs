//! EncryptedExtensions (RFC 8446, Section 4.3.1).

use tls_wire::extension::alpn::{self, ProtocolNames};
use tls_wire::reader::Reader;
use tls_wire::writer::Writer;
use tls_wire::{ExtensionType, Extensions, HandshakeHeader, HandshakeType};

use super::server_hello::misplaced;
use crate::{ClientConfig, Error};

/// Writes the message of a server.
pub(crate) fn write(alpn: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let mut message = Writer::new();
    message.u8(HandshakeType::EncryptedExtensions.into());
    message.vec24(|body| {
        body.vec16(|list| {
            if let Some(protocol) = alpn {
                list.u16(ExtensionType::ALPN.into());
                list.vec16(|extension| alpn::write(extension, &[protocol]));
            }
        });
    });
    Ok(message.finish("encrypted_extensions")?)
}

/// Reads it at a client: the protocol that the server chose.
pub(crate) fn read(config: &ClientConfig, message: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let body = HandshakeHeader::body_of(message, HandshakeType::EncryptedExtensions)?;
    let mut reader = Reader::new(body, "encrypted_extensions");
    let block = reader.vec16("extensions", 0..=usize::from(u16::MAX))?;
    reader.finish()?;
    let mut protocol = None;
    for extension in Extensions::parse(block)? {
        match extension.extension_type {
            ExtensionType::ALPN if !config.alpn.is_empty() => {
                protocol = Some(chosen(config, extension.body)?);
            }
            // "extension_data field ... SHALL be empty" (RFC 6066, Section 3).
            ExtensionType::SERVER_NAME
                if config.server_name.is_some() && extension.body.is_empty() => {}
            // For a next connection (RFC 8446, Section 4.2.7), which begins anew here.
            ExtensionType::SUPPORTED_GROUPS => {}
            ExtensionType::ALPN | ExtensionType::SERVER_NAME => {
                let extension = extension.extension_type.0;
                return Err(Error::UnsolicitedExtension { extension });
            }
            other => return Err(misplaced(other)),
        }
    }
    Ok(protocol)
}

/// "MUST contain exactly one ProtocolName" (RFC 7301, Section 3.1), and one that was offered.
fn chosen(config: &ClientConfig, body: &[u8]) -> Result<Vec<u8>, Error> {
    let mut names = ProtocolNames::parse(body)?;
    match (names.next(), names.next()) {
        (Some(name), None) if config.alpn.iter().any(|offered| offered == name) => {
            Ok(name.to_vec())
        }
        _ => Err(Error::IllegalParameter {
            what: "an application protocol that was not offered",
        }),
    }
}
