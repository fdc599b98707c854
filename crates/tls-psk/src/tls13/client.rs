//! The client's states (RFC 8446, Appendix A.1), as far as a pre-shared key leads through them:
//!
//! ```text
//! ServerHello -> [ServerHello again] -> EncryptedExtensions -> Finished -> done
//! ```

use rustls::crypto::SharedSecret;
use tls_record::{Established, Role};
use tls_wire::{HandshakeType, NamedGroup, ProtocolVersion, ServerHelloView};

use super::key_schedule::{self, HandshakeSecret};
use super::post_handshake::ClientPostHandshake;
use super::traffic::{self, ApplicationTraffic, HandshakeTraffic, Log};
use super::{encrypted_extensions, hello_retry_request, server_hello};
use crate::cipher_suites::{self, PskSuite};
use crate::client_offer::{Offer, OfferedPsk};
use crate::machine::{Machine, Next};
use crate::psk_session::Origin;
use crate::records::{Records, Rules};
use crate::server_hello_awaited::ServerHelloAwaited;
use crate::transcript::{HashOutput, Transcript};
use crate::{ClientPsk, Error, Facts, Finished, SessionInbox, handshake_message};

/// Where the handshake stands once the server has chosen TLS 1.3.
pub(crate) enum State {
    EncryptedExtensions(Box<Keyed>),
    Finished(Box<Keyed>, Option<Vec<u8>>),
}

impl Machine for State {
    type Answer = Option<ClientPsk>;

    fn message(self, message: &[u8], records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::EncryptedExtensions(mut keyed) => {
                let wanted = HandshakeType::EncryptedExtensions;
                handshake_message::body(message, wanted, "EncryptedExtensions")?;
                let alpn = encrypted_extensions::read(&keyed.offer.config, message)?;
                keyed.transcript.add(message);
                Ok(Next::State(Self::Finished(keyed, alpn)))
            }
            Self::Finished(keyed, alpn) => keyed.finished(message, alpn, records),
        }
    }

    /// Never comes: in TLS 1.3 the records are dropped.
    fn change_cipher_spec(self, _: &mut Records) -> Result<Next<Self>, Error> {
        Err(Error::BadChangeCipherSpec)
    }

    fn answer(self, _: Self::Answer, _: &mut Records) -> Result<Next<Self>, Error> {
        Err(Error::Over)
    }
}

/// What the server's answer to a hello of TLS 1.3 leads to.
pub(crate) enum Answered {
    Retry(Box<ServerHelloAwaited>),
    Keyed(State),
}

/// Takes a ServerHello, or HelloRetryRequest, of TLS 1.3.
pub(crate) fn server_hello(
    awaited: ServerHelloAwaited,
    hello: &ServerHelloView<'_>,
    message: &[u8],
    records: &mut Records,
) -> Result<Answered, Error> {
    records.decide(Rules::Tls13)?;
    server_hello::check(hello, &awaited.offer.session_id)?;
    let suite = chosen_suite(&awaited, hello)?;
    if hello.is_hello_retry_request() {
        return hello_retry_request::answer(awaited, hello, suite, message, records)
            .map(|again| Answered::Retry(Box::new(again)));
    }
    keyed(awaited, hello, suite, message, records)
        .map(|keyed| Answered::Keyed(State::EncryptedExtensions(Box::new(keyed))))
}

/// A suite that was offered, and the same one in both answers (RFC 8446, Section 4.1.4).
fn chosen_suite(
    awaited: &ServerHelloAwaited,
    hello: &ServerHelloView<'_>,
) -> Result<PskSuite, Error> {
    let offered = awaited.offer.cipher_suites.contains(&hello.cipher_suite());
    let suite = cipher_suites::find(hello.cipher_suite())
        .filter(|it| offered && it.version == ProtocolVersion::Tls13)
        .ok_or(Error::IllegalParameter {
            what: "a cipher suite that was not offered",
        })?;
    match &awaited.retry {
        Some(retry) if retry.suite != suite => Err(Error::IllegalParameter {
            what: "another cipher suite than in the HelloRetryRequest",
        }),
        _ => Ok(suite),
    }
}

/// The key that the server took, and the secret of the key exchange if there was one.
fn keyed(
    mut awaited: ServerHelloAwaited,
    hello: &ServerHelloView<'_>,
    suite: PskSuite,
    message: &[u8],
    records: &mut Records,
) -> Result<Keyed, Error> {
    let psk = taken_psk(&mut awaited.offer, hello, suite)?;
    let retried = awaited.retry.is_some();
    let mut transcript = match awaited.retry {
        Some(retry) => retry.transcript,
        None => Transcript::new(psk.hash()),
    };
    transcript.add(&awaited.hello);
    transcript.add(message);
    let share = hello.key_share();
    let shared = match (share, awaited.shares) {
        (Some(share), Some(shares)) if shares.has(share.group) => Some(shares.complete(share)?),
        // "a key_share extension is present if required by the ClientHello's
        // psk_key_exchange_modes" (RFC 8446, Section 4.2.11).
        (None, _) if awaited.offer.config.allow_psk_ke => None,
        _ => {
            let what = "a ServerHello without a key share, or with one of another group";
            return Err(Error::IllegalParameter { what });
        }
    };
    let secret = shared.as_ref().map(SharedSecret::secret_bytes);
    let handshake = psk.binding.early.handshake(secret)?;
    let log = Log {
        key_log: awaited.offer.config.key_log.as_deref(),
        client_random: &awaited.offer.random,
    };
    let traffic = HandshakeTraffic::derive(&handshake, &transcript.hash(), &log)?;
    // For middleboxes, before anything protected (RFC 8446, Appendix D.4).
    if !retried {
        records.send_change_cipher_spec();
    }
    traffic.protect(Role::Client, suite, records)?;
    Ok(Keyed {
        suite,
        group: share.map(|share| share.group),
        origin: psk.origin,
        resumed: psk.resumes,
        retried,
        transcript,
        handshake,
        traffic,
        offer: awaited.offer,
    })
}

/// "Clients MUST verify that the server's selected_identity is within the range supplied by the
/// client, that the server selected a cipher suite indicating a Hash associated with the PSK"
/// (RFC 8446, Section 4.2.11).
fn taken_psk(
    offer: &mut Offer,
    hello: &ServerHelloView<'_>,
    suite: PskSuite,
) -> Result<OfferedPsk, Error> {
    let index = hello
        .selected_psk()
        .ok_or(Error::PskNotAccepted { alert: None })?;
    let index = usize::from(index);
    if index >= offer.psks.len() {
        let what = "a selected identity that was not offered";
        return Err(Error::IllegalParameter { what });
    }
    let psk = offer.psks.swap_remove(index);
    if suite.suite.hash() != Some(psk.hash()) {
        let what = "a cipher suite whose hash is not that of the key";
        return Err(Error::IllegalParameter { what });
    }
    Ok(psk)
}

/// The handshake keys are there.
pub(crate) struct Keyed {
    offer: Offer,
    suite: PskSuite,
    group: Option<NamedGroup>,
    origin: Origin,
    resumed: bool,
    retried: bool,
    transcript: Transcript,
    handshake: HandshakeSecret,
    traffic: HandshakeTraffic,
}

impl Keyed {
    /// A certificate has no place here: the key is the proof (RFC 8446, Section 4.4.2).
    fn finished(
        mut self: Box<Self>,
        message: &[u8],
        alpn: Option<Vec<u8>>,
        records: &mut Records,
    ) -> Result<Next<State>, Error> {
        let wanted = HandshakeType::Finished;
        let verify_data = handshake_message::body(message, wanted, "the server's Finished")?;
        let hash = traffic::hash(self.suite.suite);
        let messages = self.transcript.hash();
        let expected = key_schedule::verify_data(hash, &self.traffic.server, &messages)?;
        if !expected.equals(verify_data) {
            return Err(Error::FinishedMismatch);
        }
        // The keys change: nothing may follow in this record.
        records.finish()?;
        self.transcript.add(message);
        let messages = self.transcript.hash();
        let verify = key_schedule::verify_data(hash, &self.traffic.client, &messages)?;
        let finished = handshake_message::write(HandshakeType::Finished, verify.as_bytes());
        records.send_handshake(&finished)?;
        self.done(alpn, &messages, &finished)
    }

    /// `messages` is the hash up to the server's Finished, `finished` what follows it.
    fn done(
        self: Box<Self>,
        alpn: Option<Vec<u8>>,
        messages: &HashOutput,
        finished: &[u8],
    ) -> Result<Next<State>, Error> {
        let hash = traffic::hash(self.suite.suite);
        let facts = self.facts(alpn);
        let this = *self;
        let master = this.handshake.master()?;
        let log = Log {
            key_log: this.offer.config.key_log.as_deref(),
            client_random: &this.offer.random,
        };
        let keep_exporter = this.offer.config.exporter;
        let application = ApplicationTraffic::derive(&master, messages, &log, keep_exporter)?;
        let mut transcript = this.transcript;
        transcript.add(finished);
        let secrets = application.secrets(Role::Client, this.suite)?;
        let (tx, rx) = traffic::keys(&secrets)?;
        let inbox = SessionInbox::default();
        let post_handshake = ClientPostHandshake {
            secrets,
            hash,
            resumption_master: master.resumption(&transcript.hash())?,
            origin: this.origin,
            inbox: inbox.clone(),
        };
        Ok(Next::Done(Box::new(Finished {
            established: Established {
                role: Role::Client,
                version: ProtocolVersion::Tls13,
                tx,
                tx_sequence: 0,
                rx,
                rx_sequence: 0,
                post_handshake: Some(Box::new(post_handshake)),
            },
            facts,
            exporter: application.exporter(hash)?,
            sessions: Some(inbox),
        })))
    }

    fn facts(&self, alpn: Option<Vec<u8>>) -> Facts {
        Facts {
            version: ProtocolVersion::Tls13,
            cipher_suite: self.suite.suite,
            group: self.group,
            identity: self.origin.identity.clone(),
            imported: self.origin.imported,
            resumed: self.resumed,
            hello_retry_request: self.retried,
            alpn,
            server_name: self.offer.config.server_name.clone(),
            hint: None,
        }
    }
}
