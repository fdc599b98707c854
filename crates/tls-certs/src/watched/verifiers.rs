//! Verifiers that stay the same for rustls while the trust in them changes.

mod client;
mod server;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub use self::client::WatchedClientVerifier;
pub use self::server::WatchedServerVerifier;
use super::Watched;
use crate::{Result, Trust};

/// A verifier made of the trust in use, made again only when that has changed.
struct Current<V> {
    trust: Watched<Trust>,
    make: Box<dyn Fn(Trust) -> Result<V> + Send + Sync>,
    made: ArcSwap<(u64, Arc<V>)>,
}

impl<V> Current<V> {
    fn new(
        trust: Watched<Trust>,
        make: impl Fn(Trust) -> Result<V> + Send + Sync + 'static,
    ) -> Result<Self> {
        let (value, generation) = trust.snapshot();
        let made = ArcSwap::from_pointee((generation, Arc::new(make(value)?)));
        Ok(Self {
            trust,
            make: Box::new(make),
            made,
        })
    }

    fn get(&self) -> Arc<V> {
        let made = self.made.load();
        if made.0 == self.trust.generation() {
            return Arc::clone(&made.1);
        }
        let (value, generation) = self.trust.snapshot();
        let verifier = match (self.make)(value) {
            Ok(verifier) => Arc::new(verifier),
            Err(error) => {
                tracing::error!(
                    code = error.code(),
                    "the new trust makes no verifier, the old one stays: {error}"
                );
                Arc::clone(&made.1)
            }
        };
        self.made
            .store(Arc::new((generation, Arc::clone(&verifier))));
        verifier
    }
}
