//! The rows of the table: what one measurement does.

use std::str::FromStr;

use crate::Error;

/// Work that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// Connections that handshake, exchange a few bytes and end.
    Handshake(Handshake),
    /// The server sends, in writes of so many bytes.
    Send { write: usize },
    /// The client sends, in writes of so many bytes.
    Receive { write: usize },
    /// 64 bytes there and back.
    Echo,
    /// Connections at rest.
    Idle,
    /// The same, with a pre-shared key.
    IdlePsk,
    /// One connection after the other, resumed from the server's store.
    Latency,
    /// Sessions that the server keeps.
    Sessions,
}

/// What is negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    Tls13X25519,
    Tls13MlKem,
    Tls12X25519,
    Tls13Resumed,
    Tls12Resumed,
    /// Resumed from the server's store.
    Tls13Stored,
    /// Resumed from the server's store.
    Tls12Stored,
    /// Full at a server whose store is away.
    Tls13Away,
    /// With a pre-shared key and X25519.
    Tls13Psk,
    /// With a pre-shared key and X25519.
    Tls12Psk,
    /// Full, with a staple.
    Tls13Stapled,
    /// Full, with a staple.
    Tls12Stapled,
}

impl Row {
    /// What connections of this row negotiate.
    pub(crate) fn handshake(self) -> Handshake {
        match self {
            Self::Handshake(handshake) => handshake,
            Self::IdlePsk => Handshake::Tls13Psk,
            Self::Latency => Handshake::Tls13Stored,
            _ => Handshake::Tls13X25519,
        }
    }
}

impl Handshake {
    pub(crate) fn is_tls12(self) -> bool {
        matches!(
            self,
            Self::Tls12X25519
                | Self::Tls12Resumed
                | Self::Tls12Stored
                | Self::Tls12Psk
                | Self::Tls12Stapled
        )
    }

    pub(crate) fn is_psk(self) -> bool {
        matches!(self, Self::Tls13Psk | Self::Tls12Psk)
    }

    pub(crate) fn is_stapled(self) -> bool {
        matches!(self, Self::Tls13Stapled | Self::Tls12Stapled)
    }

    pub(crate) fn is_resumed(self) -> bool {
        matches!(self, Self::Tls13Resumed | Self::Tls12Resumed) || self.is_stored()
    }

    /// Sessions lie in the server's store and not in tickets.
    pub(crate) fn is_stored(self) -> bool {
        matches!(self, Self::Tls13Stored | Self::Tls12Stored)
    }

    /// The server makes sessions, were it for nothing.
    pub(crate) fn has_sessions(self) -> bool {
        self.is_resumed() || self == Self::Tls13Away
    }
}

impl FromStr for Row {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        const KIB: usize = 1024;
        Ok(match name {
            "hs13" => Self::Handshake(Handshake::Tls13X25519),
            "hs13-mlkem" => Self::Handshake(Handshake::Tls13MlKem),
            "hs12" => Self::Handshake(Handshake::Tls12X25519),
            "res13" => Self::Handshake(Handshake::Tls13Resumed),
            "res12" => Self::Handshake(Handshake::Tls12Resumed),
            "res13-store" => Self::Handshake(Handshake::Tls13Stored),
            "res12-store" => Self::Handshake(Handshake::Tls12Stored),
            "away13" => Self::Handshake(Handshake::Tls13Away),
            "lat13" => Self::Latency,
            "sessions" => Self::Sessions,
            "psk13" => Self::Handshake(Handshake::Tls13Psk),
            "psk12" => Self::Handshake(Handshake::Tls12Psk),
            "staple13" => Self::Handshake(Handshake::Tls13Stapled),
            "staple12" => Self::Handshake(Handshake::Tls12Stapled),
            "send16k" => Self::Send { write: 16 * KIB },
            "send1m" => Self::Send { write: 1024 * KIB },
            "recv16k" => Self::Receive { write: 16 * KIB },
            "recv1m" => Self::Receive { write: 1024 * KIB },
            "echo" => Self::Echo,
            "mem" => Self::Idle,
            "mem-psk" => Self::IdlePsk,
            _ => return Err(format!("there is no row {name:?}").into()),
        })
    }
}
