//! OCSP staples: what a server sends (`OCS-02`), and what a client makes of it (`OCS-05`).

use std::sync::Arc;

use pki_types::{CertificateDer, UnixTime};
use rustls::CertificateError;
use rustls::sign::CertifiedKey;
use tls_certs::{CertificateSummary, Trust, TrustedCertificate};
use tls_context::SecureContext;
use tls_ocsp::{ResponseVerifier, StaplePolicy, StapleVerdict, Target, demands_staple};
use tls_wire::ClientHello;

use crate::error::HandshakeErrorKind;
use crate::hooks::BoxError;

/// What the hook of [`AcceptorBuilder::ocsp_response`](crate::AcceptorBuilder::ocsp_response) is
/// asked about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StapleQuestion {
    /// The client's hello.
    pub hello: ClientHello,
    /// The certificate that this connection serves, in DER.
    pub certificate: CertificateDer<'static>,
    /// The one that signed it; `None` if it is self-signed, or its issuer is neither in the chain nor
    /// among the CAs of client certificates.
    pub issuer: Option<CertificateDer<'static>>,
}

impl StapleQuestion {
    pub(crate) fn new(
        hello: &ClientHello,
        key: &CertifiedKey,
        context: &SecureContext,
    ) -> Option<Self> {
        let certificate = key.cert.first()?;
        Some(Self {
            hello: hello.clone(),
            certificate: certificate.clone(),
            issuer: issuer(&key.cert, context),
        })
    }
}

/// Who signed the first certificate of `chain`, if it did not sign itself.
fn issuer(
    chain: &[CertificateDer<'static>],
    context: &SecureContext,
) -> Option<CertificateDer<'static>> {
    let (leaf, rest) = chain.split_first()?;
    let names = CertificateSummary::from_der(leaf).ok()?;
    if names.subject == names.issuer {
        return None;
    }
    // In its place in nearly all chains.
    if let Some(next) = rest.first()
        && CertificateSummary::from_der(next).is_ok_and(|next| next.subject == names.issuer)
    {
        return Some(next.clone());
    }
    let trust = context.client_auth().trust();
    let target = Target::from_chain(chain, certificates(trust.as_ref()), context.provider());
    Some(target.ok()?.issuer().clone())
}

/// Those among which an issuer is looked for that a chain leaves out.
fn certificates<'a>(trust: Option<&'a Trust>) -> impl Iterator<Item = &'a CertificateDer<'a>> {
    let trusted = trust.into_iter().flat_map(Trust::certificates);
    trusted.map(|certificate| certificate.der() as &CertificateDer<'_>)
}

/// Looks at the staple of a server before the connection is there; `None` is none.
pub(crate) type CheckStaple = Arc<dyn Fn(Option<&[u8]>) -> Result<(), BoxError> + Send + Sync>;

/// What a client makes of a server's staple.
#[derive(Clone, Default)]
pub(crate) struct StapleCheck {
    pub(crate) policy: StaplePolicy,
    pub(crate) hook: Option<CheckStaple>,
    /// Whether the connection keeps the response.
    pub(crate) keep: bool,
}

impl std::fmt::Debug for StapleCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StapleCheck")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// What came of the check.
#[derive(Debug, Default)]
pub(crate) struct CheckedStaple {
    pub(crate) response: Option<Box<[u8]>>,
    pub(crate) verdict: Option<Box<StapleVerdict>>,
    pub(crate) refusal: Option<HandshakeErrorKind>,
}

impl StapleCheck {
    /// Who accepts any certificate has no use for its status.
    pub(crate) fn for_context(&self, context: &SecureContext) -> Self {
        let mut check = self.clone();
        if context.accepts_any_certificate() {
            check.policy = StaplePolicy::Ignore;
        }
        check
    }

    /// Checks the staple that came with a chain which verified. The error makes rustls send the
    /// alert that fits; the report is beside it.
    pub(crate) fn check(
        &self,
        verifier: &ResponseVerifier,
        trust: &Trust,
        chain: &[CertificateDer<'static>],
        staple: &[u8],
        now: UnixTime,
    ) -> (CheckedStaple, Result<(), rustls::Error>) {
        let mut checked = CheckedStaple {
            response: (self.keep && !staple.is_empty()).then(|| Box::from(staple)),
            ..CheckedStaple::default()
        };
        let given = Some(staple).filter(|staple| !staple.is_empty());
        if let Some(hook) = &self.hook
            && let Err(error) = hook(given)
        {
            checked.refusal = Some(HandshakeErrorKind::HookFailed("check_ocsp_response", error));
            let refused = CertificateError::ApplicationVerificationFailure;
            return (checked, Err(refused.into()));
        }
        if self.policy == StaplePolicy::Ignore {
            return (checked, Ok(()));
        }
        let demanded = chain.first().is_some_and(demands_staple);
        let anchors = trust.certificates();
        let anchors: Vec<&CertificateDer<'_>> = if given.is_some() {
            anchors.iter().map(TrustedCertificate::der).collect()
        } else {
            Vec::new()
        };
        let verdict = verifier.verdict(chain, anchors, staple, now);
        let outcome = if self.policy.accepts(&verdict, demanded) {
            Ok(())
        } else {
            let verdict = Box::new(verdict.clone());
            let error = match *verdict {
                StapleVerdict::Revoked(_) => CertificateError::Revoked,
                _ => CertificateError::InvalidOcspResponse,
            };
            checked.refusal = Some(HandshakeErrorKind::StapleRefused(verdict));
            Err(error.into())
        };
        checked.verdict = Some(Box::new(verdict));
        (checked, outcome)
    }
}

/// Lets the lists be fetched that a chain names: one that verified, or lacked nothing but lists.
#[cfg(feature = "ocsp")]
pub(crate) fn watch_lists(
    keeper: &tls_ocsp::CrlKeeper,
    chain: &[CertificateDer<'static>],
    outcome: &Result<(), tls_certs::Refusal>,
    trust: &tls_certs::Watched<Trust>,
) {
    use tls_certs::VerifyCode::{CrlHasExpired, CrlNotYetValid, UnableToGetCrl};
    let good = match outcome {
        Ok(()) => true,
        Err(refusal) => matches!(
            refusal.code,
            UnableToGetCrl | CrlHasExpired | CrlNotYetValid
        ),
    };
    if good {
        keeper.watch_chain(chain, &trust.get());
    }
}

/// Lets `stapler` keep staples for all certificates of `context`, before the first client asks; also
/// for those that replace them. An issuer that their chains leave out may be a CA of client
/// certificates.
#[cfg(feature = "ocsp")]
pub(crate) fn watch_identities(shared: &Arc<crate::acceptor::Shared>, context: &SecureContext) {
    let Some(stapler) = &shared.stapler else {
        return;
    };
    for identity in context.watched_identities() {
        watch_identity(stapler, identity.get().chain(), context.client_auth());
        let client_auth = context.client_auth().clone();
        let shared = Arc::downgrade(shared);
        identity.on_change(move |identity, _| {
            if let Some(stapler) = shared.upgrade().and_then(|shared| shared.stapler.clone()) {
                watch_identity(&stapler, identity.chain(), &client_auth);
            }
        });
    }
}

#[cfg(feature = "ocsp")]
fn watch_identity(
    stapler: &tls_ocsp::Stapler,
    chain: &[CertificateDer<'_>],
    client_auth: &tls_context::ClientAuth,
) {
    let trust = client_auth.trust();
    let others = certificates(trust.as_ref());
    let all: Vec<_> = chain.iter().chain(others).cloned().collect();
    stapler.watch(&all);
}
