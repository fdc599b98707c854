//! Staples for plain rustls.

use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::Stapler;

/// Wraps any certificate resolver of rustls: what it resolves to gets its staple, if there is one
/// that holds, and is watched from the first time on. The handshake never waits.
#[derive(Debug)]
pub struct StaplingResolver {
    inner: Arc<dyn ResolvesServerCert>,
    stapler: Stapler,
}

impl StaplingResolver {
    /// Staples what `inner` resolves to.
    #[must_use]
    pub fn new(inner: Arc<dyn ResolvesServerCert>, stapler: Stapler) -> Self {
        Self { inner, stapler }
    }
}

impl ResolvesServerCert for StaplingResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let key = self.inner.resolve(hello)?;
        Some(self.stapler.stapled(key))
    }

    fn only_raw_public_keys(&self) -> bool {
        self.inner.only_raw_public_keys()
    }
}
