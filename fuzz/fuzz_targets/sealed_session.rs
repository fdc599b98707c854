//! Tickets and stored sessions.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = tls_any_bytes::sealed_session(bytes);
});
