//! Configs for the other end: plain rustls with the certificates of [`Pki`].

use std::sync::Arc;

use rustls::{
    ClientConfig, ServerConfig, SupportedProtocolVersion, crypto::CryptoProvider,
    server::WebPkiClientVerifier,
};

use crate::{Leaf, Pki};

/// Both versions, in the order in which tests run them.
pub static VERSIONS: [&SupportedProtocolVersion; 2] =
    [&rustls::version::TLS12, &rustls::version::TLS13];

/// The provider of this workspace: aws-lc-rs, passed explicitly.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A server with `leaf`, for one version, that asks for no client certificate.
#[must_use]
pub fn server(version: &'static SupportedProtocolVersion, leaf: &Leaf) -> ServerConfig {
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(leaf.chain().to_vec(), leaf.key())
        .unwrap()
}

/// The same, demanding a client certificate below the test root.
#[must_use]
pub fn server_demanding_client(
    version: &'static SupportedProtocolVersion,
    leaf: &Leaf,
) -> ServerConfig {
    let roots = Arc::new(Pki::shared().roots());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .build()
        .unwrap();
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(leaf.chain().to_vec(), leaf.key())
        .unwrap()
}

/// A client for one version that trusts the test root and has no certificate.
#[must_use]
pub fn client(version: &'static SupportedProtocolVersion) -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(Pki::shared().roots())
        .with_no_client_auth()
}

/// The same, with a client certificate.
#[must_use]
pub fn client_with(version: &'static SupportedProtocolVersion, leaf: &Leaf) -> ClientConfig {
    ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(Pki::shared().roots())
        .with_client_auth_cert(leaf.chain().to_vec(), leaf.key())
        .unwrap()
}
