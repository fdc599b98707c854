//! ClientHello (RFC 8446, Section 4.1.2): a borrowed view and an owned copy.
//!
//! Everything is checked by `parse`; the accessors cannot fail after it. Only lengths, bounds and
//! structure are judged here. What a server makes of the offer (no common version, no common
//! suite) is decided above.

mod checks;
mod describe;
mod spans;
mod writer;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use self::describe::Description;
use self::spans::Spans;
pub use self::writer::ClientHelloBuilder;
use crate::cipher_suite::CipherSuite;
use crate::error::Error;
use crate::extension::alpn::ProtocolNames;
use crate::extension::key_share::KeyShares;
use crate::extension::pre_shared_key::{OfferedPsks, PskBinders, PskIdentities};
use crate::extension::psk_key_exchange_modes::PskKeyExchangeMode;
use crate::extension::session_ticket::{self, SessionTicket};
use crate::extension::{
    ExtensionType, Extensions, cookie, psk_key_exchange_modes, server_name, signature_algorithms,
    status_request, supported_groups, supported_versions,
};
use crate::ja4;
use crate::named_group::NamedGroup;
use crate::protocol_version::ProtocolVersion;
use crate::reader::U16s;
use crate::signature_scheme::SignatureScheme;

/// A ClientHello in a buffer that stays where it is. Nothing is copied.
#[derive(Clone, Copy)]
pub struct ClientHelloView<'a> {
    message: &'a [u8],
    spans: Spans,
}

impl<'a> ClientHelloView<'a> {
    /// Reads a handshake message, its four-byte header included.
    ///
    /// Refuses, among others, duplicate extensions and a `pre_shared_key` that is not last; every
    /// extension that has an accessor is checked to its end.
    ///
    /// # Errors
    ///
    /// Any [`Error`] of a message; [`Error::alert`] says what the peer should hear.
    pub fn parse(message: &'a [u8]) -> Result<Self, Error> {
        let spans = Spans::parse(message)?;
        checks::check_extensions(spans.extensions(message))?;
        Ok(Self { message, spans })
    }

    /// The whole message, its header included: what goes into the transcript.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.message
    }

    /// `legacy_version`: 0x0303 in TLS 1.2 and later.
    #[must_use]
    pub fn legacy_version(&self) -> ProtocolVersion {
        self.spans.legacy_version(self.message)
    }

    /// The client random.
    #[must_use]
    pub fn random(&self) -> &'a [u8; 32] {
        self.spans.random(self.message)
    }

    /// `legacy_session_id`, 0 to 32 bytes.
    #[must_use]
    pub fn session_id(&self) -> &'a [u8] {
        self.spans.session_id(self.message)
    }

    /// The suites, most preferred first, signalling values and GREASE included.
    pub fn cipher_suites(&self) -> impl ExactSizeIterator<Item = CipherSuite> + Clone + use<'a> {
        U16s::new(self.spans.cipher_suites(self.message)).map(CipherSuite)
    }

    /// `legacy_compression_methods`; the null method is among them.
    #[must_use]
    pub fn compression_methods(&self) -> &'a [u8] {
        self.spans.compression_methods(self.message)
    }

    /// The extensions in their order.
    #[must_use]
    pub fn extensions(&self) -> Extensions<'a> {
        Extensions::checked(self.spans.extensions(self.message))
    }

    /// The body of one extension, known or not.
    #[must_use]
    pub fn extension(&self, extension_type: impl Into<u16>) -> Option<&'a [u8]> {
        self.extensions().body(extension_type)
    }

    /// The server name as rustls sees it: lower case, one trailing dot off, and none where an IP
    /// address was sent. Borrowed unless it had to be lowered.
    #[must_use]
    pub fn server_name(&self) -> Option<Cow<'a, str>> {
        let body = self.extension(ExtensionType::SERVER_NAME)?;
        server_name::parse(body).ok()?.normalized()
    }

    /// The protocol names of ALPN, most preferred first; none without the extension.
    #[must_use]
    pub fn alpn_protocols(&self) -> ProtocolNames<'a> {
        self.extension(ExtensionType::ALPN)
            .and_then(|body| ProtocolNames::parse(body).ok())
            .unwrap_or_default()
    }

    /// The versions offered, most preferred first. A hello without `supported_versions` offers its
    /// legacy version.
    pub fn supported_versions(&self) -> impl Iterator<Item = ProtocolVersion> + Clone + use<'a> {
        let listed = self.numbers(ExtensionType::SUPPORTED_VERSIONS, supported_versions::parse);
        let legacy = listed.is_none().then(|| self.legacy_version());
        legacy
            .into_iter()
            .chain(listed.into_iter().flatten().map(ProtocolVersion::from))
    }

    /// Whether a version can be negotiated with this client. Without `supported_versions` that is
    /// everything up to its legacy version, TLS 1.3 never (RFC 8446, Section 4.2.1).
    #[must_use]
    pub fn offers(&self, version: ProtocolVersion) -> bool {
        match self.numbers(ExtensionType::SUPPORTED_VERSIONS, supported_versions::parse) {
            Some(mut listed) => listed.any(|number| number == version.number()),
            None => version <= self.legacy_version() && version <= ProtocolVersion::Tls12,
        }
    }

    /// `supported_groups`, most preferred first.
    pub fn named_groups(&self) -> impl Iterator<Item = NamedGroup> + Clone + use<'a> {
        let listed = self.numbers(ExtensionType::SUPPORTED_GROUPS, supported_groups::parse);
        listed.into_iter().flatten().map(NamedGroup)
    }

    /// `signature_algorithms`, most preferred first.
    pub fn signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + Clone + use<'a> {
        let listed = self.numbers(
            ExtensionType::SIGNATURE_ALGORITHMS,
            signature_algorithms::parse,
        );
        listed.into_iter().flatten().map(SignatureScheme)
    }

    /// The key shares.
    #[must_use]
    pub fn key_shares(&self) -> KeyShares<'a> {
        self.extension(ExtensionType::KEY_SHARE)
            .and_then(|body| KeyShares::parse(body).ok())
            .unwrap_or_default()
    }

    /// The groups of the key shares.
    pub fn key_share_groups(&self) -> impl Iterator<Item = NamedGroup> + Clone + use<'a> {
        self.key_shares().map(|share| share.group)
    }

    /// The offer of pre-shared keys, tickets of TLS 1.3 included.
    #[must_use]
    pub fn offered_psks(&self) -> Option<OfferedPsks<'a>> {
        OfferedPsks::parse(self.extension(ExtensionType::PRE_SHARED_KEY)?).ok()
    }

    /// The identities of pre-shared keys.
    #[must_use]
    pub fn psk_identities(&self) -> PskIdentities<'a> {
        self.offered_psks()
            .map(|offer| offer.identities())
            .unwrap_or_default()
    }

    /// The binders, one for each identity.
    #[must_use]
    pub fn psk_binders(&self) -> PskBinders<'a> {
        self.offered_psks()
            .map(|offer| offer.binders())
            .unwrap_or_default()
    }

    /// The message up to its list of binders: what binders are computed over (RFC 8446,
    /// Section 4.2.11.2). `None` without pre-shared keys.
    #[must_use]
    pub fn without_binders(&self) -> Option<&'a [u8]> {
        // The extension is the last one, so the binders end the message.
        let kept = self
            .message
            .len()
            .checked_sub(self.offered_psks()?.binders_len())?;
        self.message.get(..kept)
    }

    /// `psk_key_exchange_modes`.
    pub fn psk_modes(&self) -> impl Iterator<Item = PskKeyExchangeMode> + Clone + use<'a> {
        let modes = self
            .extension(ExtensionType::PSK_KEY_EXCHANGE_MODES)
            .and_then(|body| psk_key_exchange_modes::parse(body).ok())
            .unwrap_or_default();
        modes.iter().map(|&number| number.into())
    }

    /// The TLS 1.2 ticket that is offered; `None` also where one is only asked for.
    #[must_use]
    pub fn session_ticket(&self) -> Option<&'a [u8]> {
        match session_ticket::parse(self.extension(ExtensionType::SESSION_TICKET)?) {
            SessionTicket::Offer(ticket) => Some(ticket),
            SessionTicket::Request => None,
        }
    }

    /// Whether a stapled OCSP response is asked for.
    #[must_use]
    pub fn status_request(&self) -> bool {
        self.extension(ExtensionType::STATUS_REQUEST)
            .is_some_and(|body| status_request::parse(body) == Ok(true))
    }

    /// Whether early data may follow.
    #[must_use]
    pub fn early_data(&self) -> bool {
        self.extension(ExtensionType::EARLY_DATA).is_some()
    }

    /// Whether the client can do extended master secret (RFC 7627).
    #[must_use]
    pub fn extended_master_secret(&self) -> bool {
        self.extension(ExtensionType::EXTENDED_MASTER_SECRET)
            .is_some()
    }

    /// The cookie of a HelloRetryRequest.
    #[must_use]
    pub fn cookie(&self) -> Option<&'a [u8]> {
        cookie::parse(self.extension(ExtensionType::COOKIE)?).ok()
    }

    /// The JA4 fingerprint of a client on TCP, such as
    /// `t13d1516h2_8daaf6152771_e5627efa2ab1`.
    #[must_use]
    pub fn ja4(&self) -> String {
        ja4::fingerprint(self, ja4::Transport::Tcp)
    }

    /// All facts in words, one a line, for a person.
    #[must_use]
    pub const fn describe(&self) -> Description<'a> {
        Description(*self)
    }

    fn numbers(
        &self,
        extension_type: ExtensionType,
        parse: fn(&'a [u8]) -> Result<U16s<'a>, Error>,
    ) -> Option<U16s<'a>> {
        parse(self.extension(extension_type)?).ok()
    }
}

impl fmt::Debug for ClientHelloView<'_> {
    /// The facts that choose a context; never tickets or keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHello")
            .field("length", &self.message.len())
            .field("server_name", &self.server_name())
            .field("versions", &self.supported_versions().collect::<Vec<_>>())
            .field("ja4", &self.ja4())
            .finish_non_exhaustive()
    }
}

/// A ClientHello that owns its bytes; cloning it copies none of them.
#[derive(Clone)]
pub struct ClientHello {
    message: Bytes,
    spans: Spans,
    /// Normalised, see [`ClientHelloView::server_name`].
    server_name: Option<Arc<str>>,
}

impl ClientHello {
    /// Reads a handshake message, its four-byte header included.
    ///
    /// # Errors
    ///
    /// As [`ClientHelloView::parse`].
    pub fn parse(message: Bytes) -> Result<Self, Error> {
        let view = ClientHelloView::parse(&message)?;
        let (spans, server_name) = (view.spans, view.server_name().map(Arc::from));
        Ok(Self {
            message,
            spans,
            server_name,
        })
    }

    /// The borrowed view of this hello.
    #[must_use]
    pub fn view(&self) -> ClientHelloView<'_> {
        ClientHelloView {
            message: &self.message,
            spans: self.spans,
        }
    }

    /// The whole message, sharing its memory.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.message.clone()
    }

    /// The server name as rustls sees it: lower case, one trailing dot off, and none where an IP
    /// address was sent.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }
}

/// The accessors of the view, on the owned hello.
macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty)?) -> $result:ty;)*) => {
        impl ClientHello {
            $(#[doc = concat!("See [`ClientHelloView::", stringify!($name), "`].")]
            pub fn $name(&self $(, $argument: $type)?) -> $result {
                self.view().$name($($argument)?)
            })*
        }
    };
}

forward! {
    as_bytes() -> &[u8];
    legacy_version() -> ProtocolVersion;
    random() -> &[u8; 32];
    session_id() -> &[u8];
    cipher_suites() -> impl ExactSizeIterator<Item = CipherSuite> + Clone;
    compression_methods() -> &[u8];
    extensions() -> Extensions<'_>;
    extension(extension_type: impl Into<u16>) -> Option<&[u8]>;
    alpn_protocols() -> ProtocolNames<'_>;
    supported_versions() -> impl Iterator<Item = ProtocolVersion> + Clone;
    offers(version: ProtocolVersion) -> bool;
    named_groups() -> impl Iterator<Item = NamedGroup> + Clone;
    signature_schemes() -> impl Iterator<Item = SignatureScheme> + Clone;
    key_shares() -> KeyShares<'_>;
    key_share_groups() -> impl Iterator<Item = NamedGroup> + Clone;
    offered_psks() -> Option<OfferedPsks<'_>>;
    psk_identities() -> PskIdentities<'_>;
    psk_binders() -> PskBinders<'_>;
    without_binders() -> Option<&[u8]>;
    psk_modes() -> impl Iterator<Item = PskKeyExchangeMode> + Clone;
    session_ticket() -> Option<&[u8]>;
    status_request() -> bool;
    early_data() -> bool;
    extended_master_secret() -> bool;
    cookie() -> Option<&[u8]>;
    ja4() -> String;
    describe() -> Description<'_>;
}

impl fmt::Debug for ClientHello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

#[cfg(test)]
mod tests;
