//! Writes ClientHellos: for tests, and for handshakes that are not rustls's.

use crate::cipher_suite::CipherSuite;
use crate::error::Error;
use crate::extension::key_share::KeyShareEntry;
use crate::extension::pre_shared_key::PskIdentity;
use crate::extension::psk_key_exchange_modes::PskKeyExchangeMode;
use crate::extension::{
    ExtensionType, alpn, cookie, key_share, pre_shared_key, psk_key_exchange_modes, server_name,
    signature_algorithms, status_request, supported_groups, supported_versions,
};
use crate::handshake::HandshakeType;
use crate::named_group::NamedGroup;
use crate::protocol_version::ProtocolVersion;
use crate::signature_scheme::SignatureScheme;
use crate::writer::Writer;

/// Builds a ClientHello. Extensions are written in the order of the calls.
///
/// What is given is written, legal or not: a test may want a hello that no client sends.
///
/// ```
/// use tls_wire::{CipherSuite, ClientHello, ClientHelloBuilder, ProtocolVersion};
///
/// # fn main() -> Result<(), tls_wire::Error> {
/// let message = ClientHelloBuilder::new([7; 32])
///     .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
///     .server_name("example.com")
///     .alpn(&["h2"])
///     .supported_versions(&[ProtocolVersion::Tls13])
///     .build()?;
/// let hello = ClientHello::parse(message.into())?;
/// assert_eq!(hello.server_name(), Some("example.com"));
/// assert!(hello.offers(ProtocolVersion::Tls13));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct ClientHelloBuilder {
    random: [u8; 32],
    legacy_version: ProtocolVersion,
    session_id: Vec<u8>,
    cipher_suites: Vec<CipherSuite>,
    compression_methods: Vec<u8>,
    extensions: Writer,
}

impl ClientHelloBuilder {
    /// A hello with this client random, legacy version 1.2, and nothing offered yet.
    pub fn new(random: [u8; 32]) -> Self {
        Self {
            random,
            legacy_version: ProtocolVersion::Tls12,
            session_id: Vec::new(),
            cipher_suites: Vec::new(),
            compression_methods: vec![0],
            extensions: Writer::new(),
        }
    }

    /// Sets `legacy_version`.
    pub const fn legacy_version(mut self, version: ProtocolVersion) -> Self {
        self.legacy_version = version;
        self
    }

    /// Sets `legacy_session_id`.
    pub fn session_id(mut self, session_id: &[u8]) -> Self {
        self.session_id = session_id.to_vec();
        self
    }

    /// Sets the suites, most preferred first.
    pub fn cipher_suites(mut self, suites: &[CipherSuite]) -> Self {
        self.cipher_suites = suites.to_vec();
        self
    }

    /// Sets `legacy_compression_methods`; the default is null alone.
    pub fn compression_methods(mut self, methods: &[u8]) -> Self {
        self.compression_methods = methods.to_vec();
        self
    }

    /// Appends an extension with this body.
    pub fn extension(self, extension_type: impl Into<u16>, body: &[u8]) -> Self {
        self.write_extension(extension_type, |writer| writer.put(body))
    }

    /// Appends `server_name`.
    pub fn server_name(self, host_name: &str) -> Self {
        self.write_extension(ExtensionType::SERVER_NAME, |w| {
            server_name::write(w, host_name);
        })
    }

    /// Appends ALPN.
    pub fn alpn(self, names: &[impl AsRef<[u8]>]) -> Self {
        self.write_extension(ExtensionType::ALPN, |w| alpn::write(w, names))
    }

    /// Appends `supported_versions`.
    pub fn supported_versions(self, versions: &[ProtocolVersion]) -> Self {
        self.write_extension(ExtensionType::SUPPORTED_VERSIONS, |w| {
            supported_versions::write(w, versions);
        })
    }

    /// Appends `supported_groups`.
    pub fn named_groups(self, groups: &[NamedGroup]) -> Self {
        self.write_extension(ExtensionType::SUPPORTED_GROUPS, |w| {
            supported_groups::write(w, groups);
        })
    }

    /// Appends `signature_algorithms`.
    pub fn signature_schemes(self, schemes: &[SignatureScheme]) -> Self {
        self.write_extension(ExtensionType::SIGNATURE_ALGORITHMS, |w| {
            signature_algorithms::write(w, schemes);
        })
    }

    /// Appends `key_share`.
    pub fn key_shares(self, shares: &[KeyShareEntry<'_>]) -> Self {
        self.write_extension(ExtensionType::KEY_SHARE, |w| key_share::write(w, shares))
    }

    /// Appends `psk_key_exchange_modes`.
    pub fn psk_modes(self, modes: &[PskKeyExchangeMode]) -> Self {
        self.write_extension(ExtensionType::PSK_KEY_EXCHANGE_MODES, |w| {
            psk_key_exchange_modes::write(w, modes);
        })
    }

    /// Appends `status_request` for OCSP.
    pub fn status_request(self) -> Self {
        self.write_extension(ExtensionType::STATUS_REQUEST, status_request::write)
    }

    /// Appends `extended_master_secret`.
    pub fn extended_master_secret(self) -> Self {
        self.extension(ExtensionType::EXTENDED_MASTER_SECRET, &[])
    }

    /// Appends `early_data`.
    pub fn early_data(self) -> Self {
        self.extension(ExtensionType::EARLY_DATA, &[])
    }

    /// Appends `session_ticket`; an empty one asks for a ticket.
    pub fn session_ticket(self, ticket: &[u8]) -> Self {
        self.extension(ExtensionType::SESSION_TICKET, ticket)
    }

    /// Appends `cookie`.
    pub fn cookie(self, value: &[u8]) -> Self {
        self.write_extension(ExtensionType::COOKIE, |w| cookie::write(w, value))
    }

    /// Appends `pre_shared_key`, which must be the last extension. Binders are known only once
    /// the hello is written: give zeros of the right length, then fill them in behind
    /// [`without_binders`](super::ClientHelloView::without_binders).
    pub fn pre_shared_keys(
        self,
        identities: &[PskIdentity<'_>],
        binders: &[impl AsRef<[u8]>],
    ) -> Self {
        self.write_extension(ExtensionType::PRE_SHARED_KEY, |w| {
            pre_shared_key::write(w, identities, binders);
        })
    }

    /// The handshake message, its header included.
    ///
    /// # Errors
    ///
    /// [`Error::BadLength`] if a field is too long for its length.
    pub fn build(self) -> Result<Vec<u8>, Error> {
        let extensions = self.extensions.finish("extension")?;
        let mut message = Writer::new();
        message.u8(HandshakeType::ClientHello.into());
        message.vec24(|body| {
            body.u16(self.legacy_version.number());
            body.put(&self.random);
            body.vec8(|field| field.put(&self.session_id));
            body.vec16(|field| {
                self.cipher_suites
                    .iter()
                    .for_each(|suite| field.u16(suite.0));
            });
            body.vec8(|field| field.put(&self.compression_methods));
            if !extensions.is_empty() {
                body.vec16(|field| field.put(&extensions));
            }
        });
        message.finish("client_hello")
    }

    fn write_extension(
        mut self,
        extension_type: impl Into<u16>,
        body: impl FnOnce(&mut Writer),
    ) -> Self {
        self.extensions.u16(extension_type.into());
        self.extensions.vec16(body);
        self
    }
}
