//! ServerHello and HelloRetryRequest (RFC 8446, Sections 4.1.3 and 4.1.4), written and judged.

use tls_wire::extension::key_share::KeyShareEntry;
use tls_wire::server_hello::HELLO_RETRY_REQUEST;
use tls_wire::writer::Writer;
use tls_wire::{
    CipherSuite, ExtensionType, NamedGroup, ProtocolVersion, ServerHelloView, ServerHelloWriter,
};

use crate::Error;

/// The body of `supported_versions` in an answer.
const SELECTED_VERSION: [u8; 2] = ProtocolVersion::Tls13.number().to_be_bytes();

/// A ServerHello that takes up a pre-shared key.
pub(crate) fn write(
    random: &[u8; 32],
    session_id: &[u8],
    cipher_suite: CipherSuite,
    share: Option<KeyShareEntry<'_>>,
    selected_identity: u16,
) -> Result<Vec<u8>, Error> {
    let share = share
        .map(|share| {
            let mut body = Writer::new();
            share.write(&mut body);
            body.finish("key_share")
        })
        .transpose()?;
    let selected_identity = selected_identity.to_be_bytes();
    let mut extensions = vec![(ExtensionType::SUPPORTED_VERSIONS, &SELECTED_VERSION[..])];
    if let Some(share) = &share {
        extensions.push((ExtensionType::KEY_SHARE, share));
    }
    extensions.push((ExtensionType::PRE_SHARED_KEY, &selected_identity));
    let hello = ServerHelloWriter {
        random,
        session_id,
        cipher_suite,
    };
    Ok(hello.write(&extensions)?)
}

/// A HelloRetryRequest that asks for a share of `group`.
pub(crate) fn write_retry(
    session_id: &[u8],
    cipher_suite: CipherSuite,
    group: NamedGroup,
) -> Result<Vec<u8>, Error> {
    let group = group.0.to_be_bytes();
    let hello = ServerHelloWriter {
        random: &HELLO_RETRY_REQUEST,
        session_id,
        cipher_suite,
    };
    Ok(hello.write(&[
        (ExtensionType::SUPPORTED_VERSIONS, &SELECTED_VERSION),
        (ExtensionType::KEY_SHARE, &group),
    ])?)
}

/// What a client checks in both before it looks at what they say.
pub(crate) fn check(hello: &ServerHelloView<'_>, session_id: &[u8]) -> Result<(), Error> {
    let illegal = |what| Err(Error::IllegalParameter { what });
    // "legacy_version ... MUST be set to 0x0303"; "supported_versions" alone counts.
    if hello.legacy_version() != ProtocolVersion::Tls12 {
        return illegal("a ServerHello of TLS 1.3 with another legacy version than 1.2");
    }
    if hello.session_id() != session_id {
        return illegal("a ServerHello that does not echo the session id");
    }
    for extension in hello.extensions() {
        match extension.extension_type {
            ExtensionType::SUPPORTED_VERSIONS | ExtensionType::KEY_SHARE => {}
            ExtensionType::PRE_SHARED_KEY if !hello.is_hello_retry_request() => {}
            ExtensionType::COOKIE if hello.is_hello_retry_request() => {}
            other => return Err(misplaced(other)),
        }
    }
    Ok(())
}

/// An extension that was not asked for is `unsupported_extension`, one that was but belongs into
/// another message is `illegal_parameter` (RFC 8446, Section 4.2).
pub(crate) fn misplaced(extension: ExtensionType) -> Error {
    match extension {
        ExtensionType::SERVER_NAME
        | ExtensionType::ALPN
        | ExtensionType::SUPPORTED_GROUPS
        | ExtensionType::SIGNATURE_ALGORITHMS
        | ExtensionType::KEY_SHARE
        | ExtensionType::PRE_SHARED_KEY
        | ExtensionType::PSK_KEY_EXCHANGE_MODES
        | ExtensionType::SUPPORTED_VERSIONS => Error::IllegalParameter {
            what: "an extension in a message where it does not belong",
        },
        other => Error::UnsolicitedExtension { extension: other.0 },
    }
}
