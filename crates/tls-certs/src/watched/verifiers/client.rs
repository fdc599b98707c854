//! A server's verification of its clients under a trust that changes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use pki_types::{CertificateDer, UnixTime};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};

use super::Current;
use crate::watched::Watched;
use crate::{ClientVerifier, Crls, Refusal, Result, Trust};

/// How many different lists of authorities one verifier keeps. Beyond that none is sent, which
/// tells clients that any certificate may do (RFC 8446, Section 4.2.4).
const MAX_HINT_LISTS: usize = 64;

/// A [`ClientVerifier`] whose trust (and revocation lists) are [`Watched`]: rustls keeps one and the
/// same verifier, and each handshake is verified under the trust of its time. The list of authorities that clients
/// are sent follows the trust, too.
///
/// rustls verifies nothing when it resumes a session. With plain rustls make no sessions
/// (`NoServerSessionStorage`, no ticketer), or a client that an earlier trust verified goes on
/// being accepted.
pub struct WatchedClientVerifier {
    current: Current<ClientVerifier>,
    hints: HintLists,
}

impl WatchedClientVerifier {
    /// Makes a verifier as [`ClientVerifier::new`] does, and again when the trust changes.
    ///
    /// # Errors
    ///
    /// As [`ClientVerifier::new`].
    pub fn new(
        trust: Watched<Trust>,
        mandatory: bool,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self> {
        Self::with(trust, move |trust| {
            ClientVerifier::new(trust, mandatory, Arc::clone(&provider))
        })
    }

    /// As [`WatchedClientVerifier::new`], each verifier made by `make`: for those with options.
    /// Should `make` refuse a later trust, the verifier before stays in use, and it is reported.
    ///
    /// # Errors
    ///
    /// `make` refuses the first trust.
    pub fn with(
        trust: Watched<Trust>,
        make: impl Fn(Trust) -> Result<ClientVerifier> + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::with_crls(trust, None, move |trust, _| make(trust))
    }

    /// As [`WatchedClientVerifier::with`], with revocation lists that are watched too: each
    /// handshake is judged by the lists of its time. Hand what `make` is given on to
    /// [`VerifierBuilder::crls`](crate::VerifierBuilder::crls).
    ///
    /// # Errors
    ///
    /// `make` refuses the first trust and lists.
    pub fn with_crls(
        trust: Watched<Trust>,
        crls: Option<Watched<Crls>>,
        make: impl Fn(Trust, Option<Crls>) -> Result<ClientVerifier> + Send + Sync + 'static,
    ) -> Result<Self> {
        Ok(Self {
            current: Current::new(trust, crls, make)?,
            hints: HintLists::default(),
        })
    }

    /// The verifier of the trust in use.
    #[must_use]
    pub fn current(&self) -> Arc<ClientVerifier> {
        self.current.get()
    }

    /// The trust.
    #[must_use]
    pub fn trust(&self) -> &Watched<Trust> {
        &self.current.trust
    }

    /// The revocation lists, if it was made with some.
    #[must_use]
    pub fn crls(&self) -> Option<&Watched<Crls>> {
        self.current.crls.as_ref()
    }

    /// As [`ClientVerifier::verify`], under the trust and the lists in use.
    ///
    /// # Errors
    ///
    /// The [`Refusal`].
    pub fn verify(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Refusal> {
        self.current().verify(chain, now)
    }
}

/// Lists of authorities, added and never taken away: rustls borrows one from the verifier, for as
/// long as that lives, while the trust may change under it.
#[derive(Default)]
struct HintLists(OnceLock<Box<HintList>>);

struct HintList {
    hints: Box<[DistinguishedName]>,
    next: HintLists,
}

impl HintLists {
    /// The list equal to `hints`, added if there is none.
    fn get(&self, hints: &[DistinguishedName]) -> &[DistinguishedName] {
        let mut lists = self;
        for _ in 0..MAX_HINT_LISTS {
            let list = lists.0.get_or_init(|| {
                Box::new(HintList {
                    hints: hints.into(),
                    next: Self::default(),
                })
            });
            if are_equal(&list.hints, hints) {
                return &list.hints;
            }
            lists = &list.next;
        }
        &[]
    }
}

fn are_equal(one: &[DistinguishedName], other: &[DistinguishedName]) -> bool {
    one.iter()
        .map(AsRef::as_ref)
        .eq(other.iter().map(AsRef::<[u8]>::as_ref))
}

impl fmt::Debug for WatchedClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WatchedClientVerifier")
            .field(&self.current.trust)
            .finish()
    }
}

impl ClientCertVerifier for WatchedClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.hints.get(self.current().root_hint_subjects())
    }

    fn offer_client_auth(&self) -> bool {
        self.current().offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.current().client_auth_mandatory()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.current()
            .verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.current().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.current().supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(name: &str) -> Vec<DistinguishedName> {
        vec![DistinguishedName::from(name.as_bytes().to_vec())]
    }

    #[test]
    fn equal_lists_are_kept_once_and_their_number_is_bounded() {
        let lists = HintLists::default();
        let first = lists.get(&hints("0"));
        for number in 0..MAX_HINT_LISTS {
            let name = number.to_string();
            assert!(are_equal(lists.get(&hints(&name)), &hints(&name)));
        }
        assert!(std::ptr::eq(first, lists.get(&hints("0"))));
        assert!(lists.get(&hints("one too many")).is_empty());
        assert!(are_equal(first, &hints("0")));
    }
}
