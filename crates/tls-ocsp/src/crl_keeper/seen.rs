//! What chains name that were seen before: a client comes again and again, and to verify the signatures
//! of its chain once more for each handshake would double their cost.

use std::collections::HashMap;
use std::sync::Arc;

use pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use tls_certs::Trust;

use super::list::List;
use crate::limits::MAX_SEEN_CHAINS;

/// The lists of chains, by [`key`].
#[derive(Default)]
pub(super) struct Seen(HashMap<[u8; 32], Vec<Arc<List>>>);

/// SHA-256 of a chain, and of the trust that stands behind it.
pub(super) fn key(chain: &[CertificateDer<'_>], trust: &Trust) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(trust.fingerprint());
    for certificate in chain {
        // DER says where it ends.
        hash.update(certificate);
    }
    hash.finalize().into()
}

impl Seen {
    /// Whether this chain is known, and so are all of its lists, which somebody wants again.
    pub(super) fn ask_again(&mut self, key: &[u8; 32]) -> bool {
        let Some(lists) = self.0.get(key) else {
            return false;
        };
        if lists.iter().any(|list| list.is_forgotten()) {
            self.0.remove(key);
            return false;
        }
        for list in lists {
            list.ask();
        }
        true
    }

    pub(super) fn insert(&mut self, key: [u8; 32], lists: Vec<Arc<List>>) {
        if self.0.len() >= MAX_SEEN_CHAINS {
            self.0.clear();
        }
        self.0.insert(key, lists);
    }
}
