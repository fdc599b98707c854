//! A client with a pre-shared key, its server made of bytes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = tls_any_bytes::psk_client(bytes);
});
