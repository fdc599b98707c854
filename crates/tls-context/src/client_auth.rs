//! Whether a server asks its clients for a certificate, and whose it accepts.

use tls_certs::{Trust, Watched};

use crate::TrustSource;

/// Whether a server asks its clients for a certificate, and whose it accepts.
///
/// | here | Node |
/// |---|---|
/// | `Off` | `requestCert: false` |
/// | `Optional(cas)` | no counterpart: none is fine, a bad one is refused |
/// | `Required(cas)` | `requestCert: true` |
/// | either, with `dangerous().accept_any_certificate()` | `requestCert: true, rejectUnauthorized: false` |
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[doc(alias = "requestCert")]
pub enum ClientAuth {
    /// Does not ask.
    #[default]
    Off,
    /// Asks; goes on without one; refuses one that this trust does not lead to.
    Optional(TrustSource),
    /// Asks, and refuses a client without one, or with one that this trust does not lead to.
    Required(TrustSource),
}

impl ClientAuth {
    /// Asks for a certificate, and goes on without one.
    #[must_use]
    pub fn optional(trust: impl Into<TrustSource>) -> Self {
        Self::Optional(trust.into())
    }

    /// Demands a certificate.
    #[must_use]
    pub fn required(trust: impl Into<TrustSource>) -> Self {
        Self::Required(trust.into())
    }

    /// Whether the server asks at all.
    #[must_use]
    pub fn asks(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Whether a client without a certificate is refused.
    #[must_use]
    pub fn is_required(&self) -> bool {
        matches!(self, Self::Required(_))
    }

    /// Whose certificates are accepted now; `None` when off.
    #[must_use]
    pub fn trust(&self) -> Option<Trust> {
        self.watched_trust().map(Watched::get)
    }

    pub(crate) fn watched_trust(&self) -> Option<&Watched<Trust>> {
        match self {
            Self::Off => None,
            Self::Optional(trust) | Self::Required(trust) => Some(&trust.trust),
        }
    }
}
