//! Verifiers that stay the same for rustls while the trust and the lists in them change.

mod client;
mod server;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub use self::client::WatchedClientVerifier;
pub use self::server::WatchedServerVerifier;
use super::Watched;
use crate::{Crls, Result, Trust};

/// A verifier made of the trust and the revocation lists in use, made again only when one of them
/// has changed.
struct Current<V> {
    trust: Watched<Trust>,
    crls: Option<Watched<Crls>>,
    make: Box<Make<V>>,
    made: ArcSwap<(Generations, Arc<V>)>,
}

type Make<V> = dyn Fn(Trust, Option<Crls>) -> Result<V> + Send + Sync;

/// Of the trust, and of the lists.
type Generations = (u64, Option<u64>);

impl<V> Current<V> {
    fn new(
        trust: Watched<Trust>,
        crls: Option<Watched<Crls>>,
        make: impl Fn(Trust, Option<Crls>) -> Result<V> + Send + Sync + 'static,
    ) -> Result<Self> {
        let (generations, (of_trust, of_crls)) = snapshot(&trust, crls.as_ref());
        let verifier = Arc::new(make(of_trust, of_crls)?);
        Ok(Self {
            trust,
            crls,
            make: Box::new(make),
            made: ArcSwap::from_pointee((generations, verifier)),
        })
    }

    fn get(&self) -> Arc<V> {
        let made = self.made.load();
        let now = (
            self.trust.generation(),
            self.crls.as_ref().map(Watched::generation),
        );
        if made.0 == now {
            return Arc::clone(&made.1);
        }
        let (generations, (trust, crls)) = snapshot(&self.trust, self.crls.as_ref());
        let verifier = match (self.make)(trust, crls) {
            Ok(verifier) => Arc::new(verifier),
            Err(error) => {
                tracing::error!(
                    code = error.code(),
                    "what is new makes no verifier, the old one stays: {error}"
                );
                Arc::clone(&made.1)
            }
        };
        self.made
            .store(Arc::new((generations, Arc::clone(&verifier))));
        verifier
    }
}

fn snapshot(
    trust: &Watched<Trust>,
    crls: Option<&Watched<Crls>>,
) -> (Generations, (Trust, Option<Crls>)) {
    let (trust, of_trust) = trust.snapshot();
    let (crls, of_crls) = crls.map(Watched::snapshot).unzip();
    ((of_trust, of_crls), (trust, crls))
}
