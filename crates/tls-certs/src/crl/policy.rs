//! What revocation lists are asked.

use sha2::{Digest, Sha256};

/// Which certificates need a list of their issuer, and whether an old one will do.
///
/// The default is Node's: every certificate below the anchor, and no list past the date of
/// its next update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CrlPolicy {
    /// Which certificates are looked up.
    pub depth: CrlDepth,
    /// Whether a list past its next update still counts.
    pub accept_stale: bool,
    /// Whether a certificate is taken for good whose issuer no list is from.
    pub accept_missing: bool,
}

/// Which certificates of a chain are looked up in revocation lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrlDepth {
    /// The peer's own and every intermediate.
    #[default]
    WholeChain,
    /// The peer's own only.
    Leaf,
}

impl CrlPolicy {
    /// Sets [`CrlPolicy::depth`].
    #[must_use]
    pub const fn depth(self, depth: CrlDepth) -> Self {
        Self { depth, ..self }
    }

    /// Sets [`CrlPolicy::accept_stale`].
    #[must_use]
    pub const fn accept_stale(self, accept_stale: bool) -> Self {
        Self {
            accept_stale,
            ..self
        }
    }

    /// Sets [`CrlPolicy::accept_missing`].
    #[must_use]
    pub const fn accept_missing(self, accept_missing: bool) -> Self {
        Self {
            accept_missing,
            ..self
        }
    }

    /// A fingerprint of the policy, not of any list: lists are replaced every day, and what
    /// was bound to the policy (such as a session's context) must outlive that.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let depth = match self.depth {
            CrlDepth::WholeChain => 1,
            CrlDepth::Leaf => 2,
        };
        let mut hash = Sha256::new();
        hash.update(b"CRL policy 2");
        let accepts = [self.accept_stale, self.accept_missing].map(u8::from);
        hash.update([depth]);
        hash.update(accepts);
        hash.finalize().into()
    }
}
