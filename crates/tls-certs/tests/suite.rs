//! Tests of the crate from outside. One binary, one file per concern.

#![allow(clippy::unwrap_used, reason = "a fault of the set-up ends the test")]

mod suite {
    mod client_verifier;
    #[cfg(feature = "generate")]
    mod development;
    mod errors;
    mod handshake;
    mod identity;
    mod listed;
    mod loading;
    mod openssl;
    mod pki;
    mod robustness;
    mod server_verifier;
    mod summary;
    mod trust;
    mod watched;
}
