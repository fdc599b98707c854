//! Keys and certificates, joined by public key.

use std::sync::Arc;

use rustls::sign::SigningKey;

use super::LoadedIdentities;
use crate::certificate::public_key::kind_of_spki;
use crate::chain::{Link, complete, in_order};
use crate::identity::public_key;
use crate::{Error, Identity, Result, SecurityLevel};

/// Keys being joined with certificates.
pub(super) struct Assembly {
    links: Vec<Link>,
    used: Vec<bool>,
    extra: Vec<Link>,
    level: SecurityLevel,
    identities: Vec<Identity>,
    public_keys: Vec<Vec<u8>>,
}

impl Assembly {
    pub(super) fn new(links: Vec<Link>, extra: Vec<Link>, level: SecurityLevel) -> Self {
        Self {
            used: vec![false; links.len()],
            links,
            extra,
            level,
            identities: Vec::new(),
            public_keys: Vec::new(),
        }
    }

    /// Whether there is no certificate at all.
    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    pub(super) fn add(&mut self, origin: &str, key: Arc<dyn SigningKey>) -> Result<()> {
        let public_key = public_key(&*key);
        if self.public_keys.contains(&public_key) {
            return Ok(());
        }
        let fits = |link: &Link| !public_key.is_empty() && link.public_key() == public_key;
        let Some(leaf) = self.links.iter().position(fits) else {
            return Err(self.without_certificate(origin, &public_key));
        };
        let (mut chain, _) = in_order(self.links.clone(), leaf);
        for (link, used) in self.links.iter().zip(&mut self.used) {
            *used |= chain.iter().any(|part| part.der == link.der);
        }
        complete(&mut chain, &self.extra);
        self.identities
            .push(Identity::of_chain(chain, key, origin, self.level)?);
        self.public_keys.push(public_key);
        Ok(())
    }

    fn without_certificate(&self, origin: &str, public_key: &[u8]) -> Error {
        let subjects = self.links.iter().take(10).map(|l| l.summary().subject);
        Error::KeyWithoutCertificate {
            origin: origin.to_owned(),
            key_kind: kind_of_spki(public_key),
            certificates: subjects.collect(),
        }
    }

    pub(super) fn finish(self) -> LoadedIdentities {
        let unused = self
            .links
            .iter()
            .zip(&self.used)
            .filter(|(_, used)| !**used);
        LoadedIdentities {
            surplus: unused.map(|(link, _)| link.summary()).collect(),
            identities: self.identities,
        }
    }
}
