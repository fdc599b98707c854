//! The server's states.

mod negotiation;

use std::sync::Arc;

use rustls::crypto::{ActiveKeyExchange, SharedSecret};
use tls_record::Role;
use tls_wire::server_hello::DOWNGRADE_TLS12;
use tls_wire::{
    AlertDescription, ClientHello, HandshakeType, HashAlgorithm, ProtocolVersion, ServerHelloWriter,
};

use self::negotiation::Negotiated;
use super::client_key_exchange::ClientKeyExchange;
use super::secrets::{Keys, MasterSecret, Randoms};
use super::server_key_exchange::ServerKeyExchange;
use super::{finished, messages};
use crate::limits::{MAX_KEYS_PER_IDENTITY, MAX_WIRE_IDENTITY};
use crate::machine::{Machine, Next};
use crate::records::{Records, Rules};
use crate::transcript::Transcript;
use crate::{Error, Facts, Finished, PskIdentity, PskKey, Question, ServerConfig, key_exchange};

/// What the server waits for.
pub(crate) enum State {
    ClientKeyExchange(Box<AwaitsClientKeyExchange>),
    Key(Box<AwaitsKey>),
    ChangeCipherSpec(Box<AwaitsFinished>),
    Finished(Box<AwaitsFinished>),
}

/// What is settled with the hellos.
struct Handshake {
    config: Arc<ServerConfig>,
    negotiated: Negotiated,
    hash: HashAlgorithm,
    randoms: Randoms,
    transcript: Transcript,
    server_name: Option<String>,
}

/// The server's flight is out.
pub(crate) struct AwaitsClientKeyExchange {
    handshake: Handshake,
    exchange: Option<Box<dyn ActiveKeyExchange>>,
}

/// The client has named its key.
pub(crate) struct AwaitsKey {
    handshake: Handshake,
    /// As the client sent it.
    identity: PskIdentity,
    shared: Option<SharedSecret>,
}

/// The keys that the client may have are known; its Finished shows whether it has one of them.
pub(crate) struct AwaitsFinished {
    handshake: Handshake,
    identity: PskIdentity,
    candidates: Vec<Candidate>,
}

/// What follows from one key.
struct Candidate {
    secret: MasterSecret,
    keys: Keys,
}

impl State {
    /// Answers a hello with the server's whole flight.
    pub(crate) fn on_client_hello(
        config: Arc<ServerConfig>,
        hello: &ClientHello,
        records: &mut Records,
    ) -> Result<Self, Error> {
        records.decide(Rules::Tls12)?;
        let view = hello.view();
        let negotiated = negotiation::negotiate(&config, view)?;
        // Every suite of ours has one.
        let hash = negotiated.suite.suite.hash().ok_or(Error::NoSharedCipher)?;
        let mut transcript = Transcript::new(hash);
        transcript.add(view.as_bytes());
        let mut handshake = Handshake {
            hash,
            randoms: Randoms {
                client: *view.random(),
                server: server_random(&config)?,
            },
            config,
            transcript,
            server_name: hello.server_name().map(str::to_owned),
            negotiated,
        };
        let exchange = handshake.send_flight(records)?;
        Ok(Self::ClientKeyExchange(Box::new(AwaitsClientKeyExchange {
            handshake,
            exchange,
        })))
    }
}

/// "TLS 1.3 servers which negotiate TLS 1.2 ... MUST set the last 8 bytes of their Random value"
/// (RFC 8446, Section 4.1.3).
fn server_random(config: &ServerConfig) -> Result<[u8; 32], Error> {
    let mut random: [u8; 32] = key_exchange::random(&config.provider)?;
    if config.takes(ProtocolVersion::Tls13) {
        random[24..].copy_from_slice(&DOWNGRADE_TLS12);
    }
    Ok(random)
}

impl Handshake {
    /// ServerHello, ServerKeyExchange where it has something to say, ServerHelloDone.
    fn send_flight(
        &mut self,
        records: &mut Records,
    ) -> Result<Option<Box<dyn ActiveKeyExchange>>, Error> {
        let hello = ServerHelloWriter {
            random: &self.randoms.server,
            // Empty: the session will not be resumable (RFC 5246, Section 7.4.1.3).
            session_id: &[],
            cipher_suite: self.negotiated.suite.suite,
        };
        let extensions = self.negotiated.extensions()?;
        let extensions: Vec<_> = extensions
            .iter()
            .map(|(extension, body)| (*extension, &body[..]))
            .collect();
        let mut flight = hello.write(&extensions)?;
        let exchange = self.negotiated.curve.map(key_exchange::start).transpose()?;
        let hint = self.config.hint.as_deref().unwrap_or_default();
        let share = exchange.as_deref().map(|exchange| {
            (
                tls_wire::NamedGroup(exchange.group().into()),
                exchange.pub_key(),
            )
        });
        // "In the absence of an application profile ... servers SHOULD NOT provide an identity
        // hint"; and without one nor ECDHE, "the ServerKeyExchange message is omitted"
        // (RFC 4279, Sections 5.2 and 2).
        if share.is_some() || !hint.is_empty() {
            flight.extend(ServerKeyExchange { hint, share }.write()?);
        }
        flight.extend(messages::write(HandshakeType::ServerHelloDone, |_| {})?);
        self.transcript.add(&flight);
        records.send_handshake(&flight)?;
        Ok(exchange)
    }
}

impl AwaitsClientKeyExchange {
    fn message(mut self, message: &[u8]) -> Result<Next<State>, Error> {
        let exchange = ClientKeyExchange::parse(message, self.exchange.is_some())?;
        self.handshake.transcript.add(message);
        let shared = match (self.exchange, exchange.point) {
            (Some(own), Some(point)) => {
                let shared = own.complete(point);
                Some(shared.map_err(|error| key_exchange::share_refused(&error))?)
            }
            _ => None,
        };
        let handshake = self.handshake;
        // One that is empty or longer than any can't be known: nobody is asked.
        let Ok(identity) = PskIdentity::from_wire(exchange.identity) else {
            let cut = exchange.identity.get(..MAX_WIRE_IDENTITY);
            let stand_in = PskIdentity::from_wire(cut.unwrap_or(b"\0"))?;
            let unknown = AwaitsKey {
                handshake,
                identity: stand_in,
                shared,
            };
            return unknown.answer(Vec::new());
        };
        let (own, decoy) = (handshake.config.is_own(&identity), handshake.config.decoy);
        let question = Question::Identity(identity.as_bytes().to_vec());
        let state = AwaitsKey {
            handshake,
            identity,
            shared,
        };
        match (own, decoy) {
            (false, _) => Ok(Next::Ask(State::Key(Box::new(state)), question)),
            (true, false) => Err(Error::Reflection),
            // As one that is not known: that it is this end's is nobody's business.
            (true, true) => state.answer(Vec::new()),
        }
    }
}

impl AwaitsKey {
    /// "If the server does not recognize the PSK identity, it MAY respond with an
    /// "unknown_psk_identity" alert message. Alternatively, if the server wishes to hide the fact
    /// that the PSK identity was not known, it MAY continue the protocol as if the PSK identity
    /// existed but the key was incorrect: that is, respond with a "decrypt_error" alert"
    /// (RFC 4279, Section 2). A wrong key is `bad_record_mac` with an AEAD (spec `PSK-07`), so the
    /// decoy goes on with a key that nobody has and fails where a wrong one does.
    fn answer(self, keys: Vec<PskKey>) -> Result<Next<State>, Error> {
        // "External PSKs MUST NOT be imported for (D)TLS 1.2" (RFC 9258, Section 5.1).
        let usable = keys.into_iter().filter(|key| !key.is_imported());
        let mut keys: Vec<_> = usable.take(MAX_KEYS_PER_IDENTITY).collect();
        let handshake = self.handshake;
        if keys.is_empty() {
            if !handshake.config.decoy {
                return Err(Error::UnknownIdentity {
                    alert: AlertDescription::UnknownPskIdentity,
                });
            }
            let decoy: [u8; 32] = key_exchange::random(&handshake.config.provider)?;
            keys.push(PskKey::from_bytes(&decoy)?);
        }
        let session_hash = handshake.transcript.hash();
        let shared = self.shared.as_ref().map(SharedSecret::secret_bytes);
        let candidates = keys.iter().map(|key| {
            let secret = MasterSecret::derive(handshake.hash, key, shared, &session_hash)?;
            let keys = secret.keys(handshake.negotiated.suite, &handshake.randoms)?;
            Ok(Candidate { secret, keys })
        });
        let candidates = candidates.collect::<Result<_, Error>>()?;
        Ok(Next::State(State::ChangeCipherSpec(Box::new(
            AwaitsFinished {
                handshake,
                identity: self.identity,
                candidates,
            },
        ))))
    }
}

impl AwaitsFinished {
    fn change_cipher_spec(self: Box<Self>, records: &mut Records) -> Result<Next<State>, Error> {
        let protections = self
            .candidates
            .iter()
            .map(|candidate| candidate.keys.protection(Role::Client));
        records.protect_rx_by_one_of(protections.collect::<Result<_, Error>>()?)?;
        Ok(Next::State(State::Finished(self)))
    }

    fn message(mut self, message: &[u8], records: &mut Records) -> Result<Next<State>, Error> {
        if records.rx_chosen() >= self.candidates.len() {
            return Err(Error::Over);
        }
        let Candidate { secret, keys } = self.candidates.swap_remove(records.rx_chosen());
        let mut handshake = self.handshake;
        let config = &handshake.config;
        secret.log(config.key_log.as_deref(), &handshake.randoms);
        finished::check(message, Role::Client, &secret, &handshake.transcript)?;
        handshake.transcript.add(message);
        let own = finished::write(Role::Server, &secret, &handshake.transcript)?;
        records.send_change_cipher_spec();
        records.protect_tx(keys.protection(Role::Server)?);
        records.send_handshake(&own)?;
        let exporter = config
            .exporter
            .then(|| secret.exporter(&handshake.randoms))
            .transpose()?;
        let facts = Facts {
            version: ProtocolVersion::Tls12,
            cipher_suite: handshake.negotiated.suite.suite,
            group: handshake.negotiated.curve.map(key_exchange::number),
            identity: self.identity,
            imported: false,
            resumed: false,
            hello_retry_request: false,
            alpn: handshake.negotiated.alpn,
            server_name: handshake.server_name,
            hint: config.hint.clone().filter(|hint| !hint.is_empty()),
        };
        Ok(Next::Done(Box::new(Finished {
            established: keys.established(
                Role::Server,
                records.tx_sequence(),
                records.rx_sequence(),
            ),
            facts,
            exporter,
            sessions: None,
        })))
    }
}

impl Machine for State {
    /// The keys of the identity, best first; none if it is unknown.
    type Answer = Vec<PskKey>;

    fn message(self, message: &[u8], records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::ClientKeyExchange(state) => state.message(message),
            Self::Key(_) => Err(messages::unexpected(message, "nothing")),
            Self::ChangeCipherSpec(_) => Err(messages::unexpected(message, "change_cipher_spec")),
            Self::Finished(state) => state.message(message, records),
        }
    }

    fn change_cipher_spec(self, records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::ChangeCipherSpec(state) => state.change_cipher_spec(records),
            _ => Err(messages::unexpected_change_cipher_spec()),
        }
    }

    fn answer(self, keys: Vec<PskKey>, _records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::Key(state) => state.answer(keys),
            _ => Err(Error::Over),
        }
    }
}
