//! Several certificates in one context, chosen by what the peer can verify (`CTX-24`).

use std::sync::Arc;

use rustls::{
    CipherSuite, SignatureScheme, SupportedCipherSuite,
    client::ResolvesClientCert,
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tls_certs::{Identity, Watched};

/// One or several certificates with their keys, best first; see
/// [`SecureContext::server`](crate::SecureContext::server).
///
/// Made from an [`Identity`], a [`Watched`] one, a reference to either, or a list of the
/// former. Of a watched one
/// each handshake takes what is in use at its time, without a new context.
#[derive(Clone, Debug)]
pub struct IdentitySource(pub(crate) Vec<Watched<Identity>>);

impl From<Identity> for IdentitySource {
    fn from(identity: Identity) -> Self {
        Self(vec![Watched::new(identity)])
    }
}

impl From<&Identity> for IdentitySource {
    fn from(identity: &Identity) -> Self {
        Self::from(identity.clone())
    }
}

impl From<Vec<Identity>> for IdentitySource {
    fn from(identities: Vec<Identity>) -> Self {
        Self(identities.into_iter().map(Watched::new).collect())
    }
}

impl From<Watched<Identity>> for IdentitySource {
    fn from(identity: Watched<Identity>) -> Self {
        Self(vec![identity])
    }
}

impl From<&Watched<Identity>> for IdentitySource {
    fn from(identity: &Watched<Identity>) -> Self {
        Self(vec![identity.clone()])
    }
}

impl<const N: usize> From<[Identity; N]> for IdentitySource {
    fn from(identities: [Identity; N]) -> Self {
        Self(identities.into_iter().map(Watched::new).collect())
    }
}

/// A server's identities. The first one that the client can verify serves.
///
/// In TLS 1.3 the client's signature schemes decide; in TLS 1.2 its cipher suites do too, since
/// they name the kind of key (RFC 5246, Section 7.4.2). A hello may allow both versions.
#[derive(Debug)]
pub(crate) struct ServerIdentities {
    identities: Vec<Watched<Identity>>,
    provider: Arc<CryptoProvider>,
}

impl ServerIdentities {
    pub(crate) fn new(identities: Vec<Watched<Identity>>, provider: Arc<CryptoProvider>) -> Self {
        Self {
            identities,
            provider,
        }
    }

    /// The identity for a client with these schemes and suites; `None` if it can verify none.
    ///
    /// Which version will be negotiated is not known here, and a client that has TLS 1.2 only may
    /// well list suites of TLS 1.3 (rustls does). So one that fits both versions goes first.
    pub(crate) fn choose(
        &self,
        schemes: &[SignatureScheme],
        client_suites: &[CipherSuite],
    ) -> Option<Identity> {
        let client = Client::new(&self.provider, schemes, client_suites);
        let identities: Vec<Identity> = self.identities.iter().map(Watched::get).collect();
        let first =
            |fits: &dyn Fn(&Identity) -> bool| identities.iter().find(|id| fits(id)).cloned();
        first(&|identity| {
            client.can_verify_in_tls13(identity) && client.can_verify_in_tls12(identity)
        })
        .or_else(|| first(&|identity| client.can_verify_in_tls13(identity)))
        .or_else(|| first(&|identity| client.can_verify_in_tls12(identity)))
    }
}

/// What a client can verify, as far as its hello and our suites tell.
struct Client<'a> {
    schemes: &'a [SignatureScheme],
    schemes_in_tls13: Vec<SignatureScheme>,
    /// Those of ours that the client has too.
    suites: Vec<SupportedCipherSuite>,
}

impl<'a> Client<'a> {
    fn new(
        provider: &CryptoProvider,
        schemes: &'a [SignatureScheme],
        suites: &[CipherSuite],
    ) -> Self {
        let in_common = |suite: &SupportedCipherSuite| suites.contains(&suite.suite());
        Self {
            schemes,
            schemes_in_tls13: schemes
                .iter()
                .copied()
                .filter(|s| is_for_tls13(*s))
                .collect(),
            suites: provider
                .cipher_suites
                .iter()
                .copied()
                .filter(in_common)
                .collect(),
        }
    }

    fn can_verify_in_tls13(&self, identity: &Identity) -> bool {
        self.suites.iter().any(|suite| suite.tls13().is_some())
            && can_sign(identity, &self.schemes_in_tls13)
    }

    fn can_verify_in_tls12(&self, identity: &Identity) -> bool {
        let algorithm = identity.certified_key().key.algorithm();
        let fits = |suite: &SupportedCipherSuite| {
            suite.tls13().is_none() && suite.usable_for_signature_algorithm(algorithm)
        };
        self.suites.iter().any(fits) && can_sign(identity, self.schemes)
    }
}

impl ResolvesServerCert for ServerIdentities {
    /// Falls back to the first identity: rustls then finds that nothing fits and answers
    /// `handshake_failure`, as it should, where no answer at all makes it say `access_denied`.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let identity = match self.identities.as_slice() {
            [only] => Some(only.get()),
            several => self
                .choose(hello.signature_schemes(), hello.cipher_suites())
                .or_else(|| several.first().map(Watched::get)),
        };
        identity.map(|identity| Arc::clone(identity.certified_key()))
    }
}

/// A client's identities, shown to a server that asks. The first with a scheme of the server's
/// serves, one from an authority that the server names before one that is not.
#[derive(Debug)]
pub(crate) struct ClientIdentities(Vec<Watched<Identity>>);

impl ClientIdentities {
    pub(crate) fn new(identities: Vec<Watched<Identity>>) -> Self {
        Self(identities)
    }
}

impl ResolvesClientCert for ClientIdentities {
    fn resolve(
        &self,
        authorities: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let can_sign = |identity: &&Identity| can_sign(identity, schemes);
        let from_named = |identity: &&Identity| is_issued_by_any(identity, authorities);
        let identities: Vec<Identity> = self.0.iter().map(Watched::get).collect();
        let mut usable = identities.iter().filter(can_sign);
        usable
            .clone()
            .find(from_named)
            .or_else(|| usable.next())
            .map(|identity| Arc::clone(identity.certified_key()))
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}

fn can_sign(identity: &Identity, schemes: &[SignatureScheme]) -> bool {
    identity
        .certified_key()
        .key
        .choose_scheme(schemes)
        .is_some()
}

/// RFC 8446, Section 4.2.3: no PKCS#1 and no SHA-1 in the handshake of TLS 1.3.
fn is_for_tls13(scheme: SignatureScheme) -> bool {
    !matches!(
        scheme,
        SignatureScheme::RSA_PKCS1_SHA1
            | SignatureScheme::ECDSA_SHA1_Legacy
            | SignatureScheme::RSA_PKCS1_SHA256
            | SignatureScheme::RSA_PKCS1_SHA384
            | SignatureScheme::RSA_PKCS1_SHA512
    )
}

/// Whether the chain holds one of these encoded names, as an issuer or subject. Looking for the
/// bytes is enough: it decides only which of our own certificates is tried first.
fn is_issued_by_any(identity: &Identity, authorities: &[&[u8]]) -> bool {
    authorities
        .iter()
        .filter(|name| !name.is_empty())
        .any(|name| {
            identity
                .chain()
                .iter()
                .any(|certificate| certificate.windows(name.len()).any(|bytes| bytes == *name))
        })
}
