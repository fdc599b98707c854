//! The client's shared rustls parts, each of which answers from the slot of its connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, NamedGroup, SignatureScheme};
use tls_certs::{Refusal, WatchedServerVerifier};
use tls_ocsp::ResponseVerifier;

use super::secrets::HandshakeSecrets;
use super::slot;
use crate::staples::{CheckedStaple, StapleCheck};

/// How many unused TLS 1.3 tickets a connection keeps; a server decides how many it sends.
const TICKETS_KEPT: usize = 8;

/// A resumable value of rustls.
#[derive(Debug)]
pub(crate) enum SessionValue {
    Tls12(Tls12ClientSessionValue),
    Tls13(Tls13ClientSessionValue),
}

/// Sessions that a server gave, waiting to be taken by the application.
#[derive(Debug, Default)]
pub(crate) struct SessionInbox(Mutex<VecDeque<SessionValue>>);

impl SessionInbox {
    pub(crate) fn push(&self, value: SessionValue) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == TICKETS_KEPT {
            waiting.pop_front();
        }
        waiting.push_back(value);
    }

    /// The newest, since its ticket lives longest.
    pub(crate) fn take(&self) -> Option<SessionValue> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_back()
    }
}

/// What one client connection lays ready for rustls, and what it gets back.
#[derive(Debug, Default)]
pub(crate) struct ClientSlot {
    pub(crate) secrets: HandshakeSecrets,
    pub(crate) now: Option<UnixTime>,
    pub(crate) accept_any: bool,
    pub(crate) offered: Option<SessionValue>,
    pub(crate) inbox: Arc<SessionInbox>,
    /// The chain the server sent in this handshake (none when it resumed).
    pub(crate) server_chain: Vec<CertificateDer<'static>>,
    pub(crate) refusal: Option<Refusal>,
    /// What is to be made of a staple, and what came of it.
    pub(crate) staple_check: StapleCheck,
    pub(crate) checked_staple: CheckedStaple,
    /// Fetches the revocation lists that servers' certificates name.
    #[cfg(feature = "ocsp")]
    pub(crate) crl_keeper: Option<tls_ocsp::CrlKeeper>,
    /// The server asked for a certificate.
    pub(crate) certificate_requested: bool,
}

/// Sessions by connection, never by name: a name alone would resume under another's proof.
#[derive(Debug)]
pub(crate) struct SlotClientSessions;

impl ClientSessionStore for SlotClientSessions {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        slot::client(|slot| slot.inbox.push(SessionValue::Tls12(value)));
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        slot::client(|slot| match &slot.offered {
            Some(SessionValue::Tls12(value)) => Some(value.clone()),
            _ => None,
        })
        .flatten()
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        slot::client(|slot| slot.offered = None);
    }

    fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
        slot::client(|slot| slot.inbox.push(SessionValue::Tls13(value)));
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        slot::client(|slot| match slot.offered.take() {
            Some(SessionValue::Tls13(value)) => Some(value),
            other => {
                slot.offered = other;
                None
            }
        })
        .flatten()
    }
}

/// The context's verifier; what it finds goes into the slot.
#[derive(Debug)]
pub(crate) struct SlotServerVerifier {
    pub(crate) inner: Arc<WatchedServerVerifier>,
    pub(crate) staples: ResponseVerifier,
}

impl ServerCertVerifier for SlotServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain: Vec<CertificateDer<'static>> = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        let outcome = self.inner.verify(&chain, server_name, now);
        let accepted = slot::client(|slot| {
            #[cfg(feature = "ocsp")]
            if let Some(keeper) = &slot.crl_keeper {
                crate::staples::watch_lists(keeper, &chain, &outcome, self.inner.trust());
            }
            slot.server_chain = chain;
            match outcome {
                Ok(()) => {}
                Err(refusal) => {
                    let error = refusal.rustls_error();
                    slot.refusal = Some(refusal);
                    if !slot.accept_any {
                        return Err(error);
                    }
                }
            }
            let trust = self.inner.trust().get();
            let (checked, outcome) = slot.staple_check.check(
                &self.staples,
                &trust,
                &slot.server_chain,
                ocsp_response,
                now,
            );
            slot.checked_staple = checked;
            outcome
        })
        .unwrap_or_else(|| Err(rustls::Error::General("no connection in place".into())));
        accepted.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The context's client identity, noting that the server asked.
#[derive(Debug)]
pub(crate) struct SlotClientIdentity {
    pub(crate) inner: Arc<dyn rustls::client::ResolvesClientCert>,
}

impl rustls::client::ResolvesClientCert for SlotClientIdentity {
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        slot::client(|slot| slot.certificate_requested = true);
        self.inner.resolve(root_hint_subjects, schemes)
    }

    fn has_certs(&self) -> bool {
        self.inner.has_certs()
    }
}
