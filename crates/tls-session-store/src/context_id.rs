//! Under which policy a session was made.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::Error;

/// Names the policy under which a session was made; the session opens under an equal id only.
///
/// **Why this exists:** at resumption rustls compares the cipher suite, extended master secret and the
/// server name, and nothing else. A ticket that a server *without* client certificates issued resumes,
/// with no certificate at all, on a server that *demands* them and shares the ticket key. Two rustls
/// configs that differ in client authentication, trust anchors or revocation lists must therefore
/// have different context ids; the workers of a fleet that run the same config must have equal ones.
///
/// Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContextId(pub [u8; 32]);

impl ContextId {
    /// The id that belongs to a label of yours, equal in every process.
    ///
    /// The label should name everything that decides who gets in. Change it whenever the client
    /// certificate policy, its CAs or its revocation lists change, since otherwise a session made
    /// under the old policy resumes under the new one **without being checked again**:
    ///
    /// ```
    /// use tls_session_store::ContextId;
    ///
    /// let public = ContextId::from_label("shop.example, no client certificates");
    /// let staff = ContextId::from_label("staff.example, client certificates of CA 7, CRL 2026-03");
    /// assert_ne!(public, staff);
    /// ```
    #[must_use]
    pub fn from_label(label: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"tls-session-store context label v1\0");
        hash.update(label.as_bytes());
        Self(hash.finalize().into())
    }

    /// An id that no other context has, here or elsewhere.
    ///
    /// # Errors
    /// [`Error::Randomness`] if the system has none.
    pub fn random() -> Result<Self, Error> {
        let mut id = [0; 32];
        aws_lc_rs::rand::fill(&mut id).map_err(|_| Error::Randomness)?;
        Ok(Self(id))
    }

    /// The bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for ContextId {
    fn from(id: [u8; 32]) -> Self {
        Self(id)
    }
}

impl fmt::Display for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContextId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_give_stable_and_distinct_ids() {
        assert_eq!(ContextId::from_label("a"), ContextId::from_label("a"));
        assert_ne!(ContextId::from_label("a"), ContextId::from_label("b"));
        assert_ne!(ContextId::random().unwrap(), ContextId::random().unwrap());
        assert_eq!(ContextId([0xab; 32]).to_string(), "ab".repeat(32));
    }
}
