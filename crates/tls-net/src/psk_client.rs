//! Pre-shared keys at a client.

use std::sync::Arc;

use tls_psk::ClientPsk;

use crate::TlsConnector;

/// What a connector knows of pre-shared keys.
#[derive(Clone)]
pub(crate) struct PskClient {
    source: PskSource,
    pub(crate) without_forward_secrecy: bool,
    pub(crate) or_certificate: bool,
}

type Choose = dyn Fn(Option<&[u8]>) -> Option<ClientPsk> + Send + Sync;

#[derive(Clone)]
enum PskSource {
    Keys(Arc<[ClientPsk]>),
    Choose(Arc<Choose>),
}

impl PskClient {
    fn new(source: PskSource) -> Self {
        Self {
            source,
            without_forward_secrecy: false,
            or_certificate: false,
        }
    }

    /// The keys to offer in TLS 1.3, where there is no hint.
    pub(crate) fn offered(&self) -> Vec<ClientPsk> {
        match &self.source {
            PskSource::Keys(keys) => keys.to_vec(),
            PskSource::Choose(choose) => choose(None).into_iter().collect(),
        }
    }

    /// The key for a server of TLS 1.2, whose hint is known by now.
    pub(crate) fn for_hint(&self, hint: Option<&[u8]>) -> Option<ClientPsk> {
        match &self.source {
            // TLS 1.2 does not take imported keys.
            PskSource::Keys(keys) => keys.iter().find(|psk| !psk.key.is_imported()).cloned(),
            PskSource::Choose(choose) => choose(hint),
        }
    }
}

impl TlsConnector {
    /// Connects with these keys instead of a certificate (`PSK-02`): in TLS 1.3 all of them are
    /// offered, the first that the server knows counts; in TLS 1.2 the first one. At most four.
    ///
    /// The server proves that it has the key, and nothing else is checked: the name is only sent. A
    /// server that does not take the key is an error,
    /// [`PskNotAccepted`](tls_psk::Error::PskNotAccepted); nothing weaker takes its place unless
    /// [`psk_or_certificate`](Self::psk_or_certificate) allows it. New deployments give
    /// [imported](crate::ImportContext::import) keys.
    ///
    /// ```no_run
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// use tls_context::SecureContext;
    /// use tls_net::{ClientPsk, PskIdentity, PskKey, TlsConnector};
    ///
    /// let psk = ClientPsk {
    ///     identity: PskIdentity::new("gate-7")?,
    ///     key: PskKey::from_hex("6f0d9a3c51e84b72a1c4d7e02b9f8356")?,
    /// };
    /// let context = SecureContext::without_certificate().build()?;
    /// let stream = TlsConnector::from(context).psk([psk]).connect_to("broker.example:8883").await?;
    /// assert!(stream.info().psk_identity().is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[doc(alias = "pskCallback")]
    pub fn psk(mut self, keys: impl IntoIterator<Item = ClientPsk>) -> Self {
        let keys = keys.into_iter().collect();
        self.psk = Some(PskClient::new(PskSource::Keys(keys)));
        self
    }

    /// As [`psk`](Self::psk), but asks `choose` for identity and key: before the hello for TLS 1.3,
    /// without a hint; and in TLS 1.2 with the server's hint, or none (`PSK-04`). Without a key for
    /// TLS 1.3 the handshake is one with certificates, as far as the context allows; without one for
    /// TLS 1.2 it ends (`PSK-08`). Must not block.
    #[must_use]
    #[doc(alias = "pskCallback")]
    pub fn psk_choose(
        mut self,
        choose: impl Fn(Option<&[u8]>) -> Option<ClientPsk> + Send + Sync + 'static,
    ) -> Self {
        self.psk = Some(PskClient::new(PskSource::Choose(Arc::new(choose))));
        self
    }

    /// Also offers keys without a key exchange of their own for each connection: `psk_ke` in TLS
    /// 1.3, plain PSK suites in TLS 1.2. Whoever gets such a key later can read all that was
    /// recorded. Off by default; needs [`psk`](Self::psk) first.
    #[must_use]
    pub fn psk_without_forward_secrecy(mut self, allow: bool) -> Self {
        if let Some(psk) = &mut self.psk {
            psk.without_forward_secrecy = allow;
        }
        self
    }

    /// Lets [`connect_to`](Self::connect_to) try again, as a new connection and under the ordinary
    /// verification of the context, where a server does not take the key. Off by default; needs
    /// [`psk`](Self::psk) first. Whoever can disturb the first connection can bring this about, so
    /// the certificate has to be proof enough.
    #[must_use]
    pub fn psk_or_certificate(mut self, allow: bool) -> Self {
        if let Some(psk) = &mut self.psk {
            psk.or_certificate = allow;
        }
        self
    }
}
