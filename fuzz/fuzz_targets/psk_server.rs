//! A server with pre-shared keys, its client made of bytes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = tls_any_bytes::psk_server(bytes);
});
