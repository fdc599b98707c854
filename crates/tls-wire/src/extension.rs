//! Extensions: type numbers, walking a block of them, and one module per extension body.

pub mod alpn;
pub mod cookie;
pub mod early_data;
pub mod extended_master_secret;
pub mod key_share;
pub mod pre_shared_key;
pub mod psk_key_exchange_modes;
pub mod renegotiation_info;
pub mod server_name;
pub mod session_ticket;
pub mod signature_algorithms;
pub mod status_request;
pub mod supported_groups;
pub mod supported_versions;

use std::fmt;

use crate::cipher_suite::is_grease;
use crate::code_point;
use crate::error::Error;
use crate::limits::MAX_EXTENSIONS;
use crate::reader::Reader;

/// An extension type by its number (RFC 8446, Section 4.2); unknown ones are values too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
// Exhaustive: a number and nothing else.
pub struct ExtensionType(pub u16);

/// One row per type: number, constant, IANA name; sorted by number.
macro_rules! extension_types {
    ($(($number:literal, $constant:ident, $name:literal),)*) => {
        impl ExtensionType {
            $(#[doc = concat!("`", $name, "`, ", stringify!($number), ".")]
            pub const $constant: Self = Self($number);)*

            /// The name in the IANA registry; two of Chromium's that are not in it have their draft's.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($name),)*
                    _ => None,
                }
            }
        }
    };
}

extension_types! {
    (0, SERVER_NAME, "server_name"),
    (1, MAX_FRAGMENT_LENGTH, "max_fragment_length"),
    (5, STATUS_REQUEST, "status_request"),
    (10, SUPPORTED_GROUPS, "supported_groups"),
    (11, EC_POINT_FORMATS, "ec_point_formats"),
    (13, SIGNATURE_ALGORITHMS, "signature_algorithms"),
    (14, USE_SRTP, "use_srtp"),
    (15, HEARTBEAT, "heartbeat"),
    (16, ALPN, "application_layer_protocol_negotiation"),
    (17, STATUS_REQUEST_V2, "status_request_v2"),
    (18, SIGNED_CERTIFICATE_TIMESTAMP, "signed_certificate_timestamp"),
    (19, CLIENT_CERTIFICATE_TYPE, "client_certificate_type"),
    (20, SERVER_CERTIFICATE_TYPE, "server_certificate_type"),
    (21, PADDING, "padding"),
    (22, ENCRYPT_THEN_MAC, "encrypt_then_mac"),
    (23, EXTENDED_MASTER_SECRET, "extended_master_secret"),
    (24, TOKEN_BINDING, "token_binding"),
    (27, COMPRESS_CERTIFICATE, "compress_certificate"),
    (28, RECORD_SIZE_LIMIT, "record_size_limit"),
    (34, DELEGATED_CREDENTIAL, "delegated_credential"),
    (35, SESSION_TICKET, "session_ticket"),
    (41, PRE_SHARED_KEY, "pre_shared_key"),
    (42, EARLY_DATA, "early_data"),
    (43, SUPPORTED_VERSIONS, "supported_versions"),
    (44, COOKIE, "cookie"),
    (45, PSK_KEY_EXCHANGE_MODES, "psk_key_exchange_modes"),
    (47, CERTIFICATE_AUTHORITIES, "certificate_authorities"),
    (48, OID_FILTERS, "oid_filters"),
    (49, POST_HANDSHAKE_AUTH, "post_handshake_auth"),
    (50, SIGNATURE_ALGORITHMS_CERT, "signature_algorithms_cert"),
    (51, KEY_SHARE, "key_share"),
    (55, EXTERNAL_ID_HASH, "external_id_hash"),
    (56, EXTERNAL_SESSION_ID, "external_session_id"),
    (57, QUIC_TRANSPORT_PARAMETERS, "quic_transport_parameters"),
    (58, TICKET_REQUEST, "ticket_request"),
    (13172, NEXT_PROTOCOL_NEGOTIATION, "next_protocol_negotiation"),
    (17513, APPLICATION_SETTINGS_OLD, "application_settings_old"),
    (17613, APPLICATION_SETTINGS, "application_settings"),
    (0xca34, TRUST_ANCHORS, "trust_anchors"),
    (0xfe0d, ENCRYPTED_CLIENT_HELLO, "encrypted_client_hello"),
    (0xff01, RENEGOTIATION_INFO, "renegotiation_info"),
}

impl ExtensionType {
    /// Whether it is a GREASE value (RFC 8701).
    #[must_use]
    pub const fn is_grease(self) -> bool {
        is_grease(self.0)
    }
}

impl From<u16> for ExtensionType {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl From<ExtensionType> for u16 {
    fn from(extension_type: ExtensionType) -> Self {
        extension_type.0
    }
}

impl fmt::Display for ExtensionType {
    /// The IANA name, or the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        code_point::write(f, self.name(), self.0)
    }
}

impl fmt::Debug for ExtensionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One extension: its type and its body, not yet looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
// Exhaustive: the format has no other fields.
pub struct Extension<'a> {
    /// The type.
    pub extension_type: ExtensionType,
    /// The body, without the four bytes of type and length.
    pub body: &'a [u8],
}

/// The extensions of a message, in their order, without duplicates.
#[derive(Clone, Debug, Default)]
pub struct Extensions<'a>(&'a [u8]);

impl<'a> Extensions<'a> {
    /// Checks a block of extensions, without its two bytes of length: whole, at most
    /// [`MAX_EXTENSIONS`], none twice (RFC 8446, Section 4.2).
    ///
    /// # Errors
    ///
    /// [`Error::Truncated`], [`Error::TooManyExtensions`], [`Error::DuplicateExtension`].
    pub fn parse(block: &'a [u8]) -> Result<Self, Error> {
        let mut types = [0u16; MAX_EXTENSIONS];
        let mut count = 0;
        let mut reader = Reader::new(block, "extensions");
        while !reader.is_empty() {
            let number = reader.u16()?;
            reader.vec16("extension", 0..=usize::from(u16::MAX))?;
            let slot = types.get_mut(count).ok_or(Error::TooManyExtensions {
                limit: MAX_EXTENSIONS,
            })?;
            *slot = number;
            count += 1;
        }
        let types = &mut types[..count];
        types.sort_unstable();
        match types.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Error::DuplicateExtension { extension: pair[0] }),
            None => Ok(Self(block)),
        }
    }

    /// As [`parse`](Self::parse), for a ClientHello: there, and only there, `pre_shared_key` must
    /// be the last (RFC 8446, Section 4.2.11). A ServerHello may have it anywhere.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), and [`Error::PreSharedKeyNotLast`].
    pub fn parse_client_hello(block: &'a [u8]) -> Result<Self, Error> {
        let extensions = Self::parse(block)?;
        let mut behind = extensions.clone();
        let found = behind.any(|it| it.extension_type == ExtensionType::PRE_SHARED_KEY);
        if found && behind.next().is_some() {
            return Err(Error::PreSharedKeyNotLast);
        }
        Ok(extensions)
    }

    /// The body of one extension.
    #[must_use]
    pub fn body(&self, extension_type: impl Into<u16>) -> Option<&'a [u8]> {
        let number = extension_type.into();
        let mut extensions = self.clone();
        extensions
            .find(|extension| extension.extension_type.0 == number)
            .map(|found| found.body)
    }

    /// A block that [`parse`](Self::parse) has accepted before.
    pub(crate) const fn checked(block: &'a [u8]) -> Self {
        Self(block)
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Extension<'a>> {
        let mut reader = Reader::new(self.0, "extensions");
        let extension_type = ExtensionType(reader.u16().ok()?);
        let body = reader.vec16("extension", 0..=usize::from(u16::MAX)).ok()?;
        self.0 = reader.rest();
        Some(Extension {
            extension_type,
            body,
        })
    }
}

/// Refuses a body that must be empty but is not.
pub(crate) const fn check_empty(field: &'static str, body: &[u8]) -> Result<(), Error> {
    Reader::new(body, field).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_keep_their_order() {
        let block = [0, 23, 0, 0, 0x0a, 0x0a, 0, 1, 9, 0, 41, 0, 2, 7, 8];
        let extensions: Vec<_> = Extensions::parse(&block).unwrap().collect();
        assert_eq!(extensions.len(), 3);
        assert_eq!(extensions[1].extension_type.to_string(), "GREASE 0x0a0a");
        assert_eq!(
            Extensions::parse(&block).unwrap().body(41u16),
            Some(&[7, 8][..])
        );
        assert_eq!(
            Extensions::parse(&block)
                .unwrap()
                .body(ExtensionType::COOKIE),
            None
        );
    }

    /// "There MUST NOT be more than one extension of the same type" (RFC 8446, Section 4.2).
    #[test]
    fn a_duplicate_is_refused_known_or_not() {
        for number in [23u8, 0xaa] {
            let block = [0, number, 0, 0, 0, 1, 0, 0, 0, number, 0, 0];
            assert_eq!(
                Extensions::parse(&block).map(|_| ()),
                Err(Error::DuplicateExtension {
                    extension: number.into()
                })
            );
        }
    }

    /// RFC 8446, Section 4.2.11.
    #[test]
    fn pre_shared_key_must_be_last_in_a_client_hello() {
        let block = [0, 41, 0, 0, 0, 1, 0, 0];
        assert_eq!(
            Extensions::parse_client_hello(&block).map(|_| ()),
            Err(Error::PreSharedKeyNotLast)
        );
        assert!(Extensions::parse(&block).is_ok());
    }

    #[test]
    fn the_number_of_extensions_is_bounded() {
        let block: Vec<u8> = (1000..1000 + 257u16)
            .flat_map(|n| [n.to_be_bytes(), [0, 0]].concat())
            .collect();
        assert!(Extensions::parse(&block[4..]).is_ok());
        assert_eq!(
            Extensions::parse(&block).map(|_| ()),
            Err(Error::TooManyExtensions { limit: 256 })
        );
    }
}
