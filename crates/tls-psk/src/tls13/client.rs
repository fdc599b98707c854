//! The client's states (RFC 8446, Appendix A.1), as far as a pre-shared key leads through them:
//!
//! ```text
//! ServerHello -> [ServerHello again] -> EncryptedExtensions -> Finished -> done
//! ```

use rustls::crypto::SharedSecret;
use tls_record::{Established, Exporter, KeyLogLabel, Role};
use tls_wire::{HandshakeType, NamedGroup, ProtocolVersion, ServerHelloView};

use super::client_shares::ClientShares;
use super::key_schedule::{self, HandshakeSecret};
use super::post_handshake::ClientPostHandshake;
use super::{encrypted_extensions, server_hello, traffic};
use crate::cipher_suites::{self, PskSuite};
use crate::client_offer::{Offer, OfferedPsk};
use crate::machine::{Machine, Next};
use crate::psk_session::Origin;
use crate::records::{Records, Rules};
use crate::server_hello_awaited::{Retry, ServerHelloAwaited};
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
        return retry(awaited, hello, suite, message, records)
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

/// Answers a HelloRetryRequest (RFC 8446, Section 4.1.4).
fn retry(
    mut awaited: ServerHelloAwaited,
    hello: &ServerHelloView<'_>,
    suite: PskSuite,
    message: &[u8],
    records: &mut Records,
) -> Result<ServerHelloAwaited, Error> {
    if awaited.retry.is_some() {
        return Err(Error::UnexpectedMessage {
            expected: "the ServerHello that follows a HelloRetryRequest",
            found: HandshakeType::ServerHello.into(),
        });
    }
    let group = hello.retry_group();
    let cookie = hello.cookie();
    let has_share = |group| awaited.shares.as_ref().is_some_and(|it| it.has(group));
    match group {
        // "clients MUST abort the handshake with an 'illegal_parameter' alert if the
        // HelloRetryRequest would not result in any change"; so would a share that is there.
        Some(group) if has_share(group) || !awaited.offer.groups.contains(&group) => {
            let what =
                "a HelloRetryRequest for a share that was sent, or a group that was not offered";
            return Err(Error::IllegalParameter { what });
        }
        None if cookie.is_none() => {
            let what = "a HelloRetryRequest that changes nothing";
            return Err(Error::IllegalParameter { what });
        }
        Some(group) => {
            awaited.shares = Some(ClientShares::asked_for(&awaited.offer.config, group)?);
        }
        None => {}
    }
    let hash = traffic::hash(suite.suite);
    let mut transcript = Transcript::new(hash);
    transcript.add(&awaited.hello);
    let mut transcript = transcript.replaced_by_message_hash(hash);
    transcript.add(message);
    awaited.offer.keep_hash(hash);
    if awaited.offer.psks.is_empty() {
        return Err(Error::PskNotAccepted { alert: None });
    }
    awaited.hello = {
        let shares = awaited.shares.as_ref().map(ClientShares::entries);
        let shares = shares.unwrap_or_default();
        awaited
            .offer
            .write(&shares, cookie, |_| transcript.clone())?
    };
    records.send_change_cipher_spec();
    records.send_handshake(&awaited.hello)?;
    awaited.retry = Some(Retry { suite, transcript });
    Ok(awaited)
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
    let (origin, resumed) = (psk.origin, psk.resumes);
    let secret = shared.as_ref().map(SharedSecret::secret_bytes);
    let handshake = psk.binding.early.handshake(secret)?;
    let messages = transcript.hash();
    let client_handshake = handshake.client_traffic(&messages)?;
    let server_handshake = handshake.server_traffic(&messages)?;
    let keyed = Keyed {
        suite,
        group: share.map(|share| share.group),
        origin,
        resumed,
        retried,
        transcript,
        handshake,
        client_handshake,
        server_handshake,
        offer: awaited.offer,
    };
    keyed.log(
        KeyLogLabel::ClientHandshakeTrafficSecret,
        &keyed.client_handshake,
    );
    keyed.log(
        KeyLogLabel::ServerHandshakeTrafficSecret,
        &keyed.server_handshake,
    );
    let secrets = traffic::secrets(suite, &keyed.client_handshake, &keyed.server_handshake)?;
    let (tx, rx) = traffic::keys(&secrets)?;
    // For middleboxes, before anything protected (RFC 8446, Appendix D.4).
    if !retried {
        records.send_change_cipher_spec();
    }
    records.protect_tx(traffic::protection(&tx)?);
    records.protect_rx(traffic::protection(&rx)?)?;
    Ok(keyed)
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
    client_handshake: HashOutput,
    server_handshake: HashOutput,
}

impl Keyed {
    fn log(&self, label: KeyLogLabel, secret: &HashOutput) {
        let key_log = self.offer.config.key_log.as_deref();
        traffic::log(key_log, label, &self.offer.random, secret);
    }

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
        let expected = key_schedule::verify_data(hash, &self.server_handshake, &messages)?;
        if !expected.equals(verify_data) {
            return Err(Error::FinishedMismatch);
        }
        // The keys change: nothing may follow in this record.
        records.finish()?;
        self.transcript.add(message);
        let messages = self.transcript.hash();
        let verify = key_schedule::verify_data(hash, &self.client_handshake, &messages)?;
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
        let log = |label, secret: &HashOutput| {
            let key_log = this.offer.config.key_log.as_deref();
            traffic::log(key_log, label, &this.offer.random, secret);
        };
        let client_traffic = master.client_traffic(messages)?;
        let server_traffic = master.server_traffic(messages)?;
        let exporter = master.exporter(messages)?;
        log(KeyLogLabel::ClientTrafficSecret0, &client_traffic);
        log(KeyLogLabel::ServerTrafficSecret0, &server_traffic);
        log(KeyLogLabel::ExporterSecret, &exporter);
        let exporter = this.offer.config.exporter.then_some(exporter);
        let exporter = exporter.map(|secret| Exporter::tls13(hash, secret.as_bytes()));
        let mut transcript = this.transcript;
        transcript.add(finished);
        let secrets = traffic::secrets(this.suite, &client_traffic, &server_traffic)?;
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
            exporter: exporter.transpose()?,
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
