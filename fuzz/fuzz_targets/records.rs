//! Records after the handshake, under the right keys.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = tls_any_bytes::records(bytes);
});
