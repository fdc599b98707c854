//! A responder's answer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = tls_any_bytes::ocsp_response(bytes);
});
