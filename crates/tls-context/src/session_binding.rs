//! The ids of a context, made anew when something that is watched in it was replaced.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tls_certs::{Identity, Trust, Watched};

use crate::{ClientAuth, CrlSource, TrustSource, context_id};

/// Authorities that a watched trust had before, still good for opening sessions.
const MAX_EARLIER: usize = 4;

/// What the ids are made of.
pub(crate) struct Bound {
    pub(crate) session_id_context: Vec<u8>,
    pub(crate) identities: Vec<Watched<Identity>>,
    pub(crate) trust: Option<TrustSource>,
    pub(crate) client_auth: ClientAuth,
    /// How chains are judged, apart from trust and lists.
    pub(crate) policy: Option<[u8; 32]>,
    pub(crate) crls: Option<CrlSource>,
    pub(crate) accept_any: bool,
}

/// What the sessions of a context are bound to. Hashed once per generation, never per connection.
pub(crate) struct SessionBinding {
    bound: Bound,
    ids: ArcSwap<Ids>,
}

pub(crate) struct Ids {
    generation: u64,
    pub(crate) context: [u8; 32],
    pub(crate) verification: [u8; 32],
    /// Context ids under earlier authorities, and otherwise as now; the latest first.
    pub(crate) earlier: Vec<[u8; 32]>,
    authorities: Option<[u8; 32]>,
    earlier_authorities: Vec<[u8; 32]>,
}

impl SessionBinding {
    pub(crate) fn new(bound: Bound) -> Self {
        let ids = ArcSwap::from_pointee(bound.ids(None));
        Self { bound, ids }
    }

    pub(crate) fn bound(&self) -> &Bound {
        &self.bound
    }

    pub(crate) fn ids(&self) -> Arc<Ids> {
        let ids = self.ids.load();
        if ids.generation == self.bound.generation() {
            return Arc::clone(&ids);
        }
        let ids = Arc::new(self.bound.ids(Some(&ids)));
        self.ids.store(Arc::clone(&ids));
        ids
    }
}

impl Bound {
    /// How often something was replaced.
    pub(crate) fn generation(&self) -> u64 {
        let identities = self.identities.iter().map(Watched::generation);
        let trust = self.trust.as_ref().map(|source| &source.trust);
        let trusts = trust.into_iter().chain(self.client_auth.watched_trust());
        let crls = self.crls.iter().map(|source| source.crls.generation());
        identities
            .chain(trusts.map(Watched::generation))
            .chain(crls)
            .map(|generation| generation.saturating_sub(1))
            .sum()
    }

    /// Whether what servers are verified against may be replaced.
    pub(crate) fn trust_may_change(&self) -> bool {
        self.trust.as_ref().is_some_and(|source| source.may_change)
            || self.crls.as_ref().is_some_and(|source| source.may_change)
    }

    fn ids(&self, before: Option<&Ids>) -> Ids {
        // Before the values: one that is replaced meanwhile makes the ids once more.
        let generation = self.generation();
        let identities: Vec<Identity> = self.identities.iter().map(Watched::get).collect();
        let fingerprint = |trust: &Watched<Trust>| trust.get().fingerprint();
        let authorities = self.client_auth.watched_trust().map(fingerprint);
        let earlier_authorities = before.map_or_else(Vec::new, |ids| ids.earlier_than(authorities));
        let context = |authorities| {
            let Self {
                session_id_context,
                client_auth,
                policy,
                accept_any,
                ..
            } = self;
            context_id::server(
                session_id_context,
                &identities,
                client_auth,
                (authorities, *policy),
                *accept_any,
            )
        };
        Ids {
            generation,
            context: context(authorities),
            earlier: earlier_authorities
                .iter()
                .map(|one| context(Some(*one)))
                .collect(),
            authorities,
            earlier_authorities,
            verification: context_id::verification(
                (
                    self.trust.as_ref().map(|source| fingerprint(&source.trust)),
                    self.policy,
                ),
                &identities,
                self.accept_any,
            ),
        }
    }
}

impl Ids {
    /// The authorities of these ids and those before them, as seen from new ones.
    fn earlier_than(&self, new: Option<[u8; 32]>) -> Vec<[u8; 32]> {
        let all = self
            .authorities
            .iter()
            .chain(&self.earlier_authorities)
            .copied();
        all.filter(|one| Some(*one) != new)
            .take(MAX_EARLIER)
            .collect()
    }
}
