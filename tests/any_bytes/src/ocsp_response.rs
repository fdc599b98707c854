//! What a responder answers.

use std::sync::LazyLock;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use tls_ocsp::{ResponseVerifier, Target};

use crate::provider;

/// When the seeds are fresh: 25 November 2026.
const NOW: Duration = Duration::from_secs(1_795_564_800);

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let certificate: CertificateDer<'_> = include_bytes!("../fixtures/leaf.der")[..].into();
    let issuer: CertificateDer<'_> = include_bytes!("../fixtures/issuer.der")[..].into();
    Target::new(&certificate, &issuer, &provider()).unwrap()
});

/// Verifies an answer about a certificate. `true` if it is believed; what is believed is in its dates.
#[must_use]
pub fn ocsp_response(bytes: &[u8]) -> bool {
    let verifier = ResponseVerifier::new(provider());
    let at = |seconds: u64| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let believed = verifier.verify(&TARGET, bytes, at(NOW.as_secs())).is_ok();
    assert!(
        verifier.verify(&TARGET, bytes, at(0)).is_err(),
        "an answer from the future"
    );
    believed
}
