//! Revocation lists of a context, and what is asked of a chain besides trust.

use tls_certs::{CrlPolicy, Crls, Watched};

/// Revocation lists of a context; see [`SecureContextBuilder::crls`](crate::SecureContextBuilder::crls).
///
/// Made from [`Crls`], [`Watched`] ones, or a reference to either. Under watched lists each
/// handshake, and each session that comes back, is judged by the lists of its time.
#[derive(Clone, Debug)]
#[doc(alias = "crl")]
pub struct CrlSource {
    pub(crate) crls: Watched<Crls>,
    /// Whether somebody else holds them, and may replace them.
    pub(crate) may_change: bool,
}

impl From<Crls> for CrlSource {
    fn from(crls: Crls) -> Self {
        Self {
            crls: Watched::new(crls),
            may_change: false,
        }
    }
}

impl From<&Crls> for CrlSource {
    fn from(crls: &Crls) -> Self {
        Self::from(crls.clone())
    }
}

impl From<Watched<Crls>> for CrlSource {
    fn from(crls: Watched<Crls>) -> Self {
        Self {
            crls,
            may_change: true,
        }
    }
}

impl From<&Watched<Crls>> for CrlSource {
    fn from(crls: &Watched<Crls>) -> Self {
        Self::from(crls.clone())
    }
}

/// How a peer's chain is judged, apart from the trust.
#[derive(Clone)]
pub(crate) struct ChainRules {
    pub(crate) crls: Option<CrlSource>,
    pub(crate) crl_policy: CrlPolicy,
    pub(crate) partial_chain: bool,
}

impl Default for ChainRules {
    /// As the verifiers of tls-certs have it.
    fn default() -> Self {
        Self {
            crls: None,
            crl_policy: CrlPolicy::default(),
            partial_chain: true,
        }
    }
}

impl ChainRules {
    pub(crate) fn watched_crls(&self) -> Option<&Watched<Crls>> {
        self.crls.as_ref().map(|source| &source.crls)
    }
}
