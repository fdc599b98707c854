//! What a verifier is made of, and the builder for the two kinds.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use sha2::{Digest, Sha256};

use crate::verify::RefusalHook;
use crate::{CrlPolicy, Crls, Refusal, Result, Trust};

/// What is decided by, apart from the trust.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) crls: Option<Crls>,
    pub(crate) crl_policy: CrlPolicy,
    pub(crate) partial_chain: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            crls: None,
            crl_policy: CrlPolicy::default(),
            partial_chain: true,
        }
    }
}

impl Options {
    /// Two verifiers of one trust and one fingerprint decide alike, up to the content of
    /// revocation lists.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"verify options 1");
        hash.update([u8::from(self.partial_chain)]);
        if self.crls.is_some() {
            hash.update(self.crl_policy.fingerprint());
        }
        hash.finalize().into()
    }
}

/// Builds a [`ServerVerifier`](crate::ServerVerifier) or a
/// [`ClientVerifier`](crate::ClientVerifier) with more than the usual settings.
#[derive(Debug)]
pub struct VerifierBuilder<V> {
    pub(crate) trust: Trust,
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) options: Options,
    pub(crate) mandatory: bool,
    pub(crate) hook: RefusalHook,
    pub(crate) make: fn(Self) -> Result<V>,
}

impl<V> VerifierBuilder<V> {
    pub(crate) fn new(
        trust: Trust,
        provider: Arc<CryptoProvider>,
        make: fn(Self) -> Result<V>,
    ) -> Self {
        Self {
            trust,
            provider,
            options: Options::default(),
            mandatory: true,
            hook: RefusalHook::default(),
            make,
        }
    }

    /// Refuses what these lists revoke, and what no list covers (Spec CTX-08, XEC-10, XEC-11).
    /// Without lists, as with `None`, nobody asks for any.
    #[doc(alias = "crl")]
    #[must_use]
    pub fn crls(mut self, crls: impl Into<Option<Crls>>) -> Self {
        self.options.crls = crls.into();
        self
    }

    /// What the lists are asked; the default is the whole chain and no stale list.
    #[must_use]
    pub fn crl_policy(mut self, policy: CrlPolicy) -> Self {
        self.options.crl_policy = policy;
        self
    }

    /// Whether a trusted certificate ends a chain wherever it stands.
    ///
    /// The default is `true`, as webpki has it: a listed intermediate CA is an anchor, and a
    /// listed leaf is accepted. With `false`, as in Node and OpenSSL, a chain must go up to a
    /// trusted root that names itself as issuer; trusted intermediates only help to find the
    /// way (Spec XEC-05, XEC-06, T-VER-22, T-VER-23).
    #[doc(alias = "allowPartialTrustChain")]
    #[must_use]
    pub fn partial_chain(mut self, partial_chain: bool) -> Self {
        self.options.partial_chain = partial_chain;
        self
    }

    /// Calls `hook` with each refusal that happens inside a handshake; it must not block.
    #[must_use]
    pub fn on_refusal(mut self, hook: impl Fn(&Refusal) + Send + Sync + 'static) -> Self {
        self.hook = RefusalHook::new(hook);
        self
    }

    /// Makes the verifier.
    ///
    /// # Errors
    ///
    /// As the `new` of the verifier.
    pub fn build(self) -> Result<V> {
        (self.make)(self)
    }
}

impl VerifierBuilder<crate::ClientVerifier> {
    /// Whether every client must present a certificate; `true` unless said otherwise.
    #[must_use]
    pub fn mandatory(mut self, mandatory: bool) -> Self {
        self.mandatory = mandatory;
        self
    }
}
