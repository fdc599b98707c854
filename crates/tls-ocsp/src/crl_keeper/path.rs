//! Which certificates of a chain the trust stands behind.
//!
//! A peer can send certificates along that it made itself. They are harmless to its verification, but
//! what they name must not be fetched.

use pki_types::CertificateDer;
use rustls::crypto::CryptoProvider;
use tls_certs::Trust;

use crate::Target;
use crate::limits::{MAX_PATH, MAX_PATH_TRIES};

/// The first certificate of `chain` and those above it, up to the trust; nothing if the way does not
/// lead there.
pub(super) fn to_trust(
    chain: &[CertificateDer<'_>],
    trust: &Trust,
    provider: &CryptoProvider,
) -> Vec<Target> {
    let Some((leaf, others)) = chain.split_first() else {
        return Vec::new();
    };
    let mut search = Search {
        others,
        trust,
        provider,
        tries: MAX_PATH_TRIES,
        found: Vec::new(),
    };
    if search.climb(leaf) {
        search.found
    } else {
        Vec::new()
    }
}

struct Search<'a> {
    others: &'a [CertificateDer<'a>],
    trust: &'a Trust,
    provider: &'a CryptoProvider,
    /// How often another issuer is tried.
    tries: usize,
    found: Vec<Target>,
}

impl Search<'_> {
    fn climb(&mut self, certificate: &CertificateDer<'_>) -> bool {
        let anchors = self.trust.certificates().iter();
        let anchors = anchors.map(|anchor| anchor.der() as &CertificateDer<'_>);
        let alone = std::slice::from_ref(certificate);
        if let Ok(target) = Target::from_chain(alone, anchors, self.provider) {
            let issuer = target.issuer().clone();
            if issuer != *certificate {
                self.found.push(target);
                // A trusted CA need not be a root; what is above it may be asked about, too.
                if self.found.len() < MAX_PATH {
                    self.climb(&issuer);
                }
            }
            return true;
        }
        if self.found.len() >= MAX_PATH {
            return false;
        }
        for issuer in self.others {
            if self.tries == 0 {
                return false;
            }
            if issuer == certificate {
                continue;
            }
            self.tries -= 1;
            // Two may have the same key and name: one of the trust, and one that a peer made of it.
            if let Ok(target) = Target::new(certificate, issuer, self.provider) {
                self.found.push(target);
                if self.climb(issuer) {
                    return true;
                }
                self.found.pop();
            }
        }
        false
    }
}
