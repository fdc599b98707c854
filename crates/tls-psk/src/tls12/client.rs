//! The client's states.

mod server_hello;

use std::sync::Arc;

use rustls::crypto::{ActiveKeyExchange, SharedSecret};
use tls_record::Role;
use tls_wire::{ClientHello, HandshakeType, HashAlgorithm, NamedGroup, ProtocolVersion};

use self::server_hello::Accepted;
use super::client_key_exchange::ClientKeyExchange;
use super::secrets::{Keys, MasterSecret, Randoms};
use super::server_key_exchange::ServerKeyExchange;
use super::{finished, messages};
use crate::machine::{Machine, Next};
use crate::records::{Records, Rules};
use crate::transcript::Transcript;
use crate::{ClientConfig, ClientPsk, Error, Facts, Finished, PskIdentity, Question, key_exchange};

/// What the client waits for.
pub(crate) enum State {
    ServerKeyExchange(Box<AwaitsServerKeyExchange>),
    ServerHelloDone(Box<AwaitsServerHelloDone>),
    Key(Box<AwaitsKey>),
    ChangeCipherSpec(Box<AwaitsFinished>),
    Finished(Box<AwaitsFinished>),
}

/// What is settled with the hellos.
struct Handshake {
    config: Arc<ClientConfig>,
    hello: ClientHello,
    accepted: Accepted,
    hash: HashAlgorithm,
    randoms: Randoms,
    transcript: Transcript,
}

/// The server has chosen.
pub(crate) struct AwaitsServerKeyExchange {
    handshake: Handshake,
}

/// The server has sent its share, or its hint, or both.
pub(crate) struct AwaitsServerHelloDone {
    handshake: Handshake,
    hint: Option<Vec<u8>>,
    exchange: Option<Exchange>,
}

/// The key exchange, of which both shares are known.
struct Exchange {
    group: NamedGroup,
    own: Box<dyn ActiveKeyExchange>,
    theirs: Vec<u8>,
}

/// The server's flight is whole; which key belongs to it is for the caller to say.
pub(crate) struct AwaitsKey {
    handshake: Handshake,
    hint: Option<Vec<u8>>,
    exchange: Option<Exchange>,
}

/// The client's flight is out.
pub(crate) struct AwaitsFinished {
    handshake: Handshake,
    hint: Option<Vec<u8>>,
    group: Option<NamedGroup>,
    identity: PskIdentity,
    secret: MasterSecret,
    keys: Keys,
}

impl State {
    /// Takes the ServerHello that answers `hello`.
    pub(crate) fn on_server_hello(
        config: &Arc<ClientConfig>,
        hello: &ClientHello,
        message: &[u8],
        records: &mut Records,
    ) -> Result<Self, Error> {
        records.decide(Rules::Tls12)?;
        let (accepted, server_random) = server_hello::accept(config, hello.view(), message)?;
        // Every suite of ours has one.
        let hash = accepted.suite.suite.hash().ok_or(Error::NoSharedCipher)?;
        let mut transcript = Transcript::new(hash);
        transcript.add(hello.view().as_bytes());
        transcript.add(message);
        let handshake = Handshake {
            config: Arc::clone(config),
            randoms: Randoms {
                client: *hello.view().random(),
                server: server_random,
            },
            hello: hello.clone(),
            accepted,
            hash,
            transcript,
        };
        Ok(Self::ServerKeyExchange(Box::new(AwaitsServerKeyExchange {
            handshake,
        })))
    }
}

impl AwaitsServerKeyExchange {
    fn message(mut self, message: &[u8]) -> Result<Next<State>, Error> {
        let ecdhe = self.handshake.accepted.suite.ecdhe;
        // "If no hint is provided, the ServerKeyExchange message is omitted" with plain PSK
        // (RFC 4279, Section 2); ECDHE can't do without.
        if !ecdhe && messages::type_of(message) == HandshakeType::ServerHelloDone {
            let state = AwaitsServerHelloDone {
                handshake: self.handshake,
                hint: None,
                exchange: None,
            };
            return state.message(message);
        }
        let said = ServerKeyExchange::parse(message, ecdhe)?;
        let exchange = said.share.map(|share| self.handshake.start(share));
        let exchange = exchange.transpose()?;
        // A hint without content is none, as OpenSSL and Node have it.
        let hint = (!said.hint.is_empty()).then(|| said.hint.to_vec());
        self.handshake.transcript.add(message);
        Ok(Next::State(State::ServerHelloDone(Box::new(
            AwaitsServerHelloDone {
                handshake: self.handshake,
                hint,
                exchange,
            },
        ))))
    }
}

impl Handshake {
    /// Makes a share of the group that the server has chosen, which must be one that was offered
    /// (RFC 8422, Section 5.4).
    fn start(&self, (group, point): (NamedGroup, &[u8])) -> Result<Exchange, Error> {
        let offered = self.hello.view().named_groups().any(|it| it == group);
        let mut curves = messages::curves(&self.config.provider);
        let curve = curves.find(|curve| offered && key_exchange::number(*curve) == group);
        let curve = curve.ok_or(Error::IllegalParameter {
            what: "a key exchange group that was not offered",
        })?;
        Ok(Exchange {
            group,
            own: key_exchange::start(curve)?,
            theirs: point.to_vec(),
        })
    }
}

impl AwaitsServerHelloDone {
    fn message(mut self, message: &[u8]) -> Result<Next<State>, Error> {
        let body = messages::body_of(message, HandshakeType::ServerHelloDone)?;
        if !body.is_empty() {
            return Err(tls_wire::Error::TrailingBytes {
                field: "server_hello_done",
                count: body.len(),
            }
            .into());
        }
        self.handshake.transcript.add(message);
        let question = Question::Hint(self.hint.clone());
        let state = AwaitsKey {
            handshake: self.handshake,
            hint: self.hint,
            exchange: self.exchange,
        };
        Ok(Next::Ask(State::Key(Box::new(state)), question))
    }
}

impl AwaitsKey {
    /// ClientKeyExchange, ChangeCipherSpec, Finished.
    fn answer(
        mut self,
        psk: Option<ClientPsk>,
        records: &mut Records,
    ) -> Result<Next<State>, Error> {
        let ClientPsk { identity, key } = psk.ok_or(Error::NoPsk)?;
        // "External PSKs MUST NOT be imported for (D)TLS 1.2" (RFC 9258, Section 5.1).
        if key.is_imported() {
            return Err(Error::ImportedForTls12);
        }
        let group = self.exchange.as_ref().map(|exchange| exchange.group);
        let (point, shared) = match self.exchange {
            Some(exchange) => {
                let point = exchange.own.pub_key().to_vec();
                let shared = exchange.own.complete(&exchange.theirs);
                let shared = shared.map_err(|error| key_exchange::share_refused(&error))?;
                (Some(point), Some(shared))
            }
            None => (None, None),
        };
        let exchange = ClientKeyExchange {
            identity: identity.as_bytes(),
            point: point.as_deref(),
        };
        let exchange = exchange.write()?;
        let handshake = &mut self.handshake;
        handshake.transcript.add(&exchange);
        let shared = shared.as_ref().map(SharedSecret::secret_bytes);
        let session_hash = handshake.transcript.hash();
        let secret = MasterSecret::derive(handshake.hash, &key, shared, &session_hash)?;
        secret.log(handshake.config.key_log.as_deref(), &handshake.randoms);
        let keys = secret.keys(handshake.accepted.suite, &handshake.randoms)?;
        let own = finished::write(Role::Client, &secret, &handshake.transcript)?;
        handshake.transcript.add(&own);
        records.send_handshake(&exchange)?;
        records.send_change_cipher_spec();
        records.protect_tx(keys.protection(Role::Client)?);
        records.send_handshake(&own)?;
        Ok(Next::State(State::ChangeCipherSpec(Box::new(
            AwaitsFinished {
                handshake: self.handshake,
                hint: self.hint,
                group,
                identity,
                secret,
                keys,
            },
        ))))
    }
}

impl AwaitsFinished {
    fn change_cipher_spec(self: Box<Self>, records: &mut Records) -> Result<Next<State>, Error> {
        records.protect_rx(self.keys.protection(Role::Server)?)?;
        Ok(Next::State(State::Finished(self)))
    }

    fn message(self, message: &[u8], records: &Records) -> Result<Next<State>, Error> {
        let handshake = self.handshake;
        finished::check(message, Role::Server, &self.secret, &handshake.transcript)?;
        let exporter = handshake
            .config
            .exporter
            .then(|| self.secret.exporter(&handshake.randoms))
            .transpose()?;
        let facts = Facts {
            version: ProtocolVersion::Tls12,
            cipher_suite: handshake.accepted.suite.suite,
            group: self.group,
            identity: self.identity,
            imported: false,
            resumed: false,
            hello_retry_request: false,
            alpn: handshake.accepted.alpn,
            server_name: handshake.config.server_name.clone(),
            hint: self.hint,
        };
        Ok(Next::Done(Box::new(Finished {
            established: self.keys.established(
                Role::Client,
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
    /// The key for the server's hint; `None` if there is none.
    type Answer = Option<ClientPsk>;

    fn message(self, message: &[u8], records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::ServerKeyExchange(state) => state.message(message),
            Self::ServerHelloDone(state) => state.message(message),
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

    fn answer(self, psk: Option<ClientPsk>, records: &mut Records) -> Result<Next<Self>, Error> {
        match self {
            Self::Key(state) => state.answer(psk, records),
            _ => Err(Error::Over),
        }
    }
}
