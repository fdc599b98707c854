//! The cryptography behind a context: aws-lc-rs, restricted to the suites and groups that were
//! chosen. Always passed explicitly, never the default of the process.

use std::sync::Arc;

use rustls::{
    SupportedCipherSuite,
    crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs},
};

pub(crate) fn new(
    cipher_suites: Vec<SupportedCipherSuite>,
    kx_groups: Vec<&'static dyn SupportedKxGroup>,
) -> Arc<CryptoProvider> {
    let provider = CryptoProvider {
        cipher_suites,
        kx_groups,
        ..aws_lc_rs::default_provider()
    };
    // The generator gathers its entropy at first use, which takes 30 to 40 ms, once a process: now
    // rather than in the first handshake. A failure comes again there, and is reported there.
    let _ = provider.secure_random.fill(&mut [0]);
    Arc::new(provider)
}
