//! Certificates and keys for rustls: loading, trusting, verifying with a reason, and
//! certificates for development.
//!
//! rustls says `UnknownIssuer`. This crate says which certificate, why, and what to do:
//!
//! ```
//! use std::sync::Arc;
//! use tls_certs::{Identity, ServerVerifier, Trust, VerifyCode};
//! # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
//! # let (cert_pem, key_pem) = (made.cert.pem(), made.signing_key.serialize_pem());
//!
//! // Who we are: proven to belong together, any order of blocks, any usual form of key.
//! let identity = Identity::from_pem(cert_pem.as_bytes(), key_pem.as_bytes())?;
//! println!("{} until {}", identity.summary().subject, identity.summary().not_after_text());
//!
//! // Whom we trust, and a verifier that rustls takes and that can be asked directly.
//! let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
//! let verifier = ServerVerifier::new(Trust::mozilla(), Arc::clone(&provider))?;
//! let now = rustls::pki_types::UnixTime::now();
//! let refusal = verifier.verify(identity.chain(), &"localhost".try_into()?, now).unwrap_err();
//! assert_eq!(refusal.code, VerifyCode::DepthZeroSelfSignedCert);
//! println!("{}: {refusal}; {}", refusal.code, refusal.hint);
//!
//! // The hint says: list the certificate itself.
//! let trust = Trust::mozilla().with(&Trust::from_pem(cert_pem.as_bytes())?);
//! ServerVerifier::new(trust, provider)?.verify(identity.chain(), &"localhost".try_into()?, now)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | for | take |
//! |---|---|
//! | a certificate chain and its key | [`Identity`] |
//! | several of them, encrypted keys, PKCS#12, chains to complete | [`IdentityLoader`], [`Passphrase`] |
//! | Mozilla's roots, the system's, CA files, single certificates | [`Trust`] |
//! | a client's check of servers, a server's check of clients | [`ServerVerifier`], [`ClientVerifier`] |
//! | revocation lists and what they are asked | [`Crls`], [`CrlPolicy`], [`VerifierBuilder`] |
//! | Node's check of a name | [`check_server_identity`] |
//! | the CA certificates of the process | [`ca_certificates`], [`set_default_ca_certificates`] |
//! | why a chain was refused | [`Refusal`], [`VerifyCode`] |
//! | certificates, keys and trust that are reloaded when their files change | [`Watched`] |
//! | what a certificate says | [`CertificateSummary`] |
//! | HTTPS on `localhost` that browsers accept | [`development::DevelopmentCa`] (feature `generate`) |
//!
//! rustls-webpki decides. What it refuses is accepted in one case only, described at
//! [`Trust`]: a certificate that the user listed itself. The crypto provider is always
//! explicit, the clock is always an argument (except for the development CA), and no
//! runtime is needed.

mod block_cipher;
mod ca_store;
mod certificate;
mod chain;
mod chain_path;
mod client_verifier;
mod crl;
#[cfg(feature = "generate")]
pub mod development;
mod displayed_text;
mod encrypted_key;
mod error;
mod file_mode;
mod identity;
mod identity_loader;
mod listed;
mod passphrase;
mod pem_bundle;
mod pkcs12;
mod private_key;
mod refusal;
mod security_level;
mod server_identity;
mod server_verifier;
mod trust;
mod usage;
mod verify;
mod verify_code;
mod watched;

pub use ca_store::{
    CaKind, ca_certificates, enable_node_extra_ca_certs, set_default_ca_certificates,
};
pub use certificate::{CertificateSummary, KeyKind};
pub use client_verifier::ClientVerifier;
pub use crl::{Crl, CrlDepth, CrlPolicy, Crls};
pub use error::Error;
pub use identity::Identity;
pub use identity_loader::{IdentityLoader, LoadedIdentities, Source};
pub use passphrase::Passphrase;
pub use pem_bundle::certificates_of;
pub use refusal::{Refusal, RefusalDetails};
pub use security_level::SecurityLevel;
pub use server_identity::{CertificateNames, ServerIdentityError, check_server_identity};
pub use server_verifier::ServerVerifier;
pub use trust::{Provenance, Trust, TrustedCertificate};
pub use verify::VerifierBuilder;
pub use verify_code::VerifyCode;
pub use watched::{
    FileContents, WatchOptions, Watchable, Watched, WatchedClientVerifier, WatchedServerVerifier,
};

/// Result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
