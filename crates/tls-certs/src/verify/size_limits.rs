//! Chains that are refused before any signature is looked at.

use pki_types::CertificateDer;
use rustls::{CertificateError, OtherError};
use std::collections::HashSet;
use std::sync::Arc;
use webpki::{EndEntityCert, Error as WebpkiError};

/// Certificates that a peer may present; real chains have three or four.
pub(crate) const MAX_CHAIN: usize = 32;
/// Bytes of one certificate; thousands of names fit.
pub(crate) const MAX_CERTIFICATE: usize = 64 * 1024;

/// With at most so many, even all ways through them are few.
const SMALL_CHAIN: usize = 6;
/// Longest way that webpki follows: the leaf, six CAs.
const MAX_STEPS: usize = 7;
/// Ways from the leaf upwards; a chain has one, cross-signed ones a handful.
const MAX_WAYS: u64 = 1_000;

/// webpki bounds its signatures, but tries up to 200,000 ways through certificates that
/// name each other as issuers, parsing each time: seconds of work for 20 KiB. So ways are
/// counted first, where there can be many.
pub(super) fn check(chain: &[CertificateDer<'_>]) -> Result<(), rustls::Error> {
    if chain.iter().any(|der| der.len() > MAX_CERTIFICATE) {
        return Err(CertificateError::BadEncoding.into());
    }
    if chain.len() > MAX_CHAIN {
        return Err(too_many(WebpkiError::MaximumPathDepthExceeded));
    }
    if chain.len() > SMALL_CHAIN && ways(chain) > MAX_WAYS {
        return Err(too_many(WebpkiError::MaximumPathBuildCallsExceeded));
    }
    Ok(())
}

fn too_many(error: WebpkiError) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}

/// How many ways lead from the leaf upwards, going by names.
fn ways(chain: &[CertificateDer<'_>]) -> u64 {
    let mut seen = HashSet::new();
    let different = chain.iter().filter(|der| seen.insert(<[u8]>::to_vec(der)));
    let names: Vec<(Vec<u8>, Vec<u8>)> = different
        .filter_map(|der| EndEntityCert::try_from(der).ok())
        .map(|cert| (cert.subject().to_vec(), cert.issuer().to_vec()))
        .collect();
    let mut here = vec![0u64; names.len()];
    if let Some(leaf) = here.first_mut() {
        *leaf = 1;
    }
    let mut total = 0u64;
    for _ in 0..MAX_STEPS {
        let mut above = vec![0u64; names.len()];
        for (from, (_, issuer)) in here.iter().zip(&names).filter(|(ways, _)| **ways > 0) {
            for (to, (name, _)) in above.iter_mut().zip(&names) {
                // A self-issued certificate leads to others of its name, webpki drops loops.
                if name == issuer {
                    *to = to.saturating_add(*from);
                }
            }
        }
        total = above
            .iter()
            .fold(total, |sum, ways| sum.saturating_add(*ways));
        here = above;
    }
    total
}
