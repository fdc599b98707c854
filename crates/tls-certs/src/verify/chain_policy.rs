//! The question to webpki: which anchors, which lists, which purpose.

use std::borrow::Cow;
use std::sync::Arc;

use der::Decode;
use pki_types::{CertificateDer, UnixTime};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::{CertificateError, RootCertStore};
use webpki::{
    EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth, RevocationOptions,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_cert::Certificate;

use super::options::Options;
use super::rustls_error::rustls_error;
use super::{decide, size_limits};
use crate::refusal::Refused;
use crate::trust::TrustSettings;
use crate::usage::Usage;
use crate::{CrlDepth, Crls, Refusal, Trust, TrustedCertificate};

/// Everything that a verdict depends on, except chain, name and time.
#[derive(Clone, Debug)]
pub(crate) struct ChainPolicy {
    /// What counts for the usage at hand.
    pub(crate) trust: Trust,
    /// What trust settings keep from counting.
    pub(crate) limited: Trust,
    pub(crate) options: Options,
    pub(crate) algorithms: WebPkiSupportedAlgorithms,
    anchors: Arc<RootCertStore>,
    /// Trusted CAs that are no anchors without partial chains: they help to find the way.
    helpers: Arc<[CertificateDer<'static>]>,
}

impl ChainPolicy {
    /// `counts` says whether certificates with such settings count for the usage at hand.
    pub(crate) fn new(
        trust: &Trust,
        counts: impl Fn(TrustSettings) -> bool,
        options: Options,
        provider: &CryptoProvider,
    ) -> Self {
        let (trust, limited) = trust.split(counts);
        let (anchors, helpers) = match options.partial_chain {
            true => (Arc::clone(trust.anchors()), Arc::from([])),
            false => trust.roots().clone(),
        };
        Self {
            trust,
            limited,
            options,
            algorithms: provider.signature_verification_algorithms,
            anchors,
            helpers,
        }
    }

    pub(crate) fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        usage: &Usage<'_>,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let [leaf, intermediates @ ..] = chain else {
            return Err(Refusal::no_certificate());
        };
        let answer = size_limits::check(chain)
            .and_then(|()| self.ask(chain, leaf, intermediates, usage, now));
        let refused = Refused {
            chain,
            policy: self,
            usage,
            now,
        };
        decide(answer, &refused)
    }

    fn ask(
        &self,
        chain: &[CertificateDer<'_>],
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: &Usage<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let leaf = EndEntityCert::try_from(leaf).map_err(rustls_error)?;
        let crls = self
            .options
            .crls
            .as_ref()
            .map(|crls| crls.usable(chain, now));
        let revocation = crls.as_ref().and_then(|crls| self.revocation(crls));
        leaf.verify_for_usage(
            self.algorithms.all,
            &self.anchors.roots,
            &self.with_helpers(intermediates),
            now,
            usage.key_usage(),
            revocation,
            None,
        )
        .map_err(rustls_error)?;
        let demanded = crls.is_some() && !self.options.crl_policy.accept_missing;
        if demanded && revocation.is_none() {
            // Lists were demanded, and not one can be used.
            return Err(CertificateError::UnknownRevocationStatus.into());
        }
        match usage {
            Usage::Server(name) => leaf
                .verify_is_valid_for_subject_name(name)
                .map_err(rustls_error),
            Usage::AnyServer | Usage::Client => Ok(()),
        }
    }

    fn revocation<'a>(
        &self,
        crls: &'a [&'a webpki::CertRevocationList<'a>],
    ) -> Option<RevocationOptions<'a>> {
        let policy = self.options.crl_policy;
        let builder = RevocationOptionsBuilder::new(crls).ok()?;
        let depth = match policy.depth {
            CrlDepth::WholeChain => RevocationCheckDepth::Chain,
            CrlDepth::Leaf => RevocationCheckDepth::EndEntity,
        };
        let expiration = match policy.accept_stale {
            true => ExpirationPolicy::Ignore,
            false => ExpirationPolicy::Enforce,
        };
        let unknown = match policy.accept_missing {
            true => UnknownStatusPolicy::Allow,
            false => UnknownStatusPolicy::Deny,
        };
        Some(
            builder
                .with_depth(depth)
                .with_status_policy(unknown)
                .with_expiration_policy(expiration)
                .build(),
        )
    }

    fn with_helpers<'a>(
        &'a self,
        intermediates: &'a [CertificateDer<'a>],
    ) -> Cow<'a, [CertificateDer<'a>]> {
        if self.helpers.is_empty() {
            return Cow::Borrowed(intermediates);
        }
        let both = intermediates.iter().chain(self.helpers.iter());
        Cow::Owned(both.map(|der| CertificateDer::from_slice(der)).collect())
    }

    /// Whether the certificate ends a chain.
    pub(crate) fn is_anchor(&self, certificate: &TrustedCertificate) -> bool {
        certificate.is_anchor() && (self.options.partial_chain || is_root(certificate.der()))
    }

    /// The lists, if any were given.
    pub(crate) fn crls(&self) -> Option<&Crls> {
        self.options.crls.as_ref()
    }
}

/// Whether the certificate names itself as issuer.
pub(crate) fn is_root(der: &CertificateDer<'_>) -> bool {
    Certificate::from_der(der).is_ok_and(|certificate| {
        let tbs = certificate.tbs_certificate();
        tbs.subject() == tbs.issuer()
    })
}

impl Usage<'_> {
    fn key_usage(&self) -> KeyUsage {
        match self {
            Self::Server(_) | Self::AnyServer => KeyUsage::server_auth(),
            Self::Client => KeyUsage::client_auth(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand verifiers of one trust hold its anchors once.
    #[test]
    fn policies_of_one_trust_share_its_anchors() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        for partial_chain in [true, false] {
            let policy = || {
                let options = Options {
                    partial_chain,
                    ..Options::default()
                };
                ChainPolicy::new(
                    &Trust::mozilla(),
                    |settings| settings.servers,
                    options,
                    &provider,
                )
            };
            let (one, other) = (policy(), policy());
            assert!(Arc::ptr_eq(&one.anchors, &other.anchors));
            assert!(
                Arc::ptr_eq(&one.anchors, Trust::mozilla().anchors()),
                "all are roots"
            );
            assert_eq!(one.helpers.len(), 0);
        }
    }
}
