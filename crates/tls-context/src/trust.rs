//! Whom a context trusts.

use tls_certs::Trust;

/// Whom a context trusts; see [`SecureContext::client`](crate::SecureContext::client).
///
/// Made from a [`Trust`] or a reference to one. It replaces any default: nothing but what is in it
/// is trusted (`CTX-01`).
#[derive(Clone, Debug)]
#[doc(alias = "ca")]
pub struct TrustSource(pub(crate) Trust);

impl From<Trust> for TrustSource {
    fn from(trust: Trust) -> Self {
        Self(trust)
    }
}

impl From<&Trust> for TrustSource {
    fn from(trust: &Trust) -> Self {
        Self(trust.clone())
    }
}
