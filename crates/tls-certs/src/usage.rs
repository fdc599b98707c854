//! What a certificate is presented for.

use der::asn1::ObjectIdentifier;
use pki_types::ServerName;

pub(crate) const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
pub(crate) const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// A server under a name or under any, or a client.
pub(crate) enum Usage<'a> {
    Server(&'a ServerName<'a>),
    AnyServer,
    Client,
}

impl Usage<'_> {
    /// The purpose that extended key usage must list, if it is there (RFC 5280, Section 4.2.1.12).
    pub(crate) fn purpose(&self) -> ObjectIdentifier {
        match self {
            Self::Server(_) | Self::AnyServer => SERVER_AUTH,
            Self::Client => CLIENT_AUTH,
        }
    }
}
