//! A client's key shares (RFC 8446, Section 4.2.8).

use rustls::crypto::{ActiveKeyExchange, SharedSecret};
use tls_wire::extension::key_share::KeyShareEntry;
use tls_wire::{NamedGroup, ProtocolVersion};

use crate::{ClientConfig, Error, key_exchange};

/// The key pair of one group; of a hybrid group also its classical half, sent as a share of its
/// own for servers that do not know the hybrid.
pub(crate) struct ClientShares {
    exchange: Box<dyn ActiveKeyExchange>,
    /// The group of the classical half, if that is sent, too.
    half: Option<NamedGroup>,
}

impl ClientShares {
    /// A share of the most preferred group; `None` if there is no group at all.
    pub(crate) fn preferred(config: &ClientConfig) -> Result<Option<Self>, Error> {
        let mut groups = key_exchange::groups(&config.provider, ProtocolVersion::Tls13);
        let Some(first) = groups.next() else {
            return Ok(None);
        };
        let exchange = key_exchange::start(first)?;
        let half = exchange.hybrid_component();
        let half = half.map(|(group, _)| NamedGroup(group.into()));
        // "Clients MUST NOT offer any KeyShareEntry values for groups not listed".
        let half = half.filter(|half| groups.any(|it| key_exchange::number(it) == *half));
        Ok(Some(Self { exchange, half }))
    }

    /// A share of the group that the server asked for.
    pub(crate) fn asked_for(config: &ClientConfig, group: NamedGroup) -> Result<Self, Error> {
        let found = key_exchange::find(&config.provider, ProtocolVersion::Tls13, group);
        let group = found.ok_or(Error::IllegalParameter {
            what: "a HelloRetryRequest for a group that was not offered",
        })?;
        Ok(Self {
            exchange: key_exchange::start(group)?,
            half: None,
        })
    }

    /// What goes into the hello.
    pub(crate) fn entries(&self) -> Vec<KeyShareEntry<'_>> {
        let own = KeyShareEntry {
            group: self.group(),
            key_exchange: self.exchange.pub_key(),
        };
        let half = self.half.and_then(|group| {
            let (_, key_exchange) = self.exchange.hybrid_component()?;
            Some(KeyShareEntry {
                group,
                key_exchange,
            })
        });
        std::iter::once(own).chain(half).collect()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup(self.exchange.group().into())
    }

    /// Whether a share of this group was sent.
    pub(crate) fn has(&self, group: NamedGroup) -> bool {
        self.group() == group || self.half == Some(group)
    }

    /// The common secret with the server's share.
    pub(crate) fn complete(self, share: KeyShareEntry<'_>) -> Result<SharedSecret, Error> {
        let completed = if share.group == self.group() {
            self.exchange.complete(share.key_exchange)
        } else {
            self.exchange.complete_hybrid_component(share.key_exchange)
        };
        completed.map_err(|error| key_exchange::share_refused(&error))
    }
}
