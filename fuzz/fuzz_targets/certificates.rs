//! Certificates, keys, PFX files and revocation lists.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = tls_any_bytes::certificates(bytes);
});
