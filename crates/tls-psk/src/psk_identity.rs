//! The name of a pre-shared key.

use std::fmt;
use std::sync::Arc;

use crate::Error;
use crate::limits::{MAX_IDENTITY, MAX_WIRE_IDENTITY};

/// The name under which both ends know a key.
///
/// Not a secret: it crosses the network in the clear, before anything is encrypted (RFC 9257,
/// Section 6.1 for what that means for privacy). Any bytes will do; `Display` and `Debug` escape
/// what is not printable ASCII.
///
/// ```
/// use tls_psk::PskIdentity;
///
/// let gate = PskIdentity::new("gate-7")?;
/// assert_eq!(gate.to_string(), "gate-7");
/// assert_eq!(PskIdentity::new(b"\x1b[2J")?.to_string(), "\\x1b[2J");
/// assert_eq!(PskIdentity::new("").unwrap_err().code(), "psk_identity_length");
/// # Ok::<(), tls_psk::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PskIdentity(Arc<[u8]>);

impl PskIdentity {
    /// The identity of an external key, 1 to 256 bytes (`PSK-05`).
    ///
    /// # Errors
    ///
    /// [`Error::IdentityLength`].
    pub fn new(identity: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::at_most(MAX_IDENTITY, identity.as_ref())
    }

    /// An identity as a peer offers it, 1 to 520 bytes: an imported one (RFC 9258, Section 5.1) has
    /// an external identity inside, and a context.
    ///
    /// # Errors
    ///
    /// [`Error::IdentityLength`].
    pub fn from_wire(identity: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::at_most(MAX_WIRE_IDENTITY, identity.as_ref())
    }

    fn at_most(limit: usize, identity: &[u8]) -> Result<Self, Error> {
        let length = identity.len();
        if !(1..=limit).contains(&length) {
            return Err(Error::IdentityLength { length, limit });
        }
        Ok(Self(identity.into()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if it is any.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl TryFrom<&[u8]> for PskIdentity {
    type Error = Error;

    fn try_from(identity: &[u8]) -> Result<Self, Error> {
        Self::new(identity)
    }
}

impl std::str::FromStr for PskIdentity {
    type Err = Error;

    fn from_str(identity: &str) -> Result<Self, Error> {
        Self::new(identity)
    }
}

impl AsRef<[u8]> for PskIdentity {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for PskIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.escape_ascii(), f)
    }
}

impl fmt::Debug for PskIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Spec: PSK-05, T-PSK-11
    #[test]
    fn psk_05_an_identity_has_1_to_256_bytes() {
        for (length, allowed) in [(0, false), (1, true), (256, true), (257, false)] {
            let made = PskIdentity::new(vec![b'x'; length]);
            assert_eq!(made.is_ok(), allowed, "{length}");
            if let Err(error) = made {
                assert_eq!(error.node_code(), Some("ERR_INVALID_ARG_VALUE"));
            }
        }
        assert!(PskIdentity::from_wire(vec![0; 520]).is_ok());
        assert!(PskIdentity::from_wire(vec![0; 521]).is_err());
    }

    #[test]
    fn what_a_terminal_could_obey_is_escaped() {
        let identity = PskIdentity::new("a\u{202e}b\n\"").unwrap();
        assert_eq!(identity.to_string(), r#"a\xe2\x80\xaeb\n\""#);
        assert_eq!(format!("{identity:?}"), r#""a\xe2\x80\xaeb\n\"""#);
        assert_eq!(identity.as_str(), Some("a\u{202e}b\n\""));
        assert_eq!(PskIdentity::new([0xff]).unwrap().as_str(), None);
    }
}
