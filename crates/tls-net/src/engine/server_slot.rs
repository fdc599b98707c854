//! The server's shared rustls parts, each of which answers from the slot of its connection.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ProducesTickets, ResolvesServerCert, StoresServerSessions};
use rustls::sign::CertifiedKey;
use tls_certs::{Refusal, WatchedClientVerifier};
use tls_session_store::Verdict;
use zeroize::Zeroizing;

use super::secrets::HandshakeSecrets;
use super::slot;
use crate::session::{Authenticated, SessionIssuer};

/// The session that the pipeline opened for this connection before rustls saw the hello.
pub(crate) struct OfferedSession {
    /// The ticket, the PSK identity or the session id as the client sent it.
    pub(crate) name: Vec<u8>,
    /// rustls's own bytes, handed out once.
    pub(crate) state: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for OfferedSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfferedSession").finish_non_exhaustive()
    }
}

/// A stateful session that rustls made and the store has not seen yet.
pub(crate) struct NewStoredSession {
    pub(crate) id: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl std::fmt::Debug for NewStoredSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewStoredSession").finish_non_exhaustive()
    }
}

/// What one server connection lays ready for rustls, and what it gets back.
#[derive(Debug)]
pub(crate) struct ServerSlot {
    pub(crate) secrets: HandshakeSecrets,
    pub(crate) now: UnixTime,
    /// Our own reading of the hello: rustls's must be equal.
    pub(crate) hello: tls_wire::ClientHello,
    /// How many hellos rustls has asked a certificate for: the second follows a HelloRetryRequest.
    pub(crate) hellos: u8,
    /// Set when the two parsers read different things.
    pub(crate) parsers_disagree: Option<&'static str>,
    /// Set when no identity suits the client.
    pub(crate) no_identity: bool,
    /// Set when the client can verify no signature of the identity chosen.
    pub(crate) no_scheme: bool,
    /// The key that the OCSP hook was asked about, with what it gave.
    pub(crate) stapled: Option<Arc<CertifiedKey>>,
    /// Has staples for all others.
    #[cfg(feature = "ocsp")]
    pub(crate) stapler: Option<tls_ocsp::Stapler>,
    /// Fetches the revocation lists that clients' certificates name.
    #[cfg(feature = "ocsp")]
    pub(crate) crl_keeper: Option<tls_ocsp::CrlKeeper>,
    /// Whether the context accepts what its verifier refuses.
    pub(crate) accept_any: bool,
    /// What this handshake has proved of the client so far.
    pub(crate) client: Authenticated,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) offered: Option<OfferedSession>,
    /// What the offered session proves of the client, should it be resumed.
    pub(crate) inherited: Option<Authenticated>,
    /// Makes the sessions of this connection; `None` makes none.
    pub(crate) issuer: Option<SessionIssuer>,
    /// Whether sessions go out as tickets where there are keys (else they are stored).
    pub(crate) tickets: bool,
    /// What waits for the store.
    pub(crate) new_stored: Vec<NewStoredSession>,
}

impl ServerSlot {
    /// The client as sessions made now record it.
    pub(crate) fn proven_client(&self) -> &Authenticated {
        self.inherited.as_ref().unwrap_or(&self.client)
    }

    /// rustls did not take up the offered session: this handshake proves who the client is.
    pub(crate) fn forget_offer(&mut self) {
        self.inherited = None;
    }

    /// Whether a session made now goes out as a ticket. A long client chain would make it larger
    /// than hellos should be; it is stored instead where there is a store.
    fn issues_tickets(&self) -> bool {
        let chain = &self.proven_client().chain;
        let length: usize = chain.iter().map(|certificate| certificate.len()).sum();
        let stored = length > LARGEST_CHAIN_IN_TICKET
            && self.issuer.as_ref().is_some_and(SessionIssuer::can_store);
        let can_seal = self.issuer.as_ref().is_some_and(SessionIssuer::can_seal);
        self.tickets && can_seal && !stored
    }

    fn take_offered(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        let offered = self
            .offered
            .as_mut()
            .filter(|offered| offered.name == name)?;
        offered.state.take().map(|state| state.to_vec())
    }
}

/// Bytes of a client chain for which the largest ticket has room twice, beside all else.
const LARGEST_CHAIN_IN_TICKET: usize = 2700;

/// Tickets: opened beforehand by the pipeline, sealed here.
#[derive(Debug)]
pub(crate) struct SlotTicketer;

impl ProducesTickets for SlotTicketer {
    fn enabled(&self) -> bool {
        slot::server(|slot| slot.issues_tickets()).unwrap_or(false)
    }

    fn lifetime(&self) -> u32 {
        slot::server(|slot| slot.issuer.as_ref().map(SessionIssuer::lifetime_hint))
            .flatten()
            .unwrap_or(0)
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        slot::server(|slot| {
            slot.issuer
                .as_ref()?
                .seal_ticket(slot.proven_client(), plain)
        })
        .flatten()
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        slot::server(|slot| slot.take_offered(cipher)).flatten()
    }
}

/// Stateful sessions: fetched beforehand by the pipeline, collected here for it to store.
#[derive(Debug)]
pub(crate) struct SlotSessionStorage;

impl StoresServerSessions for SlotSessionStorage {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        slot::server(|slot| {
            let value = Zeroizing::new(value);
            // A TLS 1.2 client that takes tickets gets one; its id need not be stored as well.
            if slot.issues_tickets() {
                return false;
            }
            let sealed = slot
                .issuer
                .as_ref()
                .and_then(|issuer| issuer.seal_stored(slot.proven_client(), &key, &value));
            let Some(value) = sealed else { return false };
            slot.new_stored.push(NewStoredSession { id: key, value });
            true
        })
        .unwrap_or(false)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        slot::server(|slot| slot.take_offered(key)).flatten()
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        slot::server(|slot| slot.take_offered(key)).flatten()
    }

    fn can_cache(&self) -> bool {
        slot::server(|slot| slot.issuer.is_some() && !slot.issues_tickets()).unwrap_or(false)
    }
}

/// Compares rustls's reading of the hello with ours, then asks the context's resolver.
#[derive(Debug)]
pub(crate) struct SlotResolver {
    pub(crate) inner: Option<Arc<dyn ResolvesServerCert>>,
}

impl ResolvesServerCert for SlotResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let difference = slot::server(|slot| {
            slot.hellos = slot.hellos.saturating_add(1);
            slot.parsers_disagree = difference(&slot.hello, &hello);
            slot.parsers_disagree
        })
        .flatten();
        if difference.is_some() {
            return None;
        }
        let schemes = hello.signature_schemes().to_vec();
        // rustls has narrowed the schemes by now: should the key that the hook was asked about not
        // fit, another one serves, without a staple.
        let stapled = slot::server(|slot| slot.stapled.clone()).flatten();
        let stapled = stapled.filter(|key| key.key.choose_scheme(&schemes).is_some());
        let resolve = || self.inner.as_ref().and_then(|inner| inner.resolve(hello));
        let Some(key) = stapled.or_else(resolve) else {
            slot::server(|slot| slot.no_identity = true);
            return None;
        };
        // rustls would find that out in the middle of its flight. It shows the schemes that fit a
        // suite in common; where there is none it says so itself.
        if !schemes.is_empty() && key.key.choose_scheme(&schemes).is_none() {
            slot::server(|slot| slot.no_scheme = true);
            return None;
        }
        #[cfg(feature = "ocsp")]
        if let Some(stapler) = slot::server(|slot| slot.stapler.clone()).flatten() {
            return Some(stapler.stapled(key));
        }
        Some(key)
    }
}

/// The first thing in which the two readings of one hello differ.
fn difference(ours: &tls_wire::ClientHello, theirs: &ClientHello<'_>) -> Option<&'static str> {
    if ours.server_name() != theirs.server_name() {
        return Some("server_name");
    }
    let their_alpn = theirs.alpn().into_iter().flatten();
    if !ours.alpn_protocols().eq(their_alpn) {
        return Some("application_layer_protocol_negotiation");
    }
    let their_suites = theirs.cipher_suites().iter().map(|suite| u16::from(*suite));
    if !ours.cipher_suites().map(|suite| suite.0).eq(their_suites) {
        return Some("cipher_suites");
    }
    // rustls shows only the schemes that it can use with the version it has chosen.
    let offered = |scheme: u16| ours.signature_schemes().any(|own| own.0 == scheme);
    if !theirs
        .signature_schemes()
        .iter()
        .all(|scheme| offered(u16::from(*scheme)))
    {
        return Some("signature_algorithms");
    }
    None
}

/// The context's verifier; what it finds goes into the slot.
#[derive(Debug)]
pub(crate) struct SlotClientVerifier {
    pub(crate) inner: Arc<WatchedClientVerifier>,
}

impl ClientCertVerifier for SlotClientVerifier {
    fn offer_client_auth(&self) -> bool {
        self.inner.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory() && !slot::server(|slot| slot.accept_any).unwrap_or(false)
    }

    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let chain: Vec<CertificateDer<'static>> = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        let outcome = self.inner.verify(&chain, now);
        let accepted = slot::server(|slot| {
            #[cfg(feature = "ocsp")]
            if let Some(keeper) = &slot.crl_keeper {
                crate::staples::watch_lists(keeper, &chain, &outcome, self.inner.trust());
            }
            slot.client.chain = chain;
            match outcome {
                Ok(()) => {
                    slot.client.verdict = Verdict::Good;
                    Ok(())
                }
                Err(refusal) => {
                    let error = refusal.rustls_error();
                    let code = refusal.code.as_str().to_owned();
                    slot.client.verdict = Verdict::AcceptedUnverified(code);
                    slot.refusal = Some(refusal);
                    if slot.accept_any { Ok(()) } else { Err(error) }
                }
            }
        })
        .unwrap_or_else(|| Err(rustls::Error::General("no connection in place".into())));
        accepted.map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
