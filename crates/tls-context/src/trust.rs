//! Whom a context trusts.

use tls_certs::{Trust, Watched};

/// Whom a context trusts; see [`SecureContext::client`](crate::SecureContext::client).
///
/// Made from a [`Trust`], a [`Watched`] one, or a reference to either. Under a watched trust each
/// handshake is judged by what is trusted at its time, without a new context. It replaces any default: nothing but what is in it
/// is trusted (`CTX-01`).
#[derive(Clone, Debug)]
#[doc(alias = "ca")]
pub struct TrustSource {
    pub(crate) trust: Watched<Trust>,
    /// Whether somebody else holds it, and may replace it.
    pub(crate) may_change: bool,
}

impl From<Trust> for TrustSource {
    fn from(trust: Trust) -> Self {
        Self {
            trust: Watched::new(trust),
            may_change: false,
        }
    }
}

impl From<&Trust> for TrustSource {
    fn from(trust: &Trust) -> Self {
        Self::from(trust.clone())
    }
}

impl From<Watched<Trust>> for TrustSource {
    fn from(trust: Watched<Trust>) -> Self {
        Self {
            trust,
            may_change: true,
        }
    }
}

impl From<&Watched<Trust>> for TrustSource {
    fn from(trust: &Watched<Trust>) -> Self {
        Self::from(trust.clone())
    }
}
