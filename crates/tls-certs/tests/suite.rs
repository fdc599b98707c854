//! Tests of the crate from outside. One binary, one file per concern.

#![allow(clippy::unwrap_used, reason = "a fault of the set-up ends the test")]

mod suite {
    mod ca_store;
    mod client_verifier;
    mod der_edit;
    #[cfg(feature = "generate")]
    mod development;
    mod errors;
    mod handshake;
    mod hardening;
    mod identity;
    mod listed;
    mod loading;
    mod openssl;
    mod pki;
    mod revocation;
    mod robustness;
    mod server_identity;
    mod server_verifier;
    mod strictness;
    mod summary;
    mod trust;
    mod verify_codes;
    mod watched;
}
