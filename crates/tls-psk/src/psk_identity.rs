//! The name of a pre-shared key.

use std::fmt;
use std::sync::Arc;

use crate::Error;
use crate::limits::MAX_WIRE_IDENTITY;

/// The name under which both ends know a key, as it goes over the wire: not a secret, but visible
/// to whoever watches the handshake.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PskIdentity(Arc<[u8]>);

impl PskIdentity {
    /// An identity as it goes over the wire.
    ///
    /// # Errors
    ///
    /// [`Error::IdentityLength`] for none, or more than
    /// [`MAX_WIRE_IDENTITY`] bytes.
    pub fn new(identity: impl AsRef<[u8]>) -> Result<Self, Error> {
        let bytes = identity.as_ref();
        if bytes.is_empty() || bytes.len() > MAX_WIRE_IDENTITY {
            return Err(Error::IdentityLength {
                length: bytes.len(),
                limit: MAX_WIRE_IDENTITY,
            });
        }
        Ok(Self(bytes.into()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for PskIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for PskIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
