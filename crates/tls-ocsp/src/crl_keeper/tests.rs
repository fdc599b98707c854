//! What nobody can see from outside in less than hours.

use std::collections::HashMap;
use std::time::Duration;

use tls_testing::{Authority, Pki};

use super::*;
use crate::keep_fresh::Subject as _;
use crate::{BoxFuture, CacheKey, ResponseCache};

/// Lists that need not be fetched.
struct Kept(HashMap<CacheKey, Vec<u8>>);

impl ResponseCache for Kept {
    fn get<'a>(&'a self, key: &'a CacheKey) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(std::future::ready(self.0.get(key).cloned()))
    }

    fn put<'a>(&'a self, _: &'a CacheKey, _: &'a [u8], _: Duration) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

const URLS: [&str; 2] = ["http://one.test/", "http://two.test/"];

fn authorities() -> [&'static Authority; 2] {
    [&Pki::shared().intermediate, &Pki::shared().other_root]
}

fn keeper() -> CrlKeeper {
    let kept = URLS.iter().zip(authorities());
    let kept = kept.map(|(url, ca)| (CacheKey::list(url), ca.crl_pem(2024, &[]).into_bytes()));
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CrlKeeper::builder(Arc::new(provider))
        .cache(Kept(kept.collect()))
        .start()
}

async fn in_use(keeper: &CrlKeeper, count: usize) {
    let mut changes = keeper.changes();
    let there = changes.wait_for(|_| keeper.lists().get().lists().len() == count);
    let there = tokio::time::timeout(Duration::from_secs(20), there).await;
    assert!(there.is_ok(), "{:?}", keeper.report());
}

/// To lose an issuer is what forgetting is about; the next list comes into use all the same.
#[tokio::test]
async fn a_list_that_is_forgotten_stands_in_nobodys_way() {
    let keeper = keeper();
    let [one, two] = authorities();
    keeper.watch_list(URLS[0], one.certificate()).unwrap();
    in_use(&keeper, 1).await;
    let list = keeper.0.lock().values().next().cloned().unwrap();
    KeptList::new(Arc::downgrade(&keeper.0), list).forget(&keeper.0);
    assert!(keeper.report().is_empty() && keeper.lists().get().lists().is_empty());
    keeper.watch_list(URLS[1], two.certificate()).unwrap();
    in_use(&keeper, 1).await;
    keeper.watch_list(URLS[0], one.certificate()).unwrap();
    in_use(&keeper, 2).await;
}

/// What was seen once is not verified again, until one of its lists is forgotten or the trust changes.
#[tokio::test]
async fn a_chain_that_was_seen_costs_a_hash() {
    let keeper = keeper();
    let pki = Pki::shared();
    let point = rcgen::CrlDistributionPoint {
        uris: vec![URLS[0].to_owned()],
    };
    let mut params = tls_testing::pki::server_params(&["localhost"]);
    params.crl_distribution_points.push(point);
    let leaf = pki.intermediate.sign(params, tls_testing::pki::p256());
    let trust = Trust::from_pem(pki.root.pem().as_bytes()).unwrap();
    let seen = |trust: &Trust| keeper.0.seen().ask_again(&seen::key(leaf.chain(), trust));
    assert!(!seen(&trust));
    keeper.watch_chain(leaf.chain(), &trust);
    in_use(&keeper, 1).await;
    assert!(seen(&trust) && !seen(&Trust::empty()));
    let list = keeper.0.lock().values().next().cloned().unwrap();
    let kept = KeptList::new(Arc::downgrade(&keeper.0), list);
    assert!(kept.is_wanted() && !kept.is_wanted());
    keeper.watch_chain(leaf.chain(), &trust);
    assert!(kept.is_wanted(), "asked for again");
    kept.forget(&keeper.0);
    assert!(!seen(&trust));
    keeper.watch_chain(leaf.chain(), &trust);
    assert_eq!(keeper.report().len(), 1, "kept anew");
}
