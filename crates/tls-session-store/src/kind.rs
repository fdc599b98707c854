//! What a sealed thing is; kinds never open one another.

/// What was sealed. It enters both the key derivation and the authenticated data, so that bytes of
/// one kind never open as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// A session of rustls inside a ticket that the client keeps.
    RustlsTicket = 1,
    /// A session of the external-PSK engine inside a ticket.
    PskTicket = 2,
    /// A session in a [`SessionStore`](crate::SessionStore).
    StoredSession = 3,
    /// A session that a client keeps for its next connection.
    ClientSession = 4,
    /// A ticket key that workers share through a store.
    PublishedKey = 5,
    /// Word that sessions were revoked, from one worker to the others.
    Revocation = 6,
}

impl Kind {
    /// The byte that stands for this kind in formats; never reused.
    #[must_use]
    pub fn as_u8(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_u8(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::RustlsTicket),
            2 => Some(Self::PskTicket),
            3 => Some(Self::StoredSession),
            4 => Some(Self::ClientSession),
            5 => Some(Self::PublishedKey),
            6 => Some(Self::Revocation),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_its_byte() {
        for kind in [
            Kind::RustlsTicket,
            Kind::PskTicket,
            Kind::StoredSession,
            Kind::ClientSession,
            Kind::PublishedKey,
            Kind::Revocation,
        ] {
            assert_eq!(Kind::from_u8(kind.as_u8()), Some(kind));
        }
        assert_eq!(Kind::from_u8(0), None);
        assert_eq!(Kind::from_u8(7), None);
    }
}
