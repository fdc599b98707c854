//! ServerHello and HelloRetryRequest (RFC 8446, Sections 4.1.3 and 4.1.4).

use std::fmt;

use crate::cipher_suite::CipherSuite;
use crate::error::Error;
use crate::extension::key_share::{self, KeyShareEntry};
use crate::extension::{ExtensionType, Extensions, cookie, pre_shared_key, supported_versions};
use crate::handshake::{HandshakeHeader, HandshakeType};
use crate::named_group::NamedGroup;
use crate::protocol_version::ProtocolVersion;
use crate::reader::Reader;
use crate::writer::Writer;

/// The random that makes a ServerHello a HelloRetryRequest: SHA-256 of "HelloRetryRequest".
pub const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The last eight bytes of the random of a server that could do TLS 1.3 and was made to do 1.2.
pub const DOWNGRADE_TLS12: [u8; 8] = *b"DOWNGRD\x01";

/// The last eight bytes of the random of a server that could do better and was made to do 1.1 or
/// less.
pub const DOWNGRADE_TLS11: [u8; 8] = *b"DOWNGRD\x00";

/// A ServerHello in a buffer that stays where it is.
#[derive(Clone)]
pub struct ServerHelloView<'a> {
    legacy_version: ProtocolVersion,
    random: &'a [u8; 32],
    session_id: &'a [u8],
    cipher_suite: CipherSuite,
    extensions: Extensions<'a>,
}

impl<'a> ServerHelloView<'a> {
    /// Reads a handshake message, its four-byte header included; one of TLS 1.2 as well.
    ///
    /// # Errors
    ///
    /// Any [`Error`] of a message; [`Error::alert`] says what the peer should hear.
    pub fn parse(message: &'a [u8]) -> Result<Self, Error> {
        let body = HandshakeHeader::body_of(message, HandshakeType::ServerHello)?;
        let mut reader = Reader::new(body, "server_hello");
        let legacy_version = reader.u16()?.into();
        let random = reader.array()?;
        let session_id = reader.vec8("legacy_session_id_echo", 0..=32)?;
        let cipher_suite = CipherSuite(reader.u16()?);
        if reader.u8()? != 0 {
            return Err(Error::IllegalValue {
                field: "legacy_compression_method",
            });
        }
        let extensions = if reader.is_empty() {
            Extensions::default()
        } else {
            Extensions::parse(reader.vec16("extensions", 0..=usize::from(u16::MAX))?)?
        };
        reader.finish()?;
        let hello = Self {
            legacy_version,
            random,
            session_id,
            cipher_suite,
            extensions,
        };
        hello.check_extensions()?;
        Ok(hello)
    }

    /// The extensions that have an accessor are whole.
    fn check_extensions(&self) -> Result<(), Error> {
        let retry = self.is_hello_retry_request();
        self.extensions
            .clone()
            .try_for_each(|extension| match extension.extension_type {
                ExtensionType::SUPPORTED_VERSIONS => {
                    supported_versions::parse_selected(extension.body).map(drop)
                }
                ExtensionType::KEY_SHARE if retry => {
                    key_share::parse_retry(extension.body).map(drop)
                }
                ExtensionType::KEY_SHARE => key_share::parse_server(extension.body).map(drop),
                ExtensionType::PRE_SHARED_KEY => {
                    pre_shared_key::parse_selected(extension.body).map(drop)
                }
                ExtensionType::COOKIE => cookie::parse(extension.body).map(drop),
                _ => Ok(()),
            })
    }

    /// The version that was chosen: that of `supported_versions`, or the legacy one.
    #[must_use]
    pub fn version(&self) -> ProtocolVersion {
        self.extension(ExtensionType::SUPPORTED_VERSIONS)
            .and_then(|body| supported_versions::parse_selected(body).ok())
            .unwrap_or(self.legacy_version)
    }

    /// `legacy_version`.
    #[must_use]
    pub const fn legacy_version(&self) -> ProtocolVersion {
        self.legacy_version
    }

    /// The server random.
    #[must_use]
    pub const fn random(&self) -> &'a [u8; 32] {
        self.random
    }

    /// The session id: the client's own, echoed, in TLS 1.3.
    #[must_use]
    pub const fn session_id(&self) -> &'a [u8] {
        self.session_id
    }

    /// The suite that was chosen.
    #[must_use]
    pub const fn cipher_suite(&self) -> CipherSuite {
        self.cipher_suite
    }

    /// The extensions in their order.
    #[must_use]
    pub fn extensions(&self) -> Extensions<'a> {
        self.extensions.clone()
    }

    /// The body of one extension.
    #[must_use]
    pub fn extension(&self, extension_type: impl Into<u16>) -> Option<&'a [u8]> {
        self.extensions.body(extension_type)
    }

    /// Whether this is a HelloRetryRequest.
    #[must_use]
    pub fn is_hello_retry_request(&self) -> bool {
        *self.random == HELLO_RETRY_REQUEST
    }

    /// Whether the random carries a mark of downgrade protection (RFC 8446, Section 4.1.3).
    #[must_use]
    pub fn is_downgrade(&self) -> bool {
        self.random.ends_with(&DOWNGRADE_TLS12) || self.random.ends_with(&DOWNGRADE_TLS11)
    }

    /// The server's key share.
    #[must_use]
    pub fn key_share(&self) -> Option<KeyShareEntry<'a>> {
        key_share::parse_server(self.extension(ExtensionType::KEY_SHARE)?).ok()
    }

    /// The group that a HelloRetryRequest asks for.
    #[must_use]
    pub fn retry_group(&self) -> Option<NamedGroup> {
        let body = self.extension(ExtensionType::KEY_SHARE)?;
        self.is_hello_retry_request()
            .then(|| key_share::parse_retry(body).ok())?
    }

    /// The cookie of a HelloRetryRequest, to be sent back.
    #[must_use]
    pub fn cookie(&self) -> Option<&'a [u8]> {
        cookie::parse(self.extension(ExtensionType::COOKIE)?).ok()
    }

    /// The index of the pre-shared key that was chosen.
    #[must_use]
    pub fn selected_psk(&self) -> Option<u16> {
        pre_shared_key::parse_selected(self.extension(ExtensionType::PRE_SHARED_KEY)?).ok()
    }
}

impl fmt::Debug for ServerHelloView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHello")
            .field("version", &self.version())
            .field("cipher_suite", &self.cipher_suite)
            .field("is_hello_retry_request", &self.is_hello_retry_request())
            .finish_non_exhaustive()
    }
}

/// Writes a ServerHello. What is given is written, legal or not.
#[derive(Clone, Copy, Debug)]
// Exhaustive: what is chosen by the server and not an extension.
pub struct ServerHelloWriter<'a> {
    /// The server random.
    pub random: &'a [u8; 32],
    /// The session id: the client's own in TLS 1.3.
    pub session_id: &'a [u8],
    /// The suite that was chosen.
    pub cipher_suite: CipherSuite,
}

impl ServerHelloWriter<'_> {
    /// The handshake message, its header included; without extensions the field is left out.
    ///
    /// # Errors
    ///
    /// [`Error::BadLength`] if a field is too long for its length.
    pub fn write(self, extensions: &[(ExtensionType, &[u8])]) -> Result<Vec<u8>, Error> {
        let mut message = Writer::new();
        message.u8(HandshakeType::ServerHello.into());
        message.vec24(|body| {
            body.u16(ProtocolVersion::Tls12.number());
            body.put(self.random);
            body.vec8(|field| field.put(self.session_id));
            body.u16(self.cipher_suite.0);
            body.u8(0);
            if !extensions.is_empty() {
                body.vec16(|list| {
                    for (extension_type, content) in extensions {
                        list.u16(extension_type.0);
                        list.vec16(|field| field.put(content));
                    }
                });
            }
        });
        message.finish("server_hello")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write(random: &[u8; 32], extensions: &[(ExtensionType, &[u8])]) -> Vec<u8> {
        let cipher_suite = CipherSuite::TLS_AES_128_GCM_SHA256;
        ServerHelloWriter {
            random,
            session_id: &[9; 32],
            cipher_suite,
        }
        .write(extensions)
        .unwrap()
    }

    #[test]
    fn a_hello_of_tls13_round_trips() {
        let message = write(
            &[5; 32],
            &[
                (ExtensionType::SUPPORTED_VERSIONS, &[3, 4]),
                (ExtensionType::KEY_SHARE, &[0, 29, 0, 2, 7, 7]),
                (ExtensionType::PRE_SHARED_KEY, &[0, 1]),
            ],
        );
        let hello = ServerHelloView::parse(&message).unwrap();
        assert_eq!(hello.version(), ProtocolVersion::Tls13);
        assert_eq!(hello.legacy_version(), ProtocolVersion::Tls12);
        assert_eq!(
            (hello.random(), hello.session_id()),
            (&[5; 32], &[9; 32][..])
        );
        assert_eq!(hello.cipher_suite(), CipherSuite::TLS_AES_128_GCM_SHA256);
        assert_eq!(
            hello.key_share().map(|share| share.group),
            Some(NamedGroup::X25519)
        );
        assert_eq!(hello.selected_psk(), Some(1));
        assert!(!hello.is_hello_retry_request() && !hello.is_downgrade());
        assert_eq!(hello.extensions().count(), 3);
    }

    /// Only a ClientHello must have it last (RFC 8446, Section 4.2.11).
    #[test]
    fn the_chosen_psk_may_stand_anywhere() {
        let extensions: [(ExtensionType, &[u8]); 2] = [
            (ExtensionType::PRE_SHARED_KEY, &[0, 0]),
            (ExtensionType::SUPPORTED_VERSIONS, &[3, 4]),
        ];
        let message = write(&[5; 32], &extensions);
        let hello = ServerHelloView::parse(&message).unwrap();
        assert_eq!(hello.selected_psk(), Some(0));
        assert_eq!(hello.version(), ProtocolVersion::Tls13);
    }

    #[test]
    fn a_retry_is_told_by_its_random() {
        let message = write(
            &HELLO_RETRY_REQUEST,
            &[
                (ExtensionType::SUPPORTED_VERSIONS, &[3, 4]),
                (ExtensionType::KEY_SHARE, &[0, 23]),
            ],
        );
        let hello = ServerHelloView::parse(&message).unwrap();
        assert!(hello.is_hello_retry_request());
        assert_eq!(hello.retry_group(), Some(NamedGroup::SECP256R1));
        assert_eq!(hello.key_share(), None);
    }

    #[test]
    fn a_hello_of_tls12_may_lack_extensions_and_bear_a_downgrade_mark() {
        let mut random = [1; 32];
        random[24..].copy_from_slice(&DOWNGRADE_TLS12);
        let message = write(&random, &[]);
        let hello = ServerHelloView::parse(&message).unwrap();
        assert_eq!(hello.version(), ProtocolVersion::Tls12);
        assert!(hello.is_downgrade());
        assert_eq!(hello.extensions().count(), 0);
    }

    #[test]
    fn compression_and_duplicates_are_refused() {
        let mut message = write(&[5; 32], &[]);
        *message.last_mut().unwrap() = 1;
        let error = ServerHelloView::parse(&message).map(|_| ());
        assert_eq!(
            error,
            Err(Error::IllegalValue {
                field: "legacy_compression_method"
            })
        );
        let twice = (ExtensionType::SUPPORTED_VERSIONS, &[3, 4][..]);
        let error = ServerHelloView::parse(&write(&[5; 32], &[twice, twice])).map(|_| ());
        assert_eq!(error, Err(Error::DuplicateExtension { extension: 43 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn mutated_hellos_never_panic(at in any::<prop::sample::Index>(), byte: u8, cut: u8) {
            let mut message = write(&[5; 32], &[(ExtensionType::KEY_SHARE, &[0, 29, 0, 2, 7, 7])]);
            let index = at.index(message.len());
            message[index] = byte;
            message.truncate(message.len() - usize::from(cut % 8));
            if let Ok(hello) = ServerHelloView::parse(&message) {
                let _ = (hello.version(), hello.key_share(), hello.selected_psk());
                let _ = (hello.retry_group(), hello.extensions().count());
            }
        }
    }
}
