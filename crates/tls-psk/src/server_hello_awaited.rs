//! A client's first state: the hello is sent, and the server's answer says which version it is.

use std::sync::Arc;
use std::time::Duration;

use tls_wire::{ExtensionType, HandshakeType, ProtocolVersion, ServerHelloView};

use crate::cipher_suites::PskSuite;
use crate::client_offer::Offer;
use crate::records::Records;
use crate::tls13::client_shares::ClientShares;
use crate::transcript::Transcript;
use crate::{ClientConfig, Error, handshake_message};

/// The ServerHello is awaited.
pub(crate) struct ServerHelloAwaited {
    pub(crate) offer: Offer,
    /// The hello that was sent last, its header included.
    pub(crate) hello: Vec<u8>,
    pub(crate) shares: Option<ClientShares>,
    /// There was a HelloRetryRequest: TLS 1.3 is settled.
    pub(crate) retry: Option<Retry>,
}

/// What a HelloRetryRequest has settled.
pub(crate) struct Retry {
    pub(crate) suite: PskSuite,
    /// Up to the HelloRetryRequest.
    pub(crate) transcript: Transcript,
}

impl ServerHelloAwaited {
    /// Writes and sends the first hello.
    pub(crate) fn start(
        config: Arc<ClientConfig>,
        now: Duration,
        records: &mut Records,
    ) -> Result<Self, Error> {
        let offer = Offer::new(config, now)?;
        let shares = if offer.offers(ProtocolVersion::Tls13) {
            ClientShares::preferred(&offer.config)?
        } else {
            None
        };
        let entries = shares.as_ref().map(ClientShares::entries);
        let hello = offer.write(&entries.unwrap_or_default(), None, Transcript::new)?;
        records.send_first_hello(&hello)?;
        Ok(Self {
            offer,
            hello,
            shares,
            retry: None,
        })
    }

    /// Reads the answer, and says which version it chose.
    pub(crate) fn read<'a>(
        &self,
        message: &'a [u8],
    ) -> Result<(ServerHelloView<'a>, ProtocolVersion), Error> {
        handshake_message::body(message, HandshakeType::ServerHello, "the ServerHello")?;
        let hello = ServerHelloView::parse(message)?;
        let version = hello.version();
        // "a version not offered by the client or ... prior to TLS 1.3 ... MUST abort the handshake
        // with an illegal_parameter alert" (RFC 8446, Section 4.2.1).
        let selected = hello.extension(ExtensionType::SUPPORTED_VERSIONS).is_some();
        if selected && (version != ProtocolVersion::Tls13 || !self.offer.offers(version)) {
            let what = "supported_versions with a version that was not offered, or an old one";
            return Err(Error::IllegalParameter { what });
        }
        if version != ProtocolVersion::Tls13 {
            self.check_downgrade(&hello)?;
        }
        if !self.offer.offers(version) {
            return Err(Error::NoSharedVersion);
        }
        Ok((hello, version))
    }

    /// "TLS 1.3 clients receiving a ServerHello indicating TLS 1.2 or below MUST check that the
    /// last 8 bytes are not equal to either of these values" (RFC 8446, Section 4.1.3); and after a
    /// HelloRetryRequest there is no other version.
    fn check_downgrade(&self, hello: &ServerHelloView<'_>) -> Result<(), Error> {
        if self.retry.is_some() {
            let what = "another version than in the HelloRetryRequest";
            return Err(Error::IllegalParameter { what });
        }
        if self.offer.offers(ProtocolVersion::Tls13) && hello.is_downgrade() {
            return Err(Error::Downgrade);
        }
        Ok(())
    }
}
